"""Votes of several models: mean probability, majority, mean logit, and the oracle.

Each takes an out-of-fold table with several models and returns the table of the ensemble, which
:func:`sercore.evaluation.evaluate_oof` scores like that of a single model. :func:`combine_proba` computes
the soft vote for new clips.

References
----------
Kittler et al.: On combining classifiers. IEEE TPAMI 20, 226–239, 1998.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation.bootstrap import bounds, resample, sampling_units
from ..evaluation.metrics import confusion_metrics, unit_confusions
from ..splits import is_leaky
from .predictions import Members, align, weights_in_order

Weights = Mapping[str, float]


def soft_vote(
    oof: pd.DataFrame | Members, weights: Weights | None = None, *, name: str = "soft_vote"
) -> pd.DataFrame:
    """Weighted mean of the members' probabilities.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models.
    weights : mapping of str to float, optional
        Weight of each member by name, normalised to sum 1; equal by default.
    name : str
        Name of the ensemble in the ``model`` column.

    Returns
    -------
    pd.DataFrame
        Out-of-fold table of the ensemble. Its costs are the sums of those of the members it runs.

    Raises
    ------
    EvaluationError
        Weights are negative, all zero, or not for exactly these members.

    See Also
    --------
    combine_proba : The same for new clips.
    majority_vote, mean_logits : Other ways to combine.

    Examples
    --------
    >>> columns = ["clip_id", "speaker", "label", "model", "split", "fold", "seed", "p_happy", "p_sad"]
    >>> rows = [("c1", "spk1", "sad", "svc", "speaker", "1", 0, 0.2, 0.8),
    ...         ("c1", "spk1", "sad", "knn", "speaker", "1", 0, 0.6, 0.4)]
    >>> vote = soft_vote(pd.DataFrame(rows, columns=columns), {"svc": 3, "knn": 1})
    >>> vote["p_sad"].round(3).tolist()
    [0.7]

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    normalised = members.shares(weights)
    return members.table(mix(members.proba, normalised), name, used=normalised > 0)


def majority_vote(
    oof: pd.DataFrame | Members, weights: Weights | None = None, *, name: str = "majority_vote"
) -> pd.DataFrame:
    """Weighted proportion of members that predict each class; ties go to the higher mean probability.

    The members' confidence is ignored, so the log loss of a majority vote is not meaningful.

    Parameters
    ----------
    oof, weights, name
        As in :func:`soft_vote`.

    Returns
    -------
    pd.DataFrame
        Out-of-fold table of the ensemble.

    See Also
    --------
    soft_vote : Uses the members' confidence.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    normalised = members.shares(weights)
    ballots = np.eye(len(members.classes))[members.proba.argmax(axis=-1)]
    tie_break = 1e-6  # less than any ballot, more than none
    votes = mix(ballots, normalised) + tie_break * mix(members.proba, normalised)
    return members.table(votes / (1 + tie_break), name, used=normalised > 0)


def mean_logits(
    oof: pd.DataFrame | Members,
    weights: Weights | None = None,
    *,
    floor: float = 1e-4,
    name: str = "mean_logits",
) -> pd.DataFrame:
    """Weighted geometric mean of the members' probabilities, normalised: the mean of their logits.

    A member that assigns a class a probability near 0 can veto it, unlike in a soft vote.

    Parameters
    ----------
    oof, weights, name
        As in :func:`soft_vote`.
    floor : float
        Smaller probabilities are raised to this, which limits the veto.

    Returns
    -------
    pd.DataFrame
        Out-of-fold table of the ensemble.

    See Also
    --------
    soft_vote : The arithmetic mean.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    normalised = members.shares(weights)
    logits = mix(np.log(np.maximum(members.proba, floor)), normalised)
    proba = np.exp(logits)
    return members.table(proba / proba.sum(axis=1, keepdims=True), name, used=normalised > 0)


def oracle(oof: pd.DataFrame | Members, *, name: str = "oracle") -> pd.DataFrame:
    """Predictions of a correct member for every clip, if there is one: an upper bound.

    It uses the true labels, so it is not a result; no rule that selects one member per clip has a higher UA
    or WA.

    Parameters
    ----------
    oof, name
        As in :func:`soft_vote`.

    Returns
    -------
    pd.DataFrame
        Out-of-fold table of the oracle.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    rows = np.arange(len(members.codes))
    of_true_class = members.proba[:, rows, members.codes]
    right = members.proba.argmax(axis=-1) == members.codes
    chosen = (right + of_true_class).argmax(axis=0)
    return members.table(members.proba[chosen, rows], name)


def combine_proba(probas: Mapping[str, np.ndarray], weights: Weights | None = None) -> np.ndarray:
    """Probabilities of the soft vote for new clips.

    Parameters
    ----------
    probas : mapping of str to np.ndarray [shape=(n_clips, n_classes)]
        Probabilities of each member by name; columns in the same order for all.
    weights : mapping of str to float, optional
        As in :func:`soft_vote`.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_classes)]

    Raises
    ------
    EvaluationError
        Shapes differ, or the weights are not valid for these members.

    See Also
    --------
    soft_vote : The same for an out-of-fold table.

    Examples
    --------
    >>> combine_proba({"svc": np.array([[0.2, 0.8]]), "knn": np.array([[0.6, 0.4]])}).round(3).tolist()
    [[0.4, 0.6]]
    """
    shapes = {name: np.shape(proba) for name, proba in probas.items()}
    if len(set(shapes.values())) != 1:
        raise EvaluationError(f"members must predict the same clips and classes; their shapes are {shapes}")
    names = sorted(probas)
    weights = dict.fromkeys(names, 1.0) if weights is None else weights
    return mix(np.stack([probas[name] for name in names]), weights_in_order(weights, names))


def mix(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sum over the first axis of values, for one weight vector or for each row of a matrix."""
    return np.tensordot(weights, values, axes=1)


def score_votes(members: Members, votes: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Unweighted accuracy (UA) of weighted soft votes, with 95 % bootstrap intervals over speakers.

    Parameters
    ----------
    members : Members
        From :func:`sercore.ensemble.align`.
    votes : mapping of str to mapping of str to float
        Weights of each vote: vote name to member name to weight.

    Returns
    -------
    pd.DataFrame
        One row per vote, as fractions: ``ua, low, high``, and the paired difference to the last vote,
        ``difference, difference_low, difference_high``. Limits are NaN with too few speakers for an
        interval, or unknown ones.

    Raises
    ------
    EvaluationError
        Weights are negative, all zero, or not for exactly these members.

    See Also
    --------
    compare_systems : The same for systems that were fitted on other speakers.

    Notebook: 06_ensembles.ipynb
    """
    confusions = {name: _confusions(members, members.shares(weights)) for name, weights in votes.items()}
    ua = {name: confusion_metrics(found.sum(axis=1))["ua"].mean() for name, found in confusions.items()}
    drawn = {name: resample(found)["ua"] for name, found in confusions.items()}  # same speakers for all
    last = list(votes)[-1]
    rows = {}
    for name, found in confusions.items():
        n_units = found.shape[1]
        difference = ua[name] - ua[last], *bounds(drawn[name] - drawn[last], n_units)
        rows[name] = [ua[name], *bounds(drawn[name], n_units), *difference]
    columns = ["ua", "low", "high", "difference", "difference_low", "difference_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _confusions(members: Members, weights: np.ndarray) -> np.ndarray:
    """Confusion matrices of a soft vote [shape=(n_runs, n_speakers, n_classes, n_classes)]."""
    rows, winner = members.rows, mix(members.proba, weights).argmax(axis=1)
    _, first, clip = np.unique(rows["clip_id"], return_index=True, return_inverse=True)
    speakers = rows["speaker"].to_numpy()[first]  # of each clip, which may be in several runs
    units, interval, _ = sampling_units(speakers, len(speakers), "speakers")
    if interval != "speakers":
        units = np.zeros(len(speakers), dtype=int)  # one unit has no interval
    size = units.max() + 1, len(members.classes)
    draw = ["seed", "fold"] if is_leaky(rows["split"].iloc[0]) else ["seed"]
    run = rows.groupby(draw, sort=True).ngroup().to_numpy()
    return np.stack(
        [
            unit_confusions(members.codes[run == k], winner[run == k], units[clip[run == k]], *size)
            for k in range(run.max() + 1)
        ]
    )

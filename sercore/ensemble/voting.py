"""Votes of several models: mean probability, majority, mean logit, and the best any vote could do.

Each takes an out-of-fold table with several models and returns the table of the ensemble, which
:func:`sercore.evaluation.evaluate_oof` scores like any model's. :func:`combine` does the soft vote
for new clips.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation.bootstrap import bounds, resample, sampling_units
from ..evaluation.confusions import confusion_metrics, unit_confusions
from .predictions import Members, align, weights_in_order

Weights = Mapping[str, float]


def soft_vote(
    oof: pd.DataFrame | Members, weights: Weights | None = None, *, name: str = "soft_vote"
) -> pd.DataFrame:
    """Weighted mean of the members' probabilities.

    Models err on different clips; where one is wrong and unsure, the others outvote it.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models.
    weights : mapping of str to float, optional
        Weight of each member by name; scaled to sum 1. Equal by default.
    name : str
        How the result is called in its ``model`` column.

    Returns
    -------
    pd.DataFrame
        Out-of-fold table of the ensemble. What the members cost is added up.

    Raises
    ------
    EvaluationError
        Weights that are negative, all zero, or not for exactly these members.
    """
    members = align(oof)
    shares = members.shares(weights)
    return members.table(mix(members.proba, shares), name, used=shares > 0)


def majority_vote(
    oof: pd.DataFrame | Members, weights: Weights | None = None, *, name: str = "majority_vote"
) -> pd.DataFrame:
    """Share of the members whose first choice a class is; ties go to the higher mean probability.

    How sure a member is does not count, so its log loss means little.

    Parameters
    ----------
    oof, weights, name
        As in :func:`soft_vote`.
    """
    members = align(oof)
    shares = members.shares(weights)
    ballots = np.eye(len(members.classes))[members.proba.argmax(axis=-1)]
    tie_break = 1e-6  # less than any ballot, more than none
    votes = mix(ballots, shares) + tie_break * mix(members.proba, shares)
    return members.table(votes / (1 + tie_break), name, used=shares > 0)


def mean_logits(
    oof: pd.DataFrame | Members,
    weights: Weights | None = None,
    *,
    floor: float = 1e-4,
    name: str = "mean_logits",
) -> pd.DataFrame:
    """Weighted mean of log-probabilities, back to probabilities: the geometric mean.

    Where the soft vote lets a sure member win, here a member that rules a class out can veto it.

    Parameters
    ----------
    oof, weights, name
        As in :func:`soft_vote`.
    floor : float
        Smaller probabilities count as this: the strength of the veto, and the precision of published
        predictions.
    """
    members = align(oof)
    shares = members.shares(weights)
    logits = mix(np.log(np.maximum(members.proba, floor)), shares)
    proba = np.exp(logits)
    return members.table(proba / proba.sum(axis=1, keepdims=True), name, used=shares > 0)


def oracle(oof: pd.DataFrame | Members, *, name: str = "oracle") -> pd.DataFrame:
    """For every clip the member that is right, where one is: a bound that looks at the labels.

    No way of choosing one member per clip can beat it. It is not a result.

    Parameters
    ----------
    oof, name
        As in :func:`soft_vote`.
    """
    members = align(oof)
    rows = np.arange(len(members.codes))
    of_true_class = members.proba[:, rows, members.codes]
    right = members.proba.argmax(axis=-1) == members.codes
    chosen = (right + of_true_class).argmax(axis=0)
    return members.table(members.proba[chosen, rows], name)


def combine_proba(probas: Mapping[str, np.ndarray], weights: Weights | None = None) -> np.ndarray:
    """Soft vote for new clips, from each member's probabilities by name.

    Parameters
    ----------
    probas : mapping of str to np.ndarray [shape=(n_clips, n_classes)]
        Columns in the same order for all members.
    weights : mapping of str to float, optional
        As in :func:`soft_vote`.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_classes)]
    """
    shapes = {name: np.shape(proba) for name, proba in probas.items()}
    if len(set(shapes.values())) != 1:
        raise EvaluationError(f"members must predict the same clips and classes; their shapes are {shapes}")
    names = sorted(probas)
    equal = dict.fromkeys(names, 1.0)
    return mix(np.stack([probas[name] for name in names]), weights_in_order(weights or equal, names))


def mix(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums over the first axis of values: of one weight vector, or of each row of several."""
    return np.tensordot(weights, values, axes=1)


def score_votes(members: Members, votes: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Unweighted accuracy of some weighted soft votes, with 95 % intervals over speakers.

    Parameters
    ----------
    members : Members
        From :func:`sercore.ensemble.align`.
    votes : mapping of str to mapping of str to float
        Name of a vote to the weight of each member by name.

    Returns
    -------
    pd.DataFrame
        A row per vote: ``ua, low, high``, and of the difference to the last vote, over the same clips:
        ``difference, difference_low, difference_high``. Fractions; NaN where there are too few speakers
        for an interval.

    Raises
    ------
    EvaluationError
        Weights that are negative, all zero, or not for exactly these members.
    """
    confusions = {name: _confusions(members, members.shares(weights)) for name, weights in votes.items()}
    ua = {name: confusion_metrics(found.sum(axis=1))["ua"].mean() for name, found in confusions.items()}
    drawn = {name: resample(found)["ua"] for name, found in confusions.items()}  # the same speakers for all
    last = list(votes)[-1]
    rows = {}
    for name, found in confusions.items():
        n_units = found.shape[1]
        apart = bounds(drawn[name] - drawn[last], n_units)
        rows[name] = [ua[name], *bounds(drawn[name], n_units), ua[name] - ua[last], *apart]
    columns = ["ua", "low", "high", "difference", "difference_low", "difference_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _confusions(members: Members, shares: np.ndarray) -> np.ndarray:
    """Of the vote with these shares, [shape=(n_seeds, n_speakers, n_classes, n_classes)]."""
    speakers, seeds = members.rows["speaker"].to_numpy(), members.rows["seed"].to_numpy()
    units, _, _ = sampling_units(speakers, len(speakers), "speakers")
    winner = mix(members.proba, shares).argmax(axis=1)
    size = units.max() + 1, len(members.classes)
    runs = [seeds == seed for seed in np.unique(seeds)]
    return np.stack([unit_confusions(members.codes[run], winner[run], units[run], *size) for run in runs])

"""Scores of weighted votes side by side, quick enough to follow a slider.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from .. import ensemble
from ..ensemble.members import Members
from ..ensemble.voting import mix
from ..evaluation.bootstrap import bounds, resample, units_of
from ..evaluation.confusions import confusion_figures, unit_confusions

PUBLISHED = "ravdess-emobox"
"""The predictions that are voted on where none are given: they come with the course, without audio."""

MOST = 10


def vote_scores(members: Members, votes: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
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
    ua = {name: confusion_figures(found.sum(axis=1))["ua"].mean() for name, found in confusions.items()}
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
    units, _, _ = units_of(speakers, len(speakers), "speakers")
    winner = mix(members.proba, shares).argmax(axis=1)
    size = units.max() + 1, len(members.classes)
    runs = [seeds == seed for seed in np.unique(seeds)]
    return np.stack([unit_confusions(members.codes[run], winner[run], units[run], *size) for run in runs])


def published_votes() -> pd.DataFrame:
    """Predictions that come with the course, one seed, without the model that listens to nothing."""
    from .. import published

    oof = published.load(PUBLISHED)
    return oof[(oof["model"] != "dummy") & (oof["seed"] == oof["seed"].min())]


def strongest(members: Members) -> Members:
    """The members that are best alone, as many as there is room for."""
    alone = ensemble.Fitness(members, "ua")(np.eye(len(members.names)))
    return members.pick([members.names[k] for k in np.argsort(-alone, kind="stable")[:MOST]])

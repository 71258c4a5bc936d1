"""Do the members err on different clips? Only then can a vote be better than each of them.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from .alignment import align
from .fitness import Fitness
from .members import Members


def disagreement(oof: pd.DataFrame | Members) -> pd.DataFrame:
    """Share of clips on which two members decide differently, 0 to 1 [members by members].

    Symmetric; 0 on the diagonal.
    """
    members = align(oof)
    choices = members.proba.argmax(axis=-1)
    return _square(np.mean(choices[:, None] != choices[None], axis=-1), members)


def error_correlation(oof: pd.DataFrame | Members) -> pd.DataFrame:
    """Correlation of the errors of two members over clips, -1 to 1 [members by members].

    1 where both err on the same clips, 0 where they err independently; NaN for a member that is always
    right or always wrong.
    """
    members = align(oof)
    wrong = members.proba.argmax(axis=-1) != members.codes
    with np.errstate(invalid="ignore", divide="ignore"):
        return _square(np.atleast_2d(np.corrcoef(wrong)), members)


def pairs(oof: pd.DataFrame | Members, metric: str = "ua") -> pd.DataFrame:
    """Each pair of members: how different they are, and what their plain mean gains.

    Returns
    -------
    pd.DataFrame
        One row per pair: ``a, b, disagreement, error_correlation, best`` (fitness of the better of the
        two), ``gap`` (how far the other stays below it), ``both`` (fitness of their mean) and ``gain``
        (over the better one), the most different pair first.
    """
    members = align(oof)
    apart, together = disagreement(members).to_numpy(), error_correlation(members).to_numpy()
    couples = list(combinations(range(len(members.names)), 2))
    fitness = Fitness(members, metric)
    alone = fitness(np.eye(len(members.names)))
    both = fitness(np.eye(len(members.names))[couples].sum(axis=1)) if couples else []
    rows = [
        [members.names[a], members.names[b], apart[a, b], together[a, b], *_best_and_gap(alone[[a, b]]), mean]
        for (a, b), mean in zip(couples, both, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["a", "b", "disagreement", "error_correlation", "best", "gap", "both"])
    return table.assign(gain=table["both"] - table["best"]).sort_values(
        "disagreement", ascending=False, ignore_index=True, kind="stable"
    )


def _best_and_gap(two):
    return two.max(), np.ptp(two)


def _square(values, members: Members) -> pd.DataFrame:
    names = list(members.names)
    return pd.DataFrame(values, index=pd.Index(names, name="member"), columns=names)

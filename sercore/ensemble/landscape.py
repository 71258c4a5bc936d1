"""The fitness of all weightings of three members: what an evolution walks about in.

Three weights that sum to 1 are a point in a triangle: a corner is one member alone, the middle equal
weights. So the whole search space of three members can be computed and drawn.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from .alignment import align
from .fitness import Fitness
from .members import Members


def landscape(oof: pd.DataFrame | Members, metric: str = "ua", *, steps: int = 30) -> pd.DataFrame:
    """Fitness at every point of a grid in the triangle of three members' weights.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of exactly three members.
    metric : str
        As in :func:`sercore.ensemble.genetic`.
    steps : int
        Weights are multiples of ``1 / steps``.

    Returns
    -------
    pd.DataFrame
        ``w_<member>`` of the three, which sum to 1, and ``fitness``;
        ``(steps + 1) * (steps + 2) / 2`` rows.

    Raises
    ------
    EvaluationError
        Fewer or more than three members.
    """
    members = align(oof)
    if len(members.names) != 3:
        raise EvaluationError(
            f"a triangle has three corners, but there are {len(members.names)} members "
            f"({', '.join(members.names)}); choose three with align(oof, members=…)"
        )
    a, b = np.divmod(np.arange((steps + 1) ** 2), steps + 1)
    weights = np.column_stack([a, b, steps - a - b])[a + b <= steps] / steps
    table = pd.DataFrame(weights, columns=[f"w_{name}" for name in members.names])
    return table.assign(fitness=Fitness(members, metric)(weights))

"""Pictures of a search for weights: generations, and the triangle of three members.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .results import METRICS
from .style import SEQUENTIAL, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])


def evolution(
    history: pd.DataFrame,
    *,
    yardsticks: Mapping[str, float] | None = None,
    metric: str = "ua",
    ax: Axes | None = None,
) -> Axes:
    """Best and mean fitness of every generation, one pair of lines for each restart.

    Parameters
    ----------
    history : pd.DataFrame
        ``Weighting.history`` of :func:`sercore.ensemble.genetic`.
    yardsticks : mapping of str to float, optional
        Fitness of other weights, as horizontal lines.
    metric : str
        ``ua`` or ``macro_f1``.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(8, 3))
    for restart, run in history.groupby("restart"):
        first = restart == history["restart"].iloc[0]
        ax.plot(run["generation"], 100 * run["best"], color="#00427b", lw=2, label="best" if first else None)
        ax.plot(run["generation"], 100 * run["mean"], color="#9fb6cc", label="mean" if first else None)
    for style, (name, fitness) in zip(("--", ":", "-."), (yardsticks or {}).items(), strict=False):
        ax.axhline(100 * fitness, color="black", ls=style, lw=1.5, label=name)
    ax.set(xlabel="generation", ylabel=METRICS[metric])
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def simplex(
    grid: pd.DataFrame,
    *,
    marks: Mapping[str, Sequence[float]] | None = None,
    limits: tuple[float, float] | None = None,
    label: str = METRICS["ua"],
    ax: Axes | None = None,
) -> Axes:
    """The triangle of three members' weights, coloured by fitness; a corner is one member alone.

    Parameters
    ----------
    grid : pd.DataFrame
        From :func:`sercore.ensemble.landscape`.
    marks : mapping of str to three float, optional
        Points to mark by name, as weights in the order of the columns; scaled to sum 1.
    limits : (float, float), optional
        Fitness of the darkest and of the brightest colour, to compare several triangles.
    label : str
        Of the colour bar.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(5.5, 4))
    columns = [name for name in grid if name.startswith("w_")]
    x, y = (grid[columns].to_numpy() @ _CORNERS).T
    low, high = limits or (grid["fitness"].min(), grid["fitness"].max())
    levels = 100 * np.linspace(low, max(high, low + 1e-3), 13)  # a flat triangle has one colour
    filled = ax.tricontourf(x, y, 100 * grid["fitness"], levels, cmap=SEQUENTIAL, extend="both")
    ax.figure.colorbar(filled, ax=ax, label=label, shrink=0.8, format="%.1f")
    for name, (left, up), below in zip(columns, _CORNERS, (True, True, False), strict=True):
        ax.annotate(
            name.removeprefix("w_"), (left, up), (0, -8 if below else 6), textcoords="offset points",
            ha="center", va="top" if below else "bottom",
        )  # fmt: skip
    for marker, (name, weights) in zip("o*sD", (marks or {}).items(), strict=False):
        place = np.asarray(weights, float) / np.sum(weights) @ _CORNERS
        ax.plot(*place, marker, ms=12, mfc="white", mec="black", mew=1.5, ls="none", label=name)
    if marks:
        ax.legend(loc="upper left", bbox_to_anchor=(-0.1, 1.0), fontsize="small")
    ax.set(xlim=(-0.1, 1.1), ylim=(-0.12, 1.0), aspect="equal")
    ax.axis("off")
    return ax

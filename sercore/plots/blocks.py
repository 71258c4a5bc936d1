"""Figure of the scores of an encoder's blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .results import METRICS
from .style import BLUE, GREY, WIDTH, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def blocks(
    table: pd.DataFrame, *, metric: str = "ua", chance: float | None = None, ax: Axes | None = None
) -> Axes:
    """Score of each block in percent, from the first to the last, with the score of all blocks as a band.

    Whiskers and band are 95 % intervals. Each block has other columns and the same clips, so intervals that
    overlap do not exclude a difference.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.training.score_blocks`.
    metric : str
        From :data:`sercore.plots.results.METRICS`.
    chance : float, optional
        Chance level, 0 to 1, drawn as a dashed line.
    ax : Axes, optional

    Examples
    --------
    >>> table = pd.DataFrame({"model": ["block1", "block2", "all"], "ua": [0.5, 0.6, 0.7],
    ...                       "ua_low": [0.4, 0.5, 0.6], "ua_high": [0.6, 0.7, 0.8]})
    >>> [label.get_text() for label in blocks(table, chance=0.25).get_xticklabels()]
    ['block1', 'block2']

    See Also
    --------
    results : The rows of any result table.
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.4))
    columns = [metric, f"{metric}_low", f"{metric}_high"]
    score, low, high = 100 * table.loc[table["model"] != "all", columns].to_numpy(float).T
    names = table.loc[table["model"] != "all", "model"]
    places = np.arange(len(names))
    ax.errorbar(
        places, score, yerr=[score - low, high - score], color=BLUE, marker="o", ms=8, capsize=4, lw=2,
        label="one block",
    )  # fmt: skip
    for _, row in table[table["model"] == "all"].iterrows():
        whole, whole_low, whole_high = 100 * row[columns].to_numpy(float)
        ax.axhline(whole, color=GREY, lw=2, label="all blocks")
        ax.axhspan(whole_low, whole_high, color=GREY, alpha=0.15, lw=0)
    if chance is not None:
        ax.axhline(100 * chance, color="0.4", ls="--", lw=1, label="chance")
    ax.set_xticks(places, names)
    ax.set(ylim=(0, 101), ylabel=METRICS[metric])
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax

"""A picture of a split: who is trained on and who is tested.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .corpus import name_speakers
from .style import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..splits import Fold


def split_map(index: pd.DataFrame, fold: Fold, *, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Every clip as a cell in its speaker's row: pale trains, dark is tested.

    Parameters
    ----------
    index : pd.DataFrame
        The clips that the fold was made from; column ``speaker``.
    fold : Fold
        From :func:`sercore.splits.make_folds`.
    title : str, optional
        By default the fold's name, and whether it leaks.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    speakers = sorted(set(index["speaker"]))
    side = np.zeros(len(index))
    side[fold.test] = 1
    rows = [np.sort(side[(index["speaker"] == speaker).to_numpy()]) for speaker in speakers]
    cells = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, found in zip(cells, rows, strict=True):
        row[: len(found)] = found
    ax = new_axes(ax, figsize=(8, min(5.0, 1.4 + 0.16 * len(speakers))))
    train, test = "#c6d5e3", "#6a1b6f"
    ax.pcolormesh(cells, cmap=ListedColormap([train, test]), vmin=0, vmax=1)
    ax.set(xlabel="clips of the speaker, tested ones last", title=title or fold.name)
    name_speakers(ax, speakers, axis="y", offset=0.5)
    ax.invert_yaxis()
    handles = [Patch(color=train, label="trains"), Patch(color=test, label="is tested")]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax

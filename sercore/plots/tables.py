"""Pictures of feature tables: a track and its functionals, clips as points, variance explained.

Notebook: 02_feature_extraction.ipynb
"""
# MERGED DOC: A picture of a split: who is trained on and who is tested.

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..labels import sort_emotions
from .corpus import name_speakers
from .style import EMOTION_COLORS, LABELS, color_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..splits import Fold


def track_functionals(
    track: np.ndarray, hop_s: float, *, label: str = "value", ax: Axes | None = None
) -> Axes:
    """A track over time with its mean, 5th and 95th percentile, and the thirds of the clip.

    Parameters
    ----------
    track : np.ndarray [shape=(n_frames,)]
        NaN where the quantity does not exist, as pitch in unvoiced frames; statistics skip it.
    hop_s : float
        Seconds from frame to frame.
    label : str
        Name and unit of the track.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = new_axes(ax, figsize=(8, 2.4))
    seconds = np.arange(len(track)) * hop_s
    ax.plot(seconds, track, lw=1.3, color="#00427b")
    end = len(track) * hop_s
    for third, shade in enumerate(("0.93", "1.0", "0.93")):
        ax.axvspan(third * end / 3, (third + 1) * end / 3, color=shade, zorder=-1)
    ax.set(xlabel=LABELS["time"], ylabel=label, xlim=(0, end))
    known = track[np.isfinite(track)]
    if known.size == 0:
        return ax
    low, high = np.percentile(known, [5, 95])
    for value, name, style in ((high, "p95", ":"), (known.mean(), "mean", "-"), (low, "p5", ":")):
        ax.axhline(value, color="#d77c18", ls=style, lw=2, label=f"{name} = {value:.3g}")
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def scatter_by(
    points: np.ndarray,
    groups: Sequence[str],
    *,
    max_groups: int = 6,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Clips as points in a plane, coloured by group.

    Emotions have the course's colours. Of more than ``max_groups`` other groups, ``max_groups``
    evenly chosen ones are coloured and the rest stay grey, because nobody can tell more colours
    apart.

    Parameters
    ----------
    points : np.ndarray [shape=(n_clips, 2)]
        For example the first two principal components.
    groups : sequence of str [shape=(n_clips,)]
        Emotion or speaker of every clip.
    max_groups : int
    title : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    groups = np.asarray(groups)
    ax = new_axes(ax, figsize=(6, 4))
    shown = _group_colors(groups, max_groups)
    rest = ~np.isin(groups, list(shown))
    ax.scatter(*points[rest].T, s=4, color="0.85", linewidths=0)
    for name, color in shown.items():
        ax.scatter(*points[groups == name].T, s=12, color=[color], linewidths=0, label=name)
    ax.set(xlabel="component 1", ylabel="component 2", title=title)
    ax.legend(fontsize="small", markerscale=2.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def explained_shares(shares: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Bars: how much of a feature's variance each factor explains.

    Parameters
    ----------
    shares : pd.DataFrame [shape=(n_features, n_factors)]
        Shares from 0 to 1; one row for each feature, one column for each factor, such as
        ``emotion`` and ``speaker``.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    from matplotlib import colormaps

    ax = new_axes(ax, figsize=(7, 0.3 * len(shares) + 1))
    colors = colormaps["viridis"](np.linspace(0.15, 0.75, shares.shape[1]))
    shares.plot.barh(ax=ax, color=list(colors), width=0.8)
    ax.invert_yaxis()
    ax.set(xlabel="share of variance explained (0 to 1)", ylabel="")
    return ax


def _group_colors(groups: np.ndarray, max_groups: int) -> dict:
    """Names of the groups that get a colour, and which."""
    from matplotlib import colormaps

    if set(groups) <= set(EMOTION_COLORS):
        return {name: color_of(name) for name in sort_emotions(groups)}
    names = np.unique(groups)
    if len(names) > max_groups:
        names = names[np.linspace(0, len(names) - 1, max_groups).round().astype(int)]
    return dict(zip(names, colormaps["viridis"](np.linspace(0, 0.95, len(names))), strict=True))


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

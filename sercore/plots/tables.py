"""Figures of feature tables: functionals of a track, clips as points, explained variance, and splits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..labels import sort_emotions
from .corpus import name_speakers
from .style import BLUE, EMOTION_COLORS, LABELS, ORANGE, SERIES, WIDTH, color_of, new_axes

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
        NaN where the quantity is not defined, such as pitch in unvoiced frames; ignored by the statistics.
    hop_s : float
        Step between frames in seconds.
    label : str
        Name and unit of the track.
    ax : Axes, optional

    Examples
    --------
    >>> ax = track_functionals(np.arange(101.0), 0.01)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['p95 = 95', 'mean = 50', 'p5 = 5']

    Notebook: 02_feature_extraction.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 2.8))
    seconds = np.arange(len(track)) * hop_s
    ax.plot(seconds, track, lw=1.3, color=BLUE)
    end = len(track) * hop_s
    for third, shade in enumerate(("0.93", "1.0", "0.93")):
        ax.axvspan(third * end / 3, (third + 1) * end / 3, color=shade, zorder=-1)
    ax.set(xlabel=LABELS["time"], ylabel=label, xlim=(0, end))
    known = track[np.isfinite(track)]
    if known.size == 0:
        return ax
    low, high = np.percentile(known, [5, 95])
    for value, name, style in ((high, "p95", ":"), (known.mean(), "mean", "-"), (low, "p5", ":")):
        ax.axhline(value, color=ORANGE, ls=style, lw=2, label=f"{name} = {value:.3g}")
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

    Emotions have the colours of :data:`EMOTION_COLORS`. Of other groups, at most ``max_groups`` are
    coloured and the rest are grey, because more colours are hard to distinguish.

    Parameters
    ----------
    points : np.ndarray [shape=(n_clips, 2)]
        Such as the first two principal components.
    groups : sequence of str [shape=(n_clips,)]
        Emotion or speaker of each clip.
    max_groups : int
    title : str
    ax : Axes, optional

    Notebook: 02_feature_extraction.ipynb
    """
    groups = np.asarray(groups)
    ax = new_axes(ax, figsize=(WIDTH, 4.6))
    shown = _group_styles(groups, max_groups)
    rest = ~np.isin(groups, list(shown))
    ax.scatter(*points[rest].T, s=8, color="0.85", linewidths=0)
    for name, (color, marker) in shown.items():
        ax.scatter(*points[groups == name].T, s=22, color=color, marker=marker, linewidths=0, label=name)
    ax.set(xlabel="component 1", ylabel="component 2", title=title)
    ax.legend(fontsize="small", markerscale=1.6, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def explained_shares(shares: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Proportion of the variance of each feature that each factor explains, as bars.

    Parameters
    ----------
    shares : pd.DataFrame [shape=(n_features, n_factors)]
        Proportions from 0 to 1; one row per feature, one column per factor, such as ``emotion`` and
        ``speaker``.
    ax : Axes, optional

    Notebook: 02_feature_extraction.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 0.33 * len(shares) + 1))
    shares.plot.barh(ax=ax, color=[SERIES[k % len(SERIES)][0] for k in range(shares.shape[1])], width=0.8)
    ax.invert_yaxis()
    ax.set(xlabel="proportion of variance explained (0 to 1)", ylabel="")
    return ax


def _group_styles(groups: np.ndarray, max_groups: int) -> dict:
    """Colour and marker of each group that is not drawn in grey."""
    if set(groups) <= set(EMOTION_COLORS):
        return {name: (color_of(name), "o") for name in sort_emotions(groups)}
    names = np.unique(groups)
    if len(names) > max_groups:
        names = names[np.linspace(0, len(names) - 1, max_groups).round().astype(int)]
    return {name: SERIES[k % len(SERIES)][:2] for k, name in enumerate(names)}


def split_map(index: pd.DataFrame, fold: Fold, *, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Training and test clips of each speaker: a row per speaker, a cell per clip.

    Parameters
    ----------
    index : pd.DataFrame
        The clips that were split; column ``speaker``.
    fold : Fold
        From :func:`sercore.splits.make_folds`.
    title : str, optional
        By default the name of the fold.
    ax : Axes, optional

    Notebook: 00_start_here.ipynb
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
    ax = new_axes(ax, figsize=(WIDTH, min(6.0, 1.4 + 0.2 * len(speakers))))
    train, test = "#c6d5e3", "#6a1b6f"
    ax.pcolormesh(cells, cmap=ListedColormap([train, test]), vmin=0, vmax=1)
    ax.set(xlabel="clips of the speaker, test clips last", title=title or fold.name)
    name_speakers(ax, speakers, axis="y", offset=0.5)
    ax.invert_yaxis()
    handles = [Patch(color=train, label="training"), Patch(color=test, label="test")]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax

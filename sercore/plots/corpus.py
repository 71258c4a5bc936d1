"""Figures of a corpus: number of clips, and distributions over emotions and speakers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..labels import sort_emotions
from .style import LABELS, SEQUENTIAL, SEX_COLORS, WIDTH, color_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_CELLS = 160
"""Larger tables are drawn without numbers."""


def class_counts(index: pd.DataFrame, *, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Number of clips of each emotion as bars, optionally divided by a second column.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.
    by : str, optional
        Column that divides the bars, such as ``intensity``, ``sex`` or ``corpus``.
    ax : Axes, optional

    See Also
    --------
    speaker_counts : Clips of every speaker and emotion.

    Examples
    --------
    >>> index = pd.DataFrame({"emotion": ["sad", "happy", "sad"], "sex": ["male", "male", "female"]})
    >>> class_counts(index, by="sex").get_xlabel()
    'number of clips'

    Notebook: 01_eda.ipynb
    """
    emotions = sort_emotions(index["emotion"])
    ax = new_axes(ax, figsize=(WIDTH, 0.33 * len(emotions) + 1))
    parts = pd.Series("all", index=index.index)
    if by:
        given = index[by].notna() & (index[by].astype(str) != "")
        parts = index[by].astype(object).where(given, "not given")
    counts = pd.crosstab(index["emotion"], parts).loc[emotions]
    left = np.zeros(len(emotions))
    colors = _part_colors(list(counts), by) if by else [[color_of(emotion) for emotion in emotions]]
    for part, color in zip(counts, colors, strict=True):
        bars = ax.barh(emotions, counts[part], left=left, color=color, edgecolor="white", label=str(part))
        left += counts[part].to_numpy()
    ax.bar_label(bars, [f"{total:.0f}" for total in left], padding=3)
    ax.margins(x=0.08)
    ax.invert_yaxis()
    ax.set(xlabel=LABELS["clips"])
    if by:
        ax.legend(title=by, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def speaker_counts(index: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Number of clips of every speaker and emotion as a heat map; small tables show the numbers.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.
    ax : Axes, optional

    Notebook: 01_eda.ipynb
    """
    counts = pd.crosstab(index["emotion"], index["speaker"]).loc[sort_emotions(index["emotion"])]
    ax = new_axes(ax, figsize=(WIDTH, 0.33 * len(counts) + 1))
    image = ax.imshow(counts, aspect="auto", cmap="Blues", vmin=0)
    if counts.size <= _MAX_CELLS:
        dark = counts.to_numpy() > 0.6 * counts.to_numpy().max()
        for row, column in np.ndindex(counts.shape):
            color = "white" if dark[row, column] else "black"
            ax.text(column, row, counts.iat[row, column], ha="center", va="center", color=color, fontsize=10)
    ax.figure.colorbar(image, ax=ax, label=LABELS["clips"])
    ax.set_yticks(range(len(counts)), counts.index)
    name_speakers(ax, list(counts.columns), axis="x")
    return ax


def by_emotion(
    values: Sequence[float], emotion: Sequence[str], *, label: str, ax: Axes | None = None
) -> Axes:
    """One box per emotion: quartiles, median, whiskers from the 5th to the 95th percentile, extremes as dots.

    Parameters
    ----------
    values : sequence of float [shape=(n_clips,)]
        NaN is ignored.
    emotion : sequence of str [shape=(n_clips,)]
    label : str
        Name and unit of the values.
    ax : Axes, optional

    Notebook: 01_eda.ipynb
    """
    table = pd.DataFrame({"value": np.asarray(values, float), "emotion": np.asarray(emotion)}).dropna()
    emotions = sort_emotions(table["emotion"])
    ax = new_axes(ax, figsize=(WIDTH, 0.36 * len(emotions) + 1))
    for row, name in enumerate(emotions):
        found = table.loc[table["emotion"] == name, "value"].to_numpy()
        ax.boxplot(
            found, positions=[row], widths=0.65, orientation="horizontal", whis=(5, 95), patch_artist=True,
            boxprops={"facecolor": color_of(name), "lw": 0}, manage_ticks=False, showfliers=False,
            medianprops={"color": "white", "lw": 3}, whiskerprops={"color": color_of(name), "lw": 2},
            capprops={"lw": 0},
        )  # fmt: skip
        ax.plot([found.min(), found.max()], [row, row], ".", color=color_of(name), ms=5)
    ax.set_yticks(range(len(emotions)), emotions)
    ax.set(xlabel=label, ylim=(len(emotions) - 0.5, -0.5))
    ax.grid(True, axis="x")
    return ax


def by_speaker(values: Sequence[float], index: pd.DataFrame, *, label: str, ax: Axes | None = None) -> Axes:
    """Median of a quantity of every emotion and speaker as a heat map, speakers grouped by sex.

    Differences between rows are due to the emotion, differences between columns to the speaker.

    Parameters
    ----------
    values : sequence of float [shape=(n_clips,)]
        NaN is ignored.
    index : pd.DataFrame
        Rows of these clips; columns ``speaker``, ``sex``, ``emotion``.
    label : str
        Name and unit of the values.
    ax : Axes, optional

    Notebook: 01_eda.ipynb
    """
    known = index.assign(value=np.asarray(values, float)).dropna(subset="value")
    medians = known.pivot_table(index="emotion", columns=["sex", "speaker"], values="value", aggfunc="median")
    medians = medians.loc[sort_emotions(medians.index)]
    ax = new_axes(ax, figsize=(WIDTH, 0.33 * len(medians) + 1.2))
    image = ax.imshow(medians, aspect="auto", cmap=SEQUENTIAL, interpolation="nearest")
    ax.figure.colorbar(image, ax=ax, label=label)
    ax.set_yticks(range(len(medians)), medians.index)
    ax.set_facecolor("0.85")
    sexes, speakers = medians.columns.get_level_values(0), list(medians.columns.get_level_values(1))
    name_speakers(ax, speakers, axis="x")
    for sex in sexes.unique():
        places = np.flatnonzero(sexes == sex)
        ax.text(places.mean(), -0.6, sex or "sex not given", ha="center", va="bottom")
        if places[0]:
            ax.axvline(places[0] - 0.5, color="white", lw=4)
    return ax


def _part_colors(parts: list[str], by: str) -> list:
    """Colour of each part of a bar."""
    if by == "sex":
        return [SEX_COLORS.get(part, SEX_COLORS[""]) for part in parts]
    import matplotlib as mpl

    return list(mpl.colormaps["cividis"](np.linspace(0.1, 0.9, len(parts))))


def name_speakers(ax: Axes, speakers: list[str], *, axis: str, offset: float = 0.0) -> None:
    """Ticks with the names of speakers; of many speakers, only some are named."""
    step = -(-len(speakers) // (30 if axis == "x" else 12))
    places, names = np.arange(0, len(speakers), step) + offset, speakers[::step]
    if axis == "x":
        shown = [name.split("-", 1)[-1] for name in names]
        turned = 90 if sum(map(len, shown)) > 60 else 0
        ax.set_xticks(places, shown, fontsize="small", rotation=turned)
        ax.set_xlabel("speaker")
    else:
        ax.set_yticks(places, [name.split("-", 1)[-1] for name in names], fontsize="small")
        ax.set_ylabel("speaker")

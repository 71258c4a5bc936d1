"""Pictures of a corpus: who says what how often, how long, how loud, how high; and of a split.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .style import LABELS, SEX_COLORS, color_of, in_order, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..splits import Fold

_MAX_CELLS = 240
"""A table with more cells is drawn without its numbers."""


def class_counts(index: pd.DataFrame, *, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Clips per emotion as bars, divided by a second column where one is named.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.
    by : str, optional
        Column that divides the bars: ``intensity``, ``sex``, ``corpus``, ….
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    emotions = in_order(index["emotion"])
    ax = new_axes(ax, figsize=(9, 0.36 * len(emotions) + 1))
    parts = index[by].replace("", "not given") if by else pd.Series("all", index=index.index)
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
    """Clips of every speaker and emotion as a table of shades, with the numbers where they fit.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    counts = pd.crosstab(index["emotion"], index["speaker"]).loc[in_order(index["emotion"])]
    ax = new_axes(ax, figsize=(min(12.0, 3 + 0.42 * counts.shape[1]), 0.36 * len(counts) + 1.6))
    image = ax.imshow(counts, aspect="auto", cmap="Blues", vmin=0)
    if counts.size <= _MAX_CELLS:
        dark = counts.to_numpy() > 0.6 * counts.to_numpy().max()
        for row, column in np.ndindex(counts.shape):
            color = "white" if dark[row, column] else "black"
            ax.text(column, row, counts.iat[row, column], ha="center", va="center", color=color, fontsize=10)
    ax.figure.colorbar(image, ax=ax, label=LABELS["clips"])
    ax.set_yticks(range(len(counts)), counts.index)
    _name_speakers(ax, list(counts.columns), axis="x")
    return ax


def by_emotion(
    values: Sequence[float], emotion: Sequence[str], *, label: str, ax: Axes | None = None
) -> Axes:
    """One box per emotion (quartiles, whiskers to 5 and 95 %) over a dot per clip.

    Parameters
    ----------
    values : sequence of float [shape=(n_clips,)]
        NaN is left out.
    emotion : sequence of str [shape=(n_clips,)]
    label : str
        Name and unit of the values.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    table = pd.DataFrame({"value": np.asarray(values, float), "emotion": np.asarray(emotion)}).dropna()
    emotions = in_order(table["emotion"])
    ax = new_axes(ax, figsize=(9, 0.42 * len(emotions) + 1))
    rng = np.random.default_rng(0)  # jitter only: dots of equal values would hide each other
    for row, name in enumerate(emotions):
        found = table.loc[table["emotion"] == name, "value"].to_numpy()
        color = color_of(name)
        ax.scatter(found, row + rng.uniform(-0.3, 0.3, len(found)), s=9, color=color, alpha=0.55, lw=0)
        ax.boxplot(
            found, positions=[row], widths=0.5, orientation="horizontal", showfliers=False, whis=(5, 95),
            medianprops={"color": "black", "lw": 2.5}, boxprops={"color": "0.2"}, manage_ticks=False,
        )  # fmt: skip
    ax.set_yticks(range(len(emotions)), emotions)
    ax.set(xlabel=label, ylim=(len(emotions) - 0.5, -0.5))
    ax.grid(True, axis="x")
    return ax


def speaker_profiles(
    values: Sequence[float], index: pd.DataFrame, *, label: str, ax: Axes | None = None
) -> Axes:
    """Median of a quantity per emotion, one thin line per speaker and a thick one over speakers.

    Lines that lie far apart but run alike say: people differ more than emotions do, yet each
    person's emotions differ in the same direction.

    Parameters
    ----------
    values : sequence of float [shape=(n_clips,)]
    index : pd.DataFrame
        The rows of these clips; columns ``speaker``, ``sex``, ``emotion``.
    label : str
        Name and unit of the values.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    table = index.assign(value=np.asarray(values, float)).dropna(subset="value")
    emotions = in_order(table["emotion"])
    profiles = table.pivot_table(
        index=["sex", "speaker"], columns="emotion", values="value", aggfunc="median"
    )
    profiles = profiles[emotions]
    ax = new_axes(ax, figsize=(9, 4))
    named = set()
    for (sex, _), row in profiles.iterrows():
        entry = None if sex in named else (sex or "sex not given")
        color = SEX_COLORS.get(sex, SEX_COLORS[""])
        ax.plot(emotions, row, ".-", color=color, lw=1, alpha=0.45, label=entry)
        named.add(sex)
    ax.plot(emotions, profiles.median(), "o-", color="black", lw=3.5, label="median speaker")
    ax.set(ylabel=label, xlabel="emotion")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.grid(True, axis="y")
    return ax


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
    ax = new_axes(ax, figsize=(9, min(6.0, 1.4 + 0.2 * len(speakers))))
    train, test = "#c6d5e3", "#6a1b6f"
    ax.pcolormesh(cells, cmap=ListedColormap([train, test]), vmin=0, vmax=1)
    ax.set(xlabel="clips of the speaker, tested ones last", title=title or fold.name)
    _name_speakers(ax, speakers, axis="y", offset=0.5)
    ax.invert_yaxis()
    handles = [Patch(color=train, label="trains"), Patch(color=test, label="is tested")]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _part_colors(parts: list[str], by: str) -> list:
    """A colour for each part of a bar."""
    if by == "sex":
        return [SEX_COLORS.get(part, SEX_COLORS[""]) for part in parts]
    import matplotlib as mpl

    return list(mpl.colormaps["cividis"](np.linspace(0.1, 0.9, len(parts))))


def _name_speakers(ax: Axes, speakers: list[str], *, axis: str, offset: float = 0.0) -> None:
    """Ticks with the speakers' names, thinned out where there are many."""
    step = -(-len(speakers) // 30)
    places, names = np.arange(0, len(speakers), step) + offset, speakers[::step]
    if axis == "x":
        ax.set_xticks(places, [name.split("-", 1)[-1] for name in names], rotation=0 if step == 1 else 90)
        ax.set_xlabel("speaker")
    else:
        ax.set_yticks(places, [name.split("-", 1)[-1] for name in names], fontsize="small")
        ax.set_ylabel("speaker")

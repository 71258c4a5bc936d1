"""Figures of average differences between emotions, with intervals over speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..features import Recipe, get_recipe
from ..labels import sort_emotions
from .style import SERIES, SIGNED, WIDTH, color_of, label_outside, name_rows, new_axes, new_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def average_contours(
    averages: Mapping, *, label: str, emotions: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Mean contour of each emotion over normalised time, with its 95 % interval as a band.

    Parameters
    ----------
    averages : mapping of str to MeanInterval [shape=(n_points,) or (1, n_points)]
        From :func:`sercore.interpret.emotion_profiles.emotion_means` or
        :func:`sercore.interpret.emotion_profiles.emotion_differences`.
    label : str
        Label of the vertical axis, with unit.
    emotions : sequence of str, optional
        Emotions to draw; by default all.
    ax : Axes, optional

    See Also
    --------
    difference_maps : Differences of descriptors with several rows.

    Notebook: 07_interpretability.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.4))
    for emotion in emotions or sort_emotions(averages):
        mean, low, high = (np.ravel(part) for part in averages[emotion])
        percent = 100 * (np.arange(len(mean)) + 0.5) / len(mean)
        ax.plot(percent, mean, color=color_of(emotion), lw=2, label=emotion)
        ax.fill_between(percent, low, high, color=color_of(emotion), alpha=0.2, lw=0)
    ax.set(xlabel="time (% of the clip)", ylabel=label, xlim=(0, 100))
    ax.legend(fontsize=11, ncols=2, loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return ax


def difference_maps(
    differences: Mapping,
    *,
    name: str = "log_mel",
    recipe: str | Recipe = "default",
    n_columns: int = 4,
    unit: str = "dB",
) -> np.ndarray:
    """Difference between each emotion and neutral over time and frequency.

    Cells whose interval includes zero are white.

    Parameters
    ----------
    differences : mapping of str to MeanInterval [shape=(n_rows, n_points)]
        From :func:`sercore.interpret.emotion_profiles.emotion_differences`.
    name : str
        ``log_mel`` or another descriptor; determines the labels of the rows.
    recipe : str or Recipe
    n_columns : int
    unit : str
        Unit of the colour bar.

    Returns
    -------
    np.ndarray of Axes [shape=(len(differences),)]

    Notebook: 07_interpretability.ipynb
    """
    axes = new_grid(len(differences), n_columns, cell=(1.95, 1.7), margin=(0.8, 0.5), sharex=True)
    top = max(np.nanmax(np.abs(one.mean)) for one in differences.values())
    for ax, emotion in zip(axes, sort_emotions(differences), strict=True):
        one = differences[emotion]
        shown = np.where(one.sure, one.mean, np.nan)
        image = ax.imshow(
            shown, origin="lower", aspect="auto", cmap=SIGNED, vmin=-top, vmax=top, interpolation="nearest",
            extent=(0, 100, -0.5, len(shown) - 0.5),
        )  # fmt: skip
        name_rows(ax, name, shown, get_recipe(recipe))
        ax.set(title=emotion, xlabel="time (%)")
    label_outside(axes, n_columns)
    axes[0].figure.colorbar(image, ax=list(axes), label=f"difference to neutral ({unit})")
    return axes


def difference_rows(differences: Mapping, rows: Sequence[str], *, label: str, ax: Axes | None = None) -> Axes:
    """Difference between each emotion and neutral in a few values, such as pitch classes, with intervals.

    Parameters
    ----------
    differences : mapping of str to MeanInterval [shape=(n_rows,)]
        From :func:`sercore.interpret.emotion_profiles.emotion_differences`.
    rows : sequence of str [shape=(n_rows,)]
        Names of the values, on the horizontal axis.
    label : str
        Label of the vertical axis, with unit.
    ax : Axes, optional

    Notebook: 07_interpretability.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.4))
    emotions = sort_emotions(differences)
    for k, emotion in enumerate(emotions):
        mean, low, high = differences[emotion]
        x = np.arange(len(rows)) + (k - (len(emotions) - 1) / 2) * 0.8 / len(emotions)
        ax.errorbar(x, mean, [mean - low, high - mean], fmt="o", ms=4, color=color_of(emotion), label=emotion)
    ax.axhline(0, color="0.6", lw=1)
    ax.set_xticks(range(len(rows)), rows)
    ax.set(ylabel=label)
    ax.legend(fontsize=11, ncols=4, loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return ax


def importance_intervals(tables: Mapping[str, pd.DataFrame], *, ax: Axes | None = None) -> Axes:
    """Loss of UA in points when a group of features is permuted, with 95 % intervals over speakers.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        Legend entry to a table from :func:`sercore.interpret.permutation_intervals`; the first table
        determines the groups and their order.
    ax : Axes, optional

    See Also
    --------
    importance : Importance without intervals.

    Notebook: 07_interpretability.ipynb
    """
    groups = list(next(iter(tables.values())).index)
    ax = new_axes(ax, figsize=(WIDTH, 0.36 * len(groups) + 1.3))
    for k, (name, table) in enumerate(tables.items()):
        table = 100 * table.loc[groups, ["lost", "low", "high"]]
        rows = np.arange(len(groups)) + (k - (len(tables) - 1) / 2) * 0.8 / len(tables)
        color, marker, _ = SERIES[k % len(SERIES)]
        error = [table["lost"] - table["low"], table["high"] - table["lost"]]
        ax.errorbar(table["lost"], rows, xerr=error, fmt=marker, ms=7, lw=2, color=color, label=name)
    ax.axvline(0, color="0.6", lw=1)
    ax.set_yticks(range(len(groups)), groups)
    ax.set(xlabel="UA lost (points)", ylim=(len(groups) - 0.5, -0.5))
    ax.legend(fontsize=11)
    return ax

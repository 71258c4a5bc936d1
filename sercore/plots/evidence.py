"""Figures of attribution maps and of their evaluation: faithfulness, a synthetic benchmark, agreement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..features import Recipe, get_recipe
from .style import (
    BLUE,
    GREY,
    LABELS,
    RANGE_DB,
    RED,
    SERIES,
    SIGNED,
    WIDTH,
    draw_rows,
    label_outside,
    name_rows,
    new_axes,
    new_grid,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def evidence(
    level: np.ndarray,
    one_map: np.ndarray,
    *,
    recipe: str | Recipe = "default",
    segments: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Attribution map in colour over the spectrogram of the clip in grey.

    Orange is evidence for the class, purple is evidence against it.

    Parameters
    ----------
    level : np.ndarray [shape=(n_mels, n_frames)]
        Log-mel spectrogram in dB.
    one_map : np.ndarray [shape=(n_frames, n_mels)]
        From :func:`sercore.interpret.attribute`. Values above the 99th percentile have the same colour;
        weak evidence is transparent.
    recipe : str or Recipe
    segments : pd.DataFrame, optional
        Columns ``start``, ``end`` and ``share``, from :func:`sercore.interpret.regions.by_segment`; drawn as
        brackets with the proportion of the evidence in percent.
    ax : Axes, optional

    See Also
    --------
    evidence_maps : Maps of several methods.
    masked_parts : The part of a spectrogram that a mask keeps.

    Notebook: 07_interpretability.ipynb
    """
    ax, recipe = new_axes(ax, figsize=(WIDTH, 3)), get_recipe(recipe)
    smooth = {"interpolation": "gaussian"}
    draw_rows(ax, level, recipe, vmin=level.max() - RANGE_DB, vmax=level.max(), cmap="gray_r", **smooth)
    top = max(float(np.percentile(np.abs(one_map), 99)), float(np.abs(one_map).max()) / 10, 1e-12)
    strength = np.clip(np.abs(one_map.T) / top, 0, 1)
    has_boxes = np.mean(one_map[1:] == one_map[:-1]) > 0.5  # otherwise single cells look like spots
    options = {"cmap": SIGNED, "alpha": 0.85 * np.sqrt(strength)} | ({} if has_boxes else smooth)
    draw_rows(ax, one_map.T, recipe, vmin=-top, vmax=top, **options)
    name_rows(ax, "log_mel", level, recipe)
    if segments is not None:
        height = len(level)
        for _, part in segments.iterrows():
            ax.plot([part["start"], part["end"]], [height, height], color="black", lw=2, clip_on=False)
            middle = (part["start"] + part["end"]) / 2
            ax.text(middle, height + 1, f"{100 * part['share']:.0f}", ha="center", va="bottom", fontsize=10)
    return ax


def evidence_maps(
    level: np.ndarray,
    maps: Mapping[str, np.ndarray],
    *,
    recipe: str | Recipe = "default",
    n_columns: int = 2,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """:func:`evidence` of one clip by several methods.

    Parameters
    ----------
    level : np.ndarray [shape=(n_mels, n_frames)]
    maps : mapping of str to np.ndarray [shape=(n_frames, n_mels)]
        Title to map.
    recipe : str or Recipe
    n_columns : int
    axes : np.ndarray of Axes, optional
        One for each map, or more.

    Returns
    -------
    np.ndarray of Axes [shape=(len(maps),)]

    Notebook: 07_interpretability.ipynb
    """
    if axes is None:
        axes = new_grid(len(maps), n_columns, cell=(4.3, 1.9), margin=(0, 0.5), sharex=True)
    axes = np.ravel(axes)
    for ax in axes[len(maps) :]:
        ax.remove()
    for ax, (title, one) in zip(axes, maps.items(), strict=False):
        evidence(level, one, recipe=recipe, ax=ax).set_title(title)
    label_outside(axes[: len(maps)], n_columns)
    return axes[: len(maps)]


def masked_parts(
    level: np.ndarray,
    mask: np.ndarray,
    *,
    recipe: str | Recipe = "default",
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """The part of a spectrogram that a mask keeps, and the remaining part.

    Parameters
    ----------
    level : np.ndarray [shape=(n_mels, n_frames)]
    mask : np.ndarray of bool [shape=(n_frames, n_mels)]
    recipe : str or Recipe
    axes : np.ndarray of Axes [shape=(2,)], optional

    Returns
    -------
    np.ndarray of Axes [shape=(2,)]

    Notebook: 07_interpretability.ipynb
    """
    axes = new_grid(2, 2, cell=(4.3, 2.4), margin=(0, 0)) if axes is None else np.ravel(axes)
    recipe, low = get_recipe(recipe), level.max() - RANGE_DB
    for ax, part, title in zip(axes, (mask.T, ~mask.T), ("kept", "removed"), strict=True):
        draw_rows(ax, np.where(part, level, low), recipe, vmin=low, vmax=level.max())
        name_rows(ax, "log_mel", level, recipe)
        ax.set(title=title, xlabel=LABELS["time"])
        ax.label_outer()
    return axes


def faithfulness_curves(curves: pd.DataFrame, *, mode: str = "deletion", ax: Axes | None = None) -> Axes:
    """Mean probability of the class in percent while boxes are deleted or inserted; random order is dashed.

    Parameters
    ----------
    curves : pd.DataFrame
        From :func:`sercore.interpret.compare_faithfulness`: a row per fraction of boxes, a column per method.
    mode : str
        ``deletion`` or ``insertion``, which determines the label.
    ax : Axes, optional

    Notebook: 07_interpretability.ipynb
    """
    ax = new_axes(ax, figsize=(6.5, 3.8))
    if "random" in curves:
        ax.plot(100 * curves.index, 100 * curves["random"], color="0.4", ls="--", lw=3, label="random")
    named = [name for name in curves.columns if name != "random"]
    for name, (color, marker, _) in zip(named, [one for one in SERIES if one[0] != GREY], strict=False):
        ax.plot(100 * curves.index, 100 * curves[name], marker=marker, color=color, lw=2, label=name)
    done = "deleted" if mode == "deletion" else "inserted"
    ax.set(xlabel=f"boxes {done} (%)", ylabel="probability of the class (%)", xlim=(0, 100), ylim=(0, 100))
    ax.legend(fontsize="small")
    return ax


def benchmark_results(table: pd.DataFrame, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Proportion of each method's evidence inside the region of a known cause, with 95 % interval.

    Points are filled if the method locates the cause. The line is chance level; crosses are the same
    method applied to a model with shuffled weights.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.interpret.synthetic_benchmark.run_benchmark`.
    title : str
    ax : Axes, optional

    Notebook: 07_interpretability.ipynb
    """
    ax = new_axes(ax, figsize=(4.4, 0.4 * len(table) + 1.2))
    for row, (_, one) in enumerate(table.iterrows()):
        ax.plot([100 * one["low"], 100 * one["high"]], [row, row], color=BLUE, lw=2)
        face = BLUE if one["points"] else "white"
        ax.plot(100 * one["inside"], row, "o", ms=9, color=BLUE, mfc=face, mew=2)
        ax.plot(100 * one["shuffled"], row, "x", ms=7, color=RED, mew=2)
    ax.axvline(100 * table["chance"].iloc[0], color="0.4", ls="--", lw=1.5)
    ax.set_yticks(range(len(table)), list(table.index))
    ax.set(
        xlabel="evidence inside the cause (%)",
        xlim=(0, 100),
        ylim=(len(table) - 0.5, -0.5),
        title=title,
    )
    return ax


def correlations(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Matrix of rank correlations, -1 to 1, as a heat map.

    Parameters
    ----------
    table : pd.DataFrame [shape=(n_rows, n_columns)]
        Such as from :func:`sercore.interpret.method_agreement`.
    ax : Axes, optional

    Examples
    --------
    >>> ax = correlations(pd.DataFrame([[1.0, 0.25]], columns=["a", "b"]))
    >>> [text.get_text() for text in ax.texts]
    ['1.00', '0.25']

    Notebook: 07_interpretability.ipynb
    """
    import seaborn as sns

    ax = new_axes(ax, figsize=(1.15 * table.shape[1] + 3, 0.45 * len(table) + 1.5))
    options = {"cmap": SIGNED, "vmin": -1, "vmax": 1, "cbar_kws": {"label": "rank correlation"}}
    sns.heatmap(table, annot=True, fmt=".2f", ax=ax, **options)
    ax.tick_params(axis="x", rotation=30)
    ax.tick_params(axis="y", rotation=0)
    return ax


def compare_with_listeners(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Recognition rate of listeners and of a model in percent, with the model's 95 % interval.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.interpret.compare_with_listeners`.
    ax : Axes, optional

    Notebook: 07_interpretability.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 0.45 * len(table) + 1.3))
    rows = np.arange(len(table))
    ax.barh(rows - 0.2, 100 * table["people"], height=0.38, color="0.6", label="listeners")
    error = 100 * np.abs(table[["low", "high"]].to_numpy().T - table["model"].to_numpy())
    model = 100 * table["model"].fillna(0)
    ax.barh(rows + 0.2, model, height=0.38, xerr=error, color=BLUE, ecolor=RED, label="model")
    ax.set_yticks(rows, list(table.index))
    ax.set(xlabel="recognition rate (% of clips)", xlim=(0, 100), ylim=(len(table) - 0.5, -0.5))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=2)
    return ax

"""Pictures of evidence: maps on the spectrogram that they are about, and what they keep of it.

Notebook: 07_interpretability.ipynb
"""
# MERGED DOC: What maps must stand: deletion, an exam with known answers, agreement; and of people.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..features import Recipe, get_recipe
from .clips import _image
from .style import LABELS, RANGE_DB, name_rows, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SIGNED = "PuOr_r"
"""Colours of evidence: orange speaks for the class, purple against it."""


def evidence(
    level: np.ndarray,
    one_map: np.ndarray,
    *,
    recipe: str | Recipe = "default",
    segments: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A map in colour over the spectrogram of its clip in grey, on the same axes.

    Parameters
    ----------
    level : np.ndarray [shape=(n_mels, n_frames)]
        Log-mel spectrogram in dB.
    one_map : np.ndarray [shape=(n_frames, n_mels)]
        From :func:`sercore.interpret.attribute`. Colours end at its 99th percentile; the less evidence,
        the clearer the spectrogram behind it.
    recipe : str or Recipe
    segments : pd.DataFrame, optional
        With ``start``, ``end`` and ``share`` (:func:`sercore.interpret.by_segment`); drawn as brackets with
        their share in percent.
    ax : Axes, optional
    """
    ax, recipe = new_axes(ax, figsize=(8, 2.6)), get_recipe(recipe)
    _image(ax, level, recipe, vmin=level.max() - RANGE_DB, vmax=level.max(), cmap="gray_r")
    top = max(float(np.percentile(np.abs(one_map), 99)), float(np.abs(one_map).max()) / 10, 1e-12)
    strength = np.clip(np.abs(one_map.T) / top, 0, 1)
    _image(ax, one_map.T, recipe, vmin=-top, vmax=top, cmap=SIGNED, alpha=0.85 * np.sqrt(strength))
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
    """:func:`evidence` by several methods, of one clip.

    Parameters
    ----------
    level : np.ndarray [shape=(n_mels, n_frames)]
    maps : mapping of str to np.ndarray [shape=(n_frames, n_mels)]
        Title to map.
    recipe, n_columns
        As in :func:`evidence`; pictures per row.
    axes : np.ndarray of Axes, optional
        At least as many as there are maps.

    Returns
    -------
    np.ndarray of Axes [shape=(len(maps),)]
    """
    if axes is None:
        import matplotlib.pyplot as plt

        n_columns = min(n_columns, len(maps))
        n_rows = -(-len(maps) // n_columns)
        axes = plt.subplots(
            n_rows,
            n_columns,
            figsize=(4.0 * n_columns, 1.5 * n_rows + 0.4),
            sharex=True,
            sharey=True,
            squeeze=False,
        )[1]
    axes = np.ravel(axes)
    for ax in axes[len(maps) :]:
        ax.remove()
    for ax, (title, one) in zip(axes, maps.items(), strict=False):
        evidence(level, one, recipe=recipe, ax=ax).set_title(title)
        ax.label_outer()
    return axes[: len(maps)]


def masked_parts(
    level: np.ndarray, mask: np.ndarray, *, recipe: str | Recipe = "default", axes=None
) -> np.ndarray:
    """The part of a spectrogram that a mask keeps, and the rest, as they sound.

    Parameters
    ----------
    level : np.ndarray [shape=(n_mels, n_frames)]
    mask : np.ndarray of bool [shape=(n_frames, n_mels)]
    recipe : str or Recipe
    axes : np.ndarray of Axes [shape=(2,)], optional
    """
    import matplotlib.pyplot as plt

    axes = plt.subplots(1, 2, figsize=(9, 2.2), sharey=True)[1] if axes is None else np.ravel(axes)
    recipe, low = get_recipe(recipe), level.max() - RANGE_DB
    for ax, part, title in zip(axes, (mask.T, ~mask.T), ("kept", "the rest"), strict=True):
        _image(ax, np.where(part, level, low), recipe, vmin=low, vmax=level.max())
        name_rows(ax, "log_mel", level, recipe)
        ax.set(title=title, xlabel=LABELS["time"])
        ax.label_outer()
    return axes


def faithfulness_curves(curves: pd.DataFrame, *, mode: str = "deletion", ax: Axes | None = None) -> Axes:
    """Mean probability of the class while boxes are deleted or inserted; random order dashed.

    Parameters
    ----------
    curves : pd.DataFrame
        Shares of boxes by method, from :func:`sercore.interpret.compare_faithfulness`.
    mode : str
        ``deletion`` or ``insertion``, for the label.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(5, 3.2))
    for name in curves.columns:
        style = {"ls": "--", "color": "0.4", "lw": 2.5} if name == "random" else {"lw": 1.8}
        ax.plot(100 * curves.index, 100 * curves[name], label=name, **style)
    done = "deleted" if mode == "deletion" else "inserted"
    ax.set(xlabel=f"boxes {done} (%)", ylabel="probability of the class (%)", xlim=(0, 100), ylim=(0, 100))
    ax.legend(fontsize=9)
    return ax


def benchmark_results(table: pd.DataFrame, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Share of each method's evidence at the place of a planted cause, with 95 % interval.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`~sercore.interpret.synthetic_benchmark.run_benchmark`. Filled: the method points at the
        cause; hollow: it does not. The line is chance, crosses are the same method asked about shuffled weights.
    title : str
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(4.4, 0.4 * len(table) + 1.2))
    for row, (_, one) in enumerate(table.iterrows()):
        ax.plot([100 * one["low"], 100 * one["high"]], [row, row], color="#00427b", lw=2)
        face = "#00427b" if one["points"] else "white"
        ax.plot(100 * one["inside"], row, "o", ms=9, mfc=face, mec="#00427b", mew=2)
        ax.plot(100 * one["shuffled"], row, "x", ms=7, color="#b52100", mew=2)
    ax.axvline(100 * table["chance"].iloc[0], color="0.4", ls="--", lw=1.5)
    ax.set_yticks(range(len(table)), list(table.index))
    ax.set(xlabel="evidence at the cause (%)", xlim=(0, 100), ylim=(len(table) - 0.5, -0.5), title=title)
    return ax


def correlations(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """A matrix of rank correlations, -1 to 1: :func:`sercore.interpret.method_agreement` or ``sanity``."""
    import seaborn as sns

    ax = new_axes(ax, figsize=(1.0 * table.shape[1] + 2.6, 0.42 * len(table) + 1.4))
    sns.heatmap(
        table,
        annot=True,
        fmt=".2f",
        cmap=SIGNED,
        vmin=-1,
        vmax=1,
        cbar_kws={"label": "rank correlation"},
        ax=ax,
    )
    ax.tick_params(axis="x", rotation=30)
    ax.tick_params(axis="y", rotation=0)
    return ax


def compare_with_listeners(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Share recognised by people and by a model, with the model's 95 % interval.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.interpret.compare_with_listeners`.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(6.5, 0.42 * len(table) + 1.3))
    rows = np.arange(len(table))
    ax.barh(rows - 0.2, 100 * table["people"], height=0.38, color="0.6", label="people")
    error = 100 * np.abs(table[["low", "high"]].to_numpy().T - table["model"].to_numpy())
    ax.barh(
        rows + 0.2,
        100 * table["model"].fillna(0),
        height=0.38,
        xerr=error,
        color="#00427b",
        ecolor="#b52100",
        label="model",
    )
    ax.set_yticks(rows, list(table.index))
    ax.set(xlabel="recognised (% of clips)", xlim=(0, 100), ylim=(len(table) - 0.5, -0.5))
    ax.legend(loc="lower right")
    return ax

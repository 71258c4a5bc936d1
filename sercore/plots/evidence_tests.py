"""Pictures of what maps must stand: deletion, an exam with known answers, agreement; and of people.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .evidence import SIGNED
from .style import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def faithfulness_curves(curves: pd.DataFrame, *, game: str = "deletion", ax: Axes | None = None) -> Axes:
    """Mean probability of the class while boxes are deleted or inserted; random order dashed.

    Parameters
    ----------
    curves : pd.DataFrame
        Shares of boxes by method, from :func:`sercore.interpret.faithfulness`.
    game : str
        ``deletion`` or ``insertion``, for the label.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(5, 3.2))
    for name in curves.columns:
        style = {"ls": "--", "color": "0.4", "lw": 2.5} if name == "random" else {"lw": 1.8}
        ax.plot(100 * curves.index, 100 * curves[name], label=name, **style)
    done = "deleted" if game == "deletion" else "inserted"
    ax.set(xlabel=f"boxes {done} (%)", ylabel="probability of the class (%)", xlim=(0, 100), ylim=(0, 100))
    ax.legend(fontsize=9)
    return ax


def exam(table: pd.DataFrame, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Share of each method's evidence at the place of a planted cause, with 95 % interval.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.interpret.examine`. Filled: the method points at the cause; hollow: it does not.
        The line is chance, crosses are the same method asked about shuffled weights.
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
    """A matrix of rank correlations, -1 to 1: :func:`sercore.interpret.agreement` or ``sanity``."""
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


def beside_people(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Share recognised by people and by a model, with the model's 95 % interval.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.interpret.beside_people`.
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

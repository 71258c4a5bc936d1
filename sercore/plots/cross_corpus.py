"""Figures of cross-corpus results: a staircase of tests, the matrix of corpora, and enrolment."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..evaluation import corpus_matrix as matrix_of
from ..splits import is_leaky
from .results import METRICS
from .style import BLUE, GREY, ORANGE, RED, SERIES, WIDTH, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def corpus_matrix(table: pd.DataFrame, *, metric: str = "ua", ax: Axes | None = None) -> Axes:
    """Score of each training set (rows) on each test corpus (columns) as a heat map, in percent.

    Intervals are written below the scores, with * if they are over clips. The diagonal, outlined, contains
    the in-corpus references, trained on other speakers.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.evaluation.evaluate_corpora`, of one model and one adaptation.
    metric : str
        ``ua``, ``wa`` or ``macro_f1``.
    ax : Axes, optional

    See Also
    --------
    confusion : Confusion matrix of one test.

    Notebook: 09_leaving_the_studio.ipynb
    """
    import seaborn as sns
    from matplotlib.patches import Rectangle

    scores = 100 * matrix_of(table, metric)
    marked = table.assign(text=[_text(row, metric) for row in table.to_dict("records")])
    texts = matrix_of(marked, "text").fillna("")
    ax = new_axes(ax, figsize=(2.6 + 1.8 * scores.shape[1], 1.2 + 0.75 * len(scores)))
    sns.heatmap(
        scores, annot=texts.to_numpy(), fmt="", cmap="Blues", vmin=0, vmax=100, linewidths=1, ax=ax,
        cbar_kws={"label": METRICS[metric]},
    )  # fmt: skip
    for column, name in enumerate(scores.columns):
        if name in scores.index and np.isfinite(scores.loc[name, name]):
            place = (column, scores.index.get_loc(name))
            ax.add_patch(Rectangle(place, 1, 1, fill=False, edgecolor=ORANGE, lw=3))
    ax.set(xlabel="test corpus", ylabel="training corpus")
    ax.tick_params(axis="both", length=0, rotation=0)
    return ax


def staircase(table: pd.DataFrame, *, chance: float | None = None, ax: Axes | None = None) -> Axes:
    """Score of one model in ever more difficult tests, as bars from left to right, in percent.

    Bars of a leaky split are hollow and red, those of other recording conditions than in training orange.

    Parameters
    ----------
    table : pd.DataFrame
        One row per step, with ``step`` (its label, which is broken into lines), ``elsewhere`` (whether the
        recordings differ from those of training), ``split``, ``ua``, ``ua_low`` and ``ua_high``.
    chance : float, optional
        Score of guessing, as a fraction; a dashed line.
    ax : Axes, optional

    See Also
    --------
    results : Scores of models as points.

    Examples
    --------
    >>> row = {"step": "new speakers", "split": "speaker", "elsewhere": False, "ua": 0.6, "ua_low": 0.5,
    ...        "ua_high": 0.7}
    >>> [text.get_text() for text in staircase(pd.DataFrame([row])).texts]
    ['60']

    Notebook: 09_leaving_the_studio.ipynb
    """
    ax = new_axes(ax, figsize=(min(1.2 + 1.45 * len(table), 9), 3.8))
    for place, row in enumerate(table.to_dict("records")):
        color = RED if is_leaky(row["split"]) else ORANGE if row["elsewhere"] else BLUE
        fill = "white" if is_leaky(row["split"]) else color
        ax.bar(place, 100 * row["ua"], width=0.72, color=fill, edgecolor=color, lw=2)
        low, high = 100 * row["ua_low"], 100 * row["ua_high"]
        ax.plot([place, place], [low, high], color="black", lw=1.5)
        ax.annotate(
            f"{100 * row['ua']:.0f}", (place, np.nanmax([high, 100 * row["ua"]])), (0, 4),
            textcoords="offset points", ha="center", fontweight="bold",
        )  # fmt: skip
    if chance is not None:
        ax.axhline(100 * chance, color=GREY, ls="--", lw=1.5)
        ax.text(len(table) - 0.55, 100 * chance + 1, "chance", color=GREY)
    ax.set_xticks(range(len(table)), [textwrap.fill(step, 13) for step in table["step"]])
    ax.set(ylabel="UA (%)", ylim=(0, 108), xlim=(-0.6, len(table) - (0.4 if chance is None else -0.1)))
    ax.set_yticks(range(0, 101, 20))
    return ax


def enrolment_curve(curve: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """UA in percent by the number of clips with which each test speaker is normalised, with intervals.

    Parameters
    ----------
    curve : pd.DataFrame
        From :func:`sercore.training.enrolment_curve`, one test corpus; one line per value of ``only``. Counts
        of clips that its speakers do not have are left out.
    ax : Axes, optional

    Examples
    --------
    >>> rows = {"clips": [1.0, np.nan], "n_used": [1, 30], "only": "", "ua": [0.4, 0.6]}
    >>> rows |= {"ua_low": [0.3, 0.5], "ua_high": [0.5, 0.7]}
    >>> enrolment_curve(pd.DataFrame(rows)).get_xlabel()
    'clips of the test speaker for normalisation'

    Notebook: 09_leaving_the_studio.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.4))
    curve = curve[curve["clips"].isna() | (curve["n_used"] >= curve["clips"])]
    places = {count: place for place, count in enumerate(sorted(curve["clips"].dropna().unique()))}
    at = curve["clips"].map(places).fillna(len(places))
    for (only, part), (color, marker, _), shift in zip(
        curve.groupby("only"), SERIES, (-0.06, 0.06, 0), strict=False
    ):
        x, low, high = at[part.index] + shift, part["ua_low"], part["ua_high"]
        ax.plot(
            x,
            100 * part["ua"],
            marker=marker,
            ls="-",
            ms=8,
            color=color,
            label=f"{only} clips only" if only else "any clips",
        )
        ax.vlines(x, 100 * low, 100 * high, color=color, lw=1.5)
    ax.set_xticks(range(len(places) + 1), [*(f"{count:.0f}" for count in places), "all"])
    ax.set(xlabel="clips of the test speaker for normalisation", ylabel="UA (%)", ylim=(0, 100))
    ax.grid(True, axis="y")
    ax.legend(loc="lower right")
    return ax


def _text(row: dict, metric: str) -> str:
    """``57.1`` with the interval in a second line."""
    low, high = row.get(f"{metric}_low", np.nan), row.get(f"{metric}_high", np.nan)
    text = f"{100 * row[metric]:.1f}"
    if np.isfinite(low):
        text += f"\n[{100 * low:.0f}, {100 * high:.0f}]" + ("*" if row.get("interval") == "clips" else "")
    return text

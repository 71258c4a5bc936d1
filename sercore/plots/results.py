"""Figures of results: comparison of models, scores of speakers, learning curves, feature importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..splits import is_leaky
from .style import BLUE, GREEN, GREY, ORANGE, RED, SEX_COLORS, WIDTH, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAKY_COLOR, SPEAKER_NORM_COLOR, COLOR = RED, GREEN, BLUE
"""Colours of results with a random split, with features normalised by speaker, and all others."""

METRICS = {
    "ua": "UA (%)",
    "wa": "WA (%)",
    "macro_f1": "macro-F1 (%)",
    "weighted_f1": "weighted F1 (%)",
    "kappa": "Cohen's kappa × 100",
    "mcc": "MCC × 100",
    "auc": "AUC × 100",
    "ece": "calibration error (%)",
}
"""Axis labels of metrics, which are drawn times 100."""


def results(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str] = "model",
    metric: str = "ua",
    sort: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Score of each row of a result table in percent, with whiskers for the 95 % interval.

    Results with a leaky split are hollow and red, results with speaker normalisation are green.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.evaluation.results_table`, possibly with further columns.
    by : str or sequence of str
        Columns that name a row.
    metric : str
        From :data:`METRICS`; whiskers are drawn if the table contains its interval.
    sort : bool
        Whether to sort by the metric, best on top, instead of keeping the order of the table.
    ax : Axes, optional

    See Also
    --------
    paired_differences : Differences between systems with intervals.
    seed_scores : Scores of each seed.

    Notebook: 03_mlp_baseline.ipynb
    """
    from matplotlib.lines import Line2D

    table = table.sort_values(metric, ascending=False, kind="stable") if sort else table
    names = table[[by] if isinstance(by, str) else list(by)].astype(str).agg(" · ".join, axis=1)
    ax = new_axes(ax, figsize=(WIDTH, 1.1 + 0.38 * len(table)))
    kinds = {}
    for place, row in enumerate(table.to_dict("records")):
        kind, color, fill = _kind_of(row)
        score, low, high = (100 * row.get(key, np.nan) for key in (metric, f"{metric}_low", f"{metric}_high"))
        ax.plot([low, high], [place, place], color=color, lw=2.5, solid_capstyle="butt")
        ax.plot(score, place, "o", ms=9, color=color, mfc=fill, mew=2)
        ax.annotate(
            f"{score:.1f}", (score, place), (0, 7), textcoords="offset points", ha="center", fontsize=10
        )
        kinds[kind] = Line2D([], [], color=color, marker="o", mfc=fill, mew=2, lw=2.5, label=kind)
    ax.set_yticks(range(len(names)), names)
    lowest = 100 * np.nanmin(table.filter([metric, f"{metric}_low"]).to_numpy(float))
    ax.set(xlim=(min(0.0, lowest - 2), 101), ylim=(len(names) - 0.4, -0.7))  # the same range in every figure
    ax.set_xlabel(METRICS[metric] + _whiskers(table, metric))
    ax.grid(True, axis="x")
    if len(kinds) > 1:
        ax.legend(handles=list(kinds.values()), loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def speaker_scores(
    groups: pd.DataFrame,
    *,
    sex: Mapping[str, str] | None = None,
    metric: str = "ua",
    ax: Axes | None = None,
) -> Axes:
    """Score of each speaker in percent, sorted, with a line at the mean.

    Parameters
    ----------
    groups : pd.DataFrame
        From :func:`sercore.evaluation.per_group`, one row per speaker.
    sex : mapping of str to str, optional
        Sex of each speaker, which determines the colour.
    metric : str
        ``ua``, ``wa`` or ``macro_f1``.
    ax : Axes, optional

    Examples
    --------
    >>> speaker_scores(pd.DataFrame({"ua": [0.9, 0.5]}, index=["demo-F1", "demo-M1"])).get_ylabel()
    'UA (%)'

    Notebook: 03_mlp_baseline.ipynb
    """
    groups = groups.sort_values(metric)
    ax = new_axes(ax, figsize=(WIDTH, 3.2))
    names = [str(name).split("-", 1)[-1] for name in groups.index]
    scores = 100 * groups[metric]
    sexes = [(sex or {}).get(speaker, "") for speaker in groups.index]
    for each in dict.fromkeys(sexes):
        own = np.array([s == each for s in sexes])
        ax.bar(np.flatnonzero(own), scores[own], color=SEX_COLORS[each], label=each or "sex not given")
    ax.axhline(scores.mean(), color="black", ls="--", lw=1.5)
    ax.annotate(f"mean {scores.mean():.1f}", (0, scores.mean()), (0, 4), textcoords="offset points")
    many = len(names) > 12
    ax.set_xticks(range(len(names)), names, rotation=90 if many else 0, fontsize="small" if many else None)
    ax.set(xlabel="speaker", ylabel=METRICS[metric], ylim=(0, 100))
    if any(sexes):
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def learning_curves(history: pd.DataFrame, *, metric: str = "loss", ax: Axes | None = None) -> Axes:
    """Training and validation loss or accuracy over epochs, with the epoch whose weights are used.

    Parameters
    ----------
    history : pd.DataFrame
        From :func:`sercore.training.fit`; the weights are those of the lowest ``val_loss``.
    metric : str
        ``loss`` or ``accuracy``.
    ax : Axes, optional

    Notebook: 03_mlp_baseline.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.4))
    scale, unit = (1, " (nats)") if metric == "loss" else (100, " (%)")
    epochs = np.arange(1, len(history) + 1)
    ax.plot(epochs, scale * history[metric], color=GREY, lw=2, label="training speakers")
    ax.plot(epochs, scale * history[f"val_{metric}"], color=COLOR, lw=2, label="validation speakers")
    best = 1 + int(np.argmin(history["val_loss"]))
    ax.axvline(best, color="black", ls=":", lw=1.5, label=f"best epoch: {best}")
    ax.set(xlabel="epoch", ylabel=metric + unit, xlim=(1, max(2, len(history))))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def importance(table: pd.DataFrame, *, label: str = "UA lost (points)", ax: Axes | None = None) -> Axes:
    """Importance of each group of features in percentage points, one bar per group and measure.

    Parameters
    ----------
    table : pd.DataFrame
        A row per group, a column per measure, as fractions.
    label : str
        Label of the horizontal axis.
    ax : Axes, optional

    See Also
    --------
    importance_intervals : Permutation importance with intervals over speakers.

    Notebook: 03_mlp_baseline.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 0.42 * len(table) + 1.2))
    height = 0.8 / len(table.columns)
    for k, (name, values) in enumerate(table.items()):
        places = np.arange(len(table)) + (k - (len(table.columns) - 1) / 2) * height
        ax.barh(places, 100 * values, height=height, color=(COLOR, ORANGE, GREY)[k % 3], label=name)
    ax.axvline(0, color="black", lw=1)
    ax.set_yticks(range(len(table)), table.index)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlabel(label)
    ax.grid(True, axis="x")
    if len(table.columns) > 1:
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return ax


def _kind_of(row: Mapping) -> tuple[str, str, str]:
    """Kind of a result, with the edge and the fill colour of its point."""
    if is_leaky(row["split"]):
        return "random split (leaky)", LEAKY_COLOR, "white"
    if row["speaker_norm"]:
        return "normalised by speaker", SPEAKER_NORM_COLOR, SPEAKER_NORM_COLOR
    return "unseen speakers", COLOR, COLOR


def _whiskers(table: pd.DataFrame, metric: str) -> str:
    """Description of the whiskers, empty without an interval."""
    if f"{metric}_low" not in table or table[f"{metric}_low"].isna().all():
        return ""
    units = "/".join(dict.fromkeys(table["interval"]))
    return f", whiskers: 95 % interval over {units}"

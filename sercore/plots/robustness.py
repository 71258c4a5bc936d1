"""Figures of what a model withstands: recording conditions, groups of people, refusing when unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .style import BLUE, GREEN, GREY, RED, SERIES, WIDTH, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def robustness(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """UA under each recording condition in percent, with the UA of clean clips as a line.

    Green points are within the limit of their family, red crosses are not; hollow ones are harder than
    everyday recordings and do not count for the pass mark. The number on the right is the proportion of
    clips whose answer changes.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.evaluation.robustness`.
    ax : Axes, optional

    See Also
    --------
    fairness : UA of groups of people.

    Examples
    --------
    >>> row = {"family": "hum", "condition": "20 dB", "everyday": True, "ua": 0.5, "ua_clean": 0.6,
    ...        "lost_low": 0.05, "lost_high": 0.15, "changed": 0.3, "passed": False}
    >>> ax = robustness(pd.DataFrame([row]))
    >>> [label.get_text() for label in ax.get_yticklabels()], ax.texts[1].get_text()
    (['hum · 20 dB'], '30 %')

    Notebook: 09_leaving_the_studio.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 1.2 + 0.31 * len(table)))
    clean = 100 * table["ua_clean"].iloc[0]
    ax.axvline(clean, color=BLUE, lw=1.5, ls="--")
    ax.annotate(
        f"clean {clean:.0f}", (clean, 0), (4, 12), textcoords="offset points", color=BLUE, fontsize=10
    )
    for place, row in enumerate(table.to_dict("records")):
        color = GREEN if row["passed"] else RED
        ends = clean - 100 * row["lost_high"], clean - 100 * row["lost_low"]
        ax.plot(ends, [place, place], color=color, lw=2, solid_capstyle="butt")
        fill = color if row["everyday"] else "white"
        ax.plot(100 * row["ua"], place, _marker(row), ms=8, color=color, mfc=fill, mew=2)
        ax.text(101, place, f"{100 * row['changed']:.0f} %", va="center", fontsize=10)
    ax.text(101, -1, "changed", va="center", fontsize=10, color=GREY)
    names = table["family"] + " · " + table["condition"]
    ax.set_yticks(range(len(names)), names)
    ax.set(xlim=(0, 100), ylim=(len(names) - 0.4, -1.5), xlabel="UA (%); whiskers: 95 % interval of the loss")
    ax.grid(True, axis="x")
    return ax


def changed_answers(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Answers that change under each recording condition in percent, with 95 % intervals over speakers.

    For clips that a model was fitted on, whose UA would be too high. Colours and markers are those of
    :func:`robustness`.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.evaluation.robustness`.
    ax : Axes, optional

    See Also
    --------
    robustness : UA, for clips that the model was not fitted on.

    Examples
    --------
    >>> row = {"family": "hum", "condition": "20 dB", "everyday": True, "changed": 0.3, "changed_low": 0.2,
    ...        "changed_high": 0.4, "passed": False}
    >>> ax = changed_answers(pd.DataFrame([row]))
    >>> ax.get_xlabel(), [label.get_text() for label in ax.get_yticklabels()]
    ('changed answers (% of clips)', ['hum · 20 dB'])
    """
    ax = new_axes(ax, figsize=(WIDTH, 1.2 + 0.31 * len(table)))
    for place, row in enumerate(table.to_dict("records")):
        color = GREEN if row["passed"] else RED
        ends = 100 * row["changed_low"], 100 * row["changed_high"]
        ax.plot(ends, [place, place], color=color, lw=2, solid_capstyle="butt")
        fill = color if row["everyday"] else "white"
        ax.plot(100 * row["changed"], place, _marker(row), ms=8, color=color, mfc=fill, mew=2)
    names = table["family"] + " · " + table["condition"]
    ax.set_yticks(range(len(names)), names)
    ax.set(xlim=(-2, 102), ylim=(len(names) - 0.4, -0.6), xlabel="changed answers (% of clips)")
    ax.grid(True, axis="x")
    return ax


def _marker(row: dict) -> str:
    """A point, or a cross for what is not within its limit."""
    return "o" if row["passed"] else "X"


def fairness(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """UA of each group in percent with its 95 % interval over speakers; groups of one column together.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.evaluation.fairness`, without the rows of single speakers if there are many.
    ax : Axes, optional

    Examples
    --------
    >>> table = pd.DataFrame({"by": "sex", "group": ["female", "male"], "n_speakers": 12, "ua": [0.7, 0.6],
    ...                       "ua_low": [0.6, 0.5], "ua_high": [0.8, 0.7]})
    >>> [label.get_text() for label in fairness(table).get_yticklabels()]
    ['sex: female (12)', 'sex: male (12)']

    Notebook: 09_leaving_the_studio.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 1.1 + 0.33 * len(table)))
    places = np.arange(len(table)) + 0.6 * (table["by"] != table["by"].shift()).cumsum().to_numpy()
    ax.plot(
        100 * table[["ua_low", "ua_high"]].to_numpy(float).T, [places] * 2, color=BLUE, lw=2.5,
        solid_capstyle="butt",
    )  # fmt: skip
    ax.plot(100 * table["ua"], places, "o", ms=8, color=BLUE)
    names = [f"{row.by.replace('_', ' ')}: {row.group} ({row.n_speakers})" for row in table.itertuples()]
    ax.set_yticks(places, names)
    ax.set(xlim=(0, 101), ylim=(places[-1] + 0.6, places[0] - 0.6), xlabel="UA (%); in brackets: speakers")
    ax.grid(True, axis="x")
    return ax


def risk_coverage(curve: pd.DataFrame, *, label: str | None = None, ax: Axes | None = None) -> Axes:
    """Error rate in percent over the proportion of clips that are answered, the surest first.

    Parameters
    ----------
    curve : pd.DataFrame
        From :func:`sercore.evaluation.risk_coverage`.
    label : str, optional
        Legend entry, if several models are drawn on one ``ax``.
    ax : Axes, optional

    See Also
    --------
    reliability : Accuracy over confidence.

    Examples
    --------
    >>> risk_coverage(pd.DataFrame({"coverage": [0.5, 1.0], "risk": [0.0, 0.25]})).get_ylabel()
    'wrong answers (%)'

    Notebook: 09_leaving_the_studio.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.8))
    color, _, line = SERIES[len(ax.lines) % len(SERIES)]
    ax.plot(
        100 * curve["coverage"], 100 * curve["risk"], lw=2.5, color=color, ls=line, label=label,
        drawstyle="steps-post",
    )  # fmt: skip
    ax.set(xlabel="clips answered, surest first (%)", ylabel="wrong answers (%)", xlim=(0, 100))
    ax.set_ylim(bottom=0, auto=True)  # a later curve may be higher
    ax.grid(True)
    if label:
        ax.legend(loc="upper left")
    return ax

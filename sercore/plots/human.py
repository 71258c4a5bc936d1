"""Figure of a listening test: people beside a model, and published scores of people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .style import BLUE, GREY, ORANGE, WIDTH, color_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..evaluation.human import Published


def listening_test(
    table: pd.DataFrame,
    *,
    n_choices: int | None = None,
    published: Iterable[Published] = (),
    ax: Axes | None = None,
) -> Axes:
    """Recall of every emotion by people, beside a model on the same clips, in percent with 95 % intervals.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.evaluation.human_recall` or :func:`sercore.evaluation.compare_with_model`.
    n_choices : int, optional
        Number of emotions to choose from; a dashed line marks chance.
    published : iterable of Published
        Published recall of people, drawn hollow below the others; see
        :data:`sercore.evaluation.human.PUBLISHED`.
    ax : Axes, optional

    Examples
    --------
    >>> table = pd.DataFrame({"recall": 0.5, "low": 0.2, "high": 0.8}, index=["sad", "UA"])
    >>> [label.get_text() for label in listening_test(table).get_yticklabels()]
    ['sad', 'UA']

    Notebook: 10_your_own_voice.ipynb
    """
    published = list(published)
    has_model = "model" in table
    names = [*table.index, *(f"{one.corpus}, {one.clips}" for one in published)]
    ax = new_axes(ax, figsize=(WIDTH, 1.3 + 0.42 * len(names)))
    people = ("people", "people_low", "people_high") if has_model else ("recall", "low", "high")
    series = [(people, BLUE, "o", "people", -0.14 * has_model)]
    if has_model:
        series.append((("model", "model_low", "model_high"), ORANGE, "D", "model, same clips", 0.14))
    for columns, color, marker, label, shift in series:
        mean, low, high = (100 * table[name].to_numpy(float) for name in columns)
        place = np.arange(len(table)) + shift
        ax.hlines(place, low, high, color=color, lw=3)
        ax.plot(mean, place, marker, color=color, ms=10, label=label, clip_on=False)
        for value, y in zip(mean, place, strict=True):
            above = (0, 7) if shift <= 0 else (0, -17)
            ax.annotate(
                f"{value:.0f}", (value, y), above, textcoords="offset points", ha="center", color=color
            )
    for place, one in enumerate(published, start=len(table)):
        ax.plot(100 * one.recall, place, "o", mfc="none", mec=BLUE, mew=2, ms=10)
        note = f"{100 * one.recall:.0f}, {one.n_choices} choices"
        ax.annotate(
            note, (100 * one.recall, place), (9, 0), textcoords="offset points", va="center", color=GREY
        )
    if published:
        ax.plot([], [], "o", mfc="none", mec=BLUE, mew=2, ms=10, label="people, published (other clips)")
        ax.axhline(len(table) - 0.5, color=GREY, lw=1)
    if n_choices:
        ax.axvline(100 / n_choices, color=GREY, ls="--", lw=1.5, label=f"chance ({n_choices} choices)")
    ax.set_yticks(range(len(names)), names)
    for label, name in zip(ax.get_yticklabels(), names, strict=True):
        label.set_color(color_of(name) if name in table.index and name != "UA" else "black")
    ax.set(xlim=(0, 100), ylim=(len(names) - 0.4, -0.6), xlabel="recall (%), 95 % intervals")
    ax.grid(True, axis="x")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False)
    return ax

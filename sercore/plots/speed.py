"""Bars of times and of ratios of times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .style import BLUE, WIDTH, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def speed_bars(
    values: Mapping[str, float], *, label: str = "", log: bool = False, ax: Axes | None = None
) -> Axes:
    """One horizontal bar per name, in the given order from the top, with its value at the end.

    Parameters
    ----------
    values : mapping of str to float
        Times, or ratios of times.
    label : str
        What the values are, with the unit.
    log : bool
        Whether the axis is logarithmic.
    ax : Axes, optional

    Examples
    --------
    >>> ax = speed_bars({"one": 1.0, "two": 2.0}, label="seconds")
    >>> [text.get_text() for text in ax.texts]
    ['1', '2']
    """
    ax = new_axes(ax, figsize=(WIDTH, 1.0 + 0.35 * len(values)))
    drawn = ax.barh(list(values), list(values.values()), color=BLUE, height=0.6, log=log)
    ax.bar_label(drawn, [f"{value:.3g}" for value in values.values()], padding=4, fontsize=10)
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.set_xlabel(label)
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    return ax

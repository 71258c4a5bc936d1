"""Pictures of a long recording: what a model hears in it, moment after moment.

Notebook: demo.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError
from .style import LABELS, color_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 2000
"""Of a waveform: each from the smallest to the largest sample in it, so that an hour is drawn at once."""


def over_time(rows: Sequence[dict], classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities between the edges of windows: at each moment the mean of the windows that hold it.

    Parameters
    ----------
    rows : sequence of dict
        From :func:`sercore.bundle.predict_windows`, or ``predict_clip`` with windows.
    classes : sequence of str

    Returns
    -------
    edges : np.ndarray [shape=(n_pieces + 1,)]
        In seconds.
    proba : np.ndarray [shape=(n_pieces, n_classes)]
        NaN where no window gave an answer, as in silence.

    Raises
    ------
    SercoreError
        There are no windows.
    """
    if not rows or "start" not in rows[0]:
        raise SercoreError(f"no windows in {list(rows)[:1]}; make rows with sercore.bundle.predict_windows")
    edges = np.unique([row[end] for row in rows for end in ("start", "end")])
    total, count = np.zeros((len(edges) - 1, len(classes))), np.zeros(len(edges) - 1)
    for row in rows:
        if "proba" in row:
            held = slice(*np.searchsorted(edges, (row["start"], row["end"])))
            total[held] += [row["proba"][name] for name in classes]
            count[held] += 1
    return edges, total / np.where(count, count, np.nan)[:, None]


def timeline(rows: Sequence[dict], classes: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Probabilities of all emotions over time, stacked on each other to 100 %.

    What an ``ax`` held of an older timeline is replaced, axes and legend stay.

    Parameters
    ----------
    rows, classes
        As in :func:`over_time`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = new_axes(ax, figsize=(11, 2.6))
    edges, proba = over_time(rows, classes)
    for old in list(ax.collections):
        old.remove()
    steps, percent = np.repeat(edges, 2)[1:-1], 100 * np.repeat(proba, 2, axis=0)  # both ends of a piece
    ax.stackplot(steps, percent.T, colors=[color_of(name) for name in classes], lw=0)
    ax.set(xlabel=LABELS["time"], ylabel="probability (%)", xlim=(edges[0], edges[-1]), ylim=(0, 100))
    return ax


def recording(
    wave: np.ndarray,
    sr: int,
    rows: Sequence[dict],
    classes: Sequence[str],
    *,
    truth: pd.DataFrame | None = None,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, Axes]:
    """Waveform, :func:`timeline` under it, and under that what was meant, where it is known.

    For other windows of the same recording, call :func:`timeline` with the lower axes.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    rows, classes
        As in :func:`over_time`.
    truth : pd.DataFrame, optional
        ``start, end`` in seconds, ``emotion``.
    axes : two Axes, optional

    Returns
    -------
    two Axes
        Above and below.
    """
    if axes is None:
        import matplotlib.pyplot as plt

        _, axes = plt.subplots(2, 1, figsize=(11, 4.4), sharex=True, height_ratios=(2, 5))
    above, below = axes
    edges = np.linspace(0, len(wave), min(len(wave), _COLUMNS), endpoint=False).astype(int)
    lowest, highest = (extreme.reduceat(wave, edges) for extreme in (np.minimum, np.maximum))
    above.fill_between(edges / sr, lowest, highest, color="#00427b", lw=0.5)
    above.set(ylabel="wave")
    above.tick_params(labelbottom=False)
    timeline(rows, classes, ax=below)
    below.set_xlim(0, len(wave) / sr)  # and of the upper one, where they share it
    above.set_xlim(0, len(wave) / sr)
    handles = [below.fill(np.nan, np.nan, color=color_of(name), label=name)[0] for name in classes]
    below.legend(
        handles=handles[::-1],
        loc="lower left",
        bbox_to_anchor=(1.0, -0.02),
        handlelength=1.0,
        labelspacing=0.3,
        frameon=False,
    )
    if truth is not None:
        _meant(below, truth)
    return above, below


def _meant(ax: Axes, truth: pd.DataFrame) -> None:
    """A strip under the axis with the emotion of each stretch."""
    from matplotlib.colors import to_rgb

    frame = ax.get_xaxis_transform()
    ax.tick_params(axis="x", pad=20)
    for part in truth.itertuples():
        ax.axvspan(part.start, part.end, -0.13, -0.03, color=color_of(part.emotion), lw=0, clip_on=False)
        middle = (part.start + part.end) / 2
        dark = np.dot(to_rgb(color_of(part.emotion)), (0.299, 0.587, 0.114)) < 0.5
        ax.text(
            middle, -0.085, part.emotion, color="white" if dark else "black", ha="center", va="center",
            transform=frame, fontsize="small", clip_on=False,
        )  # fmt: skip
    ax.text(1.01, -0.085, "← meant", transform=ax.transAxes, va="center")

"""Pictures of predictions: what is confused, how sure a model is, and single clips.

Every function draws into ``ax`` (or a new figure) and returns the Axes.

Notebook: 03_mlp_baseline.ipynb
"""
# MERGED DOC: Pictures of a long recording: what a model hears in it, moment after moment.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..bundle.windows import over_time
from .style import LABELS, color_of, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def confusion(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """A confusion matrix as a heat map: rows are what was meant, columns what was understood.

    Parameters
    ----------
    table : pd.DataFrame [shape=(n_classes, n_classes)]
        From :func:`sercore.evaluation.confusion`; shares (shown as percent) or counts.
    ax : Axes, optional
    """
    import seaborn as sns

    ax = new_axes(ax, figsize=(7, 0.45 * len(table) + 1.4))
    shares = bool((table.to_numpy() <= 1).all())
    label = "share of the row (%)" if shares else "number of clips"
    sns.heatmap(
        table * (100 if shares else 1), annot=True, fmt=".0f", cmap="cividis", vmin=0,
        vmax=100 if shares else None, square=False, cbar_kws={"label": label}, ax=ax,
    )  # fmt: skip
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(axis="x", rotation=30)
    ax.tick_params(axis="y", rotation=0)
    return ax


def reliability(bins: pd.DataFrame, *, label: str | None = None, ax: Axes | None = None) -> Axes:
    """How often a model is right against how sure it says it is; on the diagonal it keeps its word.

    Parameters
    ----------
    bins : pd.DataFrame
        From :func:`sercore.evaluation.calibration`; larger points stand for more clips.
    label : str, optional
        Entry of a legend, to draw several models into one ``ax``.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(5, 4.4))
    if not ax.lines:
        ax.plot([0, 100], [0, 100], "--", color="0.6", lw=1.5)
    filled = bins[bins["n_clips"] > 0]
    sure, right = 100 * filled["confidence"], 100 * filled["accuracy"]
    (line,) = ax.plot(sure, right, lw=1.5, label=label)
    ax.scatter(
        sure,
        right,
        s=20 + 500 * filled["n_clips"] / filled["n_clips"].sum(),
        color=line.get_color(),
        alpha=0.7,
    )
    ax.set(
        xlabel="confidence: highest probability of a clip (%)", ylabel="right (% of clips)",
        xlim=(0, 102), ylim=(0, 102), aspect="equal",
    )  # fmt: skip
    if label:
        ax.legend(loc="upper left")
    return ax


def prediction(clip: Mapping, *, ax: Axes | None = None) -> Axes:
    """The probabilities of one clip as bars; the true class is framed.

    Parameters
    ----------
    clip : mapping
        One row of an out-of-fold table: ``oof.iloc[0]``.
    ax : Axes, optional
    """
    ax = new_axes(ax, figsize=(6, 3))
    classes = [key.removeprefix("p_") for key in clip.keys() if key.startswith("p_")]  # noqa: SIM118
    percent = [100 * clip[f"p_{name}"] for name in classes]
    bars = ax.barh(range(len(classes)), percent, color=[color_of(name) for name in classes])
    bars[classes.index(clip["label"])].set(edgecolor="black", linewidth=2.5)
    heard = classes[int(np.argmax(percent))]
    verdict = "right" if heard == clip["label"] else f"heard as {heard}"
    ax.set_title(f"{str(clip['clip_id']).split('/')[-1]}\n{clip['label']}: {verdict}", fontsize=11)
    ax.set_yticks(range(len(classes)), classes)
    ax.set(xlabel="probability (%)", xlim=(0, 100), ylim=(len(classes) - 0.5, -0.5))
    return ax


def predictions(clips: pd.DataFrame, *, n_columns: int = 3, axes: np.ndarray | None = None) -> np.ndarray:
    """:func:`prediction` of some clips side by side.

    Parameters
    ----------
    clips : pd.DataFrame
        Some rows of an out-of-fold table.
    n_columns : int
    axes : np.ndarray of Axes, optional
        At least as many as there are clips.

    Returns
    -------
    np.ndarray of Axes [shape=(len(clips),)]
    """
    if axes is None:
        import matplotlib.pyplot as plt

        n_columns = min(n_columns, len(clips))
        n_rows = -(-len(clips) // n_columns)
        n_classes = sum(name.startswith("p_") for name in clips)
        size = (2.9 * n_columns + 0.5, (0.24 * n_classes + 0.9) * n_rows)
        _, axes = plt.subplots(n_rows, n_columns, figsize=size, sharey=True, squeeze=False)
    axes = np.ravel(axes)
    for ax in axes[len(clips) :]:
        ax.remove()
    for ax, (_, clip) in zip(axes, clips.iterrows(), strict=False):
        prediction(clip, ax=ax)
        ax.label_outer()
    return axes[: len(clips)]


_COLUMNS = 2000
"""Of a waveform: each from the smallest to the largest sample in it, so that an hour is drawn at once."""


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

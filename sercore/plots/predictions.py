"""Figures of predictions: confusion matrix, reliability diagram, single clips, and long recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..bundle import over_time
from .style import BLUE, LABELS, SERIES, WIDTH, color_of, new_axes, new_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def confusion(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Confusion matrix as a heat map: rows are true classes, columns are predicted classes.

    Parameters
    ----------
    table : pd.DataFrame [shape=(n_classes, n_classes)]
        From :func:`sercore.evaluation.confusion`: fractions, drawn in percent, or counts.
    ax : Axes, optional

    Examples
    --------
    >>> names = ["happy", "sad"]
    >>> ax = confusion(pd.DataFrame([[0.75, 0.25], [0.5, 0.5]], index=names, columns=names))
    >>> [text.get_text() for text in ax.texts]
    ['75', '25', '50', '50']

    Notebook: 03_mlp_baseline.ipynb
    """
    import seaborn as sns

    ax = new_axes(ax, figsize=(WIDTH, 0.48 * len(table) + 1.5))
    normalized = bool((table.to_numpy() <= 1).all())
    label = "clips of the true class (%)" if normalized else "number of clips"
    sns.heatmap(
        table * (100 if normalized else 1), annot=True, fmt=".0f", cmap="cividis", vmin=0,
        vmax=100 if normalized else None, square=False, cbar_kws={"label": label}, ax=ax,
    )  # fmt: skip
    ax.set(xlabel="predicted", ylabel="true")
    ax.tick_params(axis="x", rotation=30)
    ax.tick_params(axis="y", rotation=0)
    return ax


def reliability(bins: pd.DataFrame, *, label: str | None = None, ax: Axes | None = None) -> Axes:
    """Reliability diagram: accuracy over confidence in percent; a calibrated model is on the diagonal.

    Parameters
    ----------
    bins : pd.DataFrame
        From :func:`sercore.evaluation.calibration`; larger points represent more clips.
    label : str, optional
        Legend entry, if several models are drawn on one ``ax``.
    ax : Axes, optional

    Notebook: 03_mlp_baseline.ipynb
    """
    ax = new_axes(ax, figsize=(6.2, 5.4))
    if not ax.lines:
        ax.plot([0, 100], [0, 100], "--", color="0.6", lw=1.5)
    filled = bins[bins["n_clips"] > 0]
    x, y = 100 * filled["confidence"], 100 * filled["accuracy"]
    color, marker, line = SERIES[(len(ax.lines) - 1) % len(SERIES)]
    ax.plot(x, y, ls=line, marker=marker, color=color, lw=2, label=label)
    sizes = 20 + 500 * filled["n_clips"] / filled["n_clips"].sum()
    ax.scatter(x, y, s=sizes, marker=marker, color=color, alpha=0.8, linewidths=0)
    ax.set(
        xlabel="confidence: highest probability of a clip (%)", ylabel="accuracy (% of clips)",
        xlim=(0, 102), ylim=(0, 102), aspect="equal",
    )  # fmt: skip
    if label:
        ax.legend(loc="upper left")
    return ax


def prediction(clip: Mapping, *, ax: Axes | None = None) -> Axes:
    """Probabilities of one clip in percent as bars; the true class has a frame.

    Parameters
    ----------
    clip : mapping
        A row of a table of out-of-fold predictions, such as ``oof.iloc[0]``.
    ax : Axes, optional

    See Also
    --------
    predictions : Several clips side by side.

    Examples
    --------
    >>> clip = {"clip_id": "demo/c1", "label": "sad", "p_happy": 0.7, "p_sad": 0.3}
    >>> prediction(clip).get_title()
    'c1\\nsad, predicted: happy'

    Notebook: 03_mlp_baseline.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3.2))
    classes = [key.removeprefix("p_") for key in clip.keys() if key.startswith("p_")]  # noqa: SIM118
    percent = [100 * clip[f"p_{name}"] for name in classes]
    bars = ax.barh(range(len(classes)), percent, color=[color_of(name) for name in classes])
    bars[classes.index(clip["label"])].set(edgecolor="black", linewidth=2.5)
    predicted = classes[int(np.argmax(percent))]
    ax.set_title(
        f"{str(clip['clip_id']).split('/')[-1]}\n{clip['label']}, predicted: {predicted}", fontsize=11
    )
    ax.set_yticks(range(len(classes)), classes)
    ax.set(xlabel="probability (%)", xlim=(0, 100), ylim=(len(classes) - 0.5, -0.5))
    return ax


def predictions(clips: pd.DataFrame, *, n_columns: int = 3, axes: np.ndarray | None = None) -> np.ndarray:
    """:func:`prediction` of several clips side by side.

    Parameters
    ----------
    clips : pd.DataFrame
        Rows of a table of out-of-fold predictions.
    n_columns : int
    axes : np.ndarray of Axes, optional
        One for each clip, or more.

    Returns
    -------
    np.ndarray of Axes [shape=(len(clips),)]

    Notebook: 03_mlp_baseline.ipynb
    """
    if axes is None:
        height = 0.29 * sum(name.startswith("p_") for name in clips) + 0.9
        axes = new_grid(len(clips), n_columns, cell=(2.7, height), margin=(0.5, 0))
    axes = np.ravel(axes)
    for ax in axes[len(clips) :]:
        ax.remove()
    for ax, (_, clip) in zip(axes, clips.iterrows(), strict=False):
        prediction(clip, ax=ax)
        ax.label_outer()
    return axes[: len(clips)]


_COLUMNS = 2000
"""Number of intervals whose minimum and maximum are drawn instead of all samples of a long waveform."""


def timeline(rows: Sequence[dict], classes: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Probabilities of all classes over time in percent, stacked to 100.

    An earlier timeline on the same ``ax`` is replaced.

    Parameters
    ----------
    rows : sequence of dict
        Predictions of windows, from :func:`sercore.bundle.predict_windows`.
    classes : sequence of str
    ax : Axes, optional

    See Also
    --------
    sercore.bundle.over_time : The probabilities that are drawn.
    recording : Waveform and timeline.

    Examples
    --------
    >>> row = {"start": 0.0, "end": 3.0, "proba": {"happy": 0.8, "sad": 0.2}}
    >>> timeline([row], ("happy", "sad")).get_ylabel()
    'probability (%)'
    """
    ax = new_axes(ax, figsize=(WIDTH, 2.8))
    edges, proba = over_time(rows, classes)
    for old in list(ax.collections):
        old.remove()
    steps, percent = (
        np.repeat(edges, 2)[1:-1],
        100 * np.repeat(proba, 2, axis=0),
    )  # both ends of each interval
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
    """Waveform, and below it the :func:`timeline` and, if known, the true emotions.

    To draw other windows of the same recording, call :func:`timeline` with the lower axes.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    rows, classes
        As in :func:`timeline`.
    truth : pd.DataFrame, optional
        True emotions: columns ``start`` and ``end`` in seconds, ``emotion``.
    axes : two Axes, optional

    Returns
    -------
    two Axes
        Waveform and timeline.
    """
    if axes is None:
        import matplotlib.pyplot as plt

        _, axes = plt.subplots(2, 1, figsize=(WIDTH, 4.4), sharex=True, height_ratios=(2, 5))
    above, below = axes
    edges = np.linspace(0, len(wave), min(len(wave), _COLUMNS), endpoint=False).astype(int)
    lowest, highest = (extreme.reduceat(wave, edges) for extreme in (np.minimum, np.maximum))
    above.fill_between(edges / sr, lowest, highest, color=BLUE, lw=0.5)
    above.set(ylabel="wave")
    above.tick_params(labelbottom=False)
    timeline(rows, classes, ax=below)
    for ax in axes:
        ax.set_xlim(0, len(wave) / sr)
    handles = [below.fill(np.nan, np.nan, color=color_of(name), label=name)[0] for name in classes]
    below.legend(
        handles=handles[::-1], loc="lower left", bbox_to_anchor=(1.0, -0.02), handlelength=1.0,
        labelspacing=0.3, frameon=False,
    )  # fmt: skip
    if truth is not None:
        _add_truth(below, truth)
    return above, below


def _add_truth(ax: Axes, truth: pd.DataFrame) -> None:
    """A strip below the axis with the true emotion of each segment."""
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
    ax.text(1.01, -0.085, "← true", transform=ax.transAxes, va="center")

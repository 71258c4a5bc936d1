"""Ranges, colour bars and named rows that pictures of descriptors share.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .style import LABELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    from ..features import Recipe

RANGE_DB = 70.0
"""Levels further than this below the loudest point are drawn as dark as it goes."""

PITCH_CLASSES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def limits_of(tracks: list[np.ndarray], name: str) -> tuple[float, float]:
    """Lowest and highest value to draw so that all tracks fit.

    Levels reach :data:`RANGE_DB` below the loudest; waves and cepstra are symmetric around zero,
    and the largest tenth of cepstral values is cut off.
    """
    values = np.concatenate([np.ravel(np.atleast_2d(track)[first_row(name) :]) for track in tracks])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if is_signed(name):
        high = 1.05 * max(-low, high, 1e-6)
        if name.startswith("mfcc"):  # coefficient 1 would leave the others pale
            high = max(float(np.percentile(np.abs(values), 90)), 1e-6)
        return -high, high
    if name == "log_mel":
        return high - RANGE_DB, high
    margin = 0.05 * max(high - low, 1e-6)
    return (low - margin, high + margin) if np.atleast_2d(tracks[0]).shape[0] == 1 else (low, high)


def is_signed(name: str) -> bool:
    """Whether values lie on both sides of zero and zero means nothing is there."""
    return name in ("wave", "tonnetz") or name.startswith("mfcc")


def first_row(name: str) -> int:
    """First row that is drawn: 1 for the cepstrum, whose row 0 is the level."""
    return int(name == "mfcc")


def add_colorbar(image: AxesImage, axes: list[Axes], name: str) -> None:
    """Colour bar beside some axes; pointed where values lie beyond it."""
    extend = "both" if name.startswith("mfcc") else "neither"
    label = LABELS.get(name, name).replace("\n", " ")
    axes[0].figure.colorbar(image, ax=axes, label=label, extend=extend)


def name_rows(ax: Axes, name: str, track: np.ndarray, recipe: Recipe) -> None:
    """Ticks and label of an image's vertical axis."""
    if name in ("mel", "log_mel"):
        import librosa

        hertz = librosa.mel_frequencies(n_mels=len(track) + 2, fmin=recipe.fmin, fmax=recipe.fmax)[1:-1]
        wanted = [f for f in (250, 1000, 4000) if hertz[0] <= f <= hertz[-1]]
        ax.set_yticks(np.interp(wanted, hertz, np.arange(len(hertz))), [str(f) for f in wanted])
        ax.set_ylabel("mel band (Hz)")
    elif name == "chroma":
        ax.set_yticks(range(0, 12, 2), PITCH_CLASSES[::2])
        ax.set_ylabel("pitch class")
    else:
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.set_ylabel("coefficient" if name.startswith("mfcc") else f"row of {name}")

"""Colours, labels and sizes shared by every figure.

Every function of :mod:`sercore.plots` takes ``ax=None``, draws on it, labels its axes with units
and returns it; none computes what another module needs.

Notebook: 01_eda.ipynb
"""
# MERGED DOC: Ranges, colour bars and named rows that pictures of descriptors share.
# MERGED DOC: Several clips side by side, on common axes and one common range of values.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..features import Recipe
from ..features.spectrum import mel_centres

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

    from ..features import Recipe


EMOTION_COLORS = {
    "neutral": "#7e7c78",
    "calm": "#5bbff8",
    "happy": "#d77c18",
    "sad": "#00427b",
    "angry": "#b52100",
    "fearful": "#bf67b1",
    "disgust": "#51904f",
    "surprised": "#f6ba00",
    "boredom": "#222222",
}
"""One colour per emotion, the same in every figure.

The set starts from Okabe and Ito's palette and was moved apart until any two colours differ clearly
(CIELAB distance above 20) for full colour vision and for each kind of colour blindness.
"""

SEX_COLORS = {"female": "#7b3294", "male": "#3c9a50", "": "#c8c8c8"}
"""Colours of the corpora's column ``sex``."""

SEQUENTIAL = "magma"
"""Colour map of levels and counts: dark is little, bright is much, readable in grey."""

LABELS = {
    "time": "time (s)",
    "frequency": "frequency (Hz)",
    "wave": "amplitude\n(full scale = 1)",
    "level": "level (dB)",
    "mel": "power in mel bands\n(full scale = 1)",
    "log_mel": "level (dB)",
    "mfcc": "coefficient (dB)",
    "mfcc_delta": "slope (dB per frame)",
    "mfcc_delta2": "curvature (dB per frame²)",
    "chroma": "power (0 to 1)",
    "tonnetz": "tonal axis (no unit)",
    "centroid": "spectral centroid (Hz)",
    "bandwidth": "spectral bandwidth (Hz)",
    "rolloff": "85 % roll-off (Hz)",
    "flatness": "flatness\n(0 tone, 1 noise)",
    "contrast": "peak above valley (dB)",
    "rms": "RMS amplitude\n(full scale = 1)",
    "rms_db": "level\n(dB re full scale)",
    "zcr": "zero crossings\n(per sample)",
    "f0": "pitch (semitones\nabove 27.5 Hz)",
    "voicing": "periodicity\n(0 to 1)",
    "duration": "duration (s)",
    "clips": "number of clips",
}
"""Axis labels with units, by descriptor (:data:`sercore.features.DESCRIPTORS`) or quantity."""


def use_course_style() -> None:
    """Set matplotlib's defaults for a notebook: readable text, light files, no clutter.

    This is the one function of the package that changes global settings.
    """
    import matplotlib as mpl

    mpl.rcParams.update(
        {
            "figure.dpi": 72,
            "figure.figsize": (8, 2.6),
            "figure.constrained_layout.use": True,
            "font.size": 12,
            "axes.titlesize": 13,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.grid": False,
            "grid.color": "#dddddd",
            "legend.frameon": False,
            "image.cmap": SEQUENTIAL,
        }
    )


def new_axes(ax: Axes | None, *, figsize: tuple[float, float] = (8, 2.6)) -> Axes:
    """The given axes, or those of a new figure of ``figsize`` inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize)[1]


def color_of(emotion: str) -> str:
    """Colour of an emotion; grey for a class that is no emotion of ours."""
    return EMOTION_COLORS.get(emotion, "#7e7c78")


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
        hertz = mel_centres(recipe)
        wanted = [f for f in (250, 1000, 4000) if hertz[0] <= f <= hertz[-1]]
        ax.set_yticks(np.interp(wanted, hertz, np.arange(len(hertz))), [str(f) for f in wanted])
        ax.set_ylabel("mel band (Hz)")
    elif name == "chroma":
        ax.set_yticks(range(0, 12, 2), PITCH_CLASSES[::2])
        ax.set_ylabel("pitch class")
    else:
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.set_ylabel("coefficient" if name.startswith("mfcc") else f"row of {name}")

"""Colours, labels and sizes shared by every figure.

Every function of :mod:`sercore.plots` takes ``ax=None``, draws on it, labels its axes with units
and returns it; none computes what another module needs.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..labels import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


def in_order(emotions: Iterable[str]) -> list[str]:
    """The emotions that occur, once each, in the order of every table and figure."""
    present = set(emotions)
    return [emotion for emotion in EMOTIONS if emotion in present] + sorted(present - set(EMOTIONS))


def color_of(emotion: str) -> str:
    """Colour of an emotion; grey for a class that is no emotion of ours."""
    return EMOTION_COLORS.get(emotion, "#7e7c78")

"""Colours, labels, value ranges and axes shared by the figures of :mod:`sercore.plots`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

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

Derived from the palette of Okabe and Ito: any two colours have a CIELAB distance above 20 in normal
vision and in each kind of colour blindness.
"""

SEX_COLORS = {"female": "#7b3294", "male": "#3c9a50", "": "#c8c8c8"}
"""Colours of the values of the index column ``sex``."""

BLUE, ORANGE, GREEN, RED, GREY = "#00427b", "#d77c18", "#51904f", "#b52100", "#7e7c78"
PINK, SKY, BLACK = "#bf67b1", "#5bbff8", "#222222"
"""Colours of lines and bars that do not represent an emotion."""

SERIES = (
    (BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "D", "-."), (PINK, "^", (0, (5, 1, 1, 1, 1, 1))),
    (GREY, "v", ":"), (RED, "P", (0, (8, 2))), (SKY, "X", (0, (3, 1))), (BLACK, "*", (0, (1, 1))),
)  # fmt: skip
"""Colour, marker and line style of several series in one figure, by order of occurrence.

The colours are also matplotlib's cycle after :func:`use_course_style`. Markers and line styles distinguish
the series in grey prints, too.
"""

WIDTH = 8.6
"""Width in inches of a figure that fills a notebook cell on a laptop, 946 pixels."""

SEQUENTIAL = "magma"
"""Colour map of levels: dark is low, bright is high, also when printed in grey."""

SIGNED = "PuOr_r"
"""Colour map of signed values: orange is positive, purple is negative."""

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
    "contrast": "peak to valley\n(10 log10 of magnitudes)",
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
    """Set matplotlib's defaults for a notebook: figures as wide as a cell, large text, the course palette.

    In a notebook, image files have two pixels per displayed pixel, so that text stays sharp on a projector
    and on screens of high resolution. This is the only function of the package that changes global settings
    of matplotlib.

    Notebook: 01_eda.ipynb
    """
    import matplotlib as mpl

    mpl.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.figsize": (WIDTH, 3),
            "axes.prop_cycle": mpl.cycler(color=[color for color, _, _ in SERIES]),
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
            "image.interpolation": "nearest",  # exact cells, and small image files
        }
    )
    if "ipykernel" in sys.modules:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("retina")


def new_axes(ax: Axes | None, *, figsize: tuple[float, float] = (WIDTH, 3)) -> Axes:
    """The given axes, or those of a new figure of ``figsize`` inches.

    Notebook: 04_lstm_bilstm.ipynb
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize)[1]


def new_grid(
    n: int, n_columns: int, *, cell: tuple[float, float], margin: tuple[float, float], **options
) -> np.ndarray:
    """The Axes of a new figure in a grid without empty places, [shape=(n,)]; sizes in inches."""
    import matplotlib.pyplot as plt

    n_columns = min(n, n_columns)
    n_rows = -(-n // n_columns)
    size = (cell[0] * n_columns + margin[0], cell[1] * n_rows + margin[1])
    axes = plt.subplots(n_rows, n_columns, figsize=size, sharey=True, squeeze=False, **options)[1].ravel()
    for ax in axes[n:]:
        ax.remove()
    return axes[:n]


def label_outside(axes: np.ndarray, n_columns: int) -> None:
    """Label only the outer axes of a grid, the lowest of every column included."""
    for k, ax in enumerate(axes):
        label = ax.get_xlabel()
        ax.label_outer()
        if k + n_columns >= len(axes):
            ax.tick_params(labelbottom=True)
            ax.set_xlabel(label)


def color_of(emotion: str) -> str:
    """Colour of an emotion; grey for other classes.

    Examples
    --------
    >>> color_of("neutral"), color_of("unknown")
    ('#7e7c78', '#7e7c78')

    Notebook: 01_eda.ipynb
    """
    return EMOTION_COLORS.get(emotion, GREY)


RANGE_DB = 70.0
"""Range of levels in decibels; lower levels have the darkest colour."""

PITCH_CLASSES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def limits_of(tracks: list[np.ndarray], name: str) -> tuple[float, float]:
    """Lower and upper limit of the values of several tracks, for a common axis or colour bar.

    Levels span :data:`RANGE_DB` below the maximum. Limits of waveforms and cepstra are symmetric around
    zero; those of cepstra exclude the largest 10 % of absolute values.

    Parameters
    ----------
    tracks : list of np.ndarray [shape=(n_rows, n_frames) or (n_samples,)]
    name : str
        ``wave`` or a name from :data:`sercore.features.DESCRIPTORS`.

    Examples
    --------
    >>> limits_of([np.array([[-30.0, -10.0]])], "log_mel")
    (-80.0, -10.0)
    """
    values = np.concatenate([np.ravel(np.atleast_2d(track)[first_row(name) :]) for track in tracks])
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if is_signed(name):
        high = 1.05 * max(-low, high, 1e-6)
        if name.startswith("mfcc"):  # otherwise coefficient 1 determines the range
            high = max(float(np.percentile(np.abs(values), 90)), 1e-6)
        return -high, high
    if name == "log_mel":
        return high - RANGE_DB, high
    margin = 0.05 * max(high - low, 1e-6)
    return (low - margin, high + margin) if np.atleast_2d(tracks[0]).shape[0] == 1 else (low, high)


def is_signed(name: str) -> bool:
    """Whether a descriptor has positive and negative values around a neutral zero."""
    return name in ("wave", "tonnetz") or name.startswith("mfcc")


def first_row(name: str) -> int:
    """First row to draw: 1 for the cepstrum, whose row 0 is the level."""
    return int(name == "mfcc")


def add_colorbar(image: AxesImage, axes: list[Axes], name: str) -> None:
    """Colour bar beside some axes; pointed if values may exceed it."""
    extend = "both" if name.startswith("mfcc") else "neither"
    label = LABELS.get(name, name).replace("\n", " ")
    axes[0].figure.colorbar(image, ax=axes, label=label, extend=extend)


def name_rows(ax: Axes, name: str, track: np.ndarray, recipe: Recipe) -> None:
    """Ticks and label of the vertical axis of an image of a descriptor."""
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


def frame_seconds(n_frames: int, recipe: Recipe) -> np.ndarray:
    """Time of the centre of each frame in seconds."""
    return np.arange(n_frames) * recipe.hop_length / recipe.sr


def draw_rows(
    ax: Axes, rows: np.ndarray, recipe: Recipe, *, first: int = 0, top: float | None = None, **options
) -> AxesImage:
    """Rows over time, each cell centred on its value; the vertical axis is row numbers, or 0 to ``top``."""
    step = recipe.hop_length / recipe.sr
    height = 1.0 if top is None else top / max(1, len(rows) - 1)
    extent = (-step / 2, (rows.shape[1] - 0.5) * step, first - height / 2, first + (len(rows) - 0.5) * height)
    options = {"cmap": SEQUENTIAL, "interpolation": "nearest"} | options
    ax.set(xlabel=LABELS["time"])
    return ax.imshow(rows, origin="lower", aspect="auto", extent=extent, **options)

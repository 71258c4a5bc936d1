"""Pictures of one clip: wave, spectrum, spectrogram, descriptors over time.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..features import Recipe, Spectrum, get_recipe
from ..features.spectrum import frequencies
from .style import (
    LABELS,
    RANGE_DB,
    SEQUENTIAL,
    add_colorbar,
    color_of,
    first_row,
    is_signed,
    limits_of,
    name_rows,
    new_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage


def waveform(wave: np.ndarray, sr: int, *, color: str = "#00427b", ax: Axes | None = None) -> Axes:
    """Amplitude over time, in seconds.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    color : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = new_axes(ax, figsize=(8, 2.2))
    ax.plot(np.arange(len(wave)) / sr, wave, color=color, lw=0.6)
    ax.set(xlabel=LABELS["time"], ylabel=LABELS["wave"], xlim=(0, len(wave) / sr))
    return ax


def spectrum(spectrum: Spectrum, *, label: str | None = None, ax: Axes | None = None, **options) -> Axes:
    """Level over frequency, averaged over the clip, in dB below the strongest frequency.

    Parameters
    ----------
    spectrum : Spectrum
    label : str, optional
        Entry of a legend.
    ax : Axes, optional
    **options
        Of ``Axes.plot``, such as ``color``.

    Returns
    -------
    Axes
    """
    ax = new_axes(ax, figsize=(8, 2.6))
    level = _decibel(spectrum.power.mean(axis=0))
    ax.plot(
        frequencies(spectrum.recipe),
        level - level.max(),
        label=label,
        **{"lw": 1.5, "color": "#00427b"} | options,
    )
    ax.set(xlabel=LABELS["frequency"], ylabel="level (dB below peak)", xlim=(0, spectrum.recipe.sr / 2))
    ax.grid(True, axis="both")
    return ax


def spectrogram(spectrum: Spectrum, *, fmax: float | None = None, ax: Axes | None = None) -> Axes:
    """Level over time and frequency in dB below the clip's peak, with a colour bar.

    Parameters
    ----------
    spectrum : Spectrum
    fmax : float, optional
        Top of the picture in Hz; by default half the sample rate.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = new_axes(ax, figsize=(8, 2.6))
    hertz = frequencies(spectrum.recipe)
    level = _decibel(spectrum.power.T[hertz <= (fmax or hertz[-1])])
    image = _image(
        ax, level - level.max(), spectrum.recipe, top=hertz[len(level) - 1], vmin=-RANGE_DB, vmax=0
    )
    ax.set(ylabel=LABELS["frequency"])
    ax.figure.colorbar(image, ax=ax, label="dB below peak")
    return ax


def pitch(f0: np.ndarray, *, recipe: str | Recipe = "default", ax: Axes | None = None, **options) -> Axes:
    """Pitch over time in hertz; gaps are unvoiced. Fits on top of a :func:`spectrogram`.

    Parameters
    ----------
    f0 : np.ndarray [shape=(n_frames,) or (1, n_frames)]
        Semitones above 27.5 Hz, NaN where unvoiced, as in ``features.compute(wave, ("f0",))``.
    recipe : str or Recipe
    ax : Axes, optional
    **options
        Of ``Axes.plot``, such as ``color``.

    Returns
    -------
    Axes
    """
    ax = new_axes(ax, figsize=(8, 2.2))
    hertz = 27.5 * 2 ** (np.ravel(f0) / 12)
    ax.plot(_seconds(len(hertz), get_recipe(recipe)), hertz, **{"lw": 2.5, "color": "#00427b"} | options)
    ax.set(xlabel=LABELS["time"], ylabel=LABELS["frequency"])
    return ax


def descriptor(
    track: np.ndarray,
    name: str,
    *,
    recipe: str | Recipe = "default",
    limits: tuple[float, float] | None = None,
    colorbar: bool = True,
    color: str = "#00427b",
    ax: Axes | None = None,
) -> Axes:
    """One descriptor over time: a curve if it is one number a frame, else an image.

    Cepstral coefficient 0 is left out of the image: it is the overall level, so large that the
    others would look alike.

    Parameters
    ----------
    track : np.ndarray [shape=(n_rows, n_frames)]
        As from :func:`sercore.features.compute` with the same recipe.
    name : str
        From :data:`sercore.features.DESCRIPTORS`; chooses labels and colours.
    recipe : str or Recipe
    limits : (float, float), optional
        Lowest and highest value shown; :func:`side_by_side` passes common ones.
    colorbar : bool
        Whether an image gets its colour bar.
    color : str
        Of a curve.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    recipe, track = get_recipe(recipe), np.atleast_2d(track)
    low, high = limits or limits_of([track], name)
    if len(track) == 1:
        ax = new_axes(ax, figsize=(8, 2.2))
        seconds = _seconds(track.shape[1], recipe)
        ax.plot(seconds, track[0], color=color, lw=1.8)
        ax.set(xlabel=LABELS["time"], ylabel=LABELS.get(name, name), xlim=(0, seconds[-1]), ylim=(low, high))
        return ax
    ax = new_axes(ax, figsize=(8, 2.6))
    first = first_row(name)
    cmap = "PuOr_r" if is_signed(name) else SEQUENTIAL
    image = _image(ax, track[first:], recipe, first=first, vmin=low, vmax=high, cmap=cmap)
    name_rows(ax, name, track, recipe)
    if colorbar:
        add_colorbar(image, [ax], name)
    return ax


def _seconds(n_frames: int, recipe: Recipe) -> np.ndarray:
    """Time of the middle of each frame."""
    return np.arange(n_frames) * recipe.hop_length / recipe.sr


def _decibel(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(power, 1e-12))


def _image(
    ax: Axes, rows: np.ndarray, recipe: Recipe, *, first: int = 0, top: float | None = None, **options
) -> AxesImage:
    """Rows over time, each cell centred on its value; row numbers, or a quantity from 0 to ``top``."""
    step = recipe.hop_length / recipe.sr
    height = 1.0 if top is None else top / max(1, len(rows) - 1)
    extent = (-step / 2, (rows.shape[1] - 0.5) * step, first - height / 2, first + (len(rows) - 0.5) * height)
    settings = {"cmap": SEQUENTIAL, "interpolation": "nearest"} | options
    ax.set(xlabel=LABELS["time"])
    return ax.imshow(rows, origin="lower", aspect="auto", extent=extent, **settings)


def side_by_side(
    tracks: Mapping[str, np.ndarray],
    name: str,
    *,
    recipe: str | Recipe = "default",
    n_columns: int = 4,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """The same picture of several clips, on common axes and one common range of values.

    With a colour scale of its own, the softest whisper would look as loud as a shout.

    Parameters
    ----------
    tracks : mapping of str to np.ndarray
        Title (an emotion gets its colour) to one descriptor [shape=(n_rows, n_frames)], or to a
        waveform [shape=(n_samples,)] with ``name="wave"``.
    name : str
        ``wave`` or a name from :data:`sercore.features.DESCRIPTORS`.
    recipe : str or Recipe
        Tells the sample rate and the seconds from frame to frame.
    n_columns : int
    axes : np.ndarray of Axes, optional
        At least as many as there are clips.

    Returns
    -------
    np.ndarray of Axes [shape=(len(tracks),)]
    """
    recipe = get_recipe(recipe)
    axes = _grid(len(tracks), n_columns) if axes is None else np.ravel(axes)[: len(tracks)]
    limits = limits_of(list(tracks.values()), name)
    step = 1 / recipe.sr if name == "wave" else recipe.hop_length / recipe.sr
    longest = max(np.atleast_2d(track).shape[1] for track in tracks.values()) * step
    for ax, (title, track) in zip(axes, tracks.items(), strict=True):
        if name == "wave":
            waveform(track, recipe.sr, color=color_of(title), ax=ax).set_ylim(*limits)
        else:
            descriptor(
                track, name, recipe=recipe, limits=limits, colorbar=False, color=color_of(title), ax=ax
            )
        ax.set_title(title)
        ax.set_xlim(0, longest)
        if ax.images:
            ax.images[0].set_interpolation("antialiased")  # small panels have fewer pixels than frames
            ax.set_facecolor("0.85")
    images = [ax.images[0] for ax in axes if ax.images]
    if images:
        add_colorbar(images[0], list(axes), name)
    _label_outside(axes, n_columns)
    return axes


def _label_outside(axes: np.ndarray, n_columns: int) -> None:
    """One name per side of a grid; ticks and their numbers only at its edges."""
    for ax in axes:
        ax.label_outer()
    vertical = axes[0].get_ylabel()
    for ax in axes:
        ax.set(ylabel="")
    rows = axes[::n_columns]
    rows[len(rows) // 2].set_ylabel(vertical, y=1.0 if len(rows) % 2 == 0 else 0.5)


def _grid(n: int, n_columns: int) -> np.ndarray:
    """Axes of a new figure with shared axes, [shape=(n,)]; empty places are removed."""
    import matplotlib.pyplot as plt

    n_columns = min(n, n_columns)
    n_rows = -(-n // n_columns)
    size = (1.5 * n_columns + 0.8, 1.05 * n_rows + 0.4)
    _, axes = plt.subplots(
        n_rows, n_columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    for ax in axes.flat[n:]:
        ax.remove()
    return axes.flat[:n]

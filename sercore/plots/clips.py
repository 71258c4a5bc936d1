"""Figures of clips: waveform, spectrum, spectrogram, descriptors over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..features import Recipe, Spectrum, get_recipe
from ..features.spectrum import frequencies
from .style import (
    BLUE,
    LABELS,
    RANGE_DB,
    SEQUENTIAL,
    SIGNED,
    WIDTH,
    add_colorbar,
    color_of,
    draw_rows,
    first_row,
    frame_seconds,
    is_signed,
    label_outside,
    limits_of,
    name_rows,
    new_axes,
    new_grid,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def waveform(wave: np.ndarray, sr: int, *, color: str = BLUE, ax: Axes | None = None) -> Axes:
    """Amplitude over time in seconds.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    color : str
    ax : Axes, optional

    See Also
    --------
    side_by_side : Waveforms of several clips with a common range.

    Examples
    --------
    >>> waveform(np.zeros(8000), 16000).get_xlim()[1].item()
    0.5

    Notebook: 01_eda.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 2.4))
    ax.plot(np.arange(len(wave)) / sr, wave, color=color, lw=0.6)
    ax.set(xlabel=LABELS["time"], ylabel=LABELS["wave"], xlim=(0, len(wave) / sr))
    return ax


def spectrum(spectrum: Spectrum, *, label: str | None = None, ax: Axes | None = None, **options) -> Axes:
    """Mean power over frequency, in dB below its peak.

    Parameters
    ----------
    spectrum : Spectrum
    label : str, optional
        Legend entry.
    ax : Axes, optional
    **options
        Passed to ``Axes.plot``, such as ``color``.

    Notebook: 01_eda.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3))
    level = _decibel(spectrum.power.mean(axis=0))
    ax.plot(
        frequencies(spectrum.recipe),
        level - level.max(),
        label=label,
        **{"lw": 1.5, "color": BLUE} | options,
    )
    ax.set(xlabel=LABELS["frequency"], ylabel="level (dB below peak)", xlim=(0, spectrum.recipe.sr / 2))
    ax.grid(True, axis="both")
    return ax


def spectrogram(spectrum: Spectrum, *, fmax: float | None = None, ax: Axes | None = None) -> Axes:
    """Level over time and frequency in dB below the peak of the clip, with a colour bar.

    Parameters
    ----------
    spectrum : Spectrum
    fmax : float, optional
        Upper limit of the frequency axis in Hz; by default half the sample rate.
    ax : Axes, optional

    See Also
    --------
    stft_window : Spectrogram with another window and step.

    Notebook: 01_eda.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 3))
    hertz = frequencies(spectrum.recipe)
    level = _decibel(spectrum.power.T[hertz <= (fmax or hertz[-1])])
    image = draw_rows(
        ax, level - level.max(), spectrum.recipe, top=hertz[len(level) - 1], vmin=-RANGE_DB, vmax=0
    )
    ax.set(ylabel=LABELS["frequency"])
    ax.figure.colorbar(image, ax=ax, label="dB below peak")
    return ax


def pitch(f0: np.ndarray, *, recipe: str | Recipe = "default", ax: Axes | None = None, **options) -> Axes:
    """Pitch over time in hertz, with gaps in unvoiced frames; may be drawn on a :func:`spectrogram`.

    Parameters
    ----------
    f0 : np.ndarray [shape=(n_frames,) or (1, n_frames)]
        Semitones above 27.5 Hz, NaN in unvoiced frames, as from ``features.compute(wave, ("f0",))``.
    recipe : str or Recipe
    ax : Axes, optional
    **options
        Passed to ``Axes.plot``, such as ``color``.

    Notebook: 01_eda.ipynb
    """
    ax = new_axes(ax, figsize=(WIDTH, 2.4))
    hertz = 27.5 * 2 ** (np.ravel(f0) / 12)
    ax.plot(frame_seconds(len(hertz), get_recipe(recipe)), hertz, **{"lw": 2.5, "color": BLUE} | options)
    ax.set(xlabel=LABELS["time"], ylabel=LABELS["frequency"])
    return ax


def descriptor(
    track: np.ndarray,
    name: str,
    *,
    recipe: str | Recipe = "default",
    limits: tuple[float, float] | None = None,
    colorbar: bool = True,
    color: str = BLUE,
    ax: Axes | None = None,
) -> Axes:
    """One descriptor over time: a curve if it has one row, otherwise an image.

    Cepstral coefficient 0, the overall level, is not drawn: its range would hide the differences between
    the other coefficients.

    Parameters
    ----------
    track : np.ndarray [shape=(n_rows, n_frames)]
        From :func:`sercore.features.compute` with the same recipe.
    name : str
        From :data:`sercore.features.DESCRIPTORS`; determines labels and colours.
    recipe : str or Recipe
    limits : (float, float), optional
        Lower and upper limit of the values.
    colorbar : bool
        Whether to add a colour bar to an image.
    color : str
        Colour of a curve.
    ax : Axes, optional

    See Also
    --------
    side_by_side : Several clips with common limits.
    feature_tracks : Several descriptors of one clip.

    Notebook: 01_eda.ipynb
    """
    recipe, track = get_recipe(recipe), np.atleast_2d(track)
    low, high = limits or limits_of([track], name)
    if len(track) == 1:
        ax = new_axes(ax, figsize=(WIDTH, 2.4))
        seconds = frame_seconds(track.shape[1], recipe)
        ax.plot(seconds, track[0], color=color, lw=1.8)
        ax.set(xlabel=LABELS["time"], ylabel=LABELS.get(name, name), xlim=(0, seconds[-1]), ylim=(low, high))
        return ax
    ax = new_axes(ax, figsize=(WIDTH, 3))
    first = first_row(name)
    cmap = SIGNED if is_signed(name) else SEQUENTIAL
    image = draw_rows(ax, track[first:], recipe, first=first, vmin=low, vmax=high, cmap=cmap)
    name_rows(ax, name, track, recipe)
    if colorbar:
        add_colorbar(image, [ax], name)
    return ax


def _decibel(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(power, 1e-12))


def side_by_side(
    tracks: Mapping[str, np.ndarray],
    name: str,
    *,
    recipe: str | Recipe = "default",
    n_columns: int = 4,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """Waveforms or one descriptor of several clips, on common axes with a common range of values.

    With a separate range for each clip, a whisper would look as loud as a shout.

    Parameters
    ----------
    tracks : mapping of str to np.ndarray
        Title to one descriptor [shape=(n_rows, n_frames)], or to a waveform [shape=(n_samples,)] with
        ``name="wave"``. The name of an emotion as title determines the colour of a curve.
    name : str
        ``wave`` or a name from :data:`sercore.features.DESCRIPTORS`.
    recipe : str or Recipe
        Determines the sample rate and the step between frames.
    n_columns : int
    axes : np.ndarray of Axes, optional
        One for each clip, or more.

    Returns
    -------
    np.ndarray of Axes [shape=(len(tracks),)]

    Notebook: 01_eda.ipynb
    """
    recipe = get_recipe(recipe)
    if axes is None:
        cell = ((WIDTH - 0.8) / min(n_columns, len(tracks)), 1.7)
        options = {"sharex": True, "layout": "constrained"}
        axes = new_grid(len(tracks), n_columns, cell=cell, margin=(0.8, 0.5), **options)
    axes = np.ravel(axes)[: len(tracks)]
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
            ax.set_facecolor("0.85")
    images = [ax.images[0] for ax in axes if ax.images]
    if images:
        add_colorbar(images[0], list(axes), name)
    label_outside(axes, n_columns)
    _label_vertical_axis_once(axes, n_columns)
    return axes


def _label_vertical_axis_once(axes: np.ndarray, n_columns: int) -> None:
    vertical = axes[0].get_ylabel()
    for ax in axes:
        ax.set(ylabel="")
    rows = axes[::n_columns]
    rows[len(rows) // 2].set_ylabel(vertical, y=1.0 if len(rows) % 2 == 0 else 0.5)

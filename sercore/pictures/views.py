"""The pictures of the explorer, the voice lab, the timeline and the occlusion widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import audio, plots
from ..audio import SAMPLE_RATE
from ..features import Spectrum, get_recipe
from ..features.lpc import HOP_SECONDS
from ..features.spectrum import mel_centres
from ..interpret.sonification import OcclusionBox
from ..plots.style import PITCH_CLASSES, RANGE_DB, SEQUENTIAL, SIGNED, limits_of
from . import analysis
from .analysis import N_MFCC, Clip, Settings
from .picture import Axis, Drawn, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bundle import Recording

_MEL_TICKS = (0, 100, 250, 500, 1000, 2000, 3000, 4000, 6000, 8000)


def pictures(
    clips: Sequence[Clip], settings: Settings, *, size: tuple[int, int] = (1200, 330)
) -> list[Drawn]:
    """One picture per clip, all with the same axes and colours.

    Levels are in decibels below the maximum of all clips, so that a softer clip is darker.

    Parameters
    ----------
    clips : sequence of Clip
    settings : Settings
    size : (int, int)
        Width and height of each picture in pixels.

    Raises
    ------
    RecipeError
        The settings are not valid for an analysis, such as an empty frequency range.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    >>> (drawn,) = pictures([Clip(noise)], Settings(view="waveform"))
    >>> drawn.stop
    1.0
    """
    draw = {"waveform": _waveforms, "spectrogram": _spectrograms, "mel": _mels}.get(settings.view, _rows)
    time = Axis(0.0, max(clip.seconds for clip in clips), "time (s)")
    options = {"size": size, "font_size": settings.font_size}
    return [picture.drawn() for picture in draw(clips, settings, time, options)]


def _waveforms(clips, settings, time, options) -> list[Picture]:
    waves = [analysis.emphasised(clip, settings.pre_emphasis) for clip in clips]
    high = 1.05 * max(float(np.abs(wave).max()) for wave in waves)
    amplitude = Axis(-high, high, "amplitude (of full scale)")
    return [
        Picture(time, amplitude, title=clip.title, **options).wave(wave, SAMPLE_RATE)
        for clip, wave in zip(clips, waves, strict=True)
    ]


def _spectrograms(clips, settings, time, options) -> list[Picture]:
    transform = settings.window_ms, settings.step_ms, settings.pre_emphasis
    levels = [analysis.levels(clip, *transform) for clip in clips]
    half = SAMPLE_RATE / settings.recipe.n_fft / 2
    rows = (-half, SAMPLE_RATE / 2 + half)
    hertz = Axis(settings.fmin, settings.fmax, "frequency (Hz)")
    return _images(clips, levels, settings, (time, hertz, rows), options, np.asarray)


def _mels(clips, settings, time, options) -> list[Picture]:
    from librosa import hz_to_mel

    levels = [analysis.spectrum(clip, settings).log_mel.T for clip in clips]
    low, high = hz_to_mel([settings.fmin, settings.fmax])
    half = (high - low) / (settings.n_mels + 1) / 2  # bands overlap by half
    rows = (float(low + half), float(high - half))
    ticks = tuple((float(hz_to_mel(f)), str(f)) for f in _MEL_TICKS)
    mel = Axis(*rows, "mel band (Hz)", ticks)
    return _images(clips, levels, settings, (time, mel, rows), options, hz_to_mel)


def _rows(clips, settings, time, options) -> list[Picture]:
    """MFCC or chroma: rows without a frequency axis."""
    spectra = [analysis.spectrum(clip, settings) for clip in clips]
    if settings.view == "chroma":
        values, edges, cmap = [spectrum.chroma.T for spectrum in spectra], (-0.5, 11.5), SEQUENTIAL
        bar, ticks = Axis(0.0, 1.0, "power (0 to 1)"), tuple(enumerate(PITCH_CLASSES))
        vertical = Axis(*edges, "pitch class", ticks[::2])
    else:
        cepstra = [spectrum.mfcc.T for spectrum in spectra]
        # coefficient 0 is the level, whose range would hide the others
        values, edges, cmap = [c[1:] for c in cepstra], (0.5, len(cepstra[0]) - 0.5), SIGNED
        bar = Axis(*limits_of(cepstra, "mfcc"), "coefficient (dB)")
        vertical = Axis(*edges, "coefficient", tuple((k, str(k)) for k in range(1, N_MFCC, 3)))
    return [
        Picture(time, vertical, bar=bar, title=clip.title, cmap=cmap, **options).image(
            rows, x=_seconds(rows, settings), y=edges
        )
        for clip, rows in zip(clips, values, strict=True)
    ]


def _images(clips, levels, settings, axes, options, to_axis) -> list[Picture]:
    """Levels in decibels over time and frequency, with the overlays."""
    time, vertical, rows = axes
    loudest = max(float(level.max()) for level in levels)
    bar = Axis(-settings.range_db, 0.0, "dB below peak")
    made = []
    for clip, level in zip(clips, levels, strict=True):
        picture = Picture(
            time, vertical, bar=bar, title=clip.title, legend=settings.overlays, cmap=SEQUENTIAL, **options
        )
        picture.image(level, x=_seconds(level, settings), y=rows, zero=loudest)
        if "formants" in settings.overlays:
            for track in analysis.formants(clip):
                picture.dots(np.arange(len(track)) * HOP_SECONDS, to_axis(track), "formants")
        if "F0" in settings.overlays:
            f0 = analysis.f0(clip)
            picture.line(np.arange(len(f0)) * HOP_SECONDS, to_axis(f0), "F0")
        made.append(picture)
    return made


def _seconds(rows: np.ndarray, settings: Settings) -> tuple[float, float]:
    """Outer edges of the first and the last frame."""
    step = settings.recipe.hop_length / SAMPLE_RATE
    return -step / 2, (rows.shape[1] - 0.5) * step


SECONDS, LEVELS, HERTZ = 3.2, (-60.0, 20.0), (55.0, 4800.0)
"""Limits of the axes and colours of :func:`voice_picture`."""


def voice_picture(
    wave: np.ndarray, sr: int, *, size: tuple[int, int] = (900, 270), font_size: int = 15
) -> Drawn:
    """Spectrogram with the pitch of a synthetic voice, with the same axes and colours for every voice.

    The frequency axis is logarithmic: raising the pitch shifts the harmonics without changing their distance.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    size : (int, int)
        Width and height in pixels.
    font_size : int
        Font size in pixels.
    """
    recipe = get_recipe("default")
    spectrum = Spectrum(audio.convert(wave, sr, sr=recipe.sr), recipe)
    low, high = np.log2(HERTZ)
    bins = 2 ** np.linspace(low, high, 160) * recipe.n_fft / recipe.sr  # fractional indices of frequency bins
    below, share = bins.astype(int), (bins % 1)[:, None]
    level = 10 * np.log10(np.maximum(spectrum.power.T, 1e-12))
    level = (1 - share) * level[below] + share * level[below + 1]
    ticks = tuple((float(np.log2(f)), str(f)) for f in (100, 200, 400, 800, 1600, 3200))
    step = recipe.hop_length / recipe.sr
    picture = Picture(
        Axis(0, SECONDS, "time (s)"), Axis(low, high, "frequency (Hz)", ticks),
        bar=Axis(*LEVELS, "level (dB)"), title="spectrogram", legend=("F0",), size=size, font_size=font_size,
    )  # fmt: skip
    picture.image(level, x=(-step / 2, (level.shape[1] - 0.5) * step), y=(low, high))
    return picture.line(np.arange(spectrum.n_frames) * step, np.log2(spectrum.pitch[0]), "F0").drawn()


_TICKS = (100, 250, 500, 1000, 2000, 4000, 7000)


def cover_picture(
    spectrum: Spectrum,
    cover: OcclusionBox,
    *,
    title: str = "",
    size: tuple[int, int] = (900, 300),
    font_size: int = 15,
) -> Drawn:
    """Mel spectrogram of a clip with an occluded box: occluded cells are black, the box has a frame.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of the whole clip.
    cover : OcclusionBox
    title : str
    size : (int, int)
        Width and height in pixels.
    font_size : int
        Font size in pixels.
    """
    recipe, level = spectrum.recipe, spectrum.log_mel - spectrum.log_mel.max()
    step, seconds, n_mels = recipe.hop_length / recipe.sr, len(spectrum.wave) / recipe.sr, recipe.n_mels
    centres = mel_centres(recipe)
    ticks = [hertz for hertz in _TICKS if centres[0] <= hertz <= centres[-1]]
    places = np.interp(ticks, centres, np.arange(n_mels)).tolist()
    time = Axis(0.0, seconds, "time (s)")
    bands = Axis(-0.5, n_mels - 0.5, "mel band (Hz)", tuple(zip(places, map(str, ticks), strict=True)))
    bar = Axis(-RANGE_DB, 0.0, "dB below peak")
    picture = Picture(time, bands, bar=bar, title=title, size=size, font_size=font_size)
    shown = np.where(cover.mask(len(level), recipe), -RANGE_DB, level)
    picture.image(shown.T, x=(-step / 2, (len(level) - 0.5) * step), y=(-0.5, n_mels - 0.5))
    left, right = max(cover.start - step / 2, 0.0), min(cover.end + step / 2, seconds)
    low, high = cover.lowest - 0.5, cover.highest + 0.5
    corners = np.array([(left, low), (right, low), (right, high), (left, high), (left, low)])
    return picture.line(corners[:, 0], corners[:, 1], "second").drawn()


_SIZE_INCHES, _DPI = (12.0, 3.4), 100


def timeline_axes(
    recording: Recording, rows: Sequence[dict], classes: Sequence[str], *, font_size: int = 15
) -> tuple[Axes, Axes]:
    """:func:`sercore.plots.recording` on a new figure for :func:`~sercore.pictures.from_axes`.

    Parameters
    ----------
    recording : sercore.bundle.Recording
    rows : sequence of dict
        Predictions of windows, from :func:`sercore.bundle.predict_windows`.
    classes : sequence of str
    font_size : int
        Font size in pixels; the height of the figure grows with it.

    Returns
    -------
    two Axes
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    width, height = _SIZE_INCHES
    style = {"font.size": 72 * font_size / _DPI, "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(style):
        figure = Figure(figsize=(width, height * (1 + font_size / 15) / 2), dpi=_DPI, layout="constrained")
        axes = figure.subplots(2, 1, sharex=True, height_ratios=(2, 5))
        options = {"truth": recording.truth, "axes": axes}
        return plots.recording(recording.wave, recording.sr, rows, classes, **options)


def evidence_axes(
    wave: np.ndarray,
    evidence: np.ndarray,
    *,
    title: str = "",
    size: tuple[int, int] = (900, 300),
    font_size: int = 15,
) -> Axes:
    """:func:`sercore.plots.evidence` on a new figure for :func:`~sercore.pictures.from_axes`.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Waveform at 16 kHz.
    evidence : np.ndarray [shape=(n_frames, n_mels)]
        Attribution map with the frames and bands of the recipe ``log_mel``.
    title : str
    size : (int, int)
        Width and height in pixels.
    font_size : int
        Font size in pixels.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    recipe = get_recipe("log_mel")
    with mpl.rc_context({"font.size": 72 * font_size / _DPI}):
        figure = Figure(figsize=(size[0] / _DPI, size[1] / _DPI), dpi=_DPI, layout="constrained")
        level = Spectrum(wave, recipe).log_mel.T
        ax = plots.evidence(level, evidence, recipe=recipe, ax=figure.subplots())
        ax.set_title(title, fontsize=72 * font_size / _DPI)
        ax.set_xlabel("time (s)")
    return ax

"""What the explorer shows, as a function that works without it: ``pictures(clips, settings)``.

Notebook: demo.ipynb
"""
# MERGED DOC: The picture of the voice lab: a spectrogram on axes that stay where they are.

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import audio
from ..audio import SAMPLE_RATE
from ..features import Spectrum, get_recipe
from ..features.formants import HOP_SECONDS
from ..features.spectrum import mel_centres
from ..interpret.occlusion_mask import OcclusionBox
from ..plots.style import PITCH_CLASSES, SEQUENTIAL, limits_of
from . import analysis
from .analysis import N_MFCC, Clip, Settings
from .picture import Axis, Drawn, Picture

_MEL_TICKS = (0, 100, 250, 500, 1000, 2000, 3000, 4000, 6000, 8000)


def pictures(
    clips: Sequence[Clip], settings: Settings, *, size: tuple[int, int] = (1200, 330)
) -> list[Drawn]:
    """One picture per clip, all with the same axes and colours.

    Decibels are below the loudest point of all clips, so a softer clip looks softer.

    Parameters
    ----------
    clips : sequence of Clip
    settings : Settings
    size : (int, int)
        Width and height of each picture in pixels.

    Returns
    -------
    list of Drawn

    Raises
    ------
    RecipeError
        Settings that no analysis can have, such as a range of frequency without width.
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
    half = (high - low) / (settings.n_mels + 1) / 2  # bands overlap by half; each is drawn around its middle
    rows = (float(low + half), float(high - half))
    ticks = tuple((float(hz_to_mel(f)), str(f)) for f in _MEL_TICKS)
    mel = Axis(*rows, "mel band (Hz)", ticks)
    return _images(clips, levels, settings, (time, mel, rows), options, hz_to_mel)


def _rows(clips, settings, time, options) -> list[Picture]:
    """MFCC or chroma: rows without a frequency."""
    spectra = [analysis.spectrum(clip, settings) for clip in clips]
    if settings.view == "chroma":
        values, edges, cmap = [spectrum.chroma.T for spectrum in spectra], (-0.5, 11.5), SEQUENTIAL
        bar, ticks = Axis(0.0, 1.0, "power (0 to 1)"), tuple(enumerate(PITCH_CLASSES))
        vertical = Axis(*edges, "pitch class", ticks[::2])
    else:
        cepstra = [spectrum.mfcc.T for spectrum in spectra]
        # coefficient 0 is the level, so large that the others would look alike
        values, edges, cmap = [c[1:] for c in cepstra], (0.5, len(cepstra[0]) - 0.5), "PuOr_r"
        bar = Axis(*limits_of(cepstra, "mfcc"), "coefficient (dB)")
        vertical = Axis(*edges, "coefficient", tuple((k, str(k)) for k in range(1, N_MFCC, 3)))
    return [
        Picture(time, vertical, bar=bar, title=clip.title, cmap=cmap, **options).image(
            rows, x=_seconds(rows, settings), y=edges
        )
        for clip, rows in zip(clips, values, strict=True)
    ]


def _images(clips, levels, settings, axes, options, to_axis) -> list[Picture]:
    """Levels in decibels over time and frequency, with pitch and formants on top."""
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


SECONDS, LEVELS, HERTZ = 3.2, (-60.0, 20.0), (75.0, 4800.0)
"""What the picture's axes show, whatever is said: a faster voice looks shorter, a softer one darker."""


def voice_picture(
    wave: np.ndarray, sr: int, *, size: tuple[int, int] = (900, 270), font_size: int = 15
) -> Drawn:
    """Spectrogram with the pitch on it, on the same axes for every voice.

    Frequency is in octaves, so a voice that is some semitones higher is the same picture, moved up.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Its sample rate in Hz.
    size : (int, int)
        Width and height in pixels.
    font_size : int
        Height of letters in pixels.
    """
    recipe = get_recipe("default")
    spectrum = Spectrum(audio.convert(wave, sr, sr=recipe.sr), recipe)
    low, high = np.log2(HERTZ)
    bins = 2 ** np.linspace(low, high, 160) * recipe.n_fft / recipe.sr  # places between the Fourier bins
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


RANGE_DB = 70.0
_TICKS = (100, 250, 500, 1000, 2000, 4000, 7000)


def cover_picture(
    spectrum: Spectrum,
    cover: OcclusionBox,
    *,
    title: str = "",
    size: tuple[int, int] = (900, 300),
    font_size: int = 15,
) -> Drawn:
    """Mel spectrogram of a clip: what is covered is as dark as silence, the box has a frame.

    Parameters
    ----------
    spectrum : Spectrum
        Of the whole clip.
    cover : OcclusionBox
    title : str
    size : (int, int)
        Width and height in pixels.
    font_size : int
        Height of letters in pixels.
    """
    recipe, level = spectrum.recipe, spectrum.log_mel - spectrum.log_mel.max()
    step, seconds, n_mels = recipe.hop_length / recipe.sr, len(spectrum.wave) / recipe.sr, recipe.n_mels
    places = np.interp(_TICKS, mel_centres(recipe), np.arange(n_mels)).tolist()
    time = Axis(0.0, seconds, "time (s)")
    bands = Axis(-0.5, n_mels - 0.5, "mel band (Hz)", tuple(zip(places, map(str, _TICKS), strict=True)))
    bar = Axis(-RANGE_DB, 0.0, "dB below peak")
    picture = Picture(time, bands, bar=bar, title=title, size=size, font_size=font_size)
    shown = np.where(cover.mask(len(level), recipe), -RANGE_DB, level)
    picture.image(shown.T, x=(-step / 2, (len(level) - 0.5) * step), y=(-0.5, n_mels - 0.5))
    left, right = max(cover.start - step / 2, 0.0), min(cover.end + step / 2, seconds)
    low, high = cover.lowest - 0.5, cover.highest + 0.5
    corners = np.array([(left, low), (right, low), (right, high), (left, high), (left, low)])
    return picture.line(corners[:, 0], corners[:, 1], "second").drawn()

"""What the explorer shows, as a function that works without it: ``pictures(clips, settings)``.

Notebook: demo.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..audio import SAMPLE_RATE
from ..features.formants import HOP_SECONDS
from ..plots.scales import PITCH_CLASSES, limits_of
from ..plots.style import SEQUENTIAL
from . import analyses
from .analyses import N_MFCC, Clip, Settings
from .pictures import Axis, Drawn, Picture

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
    waves = [analyses.emphasised(clip, settings.pre_emphasis) for clip in clips]
    high = 1.05 * max(float(np.abs(wave).max()) for wave in waves)
    amplitude = Axis(-high, high, "amplitude (of full scale)")
    return [
        Picture(time, amplitude, title=clip.title, **options).wave(wave, SAMPLE_RATE)
        for clip, wave in zip(clips, waves, strict=True)
    ]


def _spectrograms(clips, settings, time, options) -> list[Picture]:
    transform = settings.window_ms, settings.step_ms, settings.pre_emphasis
    levels = [analyses.levels(clip, *transform) for clip in clips]
    half = SAMPLE_RATE / settings.recipe.n_fft / 2
    rows = (-half, SAMPLE_RATE / 2 + half)
    hertz = Axis(settings.fmin, settings.fmax, "frequency (Hz)")
    return _images(clips, levels, settings, (time, hertz, rows), options, np.asarray)


def _mels(clips, settings, time, options) -> list[Picture]:
    from librosa import hz_to_mel

    levels = [analyses.spectrum(clip, settings).log_mel.T for clip in clips]
    low, high = hz_to_mel([settings.fmin, settings.fmax])
    half = (high - low) / (settings.n_mels + 1) / 2  # bands overlap by half; each is drawn around its middle
    rows = (float(low + half), float(high - half))
    ticks = tuple((float(hz_to_mel(f)), str(f)) for f in _MEL_TICKS)
    mel = Axis(*rows, "mel band (Hz)", ticks)
    return _images(clips, levels, settings, (time, mel, rows), options, hz_to_mel)


def _rows(clips, settings, time, options) -> list[Picture]:
    """MFCC or chroma: rows without a frequency."""
    spectra = [analyses.spectrum(clip, settings) for clip in clips]
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
            for track in analyses.formants(clip):
                picture.dots(np.arange(len(track)) * HOP_SECONDS, to_axis(track), "formants")
        if "F0" in settings.overlays:
            f0 = analyses.f0(clip)
            picture.line(np.arange(len(f0)) * HOP_SECONDS, to_axis(f0), "F0")
        made.append(picture)
    return made


def _seconds(rows: np.ndarray, settings: Settings) -> tuple[float, float]:
    """Outer edges of the first and the last frame."""
    step = settings.recipe.hop_length / SAMPLE_RATE
    return -step / 2, (rows.shape[1] - 0.5) * step

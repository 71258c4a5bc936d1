"""The picture of the voice lab: a spectrogram on axes that stay where they are.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import numpy as np

from .. import audio
from ..features import Spectrum, get_recipe
from .pictures import Axis, Drawn, Picture

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

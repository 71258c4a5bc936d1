"""A waveform from a program, brought to where one from a file would be.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import numpy as np

from .. import audio
from ..errors import AudioError


def as_loaded(wave: np.ndarray, sr: int, target_sr: int) -> np.ndarray:
    """What :func:`sercore.audio.load` would return for a mono float file with these samples.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono float in [-1, 1].
    sr, target_sr : int
        Sample rate of the waveform, and of the result, in Hz.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]

    Raises
    ------
    AudioError
        Not a sample rate of speech, or see :func:`sercore.audio.check`.
    """
    import soxr

    if not 4_000 <= sr <= 768_000:
        raise AudioError(f"sr={sr}: a sample rate of speech is 4000 to 768000 Hz", reason="not-audio")
    audio.check(wave, sr)
    wave = np.asarray(wave, dtype=np.float32)
    wave = wave - wave.mean()
    if sr != target_sr:
        wave = soxr.resample(wave, sr, target_sr, quality="HQ")
        audio.check(wave, target_sr)
    return np.clip(wave, -1.0, 1.0, out=wave)

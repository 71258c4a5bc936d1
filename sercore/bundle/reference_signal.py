"""A sound that needs no file: what a model answers to it tells whether it still is the same model.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import numpy as np


def reference_signal(sr: int, *, seconds: float = 1.2) -> np.ndarray:
    """A voice-like glide with two pauses, made of sines alone.

    Parameters
    ----------
    sr : int
        Sample rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]
        The same on every machine to rounding, and at every sample rate the same sound.
    """
    t = np.arange(round(seconds * sr)) / sr
    phase = 2 * np.pi * (130 * t + 35 * t**2)
    voice = sum(np.sin(k * phase) / k for k in range(1, 16))
    hiss = sum(np.sin(2 * np.pi * hertz * t + hertz) for hertz in (2311.0, 3109.0, 4253.0, 5737.0))
    level = np.clip(0.5 - 0.7 * np.cos(2 * np.pi * 2.5 * t), 0.0, 1.0)
    return (level * (0.25 * voice + 0.01 * hiss)).astype(np.float32)

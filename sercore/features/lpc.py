"""Formants from linear predictive coding (LPC).

A vocal tract without side branches is an all-pole filter, so its resonances are the poles of a linear
predictor of the speech signal (Atal & Hanauer 1971, JASA 50; Markel & Gray 1976). The predictor is fitted by
Burg's method (``librosa.lpc``); window, pre-emphasis and number of poles follow Praat's defaults.
"""

from __future__ import annotations

import numpy as np

from ..audio import check_array

HOP_SECONDS, WINDOW_SECONDS = 0.01, 0.05
"""Hop, and length of a Gaussian window whose effective length is about half of it."""

_WIDEST = 500.0  # Hz; poles of larger bandwidth shape the spectral tilt and are not resonances
_AUDIBLE = 0.02  # RMS relative to the loudest frame


def formants(wave: np.ndarray, sr: int, *, n_formants: int = 3, fmax: float = 5500.0) -> np.ndarray:
    """Frequencies of the lowest resonances of the vocal tract in hertz, every 10 ms.

    Making the clip louder does not change them. They are reliable in vowels, and less so between vowels, for
    high voices and in noise.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform.
    sr : int
        Sample rate in Hz.
    n_formants : int
        Number of formants, at most five.
    fmax : float
        Frequency below which five resonances are expected: 5500 Hz suits women's voices, 5000 Hz men's.

    Returns
    -------
    np.ndarray [shape=(n_formants, n_frames)]
        Ascending in each frame; NaN if fewer were found or the frame is quiet. Frame *t* is centred on
        ``0.01 * t`` seconds.

    Raises
    ------
    AudioError
        ``wave`` is not a mono waveform, is empty or not finite.
    """
    import librosa  # imported here, because it is slow to import
    import soxr

    check_array(wave)
    rate = 2.0 * min(fmax, sr / 2)
    slow = soxr.resample(np.asarray(wave, dtype=np.float64), sr, rate, quality="HQ")
    frames = _windows(slow, rate)
    level = np.sqrt(np.mean(np.square(frames), axis=1))
    audible = level > max(_AUDIBLE * level.max(initial=0.0), 1e-9)
    found = np.full((n_formants, len(frames)), np.nan)
    if audible.any():
        predictors = librosa.lpc(frames[audible] / level[audible, None], order=10, axis=-1)
        found[:, audible] = _resonances(predictors, rate, n_formants).T
    return found


def _windows(wave: np.ndarray, rate: float) -> np.ndarray:
    """Pre-emphasised windows centred every 10 ms, [shape=(n_frames, n_samples)]."""
    emphasis = np.exp(-2 * np.pi * 50.0 / rate)  # +6 dB per octave above 50 Hz
    wave = np.append(wave[:1], wave[1:] - emphasis * wave[:-1])
    n = round(WINDOW_SECONDS * rate)
    centres = np.rint(np.arange(0.0, len(wave), HOP_SECONDS * rate)).astype(int)
    padded = np.pad(wave, (n // 2, n))
    position = (np.arange(1, n + 1) - 0.5 * (n + 1)) / (n + 1)
    shape = (np.exp(-48.0 * position**2) - np.exp(-12.0)) / (1 - np.exp(-12.0))  # Praat's Gaussian
    return np.lib.stride_tricks.sliding_window_view(padded, n)[centres] * shape


def _resonances(predictors: np.ndarray, rate: float, n_formants: int) -> np.ndarray:
    """Frequencies of narrow poles, sorted, [shape=(n_frames, n_formants)]."""
    order = predictors.shape[1] - 1
    companion = np.zeros((len(predictors), order, order))
    companion[:, 0] = -predictors[:, 1:]
    companion[:, np.arange(1, order), np.arange(order - 1)] = 1.0
    poles = np.linalg.eigvals(companion)  # the roots of each polynomial
    hertz = np.angle(poles) * rate / (2 * np.pi)
    width = -np.log(np.maximum(np.abs(poles), 1e-12)) * rate / np.pi
    narrow = (hertz > 90.0) & (hertz < rate / 2 - 50.0) & (width < _WIDEST)
    return np.sort(np.where(narrow, hertz, np.nan), axis=1)[:, :n_formants]  # NaN is sorted to the end

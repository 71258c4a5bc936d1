"""Fundamental frequency and voicing from the autocorrelation of each window.

The method is that of Boersma (1993): the autocorrelation of the windowed signal is divided by that of the
window, so that a perfectly periodic sound has the value 1 at its period. The lag of the strongest peak is
the period, and its height measures how voiced the frame is. As in De Looze & Hirst (2008), there are two
passes: the first covers a wide range and finds the pitch range of the clip, the second searches only within
that range. This removes most octave errors without a model of the speaker.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..errors import RecipeError
from .track_statistics import percentile_of_sorted

F0_MIN, F0_MAX = 65.0, 600.0
"""Search range in Hz, from low men's voices to screams."""

VOICED = 0.4
"""Frames with a higher periodicity are voiced."""

_OCTAVE = 0.06  # penalty per octave of lag, against choosing twice the true period


def track(spectrum) -> tuple[np.ndarray, np.ndarray]:
    """Fundamental frequency in hertz and periodicity (0 to 1) of every frame.

    Parameters
    ----------
    spectrum : sercore.features.Spectrum

    Returns
    -------
    f0 : np.ndarray [shape=(n_frames,)]
        Hertz; NaN in unvoiced frames.
    voicing : np.ndarray [shape=(n_frames,)]
        Periodicity from 0 (noise, silence) to 1 (perfectly periodic).

    Raises
    ------
    RecipeError
        The window, or the zero padding after it, is too short for the pitch period of a low voice.
    """
    recipe = spectrum.recipe
    shortest = max(2, int(recipe.sr / F0_MAX))
    # beyond two thirds of the window, the correction amplifies noise more than signal
    n_lags = min(spectrum.autocorrelation.shape[1], int(recipe.win_length * 0.67))
    longest = min(n_lags - 2, int(recipe.sr / F0_MIN))
    if longest < recipe.sr / 100:
        raise RecipeError(
            f"pitch cannot be estimated with win_length={recipe.win_length} and n_fft={recipe.n_fft} at "
            f"{recipe.sr} Hz; use a window of at least 16 ms and n_fft of at least twice its length"
        )
    audible = spectrum.rms > 0.02 * spectrum.rms.max(initial=0.0)
    score = _periodicity(spectrum, longest + 2)
    # twice the period is also a period: favour the shorter lag a little
    favoured = score[:, 1:] - _OCTAVE * np.log2(np.arange(1, longest + 2), dtype=np.float32)
    best = shortest + np.argmax(favoured[:, shortest - 1 : longest], axis=1)
    lag, strength = _refine(score, best, shortest)
    sure = audible & (strength > max(VOICED, 0.75))
    if sure.sum() >= 5:
        ordered = np.sort(recipe.sr / lag[sure])
        low, high = percentile_of_sorted(ordered, [15, 85])
        shortest = max(shortest, int(recipe.sr / (high * 2.0)))
        longest = min(longest, int(recipe.sr / (low * 0.6)) + 1)
        outside = (best < shortest) | (best > longest)
        best[outside] = shortest + np.argmax(favoured[outside, shortest - 1 : longest], axis=1)
        lag, strength = _refine(score, best, shortest)
    voicing = np.where(audible, np.clip(strength, 0.0, 1.0), 0.0).astype(np.float32)
    f0 = np.where(voicing > VOICED, recipe.sr / lag, np.nan)
    return _without_jumps(f0).astype(np.float32), voicing


def semitones(f0: np.ndarray) -> np.ndarray:
    """Pitch in semitones above 27.5 Hz.

    Examples
    --------
    >>> semitones(np.array([27.5, 55.0, 440.0])).tolist()
    [0.0, 12.0, 48.0]
    """
    return 12.0 * np.log2(np.asarray(f0) / 27.5)


def bridge_gaps(track: np.ndarray) -> np.ndarray:
    """Linear interpolation over NaN, the nearest value at the ends; zeros if all values are NaN.

    Examples
    --------
    >>> bridge_gaps(np.array([np.nan, 1.0, np.nan, 3.0])).tolist()
    [1.0, 1.0, 2.0, 3.0]
    """
    known = np.flatnonzero(np.isfinite(track))
    if known.size == 0:
        return np.zeros_like(track)
    return np.interp(np.arange(len(track)), known, track[known]).astype(track.dtype)


@lru_cache(maxsize=8)
def _window_autocorrelation(n: int) -> np.ndarray:
    """Autocorrelation of the Hann window, 1 at lag 0, [shape=(n,)]."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    full = np.correlate(window, window, mode="full")[n - 1 :]
    return (full / full[0]).astype(np.float32)


def _periodicity(spectrum, n_lags: int) -> np.ndarray:
    """Window-corrected autocorrelation, averaged over three frames to cover more periods."""
    raw = spectrum.autocorrelation[:, :n_lags]
    padded = np.empty((len(raw) + 2, n_lags), dtype=np.float32)
    padded[0] = padded[-1] = 0.0
    np.multiply(raw, 1 / np.maximum(raw[:, :1], np.finfo(np.float32).tiny), out=padded[1:-1])
    score = padded[:-2] + padded[1:-1]
    score += padded[2:]
    score *= 1 / (3 * _window_autocorrelation(spectrum.recipe.win_length)[:n_lags])
    score[[0, -1]] *= 3 / min(2, len(score))
    return score


def _refine(score: np.ndarray, best: np.ndarray, shortest: int) -> tuple[np.ndarray, np.ndarray]:
    """Lag (samples, interpolated) and height of the peak of each frame at a lag of whole samples."""
    lag, height, _ = _peak(score, best)
    # if a short period is not a whole number of samples, twice the period can have the higher peak
    half, _, top = _peak(score, np.rint(lag / 2).astype(int))
    use_half = (half >= shortest) & (np.abs(half - lag / 2) < 0.5) & (top > height - _OCTAVE)
    return np.where(use_half, half, lag), np.where(use_half, top, height)


def _peak(score: np.ndarray, lag: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Peak of the parabola through three lags: its lag, the score at the sample, the score at the peak."""
    before, here, after = score.take(np.arange(len(score)) * score.shape[1] + lag + [[-1], [0], [1]])
    curvature, slope = before - 2 * here + after, before - after
    shift = np.where(curvature < -1e-6, 0.5 * slope / np.minimum(curvature, -1e-6), 0.0)
    shift = np.minimum(np.maximum(shift, -0.5), 0.5)
    return lag + shift, here, here - 0.25 * slope * shift


def _without_jumps(f0: np.ndarray) -> np.ndarray:
    """Mark voiced frames as unvoiced that are more than seven semitones from the local median."""
    voiced = np.flatnonzero(np.isfinite(f0))
    if voiced.size < 5:
        return f0
    pitch = semitones(f0[voiced])
    padded = np.concatenate([[0.0, 0.0], pitch, [0.0, 0.0]])
    five = [padded[k : k + len(pitch)] for k in range(5)]
    median = np.sort(five, axis=0)[2]  # faster than the filters of scipy
    wild = np.abs(pitch - median) > 7.0
    f0 = f0.copy()
    f0[voiced[wild]] = np.nan
    return f0

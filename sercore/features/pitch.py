"""Fundamental frequency and voicing from the autocorrelation of each window.

The method is Boersma's (1993): divide the autocorrelation of the windowed signal by that of the
window, so that a perfectly periodic sound scores 1 at its period; the strongest peak tells the
period, its height how voiced the frame is. Two steps follow De Looze & Hirst (2008): a first pass
over the wide range finds where this clip's voice lies, a second looks only there, which removes
most octave errors without a model of any speaker.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..errors import RecipeError

F0_MIN, F0_MAX = 65.0, 600.0
"""Range searched in Hz: low men's voices to shouting women and screams."""

VOICED = 0.4
"""Frames whose periodicity is above this count as voiced."""

_OCTAVE = 0.06  # how much more periodic a frame must be at twice the period for it to be believed


def track(spectrum) -> tuple[np.ndarray, np.ndarray]:
    """Fundamental frequency in hertz and strength of voicing of every frame.

    Parameters
    ----------
    spectrum : sercore.features.Spectrum

    Returns
    -------
    f0 : np.ndarray [shape=(n_frames,)]
        Hertz; NaN where the frame is unvoiced.
    voicing : np.ndarray [shape=(n_frames,)]
        Periodicity from 0 (noise, silence) to 1 (perfectly periodic).

    Raises
    ------
    RecipeError
        The window, or the zero padding after it, is too short to hold a man's pitch period.
    """
    recipe = spectrum.recipe
    score = _periodicity(spectrum)
    shortest = max(2, int(recipe.sr / F0_MAX))
    longest = min(score.shape[1] - 2, int(recipe.sr / F0_MIN))
    if longest < recipe.sr / 100:
        raise RecipeError(
            f"pitch cannot be read with win_length={recipe.win_length} and n_fft={recipe.n_fft} at "
            f"{recipe.sr} Hz; use a window of at least 16 ms and n_fft of at least twice its length"
        )
    audible = spectrum.rms > 0.02 * spectrum.rms.max(initial=0.0)

    # a period of two periods is also a period: favour the shorter one a little
    favour = score - _OCTAVE * np.log2(np.maximum(1, np.arange(score.shape[1])), dtype=np.float32)
    lag, strength = _best_lag(score, favour, shortest, longest)
    sure = audible & (strength > max(VOICED, 0.75))
    if sure.sum() >= 5:
        low, high = np.percentile(recipe.sr / lag[sure], [15, 85])
        shortest = max(shortest, int(recipe.sr / (high * 2.0)))
        longest = min(longest, int(recipe.sr / (low * 0.6)) + 1)
        lag, strength = _best_lag(score, favour, shortest, longest)
    voicing = np.where(audible, np.clip(strength, 0.0, 1.0), 0.0).astype(np.float32)
    f0 = np.where(voicing > VOICED, recipe.sr / lag, np.nan)
    return _without_jumps(f0).astype(np.float32), voicing


def semitones(f0: np.ndarray) -> np.ndarray:
    """Pitch in semitones above 27.5 Hz, in which equal steps sound equal."""
    return 12.0 * np.log2(np.asarray(f0) / 27.5)


def bridge_gaps(track: np.ndarray) -> np.ndarray:
    """Straight lines across NaNs, the nearest value at the ends; zeros where all is NaN."""
    known = np.flatnonzero(np.isfinite(track))
    if known.size == 0:
        return np.zeros_like(track)
    return np.interp(np.arange(len(track)), known, track[known]).astype(track.dtype)


@lru_cache(maxsize=8)
def _window_autocorrelation(n: int) -> np.ndarray:
    """Autocorrelation of the Hann window, 1 at lag 0, [shape=(n,)]."""
    import scipy.signal

    window = scipy.signal.get_window("hann", n)
    full = scipy.signal.correlate(window, window, method="fft")[n - 1 :]
    return (full / full[0]).astype(np.float32)


def _periodicity(spectrum) -> np.ndarray:
    """Window-corrected autocorrelation, averaged over three frames to see more periods."""
    # beyond two thirds of the window the correction would amplify noise more than signal
    raw = spectrum.autocorrelation[:, : int(spectrum.recipe.win_length * 0.67)]
    energy = np.maximum(raw[:, :1], np.finfo(np.float32).tiny)
    score = raw / (energy * _window_autocorrelation(spectrum.recipe.win_length)[: raw.shape[1]])
    smooth = score.copy()
    smooth[1:] += score[:-1]
    smooth[:-1] += score[1:]
    counts = np.full((len(score), 1), 3.0, dtype=np.float32)
    counts[[0, -1]] = min(2, len(score))
    smooth /= counts
    return smooth


def _best_lag(
    score: np.ndarray, favour: np.ndarray, shortest: int, longest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lag (samples, interpolated) and height of the most favoured peak of each frame."""
    best = shortest + np.argmax(favour[:, shortest : longest + 1], axis=1)
    lag, height, _ = _peak(score, best)
    # of a high, bright voice whose period ends between two samples, only the double period looks whole
    half, _, top = _peak(score, np.rint(lag / 2).astype(int))
    heard = (half >= shortest) & (np.abs(half - lag / 2) < 0.5) & (top > height - _OCTAVE)
    return np.where(heard, half, lag), np.where(heard, top, height)


def _peak(score: np.ndarray, lag: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Peak of the parabola through three lags: its lag, the score at the sample, the score at the peak."""
    rows = np.arange(len(score))
    before, here, after = score[rows, lag - 1], score[rows, lag], score[rows, lag + 1]
    curvature = before - 2 * here + after
    shift = np.where(curvature < -1e-6, 0.5 * (before - after) / np.minimum(curvature, -1e-6), 0.0)
    shift = np.clip(shift, -0.5, 0.5)
    return lag + shift, here, here - 0.25 * (before - after) * shift


def _without_jumps(f0: np.ndarray) -> np.ndarray:
    """Drop voiced frames that leap more than seven semitones from their neighbourhood's median."""
    voiced = np.flatnonzero(np.isfinite(f0))
    if voiced.size < 5:
        return f0
    from scipy.signal import medfilt

    pitch = semitones(f0[voiced])
    wild = np.abs(pitch - medfilt(pitch, 5)) > 7.0
    f0 = f0.copy()
    f0[voiced[wild]] = np.nan
    return f0

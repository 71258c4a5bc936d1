"""Descriptors: features of every frame, computed from a :class:`~sercore.features.spectrum.Spectrum`.

A descriptor is a function from a Spectrum to an array ``(n_frames, n_rows)`` or ``(n_frames,)``, time-first.
To add one, write the function and decorate it with ``@descriptor``; recipes can then name it. Definitions
and values follow librosa's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from . import pitch

_TINY = np.finfo(np.float32).tiny

DESCRIPTORS: dict[str, Callable] = {}
"""Descriptor functions by name."""


def descriptor(function: Callable) -> Callable:
    """Register a descriptor function under its own name."""
    DESCRIPTORS[function.__name__] = function
    return function


@descriptor
def mel(spectrum) -> np.ndarray:
    """Power in mel bands, [shape=(n_frames, n_mels)]."""
    return spectrum.mel


@descriptor
def log_mel(spectrum) -> np.ndarray:
    """Mel power in decibels, [shape=(n_frames, n_mels)]."""
    return spectrum.log_mel


@descriptor
def mfcc(spectrum) -> np.ndarray:
    """Mel-frequency cepstral coefficients, [shape=(n_frames, n_mfcc)]."""
    return spectrum.mfcc


@descriptor
def mfcc_delta(spectrum) -> np.ndarray:
    """Slope of the MFCCs over nine frames, [shape=(n_frames, n_mfcc)]."""
    return slope(spectrum.mfcc)


@descriptor
def mfcc_delta2(spectrum) -> np.ndarray:
    """Curvature of the MFCCs over nine frames, [shape=(n_frames, n_mfcc)]."""
    return slope(spectrum.mfcc, order=2)


@descriptor
def chroma(spectrum) -> np.ndarray:
    """Power per pitch class, [shape=(n_frames, 12)]."""
    return spectrum.chroma


@descriptor
def tonnetz(spectrum) -> np.ndarray:
    """Chroma projected onto fifths, minor and major thirds (Harte 2006), [shape=(n_frames, 6)]."""
    normalised = spectrum.chroma / np.maximum(spectrum.chroma.sum(axis=1, keepdims=True), _TINY)
    return normalised @ _tonal_axes()


@descriptor
def centroid(spectrum) -> np.ndarray:
    """Centre of gravity of the spectrum in Hz, [shape=(n_frames,)]."""
    return spectrum.spectral_moments[:, 0]


@descriptor
def bandwidth(spectrum) -> np.ndarray:
    """Standard deviation of the spectrum around its centroid in Hz, [shape=(n_frames,)]."""
    mean, mean_square = spectrum.spectral_moments.T
    return np.sqrt(np.maximum(mean_square - mean**2, 0.0))


@descriptor
def rolloff(spectrum) -> np.ndarray:
    """Frequency below which 85 % of the magnitude is found, in Hz, [shape=(n_frames,)]."""
    return spectrum.frequencies[spectrum.quantile(0.85)]


@descriptor
def flatness(spectrum) -> np.ndarray:
    """Geometric by arithmetic mean of the power: near 1 for noise, near 0 for a tone, [shape=(n_frames,)]."""
    power = np.maximum(spectrum.power[:, : spectrum.recipe.n_bins], 1e-10)
    mean = np.einsum("ij->i", power) / power.shape[1]  # faster than mean, and equal in equal frames
    return np.exp2(np.einsum("ij->i", np.log2(power, out=power)) / power.shape[1]) / mean


@descriptor
def contrast(spectrum) -> np.ndarray:
    """Peak against valley of each octave (Jiang 2002), [shape=(n_frames, 7)], fewer below 12.8 kHz.

    It is 10 log10 of the ratio of their magnitudes, half the difference of their levels in dB, as in librosa.
    """
    octaves = _octaves(spectrum.recipe)
    peaks, valleys = np.empty((2, spectrum.n_frames, len(octaves)), dtype=np.float32)
    ordered = spectrum.magnitude.copy()
    for k, (low, high, n_edge) in enumerate(octaves):
        ordered[:, low] = spectrum.magnitude[:, low]  # it can also be the last bin of the octave before
        ordered[:, low:high].sort(axis=1)
        average = np.full(n_edge, 1 / n_edge, dtype=np.float32)  # times this is faster than mean
        peaks[:, k] = ordered[:, high - n_edge : high] @ average
        valleys[:, k] = ordered[:, low : low + n_edge] @ average
    return _decibel(peaks) - _decibel(valleys)


@descriptor
def rms(spectrum) -> np.ndarray:
    """Root mean square amplitude, [shape=(n_frames,)]."""
    return spectrum.rms


@descriptor
def rms_db(spectrum) -> np.ndarray:
    """Level in decibels below full scale, at most 80 below the clip's peak, [shape=(n_frames,)]."""
    return _decibel(spectrum.rms**2)


@descriptor
def zcr(spectrum) -> np.ndarray:
    """Proportion of neighbouring samples with opposite signs, [shape=(n_frames,)]."""
    negative = spectrum.wave < -1e-10
    crossings = spectrum.windows(negative[1:] != negative[:-1])  # 1 at the sample before each change of sign
    return np.einsum("ij->i", crossings[:, :-1]) / spectrum.recipe.win_length


@descriptor
def f0(spectrum) -> np.ndarray:
    """Pitch in semitones above 27.5 Hz, NaN in unvoiced frames, [shape=(n_frames,)]."""
    return pitch.semitones(spectrum.pitch[0])


@descriptor
def voicing(spectrum) -> np.ndarray:
    """Periodicity from 0 to 1, [shape=(n_frames,)]."""
    return spectrum.pitch[1]


def slope(rows: np.ndarray, *, order: int = 1) -> np.ndarray:
    """Savitzky–Golay derivative along time, per frame, over nine frames (fewer if the clip is shorter).

    Equal to ``scipy.signal.savgol_filter`` with ``mode="interp"``, which fits one polynomial to the nine
    frames at each edge: the first derivative of a line and the second of a parabola are constant there.

    Parameters
    ----------
    rows : np.ndarray [shape=(n_frames, …)]
        Time-first.
    order : int
        1 for the slope, 2 for the curvature.

    Returns
    -------
    np.ndarray [shape=(n_frames, …)]

    Examples
    --------
    >>> slope(np.arange(5.0)).round(6).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]

    Notebook: 02_feature_extraction.ipynb
    """
    width = min(9, len(rows) - (len(rows) + 1) % 2)
    if width <= order:
        return np.zeros_like(rows)
    # one convolution of all tracks, one after the other; frames that mix two tracks are replaced afterwards
    end_to_end = np.convolve(rows.T.ravel(), _slope_weights(width, order), mode="same")
    derivative = end_to_end.astype(rows.dtype).reshape(rows.T.shape).T
    edge = width // 2
    derivative[:edge], derivative[-edge:] = derivative[edge], derivative[-edge - 1]
    return derivative


@lru_cache(maxsize=16)
def _slope_weights(width: int, order: int) -> np.ndarray:
    """Savitzky–Golay weights of the derivative of a polynomial of that order, [shape=(width,)].

    Equal to ``scipy.signal.savgol_coeffs(width, order, deriv=order)``, the import of which takes longer than
    a prediction.
    """
    position = np.arange(width) - width // 2
    powers = np.vander(position, order + 1, increasing=True)
    fit = np.linalg.pinv(powers)  # from values to the coefficients of the polynomial
    return math.factorial(order) * fit[order, ::-1]  # reversed, because convolution reverses it again


def _decibel(power: np.ndarray) -> np.ndarray:
    """10 log10, floored 80 dB below the largest value."""
    level = 10.0 * np.log10(np.maximum(power, 1e-10))
    return np.maximum(level, level.max() - 80.0)


@lru_cache(maxsize=16)
def _octaves(recipe) -> list[tuple[int, int, int]]:
    """First bin, end bin and 2 % of the bins of each contrast band (below 200 Hz, then octaves)."""
    hertz = np.fft.rfftfreq(recipe.n_fft, 1.0 / recipe.sr)[: recipe.n_bins].astype(np.float32)
    edges = np.concatenate([[0.0], 200.0 * 2.0 ** np.arange(6)])
    below = (edges < (recipe.band_limit or recipe.sr / 2)) & (edges <= hertz[-1])
    edges = [*edges[below], np.inf]
    bands = []
    for k, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = np.flatnonzero((hertz >= low) & (hertz <= high))
        first, last = inside[0], inside[-1] + 1
        first -= k > 0  # as in librosa, each band begins one bin early, and ends one bin early after counting
        n_edge = max(1, round(0.02 * (last - first)))
        bands.append((int(first), int(last) - int(last < len(hertz)), n_edge))
    return bands


@lru_cache(maxsize=1)
def _tonal_axes() -> np.ndarray:
    """Projection of twelve pitch classes onto six tonal axes, [shape=(12, 6)]."""
    steps = np.outer([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3], np.arange(12.0))
    steps[::2] -= 0.5
    radius = np.array([1, 1, 1, 1, 0.5, 0.5])[:, None]
    return (radius * np.cos(np.pi * steps)).T.astype(np.float32)

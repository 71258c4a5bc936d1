"""Descriptors: what can be read from every frame of a :class:`~sercore.features.spectrum.Spectrum`.

A descriptor is a function from a Spectrum to an array ``(n_frames, n_rows)``. To add one, write
the function and decorate it; recipes can then name it. Definitions and values follow librosa's.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from . import pitch

_TINY = np.finfo(np.float32).tiny

DESCRIPTORS: dict[str, Callable] = {}
"""Name of each descriptor and the function from a Spectrum that computes it, time-first."""


def descriptor(function):
    """Register a function under its own name."""
    DESCRIPTORS[function.__name__] = function
    return function


@descriptor
def mel(spectrum):
    """Power in mel bands, [shape=(n_frames, n_mels)]."""
    return spectrum.mel


@descriptor
def log_mel(spectrum):
    """Mel power in decibels, [shape=(n_frames, n_mels)]."""
    return spectrum.log_mel


@descriptor
def mfcc(spectrum):
    """Mel-frequency cepstral coefficients, [shape=(n_frames, n_mfcc)]."""
    return spectrum.mfcc


@descriptor
def mfcc_delta(spectrum):
    """Slope of the MFCCs over nine frames, [shape=(n_frames, n_mfcc)]."""
    return slope(spectrum.mfcc)


@descriptor
def mfcc_delta2(spectrum):
    """Curvature of the MFCCs over nine frames, [shape=(n_frames, n_mfcc)]."""
    return slope(spectrum.mfcc, order=2)


@descriptor
def chroma(spectrum):
    """Power per pitch class, [shape=(n_frames, 12)]."""
    return spectrum.chroma


@descriptor
def tonnetz(spectrum):
    """Chroma projected onto fifths, minor and major thirds (Harte 2006), [shape=(n_frames, 6)]."""
    share = spectrum.chroma / np.maximum(spectrum.chroma.sum(axis=1, keepdims=True), _TINY)
    return share @ _tonal_axes()


@descriptor
def centroid(spectrum):
    """Centre of gravity of the spectrum in Hz, [shape=(n_frames,)]."""
    return spectrum.spectral_moments[:, 0]


@descriptor
def bandwidth(spectrum):
    """Spread of the spectrum around its centroid in Hz, [shape=(n_frames,)]."""
    mean, mean_square = spectrum.spectral_moments.T
    return np.sqrt(np.maximum(mean_square - mean**2, 0.0))


@descriptor
def rolloff(spectrum):
    """Frequency below which 85 % of the magnitude lies, in Hz, [shape=(n_frames,)]."""
    total = np.cumsum(spectrum.magnitude, axis=1)
    return spectrum.frequencies[np.argmax(total >= 0.85 * total[:, -1:], axis=1)]


@descriptor
def flatness(spectrum):
    """Geometric over arithmetic mean of the power: 1 for noise, near 0 for a tone, [shape=(n_frames,)]."""
    power = np.maximum(spectrum.power, 1e-10)
    mean = power.mean(axis=1)
    return np.exp(np.log(power, out=power).mean(axis=1)) / mean


@descriptor
def contrast(spectrum):
    """Peak minus valley in dB of each octave (Jiang 2002), [shape=(n_frames, 7)], fewer below 12.8 kHz."""
    rows = []
    for low, high, n_edge in _octaves(spectrum.recipe):
        ordered = np.sort(spectrum.magnitude[:, low:high], axis=1)
        rows.append((ordered[:, -n_edge:].mean(axis=1), ordered[:, :n_edge].mean(axis=1)))
    peaks, valleys = np.stack(rows, axis=-1)
    return _decibel(peaks) - _decibel(valleys)


@descriptor
def rms(spectrum):
    """Root mean square amplitude, [shape=(n_frames,)]."""
    return spectrum.rms


@descriptor
def rms_db(spectrum):
    """Level in decibels below full scale, at most 80 below the clip's peak, [shape=(n_frames,)]."""
    return _decibel(spectrum.rms**2)


@descriptor
def zcr(spectrum):
    """Share of neighbouring samples with opposite signs, [shape=(n_frames,)]."""
    recipe = spectrum.recipe
    left = recipe.win_length // 2
    padded = np.pad(spectrum.wave, (left, recipe.win_length), mode="edge")
    negative = padded < -1e-10
    crossings = np.concatenate([[0], np.cumsum(negative[1:] != negative[:-1])])
    start = np.arange(spectrum.n_frames) * recipe.hop_length
    return (crossings[start + recipe.win_length - 1] - crossings[start]) / np.float32(recipe.win_length)


@descriptor
def f0(spectrum):
    """Pitch in semitones above 27.5 Hz, NaN where unvoiced, [shape=(n_frames,)]."""
    return pitch.semitones(spectrum.pitch[0])


@descriptor
def voicing(spectrum):
    """Periodicity from 0 to 1, [shape=(n_frames,)]."""
    return spectrum.pitch[1]


def slope(rows: np.ndarray, *, order: int = 1) -> np.ndarray:
    """Savitzky–Golay derivative along axis 0 over nine frames (fewer where the clip is shorter).

    Equals ``scipy.signal.savgol_filter`` with ``mode="interp"``: at the edges it fits one polynomial
    to nine frames, and the derivative of a line, or the second one of a parabola, is constant.
    """
    width = min(9, len(rows) - (len(rows) + 1) % 2)
    if width <= order:
        return np.zeros_like(rows)
    from scipy.ndimage import convolve1d  # here, since networks on frames need none of it

    found = convolve1d(rows, _slope_weights(width, order), axis=0)
    edge = width // 2
    found[:edge], found[-edge:] = found[edge], found[-edge - 1]
    return found


@lru_cache(maxsize=16)
def _slope_weights(width: int, order: int) -> np.ndarray:
    """Savitzky–Golay weights of the derivative of a polynomial of the same order, [shape=(width,)]."""
    from scipy.signal import savgol_coeffs

    return savgol_coeffs(width, order, deriv=order)


def _decibel(power: np.ndarray) -> np.ndarray:
    """10 log10, floored 80 dB below the largest value."""
    level = 10.0 * np.log10(np.maximum(power, 1e-10))
    return np.maximum(level, level.max() - 80.0)


@lru_cache(maxsize=16)
def _octaves(recipe) -> list[tuple[int, int, int]]:
    """Range of Fourier bins of each contrast band (below 200 Hz, then octaves), and 2 % of their number."""
    hertz = np.fft.rfftfreq(recipe.n_fft, 1.0 / recipe.sr).astype(np.float32)
    edges = np.concatenate([[0.0], 200.0 * 2.0 ** np.arange(6)])
    edges = [*edges[edges < recipe.sr / 2], np.inf]
    bands = []
    for k, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = np.flatnonzero((hertz >= low) & (hertz <= high))
        first, last = inside[0], inside[-1] + 1
        first -= k > 0  # librosa lets each band begin one bin early, and end one early after counting
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

"""Functionals: tracks over time become a few numbers, so that every clip is one row of a table.

Averages over a clip forget when things happened. Besides statistics of the tracks themselves there
are therefore statistics of their slopes, averages over parts of the clip (voiced and unvoiced
frames, first, middle and last third), the strength of slow modulations, and timing.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import itertools

import numpy as np

from .recipe import STATISTICS

MODULATION_HZ = (0.5, 1.5, 3.0, 5.0, 8.0, 13.0, 25.0)
"""Edges of the modulation bands; syllables come at about 4 Hz."""

TIMING = ("duration_s", "voiced_share", "pause_share", "pauses_per_s", "peaks_per_s", "voiced_run_s")
"""Names of what :func:`timing` returns."""


def statistics(tracks: np.ndarray, names: tuple[str, ...] = STATISTICS) -> np.ndarray:
    """Statistics of every row over time.

    Parameters
    ----------
    tracks : np.ndarray [shape=(n_rows, n_frames)]
        Finite values, time-last, float32.
    names : tuple of str
        Of ``mean std skewness kurtosis p5 p25 p50 p75 p95``. Kurtosis is excess kurtosis; it and
        the skewness of a row without variation are 0.

    Returns
    -------
    np.ndarray [shape=(n_rows, len(names))]
    """
    if names == ("mean",):
        return tracks.mean(axis=1, dtype=np.float64, keepdims=True)
    # moments of rows scaled to one, so that the powers of faint tracks do not vanish in float32
    scale = np.maximum(np.maximum(tracks.max(axis=1), -tracks.min(axis=1)), np.finfo(np.float32).tiny)
    centred = np.divide(tracks, scale[:, None], dtype=np.float32)
    mean = centred.mean(axis=1, dtype=np.float64)
    centred -= mean.astype(np.float32)[:, None]
    squared = centred * centred
    variance = squared.mean(axis=1, dtype=np.float64)
    flat = variance <= 1e-10  # what is left is rounding
    safe = np.where(flat, 1.0, variance)
    found = {"mean": mean * scale, "std": np.sqrt(variance) * scale}
    if "skewness" in names:
        third = np.einsum("ij,ij->i", squared, centred) / tracks.shape[1]
        found["skewness"] = np.where(flat, 0.0, third / safe**1.5)
    if "kurtosis" in names:
        fourth = np.einsum("ij,ij->i", squared, squared) / tracks.shape[1]
        found["kurtosis"] = np.where(flat, 0.0, fourth / safe**2 - 3)
    percentiles = [name for name in names if name[0] == "p"]
    if percentiles:
        ordered = np.sort(tracks, axis=1)
        found |= {name: _percentile(ordered, int(name[1:])) for name in percentiles}
    return np.stack([found[name] for name in names], axis=1)


def parts(voiced: np.ndarray) -> dict[str, np.ndarray]:
    """Frames that belong to each part of the clip.

    Parameters
    ----------
    voiced : np.ndarray of bool [shape=(n_frames,)]

    Returns
    -------
    dict of str to np.ndarray
        Frame numbers for ``voiced unvoiced first middle last``; a part of fewer than three frames
        stands for the whole clip.
    """
    every = np.arange(len(voiced))
    thirds = dict(zip(("first", "middle", "last"), np.array_split(every, 3), strict=True))
    found = {"voiced": np.flatnonzero(voiced), "unvoiced": np.flatnonzero(~voiced), **thirds}
    return {name: frames if len(frames) >= 3 else every for name, frames in found.items()}


def modulation(log_mel: np.ndarray, *, frame_s: float, n_groups: int = 8) -> np.ndarray:
    """Strength of slow changes of level in groups of mel bands, as log power.

    Parameters
    ----------
    log_mel : np.ndarray [shape=(n_mels, n_frames)]
        Decibels.
    frame_s : float
        Seconds from frame to frame.
    n_groups : int
        Groups of neighbouring bands.

    Returns
    -------
    np.ndarray [shape=(n_groups, 6)]
        One column for each band of :data:`MODULATION_HZ`.
    """
    groups = np.stack([group.mean(axis=0) for group in np.array_split(log_mel, n_groups)])
    groups = groups - groups.mean(axis=1, keepdims=True)
    # zero padding to four seconds at least leaves no band without a bin, however short the clip
    n_fft = 2 ** int(np.ceil(np.log2(max(groups.shape[1], 4.0 / frame_s))))
    power = np.abs(np.fft.rfft(groups, n=n_fft, axis=1)) ** 2 / groups.shape[1]
    hertz = np.fft.rfftfreq(n_fft, frame_s)
    bands = [
        power[:, (hertz >= low) & (hertz < high)].mean(axis=1)
        for low, high in itertools.pairwise(MODULATION_HZ)
    ]
    return np.log(np.stack(bands, axis=1) + 1e-3)


def timing(rms: np.ndarray, voiced: np.ndarray, *, frame_s: float) -> np.ndarray:
    """How the clip is laid out in time.

    Parameters
    ----------
    rms : np.ndarray [shape=(n_frames,)]
        Linear level.
    voiced : np.ndarray of bool [shape=(n_frames,)]
    frame_s : float
        Seconds from frame to frame.

    Returns
    -------
    np.ndarray [shape=(6,)]
        As named in :data:`TIMING`. Pauses are frames 25 dB below the loudest; peaks of the
        smoothed level come about once a syllable.
    """
    seconds = len(rms) * frame_s
    quiet = rms < rms.max(initial=0.0) * 10 ** (-25 / 20)
    bell = np.hanning(max(3, round(0.1 / frame_s)) + 2)
    smooth = np.convolve(rms, bell / bell.sum(), mode="same")
    rising = np.diff(smooth) > 0
    peaks = np.flatnonzero(rising[:-1] & ~rising[1:]) + 1
    n_peaks = np.count_nonzero(smooth[peaks] > 0.2 * smooth.max(initial=0.0))
    voiced_run = voiced.sum() * frame_s / max(1, _n_runs(voiced))
    return np.array(
        [seconds, voiced.mean(), quiet.mean(), _n_runs(quiet) / seconds, n_peaks / seconds, voiced_run]
    )


def _n_runs(flags: np.ndarray) -> int:
    """Number of unbroken stretches of True."""
    return int(np.count_nonzero(flags[1:] & ~flags[:-1])) + int(flags[:1].sum())


def _percentile(ordered: np.ndarray, q: float) -> np.ndarray:
    """Percentile of sorted rows with linear interpolation, as np.percentile."""
    position = (ordered.shape[1] - 1) * q / 100
    below = int(position)
    above = min(below + 1, ordered.shape[1] - 1)
    return ordered[:, below] + (position - below) * (ordered[:, above] - ordered[:, below])

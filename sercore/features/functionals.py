"""Functionals: a track over time becomes a few numbers, so every clip gets one row of a table.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import numpy as np

from . import pitch
from .recipe import STATISTICS


def functionals(track: np.ndarray, statistics: tuple[str, ...] = STATISTICS) -> np.ndarray:
    """Statistics of every row over time.

    Parameters
    ----------
    track : np.ndarray [shape=(n_rows, n_frames)]
        A descriptor, time-last and finite.
    statistics : tuple of str
        Of ``mean std skewness kurtosis p5 p95``. A row without variation has skewness and excess
        kurtosis 0.

    Returns
    -------
    np.ndarray [shape=(n_rows, len(statistics))]
    """
    track = np.asarray(track, dtype=np.float64)
    mean = track.mean(axis=1, keepdims=True)
    if set(statistics) == {"mean"}:
        return mean
    centred = track - mean
    squared = centred * centred
    variance = squared.mean(axis=1)
    flat = variance <= 1e-12 * np.maximum(1.0, mean[:, 0] ** 2)
    safe = np.where(flat, 1.0, variance)
    found = {
        "mean": mean[:, 0],
        "std": np.sqrt(variance),
        "skewness": np.where(flat, 0.0, (squared * centred).mean(axis=1) / safe**1.5),
        "kurtosis": np.where(flat, 0.0, (squared * squared).mean(axis=1) / safe**2 - 3.0),
    }
    if {"p5", "p95"} & set(statistics):
        ordered = np.sort(track.astype(np.float32), axis=1)
        found["p5"], found["p95"] = _percentile(ordered, 5), _percentile(ordered, 95)
    return np.stack([found[name] for name in statistics], axis=1)


TIMING = ("duration", "voiced_share", "pause_share", "n_pauses_per_s", "n_peaks_per_s", "voiced_run")
"""Names of what :func:`timing` returns."""


def timing(rms: np.ndarray, voicing: np.ndarray, *, frame_s: float) -> np.ndarray:
    """How the clip is laid out in time: the rhythm that averages over frames lose.

    Parameters
    ----------
    rms : np.ndarray [shape=(n_frames,)]
        Linear level.
    voicing : np.ndarray [shape=(n_frames,)]
        Periodicity 0–1.
    frame_s : float
        Seconds from frame to frame.

    Returns
    -------
    np.ndarray [shape=(6,)]
        Duration in s, voiced share, share of pauses (30 dB below the peak), pauses per second,
        loudness peaks (about one a syllable) per second, mean voiced run in s.
    """
    seconds = len(rms) * frame_s
    voiced = voicing > pitch.VOICED
    quiet = rms < rms.max(initial=0.0) * 10 ** (-30 / 20)
    width = max(1, round(0.1 / frame_s))
    smooth = np.convolve(rms, np.hanning(width + 2)[1:-1] / np.hanning(width + 2).sum(), mode="same")
    rising = np.diff(smooth) > 0
    peaks = np.flatnonzero(rising[:-1] & ~rising[1:]) + 1
    n_peaks = np.count_nonzero(smooth[peaks] > 0.2 * smooth.max(initial=0.0))
    return np.array(
        [
            seconds,
            voiced.mean(),
            quiet.mean(),
            _n_runs(quiet) / seconds,
            n_peaks / seconds,
            voiced.sum() * frame_s / max(1, _n_runs(voiced)),
        ]
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

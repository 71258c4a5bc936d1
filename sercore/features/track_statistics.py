"""Statistics over time, of all rows at once: the arithmetic of :mod:`sercore.features.functionals`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["PART_STATISTICS", "STATISTICS", "part_statistics", "percentile_of_sorted", "statistics"]

STATISTICS = ("mean", "std", "skewness", "kurtosis", "p5", "p25", "p50", "p75", "p95")
"""Names of what :func:`statistics` computes; ``p5`` is the 5th percentile."""

PART_STATISTICS = ("mean", "std")
"""Names of what :func:`part_statistics` computes."""


def statistics(tracks: np.ndarray, names: tuple[str, ...] = STATISTICS) -> np.ndarray:
    """Statistics of every row over time.

    Parameters
    ----------
    tracks : np.ndarray [shape=(n_rows, n_frames)]
        Finite values, time-last, float32.
    names : tuple of str
        Any of ``mean std skewness kurtosis p5 p25 p50 p75 p95``. Kurtosis is excess kurtosis; skewness and
        kurtosis of a constant row are 0.

    Returns
    -------
    np.ndarray [shape=(n_rows, len(names))]

    Examples
    --------
    >>> statistics(np.array([[1, 2, 3, 4, 5]], dtype=np.float32), ("mean", "p50", "p95")).round(3).tolist()
    [[3.0, 3.0, 4.8]]
    """
    if names == ("mean",):
        return tracks.mean(axis=1, dtype=np.float64, keepdims=True)
    centred = tracks.astype(np.float64)  # in float32, fourth powers of small values are 0
    mean = centred.mean(axis=1)
    centred -= mean[:, None]
    squared = np.square(centred)
    variance = squared.mean(axis=1)
    flat = variance <= 1e-10 * mean**2  # only rounding errors remain
    safe = np.where(flat, 1.0, variance)
    values = {"mean": mean, "std": np.sqrt(variance)}
    if "skewness" in names:
        third = np.einsum("ij,ij->i", squared, centred) / tracks.shape[1]
        values["skewness"] = np.where(flat, 0.0, third / safe**1.5)
    if "kurtosis" in names:
        fourth = np.einsum("ij,ij->i", squared, squared) / tracks.shape[1]
        values["kurtosis"] = np.where(flat, 0.0, fourth / safe**2 - 3)
    percentiles = [name for name in names if name[0] == "p"]
    if percentiles:
        ordered = np.sort(tracks, axis=1)  # once for all percentiles, and faster than np.percentile
        found = percentile_of_sorted(ordered, [int(name[1:]) for name in percentiles])
        values |= zip(percentiles, found.T, strict=True)
    return np.array([values[name] for name in names]).T


def part_statistics(tracks: np.ndarray, parts: Sequence[np.ndarray]) -> np.ndarray:
    """Mean and standard deviation of every row in parts of the clip, by one matrix product for all parts.

    Parameters
    ----------
    tracks : np.ndarray [shape=(n_rows, n_frames)]
        Finite values, time-last.
    parts : sequence of np.ndarray
        Frame numbers of each part.

    Returns
    -------
    np.ndarray [shape=(n_parts, n_rows, 2)]

    Examples
    --------
    >>> part_statistics(np.array([[1.0, 3.0, 5.0, 9.0]]), [np.array([0, 1]), np.array([2, 3])]).tolist()
    [[[2.0, 1.0]], [[7.0, 2.0]]]
    """
    tracks = tracks.astype(np.float64)  # in float32, the difference of squares below would be inexact
    weights = np.zeros((tracks.shape[1], len(parts)))
    for k, frames in enumerate(parts):
        weights[frames, k] = 1 / len(frames)
    mean, mean_square = tracks @ weights, np.square(tracks) @ weights
    std = np.sqrt(np.maximum(mean_square - mean**2, 0.0))
    return np.stack([mean.T, std.T], axis=-1)


def percentile_of_sorted(ordered: np.ndarray, q: float | Sequence[float]) -> np.ndarray:
    """Percentiles along the last axis of sorted values, with linear interpolation as in ``np.percentile``.

    Examples
    --------
    >>> percentile_of_sorted(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), [25, 95]).tolist()
    [2.0, 4.8]
    """
    position = (ordered.shape[-1] - 1) * np.asarray(q) / 100
    below = position.astype(int)
    low, high = ordered[..., below], ordered[..., np.minimum(below + 1, ordered.shape[-1] - 1)]
    return low + (position - below) * (high - low)

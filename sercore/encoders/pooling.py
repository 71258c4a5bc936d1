"""From waveforms of any length to windows of one length, and from frames to one row per clip."""

from __future__ import annotations

import numpy as np

from ..audio import fit_length


def split_evenly(wave: np.ndarray, n_samples: int) -> list[np.ndarray]:
    """Equal parts of a waveform, as few as possible, of at most `n_samples` each.

    Parameters
    ----------
    wave : np.ndarray [shape=(n,)]
    n_samples : int

    Returns
    -------
    list of np.ndarray
        The waveform itself when it is short enough. Lengths differ by one sample at most.

    Examples
    --------
    >>> [part.size for part in split_evenly(np.zeros(10), 4)]
    [4, 3, 3]
    """
    return np.array_split(wave, max(1, -(-wave.size // n_samples)))


def pad_windows(parts: list[np.ndarray], n_samples: int) -> np.ndarray:
    """Parts with zeros after their end, [shape=(n_parts, n_samples), dtype=float32]."""
    return np.stack([fit_length(np.asarray(part, dtype=np.float32), n_samples) for part in parts])


def own_frames(n_samples: int, n_frames: int, n_padded: int) -> int:
    """Number of frames that a part of `n_samples` fills when `n_frames` frames cover `n_padded` samples.

    Examples
    --------
    >>> own_frames(16_000, 400, 128_000)
    50
    """
    return min(n_frames, max(1, -(-n_samples * n_frames // n_padded)))


def pool(frames: np.ndarray, statistics: tuple[str, ...] = ("mean", "std")) -> np.ndarray:
    """Functionals over the frames of one clip.

    Parameters
    ----------
    frames : np.ndarray [shape=(n_blocks, n_frames, width)]
        Frames of the clip itself, without padding.
    statistics : tuple of str
        ``mean`` and ``std``, in any order.

    Returns
    -------
    np.ndarray [shape=(n_blocks * n_statistics * width,), dtype=float32]
        Block by block, and statistic by statistic in each block.

    Examples
    --------
    >>> pool(np.array([[[0.0, 1.0], [2.0, 1.0]]])).tolist()
    [1.0, 1.0, 1.0, 0.0]
    """
    functionals = {"mean": np.mean, "std": np.std}
    rows = [functionals[name](frames, axis=1, dtype=np.float64) for name in statistics]
    return np.stack(rows, axis=1).ravel().astype(np.float32)

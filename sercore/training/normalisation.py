"""Features standardised: with the moments of training clips, or per speaker.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import SercoreError


def enroll(X, speakers: Sequence[str]):
    """Features standardised per speaker, with no look at any label.

    Legitimate where an application hears one person for a while; results with it stand in a column
    of their own (``enrolled``). Augmented copies are enrolled by themselves: each is another voice.

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
    speakers : sequence of str [shape=(n_clips,)]

    Returns
    -------
    the same kind as X
        Each speaker's columns, or features over all frames, have mean 0 and standard deviation 1 (0
        where constant).
    """
    speakers = np.asarray(speakers, dtype=str)
    if (speakers == "").any():
        raise SercoreError(
            f"{(speakers == '').sum()} clips have no speaker; features can be standardised per speaker only "
            "where it is known who speaks"
        )
    enrolled = [None] * len(speakers)
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker)
        own = [np.asarray(X[row], dtype=np.float32) for row in rows]
        for row, clip in zip(rows, standardise(own, *moments(own)), strict=True):
            enrolled[row] = clip
    return np.stack(enrolled) if isinstance(X, np.ndarray) else enrolled


def standardise(X, mean: np.ndarray, spread: np.ndarray) -> list[np.ndarray]:
    """Rows or frames, less the mean and divided by the spread of each feature."""
    mean, spread = np.float32(mean), np.float32(spread)
    return [(clip - mean) / spread if clip.ndim == 1 else ((clip.T - mean) / spread).T for clip in X]


def moments(clips) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every feature over rows, or over the frames of all clips."""
    from sklearn.preprocessing import StandardScaler

    rows = np.stack(clips) if clips[0].ndim == 1 else np.concatenate(clips, axis=1).T
    scaler = StandardScaler().fit(rows)
    return scaler.mean_, scaler.scale_

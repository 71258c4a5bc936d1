"""Features standardised: with the moments of training clips, or per speaker.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import SercoreError


def speaker_normalise(X, speakers: Sequence[str]):
    """Features standardised per speaker, with no look at any label.

    Legitimate where an application hears one person for a while; results with it stand in a column
    of their own (``speaker_norm``). Augmented copies are enrolled by themselves: each is another voice.

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
    speaker_norm = [None] * len(speakers)
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker)
        own = [np.asarray(X[row], dtype=np.float32) for row in rows]
        for row, clip in zip(rows, standardise(own, *mean_and_std(own)), strict=True):
            speaker_norm[row] = clip
    return np.stack(speaker_norm) if isinstance(X, np.ndarray) else speaker_norm


def standardise(X, mean: np.ndarray, std: np.ndarray) -> list[np.ndarray]:
    """Rows or frames, less the mean and divided by the spread of each feature."""
    mean, std = np.float32(mean), np.float32(std)
    return [(clip - mean) / std if clip.ndim == 1 else ((clip.T - mean) / std).T for clip in X]


def mean_and_std(clips) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every feature over rows, or over the frames of all clips."""
    from sklearn.preprocessing import StandardScaler

    rows = np.stack(clips) if clips[0].ndim == 1 else np.concatenate(clips, axis=1).T
    scaler = StandardScaler().fit(rows)
    return scaler.mean_, scaler.scale_

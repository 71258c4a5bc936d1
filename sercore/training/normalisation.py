"""Standardisation of features: with the mean and standard deviation of training clips, or per speaker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import SercoreError


def speaker_normalise(X, speakers: Sequence[str]) -> np.ndarray | list[np.ndarray]:
    """Features standardised per speaker, without using labels.

    The mean and standard deviation are those of all clips of a speaker, test speakers included. That is valid
    if an application records one person for some time; result tables mark it in the column ``speaker_norm``.
    Normalise augmented versions by themselves, because augmentation changes the voice.

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
    speakers : sequence of str [shape=(n_clips,)]

    Returns
    -------
    np.ndarray or list of np.ndarray, as X
        The columns of each speaker (for frames, the features over all frames of all their clips) have mean 0
        and standard deviation 1, or 0 if they are constant.

    Raises
    ------
    SercoreError
        The speaker of a clip is unknown.

    Examples
    --------
    >>> speaker_normalise(np.array([[1.0], [3.0], [10.0], [30.0]]), ["anna", "anna", "ben", "ben"]).tolist()
    [[-1.0], [1.0], [-1.0], [1.0]]

    See Also
    --------
    standardise : with a given mean and standard deviation.

    Notebook: 08_pretrained_encoder.ipynb
    """
    import pandas as pd  # slow to import, and not needed to predict

    from ..splits.folds import is_known

    known = is_known(pd.Series(list(speakers), dtype=object))
    if not known.all():
        raise SercoreError(
            f"{(~known).sum()} clips have no speaker; features can be standardised per speaker only if every "
            "speaker is known"
        )
    speakers = np.asarray(speakers, dtype=str)
    normalised = [None] * len(speakers)
    for speaker in np.unique(speakers):
        rows = np.flatnonzero(speakers == speaker)
        own = [np.asarray(X[row], dtype=np.float32) for row in rows]
        for row, clip in zip(rows, standardise(own, *mean_and_std(own)), strict=True):
            normalised[row] = clip
    return np.stack(normalised) if isinstance(X, np.ndarray) else normalised


def standardise(X, mean: np.ndarray, std: np.ndarray) -> list[np.ndarray]:
    """Rows or frames minus the mean and divided by the standard deviation of each feature.

    Examples
    --------
    >>> standardise(np.array([[1.0, 5.0]]), np.array([0.0, 3.0]), np.array([1.0, 2.0]))[0].tolist()
    [1.0, 1.0]

    Notebook: 04_lstm_bilstm.ipynb
    """
    mean, std = np.float32(mean), np.float32(std)
    return [(clip - mean) / std if clip.ndim == 1 else ((clip.T - mean) / std).T for clip in X]


def mean_and_std(clips) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (1 if it is 0) of every feature over rows or frames."""
    from sklearn.preprocessing import StandardScaler

    rows = np.stack(clips) if clips[0].ndim == 1 else np.concatenate(clips, axis=1).T
    scaler = StandardScaler().fit(rows)
    return scaler.mean_, scaler.scale_

"""Adaptation to another corpus with unlabelled clips: per speaker, per corpus, and by covariances.

Corpora differ in microphones, rooms, languages and speakers, and all of these shift the features more than an
emotion does. Each adaptation here removes a part of the shift with the features of the test clips, without
their labels.

===========  ==========================================================================================
name         what is equal in training and test afterwards
===========  ==========================================================================================
``plain``    nothing
``corpus``   mean and standard deviation of every feature, in each corpus
``coral``    also the correlations between the features (each training corpus aligned to the test corpus)
``speaker``  mean and standard deviation of every feature, in each speaker
===========  ==========================================================================================

``corpus`` and ``coral`` need many clips of the new recording conditions, ``speaker`` some clips of the person
(:func:`sercore.training.enrolment_curve`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..splits import Fold
from .normalisation import speaker_normalise

ADAPTATIONS = ("plain", "corpus", "coral", "speaker")
"""Names for :func:`adapt`."""


def check_adaptation(name: str) -> None:
    """Raise SercoreError if there is no adaptation of this name."""
    if name not in ADAPTATIONS:
        raise SercoreError(f"no adaptation named {name!r}; there are: {', '.join(ADAPTATIONS)}")


def adapt(index: pd.DataFrame, X, fold: Fold, adaptation: str = "plain"):
    """Features in which training and test clips of a fold are more alike; labels are not used.

    Parameters
    ----------
    index : pd.DataFrame
        With the columns ``corpus`` and ``speaker``.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        Features of all clips of the index. ``coral`` needs a table.
    fold : Fold
        Used by ``coral``: the training corpora are aligned to the test part.
    adaptation : str
        A name from :data:`ADAPTATIONS`.

    Returns
    -------
    np.ndarray or list of np.ndarray, as X

    Raises
    ------
    SercoreError
        An unknown adaptation, frames for ``coral``, or unknown speakers for ``speaker``.

    See Also
    --------
    coral : the alignment of one set of rows to another.
    """
    check_adaptation(adaptation)
    if adaptation == "plain":
        return X
    if adaptation == "speaker":
        return speaker_normalise(X, index["speaker"])
    X = speaker_normalise(X, index["corpus"])
    if adaptation == "corpus":
        return X
    if not isinstance(X, np.ndarray):
        raise SercoreError("CORAL aligns the rows of a table, not frames: use extract_table")
    corpora, aligned = index["corpus"].to_numpy(str), X.copy()
    for corpus in np.unique(corpora[fold.train]):
        rows = fold.train[corpora[fold.train] == corpus]
        aligned[rows] = coral(X[rows], X[fold.test])
    return aligned


def coral(source: np.ndarray, target: np.ndarray, *, ridge: float = 1.0) -> np.ndarray:
    """Source rows with the mean and the covariances of the target rows (CORrelation ALignment).

    The source is whitened and then coloured with the covariances of the target. The ridge is added to both
    covariance matrices, as in the paper, so it suits features with standard deviations around 1.

    Parameters
    ----------
    source, target : np.ndarray [shape=(n_rows, n_columns)]
        The numbers of rows may differ.
    ridge : float
        Added to the variances. As it grows, the result approaches the source with the mean of the target.

    Returns
    -------
    np.ndarray of float32 [shape=(n_source, n_columns)]

    References
    ----------
    Sun, Feng, Saenko: Return of frustratingly easy domain adaptation. AAAI 2016.

    Examples
    --------
    >>> coral(np.array([[-1.0], [1.0]]), np.array([[1.0], [9.0]]), ridge=1e-9).ravel().round(3).tolist()
    [1.0, 9.0]
    """
    white = _times_power(source - source.mean(axis=0), source, -0.5, ridge)
    return np.float32(_times_power(white, target, 0.5, ridge) + target.mean(axis=0))


def _times_power(rows: np.ndarray, of: np.ndarray, power: float, ridge: float) -> np.ndarray:
    """Rows times a power of (covariance + ridge), without forming the matrix of all columns.

    Outside the span of the clips, the matrix is the ridge alone, so that only as many directions as there
    are clips need to be computed.
    """
    centred = (of - of.mean(axis=0)) / np.sqrt(max(1, len(of) - 1))
    _, scale, basis = np.linalg.svd(np.asarray(centred, dtype=float), full_matrices=False)
    gain = (scale**2 + ridge) ** power - ridge**power
    return rows * ridge**power + (rows @ basis.T * gain) @ basis

"""The stored novelty detector, which decides when a bundle does not answer.

``bundle.json`` contains the threshold and the name of the member whose features the detector reads;
``rejection/novelty.npz`` contains its arrays.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BundleError, EvaluationError
from .linear import read_arrays

if TYPE_CHECKING:
    from ..evaluation import NoveltyDetector

NOT_SPEECH, UNKNOWN_VOICE = "not speech", "unlike the voices this model learned from"
"""As in :mod:`sercore.evaluation.rejection`, which is imported only where a clip is assessed."""

FOLDER = "rejection"
FILE = f"{FOLDER}/novelty.npz"
ARRAYS = ("mean", "scale", "components", "variances", "rest")
OTHER = tuple(f"other_{name}" for name in (*ARRAYS, "threshold"))
"""Arrays of a second detector, of models that learned from augmented versions, too."""


def row_of(features: np.ndarray) -> np.ndarray:
    """One row for the novelty detector: a row itself, or mean and standard deviation over frames.

    Parameters
    ----------
    features : np.ndarray [shape=(n_columns,) or (n_features, n_frames)]

    Examples
    --------
    >>> row_of(np.array([[1.0, 3.0], [5.0, 5.0]])).tolist()
    [2.0, 5.0, 1.0, 0.0]
    """
    return features if features.ndim == 1 else np.concatenate([features.mean(axis=1), features.std(axis=1)])


def dump(detector: NoveltyDetector) -> bytes:
    """Content of ``rejection/novelty.npz``; the threshold is part of ``bundle.json``."""
    arrays, buffer = detector.to_arrays(), io.BytesIO()
    np.savez(buffer, **{name: array for name, array in arrays.items() if name != "threshold"})
    return buffer.getvalue()


def load(content: bytes, threshold: float, *, where: str) -> NoveltyDetector:
    """The novelty detector in ``rejection/novelty.npz``.

    Raises
    ------
    BundleError
        The arrays are missing, not finite, or of shapes that do not fit together.
    """
    from ..evaluation import NoveltyDetector

    names = (*ARRAYS, *OTHER) if f"{OTHER[0]}.npy".encode() in content else ARRAYS
    arrays = read_arrays(content, names, where=where, dtype=np.float32)
    for name in names:
        if name.endswith(("scale", "variances", "rest", "threshold")) and not (arrays[name] > 0).all():
            raise BundleError(f"{where}: {name} is not above 0")
    try:
        return NoveltyDetector.from_arrays(arrays | {"threshold": np.asarray(threshold)})
    except EvaluationError as error:
        raise BundleError(f"{where}: {error}") from error

"""The stored novelty detector, which decides when a bundle does not answer.

``bundle.json`` contains the threshold and the name of the member whose features the detector reads;
``rejection/novelty.npz`` contains its arrays; ``rejection/versions.npz``, if it is there, those of a second
one, for augmented versions of the clips.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
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
VERSIONS = f"{FOLDER}/versions.npz"
"""A second detector, of models that learned from augmented versions, too."""

ARRAYS = ("mean", "scale", "components", "variances", "rest")


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


def dump(detector: NoveltyDetector) -> dict[str, bytes]:
    """Files of the detector by name; the threshold of the first is part of ``bundle.json``."""
    files = {FILE: _archive(detector, ARRAYS)}
    if detector.other is not None:
        files[VERSIONS] = _archive(detector.other, (*ARRAYS, "threshold"))
    return files


def _archive(detector: NoveltyDetector, names: tuple[str, ...]) -> bytes:
    arrays, buffer = detector.to_arrays(), io.BytesIO()
    np.savez(buffer, **{name: arrays[name] for name in names})
    return buffer.getvalue()


def load(contents: Mapping[str, bytes], threshold: float, *, where: str) -> NoveltyDetector:
    """The novelty detector of a bundle.

    Parameters
    ----------
    contents : mapping of str to bytes
        Files of the bundle by name, :data:`FILE` among them.
    threshold : float
        In ``bundle.json``.
    where : str
        Name of the bundle in messages.

    Raises
    ------
    BundleError
        The arrays are missing, not finite, or of shapes that do not fit together.
    """
    first = _load(contents[FILE], ARRAYS, where=f"{where}/{FILE}", threshold=np.asarray(threshold))
    if VERSIONS not in contents:
        return first
    where = f"{where}/{VERSIONS}"
    other = _load(contents[VERSIONS], (*ARRAYS, "threshold"), where=where)
    if other.mean.size != first.mean.size:
        raise BundleError(
            f"{where}: for {other.mean.size} columns, but the other detector is for {first.mean.size}"
        )
    return replace(first, other=other)


def _load(content: bytes, names: tuple[str, ...], *, where: str, **arrays) -> NoveltyDetector:
    from ..evaluation import NoveltyDetector

    arrays |= read_arrays(content, names, where=where, dtype=np.float32)
    for name in ("scale", "variances", "rest", "threshold"):
        if not (arrays[name] > 0).all():
            raise BundleError(f"{where}: {name} is not above 0")
    try:
        return NoveltyDetector.from_arrays(arrays)
    except EvaluationError as error:
        raise BundleError(f"{where}: {error}") from error

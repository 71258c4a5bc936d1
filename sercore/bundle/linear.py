"""Logistic regression as arrays: a model that NumPy evaluates, without importing scikit-learn.

``linear.npz`` contains the mean and scale of the standardisation, weights and bias. Importing scikit-learn
and reading a skops file take longer than everything else together when a prediction starts.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BundleError
from .archives import brief, read_member

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

NAMES = ("mean", "scale", "weights", "bias")
MAX_VALUES = 50_000_000


def is_linear(model: BaseEstimator, classes: Sequence[str]) -> bool:
    """Whether a model is a logistic regression of these classes, with or without standardisation."""
    steps = [step for _, step in getattr(model, "steps", [])]
    kinds = [type(step).__name__ for step in steps]
    known = kinds in (["LogisticRegression"], ["StandardScaler", "LogisticRegression"])
    return known and set(steps[-1].classes_) == set(classes)


def dump(model: BaseEstimator, classes: Sequence[str]) -> bytes:
    """Content of ``linear.npz`` for a model of :func:`is_linear`, columns in the order of the classes."""
    *scaler, final = (step for _, step in model.steps)
    weights, bias = final.coef_.T, final.intercept_
    if weights.shape[1] == 1:  # two classes: one column of log odds
        weights, bias = np.hstack([-weights, weights]) / 2, np.hstack([-bias, bias]) / 2
    order = [list(final.classes_).index(name) for name in classes]
    arrays = {
        "mean": scaler[0].mean_ if scaler else np.zeros(len(weights)),
        "scale": scaler[0].scale_ if scaler else np.ones(len(weights)),
        "weights": weights[:, order],
        "bias": bias[order],
    }
    buffer = io.BytesIO()
    np.savez(buffer, **{name: np.ascontiguousarray(value, np.float64) for name, value in arrays.items()})
    return buffer.getvalue()


def load(content: bytes, *, n_classes: int, where: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function from the features of one clip [shape=(n_columns,)] to probabilities [shape=(n_classes,)].

    Parameters
    ----------
    content : bytes
        Of ``linear.npz``.
    n_classes : int
    where : str
        Name of the file in error messages.

    Raises
    ------
    BundleError
        The arrays are missing, not finite, or of other shapes.
    """
    arrays = read_arrays(content, NAMES, where=where)
    mean, scale, weights, bias = arrays.values()
    if weights.shape != (mean.size, n_classes) or scale.shape != mean.shape or bias.shape != (n_classes,):
        shapes = {name: value.shape for name, value in arrays.items()}
        raise BundleError(f"{where}: arrays of shapes {shapes} for {n_classes} classes")
    if not (scale > 0).all():
        raise BundleError(f"{where}: a scale is not above 0")

    def proba(row: np.ndarray) -> np.ndarray:
        if row.shape != mean.shape:
            raise BundleError(f"{where}: expected {mean.size} features, but the recipe has {row.shape[0]}")
        logits = (row - mean) / scale @ weights + bias
        odds = np.exp(logits - logits.max())
        return odds / odds.sum()

    return proba


def read_arrays(
    content: bytes, names: Sequence[str], *, where: str, dtype: type = np.float64
) -> dict[str, np.ndarray]:
    """Finite float arrays of an ``.npz`` file, by name.

    Raises
    ------
    BundleError
        Not an archive of exactly these arrays, more than :data:`MAX_VALUES` values, or a value is not
        finite. Nothing is unpickled.
    """
    read_member(content, f"{names[0]}.npy", where=where, only=tuple(f"{name}.npy" for name in names))
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: np.asarray(stored[name]) for name in names}
    except Exception as error:  # the header is parsed as Python tokens, with many kinds of errors
        raise BundleError(f"{where}: not an archive of arrays ({brief(error)})") from error
    for name, value in arrays.items():
        if value.dtype != dtype or value.size > MAX_VALUES or not np.isfinite(value).all():
            kind = np.dtype(dtype).name
            raise BundleError(f"{where}: {name!r} must be at most {MAX_VALUES} finite numbers of type {kind}")
    return arrays

"""Checks of labels and probabilities, with errors that guess the mistake.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError


def validate(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers and clean probabilities, or an error that guesses the mistake.

    Parameters
    ----------
    y_true : sequence of str [shape=(n_clips,)]
        True class of each clip, a member of `classes`.
    proba : np.ndarray [shape=(n_clips, n_classes)]
        Predicted probabilities. Rows may miss a sum of 1 by 0.001, as rounded ones do.
    classes : sequence of str
        What the columns of `proba` stand for.

    Returns
    -------
    codes : np.ndarray of int [shape=(n_clips,)]
        Position of each true class in `classes`.
    proba : np.ndarray of float64 [shape=(n_clips, n_classes)]
        The probabilities, each row divided by its sum.

    Raises
    ------
    EvaluationError
        Shapes that do not fit, labels that are not in `classes`, values that are not probabilities.
    """
    classes = list(classes)
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise EvaluationError(f"classes must be two or more different names, not {classes}")
    y_true = np.asarray(y_true)
    proba = _probabilities(proba, len(y_true), classes)
    codes = pd.Index(classes).get_indexer(y_true)
    if (codes < 0).any():
        strange = sorted({str(label) for label in y_true[codes < 0]})
        numbers = np.issubdtype(y_true.dtype, np.number)
        guess = "; these are class numbers: pass names, np.asarray(classes)[y]" if numbers else ""
        raise EvaluationError(f"labels {strange[:5]} are not among the classes {classes}{guess}")
    return codes, proba


def _probabilities(proba, n_clips, classes):
    """Checked probabilities; rows sum to 1."""
    proba = np.asarray(proba, dtype=float)
    if proba.ndim != 2:
        raise EvaluationError(
            f"proba has shape {proba.shape}, wanted ({n_clips}, {len(classes)}): one row per clip, "
            "one column per class. Did you pass predict() instead of predict_proba()?"
        )
    if proba.shape != (n_clips, len(classes)):
        turned = proba.shape == (len(classes), n_clips)
        guess = (
            "Did you pass it transposed?" if turned else "Do labels, predictions and classes belong together?"
        )
        raise EvaluationError(
            f"proba has shape {proba.shape}, but there are {n_clips} labels and "
            f"{len(classes)} classes. {guess}"
        )
    if not n_clips:
        raise EvaluationError("there are no clips to score")
    if not np.isfinite(proba).all():
        bad = np.flatnonzero(~np.isfinite(proba).all(axis=1))
        raise EvaluationError(
            f"proba holds NaN or infinity in {len(bad)} of {n_clips} rows (first: row {bad[0]}). "
            "Did training diverge, or is a fold missing?"
        )
    sums = proba.sum(axis=1)
    if (proba < 0).any() or (np.abs(sums - 1) > 1e-3).any():
        worst = int(np.argmax(np.abs(sums - 1)))
        raise EvaluationError(
            f"rows of proba are not probabilities: smallest value {proba.min():.3g}, row {worst} sums to "
            f"{sums[worst]:.4g}. Did you pass logits (apply softmax), percent, or sigmoid outputs?"
        )
    return proba / sums[:, None]

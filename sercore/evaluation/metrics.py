"""Checks of labels and probabilities, with errors that guess the mistake.

Notebook: 03_mlp_baseline.ipynb
"""
# MERGED DOC: Scalar figures from true classes and predicted probabilities.
#
#   scikit-learn computes everything it knows; only the calibration error is written out here.

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


def uar(y_true: Sequence, y_pred: Sequence) -> float:
    """Unweighted average recall (UA, balanced accuracy): mean over classes of the proportion recognised.

    Parameters
    ----------
    y_true, y_pred : sequence [shape=(n_clips,)]
        True and predicted classes, as names or numbers.

    Returns
    -------
    float
        0 to 1. Classes without a clip in ``y_true`` do not count.

    Examples
    --------
    >>> round(uar(["sad", "sad", "sad", "angry"], ["sad", "sad", "angry", "angry"]), 3)
    0.833

    See Also
    --------
    evaluate : every metric, with intervals over speakers.
    """
    from sklearn.metrics import recall_score

    labels = np.unique(np.asarray(y_true))
    return float(recall_score(y_true, y_pred, labels=labels, average="macro", zero_division=0))


def scalar_metrics(y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
    """All scalar figures of one set of predictions, as fractions.

    Returns
    -------
    dict
        ``ua`` (mean recall over the classes that occur), ``wa`` (share of clips recognised),
        ``macro_f1`` and ``weighted_f1`` (mean over the classes that occur or are predicted,
        equally and by clips), ``kappa`` (Cohen), ``mcc`` (Matthews), ``auc`` (one class against
        the rest, mean over the classes that occur), ``log_loss`` (nats), ``ece``
        (see :func:`expected_calibration_error`). Of clips of a single class
        ``kappa``, ``mcc`` and ``auc`` are not defined: NaN.
    """
    from sklearn import metrics

    codes, proba = validate(y_true, proba, classes)
    predicted = proba.argmax(axis=1)
    everything = np.arange(len(classes))
    occurring = np.unique(codes)
    single = len(occurring) == 1
    one_hot = codes[:, None] == occurring
    kappa = np.nan if single else metrics.cohen_kappa_score(codes, predicted)
    mcc = np.nan if single else metrics.matthews_corrcoef(codes, predicted)
    auc = np.nan if single else metrics.roc_auc_score(one_hot, proba[:, occurring], average="macro")
    return {
        "ua": uar(codes, predicted),
        "wa": float(metrics.accuracy_score(codes, predicted)),
        "macro_f1": float(metrics.f1_score(codes, predicted, average="macro", zero_division=0)),
        "weighted_f1": float(metrics.f1_score(codes, predicted, average="weighted", zero_division=0)),
        "kappa": float(kappa),
        "mcc": float(mcc),
        "auc": float(auc),
        "log_loss": float(metrics.log_loss(codes, proba, labels=everything)),
        "ece": expected_calibration_error(y_true, proba, classes),
    }


def calibration(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str], *, n_bins: int = 15
) -> pd.DataFrame:
    """How often a model is right when it says it is this sure, in bins of equal width.

    Returns
    -------
    pd.DataFrame
        One row per bin ``(low, high]`` of the highest probability of a clip: ``low``, ``high``,
        ``n_clips``, ``confidence`` (mean highest probability), ``accuracy``; NaN in empty bins.
    """
    codes, proba = validate(y_true, proba, classes)
    sure = proba.max(axis=1)
    right = proba.argmax(axis=1) == codes
    bins = np.clip(np.ceil(sure * n_bins).astype(int) - 1, 0, n_bins - 1)
    n_clips = np.bincount(bins, minlength=n_bins)
    filled = np.where(n_clips, n_clips, np.nan)
    edges = np.linspace(0, 1, n_bins + 1)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "n_clips": n_clips,
            "confidence": np.bincount(bins, sure, n_bins) / filled,
            "accuracy": np.bincount(bins, right, n_bins) / filled,
        }
    )


def expected_calibration_error(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str], *, n_bins: int = 15
) -> float:
    """Mean gap between how sure a model says it is and how often it is right (ECE).

    0 for a model that is right in 70 % of the clips where it says 70 %. The highest probability
    of each clip is put into `n_bins` bins of equal width; the gaps are weighted by clips.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks. ICML 2017.
    """
    bins = calibration(y_true, proba, classes, n_bins=n_bins)
    gaps = (bins["accuracy"] - bins["confidence"]).abs() * bins["n_clips"]
    return float(gaps.sum() / bins["n_clips"].sum())

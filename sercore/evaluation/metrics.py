"""Scalar figures from true classes and predicted probabilities.

scikit-learn computes everything it knows; only the calibration error is written out here.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .validation import validate


def figures(y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
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
        "ua": float(metrics.recall_score(codes, predicted, labels=occurring, average="macro")),
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

"""Metrics of class probabilities, and the check of labels and probabilities that precedes them.

Conventions: ``y_true`` holds class names [shape=(n_clips,)], ``proba`` probabilities
[shape=(n_clips, n_classes)] with columns in the order of ``classes``. The predicted class is the most
probable one. Metrics are fractions, 0 to 1. scikit-learn computes what it provides; the calibration error
and the metrics of stacked confusion matrices, which the bootstrap needs, are computed here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError


def validate(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers and normalised probabilities, or an error that names the likely mistake.

    Parameters
    ----------
    y_true : sequence of str [shape=(n_clips,)]
        True class of each clip, a member of `classes`.
    proba : np.ndarray [shape=(n_clips, n_classes)]
        Predicted probabilities. Rows may sum to 1 within 0.001, so rounded values are accepted.
    classes : sequence of str
        Class of each column of `proba`.

    Returns
    -------
    codes : np.ndarray of int [shape=(n_clips,)]
        Position of each true class in `classes`.
    proba : np.ndarray of float64 [shape=(n_clips, n_classes)]
        The probabilities, each row divided by its sum.

    Raises
    ------
    EvaluationError
        Shapes that do not match, labels that are not in `classes`, values that are not probabilities.
    """
    classes = list(classes)
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise EvaluationError(f"classes must be two or more different names, not {classes}")
    y_true = np.asarray(y_true)
    proba = _probabilities(proba, len(y_true), classes)
    codes = pd.Index(classes).get_indexer(y_true)
    if (codes < 0).any():
        unknown = sorted({str(label) for label in y_true[codes < 0]})
        numbers = np.issubdtype(y_true.dtype, np.number)
        guess = "; these are class numbers: pass names, np.asarray(classes)[y]" if numbers else ""
        raise EvaluationError(f"labels {unknown[:5]} are not among the classes {classes}{guess}")
    return codes, proba


def _probabilities(proba, n_clips, classes):
    """Checked probabilities; rows sum to 1."""
    proba = np.asarray(proba, dtype=float)
    if proba.ndim != 2:
        raise EvaluationError(
            f"proba has shape {proba.shape}, expected ({n_clips}, {len(classes)}): one row per clip, "
            "one column per class. Did you pass predict() instead of predict_proba()?"
        )
    if proba.shape != (n_clips, len(classes)):
        transposed = proba.shape == (len(classes), n_clips)
        guess = (
            "Did you pass it transposed?"
            if transposed
            else "Do labels, predictions and classes belong together?"
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
            f"proba contains NaN or infinity in {len(bad)} of {n_clips} rows (first: row {bad[0]}). "
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
    """Unweighted average recall (UA, UAR, balanced accuracy): the mean of the recall over classes.

    Parameters
    ----------
    y_true, y_pred : sequence [shape=(n_clips,)]
        True and predicted classes, as names or numbers.

    Returns
    -------
    float
        0 to 1. Classes that do not occur in ``y_true`` are left out of the mean.

    Examples
    --------
    >>> round(uar(["sad", "sad", "sad", "angry"], ["sad", "sad", "angry", "angry"]), 3)
    0.833

    See Also
    --------
    sercore.evaluation.evaluate : every metric, with intervals over speakers.

    Notebook: 03_mlp_baseline.ipynb
    """
    from sklearn.metrics import recall_score

    labels = np.unique(np.asarray(y_true))
    return float(recall_score(y_true, y_pred, labels=labels, average="macro", zero_division=0))


def scalar_metrics(y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str]) -> dict[str, float]:
    """All scalar metrics of one set of predictions, as fractions.

    Returns
    -------
    dict
        ``ua`` (mean recall over the classes that occur), ``wa`` (accuracy), ``macro_f1`` and
        ``weighted_f1`` (mean over the classes that occur or are predicted, unweighted and weighted by
        number of clips), ``kappa`` (Cohen), ``mcc`` (Matthews), ``auc`` (one versus rest, mean over the
        classes that occur), ``log_loss`` (nats), ``ece`` (:func:`expected_calibration_error`).
        ``kappa``, ``mcc`` and ``auc`` are NaN if all clips are of one class.

    Examples
    --------
    >>> scores = scalar_metrics(["sad", "angry"], [[0.75, 0.25], [0.5, 0.5]], ["sad", "angry"])
    >>> scores["ua"], scores["auc"]
    (0.5, 1.0)

    See Also
    --------
    sercore.evaluation.evaluate : the same metrics with intervals over speakers.

    Notebook: 03_mlp_baseline.ipynb
    """
    from sklearn import metrics

    codes, proba = validate(y_true, proba, classes)
    predicted = proba.argmax(axis=1)
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
        "log_loss": float(metrics.log_loss(codes, proba, labels=np.arange(len(classes)))),
        "ece": expected_calibration_error(y_true, proba, classes),
    }


def calibration(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str], *, n_bins: int = 15
) -> pd.DataFrame:
    """Accuracy and mean confidence (the highest probability of a clip) in bins of equal width.

    Returns
    -------
    pd.DataFrame
        One row per bin ``(low, high]`` of confidence: ``low``, ``high``, ``n_clips``, ``confidence``,
        ``accuracy``; the last two are NaN in empty bins.

    See Also
    --------
    expected_calibration_error : the reliability diagram as one number.

    Notebook: 03_mlp_baseline.ipynb
    """
    codes, proba = validate(y_true, proba, classes)
    confidence = proba.max(axis=1)
    correct = proba.argmax(axis=1) == codes
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    n_clips = np.bincount(bins, minlength=n_bins)
    filled = np.where(n_clips, n_clips, np.nan)
    edges = np.linspace(0, 1, n_bins + 1)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "n_clips": n_clips,
            "confidence": np.bincount(bins, confidence, n_bins) / filled,
            "accuracy": np.bincount(bins, correct, n_bins) / filled,
        }
    )


def expected_calibration_error(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str], *, n_bins: int = 15
) -> float:
    """Mean absolute difference between confidence and accuracy over bins, weighted by clips (ECE).

    A model that is right in 70 % of the clips that it predicts with a confidence of 0.7, and likewise at
    every other confidence, has an error of 0.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks. ICML 2017.

    Examples
    --------
    >>> round(expected_calibration_error(["a", "b"], [[0.75, 0.25], [0.75, 0.25]], ["a", "b"]), 3)
    0.25

    Notebook: 09_leaving_the_studio.ipynb
    """
    bins = calibration(y_true, proba, classes, n_bins=n_bins)
    gaps = (bins["accuracy"] - bins["confidence"]).abs() * bins["n_clips"]
    return float(gaps.sum() / bins["n_clips"].sum())


def confusion(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str], *, normalize: bool = False
) -> pd.DataFrame:
    """Confusion matrix, true classes in rows and predicted classes in columns, in clips or fractions.

    Parameters
    ----------
    normalize : bool
        Divide each row by its sum, so that the diagonal is the recall. Rows of classes that do not
        occur are 0.

    Examples
    --------
    >>> confusion(["a", "a", "b"], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], ["a", "b"]).to_numpy()
    array([[1, 1],
           [0, 1]])

    Notebook: 03_mlp_baseline.ipynb
    """
    from sklearn.metrics import confusion_matrix

    codes, proba = validate(y_true, proba, classes)
    counts = confusion_matrix(
        codes, proba.argmax(axis=1), labels=np.arange(len(classes)), normalize="true" if normalize else None
    )
    names = list(classes)
    return pd.DataFrame(counts, index=pd.Index(names, name="true"), columns=pd.Index(names, name="predicted"))


def per_class(y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Precision, recall, F1 and number of clips (``support``) of each class."""
    from sklearn.metrics import precision_recall_fscore_support

    codes, proba = validate(y_true, proba, classes)
    values = precision_recall_fscore_support(
        codes, proba.argmax(axis=1), labels=np.arange(len(classes)), zero_division=0
    )
    table = pd.DataFrame(np.transpose(values), index=pd.Index(list(classes), name="class"))
    return table.set_axis(["precision", "recall", "f1", "support"], axis=1).astype({"support": int})


def per_group(
    y_true: Sequence[str],
    proba: np.ndarray,
    classes: Sequence[str],
    groups: Sequence[str],
    *,
    speakers: Sequence[str] | None = None,
) -> pd.DataFrame:
    """UA, WA and macro-F1 of each group of clips: by speaker, sex, corpus or fold.

    Parameters
    ----------
    groups : sequence [shape=(n_clips,)]
        Group of each clip, such as ``index["sex"]``.
    speakers : sequence of str, optional
        Adds the column ``n_speakers``; a group of few speakers is weak evidence, however many its clips.

    Returns
    -------
    pd.DataFrame
        One row per group, sorted: ``n_clips``, ``n_speakers`` if known, ``ua``, ``wa``, ``macro_f1``.

    Notebook: 03_mlp_baseline.ipynb
    """
    codes, proba = validate(y_true, proba, classes)
    if len(groups) != len(codes):
        raise EvaluationError(f"there are {len(groups)} group names for {len(codes)} clips")
    units, names = pd.factorize(np.asarray(groups), sort=True, use_na_sentinel=False)
    counts = unit_confusions(codes, proba.argmax(axis=1), units, len(names), len(classes))
    table = pd.DataFrame({"n_clips": counts.sum(axis=(1, 2))}, index=names)
    if speakers is not None:
        table["n_speakers"] = pd.Series(np.asarray(speakers)).groupby(units).nunique().to_numpy()
    return table.assign(**confusion_metrics(counts))


def unit_confusions(
    codes: np.ndarray, predicted: np.ndarray, units: np.ndarray, n_units: int, n_classes: int
) -> np.ndarray:
    """Confusion matrix of each unit (speaker, clip, group) [shape=(n_units, n_classes, n_classes)].

    Rows are true and columns predicted class numbers.
    """
    cells = (units * n_classes + codes) * n_classes + predicted
    return np.bincount(cells, minlength=n_units * n_classes**2).reshape(n_units, n_classes, n_classes)


def confusion_metrics(confusions: np.ndarray) -> dict[str, np.ndarray]:
    """UA, WA and macro-F1 of many confusion matrices at once [shape=(..., n_classes, n_classes)].

    They are NaN for a matrix without clips.

    Examples
    --------
    >>> {name: float(value) for name, value in confusion_metrics(np.array([[3, 1], [0, 4]])).items()}
    {'ua': 0.875, 'wa': 0.875, 'macro_f1': 0.873015873015873}
    """
    correct = np.diagonal(confusions, axis1=-2, axis2=-1)
    true, predicted = confusions.sum(axis=-1), confusions.sum(axis=-2)
    return {
        "ua": _mean_ratio(correct, true),
        "wa": _mean_ratio(correct.sum(axis=-1, keepdims=True), true.sum(axis=-1, keepdims=True)),
        "macro_f1": _mean_ratio(2 * correct, true + predicted),
    }


def _mean_ratio(part, whole):
    """Mean of part/whole over the last axis, without the entries whose whole is 0; NaN if all are."""
    ratio = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    n_known = (whole > 0).sum(axis=-1)
    return np.divide(ratio.sum(axis=-1), n_known, out=np.full(n_known.shape, np.nan), where=n_known > 0)

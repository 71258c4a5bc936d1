"""Confusion matrices, of all clips and of each group of clips, and what follows from them.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from .metrics import validate


def confusion(
    y_true: Sequence[str], proba: np.ndarray, classes: Sequence[str], *, normalize: bool = False
) -> pd.DataFrame:
    """What each class (rows) was taken for (columns): clips, or shares of the row.

    Parameters
    ----------
    normalize : bool
        Divide each row by its sum, so that the diagonal is the recall; rows of classes that do
        not occur are 0.
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
        Group of each clip, as ``index["sex"]``.
    speakers : sequence of str, optional
        Adds ``n_speakers``: ten clips of ten people say more than ten clips of one.

    Returns
    -------
    pd.DataFrame
        One row per group, sorted: ``n_clips``, ``n_speakers`` where known, ``ua``, ``wa``, ``macro_f1``.
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
    """Confusion matrix of each speaker or clip [shape=(n_units, n_classes, n_classes)], true by predicted."""
    cells = (units * n_classes + codes) * n_classes + predicted
    return np.bincount(cells, minlength=n_units * n_classes**2).reshape(n_units, n_classes, n_classes)


def confusion_metrics(confusions: np.ndarray) -> dict[str, np.ndarray]:
    """UA, WA and macro-F1 of confusion matrices [shape=(..., n_classes, n_classes)], all at once."""
    right = np.diagonal(confusions, axis1=-2, axis2=-1)
    true, predicted = confusions.sum(axis=-1), confusions.sum(axis=-2)
    return {
        "ua": _mean_share(right, true),
        "wa": _mean_share(right.sum(axis=-1, keepdims=True), true.sum(axis=-1, keepdims=True)),
        "macro_f1": _mean_share(2 * right, true + predicted),
    }


def _mean_share(part, whole):
    """Mean of part/whole over the last axis, leaving out where the whole is 0."""
    share = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    return share.sum(axis=-1) / np.maximum((whole > 0).sum(axis=-1), 1)

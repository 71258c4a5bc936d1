"""Divisions within a training part.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SplitError
from .folds import (
    Fold,
    check_classes,
    class_labels,
    connected,
    known,
    missing_classes,
    recording_ids,
    stratified_groups,
)


def inner_folds(
    index: pd.DataFrame,
    train_rows: np.ndarray,
    *,
    n_folds: int = 5,
    seed: int = 0,
    label: str = "label",
) -> list[Fold]:
    """Folds within a training part, for search, ensemble weights and everything else that is fitted.

    Speakers are kept apart. A training part with one speaker (TESS, one actress to the other) is
    divided by sentence or word instead, so that no text is on both sides; one with one sentence too,
    or with unknown speakers, by clip. Byte-identical clips always stay together.

    Parameters
    ----------
    index : pd.DataFrame
        The whole index.
    train_rows : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``.
    n_folds : int
        At most this many; fewer where there are fewer speakers (or sentences, or clips).

    Returns
    -------
    list of Fold
        Positions in the whole `index`; each of `train_rows` is in the ``test`` of one fold.

    Raises
    ------
    SplitError
        A fold would test a class that its training part lacks, or there is nothing to divide.
    """
    folds = _divide(index, train_rows, n_folds, seed, label)
    for fold in folds:
        check_classes(fold, class_labels(index, label))
    return folds


def inner_split(
    index: pd.DataFrame,
    train_rows: np.ndarray,
    *,
    fraction: float = 0.2,
    seed: int = 0,
    label: str = "label",
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and rows to validate on, both from a training part, by speaker.

    Early stopping and model choice look at the validation rows; the test part stays closed.
    The rule is that of :func:`inner_folds` (see there for training parts with one speaker). Of its
    folds, one is taken whose fit rows hold every class, and whose validation rows hold most classes.

    Parameters
    ----------
    fraction : float
        Share of the speakers to validate on, above 0 and at most 0.5. The nearest of 1/2, 1/3, 1/4, …
        is taken, as nearly as whole speakers allow.

    Returns
    -------
    fit, validation : np.ndarray of int
        Row positions in the whole `index`; together they are `train_rows`.

    Raises
    ------
    SplitError
        No division leaves every class among the fit rows.
    """
    if not 0 < fraction <= 0.5:
        raise SplitError(f"fraction is {fraction}; the validation part must be above 0 and at most 0.5")
    folds = _divide(index, train_rows, round(1 / fraction), seed, label)
    labels = class_labels(index, label)
    complete = [fold for fold in folds if not missing_classes(fold, labels)]
    if not complete:
        check_classes(folds[0], labels)
    best = max(complete, key=lambda fold: len(set(labels[fold.test])))
    return best.train, best.test


def _divide(index, train_rows, n_folds, seed, label):
    """Folds within some rows of the index, their classes not yet checked."""
    rows = np.unique(train_rows)
    part = index.iloc[rows]
    labels = class_labels(part, label)
    groups = _groups(part)
    n_folds = min(n_folds, groups.max() + 1)
    if n_folds < 2:
        raise SplitError(f"a training part of {len(part)} clip(s) cannot be divided for an inner validation")
    tests = stratified_groups(part, labels, groups, n_folds, seed)
    return [Fold(f"inner-{k}", np.setdiff1d(rows, rows[test]), rows[test]) for k, test in enumerate(tests, 1)]


def _groups(part):
    """Groups of a training part: speakers, else sentences, else single recordings."""
    recordings = recording_ids(part)
    if known(part["speaker"]).all():
        for column in ("speaker", "sentence"):
            if column in part and known(part[column]).all():
                groups = connected(part[column].to_numpy(str), recordings)
                if groups.max() > 0:
                    return groups
    return connected(recordings)

"""One division into training and test clips, and the checks that it does not leak.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SplitError
from .groups import people, some, twins


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of an index into clips to learn from and clips to test on.

    Parameters
    ----------
    name : str
        Unique within its split and fit for a file name.
    train, test : np.ndarray of int [shape=(n,)]
        Row positions in the index.
    leaky : bool
        True where speakers are on both sides on purpose (split ``random``).
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    leaky: bool = False


def assert_disjoint(index: pd.DataFrame, fold: Fold) -> None:
    """Raise if a clip, a speaker or a byte-identical recording is on both sides of a fold.

    Clips without a known speaker count as one person per corpus: two of them on two sides
    cannot be shown to be different people, so they are refused.

    Raises
    ------
    SplitError
        Names what the two sides share.
    """
    sides = {
        "clips": np.arange(len(index)),
        "speakers": people(index),
        "byte-identical recordings": twins(index),
    }
    for what, names in sides.items():
        shared = np.intersect1d(names[fold.train], names[fold.test])
        if len(shared):
            raise SplitError(
                f"fold {fold.name!r} has {len(shared)} {what} in training and in test: {some(shared)}. "
                "Scores on it would be too high; make folds with split='speaker'"
            )


def missing_classes(fold, labels):
    """Classes that the test part holds and the training part does not."""
    return sorted(set(labels[fold.test]) - set(labels[fold.train]))


def check_classes(fold, labels):
    """Raise where the test part holds a class that the training part lacks."""
    missing = missing_classes(fold, labels)
    if missing:
        raise SplitError(
            f"fold {fold.name!r} would test {', '.join(missing)}, which nobody in its training part speaks; "
            "choose a label scheme whose classes all sides have, other folds, or another seed"
        )


def assert_tested_once(index, folds):
    """Raise unless each clip of the index is in the test part of exactly one fold."""
    times = np.bincount(np.concatenate([fold.test for fold in folds]), minlength=len(index))
    if (times != 1).any():
        raise SplitError(
            f"{(times != 1).sum()} clips are not tested exactly once (first: row {(times != 1).argmax()})"
        )

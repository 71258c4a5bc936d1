"""Which clips must stay together, and folds that respect it.

Notebook: 03_mlp_baseline.ipynb
"""
# MERGED DOC: One division into training and test clips, and the checks that it does not leak.

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SplitError


def class_labels(index, label):
    """Class of each clip [shape=(n,)]."""
    if label not in index:
        raise SplitError(
            f"the index has no column {label!r}; make it with labels.apply_scheme(index, 'eight')"
        )
    if not len(index):
        raise SplitError("the index holds no clips")
    if index[label].isna().any():
        raise SplitError(
            f"{index[label].isna().sum()} clips have no class in column {label!r}; drop them first"
        )
    return index[label].to_numpy(str)


def recording_ids(index):
    """A name per recording [shape=(n,)], the same for byte-identical clips."""
    own = index["clip_id"] if "clip_id" in index else pd.Series(np.arange(len(index)), index.index)
    if "duplicate_of" not in index:
        return own.to_numpy(str)
    return index["duplicate_of"].where(known(index["duplicate_of"]), own).to_numpy(str)


def people(index):
    """A name per person [shape=(n,)]; all unknown speakers of a corpus share one."""
    return index["speaker"].where(known(index["speaker"]), index["corpus"] + "-unknown").to_numpy(str)


def known(column):
    """Which values are neither missing nor empty."""
    return column.notna() & (column.astype(str) != "")


def stratified_groups(index, labels, groups, n_folds, seed):
    """Test positions of each fold; a group is never divided, and no fold is empty."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    # Group numbers are shuffled here and not by scikit-learn, whose own shuffling changed
    # between versions: a seed then means the same folds on every machine.
    groups = np.random.default_rng(seed).permutation(groups.max() + 1)[groups]
    strata = [labels]
    if "sex" in index:  # a speaker has one sex, so class-and-sex strata balance both
        strata.insert(0, np.char.add(np.char.add(labels, "/"), index["sex"].fillna("").to_numpy(str)))
    strata = next((s for s in strata if np.unique(s, return_counts=True)[1].max() >= n_folds), None)
    if strata is None:
        raise SplitError(f"{len(labels)} clips are too few for {n_folds} folds: no class has that many clips")
    with warnings.catch_warnings():  # about rare strata; classes are checked by the caller
        warnings.filterwarnings("ignore", "The least populated class")
        tests = [test for _, test in StratifiedGroupKFold(n_folds).split(labels, strata, groups)]
    if min(map(len, tests)) == 0:  # happens with hardly more groups than folds; sizes are balanced then
        tests = [test for _, test in GroupKFold(n_folds).split(labels, labels, groups)]
    return tests


def connected(*keys):
    """Number of the component [shape=(n,)] that joins all rows sharing a value of any key."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    codes, offset = [], 0
    for key in keys:
        code = np.unique(key, return_inverse=True)[1] + offset
        codes.append(code)
        offset = code.max() + 1
    rows, columns = np.concatenate([codes[0]] * len(codes)), np.concatenate(codes)
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(offset, offset))
    component = connected_components(graph, directed=False)[1][codes[0]]
    return np.unique(component, return_inverse=True)[1]


def some(names: Iterable, most: int = 5) -> str:
    """The first few of many names, for messages."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


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
        "byte-identical recordings": recording_ids(index),
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

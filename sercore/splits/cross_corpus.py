"""Folds that train on some corpora and test on another one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pandas as pd

from ..errors import SplitError
from .folds import Fold, assert_disjoint, check_classes, class_labels, first_few


def corpus_folds(
    index: pd.DataFrame,
    train: Sequence[str] | None = None,
    test: Sequence[str] | None = None,
) -> list[Fold]:
    """One fold per test corpus, trained on one set of corpora.

    Parameters
    ----------
    index : pd.DataFrame
        Clips of several corpora, with the columns ``corpus``, ``speaker`` and ``label``.
    train : sequence of str, optional
        Corpora to train on, together; by default all except the tested one.
    test : sequence of str, optional
        Corpora to test on, one by one; by default every corpus that is not in `train`.

    Returns
    -------
    list of Fold
        Named ``ravdess+tess-to-emo_db``. Clips of other corpora are in neither part.

    Raises
    ------
    SplitError
        A corpus is not in the index or would be on both sides, there is nothing to test, a speaker or a
        byte-identical recording is in both parts, or the test corpus has a class that the others lack.

    Examples
    --------
    >>> index = pd.DataFrame({"corpus": list("aabbcc"), "speaker": list("vvwwxx"),
    ...                       "label": ["sad", "angry"] * 3})
    >>> [fold.name for fold in corpus_folds(index, ["a"])]
    ['a-to-b', 'a-to-c']
    >>> corpus_folds(index, test=["c"])[0].train.tolist()
    [0, 1, 2, 3]

    See Also
    --------
    corpus_pairs : every corpus alone against every other.

    Notebook: 09_leaving_the_studio.ipynb
    """
    corpora, present = index["corpus"].to_numpy(str), sorted(set(index["corpus"]))
    absent = sorted({*(train or ()), *(test or ())} - set(present))
    if absent:
        raise SplitError(f"no clips of {first_few(absent)} in the index; it contains {first_few(present)}")
    both = sorted(set(train or ()) & set(test or ()))
    if both:
        raise SplitError(f"{first_few(both)} would be in training and in test; test on other corpora")
    tested = [name for name in present if name not in (train or ())] if test is None else list(test)
    if not tested or len(present) < 2:
        raise SplitError(f"there is no other corpus to test on; the index contains only {first_few(present)}")
    labels = class_labels(index)
    folds = []
    for name in tested:
        sources = [other for other in present if other != name] if train is None else sorted(set(train))
        fold = Fold(
            f"{'+'.join(sources)}-to-{name}",
            np.flatnonzero(np.isin(corpora, sources)),
            np.flatnonzero(corpora == name),
        )
        check_classes(index, fold, labels)
        assert_disjoint(index, fold, corpora=True)
        folds.append(fold)
    return folds


def corpus_pairs(index: pd.DataFrame) -> list[Fold]:
    """One fold for each ordered pair of corpora.

    Examples
    --------
    >>> index = pd.DataFrame({"corpus": list("aabb"), "speaker": list("vvww"),
    ...                       "label": ["sad", "angry"] * 2})
    >>> [fold.name for fold in corpus_pairs(index)]
    ['a-to-b', 'b-to-a']

    See Also
    --------
    corpus_folds : sets of training corpora.
    """
    pairs = permutations(sorted(set(index["corpus"])), 2)
    return [fold for one, other in pairs for fold in corpus_folds(index, [one], [other])]


def balance_corpora(index: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Rows with repetitions, so that every corpus and class has the same weight in a fit.

    The clips of each corpus and class are repeated, in their order, until there are as many as in the
    largest one. No clip is left out, and the result is the same on every machine.

    Parameters
    ----------
    rows : np.ndarray of int [shape=(n_rows,)]
        A training part, usually ``fold.train``.

    Returns
    -------
    np.ndarray of int
        Ascending; each of `rows` at least once.

    Examples
    --------
    >>> index = pd.DataFrame({"corpus": list("aaab"), "label": "sad"})
    >>> balance_corpora(index, np.arange(4)).tolist()
    [0, 1, 2, 3, 3, 3]
    """
    part = index.iloc[rows]
    groups = [rows[places] for places in part.groupby(["corpus", "label"], observed=True).indices.values()]
    largest = max(map(len, groups))
    return np.sort(np.concatenate([np.resize(group, largest) for group in groups]))

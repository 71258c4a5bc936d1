"""Folds: which clips must stay together, checks for leaks, and divisions within a training part.

Clips of one speaker stay together, and so do byte-identical clips. The named splits of
:mod:`sercore.splits.rules` are built from the functions here.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SplitError


@dataclass(frozen=True, eq=False)
class Fold:
    """One division of an index into training and test clips.

    Parameters
    ----------
    name : str
        Unique within its split; a speaker's name where one is left out.
    train, test : np.ndarray of int [shape=(n,)]
        Row positions in the index.
    leaky : bool
        True if speakers are in both parts on purpose (split ``random``).
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    leaky: bool = False


def assert_disjoint(index: pd.DataFrame, fold: Fold, *, corpora: bool = False) -> None:
    """Raise if a clip, a speaker or a byte-identical recording is in both training and test.

    Clips without a known speaker count as one speaker per corpus: they cannot be shown to be of different
    people, so having them in both parts is refused.

    Parameters
    ----------
    corpora : bool
        Whether to refuse a corpus in both parts, too.

    Raises
    ------
    SplitError
        Names what the two parts have in common.

    Examples
    --------
    >>> index = pd.DataFrame({"corpus": "demo", "speaker": ["anna", "ben"]})
    >>> assert_disjoint(index, Fold("fold-1", np.array([0]), np.array([1])))

    Notebook: 03_mlp_baseline.ipynb
    """
    names_of = {
        "clips": np.arange(len(index)),
        "speakers": speaker_ids(index),
        "byte-identical recordings": recording_ids(index),
    }
    if corpora:
        names_of["corpora"] = index["corpus"].to_numpy(str)
    advice = "corpus" if corpora else "speaker"
    for what, names in names_of.items():
        shared = np.intersect1d(names[fold.train], names[fold.test])
        if len(shared):
            raise SplitError(
                f"fold {fold.name!r} has {len(shared)} {what} in training and in test: {first_few(shared)}. "
                f"Scores on it would be too high; make folds with split={advice!r}"
            )


def inner_folds(
    index: pd.DataFrame,
    train_rows: np.ndarray,
    *,
    n_folds: int = 5,
    seed: int = 0,
    by: str = "speaker",
) -> list[Fold]:
    """Folds within a training part, for search, ensemble weights and everything else that is tuned.

    Speakers are kept apart. A training part with one speaker (TESS, trained on one actress and tested on
    the other) is divided by sentence or word, so that no text is in both parts. A training part with one
    speaker and one sentence, or with unknown speakers, is divided by clip. Byte-identical clips always stay
    together.

    Parameters
    ----------
    index : pd.DataFrame
        The whole index.
    train_rows : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``.
    n_folds : int
        Maximum number of folds; fewer if there are fewer speakers (or sentences, or clips).
    by : {"speaker", "corpus"}
        ``corpus`` leaves one training corpus out at a time, if there are several, as a model is tuned that
        will be used on another corpus; `n_folds` and `seed` then have no effect. Clips of its speakers, and
        copies of its clips, in other corpora are in no training part.

    Returns
    -------
    list of Fold
        Positions in the whole `index`; each of `train_rows` is in the ``test`` of one fold.

    Raises
    ------
    SplitError
        A fold would test a class that is not in its training part, or there is nothing to divide.

    See Also
    --------
    inner_split : one division for early stopping.
    """
    if by not in ("speaker", "corpus"):
        raise SplitError(f"inner folds by {by!r}; they can be by 'speaker' or by 'corpus'")
    if by == "corpus" and index["corpus"].iloc[train_rows].nunique() > 1:
        folds = _leave_corpora_out(index, train_rows)
    else:
        folds = _divide(index, train_rows, n_folds, seed)
    for fold in folds:
        check_classes(index, fold, class_labels(index))
    return folds


def inner_split(
    index: pd.DataFrame,
    train_rows: np.ndarray,
    *,
    fraction: float = 0.2,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and rows to validate on, both from a training part, with different speakers.

    Early stopping and model selection use the validation rows; the test part is not used. The rule is that
    of :func:`inner_folds`. Among its folds, one is chosen whose fit rows contain every class and whose
    validation rows contain the most classes.

    Parameters
    ----------
    fraction : float
        Proportion of the speakers to validate on, above 0 and at most 0.5. It is rounded to the nearest of
        1/2, 1/3, 1/4, … and to whole speakers.

    Returns
    -------
    fit, validation : np.ndarray of int
        Row positions in the whole `index`; together they are `train_rows`.

    Raises
    ------
    SplitError
        No division leaves every class in the fit rows.

    See Also
    --------
    inner_folds : several divisions, each row validated once.

    Notebook: 03_mlp_baseline.ipynb
    """
    if not 0 < fraction <= 0.5:
        raise SplitError(f"fraction is {fraction}; the validation part must be above 0 and at most 0.5")
    n_folds = min(int(1 / fraction), int(1 / fraction) + 1, key=lambda n: abs(1 / n - fraction))
    folds = _divide(index, train_rows, n_folds, seed)
    labels = class_labels(index)
    complete = [fold for fold in folds if not missing_classes(fold, labels)]
    if not complete:
        check_classes(index, folds[0], labels)
    best = max(complete, key=lambda fold: len(set(labels[fold.test])))
    return best.train, best.test


def _leave_corpora_out(index, train_rows):
    """One fold for each corpus of some rows of the index."""
    rows = np.unique(train_rows)
    corpora = index["corpus"].to_numpy(str)[rows]
    ids = [values[rows] for values in (speaker_ids(index), recording_ids(index))]
    folds = []
    for name in np.unique(corpora):
        test = corpora == name
        known = np.any([np.isin(values, values[test]) for values in ids], axis=0)  # also in another corpus
        folds.append(Fold(f"inner-{name}", rows[~known], rows[test]))
    return folds


def _divide(index, train_rows, n_folds, seed):
    """Folds within some rows of the index; their classes are not yet checked."""
    rows = np.unique(train_rows)
    part = index.iloc[rows]
    labels = class_labels(part)
    groups = _groups(part, n_folds)
    n_folds = min(n_folds, groups.max() + 1)
    if n_folds < 2:
        raise SplitError(f"a training part of {len(part)} clip(s) cannot be divided for an inner validation")
    tests = stratified_groups(part, labels, groups, n_folds, seed)
    return [Fold(f"inner-{k}", np.setdiff1d(rows, rows[test]), rows[test]) for k, test in enumerate(tests, 1)]


def _groups(part, n_folds):
    """Groups of a training part: speakers, else sentences, else single recordings.

    If only some speakers are known, the other clips of a corpus are one group, if they fit into a fold, and
    else single recordings.
    """
    recordings, known = recording_ids(part), is_known(part["speaker"]).to_numpy()
    if known.all():
        for column in ("speaker", "sentence"):
            if column in part and is_known(part[column]).all():
                groups = connected(part[column].to_numpy(str), recordings)
                if groups.max() > 0:
                    return groups
    elif known.any():
        few = np.count_nonzero(~known) <= len(part) / n_folds
        return connected(speaker_ids(part) if few else _own_names(part, known, recordings), recordings)
    return connected(recordings)


def _own_names(part, known, recordings):
    """Speakers; a recording of an unknown one has a name of its own."""
    return np.where(known, part["speaker"].astype(str), np.char.add("recording ", recordings))


def class_labels(index: pd.DataFrame) -> np.ndarray:
    """Class of each clip [shape=(n_clips,)]; SplitError if a clip has none."""
    if "label" not in index:
        raise SplitError("the index has no column 'label'; make it with labels.apply_scheme(index, 'eight')")
    if not len(index):
        raise SplitError("the index contains no clips")
    if index["label"].isna().any():
        n_missing = index["label"].isna().sum()
        raise SplitError(f"{n_missing} clips have no class in column 'label'; drop them first")
    return index["label"].to_numpy(str)


def recording_ids(index: pd.DataFrame) -> np.ndarray:
    """Name of each recording [shape=(n_clips,)], the same for byte-identical clips."""
    own = index["clip_id"] if "clip_id" in index else pd.Series(np.arange(len(index)), index.index)
    if "duplicate_of" not in index:
        return own.to_numpy(str)
    return index["duplicate_of"].where(is_known(index["duplicate_of"]), own).to_numpy(str)


def speaker_ids(index: pd.DataFrame) -> np.ndarray:
    """Speaker of each clip [shape=(n_clips,)]; all unknown speakers of a corpus have the same name."""
    known = is_known(index["speaker"])
    if known.all():  # such a table needs no column of the corpus
        return index["speaker"].to_numpy(str)
    return index["speaker"].where(known, index["corpus"] + "-unknown").to_numpy(str)


def is_known(column: pd.Series) -> pd.Series:
    """Which values are neither missing nor empty."""
    return column.notna() & (column.astype(str) != "")


def stratified_groups(index, labels, groups, n_folds: int, seed: int) -> list[np.ndarray]:
    """Test positions of each fold; a group is never divided, and no fold is empty."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    # Group numbers are shuffled here, because scikit-learn's own shuffling changed between versions:
    # a seed gives the same folds on every machine.
    groups = np.random.default_rng(seed).permutation(groups.max() + 1)[groups]
    strata = [labels]
    if "sex" in index:  # a speaker has one sex, so class-and-sex strata balance both
        strata.insert(0, np.char.add(np.char.add(labels, "/"), index["sex"].fillna("").to_numpy(str)))
    strata = next((s for s in strata if np.unique(s, return_counts=True)[1].max() >= n_folds), None)
    if strata is None:
        raise SplitError(f"{len(labels)} clips are too few for {n_folds} folds: no class has that many clips")
    with warnings.catch_warnings():  # about rare strata; the caller checks classes
        warnings.filterwarnings("ignore", "The least populated class")
        tests = [test for _, test in StratifiedGroupKFold(n_folds).split(labels, strata, groups)]
    if min(map(len, tests)) == 0:  # possible with hardly more groups than folds; then balance sizes only
        tests = [test for _, test in GroupKFold(n_folds).split(labels, labels, groups)]
    return tests


def connected(*keys: np.ndarray) -> np.ndarray:
    """Component number of each row [shape=(n,)]; rows that share a value of any key are connected.

    Examples
    --------
    >>> connected(np.array(["a", "a", "b", "c"]), np.array([1, 2, 2, 3])).tolist()
    [0, 0, 0, 1]
    """
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


def first_few(names: Iterable, n: int = 5) -> str:
    """The first names and how many more there are, for messages.

    Examples
    --------
    >>> first_few("abcdefg", 3)
    'a, b, c and 4 more'
    """
    names = [str(name) for name in names]
    return ", ".join(names[:n]) + (f" and {len(names) - n} more" if len(names) > n else "")


def missing_classes(fold: Fold, labels: np.ndarray) -> list[str]:
    """Classes of the test part that do not occur in the training part."""
    return sorted(set(labels[fold.test]) - set(labels[fold.train]))


def check_classes(index: pd.DataFrame, fold: Fold, labels: np.ndarray) -> None:
    """Raise if the test part contains a class that does not occur in the training part."""
    missing = missing_classes(fold, labels)
    if not missing:
        return
    rows = np.sort(np.concatenate([fold.train, fold.test]))
    found, of_one = [], []
    for name in missing:
        of_class = rows[labels[rows] == name]
        speakers = np.unique(speaker_ids(index.iloc[of_class]))
        found.append(f"{name} ({len(of_class)} clip(s) of {first_few(speakers, 3)})")
        of_one += [name] if len(speakers) == 1 else []
    advice = (
        f"other folds or seeds cannot help: record more speakers, or leave out {', '.join(of_one)} "
        f"(--drop {' '.join(of_one)} for your own recordings, else another label scheme)"
        if of_one
        else "choose a label scheme whose classes all parts contain, or more folds"
    )
    raise SplitError(
        f"fold {fold.name!r} would test {', '.join(found)}, which does not occur in its training part; "
        f"{advice}"
    )


def assert_tested_once(index: pd.DataFrame, folds: list[Fold]) -> None:
    """Raise unless each clip of the index is in the test part of exactly one fold."""
    times = np.bincount(np.concatenate([fold.test for fold in folds]), minlength=len(index))
    if (times != 1).any():
        raise SplitError(
            f"{(times != 1).sum()} clips are not tested exactly once (first: row {(times != 1).argmax()})"
        )

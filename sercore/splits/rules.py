"""The named splits; the table in :mod:`sercore.splits` describes them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SplitError
from .folds import (
    Fold,
    assert_disjoint,
    assert_tested_once,
    check_classes,
    class_labels,
    connected,
    first_few,
    is_known,
    recording_ids,
    stratified_groups,
)

EMOBOX_RAVDESS = (
    (1, 11, 20, 21),
    (4, 10, 12, 14),
    (8, 9, 19, 23),
    (3, 5, 7, 24),
    (2, 15, 16, 18),
    (6, 13, 17, 22),
)
"""Test actors of each fold, as in EmoBox (Ma et al., Interspeech 2024)."""

CREMA_TEST_ACTORS = tuple(range(1001, 1024))
"""Actors on whom the split ``crema-actors`` tests."""


def make_folds(
    index: pd.DataFrame,
    split: str = "speaker",
    *,
    n_folds: int | None = None,
    seed: int = 0,
) -> list[Fold]:
    """Folds of a named split, checked: no speaker in both training and test, each clip tested once.

    Parameters
    ----------
    index : pd.DataFrame
        One row per clip with the columns ``corpus``, ``speaker`` and ``label``; ``clip_id`` and
        ``duplicate_of`` (byte-identical clips) and ``sex`` are used if present.
    split : str
        A name from :data:`SPLITS`; see the table in :mod:`sercore.splits`.
    n_folds : int, optional
        For ``speaker`` (default: six, or one per speaker if there are fewer) and ``random`` (default: five
        independent 80/20 draws; no two seeds have one in common). The other splits have a fixed number of
        folds and ignore it.
    seed : int
        Used by ``speaker`` and ``random``; the others are the same for all seeds. Folds of ``speaker`` are
        balanced by class, which can leave no choice: those of EMO-DB are the same for all seeds.

    Returns
    -------
    list of Fold
        Row positions of training and test clips, ascending.

    Raises
    ------
    SplitError
        Fewer speakers than folds, unknown speakers, a corpus for which the split is not defined, or a class
        in a test part that does not occur in its training part. A test part may lack a class (in EMO-DB,
        not every speaker recorded every emotion), because metrics are computed over the clips of all
        folds together.

    Examples
    --------
    >>> index = pd.DataFrame({"corpus": "demo", "speaker": list("aabbcc"), "label": ["sad", "angry"] * 3})
    >>> [fold.test.tolist() for fold in make_folds(index, "loso")]
    [[0, 1], [2, 3], [4, 5]]

    See Also
    --------
    corpus_folds : train on chosen corpora, test on others.
    inner_split, inner_folds : divisions of a training part.

    Notebook: 03_mlp_baseline.ipynb
    """
    if split not in _RULES:
        raise SplitError(f"no split named {split!r}; there are: {', '.join(_RULES)}")
    absent = {"corpus", "speaker"} - set(index.columns)
    if absent:
        raise SplitError(
            f"the index has no column {', '.join(sorted(absent))}; make it with corpora.load_index"
        )
    labels = class_labels(index)
    folds = _RULES[split](index, labels, n_folds, seed)
    for fold in folds:
        check_classes(index, fold, labels)
        if not fold.leaky:
            assert_disjoint(index, fold, corpora=split == "corpus")
    if split not in ("random", "crema-actors"):
        assert_tested_once(index, folds)
    return folds


def is_leaky(split: str) -> bool:
    """Whether a split has clips of one speaker in both training and test.

    Examples
    --------
    >>> is_leaky("random"), is_leaky("speaker")
    (True, False)
    """
    return split == "random"


def _speaker(index, labels, n_folds, seed):
    _need_speakers(index, "speaker")
    groups = connected(index["speaker"].to_numpy(str), recording_ids(index))
    n_groups = groups.max() + 1
    if n_groups < 2:
        raise SplitError(
            f"all clips are from 1 speaker ({first_few(index['speaker'].unique())}), or share recordings: "
            "a model cannot be tested on others: record more speakers, or pass split='random' (--split "
            "random), whose scores are for known speakers only"
        )
    n_folds = min(6, n_groups) if n_folds is None else n_folds
    if not 2 <= n_folds <= n_groups:
        raise SplitError(
            f"{n_folds} fold(s) from {n_groups} speaker(s) ({first_few(index['speaker'].unique())}): "
            "choose n_folds (--folds) between 2 and the number of speakers. "
            "Speakers that share byte-identical recordings count as one"
        )
    tests = stratified_groups(index, labels, groups, n_folds, seed)
    return [_fold(index, f"fold-{k}", test) for k, test in enumerate(tests, start=1)]


def _loso(index, labels, n_folds, seed):
    _need_speakers(index, "loso")
    return _leave_one_out(index, index["speaker"].to_numpy(str), "speaker")


def _corpus(index, labels, n_folds, seed):
    return _leave_one_out(index, index["corpus"].to_numpy(str), "corpus")


def _session(index, labels, n_folds, seed):
    _need_corpus(index, "session", "iemocap")
    sessions = index["speaker"].str.extract(r"(Ses\d+)", expand=False)
    if sessions.isna().any():
        raise SplitError(
            f"no session in the speaker ids {first_few(index['speaker'][sessions.isna()].unique())}"
        )
    return _leave_one_out(index, sessions.to_numpy(str), "session")


def _emobox_ravdess(index, labels, n_folds, seed):
    _need_corpus(index, "emobox-ravdess", "ravdess")
    actors = _actor_numbers(index)
    found, wanted = set(actors.tolist()), {actor for fold in EMOBOX_RAVDESS for actor in fold}
    if found != wanted:
        raise SplitError(
            f"split 'emobox-ravdess' needs all 24 actors: missing {sorted(wanted - found)}, "
            f"unknown {sorted(found - wanted)}; for a part of RAVDESS use split='speaker'"
        )
    return [
        _fold(index, f"fold-{k}", np.flatnonzero(np.isin(actors, test)))
        for k, test in enumerate(EMOBOX_RAVDESS, start=1)
    ]


def _crema_actors(index, labels, n_folds, seed):
    _need_corpus(index, "crema-actors", "crema_d")
    tested = np.isin(_actor_numbers(index), CREMA_TEST_ACTORS)
    if tested.all() or not tested.any():
        raise SplitError(
            f"split 'crema-actors' tests actors 1001–1023 and trains on the others; of {len(index)} clips "
            f"{tested.sum()} would be tested. Use all of CREMA-D, or split='speaker'"
        )
    return [_fold(index, "actors-1001-1023", np.flatnonzero(tested))]


def _random(index, labels, n_folds, seed):
    from sklearn.model_selection import train_test_split

    rows, folds = np.arange(len(index)), []
    names, counts = np.unique(labels, return_counts=True)
    if counts.min() < 2:
        raise SplitError(
            f"split 'random' cannot stratify the only clip of {first_few(names[counts < 2])}: record more "
            "clips, or leave out the class"
        )
    # a test part holds a clip of each class, also if a fifth of the clips are fewer than the classes
    size = 0.2 if np.ceil(0.2 * len(index)) >= len(set(labels)) else len(set(labels))
    n_folds = 5 if n_folds is None else n_folds
    if n_folds < 1:
        raise SplitError(f"split 'random' with n_folds={n_folds}: at least one draw is needed")
    for draw in range(seed * n_folds, (seed + 1) * n_folds):  # no two seeds have a draw in common
        try:
            train, test = train_test_split(rows, test_size=size, stratify=labels, random_state=draw % 2**32)
        except ValueError as error:
            raise SplitError(f"split 'random' cannot stratify {len(index)} clips: {error}") from error
        folds.append(Fold(f"seed-{draw}", np.sort(train), np.sort(test), leaky=True))
    return folds


_RULES = {
    "speaker": _speaker,
    "loso": _loso,
    "corpus": _corpus,
    "emobox-ravdess": _emobox_ravdess,
    "crema-actors": _crema_actors,
    "session": _session,
    "random": _random,
}
SPLITS = tuple(_RULES)
"""Names of all splits."""


def _fold(index, name, test):
    """Fold whose training part is all rows that are not tested."""
    return Fold(name, np.setdiff1d(np.arange(len(index)), test), test)


def _leave_one_out(index, keys, what):
    """One fold per distinct key, named after it."""
    names = np.unique(keys)
    if len(names) < 2:
        raise SplitError(
            f"leaving one {what} out needs at least two; the index contains only {first_few(names)}"
        )
    return [_fold(index, str(name), np.flatnonzero(keys == name)) for name in names]


def _actor_numbers(index):
    """Numbers at the end of the speaker ids [shape=(n,)]."""
    numbers = index["speaker"].str.extract(r"(\d+)$", expand=False)
    if numbers.isna().any():
        raise SplitError(
            f"no actor number in the speaker ids {first_few(index['speaker'][numbers.isna()].unique())}"
        )
    return numbers.astype(int).to_numpy()


def _need_corpus(index, split, corpus):
    others = sorted(set(index["corpus"]) - {corpus})
    if others:
        raise SplitError(
            f"split {split!r} is defined for {corpus!r} only; the index contains {first_few(others)}"
        )


def _need_speakers(index, split):
    unknown = ~is_known(index["speaker"])
    if unknown.any():
        where = first_few(index["clip_id"][unknown]) if "clip_id" in index else f"row {int(unknown.argmax())}"
        raise SplitError(
            f"split {split!r} needs speakers; {unknown.sum()} of {len(index)} clips have no speaker "
            f"({where}). Fill the column 'speaker', or use split='random', which is leaky"
        )

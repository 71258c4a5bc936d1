"""The named splits.

Notebook: 03_mlp_baseline.ipynb
"""

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
    known,
    recording_ids,
    some,
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


def make_folds(
    index: pd.DataFrame,
    split: str = "speaker",
    *,
    n_folds: int | None = None,
    seed: int = 0,
    label: str = "label",
) -> list[Fold]:
    """Folds of a named split, checked: nobody on both sides, each clip tested once.

    Parameters
    ----------
    index : pd.DataFrame
        One row per clip with the columns ``corpus``, ``speaker`` and `label`; ``clip_id`` and
        ``duplicate_of`` (byte-identical clips) and ``sex`` are used where present.
    split : str
        A name from the table at the top of this module.
    n_folds : int, optional
        For ``speaker`` (default: six, or one per speaker where there are fewer) and ``random``
        (default: five drawings, each its own 80/20, fold *k* drawn with ``seed + k``). The
        other splits fix their number of folds and do not look at it.
    seed : int
        Used by ``speaker`` and ``random``; the others are the same for all seeds.
    label : str
        Column with the class, made by :func:`sercore.labels.apply_scheme`.

    Raises
    ------
    SplitError
        Fewer speakers than folds, speakers unknown, a corpus the split is not made for, or a
        class that a test part holds and its training part does not. A test part may lack a
        class (in EMO-DB not everyone was recorded with every emotion), because figures are
        taken over the clips of all folds together.
    """
    if split not in _RULES:
        raise SplitError(f"no split named {split!r}; there are: {', '.join(_RULES)}")
    absent = {"corpus", "speaker"} - set(index.columns)
    if absent:
        raise SplitError(
            f"the index has no column {', '.join(sorted(absent))}; make it with corpora.load_index"
        )
    labels = class_labels(index, label)
    folds = _RULES[split](index, labels, n_folds, seed)
    for fold in folds:
        check_classes(fold, labels)
        if not fold.leaky:
            assert_disjoint(index, fold)
    if split not in ("random", "crema-actors"):
        assert_tested_once(index, folds)
    return folds


def is_leaky(split: str) -> bool:
    """Whether a split has clips of one speaker on both sides."""
    return split == "random"


def _speaker(index, labels, n_folds, seed):
    _need_speakers(index, "speaker")
    groups = connected(index["speaker"].to_numpy(str), recording_ids(index))
    n_groups = groups.max() + 1
    n_folds = min(6, n_groups) if n_folds is None else n_folds
    if not 2 <= n_folds <= n_groups:
        raise SplitError(
            f"{n_folds} fold(s) from {n_groups} speaker(s) ({some(index['speaker'].unique())}): "
            "choose n_folds between 2 and the number of speakers. "
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
        raise SplitError(f"no session in the speaker ids {some(index['speaker'][sessions.isna()].unique())}")
    return _leave_one_out(index, sessions.to_numpy(str), "session")


def _emobox_ravdess(index, labels, n_folds, seed):
    _need_corpus(index, "emobox-ravdess", "ravdess")
    actors = _actor_numbers(index)
    found, wanted = set(actors.tolist()), {actor for fold in EMOBOX_RAVDESS for actor in fold}
    if found != wanted:
        raise SplitError(
            f"split 'emobox-ravdess' is about all 24 actors: missing {sorted(wanted - found)}, "
            f"unknown {sorted(found - wanted)}; with a part of RAVDESS use split='speaker'"
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
    for k in range(5 if n_folds is None else n_folds):
        try:
            train, test = train_test_split(rows, test_size=0.2, stratify=labels, random_state=seed + k)
        except ValueError as error:
            raise SplitError(f"split 'random' cannot stratify {len(index)} clips: {error}") from error
        folds.append(Fold(f"seed-{seed + k}", np.sort(train), np.sort(test), leaky=True))
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
    """Fold whose training part is everything that is not tested."""
    return Fold(name, np.setdiff1d(np.arange(len(index)), test), test)


def _leave_one_out(index, keys, what):
    """One fold per distinct key, named after it."""
    names = np.unique(keys)
    if len(names) < 2:
        raise SplitError(f"leaving one {what} out needs at least two; the index holds only {some(names)}")
    return [_fold(index, str(name), np.flatnonzero(keys == name)) for name in names]


def _actor_numbers(index):
    """Numbers at the end of the speaker ids [shape=(n,)]."""
    numbers = index["speaker"].str.extract(r"(\d+)$", expand=False)
    if numbers.isna().any():
        raise SplitError(
            f"no actor number in the speaker ids {some(index['speaker'][numbers.isna()].unique())}"
        )
    return numbers.astype(int).to_numpy()


def _need_corpus(index, split, corpus):
    others = sorted(set(index["corpus"]) - {corpus})
    if others:
        raise SplitError(f"split {split!r} is made for {corpus!r} alone; the index holds {some(others)}")


def _need_speakers(index, split):
    unknown = ~known(index["speaker"])
    if unknown.any():
        where = some(index["clip_id"][unknown]) if "clip_id" in index else f"row {int(unknown.argmax())}"
        raise SplitError(
            f"split {split!r} needs to know who speaks; {unknown.sum()} of {len(index)} clips have no "
            f"speaker ({where}). Say who speaks when loading, or use split='random', which is leaky"
        )

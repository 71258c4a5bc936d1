"""Folds across corpora keep corpora and speakers apart."""

import numpy as np
import pandas as pd
import pytest
from toys.tables import index_of

from sercore import splits
from sercore.errors import SplitError


@pytest.fixture
def index():
    parts = [index_of(speakers, corpus=name) for name, speakers in (("a", "uv"), ("b", "wxy"), ("c", "z"))]
    return pd.concat(parts)  # repeated row labels


def corpora(index, rows):
    return set(index["corpus"].iloc[rows])


def test_chosen_corpora_against_each_other_one(index):
    one, two = splits.corpus_folds(index, ["a"])
    assert (one.name, two.name) == ("a-to-b", "a-to-c")
    assert corpora(index, one.train) == {"a"}
    assert corpora(index, one.test) == {"b"}
    assert len(one.test) == (index["corpus"] == "b").sum()
    (pooled,) = splits.corpus_folds(index, ["b", "a"], ["c"])
    assert pooled.name == "a+b-to-c"
    assert corpora(index, pooled.train) == {"a", "b"}


def test_by_default_each_corpus_is_tested_with_all_others(index):
    folds = splits.corpus_folds(index)
    assert [fold.name for fold in folds] == ["b+c-to-a", "a+c-to-b", "a+b-to-c"]
    for fold, same in zip(folds, splits.make_folds(index, "corpus"), strict=True):
        np.testing.assert_array_equal(fold.train, same.train)
        np.testing.assert_array_equal(fold.test, same.test)


def test_all_pairs(index):
    names = [fold.name for fold in splits.corpus_pairs(index)]
    assert names == ["a-to-b", "a-to-c", "b-to-a", "b-to-c", "c-to-a", "c-to-b"]


def test_impossible_corpora_raise(index):
    with pytest.raises(SplitError, match="no clips of d in the index; it contains a, b, c"):
        splits.corpus_folds(index, ["d"])
    with pytest.raises(SplitError, match="a would be in training and in test"):
        splits.corpus_folds(index, ["a", "b"], ["a"])
    with pytest.raises(SplitError, match="no other corpus to test on"):
        splits.corpus_folds(index_of("ab"))
    with pytest.raises(SplitError, match="would test sad"):
        splits.corpus_folds(index[(index["corpus"] != "a") | (index["label"] != "sad")], ["a"], ["b"])


def test_a_speaker_in_two_corpora_is_refused(index):
    shared = index.assign(speaker=index["speaker"].replace({"a-u": "b-w"}))
    with pytest.raises(SplitError, match="1 speakers in training and in test: b-w"):
        splits.corpus_folds(shared, ["a"], ["b"])


def test_assert_disjoint_for_corpora():
    index = index_of("ab")
    fold = splits.Fold("x", np.arange(12), np.arange(12, 24))
    splits.assert_disjoint(index, fold)
    with pytest.raises(SplitError, match=r"1 corpora in training and in test: toy.*split='corpus'"):
        splits.assert_disjoint(index, fold, corpora=True)


def test_inner_folds_by_corpus_keep_copies_and_speakers_apart(index):
    index = index.reset_index(drop=True)
    a, b, c = (np.flatnonzero(index["corpus"] == name)[0] for name in "abc")
    copies, speakers = pd.Series("", index.index), index["speaker"].copy()
    copies[b], speakers[c] = index["clip_id"][a], speakers[a]
    shared = index.assign(duplicate_of=copies, speaker=speakers)
    for fold in splits.inner_folds(shared, np.arange(len(shared)), by="corpus"):
        splits.assert_disjoint(shared, fold)


def test_inner_folds_by_corpus(index):
    (fold,) = splits.corpus_folds(index, ["a", "b"], ["c"])
    inner = splits.inner_folds(index, fold.train, by="corpus")
    assert [corpora(index, part.test) for part in inner] == [{"a"}, {"b"}]
    assert [corpora(index, part.train) for part in inner] == [{"b"}, {"a"}]
    (single, _) = splits.corpus_folds(index, ["a"])
    by_speaker = splits.inner_folds(index, single.train, by="corpus")
    assert [set(index["speaker"].iloc[part.test]) for part in by_speaker] in (
        [{"a-u"}, {"a-v"}],
        [{"a-v"}, {"a-u"}],
    )
    with pytest.raises(SplitError, match="inner folds by 'clip'"):
        splits.inner_folds(index, fold.train, by="clip")


def test_balanced_corpora_keep_every_clip(index):
    (fold,) = splits.corpus_folds(index, ["b", "c"], ["a"])
    part = index.iloc[fold.train]
    less_sad = fold.train[~((part["label"] == "sad") & (part["speaker"] == "b-w")).to_numpy()]
    rows = splits.balance_corpora(index, less_sad)
    counts = index.iloc[rows].groupby(["corpus", "label"]).size()
    assert counts.nunique() == 1
    assert counts.iloc[0] == 9
    assert set(rows) == set(less_sad)
    assert (np.diff(rows) >= 0).all()

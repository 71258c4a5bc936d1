"""Splits keep speakers apart, and raise if they cannot."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys.tables import FOUR_CLASSES as CLASSES
from toys.tables import index_of as make_index

from sercore import splits
from sercore.errors import SplitError
from sercore.labels import apply_scheme


def all_test_rows(folds):
    return np.sort(np.concatenate([fold.test for fold in folds]))


def test_importing_is_light():
    code = (
        "import sys, sercore.splits, sercore.evaluation\n"
        "print([m for m in ('sklearn', 'scipy', 'tensorflow') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


# -------------------------------------------------------------------------------- speaker


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_speaker_folds_are_disjoint_and_complete(data, seed):
    n_speakers = data.draw(st.integers(3, 12))
    index = make_index([f"{s:02}" for s in range(n_speakers)], repetitions=data.draw(st.integers(2, 5)))
    keep = data.draw(st.lists(st.booleans(), min_size=len(index), max_size=len(index)))
    gone = ~np.array(keep) & (index["sentence"] != "s0")  # at least one clip per speaker and class remains
    index = index[~gone].sample(frac=1, random_state=seed)
    n_folds = data.draw(st.integers(2, min(6, n_speakers)))
    folds = splits.make_folds(index, "speaker", n_folds=n_folds, seed=seed)
    assert len(folds) == n_folds
    np.testing.assert_array_equal(all_test_rows(folds), np.arange(len(index)))
    speaker = index["speaker"].to_numpy()
    for fold in folds:
        assert not set(speaker[fold.train]) & set(speaker[fold.test])
        assert len(fold.test)
        assert not fold.leaky
        np.testing.assert_array_equal(np.sort(np.r_[fold.train, fold.test]), np.arange(len(index)))


@settings(max_examples=40, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 119), st.integers(0, 119)), max_size=4), seed=st.integers(0, 50)
)
def test_duplicates_stay_together(pairs, seed):
    index = make_index([f"{s:02}" for s in range(10)])
    for first, second in pairs:
        low, high = sorted((first, second))
        if low != high:
            index.loc[high, "duplicate_of"] = index.loc[low, "duplicate_of"] or index.loc[low, "clip_id"]
    name = index["duplicate_of"].where(index["duplicate_of"] != "", index["clip_id"]).to_numpy()
    for fold in splits.make_folds(index, "speaker", n_folds=4, seed=seed):
        assert not set(name[fold.train]) & set(name[fold.test])
        for inner in splits.inner_folds(index, fold.train, n_folds=3, seed=seed):
            assert not set(name[inner.train]) & set(name[inner.test])


def test_duplicates_join_speakers():
    index = make_index(["a", "b", "c"])
    index.loc[index["clip_id"] == "toy/b-sad-0", "duplicate_of"] = "toy/a-sad-0"
    with pytest.raises(SplitError, match=r"3 fold\(s\) from 2 speaker.*count as one"):
        splits.make_folds(index, "speaker", n_folds=3)
    with pytest.raises(SplitError, match=r"byte-identical recordings in training and in test: toy/a-sad-0"):
        splits.make_folds(index, "loso")


def test_classes_and_sexes_are_balanced():
    index = make_index([f"{s:02}" for s in range(24)], repetitions=4)
    for fold in splits.make_folds(index, "speaker", seed=3):
        tested = index.iloc[fold.test]
        assert set(tested["label"].value_counts()) == {16}
        assert tested.groupby("sex")["speaker"].nunique().to_dict() == {"female": 2, "male": 2}


def test_no_fold_is_empty():
    """With these numbers of clips, StratifiedGroupKFold alone leaves a fold empty."""
    counts = [[1, 3, 2, 2], [2, 1, 2, 3], [1, 1, 4, 2], [4, 2, 2, 2]]
    index = make_index("abcd", repetitions=4, women="bd")
    wanted = dict(zip(["toy-a", "toy-b", "toy-c", "toy-d"], counts, strict=True))
    keep = [
        int(row.sentence[1:]) < wanted[row.speaker][sorted(CLASSES).index(row.label)]
        for row in index.itertuples()
    ]
    for seed in range(24):
        folds = splits.make_folds(index[keep], n_folds=4, seed=seed)
        assert all(len(fold.test) for fold in folds)


def test_one_clip_per_speaker_and_class():
    assert len(splits.make_folds(make_index("abc", repetitions=1), n_folds=3)) == 3


def test_seed():
    index = make_index([f"{s:02}" for s in range(12)])
    first, again, other = (splits.make_folds(index, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))


def test_default_number_of_folds():
    assert len(splits.make_folds(make_index("abcdefgh"))) == 6
    assert len(splits.make_folds(make_index("abcd"))) == 4
    with pytest.raises(SplitError, match=r"6 fold\(s\) from 4 speaker\(s\) \(toy-a, toy-b, toy-c, toy-d\)"):
        splits.make_folds(make_index("abcd"), n_folds=6)
    with pytest.raises(SplitError, match=r"from 1 speaker.*cannot be tested on others"):
        splits.make_folds(make_index("a"))


def test_class_of_one_speaker_raises():
    index = make_index("abc")
    index = index[(index["label"] != "sad") | (index["speaker"] == "toy-b")]
    message = (
        r"would test sad \(3 clip\(s\) of toy-b\), which does not occur in its training part; other folds"
    )
    with pytest.raises(SplitError, match=message + r" or seeds cannot help.*--drop sad"):
        splits.make_folds(index, "speaker", n_folds=3)
    without = index[(index["label"] != "sad")].reset_index(drop=True)
    assert len(splits.make_folds(without, n_folds=3)) == 3


def test_test_part_may_lack_a_class():
    index = make_index("abc")
    folds = splits.make_folds(index[(index["label"] != "sad") | (index["speaker"] != "toy-b")], "loso")
    assert [fold.name for fold in folds] == ["toy-a", "toy-b", "toy-c"]


@pytest.mark.parametrize("missing", ["", None, np.nan])
def test_unknown_speakers(missing):
    index = make_index("abc")
    index["speaker"] = index["speaker"].astype(object)
    index.loc[4, "speaker"] = missing
    for split in ("speaker", "loso"):
        with pytest.raises(SplitError, match=r"1 of 36 clips have no speaker \(toy/a-happy-1\)"):
            splits.make_folds(index, split)
    assert len(splits.make_folds(index, "random")) == 5


def test_invalid_index_raises():
    index = make_index("abc")
    with pytest.raises(SplitError, match="no split named 'kfold'; there are: speaker, loso"):
        splits.make_folds(index, "kfold")
    with pytest.raises(SplitError, match=r"no column 'label'; make it with labels.apply_scheme"):
        splits.make_folds(index.drop(columns="label"))
    with pytest.raises(SplitError, match="no column speaker"):
        splits.make_folds(index.drop(columns="speaker"))
    with pytest.raises(SplitError, match="contains no clips"):
        splits.make_folds(index.iloc[:0])
    with pytest.raises(SplitError, match="3 clips have no class"):
        splits.make_folds(index.assign(label=index["label"].where(index.index > 2)))
    each_their_own = make_index("abc", repetitions=1).iloc[[0, 5, 10]]
    with pytest.raises(SplitError, match="3 clips are too few for 3 folds"):
        splits.make_folds(each_their_own)


# ----------------------------------------------------------------------------- named splits


def test_emobox_ravdess():
    index = make_index([f"{a:02}" for a in range(1, 25)], corpus="ravdess")
    folds = splits.make_folds(index, "emobox-ravdess")
    actors = [set(index["speaker"].iloc[fold.test].str[-2:].astype(int)) for fold in folds]
    assert actors[0] == {1, 11, 20, 21}
    assert actors[5] == {6, 13, 17, 22}
    np.testing.assert_array_equal(all_test_rows(folds), np.arange(len(index)))
    for fold in folds:
        fit, validation = splits.inner_split(index, fold.train)
        people = index["speaker"].to_numpy()
        assert len(set(people[validation])) == 4
        assert not set(people[fit]) & set(people[validation])
        np.testing.assert_array_equal(np.sort(np.r_[fit, validation]), fold.train)


def test_emobox_ravdess_needs_all_actors():
    with pytest.raises(SplitError, match=r"missing \[4, 5, .*unknown \[25\]"):
        splits.make_folds(make_index(["01", "02", "03", "25"], corpus="ravdess"), "emobox-ravdess")
    with pytest.raises(SplitError, match="defined for 'ravdess' only; the index contains tess"):
        splits.make_folds(make_index(["OAF", "YAF"], corpus="tess"), "emobox-ravdess")


def test_crema_actors():
    index = make_index([str(a) for a in (1001, 1023, 1024, 1091)], corpus="crema_d")
    (fold,) = splits.make_folds(index, "crema-actors")
    assert set(index["speaker"].iloc[fold.test]) == {"crema_d-1001", "crema_d-1023"}
    assert set(index["speaker"].iloc[fold.train]) == {"crema_d-1024", "crema_d-1091"}
    with pytest.raises(SplitError, match="of 24 clips 24 would be tested"):
        splits.make_folds(make_index(["1001", "1002"], corpus="crema_d"), "crema-actors")
    with pytest.raises(SplitError, match="no actor number in the speaker ids crema_d-x"):
        splits.make_folds(make_index(["1001", "x"], corpus="crema_d"), "crema-actors")


def test_session():
    names = [f"Ses0{s}{sex}" for s in range(1, 6) for sex in "FM"]
    index = make_index(names, corpus="iemocap")
    folds = splits.make_folds(index, "session")
    assert [fold.name for fold in folds] == ["Ses01", "Ses02", "Ses03", "Ses04", "Ses05"]
    assert set(index["speaker"].iloc[folds[1].test]) == {"iemocap-Ses02F", "iemocap-Ses02M"}
    with pytest.raises(SplitError, match="no session in the speaker ids iemocap-01"):
        splits.make_folds(make_index(["01"], corpus="iemocap"), "session")
    with pytest.raises(SplitError, match="defined for 'iemocap'"):
        splits.make_folds(make_index("ab"), "session")


def test_corpus_holdout():
    index = pd.concat([make_index("ab", corpus="one"), make_index("cd", corpus="two")])  # repeated row labels
    one, two = splits.make_folds(index, "corpus")
    assert (one.name, two.name) == ("one", "two")
    assert set(index["corpus"].iloc[one.test]) == {"one"}
    assert set(index["corpus"].iloc[one.train]) == {"two"}
    with pytest.raises(
        SplitError, match="leaving one corpus out needs at least two; the index contains only toy"
    ):
        splits.make_folds(make_index("ab"), "corpus")
    without_sad = make_index("cd", corpus="two", classes=("neutral", "happy", "angry"))
    with pytest.raises(SplitError, match=r"fold 'one' would test sad.*choose a label scheme"):
        splits.make_folds(pd.concat([make_index("ab", corpus="one"), without_sad]), "corpus")
    assert len(splits.make_folds(index.assign(speaker=""), "corpus")) == 2


def test_random_split_is_marked_leaky():
    index = make_index([f"{s:02}" for s in range(10)], repetitions=5)
    folds = splits.make_folds(index, "random", seed=3)
    assert [fold.name for fold in folds] == [f"seed-{s}" for s in range(15, 20)]
    for fold in folds:
        assert fold.leaky
        assert len(fold.test) == 40
        assert set(index["label"].iloc[fold.test].value_counts()) == {10}
        with pytest.raises(SplitError, match=r"speakers in training and in test: toy-00"):
            splits.assert_disjoint(index, fold)
    assert splits.is_leaky("random")
    assert [name for name in splits.SPLITS if splits.is_leaky(name)] == ["random"]
    draws = [fold for seed in range(3) for fold in splits.make_folds(index, "random", seed=seed)]
    assert len({fold.test.tobytes() for fold in draws}) == len({fold.name for fold in draws}) == 15
    with pytest.raises(SplitError, match="cannot stratify"):
        splits.make_folds(make_index("a", repetitions=1), "random")


@pytest.mark.parametrize("n_folds", [0, -3])
def test_random_split_without_draws_is_refused(n_folds):
    with pytest.raises(SplitError, match=f"n_folds={n_folds}"):
        splits.make_folds(make_index("ab"), "random", n_folds=n_folds)


def test_random_split_takes_any_seed():
    """Also one whose draws are beyond those of NumPy."""
    index = make_index("ab")
    assert len(splits.make_folds(index, "random", seed=2**32 - 1)) == 5


def test_random_split_with_more_classes_than_a_fifth_of_the_clips():
    index = make_index("abcdefghij", repetitions=1)
    labelled = index.assign(label=index["speaker"])
    few = labelled.groupby("label").head(4)
    (fold,) = splits.make_folds(few.reset_index(drop=True), "random", n_folds=1)
    assert len(few) == 40
    assert sorted(few["label"].to_numpy()[fold.test]) == sorted(set(few["label"]))


# ----------------------------------------------------------------------------------- checks


def test_assert_disjoint():
    index = make_index("ab")
    rows = np.arange(len(index))
    good = splits.Fold("good", rows[:12], rows[12:])
    splits.assert_disjoint(index, good)
    with pytest.raises(SplitError, match="fold 'x' has 1 clips in training and in test: 11"):
        splits.assert_disjoint(index, splits.Fold("x", rows[:12], rows[11:]))
    with pytest.raises(SplitError, match="1 speakers in training and in test: toy-b"):
        splits.assert_disjoint(index, splits.Fold("x", rows[:13], rows[13:]))
    index.loc[20, "duplicate_of"] = index.loc[3, "clip_id"]
    with pytest.raises(SplitError, match=r"1 byte-identical recordings .*: toy/a-happy-0"):
        splits.assert_disjoint(index, good)
    with pytest.raises(SplitError, match="1 speakers in training and in test: toy-unknown"):
        splits.assert_disjoint(index.assign(speaker=""), good)


def test_assert_tested_once():
    from sercore.splits.folds import assert_tested_once

    index = make_index("ab")
    fold = splits.Fold("x", np.arange(12), np.arange(12, 23))
    with pytest.raises(SplitError, match=r"13 clips are not tested exactly once \(first: row 0\)"):
        assert_tested_once(index, [fold])


# ------------------------------------------------------------------------------------ inner


@settings(max_examples=30, deadline=None)
@given(n_speakers=st.integers(3, 12), fraction=st.floats(0.1, 0.5), seed=st.integers(0, 99))
def test_inner_split_is_by_speaker(n_speakers, fraction, seed):
    index = make_index([f"{s:02}" for s in range(n_speakers)])
    fold = splits.make_folds(index, n_folds=3, seed=seed)[0]
    fit, validation = splits.inner_split(index, fold.train, fraction=fraction, seed=seed)
    np.testing.assert_array_equal(np.sort(np.r_[fit, validation]), fold.train)
    people = index["speaker"].to_numpy()
    assert not set(people[fit]) & set(people[validation])
    assert set(index["label"].iloc[validation]) == set(index["label"].iloc[fit]) == set(CLASSES)


def test_one_training_speaker_is_divided_by_sentence():
    index = make_index(["OAF", "YAF"], corpus="tess", repetitions=10)
    fold = splits.make_folds(index, "loso")[0]
    fit, validation = splits.inner_split(index, fold.train)
    sentence = index["sentence"].to_numpy()
    assert set(sentence[fit]).isdisjoint(sentence[validation])
    assert len(set(sentence[validation])) == 2
    by_clip = splits.inner_split(index.assign(sentence=""), fold.train)[1]
    assert len(by_clip) == 8
    assert len(set(sentence[by_clip])) > 2


def test_unknown_speakers_are_divided_by_clip():
    index = make_index("abc", repetitions=5).assign(speaker="")
    fold = splits.make_folds(index, "random")[0]
    fit, validation = splits.inner_split(index, fold.train, fraction=0.25)
    assert len(validation) == len(fold.train) / 4
    np.testing.assert_array_equal(np.sort(np.r_[fit, validation]), fold.train)


def test_inner_split_keeps_every_class_in_fit_rows():
    index = make_index("abc")
    index = index[(index["label"] != "sad") | (index["speaker"] == "toy-a")]
    rows = np.arange(len(index))
    for seed in range(8):
        fit, _ = splits.inner_split(index, rows, fraction=0.3, seed=seed)
        assert "toy-a" in set(index["speaker"].iloc[fit])
    with pytest.raises(SplitError, match="would test sad"):
        splits.inner_folds(index, rows, n_folds=3)
    alone = index[
        (index["speaker"] != "toy-c") & ((index["label"] != "happy") | (index["speaker"] == "toy-b"))
    ]
    with pytest.raises(SplitError, match="which does not occur in its training part"):
        splits.inner_split(alone, np.arange(len(alone)))


def test_validation_part_has_as_many_classes_as_possible():
    index = make_index("abc").drop(columns="sex")
    index = index[~index["label"].isin(["happy", "angry"]) | (index["speaker"] != "toy-b")]
    for seed in range(8):
        _, validation = splits.inner_split(index, np.arange(len(index)), seed=seed)
        assert set(index["label"].iloc[validation]) == set(CLASSES)


def test_inner_split_invalid_arguments():
    index = make_index("abc")
    with pytest.raises(SplitError, match=r"fraction is 0.8; .* at most 0.5"):
        splits.inner_split(index, np.arange(12), fraction=0.8)
    with pytest.raises(SplitError, match=r"1 clip\(s\) cannot be divided"):
        splits.inner_split(index, np.arange(1))


def test_inner_folds_test_each_row_once():
    index = make_index([f"{s:02}" for s in range(8)])
    train = splits.make_folds(index, n_folds=4)[2].train
    folds = splits.inner_folds(index, train, n_folds=20)
    assert len(folds) == 6  # as many as there are speakers
    np.testing.assert_array_equal(all_test_rows(folds), train)


# ------------------------------------------------------------------------------------- real


@pytest.mark.real
@pytest.mark.parametrize(
    ("corpus", "split", "n_folds"),
    [
        ("ravdess", "emobox-ravdess", 6),
        ("ravdess", "speaker", 6),
        ("ravdess", "loso", 24),
        ("tess", "loso", 2),
        ("emo_db", "loso", 10),
        ("emo_db", "speaker", 6),
    ],
)
def test_real_corpora(real_corpora, corpus, split, n_folds):
    from sercore.corpora import load_index

    index, _ = apply_scheme(load_index(corpus), "all")
    folds = splits.make_folds(index, split)
    assert len(folds) == n_folds
    for fold in folds:
        fit, validation = splits.inner_split(index, fold.train)
        assert len(fit) > len(validation) > 0


def test_one_unknown_speaker_does_not_divide_the_others():
    index = make_index([f"s{k}" for k in range(10)])
    index.loc[0, "speaker"] = ""
    divisions = splits.inner_folds(index, np.arange(len(index)))
    fit, held_out = splits.inner_split(index, np.arange(len(index)))
    for train, test in [*((fold.train, fold.test) for fold in divisions), (fit, held_out)]:
        sides = [set(index["speaker"].iloc[rows]) - {""} for rows in (train, test)]
        assert not sides[0] & sides[1]


def test_many_unknown_speakers_are_divided_by_clip():
    index = make_index(["", "s1"]).iloc[[0] * 400 + [-1, -2]].reset_index(drop=True)
    index = index.assign(clip_id=[f"c{k}" for k in range(402)], label=["sad", "angry"] * 201)
    index.loc[:399, "speaker"] = ""
    assert len(splits.inner_folds(index, np.arange(402))) > 1
    _, held_out = splits.inner_split(index, np.arange(402))
    assert 40 < len(held_out) < 120


def test_fraction_of_an_inner_split_is_rounded_to_the_nearest():
    index = make_index([f"s{k}" for k in range(6)])
    for fraction, n_held_out in ((0.4, 2), (0.5, 3), (0.34, 2), (0.2, 1)):
        _, held_out = splits.inner_split(index, np.arange(len(index)), fraction=fraction)
        assert index["speaker"].iloc[held_out].nunique() == n_held_out

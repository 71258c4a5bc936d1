"""Speaker normalisation from a few clips."""

import numpy as np
import pytest
from toys.several import several_corpora
from toys.tables import CLASSES

from sercore import splits, training
from sercore.errors import SercoreError
from sercore.training.enrolment import _draws, enrol, typical_speaker


def test_enrolment_approaches_the_speakers_own_statistics(rng):
    clips = rng.normal(5, 3, (4000, 2))
    mean, std = enrol(clips, np.ones(2))
    np.testing.assert_allclose(mean, clips.mean(axis=0))
    np.testing.assert_allclose(std, clips.std(axis=0), rtol=0.01)
    assert enrol(clips[:1], np.full(2, 7.0))[1].tolist() == [7, 7]
    assert (enrol(clips[:5], np.ones(2))[1] < 3).all()


def test_constant_columns_have_standard_deviation_1():
    assert typical_speaker(np.zeros((4, 1), np.float32), list("aabb"))[1].tolist() == [1]


def test_typical_deviation_is_that_within_speakers(rng):
    X = rng.normal(size=(40, 3)) + np.repeat([0, 100], 20)[:, None]
    mean, std = typical_speaker(X, np.repeat(["a", "b"], 20))
    np.testing.assert_allclose(mean, X.mean(axis=0))
    np.testing.assert_allclose(std, np.sqrt((X[:20].var(axis=0) + X[20:].var(axis=0)) / 2))


@pytest.fixture
def data(rng):
    return several_corpora(rng, sizes=(("a", 5), ("c", 4)))


def test_more_clips_help_and_all_clips_come_close_to_normalisation(data):
    index, X = data
    (fold,) = splits.corpus_folds(index, ["a"], ["c"])
    curve = training.enrolment_curve(index, X, CLASSES, fold, counts=(0, 2, None), repeats=3, n_boot=20)
    assert curve["n_used"].tolist() == [0, 2, 9]
    assert curve["ua"].is_monotonic_increasing
    assert curve["ua"].iloc[2] > curve["ua"].iloc[0] + 0.1
    assert (curve["n_clips"] == len(fold.test)).all()
    assert np.isnan(curve["clips"].iloc[2])
    assert (curve["ua_low"] <= curve["ua"]).all()


def test_neutral_clips_only(data):
    index, X = data
    (fold,) = splits.corpus_folds(index, ["a"], ["c"])
    curve = training.enrolment_curve(
        index, X, CLASSES, fold, counts=(None,), only="neutral", repeats=2, n_boot=20
    )
    assert curve["only"].tolist() == ["neutral"]
    assert curve["n_used"].tolist() == [3]  # one of a speaker's four is scored
    without = index.drop(index.index[(index["speaker"] == "c-0") & (index["label"] == "neutral")])
    with pytest.raises(SercoreError, match="no clips of class 'neutral' by c-0"):
        training.enrolment_curve(
            without, X[without.index], CLASSES, splits.corpus_folds(without, ["a"], ["c"])[0], only="neutral"
        )


def test_neutral_clips_of_every_speaker_and_no_others_are_used(data, monkeypatch):
    index, X = data
    (fold,) = splits.corpus_folds(index, ["a"], ["c"])
    asked = []
    monkeypatch.setattr(
        "sercore.training.enrolment.enrol", lambda clips, std: asked.append(len(clips)) or enrol(clips, std)
    )
    training.enrolment_curve(index, X, CLASSES, fold, counts=(None,), only="neutral", repeats=1, n_boot=20)
    assert asked[:5] == [4] * 5, "all of each training speaker"
    assert asked[5:] == [3] * 4 * 4, "all but the one that is scored"


def test_clips_are_scored_once_and_never_with_themselves(data, rng):
    test = data[0][data[0]["corpus"] == "c"]
    usable = (test["label"] == "neutral").to_numpy()
    pairs = list(_draws(test, usable, rng))
    np.testing.assert_array_equal(np.sort(np.concatenate([part for part, _ in pairs])), np.arange(len(test)))
    speakers = test["speaker"].to_numpy()
    for part, pool in pairs:
        assert not set(part) & set(pool)
        assert usable[pool].all()
        assert set(speakers[part]) == set(speakers[pool])
        assert len(set(speakers[part])) == 1

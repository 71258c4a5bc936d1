"""Averages per emotion, with intervals over speakers."""

import numpy as np
import pytest

from sercore import interpret
from sercore.errors import EvaluationError, SercoreError
from sercore.interpret import emotion_profiles

SPEAKERS = np.repeat([f"s{k}" for k in range(6)], 4)


def test_speakers_have_equal_weight(rng):
    values = np.concatenate([np.zeros(30), np.ones(4)])
    speakers = ["a"] * 30 + ["b", "b", "c", "d"]
    mean, low, high = interpret.mean_interval(values, speakers)
    assert mean == 0.75
    assert low < mean < high
    assert np.isnan(interpret.mean_interval(values[:32], speakers[:32])[1])
    with pytest.raises(EvaluationError, match="34 speakers for 32 clips"):
        interpret.mean_interval(values[:32], speakers)


def test_interval_is_close_to_students_t(rng):
    values = rng.normal(size=(24, 2))
    mean, low, high = interpret.mean_interval(values, [f"s{k}" for k in range(24)], n_boot=4000)
    np.testing.assert_allclose((high - low) / 2, 2.07 * values.std(axis=0, ddof=1) / np.sqrt(24), rtol=0.1)
    np.testing.assert_allclose(mean, values.mean(axis=0))


def test_nan_is_ignored(rng):
    values = rng.normal(size=(24, 2))
    values[:4, 1] = np.nan  # one speaker has no values
    mean, low, high = interpret.mean_interval(values, SPEAKERS)
    assert mean[1] == pytest.approx(values[4:, 1].mean())
    assert low[1] < mean[1] < high[1]


def test_a_speaker_without_values_does_not_draw_the_interval_to_0(rng):
    values = 100 + rng.normal(size=24)
    values[:4] = np.nan
    mean, low, high = interpret.mean_interval(values, SPEAKERS)
    assert 97 < low < mean < high < 103


def test_three_speakers_with_values_give_no_interval(rng):
    values = rng.normal(size=(16, 2))
    values[:4, 1] = np.nan
    _, low, high = interpret.mean_interval(values, SPEAKERS[:16])
    assert np.isfinite([low[0], high[0]]).all()
    assert np.isnan([low[1], high[1]]).all()


def test_sure_means_that_the_interval_excludes_0():
    low, high = np.array([0.1, -0.5, -0.1, np.nan]), np.array([0.5, -0.1, 0.1, np.nan])
    interval = emotion_profiles.MeanInterval((low + high) / 2, low, high)
    assert interval.sure.tolist() == [True, True, False, False]


def test_normalise_time():
    track = np.array([[1.0, 1.0, 2.0, 2.0, np.nan, 3.0, np.nan, np.nan]])
    np.testing.assert_allclose(emotion_profiles.normalise_time(track, n_points=4), [[1, 2, 3, np.nan]])
    assert emotion_profiles.normalise_time(track[:, :3], n_points=6).shape == (1, 6)


def test_differences_are_computed_within_speakers(rng):
    labels = np.tile(["neutral", "neutral", "angry", "angry"], 6)
    values = 5.0 * (labels == "angry") + 0.1 * rng.normal(size=24)
    shifted = values + np.repeat(100.0 * rng.normal(size=6), 4)  # constant differences between speakers
    plain, moved = (
        emotion_profiles.emotion_differences(v, labels, SPEAKERS)["angry"] for v in (values, shifted)
    )
    np.testing.assert_allclose(plain, moved)
    assert 4.7 < plain.low < plain.mean < plain.high < 5.3
    assert plain.sure
    assert list(emotion_profiles.emotion_means(values, labels, SPEAKERS)) == ["neutral", "angry"]
    with pytest.raises(SercoreError, match="no clip has the label 'calm'"):
        emotion_profiles.emotion_differences(values, labels, SPEAKERS, against="calm")

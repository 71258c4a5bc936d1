"""Tests of maps are tests: true maps pass, false ones fail, known causes are found, sounds add up."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from sercore import features, interpret
from sercore.errors import CorpusError, EvaluationError, SercoreError
from sercore.interpret import (
    emotion_profiles,
    error_analysis,
    regions,
    sonification,
    synthetic_benchmark,
    synthetic_benchmark_tables,
)
from sercore.models.assembly import frame_inputs

N_FRAMES, N_BANDS = 20, 8
SPEAKERS = np.repeat([f"s{k}" for k in range(6)], 4)


@pytest.fixture(scope="module")
def band_model():
    """Softmax of the mean of bands 2 and 3 over the clip."""
    inputs, x, mask = frame_inputs(N_BANDS)
    model = keras.Model(
        inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x, mask=mask))
    )
    kernel = np.zeros((N_BANDS, 2))
    kernel[2:4] = [-2.0, 2.0]
    model.set_weights([kernel, np.zeros(2)])
    return model


@pytest.fixture
def clips(rng):
    return rng.normal(1.0, 0.2, size=(24, N_FRAMES, N_BANDS)).astype(np.float32)


# intervals


def test_speakers_count_once_and_few_have_no_interval(rng):
    values = np.concatenate([np.zeros(30), np.ones(4)])
    speakers = ["a"] * 30 + ["b", "b", "c", "d"]
    mean, low, high = interpret.mean_interval(values, speakers)
    assert mean == 0.75
    assert low < mean < high
    assert np.isnan(interpret.mean_interval(values[:32], speakers[:32])[1])
    with pytest.raises(EvaluationError, match="34 speakers for 32 clips"):
        interpret.mean_interval(values[:32], speakers)


def test_interval_is_about_that_of_students_t(rng):
    values = rng.normal(size=(24, 2))
    mean, low, high = interpret.mean_interval(values, [f"s{k}" for k in range(24)], n_boot=4000)
    np.testing.assert_allclose((high - low) / 2, 2.07 * values.std(axis=0, ddof=1) / np.sqrt(24), rtol=0.1)
    np.testing.assert_allclose(mean, values.mean(axis=0))


def test_gaps_are_left_out(rng):
    values = rng.normal(size=(24, 2))
    values[:4, 1] = np.nan  # one speaker has nothing
    mean, low, high = interpret.mean_interval(values, SPEAKERS)
    assert mean[1] == pytest.approx(values[4:, 1].mean())
    assert low[1] < mean[1] < high[1]


# faithfulness and sanity


def test_a_true_map_beats_a_random_order_and_a_reversed_one_loses(band_model, clips):
    targets = np.ones(24, int)
    true = interpret.attribute(band_model, clips, method="gradient_input", targets=targets)
    maps = {"true": true, "reversed": -true}
    table, curves = interpret.compare_faithfulness(band_model, clips, maps, targets, SPEAKERS, box=(5, 2))
    for game in ("deletion", "insertion"):
        assert table.loc["true", f"{game}_low"] > 0.02
        assert table.loc["reversed", f"{game}_high"] < -0.02
        assert list(curves[game].columns) == ["random", "true", "reversed"]
    ends = curves["deletion"].loc[[0.0, 1.0], "true"]
    np.testing.assert_allclose(
        ends,
        interpret.class_probabilities(band_model, clips)[:, 1].mean() * np.array([1, 0]) + [0, 0.5],
        atol=1e-3,
    )
    np.testing.assert_allclose(curves["insertion"].loc[1.0], curves["deletion"].loc[0.0], atol=1e-6)


def test_deletion_takes_the_boxes_in_their_order(band_model, clips):
    first = np.zeros(clips.shape)
    first[:, :, 2:4] = 1.0  # the two bands that count are one box of four
    curve = interpret.deletion_curves(
        band_model, clips, first, np.ones(24, int), box=(N_FRAMES, 2), n_points=5
    )
    assert (curve[:, 0] > 0.9).all()
    np.testing.assert_allclose(curve[:, 1:], 0.5, atol=1e-6)
    with pytest.raises(SercoreError, match="game is 'removal'"):
        interpret.deletion_curves(band_model, clips, first, np.ones(24, int), mode="removal")


def test_shuffling_keeps_values_and_destroys_their_places():
    model = synthetic_benchmark.small_network(12, seed=0)
    everything, last = interpret.shuffle_weights(model), interpret.shuffle_weights(model, layers="last")
    for before, after in zip(model.get_weights(), everything.get_weights(), strict=True):
        np.testing.assert_array_equal(np.sort(before.ravel()), np.sort(after.ravel()))
    changed = [not np.array_equal(a, b) for a, b in zip(model.get_weights(), last.get_weights(), strict=True)]
    assert changed[-2]
    assert not any(changed[:-2])


def test_attention_does_not_notice_that_the_classes_are_gone(rng):
    model = synthetic_benchmark.small_network(12, n_classes=4, seed=0)
    X = rng.normal(size=(4, 40, 12)).astype(np.float32)
    table = interpret.sanity_check(model, X, np.zeros(4, int), ["gradient_input", "attention"], box=(4, 2))
    assert table.loc["attention", "last"] == pytest.approx(1.0)
    assert abs(table.loc["gradient_input", "all"]) < 0.5


def test_agreement_is_one_with_itself_and_minus_one_with_its_reverse(clips, rng):
    one = rng.normal(size=clips.shape)
    one[0, 16:], clips[0, 16:] = 0.0, np.nan
    table = interpret.method_agreement(
        {"a": one, "b": 3 * one, "c": -one, "d": rng.normal(size=clips.shape)}, clips, box=(2, 2)
    )
    assert table.loc["a", "b"] == pytest.approx(1.0)
    assert table.loc["a", "c"] == pytest.approx(-1.0)
    assert abs(table.loc["a", "d"]) < 0.15


# known causes


def test_a_rise_at_the_end_has_its_place_at_the_end_and_rate_has_none():
    pairs = synthetic_benchmark.render_pairs(synthetic_benchmark.CAUSES["rise at the end"], n_repetitions=1)
    length = (~np.isnan(pairs.X[:, :, 0])).sum(axis=1)
    frames = pairs.place[:, :, 0]
    middle = (frames * np.arange(frames.shape[1])).sum(axis=1) / frames.sum(axis=1) / length
    assert np.median(middle) > 0.6
    assert frames.sum() / length.sum() < 0.4
    assert len(set(pairs.speakers[pairs.learned]) & set(pairs.speakers[~pairs.learned])) == 0
    with pytest.raises(SercoreError, match="the cause has no place"):
        synthetic_benchmark.render_pairs(synthetic_benchmark.Cause("rate", 3.8, 5.2, "time"), n_repetitions=1)


def test_what_moves_with_the_place_is_measured_on_the_model(band_model, rng):
    X = rng.normal(size=(12, N_FRAMES, N_BANDS)).astype(np.float32)
    X[1::2, :, 2:4] += 2.0
    place = np.zeros(X.shape, bool)
    y = np.arange(12) % 2
    assert synthetic_benchmark.swap_effect(band_model, X, y, place) == pytest.approx(0.0, abs=1e-5)
    place[:, :, 2:4] = True
    assert synthetic_benchmark.swap_effect(band_model, X, y, place) == pytest.approx(1.0, abs=1e-5)
    assert synthetic_benchmark.swap_effect(band_model, X, y, ~place) == pytest.approx(0.0, abs=1e-5)


def test_the_exam_passes_a_map_of_the_cause_and_fails_one_of_chance(band_model, rng, monkeypatch):
    X = rng.normal(size=(24, N_FRAMES, N_BANDS)).astype(np.float32)
    place = np.zeros(X.shape, bool)
    place[:, :, 2:4] = True
    pairs = synthetic_benchmark.CuePairs(X, np.arange(24) % 2, SPEAKERS, np.zeros(24, bool), place)
    answers = {"knows": lambda: np.where(place, 1.0, 0.01), "guesses": lambda: rng.random(X.shape)}
    trained = band_model
    monkeypatch.setattr(
        synthetic_benchmark,
        "attribute",
        lambda model, X, *, method, targets: answers[method]() if model is trained else rng.random(X.shape),
    )
    table = synthetic_benchmark.run_benchmark(band_model, pairs, methods=["knows", "guesses"])
    assert table.loc["knows", "points"]
    assert table.loc["knows", "inside"] > 0.9
    assert not table.loc["guesses", "points"]
    assert table["chance"].tolist() == [0.25, 0.25]


def test_importance_finds_the_rate_that_was_planted_and_nothing_in_random_columns():
    cue = {"rate": synthetic_benchmark_tables.CUES["rate"]}
    row = synthetic_benchmark_tables.run_table_benchmark(cue).loc["rate"]
    assert row["points"]
    assert row["timing"] > 0.3
    assert abs(row["random"]) < 0.05


# segments, sound, averages


def test_segments_bridge_short_pauses_and_drop_short_sounds():
    voiced = np.array([0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1], bool)
    table = regions.voiced_segments(voiced, frame_s=0.02, gap_s=0.02, shortest_s=0.05)
    np.testing.assert_allclose(table.to_numpy(), [[0.02, 0.14], [0.3, 0.36]])
    assert len(regions.voiced_segments(np.zeros(5, bool), frame_s=0.02)) == 0


def test_evidence_is_summed_where_it_lies(rng):
    evidence = np.zeros((50, 4))
    evidence[10:20], evidence[30:35] = 1.0, -1.0
    words = pd.DataFrame({"start": [0.0, 0.2, 0.5], "end": [0.2, 0.5, 1.0], "word": ["a", "b", "c"]})
    table = regions.by_segment(evidence, words, frame_s=0.02)
    np.testing.assert_allclose(table["share"], [0.0, 2 / 3, 1 / 3])
    np.testing.assert_allclose(table["evidence"], [0.0, 40.0, -20.0])
    assert list(table["word"]) == ["a", "b", "c"]
    with pytest.raises(SercoreError, match="start and end"):
        regions.by_segment(evidence, words.drop(columns="end"), frame_s=0.02)


def test_what_is_kept_and_what_is_left_add_up_to_the_sound(rng):
    recipe = features.Recipe()
    wave = rng.normal(0, 0.1, 8000).astype(np.float32)
    mask = sonification.strongest_regions(rng.normal(size=(51, 64)), share=0.3)
    assert mask.mean() == pytest.approx(0.3, abs=0.06)
    kept, rest = (sonification.mask_sound(wave, part, recipe=recipe) for part in (mask, ~mask))
    np.testing.assert_allclose(kept + rest, wave, atol=1e-5)
    np.testing.assert_allclose(
        sonification.mask_sound(wave, np.ones((51, 64)), recipe=recipe), wave, atol=1e-5
    )
    assert np.abs(sonification.mask_sound(wave, np.zeros((51, 64)), recipe=recipe)).max() < 1e-6
    with pytest.raises(SercoreError, match="make both with one recipe"):
        sonification.mask_sound(wave, mask[:10], recipe=recipe)


@pytest.mark.parametrize("phase", ["own", "griffin-lim"])
def test_only_the_bands_that_are_kept_are_heard(phase):
    t = np.arange(16_000) / 16_000
    wave = (0.1 * np.sin(2 * np.pi * 300 * t) + 0.1 * np.sin(2 * np.pi * 4000 * t)).astype(np.float32)
    mask = np.zeros((101, 64))
    mask[:, :32] = 1.0  # the lower half of the bands ends near 1700 Hz
    power = np.abs(np.fft.rfft(sonification.mask_sound(wave, mask, phase=phase))) ** 2
    assert power[300] > 1e4 * power[4000]
    assert power[290:311].sum() > 0.5 * (np.abs(np.fft.rfft(wave)) ** 2)[290:311].sum()


def test_time_is_normalised_with_gaps_left_out():
    track = np.array([[1.0, 1.0, 2.0, 2.0, np.nan, 3.0, np.nan, np.nan]])
    np.testing.assert_allclose(emotion_profiles.normalise_time(track, n_points=4), [[1, 2, 3, np.nan]])
    assert emotion_profiles.normalise_time(track[:, :3], n_points=6).shape == (1, 6)


def test_differences_are_taken_within_speakers(rng):
    labels = np.tile(["neutral", "neutral", "angry", "angry"], 6)
    values = 5.0 * (labels == "angry") + 0.1 * rng.normal(size=24)
    shifted = values + np.repeat(100.0 * rng.normal(size=6), 4)  # six very different voices
    plain, moved = (
        emotion_profiles.emotion_differences(v, labels, SPEAKERS)["angry"] for v in (values, shifted)
    )
    np.testing.assert_allclose(plain, moved)
    assert 4.7 < plain.low < plain.mean < plain.high < 5.3
    assert plain.sure
    assert list(emotion_profiles.emotion_means(values, labels, SPEAKERS)) == ["neutral", "angry"]
    with pytest.raises(SercoreError, match="no clip is 'calm'"):
        emotion_profiles.emotion_differences(values, labels, SPEAKERS, against="calm")


# mistakes


@pytest.fixture
def oof():
    """Six speakers; half of the sad clips of each are heard as calm, everything else is right."""
    rows = []
    for who in range(1, 7):
        for code, label in (("02", "calm"), ("04", "sad"), ("03", "happy")):
            for strong in (1, 2):
                heard = "calm" if label == "sad" and strong == 1 else label
                proba = {f"p_{name}": 0.6 if name == heard else 0.2 for name in ("calm", "happy", "sad")}
                clip = f"ravdess/03-01-{code}-0{strong}-01-01-{who:02d}"
                rows.append({"clip_id": clip, "speaker": f"ravdess-{who:02d}", "label": label} | proba)
    return pd.DataFrame(rows).assign(model="m", split="loso", fold="1", seed=0)


def test_confused_pairs_and_worst_clips_are_those_that_were_planted(oof):
    pairs = error_analysis.confused_pairs(oof)
    assert pairs[["label", "heard", "rate", "n_speakers"]].to_numpy().tolist() == [["sad", "calm", 0.5, 6]]
    worst = error_analysis.worst_clips(oof, n=6)
    assert worst["clip_id"].str.contains("-04-01-").all()
    assert (worst["heard"] == "calm").all()
    assert (worst["wrong"] == 1.0).all()
    assert len(error_analysis.worst_clips(oof, n=None)) == 36


def test_people_stand_beside_the_same_clips(oof):
    table = error_analysis.compare_with_listeners(oof, "ravdess")
    assert table["model"].to_dict() == pytest.approx(
        {"normal intensity": 2 / 3, "strong intensity": 1.0, "happy": 1.0}
    )
    assert error_analysis.compare_with_listeners(oof.iloc[:0], "crema_d")["model"].isna().all()
    with pytest.raises(CorpusError, match="no figures of people for 'tess'"):
        error_analysis.compare_with_listeners(oof, "tess")

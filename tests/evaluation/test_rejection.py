"""Speech detector, novelty detector, and the reason for which a clip is refused."""

import io
from dataclasses import replace

import numpy as np
import pytest

from sercore import evaluation, synth
from sercore.audio import augment, sounds
from sercore.bundle import rejection as stored
from sercore.errors import AudioError, EvaluationError, SercoreError
from sercore.evaluation import NoveltyDetector, is_speech, speech_measures
from sercore.evaluation.rejection import NOT_SPEECH, UNKNOWN_VOICE


@pytest.fixture(scope="module")
def voice():
    wave, sr = synth.Voice().speak()
    assert sr == 16_000
    return wave


@pytest.mark.parametrize("name", sounds.SOUNDS)
@pytest.mark.parametrize("seed", range(3))
def test_sounds_are_not_speech(name, seed):
    assert not is_speech(sounds.render_sound(name, seed=seed))


@pytest.mark.parametrize("preset", ["neutral", "angry", "sad", "surprised"])
@pytest.mark.parametrize("body", ["man", "woman"])
def test_voices_are_speech(preset, body):
    wave, sr = synth.Voice().body(body).preset(preset).speak()
    assert is_speech(wave, sr=sr)


def test_silence_and_damage(voice):
    assert not is_speech(np.zeros(16_000, dtype=np.float32))
    assert not is_speech(1e-5 * voice)
    with pytest.raises(AudioError, match="finite"):
        is_speech(np.full(16_000, np.nan, dtype=np.float32))


def test_level_does_not_change_the_other_measures(voice):
    loud, soft = speech_measures(0.9 * voice / np.abs(voice).max()), speech_measures(0.02 * voice)
    assert loud.pop("level_db") > soft.pop("level_db") + 20
    assert loud == pytest.approx(soft, rel=0.01)


def test_noise_behind_a_voice(voice, rng):
    quiet = 0.1 * voice
    assert is_speech(augment.add_noise(quiet, 20, rng=rng))
    assert not is_speech(augment.add_noise(quiet, -10, rng=rng))


def test_unknown_sound():
    with pytest.raises(SercoreError, match="white_noise"):
        sounds.render_sound("bagpipe")


# ---------------------------------------------------------------------------------- novelty


def make_rows(rng, *, n_speakers=12, n_clips=25, n_columns=60, n_factors=8):
    """Rows in which columns depend on a few factors and every speaker has an offset."""
    mixing = rng.normal(size=(n_factors, n_columns))
    factors = rng.normal(size=(n_speakers * n_clips, n_factors))
    factors += np.repeat(rng.normal(size=(n_speakers, n_factors)), n_clips, axis=0)
    noise = 0.3 * rng.normal(size=(len(factors), n_columns))
    return factors @ mixing + noise, np.repeat([f"s{k:02}" for k in range(n_speakers)], n_clips)


def test_new_speakers_are_mostly_accepted(rng):
    X, speakers = make_rows(rng, n_speakers=30)
    known = speakers < "s20"
    detector = NoveltyDetector.fit(X[known], speakers[known])
    assert detector.is_novel(X[~known]).mean() < 0.12
    assert detector.is_novel(X[known]).mean() < 0.05


def test_unused_directions_are_novel(rng):
    X, speakers = make_rows(rng)
    detector = NoveltyDetector.fit(X, speakers, n_components=8)
    permuted = rng.permuted(X, axis=0)  # every column as before, but columns no longer depend on each other
    assert detector.is_novel(permuted).mean() > 0.95


def test_distance_does_not_grow_with_the_number_of_clips(rng):
    """With more columns than clips; a limit found on a part of the speakers would else be too low."""
    X, new = rng.normal(size=(240, 500)), rng.normal(size=(100, 500))
    few, many = (np.median(NoveltyDetector._fit(X[:n], 5).score(new)) for n in (60, 240))
    assert many == pytest.approx(1, abs=0.15)
    assert few == pytest.approx(many, rel=0.25)


def test_mean_distance_of_training_rows_is_1(rng):
    X = rng.normal(size=(400, 20))
    assert NoveltyDetector._fit(X, 10).score(X).mean() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("relative", [False, True])
def test_limit_rejects_at_most_the_proportion_of_left_out_clips(rng, relative):
    X, speakers = make_rows(rng, n_speakers=6)
    detector = NoveltyDetector.fit(X, speakers, n_components=8, n_folds=6, relative=relative)
    distances = []
    for name in np.unique(speakers):
        known = NoveltyDetector._fit(X[speakers != name], 8)
        unit = np.median(known.score(X[speakers != name])) if relative else 1.0
        distances.extend(known.score(X[speakers == name]) / unit)
    limit = detector.threshold / (np.median(detector.score(X)) if relative else 1.0)
    assert np.mean(np.greater(distances, limit)) <= 0.05 < np.mean(np.greater(distances, limit - 1e-9))


def test_limit_is_that_of_left_out_speakers(rng):
    X, speakers = make_rows(rng, n_speakers=6)
    strict, loose = (NoveltyDetector.fit(X, speakers, max_rejected=p) for p in (0.2, 0.01))
    assert strict.threshold < loose.threshold
    np.testing.assert_array_equal(strict.score(X), loose.score(X))
    of_training_rows = np.quantile(strict.score(X), 0.8)
    assert strict.threshold > of_training_rows


def test_arrays_keep_the_detector(rng):
    X, speakers = make_rows(rng)
    detector = NoveltyDetector.fit(X, speakers)
    file = io.BytesIO()
    np.savez(file, **detector.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = NoveltyDetector.from_arrays(arrays)
    np.testing.assert_allclose(again.score(X), detector.score(X), rtol=1e-4)
    assert float(again.threshold) == pytest.approx(float(detector.threshold), rel=1e-6)


@pytest.mark.parametrize("damage", ["missing", "shape", "nan"])
def test_damaged_arrays(rng, damage):
    arrays = NoveltyDetector.fit(*make_rows(rng)).to_arrays()
    if damage == "missing":
        del arrays["rest"]
    elif damage == "shape":
        arrays["mean"] = arrays["mean"][:-1]
    else:
        arrays["components"][0, 0] = np.nan
    with pytest.raises(EvaluationError):
        NoveltyDetector.from_arrays(arrays)


def two_places(rng):
    """Clips, the same heard in another place, which is far away in one direction, and a detector for both."""
    X, speakers = make_rows(rng)
    heard = X + 30 * rng.normal(size=X.shape[1])
    return X, heard, NoveltyDetector.fit(X, speakers, versions=[heard, heard + rng.normal(size=X.shape)])


def test_what_is_near_clips_or_near_their_versions_is_known(rng):
    X, heard, detector = two_places(rng)
    assert detector.is_novel(X).mean() < 0.05
    assert detector.is_novel(heard).mean() < 0.05
    assert detector.is_novel(X + 30 * rng.normal(size=X.shape[1])).all()  # a third place
    alone = replace(detector, other=None)
    assert alone.is_novel(heard).all()
    ratio = np.minimum(
        alone.score(heard) / alone.threshold, detector.other.score(heard) / detector.other.threshold
    )
    np.testing.assert_allclose(detector.score(heard) / detector.threshold, ratio)


def test_first_detector_is_the_one_without_versions(rng):
    """Versions never make a detector stricter about the clips as they are."""
    X, speakers = make_rows(rng)
    with_versions = NoveltyDetector.fit(X, speakers, versions=[X + 30])
    alone = NoveltyDetector.fit(X, speakers)
    assert with_versions.threshold == alone.threshold
    assert (with_versions.score(X) <= alone.score(X)).all()


def test_wrong_input(rng):
    X, speakers = make_rows(rng)
    with pytest.raises(EvaluationError, match="at least two"):
        NoveltyDetector.fit(X, np.repeat("anna", len(X)))
    with pytest.raises(EvaluationError, match="between 0 and 1"):
        NoveltyDetector.fit(X, speakers, max_rejected=5)
    detector = NoveltyDetector.fit(X, speakers)
    with pytest.raises(EvaluationError, match="expected"):
        detector.score(X[:, 1:])
    assert detector.is_novel(np.full((1, X.shape[1]), np.nan)).tolist() == [True]


def test_reasons(rng, voice):
    X, speakers = make_rows(rng)
    detector = NoveltyDetector.fit(X, speakers)
    reason = evaluation.rejection_reason
    assert reason(voice) is None
    assert reason(voice, X[0], detector) is None
    assert reason(voice, X[0] + 100, detector) == UNKNOWN_VOICE
    assert reason(sounds.render_sound("hum"), X[0], detector) == NOT_SPEECH


def test_bundles_name_the_same_reasons():
    assert (stored.NOT_SPEECH, stored.UNKNOWN_VOICE) == (NOT_SPEECH, UNKNOWN_VOICE)

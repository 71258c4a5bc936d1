"""Calibrated bundles that do not answer for sounds other than speech and for unknown voices."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import soundfile
from toys import bundles as small
from toys.bundles import CLASSES, SMALL
from toys.voices import rejecting_predictor

from sercore import synth
from sercore.audio.sounds import render_sound
from sercore.bundle import (
    FittedModel,
    Prediction,
    Predictor,
    Windows,
    over_time,
    predict_clip,
    predict_windows,
    rejection,
    save,
)
from sercore.bundle.scores import calibrated
from sercore.bundle.training import fit_detector, temperature_of
from sercore.cli import main
from sercore.errors import BundleError
from sercore.evaluation import NoveltyDetector, apply_temperature
from sercore.features import table_row

UNLIKE = "unlike the voices this model learned from"
SPEAKERS = [synth.SPEAKERS[name] for name in ("F1", "F2", "M1", "M2")]


def voice(speaker, emotion="neutral", **options):
    return synth.render(synth.EMOTION_PROSODY[emotion], speaker=speaker, **options)[0]


@pytest.fixture(scope="module")
def table():
    """Index and features of a few sentences of four synthetic speakers."""

    rows, X = [], []
    for speaker in SPEAKERS:
        for k, (label, emotion) in enumerate(zip(CLASSES, ("neutral", "sad", "angry"), strict=True)):
            for seed in range(3):
                X.append(table_row(voice(speaker, emotion, sentence=seed, seed=(k, seed)), SMALL))
                rows.append({"speaker": speaker.name, "label": label})
    return pd.DataFrame(rows), np.stack(X)


@pytest.fixture(scope="module")
def member(table):
    return {"logistic": FittedModel(small.fit(*table, "logistic"), SMALL)}


@pytest.fixture(scope="module")
def bundle(table, member, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rejecting")
    detector = fit_detector(*table)
    return save(folder / "b.bundle", member, CLASSES, temperature=2.0, detector=detector)


@pytest.fixture(scope="module")
def predictor(bundle):
    return Predictor.load(bundle)


def test_temperature_is_applied_to_the_vote(predictor, member, tmp_path):
    wave = voice(SPEAKERS[0], seed=1)
    plain = Predictor.load(save(tmp_path / "plain", member, CLASSES)).predict(wave)
    expected = apply_temperature(np.array(list(plain.values())), 2.0)
    np.testing.assert_allclose(list(predictor.predict(wave).values()), expected, atol=1e-9)


def test_known_voice_gets_an_emotion(predictor):
    answer = predictor.assess(voice(SPEAKERS[1], "angry", sentence=1, seed=(2, 1)))
    assert answer.rejected is None
    assert answer.label == max(answer.proba, key=answer.proba.get)
    assert answer.confidence == max(answer.proba.values())


@pytest.mark.parametrize("name", ["white_noise", "chords"])
def test_other_sounds_are_not_speech(predictor, name):
    answer = predictor.assess(render_sound(name))
    assert (answer.label, answer.confidence, answer.rejected) == (None, 0.0, "not speech")


def test_voice_far_from_training_is_rejected(predictor):
    """The same voice with every feature shifted: speech, but of another kind of recording."""
    wave = voice(SPEAKERS[1], seed=1)
    shifted = np.tanh(30 * wave).astype(np.float32)
    assert predictor.assess(wave).rejected is None
    assert predictor.assess(shifted).rejected == UNLIKE


def test_confidence_falls_with_the_distance_from_a_single_corpus(table, member, tmp_path):
    """Windows and bundles of several corpora keep the confidence of the temperature alone."""
    known, several = (
        Predictor.load(
            save(
                tmp_path / "+".join(names), member, CLASSES, detector=fit_detector(*table),
                training={"corpora": [{"name": name, "title": name, "licence": "MIT"} for name in names]},
            )
        )
        for names in (["one"], ["one", "two"])
    )  # fmt: skip
    wave = voice(SPEAKERS[1], seed=1)
    shifted = known.waves(np.tanh(30 * wave).astype(np.float32))
    near, far = known.proba(known.waves(wave)), known.proba(shifted)
    np.testing.assert_allclose(near, several.proba(known.waves(wave)))
    assert far.max() < several.proba(shifted).max() - 0.05
    np.testing.assert_allclose(known.proba(shifted, novelty=False), several.proba(shifted))
    assert far.argmax() == several.proba(shifted).argmax()


def test_bundle_without_detector_answers_always(member, tmp_path):
    predictor = Predictor.load(save(tmp_path / "b", member, CLASSES))
    assert predictor.assess(render_sound("white_noise")).label in CLASSES


def test_windows_without_speech_have_no_emotion(bundle, predictor, tmp_path, capsys):
    first = voice(SPEAKERS[1], seed=1)
    noise, seconds = np.resize(render_sound("white_noise"), 2 * first.size), first.size / 16_000
    soundfile.write(tmp_path / "a.wav", np.concatenate([first, noise]), 16_000, subtype="FLOAT")
    rows = predict_clip(predictor, tmp_path / "a.wav", Windows(seconds, seconds))
    assert [row["rejected"] for row in rows] == [None, "not speech", "not speech"]
    _, proba = over_time(rows, CLASSES)
    assert np.isnan(proba).all(axis=1).tolist() == [False, True, True]
    command = [
        "predict",
        "--bundle",
        str(bundle),
        str(tmp_path / "a.wav"),
        "--timeline",
        "--window",
        str(seconds),
        "--step",
        str(seconds),
    ]
    assert main(command) == 0
    assert capsys.readouterr().out.count("(not speech)") == 2
    assert main([*command, "--json"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["label"] is None, row["rejected"]) for row in printed] == [
        (False, None), (True, "not speech"), (True, "not speech"),
    ]  # fmt: skip


def test_windows_of_unknown_voice_are_answered(predictor):
    """The limit of the detector applies to whole clips only."""
    waves = predictor.waves(np.tanh(30 * voice(SPEAKERS[1], seed=1)).astype(np.float32))
    assert predictor.assess_waves(waves).rejected == UNLIKE
    assert predictor.assess_waves(waves, novelty=False).label in CLASSES


def test_the_only_window_of_a_recording_is_a_whole_clip(predictor):
    waves = predictor.waves(np.tanh(30 * voice(SPEAKERS[1], seed=1)).astype(np.float32))
    seconds = waves[16_000].size / 16_000
    (row,) = predict_windows(predictor, waves, Windows(seconds + 1, 1.0))
    assert row["rejected"] == UNLIKE
    rows = list(predict_windows(predictor, waves, Windows(0.6 * seconds, 0.4 * seconds)))
    assert len(rows) > 1
    assert all("proba" in row for row in rows)


def test_only_speech_counts_for_a_speaker(rng):
    predictor = rejecting_predictor(speaker_norm=True)
    noise = (1e-3 * rng.standard_normal(160_000)).astype(np.float32)
    assert predictor.for_speaker([noise, render_sound("chords")]).voice.n_clips == 0
    assert predictor.for_speaker([noise, synth.Voice().speak()[0]]).voice.n_clips == 1


def test_advice_is_about_what_was_rejected(bundle, tmp_path, capsys):
    soundfile.write(tmp_path / "chords.wav", render_sound("chords"), 16_000)
    command = ["predict", "--bundle", str(bundle), str(tmp_path / "chords.wav")]
    assert main(command) == 0
    shown = capsys.readouterr().err
    assert "quiet room" in shown
    assert "Unlike the training voices" not in shown
    assert "Long recording: --timeline." in shown
    assert main([*command, "--timeline"]) == 0
    assert "Long recording" not in capsys.readouterr().err


def test_a_rejected_clip_does_not_change_the_voice():
    predictor = rejecting_predictor(speaker_norm=True)
    waves = predictor.waves(synth.Voice().speak()[0])
    assert predictor.assess_waves(waves, adapt=True).rejected == UNLIKE
    assert predictor.voice.n_clips == 0
    assert predictor.assess_waves(waves, novelty=False, adapt=True).rejected is None
    assert predictor.voice.n_clips == 1


def test_answer_of_rejected_clip_has_no_emotion_in_its_row():
    assert Prediction({"sad": 0.9, "happy": 0.1}, rejected="not speech").to_row() == {
        "label": None, "rejected": "not speech",
    }  # fmt: skip


def test_calibration_of_the_card_is_that_of_the_temperature_of_a_bundle(rng):
    """Drawn towards 1, too, if there are few speakers."""
    classes, speakers = ["sad", "happy"], np.repeat(list("abcd"), 20)
    right = rng.random(80) < 0.6
    oof = pd.DataFrame({"speaker": speakers, "fold": speakers, "label": "sad"})
    oof["p_sad"] = np.where(right, 0.99, 0.01)
    oof["p_happy"] = 1 - oof["p_sad"]
    found, proba = calibrated(oof, classes), oof[["p_sad", "p_happy"]].to_numpy()
    for speaker in "abcd":
        own = speakers == speaker
        temperature = temperature_of(oof[~own], classes)
        np.testing.assert_allclose(found[own], apply_temperature(proba[own], temperature))
    two = calibrated(oof[speakers < "c"], classes)[:20]  # one other speaker: as if predicted by itself
    np.testing.assert_allclose(
        two, apply_temperature(proba[:20], temperature_of(oof[speakers == "b"], classes))
    )


def test_temperature_of_too_sure_predictions():
    oof = pd.DataFrame({"p_sad": [0.99] * 4, "p_happy": [0.01] * 4, "label": ["sad", "sad", "sad", "happy"]})
    found = temperature_of(oof.assign(speaker="me"), ["sad", "happy"])
    assert apply_temperature(np.array([0.99, 0.01]), found)[0] == pytest.approx(0.75, abs=1e-3)
    assert 1.0 < temperature_of(oof.assign(speaker=["a", "a", "b", "b"]), ["sad", "happy"]) < found - 1


def test_detector_for_frames_uses_their_statistics(rng):
    index = pd.DataFrame({"speaker": np.repeat(list("abcd"), 10)})
    clips = [rng.normal(size=(4, 20 + k)) for k in range(40)]
    detector = fit_detector(index, clips)
    assert detector.mean.size == 8
    assert detector.is_novel(rejection.row_of(clips[0] + 9)[None])[0]
    assert fit_detector(index.assign(speaker="a"), clips) is None


def test_stored_detector_is_the_fitted_one(predictor, table):
    fitted = fit_detector(*table)
    np.testing.assert_allclose(predictor.detector.score(table[1]), fitted.score(table[1]), rtol=1e-3)
    assert predictor.detector.threshold == pytest.approx(float(fitted.threshold))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": 0}, "temperature 0"),
        ({"temperature": "1"}, "temperature '1'"),
        ({"temperature": 1.0}, "reference signal differ"),
        ({"rejection": {"member": "lda", "threshold": 1.0}}, "not a member"),
        ({"rejection": {"member": "logistic", "threshold": -1}}, "threshold -1"),
        ({"rejection": {"member": "logistic", "threshold": True}}, "threshold True"),
        ({"rejection": None}, "files do not match"),
        ({"format": 2}, "written by an older sercore"),
    ],
)
def test_altered_manifest_is_refused(copied, change, message):
    small.edit_manifest(copied, lambda content: content.update(change))
    with pytest.raises(BundleError, match=message):
        Predictor.load(copied)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"components": np.ones((2, 3), np.float32)}, "not the arrays of a novelty detector"),
        ({"mean": np.float32([np.nan])}, "finite numbers"),
        ({"rest": np.float32(0)}, "not above 0"),
        ({"scale": np.array([{}])}, "not an archive of arrays"),
    ],
)
def test_altered_detector_is_refused(copied, predictor, change, message):
    arrays, buffer = predictor.detector.to_arrays(), io.BytesIO()
    np.savez(buffer, **{name: arrays[name] for name in rejection.ARRAYS} | change)
    small.put_file(copied, rejection.FILE, buffer.getvalue())
    with pytest.raises(BundleError, match=message):
        Predictor.load(copied)


def test_detector_of_clips_and_versions_is_stored(member, table, tmp_path):
    index, X = table
    detector = fit_detector(index, X, [X + 3.0])
    path = save(tmp_path / "b", member, CLASSES, detector=detector)
    loaded = Predictor.load(path).detector
    np.testing.assert_allclose(loaded.score(X + 3.0), detector.score(X + 3.0), rtol=0.05)
    assert loaded.is_novel(X + 3.0).mean() < 0.2
    assert fit_detector(index, X).is_novel(X + 3.0).mean() > 0.8
    files, (index, X) = rejection.dump(detector), table
    assert set(files) == {rejection.FILE, rejection.VERSIONS}
    narrow = rejection.dump(fit_detector(index, X[:, 1:], [X[:, 1:] + 3.0]))[rejection.VERSIONS]
    zero, buffer = detector.other.to_arrays() | {"threshold": np.float32(0)}, io.BytesIO()
    np.savez(buffer, **zero)
    for content, message in ((narrow, "but the other detector is for"), (buffer.getvalue(), "not above 0")):
        small.put_file(path, rejection.VERSIONS, content)
        with pytest.raises(BundleError, match=message):
            Predictor.load(path)


def test_detector_of_other_features_is_refused(member, tmp_path, rng):
    detector = NoveltyDetector.fit(rng.normal(size=(40, 3)), np.repeat(list("abcd"), 10))
    path = save(tmp_path / "b", member, CLASSES, detector=detector)
    with pytest.raises(BundleError, match="does not fit its features"):
        Predictor.load(path).assess(voice(SPEAKERS[0]))


def test_member_cannot_be_named_as_the_folder_of_the_detector(member, tmp_path):
    with pytest.raises(BundleError, match="member name 'rejection'"):
        save(tmp_path / "b", {"rejection": member["logistic"]}, CLASSES)

"""Bundles that normalise features by speaker."""

import json

import numpy as np
import pytest
import soundfile
from toys import bundles as small
from toys.bundles import CLASSES, SMALL

from sercore.bundle import FittedModel, Predictor, Windows, predict_clip, predict_files, save
from sercore.bundle.speakers import PRIOR, Voice
from sercore.cli import main
from sercore.errors import AudioError, BundleError
from sercore.features import table_row
from sercore.training import predict_proba, speaker_normalise
from sercore.training.normalisation import mean_and_std


@pytest.fixture(scope="module")
def model(index, X):
    return small.fit(index, speaker_normalise(X, index["speaker"]), "logistic")


@pytest.fixture(scope="module")
def bundle(folder, model, X):
    member = FittedModel(model, SMALL, speaker_norm=mean_and_std(list(X)))
    return save(folder / "speaker.bundle", {"logistic": member}, CLASSES)


def proba(rows):
    return np.array([list(row["proba"].values()) for (row,) in rows])


def test_voice_is_mean_of_prior_and_clips(rng):
    mean, std, clips = np.array([1.0, -2.0]), np.array([2.0, 3.0]), rng.normal(size=(6, 2))
    voice = Voice({"x": (mean, std)})
    for clip in clips:
        voice.add({"x": clip})
    expected = (PRIOR * mean + clips.sum(axis=0)) / (PRIOR + 6)
    squares = (PRIOR * (std**2 + mean**2) + (clips**2).sum(axis=0)) / (PRIOR + 6)
    normal = (clips[0] - expected) / np.sqrt(squares - expected**2)
    np.testing.assert_allclose(voice.normalise("x", clips[0]), normal, rtol=1e-5)
    frames = Voice({"x": (mean, std)})
    for clip in clips:
        frames.add({"x": np.stack([clip, clip], axis=1)})
    np.testing.assert_allclose(frames.normalise("x", clips[:1].T)[:, 0], normal, rtol=1e-5)


def test_frames_of_a_clip_count_with_their_variance():
    clip, voice = np.array([[1.0, 3.0]]), Voice({"x": (np.zeros(1), np.ones(1))})
    voice.add({"x": clip})
    mean, squares = 2 / (PRIOR + 1), (PRIOR + 5) / (PRIOR + 1)
    normal = (clip - mean) / np.sqrt(squares - mean**2)
    np.testing.assert_allclose(voice.normalise("x", clip), normal, rtol=1e-6)


def test_one_recording_needs_no_list_and_a_folder_is_refused(bundle, folder):
    predictor = Predictor.load(bundle)
    clip = next((folder / "wav").rglob("*.wav"))
    one = predictor.for_speaker([clip]).voice
    for single in (clip, str(clip), small.clip(0, predictor.sr)):
        assert predictor.for_speaker(single).voice.n_clips == one.n_clips == 1
    with pytest.raises(AudioError, match="a folder; pass the recordings in it"):
        predictor.for_speaker([folder])


def test_a_recording_in_several_rows_counts_once_for_its_speaker(bundle, folder):
    first, second = sorted((folder / "wav").rglob("*.wav"))[:2]
    options = {"speaker_norm": "all", "n_jobs": 1, "progress": False}
    once, often = (
        list(predict_files(bundle, files, **options)) for files in ([first, second], [first] + 5 * [second])
    )
    assert once[0] == often[0]


def test_without_voice_training_mean_is_used(bundle, index, X, model):
    mean, std = mean_and_std(list(X))
    expected = predict_proba(model, (X[:1] - mean) / std, CLASSES)[0]
    found = Predictor.load(bundle).predict(index["path"][0])
    np.testing.assert_allclose(list(found.values()), expected, atol=1e-4)


def test_many_clips_of_speaker_give_features_as_in_training(bundle, index, X, model):
    own = index["path"][:6]
    expected = predict_proba(model, speaker_normalise(X, index["speaker"])[:1], CLASSES)[0]
    predictor = Predictor.load(bundle)
    adapted = predictor.for_speaker(own)
    assert (adapted.voice.n_clips, predictor.voice.n_clips) == (6, 0)
    for row in np.tile(X[:6], (500, 1)):
        adapted.voice.add({next(iter(predictor.training)): row})
    np.testing.assert_allclose(list(adapted.predict(own[0]).values()), expected, atol=0.01)


@pytest.fixture
def people(tmp_path):
    """A folder for each of two people; the second one is recorded 20 dB softer."""
    for name, gain in (("ann", 1.0), ("bob", 0.1)):
        (tmp_path / name).mkdir()
        for k in range(6):
            soundfile.write(tmp_path / name / f"{k}.wav", gain * small.clip(k), small.SR, subtype="FLOAT")
    return tmp_path


def files_of(people, *names):
    return [people / name / f"{k}.wav" for name in names for k in range(6)]


def test_folder_normalises_each_person(bundle, people):
    """The recordings differ only in level, which the mean of each person removes; the prior is common."""
    by_folder, together, unknown = (
        proba(predict_files(bundle, files_of(people, "ann", "bob"), speaker_norm=how, progress=False))
        for how in ("folder", "all", None)
    )
    difference = [np.abs(part[:6] - part[6:]).mean() for part in (by_folder, together, unknown)]
    assert difference[0] < min(difference[1:])


def test_reference_recordings_are_used(bundle, people):
    files = files_of(people, "bob")
    own = proba(predict_files(bundle, files, speaker_norm="folder", progress=False))
    reference = proba(predict_files(bundle, files[:2], speaker_norm=people / "bob", progress=False))
    np.testing.assert_allclose(reference, own[:2])


def test_speaker_is_heard_in_the_channel_that_is_predicted(bundle, people):
    """Channels of which the mean is silence: without the channel, nothing is known of the speaker."""
    inverted = people / "inverted"
    inverted.mkdir()
    for file in files_of(people, "bob"):
        wave, _ = soundfile.read(file)
        soundfile.write(inverted / file.name, np.stack([wave, -wave], axis=1), small.SR, subtype="FLOAT")
    expected = proba(predict_files(bundle, files_of(people, "bob"), speaker_norm="all", progress=False))
    files = sorted(inverted.iterdir())
    for how in ("folder", "all", inverted):
        found = proba(predict_files(bundle, files, speaker_norm=how, channel=0, progress=False))
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_minutes_of_speech_count_as_many_clips(bundle):
    predictor = Predictor.load(bundle)
    pieces = [np.tile(0.1 * small.clip(k), 9)[: 3 * small.SR] for k in range(4)]
    silence = np.zeros(3 * small.SR)
    long = predictor.for_speaker([np.concatenate([*pieces, silence, pieces[0][: small.SR]])])
    expected = predictor.for_speaker(pieces)
    assert (long.voice.n_clips, expected.voice.n_clips) == (4, 4)
    assert predictor.for_speaker([np.concatenate(pieces[:2])]).voice.n_clips == 1
    assert long.predict(pieces[0]) == pytest.approx(expected.predict(pieces[0]), abs=1e-3)


def test_workers_do_not_change_results(bundle, people, monkeypatch):
    monkeypatch.setattr("sercore.bundle.files._FEW", 2)
    files = files_of(people, "ann", "bob")
    serial, parallel = (
        list(predict_files(bundle, files, speaker_norm="folder", n_jobs=n, progress=False)) for n in (1, 2)
    )
    assert serial == parallel


def test_windows_adapt_to_the_recording(bundle, people):
    predictor = Predictor.load(bundle)
    wave = np.concatenate([0.1 * small.clip(k)[:12_800] for k in range(12)])
    soundfile.write(people / "talk.wav", wave, small.SR, subtype="FLOAT")
    rows = predict_clip(predictor, people / "talk.wav", Windows(0.8, 0.8))
    waves = predictor.waves(people / "talk.wav")[small.SR]
    features = [table_row(waves[k * 12_800 : (k + 1) * 12_800], SMALL) for k in range(12)]
    voice = Voice(predictor.training)
    key = next(iter(predictor.training))
    for clip in features:
        voice.add({key: clip})
    expected = predictor.members["logistic"](voice.normalise(key, features[-1]))
    np.testing.assert_allclose(list(rows[-1]["proba"].values()), expected, atol=1e-6)
    assert predictor.voice.n_clips == 0


def test_errors(bundle, people, index, X, folder):
    plain = small.save_small(folder / "plain.bundle", index, X)
    with pytest.raises(BundleError, match="does not normalise by speaker"):
        next(predict_files(plain, files_of(people, "ann"), speaker_norm="all", progress=False))
    soundfile.write(people / "silent.wav", np.zeros(small.SR), small.SR)
    for name, why in (("silent.wav", "silen"), ("nope", "there is no such file")):
        with pytest.raises(AudioError, match=f"no usable recording of the speaker; .*{name}: .*{why}"):
            next(predict_files(bundle, files_of(people, "ann"), speaker_norm=people / name, progress=False))


def test_speaker_is_unknown_only_where_nothing_is_known(bundle, people, capsys):
    """Windows of one recording adapt to its speaker as they go."""
    command = ["predict", "--bundle", str(bundle), str(people / "ann" / "0.wav")]
    assert main(command) == 0
    assert "now the speaker is an average one" in capsys.readouterr().err
    assert main([*command, "--timeline"]) == 0
    assert "average one" not in capsys.readouterr().err


@pytest.mark.parametrize("change", [{"speaker_norm": False}, {"speaker_norm": 1}])
def test_altered_manifest_is_refused(bundle, tmp_path, change):
    path = small.copy_bundle(bundle, tmp_path / "copy")
    small.edit_manifest(path, lambda content: content["members"]["logistic"].update(change))
    with pytest.raises(BundleError, match=r"files do not match|expected bool"):
        Predictor.load(path)


def test_train_and_predict_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("sercore.bundle.training.RECIPES", {"table": SMALL, "frames": small.FRAMES})
    corpus, out = small.write_folder_corpus(tmp_path / "corpus"), tmp_path / "b"
    command = ["train", "--corpus", "folder", "--root", str(corpus), "--folds", "2", "--model", "lda"]
    assert main([*command, "--speaker-norm", "--out", str(out)]) == 0
    manifest = json.loads((out / "bundle.json").read_text())
    assert manifest["members"]["lda"]["speaker_norm"] is True
    assert manifest["evaluation"]["speaker_norm"] is True
    predict = ["predict", "--bundle", str(out), str(corpus / "clips" / "00.wav")]
    capsys.readouterr()
    assert main(predict) == 0
    assert "Add --speaker-norm all" in capsys.readouterr().err
    assert main([*predict, "--speaker-norm", str(corpus / "clips")]) == 0
    assert "without --speaker-norm" not in capsys.readouterr().err

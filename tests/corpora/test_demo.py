"""The demo corpus: names, rendering, and how hard its classification task is."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from sercore import features, synth
from sercore.corpora import demo, load_index
from sercore.errors import CorpusError
from sercore.labels import EMOTIONS, apply_scheme
from sercore.splits import make_folds


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.glob("*.wav"))}


@pytest.fixture
def small(monkeypatch):
    """A demo corpus of 12 clips, so that building it takes a moment."""
    names = demo.stems()[::48]
    monkeypatch.setattr(demo, "stems", lambda: names)
    return names


# ---- names ----


def test_constants_agree_with_synth():
    assert EMOTIONS[:8] == demo.EMOTIONS == tuple(synth.EMOTION_PROSODY)
    assert tuple(synth.SPEAKERS) == demo.SPEAKERS
    assert len(synth.SENTENCES) == len(demo.SENTENCES)
    assert demo.CORPUS.sample_rate == synth.SR


def test_parse_names():
    names = demo.stems()
    assert len(set(names)) == demo.CORPUS.n_clips == 576
    clips = [demo.parse(f"{name}.wav") for name in names]
    assert {clip["stem"] for clip in clips} == set(names)
    assert len({clip["speaker"] for clip in clips}) == demo.CORPUS.n_speakers
    assert demo.parse("somewhere/demo_M6_surprised_3_2.flac") == {
        "stem": "demo_M6_surprised_3_2", "speaker": "M6", "sex": "male", "emotion": "surprised",
        "intensity": "normal", "sentence": "3", "repetition": "2",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["demo_F1_angry_1.wav", "x_F1_angry_1_1.wav", "demo_F１_angry_1_1.wav"])
def test_parse_refuses_other_names(name):
    with pytest.raises(CorpusError, match="not demo_<speaker>"):
        demo.parse(name)


@pytest.mark.parametrize("fields", ["F7_angry_1_1", "F1_boredom_1_1", "F1_angry_4_1", "F1_angry_1_0"])
def test_parse_refuses_fields_out_of_range(fields):
    with pytest.raises(CorpusError, match="outside the demo corpus's range"):
        demo.parse(f"demo_{fields}.wav")


# ---- samples ----

RENDERED = {
    1: {
        "demo_F1_angry_1_1": (29440, -25.245, 1104.70, [-2.748, -1.954, 4.389, -16.041, -7.533]),
        "demo_M4_sad_3_2": (
            40832, -46.172, 445.47, [-0.886, 8.116, -0.160, 8.698, -0.841, 2.473, 2.625, 0.149],
        ),
    },
}  # fmt: skip
"""By ``demo.VERSION`` and clip: samples, level (dB), centroid (Hz), every 5000th sample in thousandths."""


@pytest.mark.parametrize("stem", RENDERED[demo.VERSION])
def test_samples_are_those_of_this_version(stem):
    """If it fails, the demo corpus has changed: increase ``demo.VERSION`` and add the new values."""
    n_samples, level, centroid, samples = RENDERED[demo.VERSION][stem]
    wave, sr = demo.render_clip(stem)
    assert len(wave) == n_samples
    assert 10 * np.log10(np.mean(wave.astype(float) ** 2)) == pytest.approx(level, abs=0.01)
    power, hertz = np.abs(np.fft.rfft(wave)) ** 2, np.fft.rfftfreq(len(wave), 1 / sr)
    assert np.average(hertz, weights=power) == pytest.approx(centroid, abs=0.5)
    np.testing.assert_allclose(1000 * wave[5000::5000], samples, atol=0.02)


def test_files_contain_rendered_clips(tmp_path, small):
    demo.build(tmp_path, n_jobs=1, progress=False)
    assert list(hashes(tmp_path)) == [f"{name}.wav" for name in small]
    assert "SYNTHETIC" in (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert not [path for path in tmp_path.iterdir() if "part" in path.name]
    wave, sr = soundfile.read(tmp_path / f"{small[3]}.wav", dtype="float32")
    assert soundfile.info(tmp_path / f"{small[3]}.wav").subtype == "PCM_16"
    rendered, rendered_sr = demo.render_clip(small[3])
    assert sr == rendered_sr == demo.CORPUS.sample_rate
    np.testing.assert_allclose(wave, rendered, atol=1 / 32768)


@pytest.mark.slow
def test_number_of_workers_does_not_change_files(tmp_path, small):
    one = demo.build(tmp_path / "one", n_jobs=1, progress=False)
    two = demo.build(tmp_path / "two", n_jobs=2, progress=False)
    assert hashes(one) == hashes(two)


# ---- building ----


def test_current_corpus_is_not_rendered_again(tmp_path, small, monkeypatch):
    demo.build(tmp_path, n_jobs=1, progress=False)
    monkeypatch.setattr(demo, "_render_all", lambda *a, **k: pytest.fail("rendered again"))
    assert demo.build(tmp_path) == tmp_path


def test_missing_clips_and_other_versions_are_rendered_again(tmp_path, small, monkeypatch):
    demo.build(tmp_path, n_jobs=1, progress=False)
    before = hashes(tmp_path)
    (tmp_path / f"{small[5]}.wav").unlink()
    demo.build(tmp_path, n_jobs=1, progress=False)
    assert hashes(tmp_path) == before
    (tmp_path / f"{small[0]}.wav").write_bytes(b"old")
    (tmp_path / "demo_F1_old_1_1.wav").write_bytes(b"a name of an older version")
    monkeypatch.setattr(demo, "VERSION", demo.VERSION + 1)
    demo.build(tmp_path, n_jobs=1, progress=False)
    assert hashes(tmp_path) == before


def test_folder_in_other_use_is_left_alone(tmp_path, small):
    (tmp_path / "03-01-05-01-02-01-12.wav").write_bytes(b"mine")
    with pytest.raises(CorpusError, match=r"contains something else \(03-01-05-01-02-01-12.wav\)"):
        demo.build(tmp_path, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["03-01-05-01-02-01-12.wav"]


def test_error_for_folder_that_cannot_be_written(tmp_path, small):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CorpusError, match=r"cannot write to .*SERCORE_DATA"):
        demo.build(tmp_path / "file" / "demo", progress=False)


@pytest.mark.slow
def test_two_processes_can_build_at_once(tmp_path):
    code = (
        "import sys; from sercore.corpora import demo; names = demo.stems()[::48];"
        "demo.stems = lambda: names; demo.build(sys.argv[1], n_jobs=1, progress=False);"
        "import soundfile; print(sum(soundfile.info(f'{sys.argv[1]}/{n}.wav').frames for n in names))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "demo")]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0] != ""
    assert len(list((tmp_path / "demo").glob("*.wav"))) == 12
    assert not [path for path in (tmp_path / "demo").iterdir() if "part" in path.name]


def test_synth_is_imported_only_for_rendering():
    code = "import sys, sercore.corpora.demo; print('sercore.synth' in sys.modules, 'joblib' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False"]


# ---- the task ----


def _row(path):
    wave, _ = soundfile.read(path, dtype="float32")
    return features.table_row(wave)


@pytest.mark.slow
def test_task_is_neither_too_easy_nor_too_hard(tmp_path):
    """An SVC reaches 60–85 % UA on new speakers, and at least 8 points more on the random split."""
    import joblib
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    index = load_index("demo", demo.build(tmp_path / "demo", n_jobs=2, progress=False))
    index, classes = apply_scheme(index, "eight")
    assert len(index) == demo.CORPUS.n_clips
    assert len(classes) == 8
    assert (index["duplicate_of"] == "").all()
    assert index.groupby("speaker")["label"].value_counts().eq(6).all()
    X = np.stack(joblib.Parallel(n_jobs=2)(joblib.delayed(_row)(path) for path in index["path"]))
    y = index["label"].to_numpy()
    for C in (1.0, 10.0):
        model = make_pipeline(StandardScaler(), SVC(C=C, gamma="scale"))
        ua = {}
        for split in ("speaker", "random"):
            folds = make_folds(index, split)
            y_true = np.concatenate([y[fold.test] for fold in folds])
            y_pred = np.concatenate(
                [model.fit(X[fold.train], y[fold.train]).predict(X[fold.test]) for fold in folds]
            )
            ua[split] = 100.0 * balanced_accuracy_score(y_true, y_pred)
        assert 60.0 <= ua["speaker"] <= 85.0, (C, ua)
        assert ua["random"] >= ua["speaker"] + 8.0, (C, ua)

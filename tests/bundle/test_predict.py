"""``sercore train`` and ``sercore predict``: files, folders, pipes, windows, invalid recordings."""

import functools
import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from toys import bundles as small

from sercore import features, synth, training
from sercore.audio.degrade import limit_band
from sercore.bundle import FittedModel, Predictor, Windows, find_files, predict_clip, predict_files, save
from sercore.bundle.archives import brief
from sercore.bundle.training import train
from sercore.cli import main
from sercore.errors import AudioError, BundleError
from sercore.training import networks


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder for ``--corpus folder``: four speakers, three emotions."""
    return small.write_folder_corpus(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def onnx_bundle(tmp_path_factory):
    """An untrained network with its ONNX export."""
    from sercore.models import build
    from sercore.training import FittedNetwork

    n_features = len(features.column_names(small.SMALL))
    network = build("mlp", n_features, len(small.CLASSES), seed=1)
    fitted = FittedNetwork(network, np.zeros(n_features), np.ones(n_features), pd.DataFrame())
    return save(
        tmp_path_factory.mktemp("onnx") / "b", {"mlp": FittedModel(fitted, small.SMALL)}, small.CLASSES
    )


@pytest.fixture
def clips(tmp_path):
    """Two good recordings and a silent one, in folders."""
    folder = tmp_path / "clips"
    (folder / "more").mkdir(parents=True)
    soundfile.write(folder / "b.wav", small.clip(1), small.SR)
    soundfile.write(folder / "more" / "a.FLAC", small.clip(2), small.SR, format="FLAC")
    soundfile.write(folder / "silent.wav", np.zeros(small.SR), small.SR)
    (folder / "notes.txt").write_text("no audio")
    return folder


@pytest.fixture
def small_recipes(tmp_path, monkeypatch):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("sercore.bundle.training.RECIPES", {"table": small.SMALL, "frames": small.FRAMES})


def train_command(corpus, out, *models):
    """Arguments that train on a folder of recordings with two folds."""
    options = ["--corpus", "folder", "--root", str(corpus), "--folds", "2", "--out", str(out)]
    return ["train", *options, "--model", *models]


def run(capsys, *arguments):
    """Exit status, standard output as lines, standard error."""
    status = main(list(map(str, arguments)))
    out, error = capsys.readouterr()
    return status, out.splitlines(), error


# --- finding files ---------------------------------------------------------------------------------


def test_find_files_searches_folders_and_keeps_named_files(clips, tmp_path):
    names = [path.relative_to(tmp_path).as_posix() for path in find_files([clips, clips / "notes.txt"])]
    assert names == ["clips/b.wav", "clips/more/a.FLAC", "clips/silent.wav", "clips/notes.txt"]


def test_find_files_does_not_follow_links(clips):
    (clips / "loop").symlink_to(clips, target_is_directory=True)
    assert len(find_files([clips])) == 3


def test_find_files_raises_for_folder_without_audio(tmp_path):
    with pytest.raises(AudioError, match=r"no audio files in this folder \(\.wav"):
        find_files([tmp_path])


def test_find_files_skips_hidden_folders(clips):
    (clips / ".trash").mkdir()
    (clips / "b.wav").rename(clips / ".trash" / "b.wav")
    assert [path.name for path in find_files([clips])] == ["a.FLAC", "silent.wav"]


def test_empty_folder_does_not_stop_the_others(bundle, clips, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    status, lines, _ = run(
        capsys, "predict", "--json", "--bundle", bundle, tmp_path / "empty", clips / "b.wav"
    )
    rows = [json.loads(line) for line in lines]
    assert status == 3
    assert [row.get("error") for row in rows] == ["missing", None]
    assert "no audio files in this folder" in rows[0]["message"]


# --- windows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "spans"),
    [
        (2.0, [(0, 2)]),
        (3.0, [(0, 3)]),
        (6.0, [(0, 3), (1.5, 4.5), (3, 6)]),
        (6.5, [(0, 3), (1.5, 4.5), (3, 6), (3.5, 6.5)]),
    ],
)
def test_windows_cover_whole_recording(seconds, spans):
    np.testing.assert_allclose(Windows(3.0, 1.5).spans(seconds), spans)


@pytest.mark.parametrize("seconds_step", [(0, 1), (3, 0), (float("nan"), 1), (3, float("inf")), (-1, 1)])
def test_invalid_windows_raise(seconds_step):
    with pytest.raises(AudioError, match="windows must have at least"):
        Windows(*seconds_step)


def test_predict_clip_in_windows_reports_silence(bundle, tmp_path):
    first, last = small.clip(4), small.clip(3)
    wave = np.concatenate([first[:16_000], np.zeros(32_000), last[:16_000]])
    soundfile.write(tmp_path / "a.wav", wave, small.SR, subtype="FLOAT")
    predictor = Predictor.load(bundle)
    rows = predict_clip(predictor, tmp_path / "a.wav", Windows(1.0, 0.5))
    assert [(row["start"], row["end"]) for row in rows] == [(k / 2, 1 + k / 2) for k in range(7)]
    assert [row.get("error") for row in rows] == [None, None, "silent", "silent", "silent", None, None]
    whole = predictor.waves(tmp_path / "a.wav")[small.SR]
    expected = predictor.proba({small.SR: whole[:16_000]})
    np.testing.assert_array_equal(list(rows[0]["proba"].values()), expected)


# --- many files ------------------------------------------------------------------------------------


def test_replaced_bundle_is_loaded_again(tmp_path):
    index = small.write_corpus(tmp_path / "wav")
    X = small.features(index, tmp_path)
    path, wave = tmp_path / "b", tmp_path / "a.wav"
    soundfile.write(wave, small.clip(4), small.SR, subtype="FLOAT")
    probabilities = []
    for labels in (index["label"], index["label"].iloc[::-1]):
        small.save_small(path, index.assign(label=labels.to_numpy()), X, overwrite=True)
        [rows] = predict_files(path, [wave], progress=False)
        assert rows[0]["proba"] == Predictor.load(path).predict(wave)
        probabilities.append(rows[0]["proba"])
    assert probabilities[0] != probabilities[1]


def test_worker_processes_do_not_change_results(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr("sercore.bundle.files._FEW", 2)
    files = []
    for number in range(9):
        files.append(tmp_path / f"{8 - number}.wav")
        soundfile.write(files[-1], small.clip(number), small.SR)
    files[4].write_bytes(b"RIFF")
    serial = list(predict_files(bundle, files, n_jobs=1, progress=False))
    parallel = list(predict_files(bundle, files, n_jobs=2, progress=False))
    assert serial == parallel
    assert [rows[0]["file"] for rows in parallel] == list(map(str, files))
    assert [rows[0].get("error") for rows in parallel].count("not-audio") == 1


def test_prediction_uses_one_thread(bundle, clips, monkeypatch):
    import threadpoolctl

    predictor = Predictor.load(bundle)
    seen, model = [], predictor.members["lda"]

    def watched(row):
        seen.extend(library["num_threads"] for library in threadpoolctl.threadpool_info())
        return model(row)

    monkeypatch.setitem(predictor.members, "lda", watched)
    with threadpoolctl.threadpool_limits(2):
        predict_clip(predictor, clips / "b.wav")
    assert set(seen) == {1}


@pytest.mark.slow
def test_predictions_do_not_depend_on_n_jobs(tmp_path):
    index = small.write_corpus(tmp_path / "wav", n_clips=48)
    recipe = features.Recipe()
    X = small.features(index, tmp_path, recipe)
    path = save(tmp_path / "b", {"lda": FittedModel(small.fit(index, X), recipe)}, small.CLASSES)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-m", "sercore", "predict", "--json", "--bundle", path, tmp_path / "wav"]
    one, two = (
        subprocess.run([*command, "--jobs", n], capture_output=True, check=True, env=environment).stdout
        for n in "12"
    )
    assert one == two
    assert one.count(b"\n") == 48


# --- command line ----------------------------------------------------------------------------------


def test_predict_json_includes_skipped_files(bundle, clips, capsys):
    status, lines, _ = run(capsys, "predict", "--bundle", bundle, "--json", clips, clips / "gone.wav")
    rows = [json.loads(line) for line in lines]
    assert status == 3
    assert [row.get("error") for row in rows] == [None, None, "silent", "missing"]
    for row in rows[:2]:
        assert list(row["proba"]) == list(small.CLASSES)
        assert sum(row["proba"].values()) == pytest.approx(1)
        assert row["label"] == max(row["proba"], key=row["proba"].get)
    assert "leave the clip out" in rows[2]["message"]


def test_predict_table_lists_skipped_files_on_stderr(bundle, clips, capsys):
    status, lines, error = run(capsys, "predict", "--bundle", bundle, clips)
    assert status == 3
    assert lines[0].split() == ["file", "emotion", *small.CLASSES]
    assert len(lines) == 3
    percentages = [float(value.rstrip("%")) for value in lines[1].split()[2:]]
    assert sum(percentages) == pytest.approx(100, abs=0.2)
    assert "skipped: " in error
    assert "silent.wav" in error
    assert "not what a person feels" in error


def test_predict_returns_0_if_no_file_is_skipped(bundle, clips, capsys):
    status, lines, _ = run(
        capsys, "predict", "--bundle", bundle, "--timeline", "--window", "0.5", clips / "b.wav"
    )
    assert status == 0
    assert lines[0].split()[:4] == ["file", "start", "end", "emotion"]


@pytest.mark.parametrize(
    ("option", "missing"), [(["--window", "5"], "--timeline"), (["--step", "1"], "--timeline"),
                            (["--overwrite"], "--out FILE")]
)  # fmt: skip
def test_options_that_need_another_are_refused_without_it(bundle, clips, capsys, option, missing):
    status, lines, error = run(capsys, "predict", "--bundle", bundle, *option, clips / "b.wav")
    assert status == 1
    assert not lines
    assert f"add {missing}" in error


def test_predict_reads_standard_input(bundle, clips, capsys, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO((clips / "b.wav").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stream)
    status, lines, _ = run(capsys, "predict", "--bundle", bundle, "--json", "-")
    _, same, _ = run(capsys, "predict", "--bundle", bundle, "--json", clips / "b.wav")
    assert status == 0
    assert json.loads(lines[0])["proba"] == json.loads(same[0])["proba"]
    assert json.loads(lines[0])["file"] == "-"


@pytest.mark.parametrize("content", [b"Dear reader", b"#!AMR\n" + bytes(99), b"RIFF"])
def test_messages_about_standard_input_hide_temporary_file(bundle, capsys, monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    status, _, error = run(capsys, "predict", "--bundle", bundle, "-")
    assert status == 3
    assert "skipped: -: " in error
    assert "stdin" not in error


def test_predict_without_bundle_prints_one_line(clips, capsys, tmp_path):
    for path in (tmp_path / "nothing", clips):
        status, lines, error = run(capsys, "predict", "--bundle", path, clips)
        assert (status, lines) == (1, [])
        assert error.startswith("sercore: ")
        assert error.count("\n") == 1


def test_control_characters_in_names_are_escaped(bundle, clips, capsys):
    (clips / "b.wav").rename(clips / "\x1b[2J.wav")
    status, lines, _ = run(capsys, "predict", "--bundle", bundle, clips / "\x1b[2J.wav")
    assert status == 0
    assert "\x1b" not in "".join(lines)
    assert r"\x1b[2J.wav" in lines[1]


def test_control_characters_in_errors_are_escaped(bundle, clips, tmp_path, capsys):
    copy = small.copy_bundle(bundle, tmp_path / "\x1b[2J")
    small.edit_manifest(copy, lambda content: content["files"].__setitem__("\x1b[31m/x", {}))
    status, _, error = run(capsys, "predict", "--bundle", copy, clips)
    assert status == 1
    assert "\x1b" not in error
    assert r"\x1b[2J" in error


def test_long_errors_of_libraries_are_one_line():
    assert brief(ValueError("a\nb\n\n" + 500 * "c")) == "a b " + 196 * "c"


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is a device of Linux")
def test_full_standard_output_prints_one_message(bundle, clips):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sercore", "predict", "--bundle", bundle, clips / "b.wav"],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "sercore: [Errno 28] No space left on device" in done.stderr


def test_path_that_is_too_long_prints_one_message(bundle, clips, tmp_path, capsys):
    status, _, error = run(capsys, "predict", "--bundle", tmp_path / (300 * "b"), clips)
    assert status == 1
    assert error.startswith("sercore: ")


@pytest.mark.parametrize(
    "options", [["--jobs", "0"], ["--jobs", "-2"], ["--jobs", "x"], ["--jobs", "99999"]], ids=" ".join
)
def test_invalid_number_of_processes_is_an_error(options, capsys):
    with pytest.raises(SystemExit):
        main(["predict", "--bundle", "b", "a.wav", *options])
    assert "invalid number of processes value" in capsys.readouterr().err


def test_invalid_seed_is_an_error(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--seed", "-1"])
    assert "invalid seed value: '-1'" in capsys.readouterr().err


def test_names_outside_the_output_encoding_are_escaped(bundle, clips):
    odd = (clips / "b.wav").rename(clips / "驚き.wav")
    done = subprocess.run(
        [sys.executable, "-m", "sercore", "predict", "--bundle", bundle, odd],
        capture_output=True, env=os.environ | {"PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert b"\\u9a5a" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text on this system")
def test_invalid_unicode_names_are_refused_and_escaped(bundle, clips, capsys):
    invalid = os.fsencode(clips) + b"/\xff\x1b[2J.wav"
    os.rename(clips / "b.wav", invalid)
    for options in ([], ["--json"]):
        status, lines, error = run(capsys, "predict", "--bundle", bundle, *options, os.fsdecode(invalid))
        assert status == 3
        assert "rename the file" in error + "".join(lines)
        assert "\x1b" not in "".join(lines) + error
        "".join(lines).encode("utf-8")


@pytest.mark.usefixtures("small_recipes")
def test_train_then_predict(corpus, capsys, tmp_path):
    out = tmp_path / "own.bundle"
    command = train_command(corpus, out, "lda", "knn")
    status, lines, _ = run(capsys, *command)
    assert status == 0
    models = [name for name in ("lda", "knn", "lda+knn") if any(name in line.split() for line in lines)]
    assert models == ["lda", "knn", "lda+knn"]
    predictor = Predictor.load(out)
    assert f"digest: {predictor.digest}" in lines
    about = predictor.manifest
    assert {name: member.weight for name, member in about.members.items()} == {"lda": 0.5, "knn": 0.5}
    assert about.evaluation["model"] == "lda+knn"
    assert about.evaluation["split"] == "speaker"
    assert about.evaluation["n_clips"] == about.training["n_clips"] == 24
    assert 0 <= about.evaluation["ua_low"] <= about.evaluation["ua"] <= about.evaluation["ua_high"] <= 1
    assert sum(row["support"] for row in about.evaluation["per_class"]) == 24
    assert sum(row["n_clips"] for row in about.evaluation["reliability"]) == 24
    assert 0 <= about.evaluation["ece_calibrated"] <= 1
    assert about.training["corpora"][0]["title"] == "your own recordings"
    status, lines, error = run(capsys, "predict", "--bundle", out, "--json", corpus / "clips")
    assert status == 0
    assert len(lines) == 24
    status, _, error = run(capsys, *command)
    assert status == 1
    assert "--overwrite" in error


@pytest.fixture
def voices(tmp_path):
    """The same folder with synthetic voices in place of tones."""
    folder = small.write_folder_corpus(tmp_path / "voices")
    for number, path in enumerate(sorted((folder / "clips").glob("*.wav"))):
        emotion, speaker = small.CLASSES[number % 3], list(synth.SPEAKERS.values())[number // 6]
        wave, sr = synth.render(synth.EMOTION_PROSODY[emotion], speaker=speaker, seed=number)
        soundfile.write(path, wave, sr, subtype="FLOAT")
    return folder


@pytest.mark.usefixtures("small_recipes")
@pytest.mark.parametrize("options", [(), pytest.param(("--speaker-norm",), marks=pytest.mark.slow)])
def test_augmented_training_knows_telephones(voices, capsys, tmp_path, options):
    """Models and the novelty detector are fitted on clips in other places, too, and the bundle says so."""
    distance = {}
    for changes in ((), ("--augment", "places")):
        out = tmp_path / f"{len(changes)}.bundle"
        status, _, error = run(capsys, *train_command(voices, out, "lda"), *options, *changes)
        assert status == 0, error
        predictor = Predictor.load(out)
        wave = next(iter(predictor.waves(voices / "clips" / "01.wav").values()))
        heard = predictor.waves(limit_band(wave, sr=predictor.sr))
        row = predictor._novelty_row(predictor._features(heard))[1][None]
        distance[changes] = float(predictor.detector.score(row)[0] / predictor.detector.threshold)
    assert distance["--augment", "places"] < distance[()]
    assert predictor.manifest.training["augmentation"] == "places"
    assert "Also trained on augmented versions of their clips (places)." in predictor.about()
    assert predictor.manifest.evaluation["n_clips"] == 24  # the clips as they are


def test_unknown_augmentation_is_refused_before_extraction(corpus, tmp_path):
    with pytest.raises(BundleError, match="no augmentation named 'rooms'; there are: voices, places"):
        train("folder", "lda", tmp_path / "b", root=corpus, augment="rooms")


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "from sercore.cli import main; main(sys.argv[1:])",
        "import sercore; sercore.bundle.Predictor.load(sys.argv[3]).predict(sys.argv[4])",
    ],
    ids=["command line", "package"],
)
def test_prediction_sends_no_telemetry(code, onnx_bundle, clips, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    code = f"import sys, time\n{code}\ntime.sleep(4)\nprint('onnxruntime' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "predict", "--bundle", onnx_bundle, clips / "b.wav"],
        capture_output=True, text=True, env=environment | {"HOME": str(home)},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "True", done.stderr
    written = [path.as_posix().lower() for path in home.rglob("*")]
    assert [name for name in written if "onnxruntime" in name or "microsoft" in name] == []


@pytest.mark.slow
@pytest.mark.usefixtures("small_recipes")
def test_train_network_with_onnx_export(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "fit", functools.partial(training.fit, epochs=3))
    out = tmp_path / "own.bundle"
    command = train_command(corpus, out, "cnn1d_lstm")
    assert main(command) == 0
    clip = corpus / "clips" / "05.wav"
    onnx, keras = (Predictor.load(out, backend=backend).predict(clip) for backend in ("onnx", "keras"))
    assert onnx == pytest.approx(keras, abs=1e-4)


def test_train_refuses_a_folder_that_is_not_a_bundle_before_extraction(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sercore.bundle.training.load_index", lambda *args: pytest.fail("too late"))
    (tmp_path / "notes").mkdir()
    status, _, error = run(capsys, "train", "--model", "lda", "--out", tmp_path / "notes", "--overwrite")
    assert status == 1
    assert "notes exists already" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "xgboost"], "only by pickle"),
        (["--model", "lda", "lda"], "each only once"),
        (["--model", "bilstm", "--encoder", "whisper_tiny_en"], "none of bilstm reads it"),
        (["--model", "bilstn"], "unknown model 'bilstn'; must be one of dummy, logistic"),
    ],
)
def test_train_refuses_models_before_extraction(options, message, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sercore.bundle.training.load_index", lambda *args: pytest.fail("too late"))
    status, _, error = run(capsys, "train", *options, "--out", tmp_path / "b")
    assert status == 1
    assert message in error


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(8), "an HDF5 file"),
        ("model.keras", b"PK\x03\x04", "a zip file"),
        ("model.pkl", b"\x80\x04\x95", "a pickle"),
        ("model.joblib", b"x\x9c", "a pickle"),
        ("model.onnx", b"\x08\x07", "an ONNX graph"),
        ("bundle.json", b"{}", "a file"),
        ("empty", b"", "a file"),
    ],
)
def test_file_instead_of_bundle(name, content, kind, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert main(["predict", "--bundle", str(tmp_path / name), "a.wav"]) == 1
    error = capsys.readouterr().err
    assert f"{name}: this is {kind}" in error
    assert "not a bundle, and was not loaded" in error


def test_recordings_that_need_ffmpeg_are_rows_with_an_error(bundle, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sercore.audio.reading._ffmpeg", lambda: None)
    soundfile.write(tmp_path / "a.wav", small.clip(1), small.SR)
    (tmp_path / "memo.m4a").write_bytes(b"\0\0\0\x1cftypM4A " + bytes(64))
    assert main(["predict", "--bundle", str(bundle), str(tmp_path)]) == 3
    out, error = capsys.readouterr()
    assert "a.wav" in out
    assert "memo.m4a: its format is m4a (AAC)" in error


def test_channel_of_a_recording(bundle, tmp_path, capsys):
    wave = small.clip(1)
    soundfile.write(tmp_path / "a.wav", np.stack([wave, -0.97 * wave], axis=1), small.SR)
    soundfile.write(tmp_path / "mono.wav", wave, small.SR)
    command = ["predict", "--bundle", str(bundle), str(tmp_path / "a.wav")]
    assert main(command) == 3
    assert "--channel 0" in capsys.readouterr().err
    predictor = Predictor.load(bundle)
    (row,) = predict_clip(predictor, tmp_path / "a.wav", channel=0)
    assert row["proba"] == pytest.approx(predict_clip(predictor, tmp_path / "mono.wav")[0]["proba"], abs=1e-3)
    assert main([*command, "--channel", "0"]) == 0
    assert main([*command, "--channel", "2"]) == 3
    assert "it has 2 channel(s), counted from 0" in capsys.readouterr().err


BROKEN = "raise ImportError('DLL load failed while importing _pywrap_tensorflow_internal')\n"


@pytest.mark.slow
def test_broken_tensorflow(corpus, tmp_path):
    """Networks raise a typed error before any work; other models are fitted."""
    (tmp_path / "broken" / "tensorflow").mkdir(parents=True)
    (tmp_path / "broken" / "tensorflow" / "__init__.py").write_text(BROKEN)
    paths = os.pathsep.join([str(tmp_path / "broken"), *sys.path])
    command = [*train_command(corpus, tmp_path / "b", "mlp"), "--no-onnx"]
    code = (
        "import numpy as np; from sercore.cli import main;"
        "from sercore.models.classical import build_classical;"
        f"status = main({command!r}); X = np.arange(12.0).reshape(6, 2) % 5;"
        "print(status, build_classical('lda').fit(X, list('ababab')).predict_proba(X).shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": paths, "SERCORE_DATA": str(tmp_path / "data")},
    )  # fmt: skip
    assert done.stdout.split("\n")[0] == "1 (6, 2)", done.stderr
    assert "cannot be imported (ImportError: DLL load failed" in done.stderr
    assert "choose a model without them (--model lda)" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "cache" / "features").exists()


def test_predict_files_raises_without_bundle(tmp_path):
    with pytest.raises(BundleError, match="no such folder"):
        next(predict_files(tmp_path / "nothing", ["a.wav"], progress=False))


def test_find_files_expands_patterns(tmp_path):
    for name in ("b.wav", "a.wav", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in find_files([tmp_path / "*.wav"])] == ["a.wav", "b.wav"]
    with pytest.raises(AudioError, match="no file matches this pattern"):
        find_files([tmp_path / "*.flac"])

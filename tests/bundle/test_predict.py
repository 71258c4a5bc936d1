"""``sercore train`` and ``sercore predict``: files, folders, pipes, windows, bad recordings, exit status."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from toys import bundles as small

from sercore.bundle import Predictor, Windows, find_files, predict_clip, predict_files
from sercore.cli import main
from sercore.errors import AudioError, BundleError


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder that ``--corpus folder`` understands: four speakers, three emotions."""
    folder = tmp_path_factory.mktemp("own")
    index = small.write_corpus(folder / "clips")
    table = index[["emotion", "speaker"]].assign(path=[f"clips/{n:02d}.wav" for n in range(len(index))])
    table.to_csv(folder / "index.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    index = small.write_corpus(folder / "wav")
    return small.save_small(folder / "b", index, small.features(index, folder))


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


def run(capsys, *arguments):
    """Exit status, standard output as lines, standard error."""
    status = main(list(map(str, arguments)))
    out, error = capsys.readouterr()
    return status, out.splitlines(), error


# --- finding ---------------------------------------------------------------------------------------


def test_folders_are_searched_and_named_files_are_always_tried(clips, tmp_path):
    names = [path.relative_to(tmp_path).as_posix() for path in find_files([clips, clips / "notes.txt"])]
    assert names == ["clips/b.wav", "clips/more/a.FLAC", "clips/silent.wav", "clips/notes.txt"]


def test_a_folder_that_holds_itself_is_searched_once(clips):
    (clips / "loop").symlink_to(clips, target_is_directory=True)
    assert len(find_files([clips])) == 3


def test_a_folder_without_audio_says_so(tmp_path):
    with pytest.raises(AudioError, match=r"no audio file in this folder \(\.wav"):
        find_files([tmp_path])


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
def test_windows_cover_the_recording_to_its_end(seconds, spans):
    np.testing.assert_allclose(Windows(3.0, 1.5).spans(seconds), spans)


@pytest.mark.parametrize("seconds_step", [(0, 1), (3, 0), (float("nan"), 1), (3, float("inf")), (-1, 1)])
def test_windows_that_would_never_end_are_refused(seconds_step):
    with pytest.raises(AudioError, match="windows have at least"):
        Windows(*seconds_step)


def test_a_timeline_answers_for_each_window_and_names_its_pauses(bundle, tmp_path):
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


def test_a_bundle_written_anew_answers_with_the_new_model(tmp_path):
    index = small.write_corpus(tmp_path / "wav")
    X = small.features(index, tmp_path)
    path, wave = tmp_path / "b", tmp_path / "a.wav"
    soundfile.write(wave, small.clip(4), small.SR, subtype="FLOAT")
    answers = []
    for labels in (index["label"], index["label"].iloc[::-1]):
        small.save_small(path, index.assign(label=labels.to_numpy()), X, overwrite=True)
        [rows] = predict_files(path, [wave], progress=False)
        assert rows[0]["proba"] == Predictor.load(path).predict(wave)
        answers.append(rows[0]["proba"])
    assert answers[0] != answers[1]


def test_processes_give_what_one_process_gives_in_the_same_order(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr("sercore.bundle.files._FEW", 2)
    files = []
    for number in range(9):
        files.append(tmp_path / f"{8 - number}.wav")
        soundfile.write(files[-1], small.clip(number), small.SR)
    files[4].write_bytes(b"RIFF")
    alone = list(predict_files(bundle, files, n_jobs=1, progress=False))
    shared = list(predict_files(bundle, files, n_jobs=2, progress=False))
    assert alone == shared
    assert [rows[0]["file"] for rows in shared] == list(map(str, files))
    assert [rows[0].get("error") for rows in shared].count("not-audio") == 1


# --- the command line ------------------------------------------------------------------------------


def test_json_lines_hold_probabilities_and_the_reason_of_every_bad_file(bundle, clips, capsys):
    status, lines, _ = run(capsys, "predict", "--bundle", bundle, "--json", clips, clips / "gone.wav")
    rows = [json.loads(line) for line in lines]
    assert status == 3
    assert [row.get("error") for row in rows] == [None, None, "silent", "missing"]
    for row in rows[:2]:
        assert list(row["proba"]) == list(small.CLASSES)
        assert sum(row["proba"].values()) == pytest.approx(1)
        assert row["label"] == max(row["proba"], key=row["proba"].get)
    assert "leave the clip out" in rows[2]["message"]


def test_the_table_shows_percent_and_bad_files_go_to_standard_error(bundle, clips, capsys):
    status, lines, error = run(capsys, "predict", "--bundle", bundle, clips)
    assert status == 3
    assert lines[0].split() == ["file", "emotion", *small.CLASSES]
    assert len(lines) == 3
    shares = [float(share.rstrip("%")) for share in lines[1].split()[2:]]
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert "left out: " in error
    assert "silent.wav" in error
    assert "not what somebody feels" in error


def test_all_good_is_exit_status_0(bundle, clips, capsys):
    status, lines, _ = run(
        capsys, "predict", "--bundle", bundle, "--timeline", "--window", "0.5", clips / "b.wav"
    )
    assert status == 0
    assert lines[0].split()[:4] == ["file", "start", "end", "emotion"]


def test_standard_input_is_a_recording(bundle, clips, capsys, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO((clips / "b.wav").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stream)
    status, lines, _ = run(capsys, "predict", "--bundle", bundle, "--json", "-")
    _, same, _ = run(capsys, "predict", "--bundle", bundle, "--json", clips / "b.wav")
    assert status == 0
    assert json.loads(lines[0])["proba"] == json.loads(same[0])["proba"]
    assert json.loads(lines[0])["file"] == "-"


def test_a_bad_recording_through_standard_input_is_not_named_by_a_temporary_file(bundle, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Dear reader")))
    status, _, error = run(capsys, "predict", "--bundle", bundle, "-")
    assert status == 3
    assert "left out: -: " in error
    assert "stdin" not in error


def test_a_bundle_that_is_none_is_one_line_and_exit_status_1(clips, capsys, tmp_path):
    for path in (tmp_path / "nothing", clips):
        status, lines, error = run(capsys, "predict", "--bundle", path, clips)
        assert (status, lines) == (1, [])
        assert error.startswith("sercore: ")
        assert error.count("\n") == 1


def test_a_name_that_steers_a_terminal_is_printed_safely(bundle, clips, capsys):
    (clips / "b.wav").rename(clips / "\x1b[2J.wav")
    status, lines, _ = run(capsys, "predict", "--bundle", bundle, clips / "\x1b[2J.wav")
    assert status == 0
    assert "\x1b" not in "".join(lines)
    assert r"\x1b[2J.wav" in lines[1]


def test_names_that_the_output_cannot_spell_are_printed_in_ascii(bundle, clips):
    odd = (clips / "b.wav").rename(clips / "驚き.wav")
    done = subprocess.run(
        [sys.executable, "-m", "sercore", "predict", "--bundle", bundle, odd],
        capture_output=True, env=os.environ | {"PYTHONIOENCODING": "cp1252"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert b"\\u9a5a" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="names there are text")
def test_names_that_are_no_text_are_refused_and_printed_safely(bundle, clips, capsys):
    strange = os.fsencode(clips) + b"/\xff\x1b[2J.wav"
    os.rename(clips / "b.wav", strange)
    for options in ([], ["--json"]):
        status, lines, error = run(capsys, "predict", "--bundle", bundle, *options, os.fsdecode(strange))
        assert status == 3
        assert "rename the file" in error + "".join(lines)
        assert "\x1b" not in "".join(lines) + error
        "".join(lines).encode("utf-8")


def test_train_writes_a_bundle_with_its_evaluation_and_predict_reads_it(
    corpus, capsys, tmp_path, monkeypatch
):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("sercore.bundle.training.RECIPES", {"table": small.SMALL, "frames": small.FRAMES})
    out = tmp_path / "own.bundle"
    order = [
        "train",
        "--corpus",
        "folder",
        "--root",
        corpus,
        "--model",
        "lda",
        "knn",
        "--folds",
        "2",
        "--out",
        out,
    ]
    status, lines, _ = run(capsys, *order)
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
    assert about.training["corpora"][0]["title"] == "your own recordings"
    status, lines, error = run(capsys, "predict", "--bundle", out, "--json", corpus / "clips")
    assert status == 0
    assert len(lines) == 24
    status, _, error = run(capsys, *order)
    assert status == 1
    assert "--overwrite" in error


@pytest.mark.slow
def test_train_keeps_a_network_with_its_onnx_twin(corpus, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("sercore.bundle.training.RECIPES", {"table": small.SMALL, "frames": small.FRAMES})
    out = tmp_path / "own.bundle"
    order = [
        "train",
        "--corpus",
        "folder",
        "--root",
        corpus,
        "--model",
        "cnn1d_lstm",
        "--folds",
        "2",
        "--out",
        out,
    ]
    assert main(list(map(str, order))) == 0
    clip = corpus / "clips" / "05.wav"
    answers = [Predictor.load(out, backend=backend).predict(clip) for backend in ("onnx", "keras")]
    assert answers[0] == pytest.approx(answers[1], abs=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "xgboost"], "only pickle writes"),
        (["--model", "lda", "lda"], "each model once"),
        (["--model", "bilstn"], "unknown model 'bilstn'; there are: dummy, logistic"),
    ],
)
def test_what_cannot_be_kept_is_said_before_anything_is_trained(
    options, message, capsys, monkeypatch, tmp_path
):
    monkeypatch.setattr("sercore.bundle.training.load_index", lambda *args: pytest.fail("too late"))
    status, _, error = run(capsys, "train", *options, "--out", tmp_path / "b")
    assert status == 1
    assert message in error


def test_predict_files_refuses_a_bundle_at_once(tmp_path):
    with pytest.raises(BundleError, match="no such folder"):
        next(predict_files(tmp_path / "nothing", ["a.wav"], progress=False))

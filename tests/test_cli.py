"""The command line: exit status, messages, files, imports, and a quiet terminal."""

import io
import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest
import soundfile
from toys import bundles as small
from toys.corpora import wav_bytes

from sercore import features, quiet
from sercore.cli import main

HEAVY = ("tensorflow", "keras", "librosa", "sklearn", "pandas", "matplotlib")


def test_import_is_light():
    code = f"import sys, sercore, sercore.cli; print([m for m in {HEAVY} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_features_and_evaluation_do_not_import_tensorflow():
    code = (
        "import sys, sercore.features.store, sercore.evaluation, sercore.splits, sercore.corpora\n"
        "import sercore.training, sercore.models.classical\n"
        "print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]


def test_corpora_list(capsys):
    assert main(["corpora", "list"]) == 0
    out = capsys.readouterr().out
    for name in ("ravdess", "tess", "savee", "crema_d", "emo_db", "iemocap", "demo"):
        assert f"\n{name}\n" in f"\n{out}"


def test_unknown_corpus_prints_one_message(capsys):
    assert main(["extract", "--corpus", "ravdes"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("sercore: ")
    assert "ravdess" in error
    assert "Traceback" not in error


def test_missing_corpus_names_folder_and_source(capsys, tmp_path):
    assert main(["extract", "--corpus", "savee", "--root", str(tmp_path / "nowhere")]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path / "nowhere") in error
    assert "regist" in error


@pytest.mark.parametrize("corpus", ["savee", "iemocap"])
def test_download_of_licensed_corpus_names_application_page(capsys, corpus):
    assert main(["corpora", "download", corpus]) == 1
    assert "http" in capsys.readouterr().err


def test_run_refuses_unwritable_folder_and_root_without_corpus(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("sercore.corpora.load_index", lambda *_: [])
    (tmp_path / "file").touch()
    assert main(["run", "--out", str(tmp_path / "file" / "run")]) == 1
    assert "results cannot be written there" in capsys.readouterr().err
    assert main(["run", "--root", str(tmp_path)]) == 1
    assert "pass --corpus with --root" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {"tour": True, "only": [], "n_jobs": 1}),
        (["--all"], {"tour": False, "only": [], "n_jobs": None}),
        (["--all", "--jobs", "3"], {"tour": False, "only": [], "n_jobs": 3}),
        (["--only", "01"], {"tour": False, "only": ["01"], "n_jobs": 1}),
    ],
)
def test_run_is_a_tour_unless_all_or_some_are_wanted(tmp_path, monkeypatch, capsys, arguments, expected):
    called = {}
    monkeypatch.setattr(
        "sercore.course.notebooks.run", lambda _, **options: called.update(options) or tmp_path
    )
    assert main(["run", *arguments]) == 0
    assert {name: called[name] for name in expected} == expected
    assert ("sercore run --all" in capsys.readouterr().out) == expected["tour"]


@pytest.mark.parametrize(
    ("variables", "arguments", "opens"),
    [
        ({"DISPLAY": ":0"}, [], True),
        ({"DISPLAY": ":0"}, ["--no-open"], False),
        ({"DISPLAY": ":0", "CI": "true"}, [], False),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1"}, [], False),
        ({}, [], False),
    ],
)
def test_run_opens_the_page_where_there_is_a_browser(tmp_path, monkeypatch, variables, arguments, opens):
    opened = []
    monkeypatch.setattr("sercore.course.notebooks.run", lambda _, **options: tmp_path)
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "CI", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["run", *arguments]) == 0
    assert opened == ([(tmp_path / "summary.html").as_uri()] if opens else [])
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    assert main(["run", *arguments]) == 0
    assert len(opened) == opens


@pytest.mark.slow
def test_extract_writes_one_row_per_clip(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    out = tmp_path / "features.parquet"
    assert main(["extract", "--out", str(out), "--jobs", "2"]) == 0
    table = pd.read_parquet(out)
    assert len(table) == 576
    assert list(table.columns[-len(features.column_names()) :]) == features.column_names()


def test_extract_with_unknown_recipe_prints_one_message(tmp_path, capsys):
    corpus = small.write_folder_corpus(tmp_path)
    arguments = ["extract", "--corpus", "folder", "--root", str(corpus), "--recipe", "small"]
    assert main(arguments) == 1
    assert "no recipe named 'small'" in capsys.readouterr().err


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    commands = ("run", "corpora", "extract", "train", "predict", "results", "bench")
    assert [name for name in commands if f"\n    {name} " not in out] == []


def test_course_commands_without_clone_print_one_message(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sercore.course.clone._ROOT", tmp_path)
    for command in (["run"], ["results"]):
        assert main(command) == 1
        out, error = capsys.readouterr()
        assert out == ""
        assert "clone of the repository" in error
        assert error.count("\n") == 1


def test_bench_names_ratios_that_became_worse(capsys, monkeypatch, tmp_path):
    committed = [("imports", "than numpy", 2.0, "× as long"), ("imports", "than librosa", 4.0, "× faster")]
    before = pd.DataFrame(committed, columns=["group", "what", "value", "unit"])
    asked = []
    monkeypatch.setattr(
        "sercore.course.benchmarks.run",
        lambda only, **options: asked.append((only, options)) or before.assign(value=[3.0, 4.1]),
    )
    monkeypatch.setattr("sercore.course.benchmarks.report.load", lambda: (before, {}))
    path = tmp_path / "speed.json"
    assert main(["bench", "--only", "imports", "--quick", "--json", str(path)]) == 0
    assert asked == [(["imports"], {"repeats": 1, "progress": True, "keep": None})]
    table, worse = capsys.readouterr().out.split("a quarter worse")
    assert "than librosa" in table
    assert "than numpy" in worse
    assert "than librosa" not in worse
    assert json.loads(path.read_text())["imports"]["rows"][0] == ["than numpy", 3.0, "× as long"]


# --- quiet terminal --------------------------------------------------------------------------------

NOISE = """
import ctypes, os, sys, warnings
from sercore import corpora, quiet
print("before")
with quiet.terminal(sys.argv[1]):
    print("own", end=" ")
    os.write(1, b"printed by a library\\n")
    if sys.platform != "win32":
        ctypes.CDLL(None).printf(b"printed late\\n")
    os.system("echo printed by a child process")
    print("line")
    os.write(2, b"from C++\\n")
    os.system("echo from a child process >&2")
    warnings.warn_explicit("from a library", FutureWarning, "library.py", 1)
    corpora.load_index("folder", sys.argv[2], speaker=r"/(\\w+)", unknown="warn")
    print("own message", file=sys.stderr)
os.write(2, b"afterwards\\n")
print("after")
"""


def test_quiet_terminal_logs_everything_but_own_output(tmp_path):
    corpus = tmp_path / "corpus"
    for name in ("happy/anna.wav", "unknown/anna.wav"):
        (corpus / name).parent.mkdir(parents=True)
        soundfile.write(corpus / name, small.clip(1), small.SR)
    log = tmp_path / "log" / "sercore.log"
    done = subprocess.run(
        [sys.executable, "-c", NOISE, log, corpus], capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert lines[0].startswith("sercore: ")
    assert "unknown/anna.wav" in done.stderr
    assert lines[-2:] == ["own message", "afterwards"]
    assert done.stdout.splitlines() == ["before", "own line", "after"]
    logged = log.read_text()
    assert logged.count("printed by a") == 2
    for text in ("from C++", "from a child process", "FutureWarning: from a library"):
        assert text in logged
        assert text not in done.stderr


def test_quiet_terminal_without_writable_log(tmp_path, capfd):
    (tmp_path / "file").touch()
    with quiet.terminal(tmp_path / "file" / "sercore.log"):
        os.write(2, b"noise")
    assert capfd.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_train_prints_only_own_lines(n_jobs, tmp_path):
    corpus = small.write_folder_corpus(tmp_path / "own")
    command = ["train", "--corpus", "folder", "--root", corpus, "--model", "mlp", "--folds", "2"]
    levels = ("TF_CPP_MIN_LOG_LEVEL", "GRPC_VERBOSITY", "GLOG_minloglevel", "PYTHONWARNINGS")
    environment = {name: value for name, value in os.environ.items() if name not in levels}
    done = subprocess.run(
        [sys.executable, "-m", "sercore", *command, "--jobs", str(n_jobs), "--out", tmp_path / "b"],
        capture_output=True, text=True, env=environment | {"SERCORE_DATA": str(tmp_path / "data")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    bars = re.split(r"[\r\n]+", done.stderr.strip())
    assert [line for line in bars if not re.match(r"(features|mlp): +\d+%\|", line)] == []
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    texts = r"corpus folder, .*| *Model .*| *mlp +[\d,.]+ .*|bundle: .*|digest: \w{64}| *"
    assert [line for line in done.stdout.splitlines() if not re.fullmatch(texts, line)] == []
    assert (tmp_path / "data" / "cache" / "sercore.log").stat().st_size > 0


def test_patterns_may_begin_with_a_dash(tmp_path, capsys):
    for name in ("anna/1-happy.wav", "ben/1-sad.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(wav_bytes(name))
    patterns = ["--speaker", "^([^/]+)/", "--emotion", r"-(\w+)\.wav"]
    assert main(["corpora", "check", str(tmp_path), *patterns]) == 0
    assert "2 clips, 2 speakers, 2 emotions" in capsys.readouterr().out


def test_streams_that_cannot_be_reconfigured(monkeypatch):
    """As in notebooks."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert main(["corpora", "list"]) == 0
    assert "RAVDESS" in sys.stdout.getvalue()

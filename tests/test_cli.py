"""The command line: exit status, messages, files; and that starting it loads nothing heavy."""

import subprocess
import sys

import pandas as pd
import pytest

from sercore import features
from sercore.cli import main

HEAVY = ("tensorflow", "keras", "librosa", "sklearn", "pandas", "matplotlib")


def test_importing_sercore_loads_nothing_heavy():
    code = f"import sys, sercore, sercore.cli; print([m for m in {HEAVY} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_features_and_evaluation_do_not_load_tensorflow():
    code = (
        "import sys, sercore.features.store, sercore.evaluation, sercore.splits, sercore.corpora\n"
        "import sercore.training, sercore.models.classical\n"
        "print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]


def test_list_names_every_corpus(capsys):
    assert main(["corpora", "list"]) == 0
    out = capsys.readouterr().out
    for name in ("ravdess", "tess", "savee", "crema_d", "emo_db", "iemocap", "demo"):
        assert f"\n{name}\n" in f"\n{out}"


def test_an_unknown_corpus_is_one_line_and_exit_status_1(capsys):
    assert main(["extract", "--corpus", "ravdes"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("sercore: ")
    assert "ravdess" in error
    assert "Traceback" not in error


def test_a_missing_corpus_says_where_it_looked_and_where_to_get_it(capsys, tmp_path):
    assert main(["extract", "--corpus", "savee", "--root", str(tmp_path / "nowhere")]) == 1
    error = capsys.readouterr().err
    assert str(tmp_path / "nowhere") in error
    assert "regist" in error


@pytest.mark.parametrize("corpus", ["savee", "iemocap"])
def test_download_of_a_licensed_corpus_says_how_to_apply(capsys, corpus):
    assert main(["corpora", "download", corpus]) == 1
    assert "http" in capsys.readouterr().err


def test_a_run_folder_that_cannot_be_and_a_root_for_the_demo_are_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("sercore.corpora.load_index", lambda *_: [])
    (tmp_path / "file").touch()
    assert main(["run", "--out", str(tmp_path / "file" / "run")]) == 1
    assert "results cannot be written there" in capsys.readouterr().err
    assert main(["run", "--root", str(tmp_path)]) == 1
    assert "say --corpus beside --root" in capsys.readouterr().err


def test_extract_writes_one_row_per_clip(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    out = tmp_path / "features.parquet"
    assert main(["extract", "--recipe", "small", "--out", str(out)]) == 1  # no such recipe
    assert "no recipe named 'small'" in capsys.readouterr().err
    assert main(["extract", "--out", str(out), "--jobs", "2"]) == 0
    table = pd.read_parquet(out)
    assert len(table) == 576
    assert list(table.columns[-len(features.column_names()) :]) == features.column_names()

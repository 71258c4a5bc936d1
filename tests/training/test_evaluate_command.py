"""``sercore evaluate`` prints scores on other corpora."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from toys.several import several_corpora

from sercore.cli import main


@pytest.fixture(autouse=True)
def corpora(rng, monkeypatch):
    index, X = several_corpora(rng)

    def extract(part, recipe, **options):
        assert recipe in ("default", "level_free")
        return SimpleNamespace(index=part, X=X[index["clip_id"].isin(part["clip_id"])])

    monkeypatch.setattr("sercore.corpora.load_index", lambda name: index[index["corpus"] == name])
    monkeypatch.setattr("sercore.features.extract_table", extract)


def test_train_and_test(capsys):
    assert main(["evaluate", "--train", "a+b", "--test", "c", "--model", "lda", "--speaker-norm"]) == 0
    out = capsys.readouterr().out
    assert "lda on level_free, speaker; classes neutral, sad, angry" in out
    assert "a+b" in out
    assert "mean over pairs" not in out


def test_matrix_with_files(capsys, tmp_path):
    scores, figure = tmp_path / "scores.csv", tmp_path / "map.png"
    arguments = [
        "--matrix",
        "a",
        "b",
        "c",
        "--model",
        "lda",
        "--recipe",
        "default",
        "--out",
        str(scores),
        "--figure",
        str(figure),
    ]
    assert main(["evaluate", *arguments]) == 0
    out = capsys.readouterr().out
    assert "lda on default, plain" in out
    assert "all others" in out
    assert len(pd.read_csv(scores)) == 12
    assert figure.stat().st_size > 1000


@pytest.mark.slow
def test_network_on_frames(capsys, monkeypatch):
    """Frames are extracted for it, also for the in-corpus reference."""
    from sercore import features
    from sercore.training import networks

    fit = networks.fit
    monkeypatch.setattr(networks, "fit", lambda *a, **options: fit(*a, **options | {"epochs": 2}))

    def extract(part, recipe, **options):
        table = features.extract_table(part, "default").X
        return SimpleNamespace(index=part, X=[np.tile(row[:, None], 12) for row in table])

    monkeypatch.setattr("sercore.features.extract_frames", extract)
    arguments = ["--train", "a", "--test", "b", "--speaker-norm"]
    assert main(["evaluate", *arguments, "--model", "lstm"]) == 0
    out = capsys.readouterr().out
    assert "lstm on log_mel_level_free, speaker; classes neutral, sad, angry" in out
    assert main(["evaluate", *arguments[:-1], "--model", "lstm", "--coral"]) == 1
    assert "CORAL aligns the rows of a table" in capsys.readouterr().err


def test_names_of_corpora_in_any_spelling():
    from sercore.cli import evaluate

    assert evaluate._names(["EMO-DB", " ravdess", "emo_db", "elsewhere"]) == [
        "emo_db",
        "ravdess",
        "elsewhere",
    ]


def test_figure_gets_a_suffix_and_others_are_refused_before_training(tmp_path, capsys, monkeypatch):
    command = ["evaluate", "--train", "a", "--test", "b", "--model", "lda", "--no-reference", "--figure"]
    assert main([*command, str(tmp_path / "map")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "map.png")
    assert (tmp_path / "map.png").is_file()
    monkeypatch.setattr("sercore.training.pool_corpora", lambda *_, **__: pytest.fail("trained"))
    assert main([*command, str(tmp_path / "map.bmp")]) == 1
    assert "a figure can be written as" in capsys.readouterr().err


def test_contradicting_options(capsys):
    assert main(["evaluate", "--train", "a"]) == 1
    assert "pass both --train and --test" in capsys.readouterr().err
    assert main(["evaluate", "--matrix", "a", "a"]) == 1
    assert "--matrix with at least two corpora" in capsys.readouterr().err
    assert main(["evaluate", "--train", "a", "--test", "b", "--matrix", "a", "b"]) == 1
    assert "pass either --train and --test, or --matrix" in capsys.readouterr().err
    assert main(["evaluate", "--train", "a+b", "--test", "b"]) == 1
    assert "b would be in training and in test" in capsys.readouterr().err

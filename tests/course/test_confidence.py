"""Published confidence: calibration, and what is rejected."""

import numpy as np
import pytest

from sercore import evaluation
from sercore.cli import main
from sercore.course import confidence, cross_corpus, rejection


def test_calibration_of_perfect_probabilities_is_the_noise_of_few_clips(monkeypatch):
    monkeypatch.setattr(confidence, "_N_DRAWS", 2)
    table = confidence.in_corpus().set_index("campaign")
    assert list(table.index) == list(confidence.CALIBRATED)
    assert (table["ece_perfect"] < 0.08).all()
    assert table.loc["ravdess-emobox-speaker-norm", "ece_t"] < 0.04  # next to nothing but noise
    several = table[~table.index.str.startswith("tess")]  # TESS has one speaker to calibrate with
    assert (several["confidence"] - several["accuracy"]).abs().max() < 0.04
    assert (several["ece_t"] <= 0.055).all()
    assert (several["ece_brier"] <= 0.065).all()
    assert (table["rms_brier"] >= 0).all()


def test_labels_are_drawn_from_the_probabilities(rng):
    drawn = confidence._drawn(np.tile([0.2, 0.8], (4000, 1)), ["a", "b"], rng)
    assert (drawn == "b").mean() == pytest.approx(0.8, abs=0.03)


def test_every_pair_has_a_row_and_distance_lowers_confidence():
    table = confidence.table(confidence.CONFIDENCE)
    pairs = table[~table["train"].str.contains("+", regex=False)]
    assert len(pairs) == 6 * len(confidence.ABROAD)
    assert len(table) == 9 * len(confidence.ABROAD)
    assert (table["train"] != table["test"]).all()
    for end in ("t", "shrunk"):
        distance = {"t": "distance", "shrunk": "shrunk_distance"}[end]
        assert (pairs[f"confidence_{distance}"] <= pairs[f"confidence_{end}"] + 1e-4).all()
    logs = np.log(table[["temperature", "temperature_shrunk"]]).abs()
    assert (logs["temperature_shrunk"] <= logs["temperature"] + 1e-4).all()
    for name, part in table.groupby("campaign"):
        oof = cross_corpus.load(name).query("adaptation == 'plain' and not balanced")
        for row in part.itertuples():
            rows = oof[(oof["train"] == row.train) & (oof["test"] == row.test)]
            y, proba, classes, _ = evaluation.unpack(rows)
            error = evaluation.expected_calibration_error(y, proba, classes)
            assert row.ece == pytest.approx(error, abs=0.01)


def test_rejection_table():
    table = rejection.table()
    assert table.groupby(["features", "train"]).ngroups == len(rejection.SOURCES)
    for _, part in table.groupby(["features", "train"]):
        assert set(rejection.TELEPHONE) < set(part["clips"])
    speakers = table[table["clips"] != rejection.SOUNDS].dropna(subset="low")
    assert (speakers["low"] <= speakers["rejected"]).all()
    assert (speakers["rejected"] <= speakers["high"]).all()
    either = table[["novel", "not_speech"]].max(axis=1)
    assert (table["rejected"] >= either - 0.03).all()  # every speaker has the same weight
    own = table[table["clips"] == "new speakers"]
    assert own["n_clips"].tolist() == [1440, 1440, 535, 535]
    assert (own["rejected"] <= 0.05).all()


def test_a_fold_is_asked_about_its_own_test_clips_only():
    X = np.zeros((4, 2))
    sample = rejection._Clips("sample", X, np.array(list("aabb")), np.array([3, 5, 8, 9]))
    assert sample.rows(np.array([5, 9, 10])).tolist() == [1, 3]
    assert rejection._Clips("others", X, np.array(list("aabb"))).rows(np.array([5])).tolist() == [0, 1, 2, 3]


def test_bars_of_other_sounds():
    """Other sounds are refused, or no emotion is probable."""
    sounds = rejection.table().query("clips == 'sounds'")
    assert ((sounds["rejected"] >= 0.95) | (sounds["confidence"] <= 0.4)).all()


def test_command_prints_both(capsys):
    assert main(["results", *confidence.FILES]) == 0
    assert "not_speech" in capsys.readouterr().out

"""Published confidence: calibration, and what is rejected."""

import numpy as np
import pytest

from sercore import evaluation
from sercore.cli import main
from sercore.course import clone, confidence, cross_corpus, readme


def test_calibration_of_perfect_probabilities_is_the_noise_of_few_clips(monkeypatch):
    monkeypatch.setattr(confidence, "_N_DRAWS", 2)
    table = confidence.in_corpus().set_index("campaign")
    assert list(table.index) == list(confidence.CALIBRATED)
    assert (table["ece_perfect"] < 0.08).all()
    assert table.loc["ravdess-emobox-speaker-norm", "ece_t"] < 0.04  # next to nothing but noise
    assert (table["confidence"] - table["accuracy"]).abs().max() < 0.04


def test_labels_are_drawn_from_the_probabilities(rng):
    drawn = confidence._drawn(np.tile([0.2, 0.8], (4000, 1)), ["a", "b"], rng)
    assert (drawn == "b").mean() == pytest.approx(0.8, abs=0.03)


def test_every_pair_has_a_row_and_distance_lowers_confidence():
    table = confidence.table(confidence.CONFIDENCE)
    assert len(table) == 6 * len(cross_corpus.CAMPAIGNS)
    assert (table["train"] != table["test"]).all()
    assert (table["confidence_distance"] <= table["confidence_t"] + 1e-4).all()
    for name, part in table.groupby("campaign"):
        oof = cross_corpus.load(name).query("adaptation == 'plain' and not balanced")
        for row in part.itertuples():
            rows = oof[(oof["train"] == row.train) & (oof["test"] == row.test)]
            y, proba, classes, _ = evaluation.unpack(rows)
            error = evaluation.expected_calibration_error(y, proba, classes)
            assert row.ece == pytest.approx(error, abs=0.01)


def test_rejection_table():
    table = confidence.table(confidence.REJECTION)
    assert (table["rejected_low"] < table["rejected"]).all()
    assert (table["rejected"] < table["rejected_high"]).all()
    assert table["n_clips"].tolist() == [1440, 1440]


@pytest.mark.slow
def test_page_shows_the_tables():
    text = (clone.repository() / "data" / "RESULTS.md").read_text(encoding="utf-8")
    for markdown in (
        readme.sources_markdown,
        readme.calibration_markdown,
        readme.far_markdown,
        readme.rejection_markdown,
    ):
        assert markdown() in text, "run: sercore results --readme"


def test_command_prints_both(capsys):
    assert main(["results", *confidence.FILES]) == 0
    assert "sounds_novel" in capsys.readouterr().out

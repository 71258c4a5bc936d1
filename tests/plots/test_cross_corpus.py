"""Figures of cross-corpus results."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from sercore import plots


@pytest.fixture
def ax():
    return Figure().subplots()


def test_matrix_shows_scores_intervals_and_outlined_references(ax):
    rows = [("a", "b", 0.5, "clips"), ("b", "a", 0.4, "speakers"), ("a", "a", 0.9, "speakers")]
    table = pd.DataFrame(rows, columns=["train", "test", "ua", "interval"])
    table = table.assign(ua_low=table["ua"] - 0.1, ua_high=table["ua"] + 0.1)
    plots.corpus_matrix(table, ax=ax)
    assert {text.get_text() for text in ax.texts} >= {"50.0\n[40, 60]*", "40.0\n[30, 50]"}
    assert [patch.get_xy() for patch in ax.patches] == [(0, 0)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("test corpus", "training corpus")


def test_curve_has_a_line_for_each_kind_of_clip(ax):
    """Counts of clips that the speakers do not have are left out: three neutral clips of five."""
    part = pd.DataFrame({"clips": [0, 2, 5, np.nan], "n_used": [0, 2, 3, 3], "ua": [0.3, 0.4, 0.5, 0.5]})
    part = part.assign(ua_low=part["ua"] - 0.1, ua_high=part["ua"] + 0.1)
    curve = pd.concat([part.assign(only=""), part.assign(only="neutral")], ignore_index=True)
    plots.enrolment_curve(curve, ax=ax)
    assert [line.get_label() for line in ax.lines] == ["any clips", "neutral clips only"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "2", "all"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [30, 40, 50])


def test_staircase_marks_leaks_and_other_recordings(ax):
    table = pd.DataFrame(
        {
            "step": ["random", "new speakers", "other corpus (b)"],
            "split": ["random", "speaker", "corpus"],
            "elsewhere": [False, False, True],
            "ua": [0.9, 0.6, 0.3],
            "ua_low": [0.8, 0.5, np.nan],
            "ua_high": [0.95, 0.7, np.nan],
        }
    )
    plots.staircase(table, chance=0.25, ax=ax)
    assert [round(bar.get_height()) for bar in ax.patches] == [90, 60, 30]
    assert to_hex(ax.patches[0].get_facecolor()) == "#ffffff"
    assert len({to_hex(bar.get_edgecolor()) for bar in ax.patches}) == 3
    assert [text.get_text() for text in ax.texts] == ["90", "60", "30", "chance"]
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "random", "new speakers", "other corpus\n(b)",
    ]  # fmt: skip

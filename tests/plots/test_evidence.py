"""Pictures of evidence: what is drawn is what was computed, in the given axes, labelled."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sercore import features, plots
from sercore.interpret.emotion_profiles import MeanInterval

RECIPE = features.get_recipe("default")
N_FRAMES = 50


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def level(rng):
    return rng.normal(-40, 10, (RECIPE.n_mels, N_FRAMES))


@pytest.fixture
def one_map():
    found = np.zeros((N_FRAMES, RECIPE.n_mels))
    found[20:30, 10:20], found[40:45, 50:60] = 1.0, -1.0
    return found


EXAM = pd.DataFrame(
    {
        "inside": [0.6, 0.3], "low": [0.5, 0.2], "high": [0.7, 0.4], "chance": [0.25, 0.25],
        "shuffled": [0.3, 0.2], "points": [True, False],
    },
    index=["knows", "guesses"],
)  # fmt: skip
PEOPLE = pd.DataFrame(
    {"people": [0.6, 0.4], "model": [0.5, np.nan], "low": [0.4, np.nan], "high": [0.6, np.nan]},
    index=["happy", "sad"],
)
CURVES = pd.DataFrame({"random": [0.9, 0.5, 0.1], "occlusion": [0.9, 0.2, 0.1]}, index=[0.0, 0.5, 1.0])
LOST = pd.DataFrame({"lost": [0.2, 0.0], "low": [0.1, -0.02], "high": [0.3, 0.02]}, index=["f0", "random"])
MEANS = {
    e: MeanInterval(np.full(4, k), np.full(4, k - 1.0), np.full(4, k + 1.0))
    for k, e in enumerate(("sad", "angry"))
}
DRAWINGS = {
    "exam": lambda ax: plots.benchmark_results(EXAM, ax=ax),
    "compare_with_listeners": lambda ax: plots.compare_with_listeners(PEOPLE, ax=ax),
    "faithfulness_curves": lambda ax: plots.faithfulness_curves(CURVES, ax=ax),
    "importance_intervals": lambda ax: plots.importance_intervals({"a": LOST}, ax=ax),
    "average_contours": lambda ax: plots.average_contours(MEANS, label="pitch (semitones)", ax=ax),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_draws_into_the_given_axes_and_labels_them(name):
    ax = plt.subplots()[1]
    assert DRAWINGS[name](ax) is ax
    assert ax.has_data()
    assert ax.get_xlabel()
    assert len(plt.get_fignums()) == 1
    assert DRAWINGS[name](None).figure.number != ax.figure.number


def test_evidence_lies_on_the_time_and_bands_of_its_spectrogram(level, one_map):
    ax = plots.evidence(level, one_map)
    grey, colour = ax.images
    assert grey.get_extent() == colour.get_extent()
    drawn = np.asarray(colour.get_array())
    np.testing.assert_array_equal(drawn, one_map.T)
    alpha = np.asarray(colour.get_alpha())
    assert (alpha[one_map.T == 0] == 0).all()
    assert alpha[15, 25] == alpha[55, 42] == pytest.approx(0.85)
    low, high = colour.get_clim()
    assert -low == high


def test_segments_are_brackets_with_their_share(level, one_map):
    parts = pd.DataFrame({"start": [0.2], "end": [0.3], "share": [0.667]})
    ax = plots.evidence(level, one_map, segments=parts)
    np.testing.assert_allclose(ax.get_lines()[0].get_xdata(), [0.2, 0.3])
    assert ax.texts[0].get_text() == "67"


def test_every_method_gets_its_panel(level, one_map):
    axes = plots.evidence_maps(level, {"a": one_map, "b": -one_map, "c": one_map})
    assert [ax.get_title() for ax in axes] == ["a", "b", "c"]
    assert len(axes[0].figure.axes) == 3


def test_points_that_fail_are_hollow_and_shuffled_weights_are_crosses():
    ax = plots.benchmark_results(EXAM)
    markers = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert [line.get_markerfacecolor() for line in markers] == ["#00427b", "white"]
    assert [line.get_xdata()[0] for line in markers] == pytest.approx([60, 30])
    crosses = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "x"]
    assert crosses == pytest.approx([30, 20])


def test_what_is_not_sure_is_left_white():
    unsure = MeanInterval(np.full((64, 5), 2.0), np.full((64, 5), -1.0), np.full((64, 5), 5.0))
    sure = MeanInterval(np.full((64, 5), 2.0), np.full((64, 5), 1.0), np.full((64, 5), 3.0))
    axes = plots.difference_maps({"sad": sure, "angry": unsure})
    drawn = {ax.get_title(): np.ma.filled(ax.images[0].get_array(), np.nan) for ax in axes}
    assert np.isnan(drawn["angry"]).all()
    assert (drawn["sad"] == 2.0).all()


def test_kept_and_rest_show_every_cell_once(level):
    mask = np.zeros((N_FRAMES, RECIPE.n_mels), bool)
    mask[:20] = True
    kept, rest = (np.asarray(ax.images[0].get_array()) for ax in plots.masked_parts(level, mask))
    floor = level.max() - 70
    np.testing.assert_array_equal(kept[:, :20], level[:, :20])
    assert (kept[:, 20:] == floor).all()
    np.testing.assert_array_equal(rest[:, 20:], level[:, 20:])


def test_differences_by_row_and_correlations_are_written():
    ax = plots.difference_rows(MEANS, ["C", "D", "E", "F"], label="power")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["C", "D", "E", "F"]
    table = pd.DataFrame([[1.0, -0.5], [-0.5, 1.0]], index=["a", "b"], columns=["a", "b"])
    assert [text.get_text() for text in plots.correlations(table).texts] == ["1.00", "-0.50", "-0.50", "1.00"]


def test_people_without_a_model_get_no_bar_beside_them():
    ax = plots.compare_with_listeners(PEOPLE)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([60, 40, 50, 0])

"""Figures of networks."""

import matplotlib as mpl
import numpy as np
import optuna
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sercore import plots
from sercore.errors import SercoreError

mpl.use("Agg")
HOP = 0.01


@pytest.fixture
def axes():
    return Figure().subplots(2, 1, sharex=True)


@pytest.fixture
def log_mel(rng):
    return rng.normal(-40, 10, (64, 30))


def test_under_clip_aligns_steps_with_frames(axes, log_mel):
    curve = np.array([0.1, 0.2, 0.3, 0.4])  # 8 + 8 + 8 + 6 frames
    above, below = plots.under_clip(log_mel, {"attention": curve}, pool=8, label="weight", axes=axes)
    assert (above, below) == tuple(axes)
    stairs = below.patches[0].get_data()
    np.testing.assert_allclose(stairs.values, curve)
    edges = HOP * (np.array([0, 8, 16, 24, 30]) - 0.5)  # cells are centred on frames
    np.testing.assert_allclose(stairs.edges, edges)
    assert below.get_xlim() == above.get_xlim() == pytest.approx((edges[0], edges[-1]))
    assert below.get_xlabel() == "time (s)"
    assert below.get_ylabel() == "weight"


def test_under_clip_omits_padding(axes, log_mel):
    _, below = plots.under_clip(log_mel, {"attention": np.arange(9.0)}, pool=8, axes=axes)
    np.testing.assert_allclose(below.patches[0].get_data().values, np.arange(4))


def test_under_clip_several_curves(axes, log_mel):
    curves = {name: np.full(30, k) for k, name in enumerate("abcdef")}
    _, below = plots.under_clip(log_mel, curves, axes=axes)
    assert [text.get_text() for text in below.get_legend().get_texts()] == list("abcdef")
    assert len({mpl.colors.to_hex(patch.get_edgecolor()) for patch in below.patches[:5]}) == 5


def test_under_clip_too_few_steps(axes, log_mel):
    with pytest.raises(SercoreError, match=r"'forget' has 4 steps, but 30 frames with pool=4 make 8"):
        plots.under_clip(log_mel, {"forget": np.ones(4)}, pool=4, axes=axes)


def test_seed_scores():
    ax = Figure().subplots()
    runs = {"lstm": pd.DataFrame({"ua": [0.5, 0.6]}), "bilstm": pd.DataFrame({"ua": [0.6, 0.7, 0.8]})}
    assert plots.seed_scores(runs, ax=ax) is ax
    points = [line for line in ax.lines if line.get_marker() == "o"]
    bars = [line for line in ax.lines if line.get_linewidth() == 2]
    joined = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 1]
    np.testing.assert_allclose(joined, [[50, 60], [60, 70], [np.nan, 80]])  # runs with the same seed
    assert [line.get_xdata().tolist() for line in points] == [[50, 60], pytest.approx([60, 70, 80])]
    assert [line.get_xdata()[0] for line in bars] == pytest.approx([55, 70])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["lstm", "bilstm"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first is on top
    assert "UA (%)" in ax.get_xlabel()


def test_new_figures_without_axes(log_mel):
    above, below = plots.under_clip(log_mel, {"a": np.ones(30)})
    ax = plots.seed_scores({"lstm": pd.DataFrame({"ua": [0.5]})})
    assert above.figure is below.figure is not ax.figure
    mpl.pyplot.close("all")


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "model": ["small", "large", "dummy"],
            "ua": [0.5, 0.6, 0.1],
            "ua_low": [0.4, 0.55, 0.1],
            "ua_high": [0.6, 0.7, 0.1],
            "train_seconds": [60.0, 120.0, 1.0],
            "parameters": [1000.0, 5000.0, np.nan],
            "interval": "clips",
        }
    )


def test_accuracy_and_cost(table):
    score, time, size = plots.accuracy_and_cost(table)
    assert [label.get_text() for label in score.get_yticklabels()] == ["small", "large"]
    assert "over clips" in score.get_xlabel()
    np.testing.assert_allclose(score.get_lines()[0].get_xdata(), [50, 60])
    assert [bar.get_width() for bar in time.patches] == [1, 2]
    assert [bar.get_width() for bar in size.patches] == [1, 5]
    mpl.pyplot.close("all")


def test_search_shows_trials_and_importance():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0), direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("dropout", 0, 1), n_trials=6)
    left, right = plots.search(study, axes=Figure().subplots(1, 2))
    assert len(left.lines[1].get_xdata()) == 6
    assert right.patches[0].get_width() == pytest.approx(100)

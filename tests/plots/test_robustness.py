"""Figures of recording conditions, groups of people and selective prediction."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from sercore import plots
from sercore.plots.style import GREEN, RED

CONDITIONS = pd.DataFrame({
    "family": ["hum", "hum", "echo"], "condition": ["20 dB", "0 dB", "0.3 s"],
    "everyday": [True, False, True], "ua": [0.58, 0.30, 0.40], "ua_clean": 0.6, "lost": [0.02, 0.3, 0.2],
    "lost_low": [0.0, 0.2, 0.1], "lost_high": [0.04, 0.4, 0.3], "changed": [0.1, 0.6, 0.4],
    "passed": [True, False, False],
})  # fmt: skip


def test_conditions_have_the_colour_of_their_mark():
    ax = plots.robustness(CONDITIONS)
    points = [line for line in ax.lines if line.get_marker() in ("o", "X")]
    assert [line.get_xdata()[0] for line in points] == pytest.approx([58, 30, 40])
    assert [line.get_marker() for line in points] == ["o", "X", "X"]
    assert [same_color(line.get_color(), GREEN) for line in points] == [True, False, False]
    assert [same_color(line.get_color(), RED) for line in points] == [False, True, True]
    assert [same_color(line.get_markerfacecolor(), "white") for line in points] == [False, True, False]
    whisker = ax.lines[1]
    assert sorted(whisker.get_xdata()) == pytest.approx([56, 60])
    assert {"clean 60", "10 %", "60 %", "40 %"} <= {text.get_text() for text in ax.texts}


def test_changed_answers_have_the_colour_of_their_mark():
    table = CONDITIONS.assign(
        changed_low=CONDITIONS["changed"] - 0.1, changed_high=CONDITIONS["changed"] + 0.1
    )
    ax = plots.changed_answers(table.drop(columns=["ua", "ua_clean"]))
    points = [line for line in ax.lines if line.get_marker() in ("o", "X")]
    assert [line.get_xdata()[0] for line in points] == pytest.approx([10, 60, 40])
    assert [line.get_marker() for line in points] == ["o", "X", "X"]
    assert [same_color(line.get_color(), GREEN) for line in points] == [True, False, False]
    assert [same_color(line.get_markerfacecolor(), "white") for line in points] == [False, True, False]
    assert ax.lines[0].get_xdata() == pytest.approx([0, 20])


def test_groups_are_drawn_apart():
    table = pd.DataFrame({
        "by": ["sex", "sex", "age_group"], "group": ["female", "male", "under 30"], "ua": [0.7, 0.6, 0.5],
        "ua_low": [0.6, 0.5, np.nan], "ua_high": [0.8, 0.7, np.nan], "n_speakers": [12, 12, 3],
    })  # fmt: skip
    ax = plots.fairness(table)
    places = ax.get_yticks()
    assert places[2] - places[1] > places[1] - places[0]
    assert ax.get_yticklabels()[2].get_text() == "age group: under 30 (3)"
    assert ax.lines[-1].get_xdata() == pytest.approx([70, 60, 50])


def test_risk_over_coverage():
    curve = pd.DataFrame({"coverage": [0.5, 1.0], "risk": [0.1, 0.25]})
    ax = plots.risk_coverage(curve, label="calibrated")
    assert ax.lines[0].get_ydata() == pytest.approx([10, 25])
    assert ax.get_legend().get_texts()[0].get_text() == "calibrated"
    plots.risk_coverage(curve.assign(risk=0.8), ax=ax)
    low, high = ax.get_ylim()
    assert low == 0
    assert high > 80, "a later, higher curve is inside"

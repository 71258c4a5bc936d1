"""Probabilities and scores as HTML."""

import numpy as np

from sercore.pictures.html import probability_bars, score_lines


def test_probability_bars_are_escaped_and_described():
    html = probability_bars({"a<b": 0.7, "sad": 0.3}, before={"a<b": 0.2, "sad": 0.8}, note="x & y")
    assert "a&lt;b 70 percent, sad 30 percent" in html
    assert "a<b" not in html
    assert "x &amp; y" in html
    assert html.count("font-weight:bold") == 1
    assert "left:20.00%" in html
    assert "left:80.00%" in html


def test_score_without_interval_has_no_whiskers():
    html = score_lines([("few", 50.0, np.nan, np.nan), ("many", 60.0, 55.0, 65.0)], low=50, high=70)
    assert "60.0 [55.0, 65.0]" in html
    assert html.count("[") == 1
    assert html.count("border-radius:50%") == 2
    assert html.count("height:12%") == 1
    assert "left:25.00%;width:50.00%" in html

"""Figures of networks say what their table says."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sercore import plots


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


def test_score_time_and_weights_stand_side_by_side_best_on_top(table):
    score, time, size = plots.accuracy_and_cost(table)
    assert [label.get_text() for label in score.get_yticklabels()] == ["small", "large"]
    assert "over clips" in score.get_xlabel()
    np.testing.assert_allclose(score.get_lines()[0].get_xdata(), [50, 60])
    assert [bar.get_width() for bar in time.patches] == [1, 2]
    assert [bar.get_width() for bar in size.patches] == [1, 5]
    plt.close("all")

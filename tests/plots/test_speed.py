"""Bars of times and of ratios."""

import pytest

from sercore import plots


@pytest.mark.parametrize("log", [False, True])
def test_speed_bars_are_in_order_and_labelled(log):
    ax = plots.speed_bars({"fast": 4.444, "slow": 613.2}, label="ms per clip", log=log)
    assert [bar.get_width() for bar in ax.patches] == [4.444, 613.2]
    assert [text.get_text() for text in ax.texts] == ["4.44", "613"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["fast", "slow"]
    assert ax.yaxis_inverted()
    assert ax.get_xscale() == ("log" if log else "linear")
    assert ax.get_xlabel() == "ms per clip"

"""Figure of the blocks of an encoder."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from sercore import plots

mpl.use("Agg")


def test_blocks_are_drawn_in_order_with_intervals():
    table = pd.DataFrame(
        {"model": ["block1", "block2", "all"], "ua": [0.5, 0.6, 0.7], "ua_low": [0.4, 0.5, 0.65],
         "ua_high": [0.55, 0.7, 0.8]}
    )  # fmt: skip
    given = Figure().subplots()
    ax = plots.blocks(table, chance=0.25, ax=given)
    assert ax is given
    (bars,) = ax.containers
    line, _, (whiskers,) = bars
    assert line.get_ydata().round(6).tolist() == [50, 60]
    assert [segment[:, 1].round(6).tolist() for segment in whiskers.get_segments()] == [[40, 55], [50, 70]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["all blocks", "chance", "one block"]
    assert ax.get_ylabel() == "UA (%)"

"""A check of every figure that a test of this folder draws."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import Collection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

CYCLE = "#01fe02"


def colors_of(figure):
    """Colours of all lines, patches and collections of a figure."""
    found = []
    for artist in figure.findobj(lambda one: isinstance(one, (Line2D, Patch, Collection))):
        if isinstance(artist, Collection) and (artist.get_array() is not None or not artist.get_paths()):
            continue  # coloured by values, or empty, such as parts of a colour bar
        getters = ("get_color",) if isinstance(artist, Line2D) else ("get_facecolor", "get_edgecolor")
        for color in (getattr(artist, getter)() for getter in getters):
            rows = np.atleast_2d(color) if isinstance(color, np.ndarray) else [color]
            found += [to_hex(row) for row in rows if len(row) and to_rgba(row)[3] > 0]
    return set(found)


@pytest.fixture(autouse=True)
def _no_default_cycle(monkeypatch):
    """Fail if an artist has a colour of matplotlib's cycle: series have the colours of the course."""
    figures, original = [], Figure.__init__

    def recorded(self, *args, **options):
        original(self, *args, **options)
        figures.append(self)

    monkeypatch.setattr(Figure, "__init__", recorded)
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=[CYCLE])}):
        yield
    assert [figure for figure in figures if CYCLE in colors_of(figure)] == []

"""Figures of a model card as SVG."""

from __future__ import annotations

import io
from collections.abc import Callable

import pandas as pd

from .. import plots


def draw(function: Callable, table: pd.DataFrame, *, size: tuple[float, float]) -> bytes:
    """SVG of a figure of :mod:`sercore.plots`, without pyplot and its windows.

    Text of a bundle is drawn as it is, never parsed as a formula. The result does not contain the time.

    Parameters
    ----------
    function : callable
        Called with the table and ``ax``.
    table : pd.DataFrame
    size : (float, float)
        Width and height in inches.

    Examples
    --------
    >>> bins = pd.DataFrame({"n_clips": [4], "confidence": [0.7], "accuracy": [0.6]})
    >>> draw(plots.reliability, bins, size=(4, 3))[:5]
    b'<?xml'
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        plots.use_course_style()
        mpl.rcParams.update({"text.parse_math": False, "svg.hashsalt": "sercore", "svg.fonttype": "path"})
        figure = Figure(figsize=size)
        function(table, ax=figure.subplots())
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return buffer.getvalue()

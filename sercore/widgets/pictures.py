"""Pictures that are quick enough to follow a slider.

Notebook: demo.ipynb
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Drawn:
    """A picture, and where time lies in it.

    Parameters
    ----------
    png : bytes
        The picture as a PNG file.
    left, right : float
        Where the time axis begins and ends, as shares of the picture's width.
    start, stop : float
        Which seconds lie there.
    """

    png: bytes
    left: float
    right: float
    start: float
    stop: float


def from_axes(ax: Axes) -> Drawn:
    """Picture of the figure that holds ``ax``, whose horizontal axis is time in seconds.

    For figures that are drawn once; it takes matplotlib's time, not a slider's.
    """
    import matplotlib.pyplot as plt

    file = io.BytesIO()
    ax.figure.savefig(file, format="png", dpi=ax.figure.dpi)
    box, (start, stop) = ax.get_position(), ax.get_xlim()
    plt.close(ax.figure)
    return Drawn(file.getvalue(), box.x0, box.x1, start, stop)

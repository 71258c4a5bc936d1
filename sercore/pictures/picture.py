"""Pictures of sounds that are quick enough to follow a slider.

matplotlib lays out, draws and encodes a whole figure for every change. Here axes and labels are drawn
once per set of limits and kept; a new spectrogram only picks colours from a table of 256, is fitted to
its box, and encoded with one byte a pixel. Figures that never change are matplotlib's: :func:`from_axes`.

Notebook: demo.ipynb
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from .canvas import BLACK, CURVES, N_SHADES, Axis, Box, background, box_of, palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["Axis", "Drawn", "Picture", "from_axes"]


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


class Picture:
    """Axes on which images, curves and waves are drawn; :meth:`drawn` gives the file.

    Parameters
    ----------
    x, y : Axis
        ``x`` is time in seconds.
    bar : Axis, optional
        Values of the colour bar; images are coloured by its limits.
    title : str
    legend : tuple of str
        Names of curves, from :data:`~sercore.pictures.canvas.CURVES`.
    size : (int, int)
        Width and height in pixels.
    font_size : int
        Height of the letters in pixels.
    cmap : str
        matplotlib's name of a colour map.
    """

    def __init__(
        self,
        x: Axis,
        y: Axis,
        *,
        bar: Axis | None = None,
        title: str = "",
        legend: tuple[str, ...] = (),
        size: tuple[int, int] = (1200, 330),
        font_size: int = 15,
        cmap: str = "magma",
    ):
        self.x, self.y, self.bar, self.cmap = x, y, bar, cmap
        self.box: Box = box_of(size, font_size, bar is not None)
        self._canvas = background(x, y, bar, title, legend, size, font_size).copy()

    def image(
        self, values: np.ndarray, *, x: tuple[float, float], y: tuple[float, float], zero: float = 0.0
    ) -> Picture:
        """Values as colours, averaged where the picture has fewer pixels than they are.

        Parameters
        ----------
        values : np.ndarray [shape=(n_rows, n_columns)]
            Row 0 is lowest.
        x, y : (float, float)
            Outer edges of the first and the last column and row; what lies beyond the axes is cut off.
        zero : float
            The value that counts as 0 on the colour bar.
        """
        (left, right), columns = _visible(x, (self.x.low, self.x.high), values.shape[1])
        (low, high), rows = _visible(y, (self.y.low, self.y.high), values.shape[0])
        first, last = self._pixels([left, right], [low, high])
        size = round(last[0] - first[0]), round(first[1] - last[1])
        if min(size) < 1:
            return self
        scale = (N_SHADES - 1) / (self.bar.high - self.bar.low)
        shades = values[::-1] - np.float32(zero + self.bar.low - 0.5 / scale)
        shades *= scale  # in place: for a short step these are millions of numbers
        shades = np.clip(shades, 0, N_SHADES - 1, out=shades).astype(np.uint8)
        source = (columns[0], len(values) - rows[1], columns[1], len(values) - rows[0])
        fitted = Image.fromarray(shades).resize(size, Image.Resampling.BOX, box=source)
        self._canvas.paste(fitted, (round(first[0]), round(last[1])))
        return self

    def line(self, x: np.ndarray, y: np.ndarray, name: str) -> Picture:
        """A curve with a dark rim, broken where ``y`` is NaN or beyond the axis."""
        for run in _runs(self._inside(y)):
            self._stroke(self._pixels(x[run], y[run]), name)
        return self

    def dots(self, x: np.ndarray, y: np.ndarray, name: str) -> Picture:
        """One dot with a dark rim for each value that is a number and within the axis."""
        seen = self._inside(y)
        draw = ImageDraw.Draw(self._canvas)
        points = self._pixels(x[seen], y[seen])
        for radius, color in ((3, BLACK), (2, CURVES[name].index)):
            for px, py in points:
                draw.ellipse((px - radius, py - radius, px + radius, py + radius), fill=color)
        return self

    def wave(self, wave: np.ndarray, sr: int, name: str = "wave") -> Picture:
        """A waveform: the smallest and the largest sample of each column of pixels."""
        n_columns = max(2, round((self.box.right - self.box.left) * len(wave) / sr / self.x.high))
        edges = np.linspace(0, len(wave), min(n_columns, len(wave)), endpoint=False).astype(int)
        times = edges / sr
        upper = self._pixels(times, np.maximum.reduceat(wave, edges))
        lower = self._pixels(times, np.minimum.reduceat(wave, edges))
        color = CURVES[name].index
        ImageDraw.Draw(self._canvas).polygon([*upper, *lower[::-1]], fill=color, outline=color)
        return self

    def drawn(self) -> Drawn:
        """The picture as a PNG file, and where its time axis lies."""
        file, width = io.BytesIO(), self._canvas.width
        image = self._canvas.copy()
        image.putpalette(palette(self.cmap))
        image.save(file, "PNG", compress_level=1)
        return Drawn(file.getvalue(), self.box.left / width, self.box.right / width, self.x.low, self.x.high)

    def _inside(self, y: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return (y >= self.y.low) & (y <= self.y.high)

    def _pixels(self, x, y) -> list[tuple[float, float]]:
        """Where values lie on the canvas."""
        box = self.box
        px = box.left + self.x.share(np.asarray(x)) * (box.right - box.left)
        py = box.bottom - self.y.share(np.asarray(y)) * (box.bottom - box.top)
        return list(zip(px.tolist(), py.tolist(), strict=True))

    def _stroke(self, points: list[tuple[float, float]], name: str) -> None:
        if len(points) == 1:
            points = [points[0], (points[0][0] + 2, points[0][1])]
        draw = ImageDraw.Draw(self._canvas)
        for width, color in ((7, BLACK), (3, CURVES[name].index)):
            draw.line(points, fill=color, width=width, joint="curve")


def from_axes(ax: Axes) -> Drawn:
    """Picture of the figure that holds ``ax``, whose horizontal axis is time in seconds.

    For figures that are drawn once; it takes matplotlib's time, not a slider's. The figure is closed.
    """
    import matplotlib.pyplot as plt

    file = io.BytesIO()
    ax.figure.savefig(file, format="png", dpi=ax.figure.dpi)
    box, (start, stop) = ax.get_position(), ax.get_xlim()
    plt.close(ax.figure)
    return Drawn(file.getvalue(), box.x0, box.x1, start, stop)


def _visible(edges: tuple[float, float], limits: tuple[float, float], n: int) -> tuple[tuple, tuple]:
    """The part of ``edges`` within ``limits``, and which of ``n`` cells, as floats, lie there."""
    low, high = max(edges[0], limits[0]), min(edges[1], limits[1])
    cells = n / (edges[1] - edges[0])
    return (low, max(low, high)), ((low - edges[0]) * cells, min(n, (high - edges[0]) * cells))


def _runs(seen: np.ndarray) -> list[slice]:
    """Stretches in which ``seen`` is true."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(int)))
    return [slice(first, last) for first, last in steps.reshape(-1, 2)]

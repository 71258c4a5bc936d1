"""Pictures of sounds that can be redrawn many times per second.

matplotlib lays out, draws and encodes a whole figure for every change. Here axes and labels are drawn once
and cached; a new spectrogram is mapped to a palette, resized and encoded with one byte per pixel. Figures
that are drawn once are made with matplotlib and converted by :func:`from_axes`.
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
    """A picture as a PNG file, and the position of its time axis.

    Parameters
    ----------
    png : bytes
        Content of the PNG file.
    left, right : float
        Ends of the time axis as fractions of the width of the picture.
    start, stop : float
        Times at these ends in seconds.
    """

    png: bytes
    left: float
    right: float
    start: float
    stop: float


class Picture:
    """Axes on which images, curves and waveforms are drawn; :meth:`drawn` returns the file.

    Parameters
    ----------
    x, y : Axis
        ``x`` is time in seconds.
    bar : Axis, optional
        Axis of the colour bar; its limits are those of the colours of images.
    title : str
    legend : tuple of str
        Names of curves, from ``sercore.pictures.canvas.CURVES``.
    size : (int, int)
        Width and height in pixels.
    font_size : int
        Font size in pixels.
    cmap : str
        Name of a matplotlib colour map.

    See Also
    --------
    from_axes : Picture of a matplotlib figure.

    Examples
    --------
    >>> picture = Picture(Axis(0.0, 1.0, "time (s)"), Axis(-1.0, 1.0, "amplitude"))
    >>> drawn = picture.wave(np.zeros(16000, np.float32), 16000).drawn()
    >>> drawn.png[1:4], drawn.start, drawn.stop
    (b'PNG', 0.0, 1.0)
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
        """Draw values as colours; averaged if there are more values than pixels.

        Parameters
        ----------
        values : np.ndarray [shape=(n_rows, n_columns)]
            Row 0 is at the bottom.
        x, y : (float, float)
            Outer edges of the first and the last column and row; parts outside the axes are not drawn.
        zero : float
            Value that corresponds to 0 on the colour bar.
        """
        (left, right), columns = _visible(x, (self.x.low, self.x.high), values.shape[1])
        (low, high), rows = _visible(y, (self.y.low, self.y.high), values.shape[0])
        first, last = self._pixels([left, right], [low, high])
        size = round(last[0] - first[0]), round(first[1] - last[1])
        if min(size) < 1:
            return self
        scale = (N_SHADES - 1) / (self.bar.high - self.bar.low)
        shades = values[::-1] - np.float32(zero + self.bar.low - 0.5 / scale)
        shades *= scale  # in place: short steps make millions of values
        shades = np.clip(shades, 0, N_SHADES - 1, out=shades).astype(np.uint8)
        source = (columns[0], len(values) - rows[1], columns[1], len(values) - rows[0])
        fitted = Image.fromarray(shades).resize(size, Image.Resampling.BOX, box=source)
        self._canvas.paste(fitted, (round(first[0]), round(last[1])))
        return self

    def line(self, x: np.ndarray, y: np.ndarray, name: str) -> Picture:
        """Draw a curve with a dark outline, interrupted where ``y`` is NaN or outside the axis."""
        for run in _runs(self._inside(y)):
            self._stroke(self._pixels(x[run], y[run]), name)
        return self

    def dots(self, x: np.ndarray, y: np.ndarray, name: str) -> Picture:
        """Draw a dot with a dark outline for each value that is not NaN and inside the axis."""
        seen = self._inside(y)
        draw = ImageDraw.Draw(self._canvas)
        points = self._pixels(x[seen], y[seen])
        for radius, color in ((3, BLACK), (2, CURVES[name].index)):
            for px, py in points:
                draw.ellipse((px - radius, py - radius, px + radius, py + radius), fill=color)
        return self

    def wave(self, wave: np.ndarray, sr: int, name: str = "wave") -> Picture:
        """Draw a waveform: minimum and maximum of each column of pixels."""
        n_columns = max(2, round((self.box.right - self.box.left) * len(wave) / sr / self.x.high))
        edges = np.linspace(0, len(wave), min(n_columns, len(wave)), endpoint=False).astype(int)
        times = edges / sr
        upper = self._pixels(times, np.maximum.reduceat(wave, edges))
        lower = self._pixels(times, np.minimum.reduceat(wave, edges))
        color = CURVES[name].index
        ImageDraw.Draw(self._canvas).polygon([*upper, *lower[::-1]], fill=color, outline=color)
        return self

    def drawn(self) -> Drawn:
        """The picture as a PNG file, and the position of its time axis."""
        file, width = io.BytesIO(), self._canvas.width
        image = self._canvas.copy()
        image.putpalette(palette(self.cmap))
        image.save(file, "PNG", compress_level=1)
        return Drawn(file.getvalue(), self.box.left / width, self.box.right / width, self.x.low, self.x.high)

    def _inside(self, y: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return (y >= self.y.low) & (y <= self.y.high)

    def _pixels(self, x, y) -> list[tuple[float, float]]:
        """Positions of values in pixels."""
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
    """Picture of the figure of ``ax``, whose horizontal axis is time in seconds; closes the figure.

    Examples
    --------
    >>> from sercore import plots
    >>> drawn = from_axes(plots.waveform(np.zeros(8000), 16000))
    >>> drawn.start, drawn.stop
    (0.0, 0.5)
    """
    import matplotlib.pyplot as plt

    file = io.BytesIO()
    ax.figure.savefig(file, format="png", dpi=ax.figure.dpi)
    box, (start, stop) = ax.get_position(), ax.get_xlim()
    plt.close(ax.figure)
    return Drawn(file.getvalue(), float(box.x0), float(box.x1), float(start), float(stop))


def _visible(edges: tuple[float, float], limits: tuple[float, float], n: int) -> tuple[tuple, tuple]:
    """Part of ``edges`` within ``limits``, and the range of the ``n`` cells, as floats, in this part."""
    low, high = max(edges[0], limits[0]), min(edges[1], limits[1])
    cells = n / (edges[1] - edges[0])
    return (low, max(low, high)), ((low - edges[0]) * cells, min(n, (high - edges[0]) * cells))


def _runs(seen: np.ndarray) -> list[slice]:
    """Slices in which ``seen`` is true."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(int)))
    return [slice(first, last) for first, last in steps.reshape(-1, 2)]

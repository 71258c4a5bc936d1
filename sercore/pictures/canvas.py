"""Axes, labels and colours of a picture with a palette of 256 colours.

The palette contains a colour map, then shades of grey for text, then the colours of curves. The indices of
the greys are in order between white and black, so anti-aliased text has valid colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

N_SHADES = 216
"""Number of colours of the colour map."""

WHITE, BLACK = N_SHADES, 247


class Curve(NamedTuple):
    """Palette index and colour of a curve."""

    index: int
    color: str


CURVES = {
    "wave": Curve(248, "#00427b"),
    "F0": Curve(249, "#00e5ff"),
    "formants": Curve(250, "#ffffff"),
    "second": Curve(251, "#d77c18"),
}
"""Curves that may be drawn on an image, by name."""


@dataclass(frozen=True)
class Axis:
    """Limits, label and ticks of an axis.

    Parameters
    ----------
    low, high : float
    label : str
        With unit.
    ticks : tuple of (float, str), optional
        Value and label of each tick; by default computed by matplotlib.

    Examples
    --------
    >>> axis = Axis(0.0, 2.0, "time (s)")
    >>> axis.share(0.5)
    0.25
    >>> [label for _, label in axis.ticks_within(4)]
    ['0', '0.5', '1', '1.5', '2']
    """

    low: float
    high: float
    label: str = ""
    ticks: tuple[tuple[float, str], ...] | None = None

    def share(self, values: np.ndarray) -> np.ndarray:
        """Relative position of values on the axis: 0 at ``low``, 1 at ``high``."""
        return (values - self.low) / (self.high - self.low)

    def ticks_within(self, n: int) -> list[tuple[float, str]]:
        """About ``n`` ticks between the limits, or those of the given ticks that do not overlap."""
        if self.ticks is not None:
            kept = []
            for value, text in self.ticks:
                free = not kept or self.share(value) - self.share(kept[-1][0]) > 0.6 / max(1, n)
                if self.low <= value <= self.high and free:
                    kept.append((value, text))
            return kept
        from matplotlib.ticker import MaxNLocator

        values = MaxNLocator(nbins=max(1, n), steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        margin = 1e-6 * (self.high - self.low)
        inside = [value for value in values if self.low - margin <= value <= self.high + margin]
        return [(value, f"{value:.6g}".replace("-", "−")) for value in inside]


class Box(NamedTuple):
    """Edges of the axes in pixels."""

    left: int
    top: int
    right: int
    bottom: int


@lru_cache(maxsize=64)
def box_of(size: tuple[int, int], font_size: int, has_bar: bool) -> Box:
    """Position of the axes in a picture of ``size`` pixels; independent of what is drawn."""
    width, height = size
    right = width - round(font_size * (6.0 if has_bar else 1.0))
    return Box(round(4.8 * font_size), round(1.9 * font_size), right, height - round(3.0 * font_size))


@lru_cache(maxsize=16)
def palette(cmap: str) -> bytes:
    """RGB values of all 256 colours, as bytes."""
    import matplotlib as mpl
    from matplotlib.colors import to_rgb

    colors = np.zeros((256, 3))
    colors[:N_SHADES] = mpl.colormaps[cmap](np.linspace(0, 1, N_SHADES))[:, :3]
    colors[WHITE : BLACK + 1] = np.linspace(1, 0, BLACK + 1 - WHITE)[:, None]
    for curve in CURVES.values():
        colors[curve.index] = to_rgb(curve.color)
    return np.rint(255 * colors).astype(np.uint8).tobytes()


@lru_cache(maxsize=64)
def background(
    x: Axis,
    y: Axis,
    bar: Axis | None,
    title: str,
    legend: tuple[str, ...],
    size: tuple[int, int],
    font_size: int,
) -> Image.Image:
    """Everything except the data; cached, so copy it before drawing on it."""
    canvas = Image.new("L", size, WHITE)
    draw, font, box = ImageDraw.Draw(canvas), _font(font_size), box_of(size, font_size, bar is not None)
    _horizontal_axis(draw, x, box, font_size)
    _vertical_axis(canvas, y, box.left, box, font_size, sign=-1)
    if bar is not None:
        left = box.right + font_size
        right = left + font_size
        shades = np.linspace(N_SHADES - 1, 0, box.bottom - box.top).astype(np.uint8)
        canvas.paste(Image.fromarray(np.repeat(shades[:, None], font_size, axis=1)), (left, box.top))
        draw.rectangle((left, box.top, right, box.bottom), outline=BLACK)
        _vertical_axis(canvas, bar, right, box, font_size, sign=1)
    draw.rectangle((box.left - 1, box.top - 1, box.right, box.bottom), outline=BLACK)
    end = _legend(draw, legend, box, font_size)
    draw.text((box.left, 0.3 * font_size), _fitted(title, end - box.left, font), BLACK, font)
    return canvas


def _horizontal_axis(draw: ImageDraw.ImageDraw, axis: Axis, box: Box, font_size: int) -> None:
    """Ticks and label below the axes."""
    font, length = _font(font_size), font_size // 3
    for value, text in axis.ticks_within(min(12, (box.right - box.left) // (4 * font_size))):
        x = box.left + axis.share(value) * (box.right - box.left)
        draw.line((x, box.bottom, x, box.bottom + length), BLACK)
        draw.text((x, box.bottom + length + 1), text, BLACK, font, anchor="ma")
    middle = (box.left + box.right) / 2
    draw.text((middle, box.bottom + 1.7 * font_size), axis.label, BLACK, font, anchor="ma")


def _vertical_axis(
    canvas: Image.Image, axis: Axis, edge: int, box: Box, font_size: int, *, sign: int
) -> None:
    """Ticks and label to the left (sign -1) or to the right (1) of the vertical line ``edge``."""
    draw, font, length = ImageDraw.Draw(canvas), _font(font_size), sign * font_size // 3
    for value, text in axis.ticks_within((box.bottom - box.top) // (2 * font_size)):
        y = box.bottom - axis.share(value) * (box.bottom - box.top)
        draw.line((edge, y, edge + length, y), BLACK)
        draw.text((edge + 1.5 * length, y), text, BLACK, font, anchor="rm" if sign < 0 else "lm")
    width = round(font.getlength(axis.label)) + 2
    label = Image.new("L", (width, round(1.4 * font_size)), 0)
    ImageDraw.Draw(label).text((1, 0), axis.label, 255, font)
    label = label.rotate(90, expand=True)
    left = 0 if sign < 0 else canvas.width - label.width
    canvas.paste(BLACK, (left, round((box.top + box.bottom - width) / 2)), label)


def _legend(draw: ImageDraw.ImageDraw, names: tuple[str, ...], box: Box, font_size: int) -> float:
    """Names of curves above the axes, right-aligned; returns the left edge in pixels."""
    right, y = box.right, round(0.95 * font_size)
    for name in reversed(names):
        draw.text((right, y), name, BLACK, _font(font_size), anchor="rm")
        right -= round(_font(font_size).getlength(name)) + 6
        index = CURVES[name].index
        if name == "formants":
            for x in (right - 22, right - 13, right - 4):
                draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=index, outline=BLACK)
        else:
            draw.rectangle((right - 26, y - 3, right, y + 3), fill=index, outline=BLACK)
        right -= 26 + font_size
    return right


def _fitted(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    """The text, truncated to ``width`` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """The default font of matplotlib, which is part of its installation."""
    import matplotlib as mpl

    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)

"""Axes, labels and colours of a quick picture, as numbers of one table of 256 colours.

The first colours are those of a colour map, then come greys for letters, then colours of curves. A
letter's soft edge mixes the numbers of white and black, and the greys between them lie in between.

Notebook: demo.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

N_SHADES = 216
"""Colours of a colour map."""

WHITE, BLACK = N_SHADES, 247


class Curve(NamedTuple):
    """Number and colour of a curve."""

    index: int
    color: str


CURVES = {
    "wave": Curve(248, "#00427b"),
    "F0": Curve(249, "#00e5ff"),
    "formants": Curve(250, "#ffffff"),
    "second": Curve(251, "#d77c18"),
}
"""What may be drawn over an image, by name. Pitch is a line and formants are dots: no need of colours."""


@dataclass(frozen=True)
class Axis:
    """Limits, label and ticks of an axis.

    Parameters
    ----------
    low, high : float
    label : str
        With its unit.
    ticks : tuple of (float, str)
        Value and text of each tick; by default chosen by matplotlib.
    """

    low: float
    high: float
    label: str = ""
    ticks: tuple[tuple[float, str], ...] | None = None

    def share(self, values: np.ndarray) -> np.ndarray:
        """How far along the axis values lie, 0 at ``low`` and 1 at ``high``."""
        return (values - self.low) / (self.high - self.low)

    def ticks_within(self, n: int) -> list[tuple[float, str]]:
        """At most about ``n`` ticks between the limits; of given ticks, those that leave room for another."""
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
    """Pixels between which the axes lie."""

    left: int
    top: int
    right: int
    bottom: int


@lru_cache(maxsize=64)
def box_of(size: tuple[int, int], font_size: int, has_bar: bool) -> Box:
    """Where the axes lie in a picture of ``size`` pixels; depends on nothing that a slider moves."""
    width, height = size
    right = width - round(font_size * (6.0 if has_bar else 1.0))
    return Box(round(4.8 * font_size), round(1.9 * font_size), right, height - round(3.0 * font_size))


@lru_cache(maxsize=16)
def palette(cmap: str) -> bytes:
    """Red, green and blue of all 256 colours."""
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
    """Everything but the data, drawn once for each set of limits; copy it before drawing on it."""
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
    """Ticks and label under the axes."""
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
    """Ticks and label left (sign -1) or right (1) of the vertical line ``edge``."""
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
    """Names of curves above the axes, at the right; returns where they begin."""
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
    """The text, cut off where it is too long."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """The letters that matplotlib uses, and brings along."""
    import matplotlib as mpl

    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)

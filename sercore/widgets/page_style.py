"""Text sizes of a page, from the same list everywhere.

Notebook: demo.ipynb
"""

from __future__ import annotations

import anywidget
import ipywidgets

from ..errors import SercoreError
from .explorer import SIZES
from .player import STATIC


def font_px(text: str) -> int:
    """Height of the font_px in pictures, in pixels, for a text size by name.

    Raises
    ------
    SercoreError
        There is no such text size.
    """
    if text not in SIZES:
        raise SercoreError(f"text={text!r}: sizes are {', '.join(SIZES)}")
    return SIZES[text]


def control_layout(n: int, label: int, text: str) -> dict:
    """Layout and style of a control ``n`` pixels wide, ``label`` of them its description's, as text grows."""
    grow = font_px(text) / SIZES["normal"]
    label_px = f"{round(grow * label)}px"
    return {"layout": {"width": f"{round(grow * n)}px"}, "style": {"description_width": label_px}}


class Style(anywidget.AnyWidget):
    """Brings the page's style along, for a widget without player or upload; shows nothing."""

    _esm = "export default { render() {} };"
    _css = STATIC / "blocks.css"


def apply_style(widget: ipywidgets.Box, text: str) -> None:
    """Give a widget the page's style and text size."""
    widget.add_class("sercore-app")
    widget.add_class(f"sercore-{text}")

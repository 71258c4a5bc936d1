"""Text sizes, style sheet and buttons of the widgets."""

from __future__ import annotations

from collections.abc import Callable

import anywidget
import ipywidgets

from ..errors import SercoreError
from .player import STATIC

SIZES = {"normal": 15, "large": 18, "projector": 23}
"""Font size in pictures in pixels by text size; the controls grow in proportion."""


def font_px(text: str) -> int:
    """Font size in pixels of a text size from :data:`SIZES`.

    Raises
    ------
    SercoreError
        The text size does not exist.

    Examples
    --------
    >>> font_px("large")
    18
    """
    if text not in SIZES:
        raise SercoreError(f"text={text!r}: must be one of {', '.join(SIZES)}")
    return SIZES[text]


def control_layout(n: int, label: int, text: str) -> dict:
    """Layout and style of a control ``n`` pixels wide, ``label`` of them its description, before scaling."""
    scale = font_px(text) / SIZES["normal"]
    width, label_width = f"{round(scale * n)}px", f"{round(scale * label)}px"
    return {"layout": {"width": width}, "style": {"description_width": label_width}}


class Style(anywidget.AnyWidget):
    """Loads the style sheet for a widget without player or upload; shows nothing."""

    _esm = "export default { render() {} };"
    _css = STATIC / "blocks.css"


def apply_style(widget: ipywidgets.Box, text: str) -> None:
    """Set the style and text size of a widget."""
    widget.add_class("sercore-app")
    widget.add_class(f"sercore-{text}")


def make_button(name: str, tooltip: str, pressed: Callable[[], object], style: str = "") -> ipywidgets.Button:
    """A button as wide as its name that calls ``pressed`` without arguments."""
    made = ipywidgets.Button(description=name, tooltip=tooltip, button_style=style, layout={"width": "auto"})
    made.on_click(lambda _: pressed())
    return made


def show(widget: ipywidgets.DOMWidget, visible: bool) -> None:
    """Show or hide a widget."""
    widget.layout.display = None if visible else "none"

"""One text size for all widgets of a page, and each of them on the full screen."""

from __future__ import annotations

import anywidget
import traitlets

from .page_style import SIZES, font_px
from .player import STATIC


class PageTools(anywidget.AnyWidget):
    """Buttons for the text size of all widgets of the page; each widget gets a button for the full screen.

    On the full screen, a widget has the largest text with which it needs no scrolling. Widgets that are
    shown later follow, too. Without a page, the text size of one widget is its parameter ``text``.

    Parameters
    ----------
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    text : str
        The current size; may be set.

    Examples
    --------
    >>> PageTools(text="projector").text
    'projector'
    """

    _esm = STATIC / "page_tools.js"
    _css = STATIC / "page_tools.css"
    text = traitlets.Enum(tuple(SIZES), "normal").tag(sync=True)

    def __init__(self, text: str = "normal"):
        font_px(text)  # an unknown size is an error
        super().__init__(text=text)

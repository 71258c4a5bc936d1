"""Keyboard shortcuts of a widget, and its style for a projector."""

from __future__ import annotations

from collections.abc import Mapping

import anywidget
import numpy as np
import traitlets

from ..audio.encoding import wav_bytes
from .player import STATIC

DOUBLE_CLICK_SECONDS = 0.3
"""A second click within this time belongs to the first."""

SILENCE = wav_bytes(np.zeros(800, np.float32), 16_000)
"""Value of an empty ``ipywidgets.Audio``: browsers report an empty file as an error."""


class Shortcuts(anywidget.AnyWidget):
    """Shortcuts for the buttons of the widget that contains this one; shows nothing.

    They work after a click or focus in the widget, and not while text is typed. Letters do not collide with
    the keys of buttons (space and enter).

    Parameters
    ----------
    buttons : mapping of str to str
        CSS selector of a button by key, in lower case.

    Attributes
    ----------
    busy : bool
        Whether a recorder of the widget is recording.

    Examples
    --------
    >>> Shortcuts({"r": ".sercore-record"}).buttons["r"]
    '.sercore-record'
    """

    _esm = STATIC / "shortcuts.js"
    _css = STATIC / "blocks.css"
    buttons = traitlets.Dict().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)

    def __init__(self, buttons: Mapping[str, str]):
        super().__init__(buttons=dict(buttons))

    def click(self, selector: str) -> None:
        """Click a button in the browser."""
        self.send({"click": selector})

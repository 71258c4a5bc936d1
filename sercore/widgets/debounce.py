"""Bursts of events, of which only the last matters.

Notebook: demo.ipynb
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

DELAY = 0.005
"""Seconds between an event and the call: time for events that already wait in line to be heard."""


class Debounced:
    """Calls a function once for all events that arrive before it is called.

    A slider sends more events than a picture can follow. While one picture is drawn the others wait in
    line; then all of them are heard, and the function is called once, with the widgets as they are by
    then. Without a running event loop (a script, a test) it is called at once.

    No thread is involved, so calls neither overlap nor pile up.

    Parameters
    ----------
    function : callable
        Called without arguments.

    Attributes
    ----------
    waiting : bool
        Whether a call was asked for and has not begun.
    """

    def __init__(self, function: Callable[[], object]):
        self._function = function
        self.waiting = False

    def __call__(self, change: object = None) -> None:
        """Ask for a call; fits ``widget.observe``, whose event is ignored."""
        if self.waiting:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._function()
            return
        self.waiting = True
        loop.call_later(DELAY, self._call)

    def _call(self) -> None:
        self.waiting = False
        self._function()

"""One call for a series of events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

DELAY = 0.005
"""Seconds between an event and the call, in which events that are already queued are processed."""


class Debounced:
    """Calls a function once for all events that arrive before the call.

    A slider sends more events than pictures can be drawn. Events that arrive while a picture is drawn are
    queued and cause a single call, which reads the current values of the widgets. Without a running event
    loop, as in a script, the function is called immediately. Calls do not overlap: no thread is used.

    Parameters
    ----------
    function : callable
        Called without arguments.

    Attributes
    ----------
    waiting : bool
        Whether a call is pending.

    Examples
    --------
    >>> calls = []
    >>> draw = Debounced(lambda: calls.append("drawn"))
    >>> draw()
    >>> calls
    ['drawn']
    """

    def __init__(self, function: Callable[[], object]):
        self._function = function
        self.waiting = False

    def __call__(self, change: object = None) -> None:
        """Request a call; ``change`` is the event of ``widget.observe`` and is ignored."""
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

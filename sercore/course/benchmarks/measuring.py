"""Repeated timing of several functions in turn, and the units of a ratio."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

import numpy as np

__all__ = ["AS_LARGE", "AS_LONG", "FASTER", "alternate", "ratio", "seconds", "skip"]

FASTER = "× faster"
"""Unit of a ratio that is better if it is higher."""

AS_LONG, AS_LARGE = "× as long", "× as large"
"""Units of ratios of times and of sizes that are better if they are lower."""


def alternate(
    sides: Mapping[str, Callable[[], object]], repeats: int, *, clock: Callable[[], float] = time.perf_counter
) -> dict[str, np.ndarray]:
    """Seconds of every call, the functions taking turns, after one call of each that is not timed.

    Parameters
    ----------
    sides : mapping of str to function
        What is compared.
    repeats : int
        Number of turns.
    clock : function
        ``time.perf_counter``, or ``time.process_time`` for what runs in one thread of this process.

    Returns
    -------
    dict of str to np.ndarray [shape=(repeats,)]

    Examples
    --------
    >>> times = alternate({"sleep": lambda: time.sleep(0.002), "nothing": lambda: None}, 3)
    >>> len(times["nothing"]), ratio(times, "sleep", "nothing") > 1
    (3, True)
    """
    for call in sides.values():
        call()
    times = {name: np.empty(repeats) for name in sides}
    for turn in range(repeats):
        for name, call in sides.items():
            times[name][turn] = seconds(call, clock=clock)
    return times


def seconds(call: Callable[[], object], *, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that a call takes."""
    start = clock()
    call()
    return clock() - start


def ratio(times: Mapping[str, np.ndarray], slow: str, fast: str) -> float:
    """Median over the turns of one time divided by the other.

    Examples
    --------
    >>> ratio({"a": np.array([2.0, 6.0, 90.0]), "b": np.array([1.0, 2.0, 3.0])}, "a", "b")
    3.0
    """
    return float(np.median(times[slow] / times[fast]))


def skip(what: str, reason: str) -> None:
    """Print that something is not measured, and why."""
    print(f"not measured: {what} ({reason})", file=sys.stderr)

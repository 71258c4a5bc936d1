"""Benchmarks: speed as ratios, with both sides timed in the same run on the same clips.

Absolute times differ between machines, ratios much less. A claim is therefore a ratio of the medians of
alternating repetitions, in one of the units of :mod:`~sercore.course.benchmarks.measuring`; times are rows
beside it. ``sercore bench`` measures a group after the other, prints the table and names the ratios that are
a quarter worse than the committed ones (:mod:`~sercore.course.benchmarks.report`). No test depends on time. A
time that was reported by others is labelled as theirs.

To add a measurement, add a row to a group; to add a group, write a module with a function
``measure(repeats) -> list of (what, value, unit)`` and add a line to :data:`GROUPS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

import pandas as pd

from ...errors import SercoreError

__all__ = ["GROUPS", "LONG", "run"]

GROUPS = {
    "extraction": "Features of one clip",
    "store": "Features of a corpus",
    "imports": "Imports",
    "networks": "Training of the networks",
    "encoder": "Pretrained encoder",
    "ensembles": "Weights of an ensemble",
    "widgets": "Widgets, in Python",
    "browser": "Widgets, in the browser",
    "prediction": "Prediction",
    "voicevibes": "Comparison with VoiceVibes",
    "optimum": "Weights of an ensemble against the optimum",
}
"""Modules of this package that measure, with the titles of their tables."""

LONG = ("voicevibes", "optimum")
"""Groups of minutes, which are measured only if they are named; the page keeps their last rows."""


def run(
    only: Sequence[str] = (),
    *,
    repeats: int = 5,
    progress: bool = False,
    keep: Callable[[pd.DataFrame], object] | None = None,
) -> pd.DataFrame:
    """Results of benchmarks, one row per measurement.

    Feature extraction is timed in one thread, as in a worker process.

    Parameters
    ----------
    only : sequence of str
        Names from :data:`GROUPS`; by default all that are not in :data:`LONG`.
    repeats : int
        Repetitions of each measurement, of which the median is reported.
    progress : bool
        Whether to print the name of each group before it is measured.
    keep : callable, optional
        Called with the rows of each group once it is measured, so that nothing is lost if a later one fails.

    Returns
    -------
    pd.DataFrame
        Columns ``group``, ``what``, ``value``, ``unit``.

    Raises
    ------
    SercoreError
        There is no such group.
    """
    if unknown := set(only) - set(GROUPS):
        raise SercoreError(
            f"no group of benchmarks named {', '.join(sorted(unknown))}; must be one of {', '.join(GROUPS)}"
        )
    tables = []
    for group in only or [name for name in GROUPS if name not in LONG]:
        if progress:
            print(f"{GROUPS[group]} …", flush=True)
        module = import_module(f".{group}", __name__)
        rows = [(group, *row) for row in module.measure(repeats)]
        tables.append(pd.DataFrame(rows, columns=["group", "what", "value", "unit"]))
        if keep is not None:
            keep(tables[-1])
    return pd.concat(tables, ignore_index=True)

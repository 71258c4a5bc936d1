"""Benchmarks: speed as ratios, with both sides timed in the same run on the same clips.

Absolute times differ between machines, ratios much less. ``sercore bench`` prints the table; no test
depends on time. A time that was reported by others is labelled as theirs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

__all__ = ["run"]


def run() -> pd.DataFrame:
    """Results of all benchmarks, one row per measurement.

    Feature extraction is timed in one thread, as in a worker process.

    Returns
    -------
    pd.DataFrame
        Columns ``what``, ``value``, ``unit``.
    """
    from threadpoolctl import threadpool_limits

    from . import ensembles, features, networks, serving, widgets

    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        rows = features.time_extraction(features.write_clips(Path(folder)))
        rows += _time_demo_corpus(Path(folder) / "demo")
    rows += _time_import()
    rows += networks.time_epochs() + networks.compare_with_voicevibes()
    rows += ensembles.time_generations() + ensembles.compare_with_scipy()
    rows += widgets.time_redraws() + widgets.time_live()
    rows += serving.time_predictions()
    return pd.DataFrame(rows, columns=["what", "value", "unit"])


def _time_demo_corpus(folder: Path) -> list[tuple]:
    """Seconds to render the demo corpus with two processes."""
    from ...corpora import demo

    start = time.perf_counter()
    demo.build(folder, n_jobs=2, progress=False)
    return [("rendering the demo corpus, 576 clips, 2 processes", time.perf_counter() - start, "s")]


def _time_import() -> list[tuple]:
    """Seconds that ``import sercore`` adds to the start of Python."""

    def start_up(code: str) -> float:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - begin)
        return min(times)

    return [("import sercore", start_up("import sercore") - start_up("pass"), "s")]

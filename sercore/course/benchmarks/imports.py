"""Time of imports, each in new processes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from .measuring import AS_LONG, FASTER, ratio

CODES = {
    "sercore": "import sercore",
    "table row": "from sercore import features; features.table_row",
    "prediction": "from sercore.bundle import Predictor",
    "numpy": "import numpy",
    "librosa": "import librosa; librosa.load",
    "keras": "import keras",
}
"""Imports that are timed; attributes make lazy packages import their parts."""


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: time of imports, and ratios to those of other packages."""
    times = {name: np.empty(repeats) for name in CODES}
    for code in CODES.values():  # compiles the modules, and reads them from the disk
        import_seconds(code)
    for turn in range(repeats):
        for name, code in CODES.items():
            times[name][turn] = import_seconds(code)
    median = {name: float(np.median(taken)) for name, taken in times.items()}
    return [
        ("import sercore", 1e3 * median["sercore"], "ms"),
        ("import sercore, than import numpy", ratio(times, "sercore", "numpy"), AS_LONG),
        ("import of what computes a table row", 1e3 * median["table row"], "ms"),
        ("the same, than import librosa", ratio(times, "librosa", "table row"), FASTER),
        ("import of what predicts", 1e3 * median["prediction"], "ms"),
        ("the same, than import keras", ratio(times, "keras", "prediction"), FASTER),
    ]


def import_seconds(code: str) -> float:
    """Seconds of an import in a new process, without the start of Python."""
    program = f"import time; start = time.perf_counter(); {code}; print(time.perf_counter() - start)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])

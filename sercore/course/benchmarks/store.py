"""Speed of the feature store: cold and warm cache, one and two processes, rendering of the demo corpus."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from ...corpora import demo
from ...features import extract_table
from .extraction import write_clips
from .measuring import AS_LONG, FASTER, alternate, ratio, seconds

COPIES = 16
"""Number of copies of each clip, so that the corpus is large enough for several shards."""


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)`` on a corpus of several shards, and on rendering the demo corpus."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        index = write_corpus(base)

        def extract(n_jobs: int, *, cold: bool = True) -> None:
            cache = base / f"cache{n_jobs}"
            if cold:
                shutil.rmtree(cache, ignore_errors=True)
            extract_table(index, cache=cache, n_jobs=n_jobs, progress=False)

        sides = {
            "1 process": lambda: extract(1),
            "2 processes": lambda: extract(2),
            "warm": lambda: extract(1, cold=False),
        }
        times = alternate(sides, repeats)  # the processes are started before anything is timed
        rendering = seconds(lambda: demo.build(base / "demo", n_jobs=2, progress=False))
    n_clips = len(index)
    return [
        (f"table of {n_clips} clips, 1 process, cold cache", float(np.median(times["1 process"])), "s"),
        ("2 processes, than 1", ratio(times, "1 process", "2 processes"), FASTER),
        (f"table of {n_clips} clips, warm cache", 1e3 * float(np.median(times["warm"])), "ms"),
        ("warm cache, than cold", ratio(times, "1 process", "warm"), FASTER),
        ("rendering the demo corpus, 576 clips, 2 processes", rendering, "s"),
        ("rendering, than the features of as many clips", _rendering(times, rendering, n_clips), AS_LONG),
    ]


def _rendering(times: dict[str, np.ndarray], rendering: float, n_clips: int) -> float:
    """Seconds of rendering relative to extracting features of as many clips with as many processes."""
    return rendering / (float(np.median(times["2 processes"])) * 576 / n_clips)


def write_corpus(folder: Path) -> pd.DataFrame:
    """Write the clips of :mod:`.extraction` several times and return their index."""
    paths = write_clips(folder)
    files = []
    for copy in range(COPIES):
        for path in paths:
            files.append(folder / f"copy{copy:02d}-{path.name}")
            shutil.copyfile(path, files[-1])
    return pd.DataFrame(
        {"clip_id": [file.stem for file in files], "path": list(map(str, files)), "corpus": "bench"}
    )

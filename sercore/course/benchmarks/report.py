"""What is committed of a benchmark: ``data/speed.json``, the tables of ``data/SPEED.md`` and a figure.

Every group has the date on which it was measured, and the machine, so that a group can be measured alone.
"""

from __future__ import annotations

import json
import os
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from .. import clone
from . import GROUPS
from .measuring import AS_LARGE, AS_LONG, FASTER

__all__ = ["MOST_WORSE", "compare", "describe_machine", "draw_figure", "load", "markdown", "save"]

MOST_WORSE = 1.25
"""A ratio that is worse by a larger factor is reported: a quarter."""

PACKAGES = ("numpy", "scipy", "librosa", "soxr", "keras", "tensorflow", "onnxruntime", "scikit-learn")


def compare(now: pd.DataFrame, committed: pd.DataFrame, *, most: float = MOST_WORSE) -> pd.DataFrame:
    """Ratios that are worse than the committed ones.

    Only ratios are compared, which other machines share; times and sizes are not.

    Parameters
    ----------
    now, committed : pd.DataFrame
        Columns ``group``, ``what``, ``value``, ``unit``.
    most : float
        Largest factor that is not reported.

    Returns
    -------
    pd.DataFrame
        Columns ``group``, ``what``, ``unit``, ``committed``, ``now``, and ``worse``, the factor; the worst
        first. Rows that only one side has are left out.

    Examples
    --------
    >>> rows = [("extraction", "than the notebook idiom", 60.0, "× faster")]
    >>> before = pd.DataFrame(rows, columns=["group", "what", "value", "unit"])
    >>> compare(before.assign(value=40.0), before)["worse"].tolist()
    [1.5]
    """
    keys = ["group", "what", "unit"]
    both = now.merge(committed, on=keys, suffixes=("", "_committed"))
    both = both.rename(columns={"value": "now", "value_committed": "committed"})
    slower = both["now"] / both["committed"]  # of a unit that is better if it is lower
    both["worse"] = np.where(both["unit"] == FASTER, 1 / slower, slower)
    worse = both[both["unit"].isin([FASTER, AS_LONG, AS_LARGE]) & (both["worse"] > most)]
    columns = [*keys, "committed", "now", "worse"]
    return worse.sort_values("worse", ascending=False)[columns].reset_index(drop=True)


def describe_machine() -> dict[str, str]:
    """Processor, number of cores, operating system, Python and versions of packages."""
    found = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def load(path: Path | None = None) -> tuple[pd.DataFrame, dict]:
    """Committed rows, and the date and machine of each group; nothing if there is no file."""
    path = path or _path()
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    rows = [(group, *row) for group, part in stored.items() for row in part["rows"]]
    about = {group: {key: part[key] for key in ("date", "machine")} for group, part in stored.items()}
    return pd.DataFrame(rows, columns=["group", "what", "value", "unit"]), about


def save(measured: pd.DataFrame, path: Path | None = None) -> Path:
    """Replace the measured groups in the committed file, keep the others, and return its path."""
    path = path or _path()
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for group, rows in measured.groupby("group", sort=False):
        values = [[row.what, float(f"{row.value:.4g}"), row.unit] for row in rows.itertuples()]
        stored[group] = {"date": date.today().isoformat(), "machine": describe_machine(), "rows": values}
    ordered = {group: stored[group] for group in GROUPS if group in stored}
    path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def markdown(rows: pd.DataFrame, about: dict) -> str:
    """A table for each group, under its title, the date and the machine."""
    from ..readme import bench_markdown

    parts = []
    for group, part in rows.groupby("group", sort=False):
        machine = about[group]["machine"]
        where = f"{machine['cores']} cores of {machine['processor']}, {machine['system']}"
        versions = [f"{name} {machine[name]}" for name in ("python", *PACKAGES) if name in machine]
        title = ", ".join([f"**{GROUPS[group]}**", about[group]["date"], where, *versions])
        parts.append(f"{title}\n\n{bench_markdown(part)}")
    return "\n\n".join(parts)


def draw_figure(rows: pd.DataFrame, path: Path | None = None) -> Path | None:
    """Draw time per clip and cost per epoch as bars; returns the file in ``images/``.

    None if the groups ``extraction`` and ``networks`` are not both measured.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from ... import plots

    if not {"extraction", "networks"} <= set(rows["group"]):
        return None
    clip, epoch = bars(rows)
    with plt.rc_context():
        plots.use_course_style()
        figure, axes = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
        plots.speed_bars(clip, label="ms per clip, one core (log scale)", log=True, ax=axes[0])
        axes[0].set_title("Features of a 3.7 s clip at 48 kHz", loc="left")
        plots.speed_bars(epoch, label="time of an epoch, LSTM = 1", ax=axes[1])
        axes[1].set_title("Training", loc="left")
        path = path or clone.repository() / "images" / "speed.png"
        figure.savefig(path, dpi=80)
        plt.close(figure)
    return path


def bars(rows: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds per clip by what is computed, and relative time of an epoch by network, shortest first."""
    clip = rows[(rows["group"] == "extraction") & (rows["unit"] == "ms")].sort_values("value")
    names = clip["what"].str.replace(r"table row of .*", "table row of this package", regex=True)
    epoch = rows[(rows["group"] == "networks") & (rows["unit"] == AS_LONG)].sort_values("value")
    networks = epoch["what"].str.extract(r"epoch of (.*), than of")[0]
    return dict(zip(names, clip["value"], strict=True)), dict(zip(networks, epoch["value"], strict=True))


def _path() -> Path:
    return clone.repository() / "data" / "speed.json"

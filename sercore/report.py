"""Results that leave a notebook: tables for the run folder and the summary page.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd


def publish(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return ``table`` unchanged; under ``sercore run`` also write it to the run folder.

    Parameters
    ----------
    name : str
        File name without ending, such as ``"baselines"``.
    table : pd.DataFrame
        A result table (:func:`sercore.evaluation.results_table`) or any other.

    Returns
    -------
    pd.DataFrame
    """
    folder = os.environ.get("SERCORE_RUN")
    if folder:
        path = Path(folder) / "tables" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
    return table

"""Published fairness: for whom the models on RAVDESS and EMO-DB work.

:func:`measure_fairness` groups the published out-of-fold predictions by sex, age and other columns of the
index, for which it needs the recordings. It writes ``data/oof/fairness.csv``, the source of a table in
``data/RESULTS.md``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from . import published

__all__ = ["FAIRNESS", "GROUPED", "fairness", "measure_fairness", "table_text"]

FAIRNESS = "fairness"
"""Name of the file in ``data/oof``, without suffix, and of ``sercore results``."""

GROUPED = {
    "ravdess-emobox": ("logistic", "mlp"),
    "ravdess-emobox-speaker-norm": ("logistic",),
    "ravdess-emobox-encoder": ("logistic_nested",),
    "ravdess-emobox-encoder-speaker-norm": ("logistic_nested",),
    "emo_db-loso": ("logistic",),
    "emo_db-loso-encoder": ("logistic_nested",),
}
"""Campaigns and models whose predictions are grouped."""


def measure_fairness() -> Path:
    """UA by group of the published predictions in :data:`GROUPED`; returns the file."""
    from .. import evaluation
    from ..corpora import load_index

    tables = []
    for name, models in GROUPED.items():
        oof, index = published.load(name), load_index(published.CAMPAIGNS[name].corpus)
        for model in models:
            scores = evaluation.fairness(oof[oof["model"] == model], index, n_boot=2000)
            tables.append(scores.assign(campaign=name, model=model))
    path = published.oof_folder() / f"{FAIRNESS}.csv"
    pd.concat(tables).round(4).to_csv(path, index=False, lineterminator="\n")
    return path


def fairness() -> pd.DataFrame:
    """Published UA by group (:func:`sercore.evaluation.fairness`), with ``campaign`` and ``model``."""
    return pd.read_csv(published.oof_folder() / f"{FAIRNESS}.csv", dtype={"group": str})


def table_text() -> str:
    """The published table as lines of text in percent, without single speakers."""
    columns = ["campaign", "model", "by", "group", "n_clips", "n_speakers", "ua", "ua_low", "ua_high"]
    scores = fairness()
    scores = scores.loc[scores["by"] != "speaker", columns]
    percent = scores.select_dtypes("float").columns
    return scores.assign(**(100 * scores[percent])).round(1).to_string(index=False)

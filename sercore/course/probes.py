"""Published probes: how well emotion, speaker, sex and sentence can be read from the same rows of RAVDESS.

:func:`measure` needs the recordings and writes ``data/oof/ravdess-probes.csv``, the source of a table in
``data/RESULTS.md``. All probes are the same logistic regression with the same two folds of speakers
(:func:`sercore.training.probe`); nothing is tuned, so the emotion column is below the published scores.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from . import published

__all__ = ["INPUTS", "PROBES", "TARGETS", "measure", "rows", "table"]

PROBES = "ravdess-probes"
"""Name of the file in ``data/oof``, without suffix, and of ``sercore results``."""

INPUTS = {
    "encoder": "frozen encoder",
    "encoder-speaker-norm": "frozen encoder, speaker-normalised",
    "table": "table of features",
}
"""Rows that are probed, with their printed names."""

TARGETS = ("emotion", "speaker", "sex", "sentence")


def measure() -> Path:
    """Probe all inputs on RAVDESS and return the file."""
    path = published.oof_folder() / f"{PROBES}.csv"
    pd.concat(map(rows, INPUTS)).round(4).to_csv(path, index=False, lineterminator="\n")
    return path


def rows(name: str) -> pd.DataFrame:
    """Scores of one input: a row per target."""
    from ..corpora import load_index
    from ..encoders import EncoderRecipe
    from ..features import extract_table
    from ..training import probe, speaker_normalise

    recipe = "default" if name == "table" else EncoderRecipe("whisper_tiny_en")
    made = extract_table(load_index("ravdess"), recipe, n_jobs=1)
    X = speaker_normalise(made.X, made.index["speaker"]) if name.endswith("speaker-norm") else made.X
    return pd.DataFrame([{"input": name, **probe(made.index, X, target)} for target in TARGETS])


def table() -> pd.DataFrame:
    """Published scores of the probes: ``input, target, ua, ua_low, ua_high, chance, interval, n_clips``.

    Examples
    --------
    >>> table()["input"].unique().tolist()
    ['encoder', 'encoder-speaker-norm', 'table']
    """
    return pd.read_csv(published.oof_folder() / f"{PROBES}.csv")

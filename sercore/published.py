"""The measurements this course publishes, and how each was made.

A *campaign* fixes corpus, label scheme, split, models and seeds. :func:`measure` runs one on real
recordings and keeps its out-of-fold predictions as ``data/oof/<campaign>.parquet``;
:func:`table` recomputes every figure from that file, so anyone can check a score without audio.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from . import paths
from .errors import SercoreError

_STEADY = ("dummy", "logistic", "linear_svc", "rbf_svc", "knn", "lda")
_FORESTS = ("random_forest", "extra_trees", "gradient_boosting")
_SEEDED = ("sklearn_mlp", "mlp")


@dataclass(frozen=True)
class Campaign:
    """One comparison of models on equal terms.

    Parameters
    ----------
    corpus, scheme, split : str
        What is recognised, and how clips are divided.
    models : tuple of str
        See :func:`sercore.training.out_of_fold`.
    seeds : tuple of int
        Seeds of the networks, whose figures vary most from seed to seed; the others, and every
        model of ``random`` (five drawings), run with the first alone.
    enrolled : bool
        Standardise features per speaker, unlabelled clips of test speakers included.
    """

    corpus: str
    scheme: str
    split: str
    models: tuple[str, ...] = (*_STEADY, *_FORESTS, *_SEEDED)
    seeds: tuple[int, ...] = (0, 1, 2)
    enrolled: bool = False


_FEW = ("dummy", "logistic", "rbf_svc", "lda", "sklearn_mlp", "mlp")
CAMPAIGNS = {
    "ravdess-random": Campaign("ravdess", "eight", "random", models=_FEW),
    "ravdess-emobox": Campaign("ravdess", "eight", "emobox-ravdess"),
    "ravdess-emobox-enrolled": Campaign("ravdess", "eight", "emobox-ravdess", models=_FEW, enrolled=True),
    "tess-loso": Campaign("tess", "seven", "loso", models=_FEW),
    "tess-loso-enrolled": Campaign("tess", "seven", "loso", models=_FEW, enrolled=True),
    "emo_db-loso": Campaign("emo_db", "all", "loso", models=_FEW),
    "emo_db-loso-enrolled": Campaign("emo_db", "all", "loso", models=_FEW, enrolled=True),
}
"""Every published campaign by name."""


def measure(name: str, root: str | os.PathLike | None = None, *, n_jobs: int = 2) -> Path:
    """Run a campaign and keep its out-of-fold predictions; returns their file.

    Every finished (model, seed, fold) is kept in the cache folder, so a stopped run resumes.

    Parameters
    ----------
    name : str
        From :data:`CAMPAIGNS`.
    root : path, optional
        The corpus's own folder.
    n_jobs : int
        Processes for scikit-learn models.
    """
    from .corpora import load_index
    from .features.store import extract_table
    from .labels import apply_scheme
    from .training import enroll, out_of_fold, write_parquet

    campaign = _get(name)
    made = extract_table(load_index(campaign.corpus, root))
    index, classes = apply_scheme(made.index, campaign.scheme)
    kept = np.flatnonzero(np.isin(made.index["clip_id"], index["clip_id"]))
    X = enroll(made.X[kept], index["speaker"]) if campaign.enrolled else made.X[kept]
    tables = []
    for model in campaign.models:
        seeded = model in _SEEDED and campaign.split != "random"
        tables.append(
            out_of_fold(
                index, X, classes, model=model, split=campaign.split,
                seeds=campaign.seeds if seeded else campaign.seeds[:1],
                folder=paths.cache_dir() / "oof" / name, n_jobs=n_jobs,
            )
        )  # fmt: skip
    oof = pd.concat(tables, ignore_index=True)
    probabilities = [column for column in oof.columns if column.startswith("p_")]
    oof[probabilities] = _rounded(oof[probabilities].to_numpy())
    for column in ("train_seconds", "ms_per_clip", "parameters"):
        oof[column] = oof[column].astype(np.float32).round(3)
    path = folder() / f"{name}.parquet"
    write_parquet(oof, path)
    return path


def load(name: str) -> pd.DataFrame:
    """Out-of-fold predictions of a published campaign, all models below each other."""
    path = folder() / f"{name}.parquet"
    _get(name)
    if not path.is_file():
        raise SercoreError(f"{path}: not there; measure it with 'sercore results --measure {name}'")
    return pd.read_parquet(path)


def table(name: str, *, n_boot: int = 2000) -> pd.DataFrame:
    """Result table of a published campaign, computed from its predictions."""
    from .training import summarise

    campaign, oof = _get(name), load(name)
    return summarise(
        [part for _, part in oof.groupby("model", sort=False)],
        corpus=campaign.corpus,
        scheme=campaign.scheme,
        enrolled=campaign.enrolled,
        n_boot=n_boot,
    )


def folder() -> Path:
    """Where published predictions lie: ``data/oof`` of the clone."""
    return paths.repository() / "data" / "oof"


def _get(name: str) -> Campaign:
    if name not in CAMPAIGNS:
        raise SercoreError(f"no campaign named {name!r}; there are: {', '.join(CAMPAIGNS)}")
    return CAMPAIGNS[name]


def _rounded(proba: np.ndarray) -> np.ndarray:
    """Four decimals, which is enough for every figure and a quarter of the size; rows still sum to 1."""
    proba = np.round(proba, 4)
    return (proba / proba.sum(axis=1, keepdims=True)).astype(np.float32)

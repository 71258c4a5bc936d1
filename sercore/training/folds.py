"""One model on every fold: what may be fitted where, and one file for each finished fold.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import hashlib
import inspect
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..evaluation import oof_rows
from ..splits import Fold, assert_disjoint, inner_split, make_folds
from .fitting import fit, fit_classical, probabilities

COSTS = ("train_seconds", "ms_per_clip", "parameters")
"""Columns that :func:`sercore.training.out_of_fold` adds to the out-of-fold table."""


def tasks_of(index, X, split, seeds, n_folds) -> list[tuple[int, Fold]]:
    """Every (seed, fold), checked not to leak unless the split says that it does."""
    if len(index) != len(X):
        raise SercoreError(
            f"{len(index)} rows in the index but {len(X)} in X; extract and index belong together"
        )
    tasks = [(seed, fold) for seed in seeds for fold in make_folds(index, split, n_folds=n_folds, seed=seed)]
    for _, fold in tasks:
        if not fold.leaky:
            assert_disjoint(index, fold)
    return tasks


def run_folds(
    index, X, classes, tasks, *, model, settings, split, scale, folder, n_jobs
) -> Iterator[pd.DataFrame]:
    """Out-of-fold rows of each task, read where they are kept, else made and kept."""
    import joblib

    keras_mlp = model == "keras_mlp"
    fit_predict = _keras_mlp if keras_mlp else _classical
    base = folder and _digest(index, X, classes, scale, model, settings)
    settings = dict(settings or {})
    name = " ".join([model, *(f"{key}={value}" for key, value in settings.items())])

    def run(seed, fold):
        if folder:
            key = hashlib.sha256(f"{base} {fold.train.tolist()} {fold.test.tolist()}".encode()).hexdigest()
            path = Path(folder) / f"{model}-{split}-seed{seed}-{fold.name}-{key[:12]}.parquet"
            if path.is_file():
                return pd.read_parquet(path)
        proba, costs = fit_predict(
            index, X, classes, fold, model=model, settings=settings, seed=seed, scale=scale
        )
        rows = oof_rows(index, fold, proba, classes, model=name, split=split, seed=seed).assign(**costs)
        if folder:
            write_parquet(rows, path)
        return rows

    workers = joblib.Parallel(n_jobs=1 if keras_mlp else n_jobs, return_as="generator")
    return workers(joblib.delayed(run)(*task) for task in tasks)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table under a temporary name and move it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    table.to_parquet(part, index=False)
    os.replace(part, path)


def _classical(index, X, classes, fold, *, model, settings, seed, scale):
    """Probabilities and costs of a scikit-learn model on one fold."""
    from ..models import classical  # noqa: F401 - loading the library is not training

    start = time.perf_counter()
    fitted = fit_classical(index, X, fold.train, model=model, settings=settings, seed=seed, scale=scale)
    costs = {"train_seconds": time.perf_counter() - start, "parameters": np.nan}
    return _timed(lambda: probabilities(fitted, X[fold.test], classes), costs, len(fold.test))


def _keras_mlp(index, X, classes, fold, *, model, settings, seed, scale):
    """The same for the Keras network, with early stopping on inner speakers."""
    from sklearn.preprocessing import StandardScaler

    from ..models.mlp import build_mlp

    y = pd.Categorical(index["label"], categories=list(classes)).codes
    inner, validation = inner_split(index, fold.train, seed=seed)
    start = time.perf_counter()
    scaler = StandardScaler().fit(X[inner]) if scale else None
    Z = scaler.transform(X) if scale else X
    network = build_mlp(X.shape[1], len(classes), seed=seed, **settings)
    fit(network, Z[inner], y[inner], validation=(Z[validation], y[validation]), seed=seed)
    costs = {"train_seconds": time.perf_counter() - start, "parameters": float(network.count_params())}
    return _timed(lambda: probabilities(network, Z[fold.test], classes), costs, len(fold.test))


def _timed(predict: Callable[[], np.ndarray], costs: dict, n_clips: int):
    start = time.perf_counter()
    proba = predict()
    return proba, costs | {"ms_per_clip": 1e3 * (time.perf_counter() - start) / n_clips}


def _digest(index, X, classes, scale, model, settings) -> str:
    """Hash of everything but split and seed that decides a prediction, the model's defaults included."""
    if model == "keras_mlp":
        from ..models.mlp import build_mlp

        defaults = f"{inspect.signature(build_mlp)} {inspect.signature(fit)}"
    else:
        from ..models.classical import build_classical

        defaults = build_classical(model).get_params()
    digest = hashlib.sha256(f"{list(classes)} {scale} {defaults} {dict(settings or {})}".encode())
    digest.update("\n".join(index["clip_id"] + "=" + index["label"]).encode())
    digest.update(f"{X.dtype} {X.shape}".encode() + np.ascontiguousarray(X).tobytes())
    return digest.hexdigest()

"""Training without peeking: fit inside the fold, predict what was left out, keep every prediction.

:func:`out_of_fold` is the one way from features to figures. For each fold and seed it fits on the
training part only (scaler, early stopping and calibration included, by an inner split over
speakers), predicts the test part once, and writes one file per (model, seed, fold), so that a
killed run resumes and any number of machines can share a folder.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from .errors import SercoreError
from .evaluation import evaluate_oof, oof_rows, results_row, results_table
from .splits import assert_disjoint, inner_folds, inner_split, make_folds

COSTS = ("train_seconds", "ms_per_clip", "parameters")
"""Columns that :func:`out_of_fold` adds to the out-of-fold table."""


def enroll(X: np.ndarray, speakers: Sequence[str]) -> np.ndarray:
    """Features standardised per speaker, with no look at any label.

    Legitimate where an application hears one person for a while; results with it stand in a column
    of their own (``enrolled``).

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_columns)]
    speakers : sequence of str [shape=(n_clips,)]

    Returns
    -------
    np.ndarray [shape=(n_clips, n_columns)]
        Each speaker's columns have mean 0 and standard deviation 1 (0 where constant).
    """
    X = np.array(X, dtype=np.float32)
    for speaker in np.unique(speakers):
        own = np.asarray(speakers) == speaker
        X[own] = (X[own] - X[own].mean(axis=0)) / (X[own].std(axis=0) + 1e-6)
    return X


def out_of_fold(
    index: pd.DataFrame,
    X: np.ndarray,
    classes: Sequence[str],
    *,
    model: str,
    split: str = "speaker",
    seeds: Iterable[int] = (0,),
    n_folds: int | None = None,
    scale: bool = True,
    folder: str | os.PathLike | None = None,
    n_jobs: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Predictions for every clip by models that never heard its speaker.

    Parameters
    ----------
    index : pd.DataFrame
        With a ``label`` column (:func:`sercore.labels.apply_scheme`).
    X : np.ndarray [shape=(n_clips, n_columns)]
        Row *k* belongs to row *k* of the index.
    classes : sequence of str
        Order of the probability columns.
    model : str
        A name from :data:`sercore.models.classical.CLASSICAL`, or ``keras_mlp``.
    split : str
        See :func:`sercore.splits.make_folds`.
    seeds : iterable of int
        Repetitions; each draws its own folds where the split is drawn, and its own initial weights.
    scale : bool
        False leaves the columns as they are.
    folder : path, optional
        Where each (model, seed, fold) is kept as a Parquet file; finished ones are not run again.
    n_jobs : int
        Processes (scikit-learn models only).

    Returns
    -------
    pd.DataFrame
        See :func:`sercore.evaluation.oof_rows`, plus ``train_seconds``, ``ms_per_clip`` and
        ``parameters`` of the fold.
    """
    import joblib
    from tqdm.auto import tqdm

    if len(index) != len(X):
        raise SercoreError(
            f"{len(index)} rows in the index but {len(X)} in X; extract and index belong together"
        )
    fit_predict = _keras_mlp if model == "keras_mlp" else _classical
    tasks = [(seed, fold) for seed in seeds for fold in make_folds(index, split, n_folds=n_folds, seed=seed)]
    for _, fold in tasks:
        if not fold.leaky:
            assert_disjoint(index, fold)
    fingerprint = _fingerprint(index, X, classes, scale)

    def run(seed, fold):
        path = folder and Path(folder) / f"{model}-{split}-{fingerprint}-seed{seed}-{fold.name}.parquet"
        if path and path.is_file():
            return pd.read_parquet(path)
        proba, costs = fit_predict(index, X, classes, fold, model=model, seed=seed, scale=scale)
        rows = oof_rows(index, fold, proba, classes, model=model, split=split, seed=seed).assign(**costs)
        if path:
            write_parquet(rows, path)
        return rows

    n_jobs = 1 if model == "keras_mlp" else n_jobs
    results = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(
        joblib.delayed(run)(*task) for task in tasks
    )
    shown = tqdm(results, total=len(tasks), desc=model, unit="fold", disable=not progress)
    return pd.concat(shown, ignore_index=True)


def summarise(
    oofs: Iterable[pd.DataFrame],
    *,
    corpus: str,
    scheme: str,
    enrolled: bool = False,
    interval: str = "speakers",
    n_boot: int = 1000,
) -> pd.DataFrame:
    """Result table with one row for each out-of-fold table."""
    rows = []
    for oof in oofs:
        folds = oof.groupby(["seed", "fold"])
        seconds = folds["train_seconds"].first().groupby("seed").sum().mean()
        rows.append(
            results_row(
                evaluate_oof(oof, interval=interval, n_boot=n_boot),
                corpus=corpus,
                scheme=scheme,
                enrolled=enrolled,
                train_seconds=seconds,
                ms_per_clip=folds["ms_per_clip"].first().median(),
                parameters=folds["parameters"].first().median(),
            )
        )
    return results_table(rows)


def fit(
    network,
    X: np.ndarray,
    y: np.ndarray,
    *,
    validation: tuple[np.ndarray, np.ndarray],
    epochs: int = 60,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int = 10,
    seed: int = 0,
    verbose: int = 0,
) -> pd.DataFrame:
    """Train a Keras network, stop when the validation loss stops falling, keep the best weights.

    Parameters
    ----------
    network : keras.Model
        Uncompiled, with softmax output; trained in place.
    X : np.ndarray [shape=(n_clips, …)]
    y : np.ndarray of int [shape=(n_clips,)]
        Class numbers.
    validation : (X, y)
        Clips of *other speakers of the training part* (:func:`sercore.splits.inner_split`).
    patience : int
        Epochs without improvement before stopping.

    Returns
    -------
    pd.DataFrame
        One row per epoch: ``loss accuracy val_loss val_accuracy``.
    """
    import keras

    keras.utils.set_random_seed(seed)
    network.compile(
        keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    stop = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    history = network.fit(
        X,
        y,
        validation_data=validation,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=[stop],
        verbose=verbose,
    )
    return pd.DataFrame(history.history).rename_axis("epoch")


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table under a temporary name and move it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    table.to_parquet(part, index=False)
    os.replace(part, path)


def _classical(index, X, classes, fold, *, model, seed, scale):
    """Probabilities and costs of a scikit-learn model on one fold."""
    from .models.classical import build_classical

    y = index["label"].to_numpy()
    position = np.full(len(index), -1)
    position[fold.train] = np.arange(len(fold.train))
    inner = [
        (position[f.train], position[f.test]) for f in inner_folds(index, fold.train, n_folds=3, seed=seed)
    ]
    pipeline = build_classical(model, seed=seed, scale=scale, calibration_folds=inner)
    start = time.perf_counter()
    pipeline.fit(X[fold.train], y[fold.train])
    costs = {"train_seconds": time.perf_counter() - start, "parameters": np.nan}
    return _timed(lambda: _in_order(pipeline, X[fold.test], classes), costs, len(fold.test))


def _keras_mlp(index, X, classes, fold, *, model, seed, scale):
    """The same for the Keras network, with early stopping on inner speakers."""
    import keras
    from sklearn.preprocessing import StandardScaler

    from .models.mlp import build_mlp

    y = pd.Categorical(index["label"], categories=list(classes)).codes
    inner, validation = inner_split(index, fold.train, seed=seed)
    start = time.perf_counter()
    scaler = StandardScaler().fit(X[inner]) if scale else None
    Z = scaler.transform(X) if scale else X
    keras.utils.set_random_seed(seed)
    network = build_mlp(X.shape[1], len(classes), seed=seed)
    fit(network, Z[inner], y[inner], validation=(Z[validation], y[validation]), seed=seed)
    costs = {"train_seconds": time.perf_counter() - start, "parameters": float(network.count_params())}
    return _timed(lambda: network.predict(Z[fold.test], verbose=0), costs, len(fold.test))


def _in_order(pipeline, X, classes) -> np.ndarray:
    """Probabilities with one column for each of ``classes``; 0 for a class that training lacked."""
    found = list(pipeline.classes_)
    proba = np.zeros((len(X), len(classes)))
    proba[:, [list(classes).index(name) for name in found]] = pipeline.predict_proba(X)
    return proba


def _timed(predict: Callable[[], np.ndarray], costs: dict, n_clips: int):
    start = time.perf_counter()
    proba = predict()
    return proba, costs | {"ms_per_clip": 1e3 * (time.perf_counter() - start) / n_clips}


def _fingerprint(index, X, classes, scale) -> str:
    """Twelve hexadecimal digits of everything but model, split and seed that decides a prediction."""
    digest = hashlib.sha256(f"{list(classes)} {scale}".encode())
    digest.update("\n".join(index["clip_id"] + index["label"]).encode())
    digest.update(np.ascontiguousarray(X).tobytes())
    return digest.hexdigest()[:12]

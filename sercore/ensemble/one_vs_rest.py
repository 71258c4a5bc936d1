"""One-against-rest train_experts: for every class a model of its own, which says only "this, or not".

A stack of such train_experts is the second ensemble of the student project VoiceVibes: seven CNN-LSTMs,
each with balanced class weights, and an MLP that reads their seven probabilities. Here the train_experts
become ordinary members, one for each class: an expert that gives its class the probability *p*
divides the rest evenly among the others. Nothing is lost, the plain mean of all train_experts decides for
the surest of them, and soft votes, weights and stacks work as on any members (votes by first choice do
not: an expert's "not this" has none)::

    table = train_experts(index, X, classes, classical_expert("logistic"))
    evaluate_nested(table, systems=("equal", "stack_logistic", "stack_mlp"))

Experts are trained and asked out of fold, by construction: the function that trains one is handed the
training clips of a fold and nothing else, and what it returns is asked about the test clips of that
fold and nothing else. There is no way to get predictions for training clips out of here.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation import oof_rows
from ..splits import Fold, make_folds
from ..training import fit_classical, fit_network
from ..training.fold_cache import read_fold, write_fold

REST = "rest"

Predict = Callable[[Sequence], np.ndarray]
"""From features of some clips to the probability [shape=(n_clips,)] of the expert's own class."""

Fit = Callable[[pd.DataFrame, Sequence, np.ndarray, int], Predict]
"""``fit(clips, X, own, seed)`` trains one expert and returns its :data:`Predict`.

``clips`` are rows of the index (speakers, for an inner validation), ``X`` their features, and ``own``
[shape=(n_train,)] is true where the class is the expert's.
"""


def train_experts(
    index: pd.DataFrame,
    X: Sequence,
    classes: Sequence[str],
    fit: Fit,
    *,
    name: str = "expert",
    split: str = "speaker",
    seeds: Iterable[int] = (0,),
    n_folds: int | None = None,
    folder: str | os.PathLike | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Out-of-fold predictions of one expert per class, below each other.

    Parameters
    ----------
    index : pd.DataFrame
        With a ``label`` column; all train_experts get the same folds.
    X : np.ndarray [shape=(n_clips, …)] or list of np.ndarray
        Features of each clip: a table, or frames of different lengths.
    classes : sequence of str
    fit : callable
        Trains one expert (:data:`Fit`): :func:`network_expert`, :func:`classical_expert`, or your own.
    name : str
        What the members are called, in front of their class: ``expert happy``.
    split, seeds, n_folds
        As in :func:`sercore.training.out_of_fold`.
    folder : path, optional
        Where each (expert, seed, fold) is kept as a Parquet file; finished ones are not run again.
        Other features, labels or folds make other files; for another ``fit``, take another `name`.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    pd.DataFrame
        ``len(classes)`` members, with ``train_seconds`` and ``ms_per_clip`` of each fold.

    Raises
    ------
    EvaluationError
        An expert returns anything but one probability per clip.
    """
    import joblib
    from tqdm.auto import tqdm

    folds = [(seed, fold) for seed in seeds for fold in make_folds(index, split, n_folds=n_folds, seed=seed)]
    tasks = [(own, seed, fold) for own in classes for seed, fold in folds]
    base = joblib.hash((list(classes), X, index["clip_id"].tolist(), index["label"].tolist()))

    def run(own, seed, fold):
        if folder:
            key = joblib.hash((base, own, fold.train, fold.test))[:12]
            path = Path(folder) / f"{name}-{own}-{split}-seed{seed}-{fold.name}-{key}"
            if (kept := read_fold(path)) is not None:
                return kept
        proba, costs = _train_and_ask(index, X, classes, fit, own, seed, fold)
        rows = oof_rows(index, fold, proba, classes, model=f"{name} {own}", split=split, seed=seed)
        if folder:
            write_fold(rows.assign(**costs), path)
        return rows.assign(**costs)

    shown = tqdm(tasks, desc=name, unit="expert", disable=not progress)
    return pd.concat([run(*task) for task in shown], ignore_index=True)


def classical_expert(model: str = "logistic", **model_params) -> Fit:
    """How to train a scikit-learn expert with balanced class weights.

    Parameters
    ----------
    model : str
        A name from :data:`sercore.models.classical.CLASSICAL` whose classifier has ``class_weight``:
        the logistic regression, support vector machines, forests, gradient boosting.
    **settings
        What differs from the model's defaults.
    """

    def fit(clips, X, own, seed):
        two = clips.reset_index(drop=True).assign(label=np.where(own, "own", REST))
        balanced = {"class_weight": "balanced", **model_params}
        fitted = fit_classical(two, X, np.arange(len(two)), model=model, model_params=balanced, seed=seed)
        return lambda asked: fitted.predict_proba(asked)[:, list(fitted.classes_).index("own")]

    return fit


def network_expert(model: str = "cnn2d_lstm", *, model_params: Mapping | None = None, **fit_params) -> Fit:
    """How to train a Keras expert with balanced class weights: by default a CNN-LSTM, as VoiceVibes did.

    Parameters
    ----------
    model : str
        A name from :data:`sercore.models.NETWORKS`.
    model_params : mapping, optional
        What differs from the builder's defaults.
    **fitting
        Arguments of :func:`sercore.training.fit`; it stops early on inner speakers unless told otherwise
        (``early_stopping=False``).
    """

    def fit(clips, X, own, seed):
        two = clips.reset_index(drop=True).assign(label=np.where(own, "own", REST))
        options = {"balanced": True, **fit_params}
        network = fit_network(
            two,
            X,
            np.arange(len(two)),
            (REST, "own"),
            model=model,
            model_params=model_params,
            fit_params=options,
            seed=seed,
        )
        return lambda asked: network(asked)[:, 1]

    return fit


def as_members(p_own: np.ndarray, own: str, classes: Sequence[str]) -> np.ndarray:
    """Probabilities [shape=(n_clips, n_classes)] of an expert that knows one class only."""
    rest = (1 - p_own) / (len(classes) - 1)
    return np.column_stack([p_own if name == own else rest for name in classes])


def _train_and_ask(index, X, classes, fit, own, seed, fold: Fold):
    """Probabilities of one expert for the test part of a fold, and what it cost."""
    clips = index.iloc[fold.train]
    start = time.perf_counter()
    predict = fit(clips, _take(X, fold.train), (clips["label"] == own).to_numpy(), seed)
    trained = time.perf_counter()
    p_own = np.asarray(predict(_take(X, fold.test)), dtype=float)
    if p_own.shape != (len(fold.test),) or not ((p_own >= 0) & (p_own <= 1)).all():
        raise EvaluationError(
            f"the expert for {own!r} gave an array of shape {p_own.shape} for {len(fold.test)} clips; wanted "
            "one probability, 0 to 1, per clip: that of its own class"
        )
    seconds = time.perf_counter() - trained
    costs = {
        "train_seconds": trained - start,
        "ms_per_clip": 1e3 * seconds / len(fold.test),
        "parameters": np.nan,
    }
    return as_members(p_own, own, classes), costs


def _take(X, rows):
    """Some clips of a table or of a list of frames."""
    return X[rows] if isinstance(X, np.ndarray) else [X[row] for row in rows]

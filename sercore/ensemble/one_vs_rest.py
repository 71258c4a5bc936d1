"""One-vs-rest experts: one binary model per class.

A stack of such experts is the second ensemble of the student project VoiceVibes: seven CNN-LSTMs with
balanced class weights, and an MLP that reads their seven probabilities. Here the experts become ordinary
ensemble members: an expert that assigns its class the probability *p* divides 1 − *p* evenly among the
other classes. With equal weights the most confident expert then decides, and soft votes, fitted weights
and stacks work as on any members. A majority vote does not: a negative decision names no class::

    table = train_experts(index, X, classes, classical_expert("logistic"))
    evaluate_nested(table, systems=("equal", "stack_logistic", "stack_mlp"))

Predictions are out of fold by construction: the function that trains an expert receives only the training
clips of a fold, and the fitted expert predicts only the test clips of that fold.
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
from ..training.clips import select_rows
from ..training.fold_cache import read_fold, write_fold
from ..training.jobs import INNER, VERSION

REST = "rest"

Predict = Callable[[Sequence], np.ndarray]
"""From features of clips to the probability [shape=(n_clips,)] of the expert's class."""

Fit = Callable[[pd.DataFrame, Sequence, np.ndarray, int], Predict]
"""``fit(clips, X, own, seed)`` trains one expert and returns its :data:`Predict`.

``clips`` are rows of the index (with speakers, for an inner validation), ``X`` their features, and
``own`` [shape=(n_train,)] is True for clips of the expert's class.
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
    """Out-of-fold table of one-vs-rest experts, one member per class.

    Parameters
    ----------
    index : pd.DataFrame
        With a ``label`` column; all experts use the same folds.
    X : np.ndarray [shape=(n_clips, …)] or list of np.ndarray
        Features of each clip: a table, or frames of different lengths.
    classes : sequence of str
        Classes in the order of the probability columns.
    fit : callable
        Trains one expert (:data:`Fit`): :func:`network_expert`, :func:`classical_expert`, or your own.
    name : str
        Prefix of the member names: ``expert happy``.
    split, seeds, n_folds
        As in :func:`sercore.training.out_of_fold`.
    folder : path, optional
        Cache with one Parquet file per (expert, seed, fold); finished folds are not run again. The key
        covers features, labels, folds and what inner folds depend on, but not ``fit``: use another ``name``
        for another ``fit``.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    pd.DataFrame
        Predictions of ``len(classes)`` members, with ``train_seconds`` and ``ms_per_clip`` of each fold.

    Raises
    ------
    EvaluationError
        An expert does not return one probability per clip.

    See Also
    --------
    fit_stack : A meta-model on the experts' probabilities.

    Notebook: 06_ensembles.ipynb
    """
    import joblib
    from tqdm.auto import tqdm

    folds = [(seed, fold) for seed in seeds for fold in make_folds(index, split, n_folds=n_folds, seed=seed)]
    tasks = [(own, seed, fold) for own in classes for seed, fold in folds]
    used = [name for name in ("clip_id", "label", "speaker", *INNER) if name in index]
    base = joblib.hash((VERSION, list(classes), X, index[used].astype(str).to_numpy().tolist()))

    def run(own, seed, fold):
        if folder:
            key = joblib.hash((base, own, fold.train, fold.test))[:12]
            path = Path(folder) / f"{name}-{own}-{split}-seed{seed}-{fold.name}-{key}"
            if (cached := read_fold(path)) is not None:
                return cached
        proba, costs = _train_and_predict(index, X, classes, fit, own, seed, fold)
        rows = oof_rows(index, fold, proba, classes, model=f"{name} {own}", split=split, seed=seed)
        if folder:
            write_fold(rows.assign(**costs), path)
        return rows.assign(**costs)

    shown = tqdm(tasks, desc=name, unit="expert", disable=not progress)
    return pd.concat([run(*task) for task in shown], ignore_index=True)


def classical_expert(model: str = "logistic", **model_params) -> Fit:
    """Training function of a scikit-learn expert with balanced class weights, for :func:`train_experts`.

    Parameters
    ----------
    model : str
        A key of :data:`sercore.models.classical.CLASSICAL` whose classifier has ``class_weight``:
        logistic regression, support vector machines, forests, gradient boosting.
    **model_params
        Parameters that differ from the model's defaults.

    See Also
    --------
    network_expert : The same for Keras networks.

    Notebook: 06_ensembles.ipynb
    """

    def fit(clips, X, own, seed):
        two = clips.reset_index(drop=True).assign(label=np.where(own, "own", REST))
        balanced = {"class_weight": "balanced", **model_params}
        fitted = fit_classical(two, X, np.arange(len(two)), model=model, model_params=balanced, seed=seed)
        return lambda X_test: fitted.predict_proba(X_test)[:, list(fitted.classes_).index("own")]

    return fit


def network_expert(model: str = "cnn2d_lstm", *, model_params: Mapping | None = None, **fit_params) -> Fit:
    """Training function of a Keras expert with balanced class weights, for :func:`train_experts`.

    Parameters
    ----------
    model : str
        A key of :data:`sercore.models.NETWORKS`; by default a CNN-LSTM, as in VoiceVibes.
    model_params : mapping, optional
        Parameters that differ from the builder's defaults.
    **fit_params
        Arguments of :func:`sercore.training.fit_network`.

    See Also
    --------
    classical_expert : The same for scikit-learn models.
    """

    def fit(clips, X, own, seed):
        two = clips.reset_index(drop=True).assign(label=np.where(own, "own", REST))
        balanced = {"class_weight": "balanced", **fit_params}
        network = fit_network(
            two, X, np.arange(len(two)), (REST, "own"),
            model=model, model_params=model_params, fit_params=balanced, seed=seed,
        )  # fmt: skip
        return lambda X_test: network(X_test)[:, 1]

    return fit


def as_members(p_own: np.ndarray, own: str, classes: Sequence[str]) -> np.ndarray:
    """Probabilities of all classes [shape=(n_clips, n_classes)] from those of one class.

    Examples
    --------
    >>> as_members(np.array([0.5]), "sad", ("happy", "neutral", "sad")).tolist()
    [[0.25, 0.25, 0.5]]
    """
    rest = (1 - p_own) / (len(classes) - 1)
    return np.column_stack([p_own if name == own else rest for name in classes])


def _train_and_predict(index, X, classes, fit, own, seed, fold: Fold):
    """Probabilities of one expert for the test part of a fold, and its costs."""
    clips = index.iloc[fold.train]
    start = time.perf_counter()
    predict = fit(clips, select_rows(X, fold.train), (clips["label"] == own).to_numpy(), seed)
    trained = time.perf_counter()
    p_own = np.asarray(predict(select_rows(X, fold.test)), dtype=float)
    if p_own.shape != (len(fold.test),) or not ((p_own >= 0) & (p_own <= 1)).all():
        raise EvaluationError(
            f"the expert for {own!r} returned an array of shape {p_own.shape} for {len(fold.test)} clips; "
            "expected one probability per clip, 0 to 1: that of its class"
        )
    seconds = time.perf_counter() - trained
    costs = {
        "train_seconds": trained - start,
        "ms_per_clip": 1e3 * seconds / len(fold.test),
        "parameters": np.nan,
    }
    return as_members(p_own, own, classes), costs

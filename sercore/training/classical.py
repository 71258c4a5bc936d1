"""Fit a scikit-learn model on the rows that it may see; predict in the order of classes.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..splits import inner_folds
from .nested import choose_c


def fit_classical(
    index: pd.DataFrame,
    X: np.ndarray,
    train: np.ndarray,
    *,
    model: str,
    model_params: Mapping | None = None,
    augmented: Sequence = (),
    seed: int = 0,
    scale: bool = True,
):
    """A scikit-learn pipeline fitted on some rows, scaler and calibration included.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. Copies of other rows are not read.
    index, X, model, model_params, augmented, seed, scale
        As in :func:`out_of_fold`.

    Returns
    -------
    sklearn estimator
        With ``predict_proba`` and ``classes_``; :func:`probabilities` puts its columns in order.
    """
    from sklearn.calibration import CalibratedClassifierCV

    from ..models.classical import build_classical

    if model == "logistic_nested":
        chosen = choose_c(index, X, train, augmented=augmented, seed=seed, scale=scale)
        model_params = {"C": chosen, **(model_params or {})}
    pipeline = build_classical(model, seed=seed, scale=scale, model_params=model_params)
    n_train, n_versions = len(train), 1 + len(augmented)
    if isinstance(pipeline, CalibratedClassifierCV):  # its folds, too, keep speakers apart
        divisions = [
            [np.searchsorted(train, part) for part in (inner.train, inner.test)]
            for inner in inner_folds(index, train, n_folds=3, seed=seed)
        ]
        versions = n_train * np.arange(n_versions)[:, None]
        pipeline.set_params(cv=[[(versions + part).ravel() for part in parts] for parts in divisions])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stochastic Optimizer")  # stops early on purpose
        y = np.tile(index["label"].to_numpy()[train], n_versions)
        return pipeline.fit(np.concatenate([part[train] for part in (X, *augmented)]), y)


def predict_proba(model, X: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Class probabilities [shape=(n_clips, n_classes)] of a fitted model, in the order of ``classes``.

    Parameters
    ----------
    model : sklearn estimator or keras.Model
        A network's outputs are taken to be in that order; a scikit-learn model knows its classes, and
        one that it never met gets 0.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
    classes : sequence of str
    """
    if not hasattr(model, "classes_"):
        from ..models.assembly import compiled_predict
        from .fit_loop import stack

        answer = compiled_predict(model)
        return np.concatenate([answer(stack(list(X[k : k + 64]))) for k in range(0, len(X), 64)])
    proba = np.zeros((len(X), len(classes)))
    proba[:, [list(classes).index(name) for name in model.classes_]] = model.predict_proba(X)
    return proba

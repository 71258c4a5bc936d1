"""Fit a scikit-learn model on training rows; predict probabilities in the order of the classes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..errors import SercoreError, SplitError
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
    """Scikit-learn pipeline fitted on some rows, including scaler and calibration.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. Augmented versions of other rows are not used.
    index, X, model, model_params, augmented, scale
        As in :func:`out_of_fold`.
    seed : int
        Random state of the classifier and of the inner folds for calibration.

    Returns
    -------
    sklearn estimator
        With ``predict_proba`` and ``classes_``; :func:`predict_proba` puts its columns in the order of the
        classes.

    Raises
    ------
    SercoreError
        A parameter is out of its range.
    SplitError
        There are too few clips for this model.

    See Also
    --------
    fit_network : the same for Keras networks.

    Notebook: 03_mlp_baseline.ipynb
    """
    from sklearn.calibration import CalibratedClassifierCV

    from ..models.classical import build_classical

    if model == "logistic_nested":
        chosen = choose_c(index, X, train, augmented=augmented, seed=seed, scale=scale)
        model_params = {"C": chosen, **(model_params or {})}
    pipeline = build_classical(model, seed=seed, scale=scale, model_params=model_params)
    n_train, n_versions = len(train), 1 + len(augmented)
    if isinstance(pipeline, CalibratedClassifierCV):  # its folds keep speakers apart, too
        inner_parts = [
            [np.flatnonzero(np.isin(train, part)) for part in (inner.train, inner.test)]
            for inner in inner_folds(index, train, n_folds=3, seed=seed)
        ]
        versions = n_train * np.arange(n_versions)[:, None]
        pipeline.set_params(cv=[[(versions + part).ravel() for part in parts] for parts in inner_parts])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stochastic Optimizer")  # max_iter is reached on purpose
        y = np.tile(index["label"].to_numpy()[train], n_versions)
        _check_neighbours(pipeline, model, len(y))
        try:
            return pipeline.fit(np.concatenate([part[train] for part in (X, *augmented)]), y)
        except ValueError as error:
            if isinstance(error, TypeError):  # a parameter out of its range
                raise SercoreError(f"model {model!r}: {error}") from error
            # too few clips for this model, in words of scikit-learn
            raise SplitError(
                f"{model} cannot be fitted to {n_train} clips of {len(set(y))} classes "
                f"({' '.join(str(error).split())[:200]}); record more clips, or choose another model"
            ) from error


def _check_neighbours(pipeline, model: str, n_rows: int) -> None:
    """Raise SplitError if there are fewer rows than neighbours; scikit-learn only does when it predicts."""
    n_neighbors = pipeline.get_params().get("kneighborsclassifier__n_neighbors", 0)
    if n_neighbors > n_rows:
        raise SplitError(
            f"{model} compares {n_neighbors} neighbours, but there are {n_rows} clips to fit on; pass "
            'model_params={"n_neighbors": …}, record more clips, or choose another model'
        )


def predict_proba(model, X: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Class probabilities [shape=(n_clips, n_classes)] of a fitted model, in the order of ``classes``.

    Parameters
    ----------
    model : sklearn estimator or keras.Model
        The outputs of a network must be in the order of ``classes``. Columns of a scikit-learn model are
        reordered, and classes that did not occur in its training part get probability 0.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
    classes : sequence of str

    Notebook: 03_mlp_baseline.ipynb
    """
    if not hasattr(model, "classes_"):
        from ..models.assembly import compiled_predict
        from .fit_loop import stack

        predict = compiled_predict(model)
        return np.concatenate([predict(stack(list(X[k : k + 64]))) for k in range(0, len(X), 64)])
    proba = np.zeros((len(X), len(classes)))
    proba[:, [list(classes).index(name) for name in model.classes_]] = model.predict_proba(X)
    return proba

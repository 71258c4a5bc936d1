"""Logistic regression whose strength of regularisation is chosen on inner speakers.

The model is named ``logistic_nested`` in :func:`sercore.training.out_of_fold`. In each outer fold the
training part is divided by speaker (:func:`sercore.splits.inner_folds`), and the `C` of the lowest inner log
loss is used for the fit on the whole training part. Test clips are not used for the choice.

Log loss is the criterion for every corpus because it has no ties: accuracy within one speaker reaches its
maximum for every `C` on clean corpora such as TESS.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..splits import inner_folds

C_GRID = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
"""Values to choose from, ascending."""


def choose_c(
    index: pd.DataFrame,
    X: np.ndarray,
    train: np.ndarray,
    *,
    augmented: Sequence = (),
    seed: int = 0,
    scale: bool = True,
    grid: Sequence[float] = C_GRID,
    n_folds: int = 3,
    by: str = "speaker",
) -> float:
    """The inverse regularisation strength with the lowest log loss on inner folds.

    Parameters
    ----------
    index, X, train, augmented, seed, scale
        As in :func:`fit_classical`. Augmented versions are fitted on and not scored.
    grid : sequence of float
        Ascending. The search ends at the first value with a higher loss than the one before.
    n_folds : int
        Inner folds, by speaker if the training part has several.
    by : {"speaker", "corpus"}
        ``corpus`` leaves out one training corpus at a time, if there are several
        (:func:`sercore.splits.inner_folds`). Every left-out corpus then has the same weight.

    Returns
    -------
    float
        A value of `grid`.

    Raises
    ------
    SplitError
        The training part cannot be divided.

    See Also
    --------
    search_c : also returns the loss.
    """
    return search_c(
        index, X, train, augmented=augmented, seed=seed, scale=scale, grid=grid, n_folds=n_folds, by=by
    )[0]


def search_c(
    index: pd.DataFrame,
    X: np.ndarray,
    train: np.ndarray,
    *,
    augmented: Sequence = (),
    seed: int = 0,
    scale: bool = True,
    grid: Sequence[float] = C_GRID,
    n_folds: int = 3,
    by: str = "speaker",
) -> tuple[float, float]:
    """The value that :func:`choose_c` returns, and its inner log loss, to compare several tables of features.

    Parameters
    ----------
    index, X, train, augmented, seed, scale, grid, n_folds, by
        As in :func:`choose_c`.

    Returns
    -------
    c : float
    loss : float
        Mean log loss per clip, in nats; with ``by="corpus"`` the mean over the left-out corpora.

    Raises
    ------
    SplitError
        The training part cannot be divided.
    """
    paths = [
        _Path(index, X, fold, augmented, scale)
        for fold in inner_folds(index, train, n_folds=n_folds, seed=seed, by=by)
    ]
    by_corpus = by == "corpus" and index["corpus"].iloc[train].nunique() > 1
    n_clips = sum(len(path.y_test) for path in paths)
    weights = [1 / len(path.y_test) / len(paths) if by_corpus else 1 / n_clips for path in paths]
    best, lowest = grid[0], np.inf
    for c in grid:
        loss = sum(weight * path.loss(c) for weight, path in zip(weights, paths, strict=True))
        if loss > lowest:
            break
        best, lowest = c, loss
    return float(best), float(lowest)


class _Path:
    """Logistic regressions of one inner fold, each started from the one before."""

    def __init__(self, index, X, fold, augmented, scale):
        from sklearn.linear_model import LogisticRegression

        labels = index["label"].to_numpy()
        self.y = np.tile(labels[fold.train], 1 + len(augmented))
        self.y_test = labels[fold.test]
        train = np.concatenate([part[fold.train] for part in (X, *augmented)])
        self.train, self.test = rotate(*scaled(train, X[fold.test]) if scale else (train, X[fold.test]))
        self.model = LogisticRegression(max_iter=1000, tol=1e-3, warm_start=True)

    def loss(self, c: float) -> float:
        """Log loss, summed over the test clips."""
        proba = self.model.set_params(C=c).fit(self.train, self.y).predict_proba(self.test)
        column = np.searchsorted(self.model.classes_, self.y_test)
        return float(-np.log(np.maximum(proba[np.arange(len(column)), column], 1e-12)).sum())


def scaled(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows standardised with mean and standard deviation of the training rows."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train)
    return scaler.transform(train), scaler.transform(test)


def rotate(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same clips in at most as many coordinates as there are training clips.

    Weights of a penalised regression lie in the span of its training rows, so the probabilities are the
    same in coordinates along that span. The span is found from the inner products of the rows, which takes a
    fifth of the time of a singular value decomposition.
    """
    if train.shape[1] <= len(train):
        return train, test
    rows = np.asarray(train, dtype=float)
    power, basis = np.linalg.eigh(rows @ rows.T)
    kept = power > power[-1] * 1e-12
    if not kept.any():  # all columns are constant
        return train[:, :1], test[:, :1]
    scale, basis = np.sqrt(power[kept]), basis[:, kept]
    inside = np.asarray(test, dtype=float) @ (rows.T @ (basis / scale))
    dtype = np.result_type(train, np.float32)  # integers would be cut off
    return (basis * scale).astype(dtype), inside.astype(dtype)

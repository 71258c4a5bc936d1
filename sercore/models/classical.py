"""Classical baselines as scikit-learn pipelines: whatever is fitted, is fitted inside the fold.

Every pipeline scales with the training clips' mean and spread and ends in a classifier with
``predict_proba``. Defaults are moderate and the same for every corpus; nothing was searched.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ..errors import SercoreError

_XGBOOST = {
    "n_estimators": 60,
    "max_depth": 3,
    "learning_rate": 0.2,
    "subsample": 0.8,
    "colsample_bytree": 0.05,
    "max_bin": 63,
    "tree_method": "hist",
    "verbosity": 0,
}
CLASSICAL: dict[str, Callable[[int], list]] = {
    "dummy": lambda seed: [DummyClassifier(strategy="prior")],
    "logistic": lambda seed: [LogisticRegression(C=0.003, max_iter=300)],
    "logistic_nested": lambda seed: [LogisticRegression(max_iter=1000)],  # C: sercore.training.nested
    "linear_svc": lambda seed: [SVC(kernel="linear", C=0.001, break_ties=True)],
    "rbf_svc": lambda seed: [SVC(C=10.0, gamma="scale", break_ties=True)],
    "knn": lambda seed: [KNeighborsClassifier(n_neighbors=9, weights="distance")],
    "lda": lambda seed: [
        PCA(n_components=0.95, svd_solver="full"),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    ],
    "random_forest": lambda seed: [RandomForestClassifier(150, min_samples_leaf=2, random_state=seed)],
    "extra_trees": lambda seed: [ExtraTreesClassifier(200, min_samples_leaf=2, random_state=seed)],
    "gradient_boosting": lambda seed: [
        HistGradientBoostingClassifier(
            max_iter=50,
            max_leaf_nodes=8,
            min_samples_leaf=10,
            max_features=0.03,
            max_bins=63,
            random_state=seed,
        )
    ],
    "sklearn_mlp": lambda seed: [
        MLPClassifier((128,), alpha=10.0, learning_rate_init=1e-3, max_iter=40, tol=0.0, random_state=seed)
    ],
    "xgboost": lambda seed: [Xgboost(_XGBOOST | {"random_state": seed})],
}
"""Name of each baseline and the steps after scaling. ``xgboost`` needs the extra of that name."""


def build_classical(
    name: str,
    *,
    seed: int = 0,
    scale: bool = True,
    model_params: Mapping | None = None,
    calibration_folds: Iterable | int = 3,
) -> Pipeline:
    """An untrained pipeline with ``fit`` and ``predict_proba``.

    Parameters
    ----------
    name : str
        From :data:`CLASSICAL`.
    seed : int
        Randomness of the model.
    scale : bool
        Standardise the columns first; False shows what happens without.
    model_params : mapping, optional
        Parameters of the classifier that differ from the defaults here, such as ``{"C": 0.01}``.
    calibration_folds : int or iterable of (train, test)
        Folds of the training part on which the temperature of a support vector machine's scores is
        fitted (it turns scores into probabilities and changes no decision). Pass speaker-disjoint
        ones; :func:`sercore.training.out_of_fold` does.

    Returns
    -------
    sklearn.pipeline.Pipeline
    """
    parts = steps(name, seed=seed)
    try:
        parts[-1].set_params(**dict(model_params or {}))
    except ValueError as error:
        raise SercoreError(f"model {name!r}: {error}") from error
    pipeline = make_pipeline(*([StandardScaler()] if scale else []), *parts)
    if isinstance(parts[-1], SVC):
        return CalibratedClassifierCV(pipeline, method="temperature", ensemble=False, cv=calibration_folds)
    return pipeline


def steps(name: str, *, seed: int) -> list:
    """The steps after scaling, untrained, the classifier last."""
    if name not in CLASSICAL:
        raise SercoreError(f"no classical model named {name!r}; there are: {', '.join(CLASSICAL)}")
    return CLASSICAL[name](seed)


def available() -> list[str]:
    """Names of the baselines whose library is installed, the dummy first; all have fixed settings."""
    from importlib.util import find_spec

    left_out = {"logistic_nested"} if find_spec("xgboost") else {"logistic_nested", "xgboost"}
    return [name for name in CLASSICAL if name not in left_out]


class Xgboost(ClassifierMixin, BaseEstimator):
    """XGBoost's own classifier behind class names, which it does not take.

    Parameters
    ----------
    options : dict, optional
        Of ``xgboost.XGBClassifier``.
    """

    def __init__(self, options: dict | None = None):
        self.options = options

    def fit(self, X, y):
        try:
            from xgboost import XGBClassifier
        except ImportError as error:
            raise SercoreError("the model 'xgboost' needs: pip install -e '.[xgboost]'") from error
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model_ = XGBClassifier(**(self.options or {})).fit(X, codes)
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(X)

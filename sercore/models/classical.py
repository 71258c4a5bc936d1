"""Classical baselines as scikit-learn pipelines, in which every step is fitted on the training fold.

Each pipeline standardises with the mean and standard deviation of the training clips and ends in a
classifier with ``predict_proba``. Default parameters are the same for every corpus. They were chosen on
RAVDESS, on the very folds of the published table, after more than a hundred variants of features and
regularisation had been scored there, so its rows are optimistic. Nothing was chosen on other corpora.
``logistic_nested`` chooses its regularisation within each training part.
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
"""Steps after scaling of each baseline, from a seed. ``xgboost`` needs the extra ``sercore[xgboost]``."""


def build_classical(
    name: str,
    *,
    seed: int = 0,
    scale: bool = True,
    model_params: Mapping | None = None,
    calibration_folds: Iterable | int = 3,
) -> Pipeline | CalibratedClassifierCV:
    """Untrained pipeline with ``fit`` and ``predict_proba``.

    Parameters
    ----------
    name : str
        A key of :data:`CLASSICAL`.
    seed : int
        Random state of the classifier.
    scale : bool
        Whether to standardise the columns first.
    model_params : mapping, optional
        Parameters of the classifier that differ from the defaults here, such as ``{"C": 0.01}``.
    calibration_folds : int or iterable of (train, test)
        Folds of the training part on which a support vector machine is calibrated by temperature
        scaling, which turns its scores into probabilities and changes no decision. Pass
        speaker-disjoint folds, as :func:`sercore.training.out_of_fold` does.

    Returns
    -------
    sklearn.pipeline.Pipeline or sklearn.calibration.CalibratedClassifierCV

    Raises
    ------
    SercoreError
        No model has this name, or the classifier does not have these parameters.

    See Also
    --------
    sercore.models.build : Keras networks.

    Examples
    --------
    >>> model = build_classical("lda").fit([[0.0, 1.0], [0.2, 1.1], [3.0, 4.1], [3.2, 4.0]], [0, 0, 1, 1])
    >>> model.predict([[0.1, 1.0], [3.1, 4.0]]).tolist()
    [0, 1]
    """
    parts = steps(name, seed=seed)
    chosen = dict(model_params or {})
    if isinstance(parts[-1], Xgboost):
        chosen = {"options": parts[-1].options | chosen}
    try:
        parts[-1].set_params(**chosen)
    except ValueError as error:
        raise SercoreError(f"model {name!r}: {error}") from error
    pipeline = make_pipeline(*([StandardScaler()] if scale else []), *parts)
    if isinstance(parts[-1], SVC):
        return CalibratedClassifierCV(pipeline, method="temperature", ensemble=False, cv=calibration_folds)
    return pipeline


def steps(name: str, *, seed: int) -> list:
    """Untrained steps after scaling, the classifier last."""
    if name not in CLASSICAL:
        raise SercoreError(f"no classical model named {name!r}; there are: {', '.join(CLASSICAL)}")
    return CLASSICAL[name](seed)


def available() -> list[str]:
    """Names of the baselines whose library is installed, the dummy classifier first; all have fixed settings.

    Notebook: 03_mlp_baseline.ipynb
    """
    from importlib.util import find_spec

    left_out = {"logistic_nested"} if find_spec("xgboost") else {"logistic_nested", "xgboost"}
    return [name for name in CLASSICAL if name not in left_out]


class Xgboost(ClassifierMixin, BaseEstimator):
    """``xgboost.XGBClassifier`` for class names, which it does not accept itself.

    Parameters
    ----------
    options : dict, optional
        Arguments of ``xgboost.XGBClassifier``.
    """

    def __init__(self, options: dict | None = None):
        self.options = options

    def fit(self, X: np.ndarray, y: np.ndarray) -> Xgboost:
        """Fit on rows and class names."""
        try:
            from xgboost import XGBClassifier
        except ImportError as error:
            raise SercoreError("the model 'xgboost' needs: pip install -e \".[xgboost]\"") from error
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model_ = XGBClassifier(**(self.options or {})).fit(X, codes)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Class probabilities [shape=(n_clips, n_classes)] in the order of ``classes_``."""
        return self.model_.predict_proba(X)

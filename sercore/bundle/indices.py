"""Index arrays of models from files: compiled code follows them without a look at the bounds.

Trees, k-d trees and support vector machines of scikit-learn contain positions in other arrays. A forged
position reads memory that is not the model's, or never ends; Python raises no error. All of them are checked
here before a loaded model predicts.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..errors import BundleError


def check_indices(model, *, where: str) -> None:
    """Raise BundleError if a position in a fitted scikit-learn model is out of bounds.

    Parameters
    ----------
    model : sklearn.base.BaseEstimator
    where : str
        Name of the file in error messages.
    """
    for part in _objects(model):
        fitted, check = _CHECKS.get(type(part).__name__, ("", None))
        if check is None or not hasattr(part, fitted):  # what is not fitted cannot predict
            continue
        try:
            valid = check(part)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            valid = False
        if not valid:
            raise BundleError(
                f"{where}: positions in a {type(part).__name__} are out of bounds; the model is damaged or "
                "forged, refused"
            )


def _objects(model) -> Iterator:
    """An object and all objects in its attributes and containers, each once."""
    seen, pending = set(), [model]
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            pending += part.values()
        elif isinstance(part, list | tuple) or (isinstance(part, np.ndarray) and part.dtype == object):
            pending += list(part.flat) if isinstance(part, np.ndarray) else part
        elif type(part).__module__.startswith("sklearn."):
            yield part
            pending += getattr(part, "__dict__", {}).values()


def _within(values: np.ndarray, low, high) -> bool:
    """Whether all values are at least `low` and below `high`."""
    return bool(((values >= low) & (values < high)).all())


def _tree(tree) -> bool:
    """Children follow their parent, so that every path ends; features are columns of the rows."""
    left, right, inner = tree.children_left, tree.children_right, tree.children_left != -1
    parent = np.flatnonzero(inner)
    return (
        len(left) > 0
        and _within(left[inner], parent + 1, len(left))
        and _within(right[inner], parent + 1, len(left))
        and _within(tree.feature[inner], 0, tree.n_features)
    )


def _forest(forest) -> bool:
    """All trees read the columns that the rows have, and predict the same classes."""
    return all(
        tree.tree_.n_features == forest.n_features_in_ and tree.tree_.max_n_classes == forest.n_classes_
        for tree in forest.estimators_
    )


def _one_tree(model) -> bool:
    return model.tree_.n_features == model.n_features_in_ and model.tree_.max_n_classes == model.n_classes_


def _boosted(model) -> bool:
    """As trees; categories are never used."""
    for stage in model._predictors:
        for predictor in stage:
            nodes = predictor.nodes
            inner = nodes["is_leaf"] == 0
            parent = np.flatnonzero(inner)
            if not (
                len(nodes)
                and _within(nodes["left"][inner].astype(np.int64), parent + 1, len(nodes))
                and _within(nodes["right"][inner].astype(np.int64), parent + 1, len(nodes))
                and _within(nodes["feature_idx"][inner].astype(np.int64), 0, model.n_features_in_)
                and not nodes["is_categorical"].any()
            ):
                return False
    return True


def _k_d_tree(tree) -> bool:
    """The nodes form a complete binary tree; each has a range of the rows."""
    data, rows, nodes, bounds = map(np.asarray, tree.get_arrays())
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    return (
        len(nodes) > 0
        and len(rows) == len(data)
        and bounds.shape == (2, len(nodes), data.shape[1])
        and _within(rows, 0, len(data))
        and _within(nodes["idx_start"], 0, len(data) + 1)
        and _within(nodes["idx_end"], nodes["idx_start"], len(data) + 1)
        and _within(2 * inner + 2, 0, len(nodes))
    )


def _svc(model) -> bool:
    """As many coefficients and intercepts as support vectors and pairs of classes."""
    n_classes, vectors = len(model.classes_), np.asarray(model.support_vectors_)
    pairs = n_classes * (n_classes - 1) // 2
    counts = np.asarray(model._n_support)
    return (
        model.kernel in ("linear", "poly", "rbf", "sigmoid")  # others read rows of a matrix by position
        and vectors.ndim == 2
        and vectors.shape[1] == model.n_features_in_
        and counts.shape == (n_classes,)
        and _within(counts, 0, len(vectors) + 1)
        and counts.sum() == len(vectors) == len(model.support_)
        and np.shape(model._dual_coef_) == (n_classes - 1, len(vectors))
        and np.shape(model._intercept_) == (pairs,)
        and len(model._probA) in (0, pairs)
        and len(model._probB) in (0, pairs)
    )


_CHECKS = {
    "Tree": ("node_count", _tree),
    "RandomForestClassifier": ("estimators_", _forest),
    "ExtraTreesClassifier": ("estimators_", _forest),
    "DecisionTreeClassifier": ("tree_", _one_tree),
    "ExtraTreeClassifier": ("tree_", _one_tree),
    "HistGradientBoostingClassifier": ("_predictors", _boosted),
    "KDTree": ("get_arrays", _k_d_tree),
    "SVC": ("support_vectors_", _svc),
}
"""An attribute of what is fitted, and its check, by class."""

"""Forged positions in models are found before compiled code follows them."""

import warnings

import numpy as np
import pytest

from sercore.bundle import estimators, members
from sercore.errors import BundleError
from sercore.models.classical import build_classical


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(90, 4)), np.array(["a", "b", "c"])[np.arange(90) % 3]


def fitted(name, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build_classical(name).fit(*data)


def forge_tree(model, **changes):
    tree = model.steps[-1][1].estimators_[0].tree_
    state = tree.__getstate__()
    for field, value in changes.items():
        state["nodes"][field][0] = value
    tree.__setstate__(state)


def forge_boosted(model, **changes):
    for field, value in changes.items():
        model.steps[-1][1]._predictors[0][0].nodes[field][0] = value


def forge_neighbours(model, *, row=None, n_bounds=None):
    tree = model.steps[-1][1]._tree
    state = list(tree.__getstate__())
    if row is not None:
        state[1] = state[1].copy()
        state[1][0] = row
    state[3] = state[3][:n_bounds].copy()
    tree.__setstate__(tuple(state))


def forge_svc(model, **changes):
    svc = model.calibrated_classifiers_[0].estimator.steps[-1][1]
    for name, value in changes.items():
        setattr(svc, name, value)


@pytest.mark.parametrize(
    ("name", "forge", "changes"),
    [
        ("random_forest", forge_tree, {"left_child": 2**40}),
        ("random_forest", forge_tree, {"right_child": 0}),  # a circle
        ("extra_trees", forge_tree, {"feature": 4}),
        ("extra_trees", forge_tree, {"feature": -7}),
        ("gradient_boosting", forge_boosted, {"left": 10**6}),
        ("gradient_boosting", forge_boosted, {"right": 0}),
        ("gradient_boosting", forge_boosted, {"feature_idx": 4}),
        ("gradient_boosting", forge_boosted, {"is_categorical": 1}),
        ("knn", forge_neighbours, {"row": 10**9}),
        ("knn", forge_neighbours, {"n_bounds": 1}),
        ("rbf_svc", forge_svc, {"kernel": "precomputed", "shape_fit_": (4, 4)}),
        ("rbf_svc", forge_svc, {"_n_support": np.array([1000, 1, 1], dtype=np.int32)}),
        ("rbf_svc", forge_svc, {"_dual_coef_": np.zeros((2, 1))}),
        ("rbf_svc", forge_svc, {"_intercept_": np.zeros(1)}),
    ],
)
def test_positions_out_of_bounds_are_refused(data, name, forge, changes):
    model = fitted(name, data)
    forge(model, **changes)
    with pytest.raises(BundleError, match="are out of bounds; the model is damaged or forged, refused"):
        estimators.load(estimators.dump(model), where="m.skops")


@pytest.mark.parametrize(
    "name", ["linear_svc", "rbf_svc", "knn", "random_forest", "extra_trees", "gradient_boosting"]
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_models_that_were_fitted_pass(data, name, n_classes):
    X, y = data
    rows = np.isin(y, ["a", "b", "c"][:n_classes])
    model = fitted(name, (X[rows], y[rows]))
    loaded = estimators.load(estimators.dump(model), where="m.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_whatever_a_forged_model_raises_is_a_refusal(data):
    X, y = data
    model = fitted("sklearn_mlp", data)
    model[-1].activation = "nope"
    loaded = estimators.load(estimators.dump(model), where="m.skops")
    proba = members._estimator(loaded, tuple(sorted(set(y))), "m.skops")
    with pytest.raises(BundleError, match="does not fit its features or classes"):
        proba(X[0])

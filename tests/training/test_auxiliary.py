"""Auxiliary outputs: trained beside the classes, absent from the network that predicts."""

import keras
import numpy as np
import pytest
from toys.tables import CLASSES, make_features, make_index

from sercore import models, training
from sercore.errors import SercoreError
from sercore.splits import make_folds
from sercore.training import networks
from sercore.training.auxiliary import add_outputs, auxiliary_targets
from sercore.training.fit_loop import Batches

QUICK = {"early_stopping": False, "epochs": 8, "learning_rate": 0.02}


@pytest.fixture
def index():
    """Every other clip is strong, half of the clips have no known intensity."""
    index = make_index()
    labels = np.array(["normal", "strong", "", ""])[np.arange(len(index)) % 4]
    return index.assign(intensity=labels, take="one")


@pytest.fixture
def X(index, rng):
    """The last column is the intensity, also of clips whose label is missing."""
    return np.column_stack([make_features(index, rng), 2.0 * (np.arange(len(index)) % 2)])


def fit(index, X, *, rows=None, **fit_params):
    rows = np.arange(len(index)) if rows is None else rows
    return training.fit_network(
        index, X, rows, CLASSES, model="mlp", model_params={"hidden": (8,), "dropout": 0.0},
        fit_params=QUICK | fit_params,
    )  # fmt: skip


def test_targets(index):
    targets = auxiliary_targets(index.assign(intensity=index["intensity"].replace("", np.nan)), ["intensity"])
    assert targets["intensity"][:4].tolist() == [[1, 0], [0, 1], [0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pace", "'pace' must be a column of the index other than the class; there are: corpus, "),
        ("label", "'label' must be a column of the index other than the class"),
        ("take", r"'take' has 1 value\(s\) \['one'\] in the training clips"),
    ],
)
def test_impossible_labels_raise(index, X, name, message):
    with pytest.raises(SercoreError, match=message):
        fit(index, X, auxiliary=(name,))
    with pytest.raises(SercoreError, match=message):
        training.out_of_fold(index, X, CLASSES, model="mlp", fit_params={"auxiliary": (name,)})


def test_name_instead_of_list_raises(index):
    with pytest.raises(SercoreError, match=r"must be a list of columns, such as \('intensity',\)"):
        auxiliary_targets(index, "intensity")


def test_network_without_output_layer_raises(index):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="other")], name="mine")
    with pytest.raises(SercoreError, match="'mine' has no output layer named 'proba'"):
        add_outputs(network, auxiliary_targets(index, ["intensity"]))


def test_batches():
    one_hot = np.array([[1, 0], [0, 0], [0, 1], [0, 0]], np.float32)
    X, y = np.arange(4.0)[:, None], np.array([0, 1, 0, 1])
    batches = Batches(X, y, 2, auxiliary={"intensity": one_hot}, batch_size=2)
    for rows, target, weight in (batches[k] for k in range(2)):
        clips = rows[:, 0].astype(int)
        np.testing.assert_array_equal(target["proba"], np.eye(2)[y[clips]])
        np.testing.assert_array_equal(target["intensity"], one_hot[clips])
        np.testing.assert_array_equal(weight["intensity"], one_hot[clips].sum(axis=1))


def test_mixup_blends_auxiliary_labels():
    one_hot = np.eye(2, dtype=np.float32)[np.arange(20) % 2] * (np.arange(20) < 10)[:, None]
    batches = Batches(np.arange(20.0)[:, None], np.arange(20) % 2, 2, auxiliary={"a": one_hot}, mixup=1.0)
    known = np.concatenate([batches[k][2]["a"] for k in range(len(batches))])
    assert ((known > 0.05) & (known < 0.95)).any(), "no clip with a label is mixed with one without"


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_missing_labels_change_nothing(mixup, index, X, monkeypatch):
    """The auxiliary output keeps its weights: a softmax of zeros has a loss of 0, but not a gradient of 0."""
    trained = []

    def noted(*args, **options):
        trained.append(add_outputs(*args, **options))
        return trained[0]

    monkeypatch.setattr(networks, "add_outputs", noted)
    network = models.build("mlp", X.shape[1], len(CLASSES), hidden=(8,))
    training.fit(
        network, list(X), index["label"].map(CLASSES.index).to_numpy(), epochs=2, learning_rate=0.05,
        auxiliary={"intensity": np.zeros((len(X), 2))}, auxiliary_weight=1.0, mixup=mixup,
    )  # fmt: skip
    untrained = add_outputs(network, {"intensity": np.zeros((1, 2))}, seed=0)
    kernels = [one.get_layer("auxiliary_intensity").get_weights()[0] for one in (*trained, untrained)]
    np.testing.assert_array_equal(*kernels)


def test_share_of_labels_in_blends():
    one_hot = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    batches = Batches(np.ones((4, 3)), np.array([0, 1, 0, 1]), 2, mixup=0.4, auxiliary={"intensity": one_hot})
    _, targets, weights = batches[0]
    assert ((weights["intensity"] >= 0) & (weights["intensity"] <= 1)).all()
    labelled = weights["intensity"] > 0
    np.testing.assert_allclose(targets["intensity"].sum(axis=1), labelled, atol=1e-6)


def test_auxiliary_output_is_trained_and_network_has_one_output(index, X):
    fitted = fit(index, X, auxiliary=("intensity",), auxiliary_weight=1.0)
    losses = fitted.history["intensity_loss"]
    assert losses.iloc[-1] < 0.6 * losses.iloc[0]
    assert list(fitted.history) == ["loss", "accuracy", "intensity_loss", "seconds"]
    plain = models.build("mlp", X.shape[1], len(CLASSES), hidden=(8,))
    assert fitted.n_weights == plain.count_params()
    assert fitted(X).shape == (len(X), len(CLASSES))


@pytest.mark.slow
def test_weight_zero_changes_nothing_and_weight_one_does(index, X):
    plain, zero, one = (
        fit(index, X, **changed)(X)
        for changed in (
            {},
            {"auxiliary": ("intensity",), "auxiliary_weight": 0.0},
            {"auxiliary": ("intensity",), "auxiliary_weight": 1.0},
        )
    )
    np.testing.assert_allclose(zero, plain, atol=1e-5)
    assert np.abs(one - plain).max() > 1e-3


@pytest.mark.slow
def test_prediction_needs_no_auxiliary_labels(index, X):
    """Labels of test clips are not read: other labels there give the same predictions."""
    fold = make_folds(index, "speaker", n_folds=3)[0]
    other = index["intensity"].where(~np.isin(np.arange(len(index)), fold.test), "whispered")
    proba = [
        fit(changed, X, rows=fold.train, epochs=2, auxiliary=("intensity",))(X[fold.test])
        for changed in (index, index.assign(intensity=other))
    ]
    np.testing.assert_array_equal(*proba)


def test_fold_cache_depends_on_auxiliary_labels_only_if_used(index, X):
    from sercore.training.jobs import Job

    def digest(index, **fit_params):
        return Job(index, X, CLASSES, "mlp", fit_params=fit_params).digest()

    other = index.assign(intensity="strong")
    assert digest(index) == digest(other)
    assert digest(index, auxiliary=["intensity"]) != digest(other, auxiliary=["intensity"])

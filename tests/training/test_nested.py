"""Regularisation chosen on inner speakers."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from toys.tables import CLASSES, make_features, make_index

from sercore import training
from sercore.splits import make_folds
from sercore.training import nested


@pytest.fixture
def index():
    return make_index()


@pytest.fixture
def X(index, rng):
    return make_features(index, rng)


@pytest.fixture
def fold(index):
    return make_folds(index, "speaker", n_folds=3)[0]


def test_choice_does_not_depend_on_test_rows(index, X, fold):
    chosen = nested.choose_c(index, X, fold.train)
    changed, other = X.copy(), index.copy()
    changed[fold.test] = 1e3
    other.loc[fold.test, "label"] = CLASSES[0]
    assert nested.choose_c(other, changed, fold.train) == chosen
    assert chosen in nested.C_GRID


def test_weak_features_need_more_regularisation(index, fold, rng):
    noise = rng.standard_normal((len(index), 300)).astype(np.float32)
    clear = noise.copy()
    clear[np.arange(len(index)), [CLASSES.index(label) for label in index["label"]]] += 30
    assert nested.choose_c(index, noise, fold.train) < nested.choose_c(index, clear, fold.train)


def test_model_is_logistic_regression_with_the_chosen_c(index, X, fold):
    fitted = training.fit_classical(index, X, fold.train, model="logistic_nested")
    chosen = nested.choose_c(index, X, fold.train)
    same = training.fit_classical(index, X, fold.train, model="logistic", model_params={"C": chosen})
    np.testing.assert_array_equal(fitted.predict_proba(X), same.predict_proba(X))


def test_versions_seed_and_scaling_reach_the_choice(index, X, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "sercore.training.classical.choose_c", lambda *_, **options: asked.append(options) or 0.01
    )
    options = {"augmented": [X], "seed": 3, "scale": False}
    training.fit_classical(index, X, np.arange(len(X)), model="logistic_nested", **options)
    assert asked == [options]


def test_out_of_fold(index, X):
    oof = training.out_of_fold(
        index, X, CLASSES, model="logistic_nested", split="speaker", n_folds=3, progress=False
    )
    assert len(oof) == len(index)


def test_rotation_of_integers_and_of_constant_rows(index, rng):
    counts = rng.integers(0, 9, size=(12, 40))
    for whole, real in zip(
        nested.rotate(counts[:8], counts[8:]), nested.rotate(*np.split(counts * 1.0, [8])), strict=True
    ):
        np.testing.assert_allclose(whole, real, atol=1e-4)
    constant = np.ones((len(index), 2 * len(index)))
    oof = training.out_of_fold(index, constant, CLASSES, model="logistic_nested", n_folds=3, progress=False)
    assert np.isfinite(oof.filter(regex="^p_")).all(axis=None)


def test_rotation_does_not_change_probabilities(rng):
    train, test = rng.standard_normal((20, 50)), rng.standard_normal((5, 50))
    y = np.arange(20) % 3
    rotated, rotated_test = nested.rotate(train, test)
    assert rotated.shape == (20, 20)
    settings = {"C": 0.1, "tol": 1e-8, "max_iter": 1000}
    found = LogisticRegression(**settings).fit(rotated, y).predict_proba(rotated_test)
    expected = LogisticRegression(**settings).fit(train, y).predict_proba(test)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_names_of_speakers_do_not_lead_out_of_the_cache(index, X, tmp_path):
    """They come from a table that somebody else may have sent."""
    names = {name: f"../../{k}/x" for k, name in enumerate(index["speaker"].unique())}
    evil = index.assign(speaker=index["speaker"].map(names))
    cache = tmp_path / "deep" / "cache"
    oof = training.out_of_fold(evil, X, CLASSES, model="lda", split="loso", folder=cache, progress=False)
    assert set(oof["fold"]) == set(names.values())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == len(names)
    assert {path.parent for path in files} == {cache}

"""Permutation importance and ablation of groups of columns."""

import numpy as np
import pandas as pd
import pytest
from toys.tables import CLASSES, make_index

from sercore import interpret
from sercore.evaluation import scalar_metrics, unpack
from sercore.interpret import importance
from sercore.training import out_of_fold

GROUPS = {"cue": [0, 1], "duplicate": [2, 3], "noise": [4, 5]}


@pytest.fixture
def index():
    return make_index()


@pytest.fixture
def X(index, rng):
    """Two columns that determine the class, the same two again, and two of noise."""
    codes = pd.Categorical(index["label"], categories=CLASSES).codes
    cue = np.stack([codes == 0, codes == 1], axis=1) + 0.1 * rng.normal(size=(len(index), 2))
    noise = rng.normal(size=(len(index), 2))
    return np.concatenate([cue, cue, noise], axis=1).astype(np.float32)


def test_permutation_importance(index, X):
    used = interpret.permutation_importance(index, X, CLASSES, GROUPS, model="knn", n_repeats=2)
    assert list(used.index[:2]) in (["cue", "duplicate"], ["duplicate", "cue"])
    assert used["cue"] > 0.05
    assert abs(used["noise"]) < 0.05
    both = interpret.permutation_importance(index, X, CLASSES, {"both": [0, 1, 2, 3]}, model="knn")
    assert both["both"] > 0.4


def test_constant_columns_lose_nothing(index, X):
    X[:, 4:] = 1.0
    used = interpret.permutation_importance(index, X, CLASSES, GROUPS, model="lda")
    assert used["noise"] == 0.0


def test_interval_of_noise_includes_zero(index, X):
    noisy = X + np.random.default_rng(1).normal(0, 0.6, X.shape).astype(np.float32)
    groups = {"both": [0, 1, 2, 3], "noise": [4, 5]}
    table = interpret.permutation_intervals(index, noisy, CLASSES, groups, model="logistic", n_repeats=20)
    assert list(table.columns) == ["lost", "low", "high"]
    assert abs(table.loc["noise", "lost"]) < 0.02
    assert table.loc["noise", "low"] <= 0 <= table.loc["noise", "high"]
    assert table.loc["both", "low"] > 0.1
    assert table.loc["both", "low"] <= table.loc["both", "lost"] <= table.loc["both", "high"]


def test_interval_is_of_the_paired_difference(index, X):
    """Constant columns change no prediction when they are permuted: the interval is a point."""
    noisy = X + np.random.default_rng(1).normal(0, 0.6, X.shape).astype(np.float32)
    noisy[:, 4:] = 1.0
    table = interpret.permutation_intervals(index, noisy, CLASSES, {"constant": [4, 5]}, model="lda")
    assert table.loc["constant", ["lost", "low", "high"]].tolist() == [0, 0, 0]


def test_permuting_all_columns_leaves_chance_level(index, X):
    oof = out_of_fold(index, X, CLASSES, model="lda", progress=False)
    whole = scalar_metrics(*unpack(oof)[:3])["ua"]
    everything = {"all": list(range(6))}
    used = interpret.permutation_importance(index, X, CLASSES, everything, model="lda", n_repeats=200)
    assert used["all"] == pytest.approx(whole - 1 / 3, abs=0.02)


def test_interval_needs_four_speakers(index, X):
    two = index["speaker"].isin(["demo-0", "demo-1"])
    table = interpret.permutation_intervals(
        index[two].reset_index(drop=True), X[two], CLASSES, GROUPS, model="lda"
    )
    assert table["lost"].notna().all()
    assert table[["low", "high"]].isna().all(axis=None)


def test_ablation_of_duplicated_groups(index, X):
    table = interpret.ablation(index, X, CLASSES, GROUPS, model="lda", progress=False)
    assert abs(table.loc["cue", "lost"]) < 0.02
    assert table.loc["cue", "alone"] > 0.95
    assert table.loc["noise", "alone"] < 0.6
    table = interpret.ablation(
        index, X, CLASSES, {"both": [0, 1, 2, 3], "noise": [4, 5]}, model="lda", progress=False
    )
    assert table.loc["both", "lost"] > 0.4


def test_importance_is_measured_on_other_speakers(index, X, monkeypatch):
    trained_on = []
    fit = importance.fit_classical
    monkeypatch.setattr(
        importance,
        "fit_classical",
        lambda index, X, train, **o: trained_on.append(train) or fit(index, X, train, **o),
    )
    interpret.permutation_importance(index, X, CLASSES, GROUPS, model="knn", n_repeats=1)
    speakers = index["speaker"].to_numpy()
    assert len(trained_on) == 6
    assert all(len(set(speakers[train])) == 5 for train in trained_on)

"""What a model on a table uses and needs: found where it is known, nothing where there is nothing."""

import numpy as np
import pandas as pd
import pytest

from sercore import interpret
from sercore.evaluation import scalar_metrics, unpack
from sercore.interpret import importance
from sercore.training import out_of_fold

CLASSES = ("neutral", "sad", "angry")
GROUPS = {"tells": [0, 1], "copy": [2, 3], "noise": [4, 5]}


@pytest.fixture
def index():
    """Six speakers who say every class four times."""
    rows = [
        {"corpus": "demo", "speaker": f"demo-{who}", "label": label, "sentence": f"s{take % 2}"}
        for who in range(6)
        for label in CLASSES
        for take in range(4)
    ]
    return pd.DataFrame(rows).assign(clip_id=[f"demo/{k:03d}" for k in range(len(rows))])


@pytest.fixture
def told(index, rng):
    """Two columns that tell the class, the same two again, and two that tell nothing."""
    codes = pd.Categorical(index["label"], categories=CLASSES).codes
    tells = np.stack([codes == 0, codes == 1], axis=1) + 0.1 * rng.normal(size=(len(index), 2))
    noise = rng.normal(size=(len(index), 2))
    return np.concatenate([tells, tells, noise], axis=1).astype(np.float32)


def test_permuting_finds_what_is_used(index, told):
    used = interpret.permutation_importance(index, told, CLASSES, GROUPS, model="knn", n_repeats=2)
    assert list(used.index[:2]) in (["tells", "copy"], ["copy", "tells"])
    assert used["tells"] > 0.05
    assert abs(used["noise"]) < 0.05
    both = interpret.permutation_importance(index, told, CLASSES, {"both": [0, 1, 2, 3]}, model="knn")
    assert both["both"] > 0.4


def test_permuting_constant_columns_loses_nothing(index, told):
    told[:, 4:] = 1.0
    used = interpret.permutation_importance(index, told, CLASSES, GROUPS, model="lda")
    assert used["noise"] == 0.0


def test_a_random_column_is_worth_nothing_and_its_interval_says_so(index, told):
    hard = told + np.random.default_rng(1).normal(0, 0.6, told.shape).astype(np.float32)
    groups = {"both": [0, 1, 2, 3], "noise": [4, 5]}
    table = interpret.permutation_intervals(index, hard, CLASSES, groups, model="logistic", n_repeats=20)
    assert list(table.columns) == ["lost", "low", "high"]
    assert abs(table.loc["noise", "lost"]) < 0.02
    assert table.loc["noise", "low"] <= 0 <= table.loc["noise", "high"]
    assert table.loc["both", "low"] > 0.1
    assert table.loc["both", "low"] <= table.loc["both", "lost"] <= table.loc["both", "high"]


def test_the_loss_is_the_out_of_fold_ua_minus_that_of_exchanged_columns(index, told):
    """All columns exchanged among the clips of a fold leave chance; the whole is that of out_of_fold."""
    oof = out_of_fold(index, told, CLASSES, model="lda", progress=False)
    whole = scalar_metrics(*unpack(oof)[:3])["ua"]
    everything = {"all": list(range(6))}
    used = interpret.permutation_importance(index, told, CLASSES, everything, model="lda", n_repeats=200)
    assert used["all"] == pytest.approx(whole - 1 / 3, abs=0.02)


def test_interval_needs_four_speakers(index, told):
    two = index["speaker"].isin(["demo-0", "demo-1"])
    table = interpret.permutation_intervals(
        index[two].reset_index(drop=True), told[two], CLASSES, GROUPS, model="lda"
    )
    assert table["lost"].notna().all()
    assert table[["low", "high"]].isna().all(axis=None)


def test_training_without_a_copied_group_loses_nothing_and_without_both_everything(index, told):
    table = interpret.ablation(index, told, CLASSES, GROUPS, model="lda", progress=False)
    assert abs(table.loc["tells", "lost"]) < 0.02
    assert table.loc["tells", "alone"] > 0.95
    assert table.loc["noise", "alone"] < 0.6
    table = interpret.ablation(
        index, told, CLASSES, {"both": [0, 1, 2, 3], "noise": [4, 5]}, model="lda", progress=False
    )
    assert table.loc["both", "lost"] > 0.4


def test_importance_is_that_of_unseen_speakers(index, told, monkeypatch):
    seen = []
    fit = importance.fit_classical
    monkeypatch.setattr(
        importance,
        "fit_classical",
        lambda index, X, train, **o: seen.append(train) or fit(index, X, train, **o),
    )
    interpret.permutation_importance(index, told, CLASSES, GROUPS, model="knn", n_repeats=1)
    people = index["speaker"].to_numpy()
    assert len(seen) == 6
    assert all(len(set(people[train])) == 5 for train in seen)

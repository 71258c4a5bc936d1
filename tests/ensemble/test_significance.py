"""Gain, cost and diversity of ensembles."""

import numpy as np
import pandas as pd
import pytest
from toys.predictions import N_CLIPS, metrics

from sercore import ensemble
from sercore.course.benchmarks.ensembles import synthetic
from sercore.errors import EvaluationError


def test_disagreement_and_error_correlation(rng):
    codes = rng.integers(0, 3, 900)
    wrong = rng.random(900) < 0.3
    first = np.where(wrong, (codes + 1) % 3, codes)
    independent = np.where(rng.random(900) < 0.3, (codes + 1) % 3, codes)
    members = synthetic(900, 3, 4)
    proba = np.stack([np.eye(3)[choice] for choice in (first, first, independent, codes)])
    known = ensemble.Members(("a", "b", "c", "right"), members.classes, proba, codes, members.rows)
    differ, correlated = ensemble.disagreement(known), ensemble.error_correlation(known)
    assert differ.loc["a", "b"] == 0
    assert (np.diag(differ) == 0).all()
    assert differ.loc["a", "right"] == pytest.approx(wrong.mean())
    assert correlated.loc["a", "b"] == pytest.approx(1)
    assert abs(correlated.loc["a", "c"]) < 0.1
    assert correlated["right"].isna().all()
    pd.testing.assert_frame_equal(differ, differ.T, check_names=False)


def test_pairwise_diversity(members):
    table = ensemble.pairwise_diversity(members)
    assert len(table) == 6
    assert (table["disagreement"].diff().dropna() <= 0).all()
    row = table.query("a == 'model00' and b == 'model03'").iloc[0]
    both = ensemble.soft_vote(ensemble.align(members, members=["model00", "model03"]))
    assert row["both"] == pytest.approx(metrics(both)["ua"])
    assert row["gain"] == pytest.approx(row["both"] - row["best"])
    alone = [
        metrics(members.table(members.proba[members.names.index(name)], name))["ua"]
        for name in ("model00", "model03")
    ]
    assert (row["best"], row["gap"]) == (pytest.approx(max(alone)), pytest.approx(abs(np.subtract(*alone))))
    assert ensemble.pairwise_diversity(members.pick(["model01"])).empty


def test_compare_systems(members):
    with_costs = ensemble.Members(
        members.names, members.classes, members.proba, members.codes, members.rows, np.ones((4, N_CLIPS, 3))
    )
    found = ensemble.evaluate_nested(with_costs, systems=["best_single", "equal", "oracle"], progress=False)
    table = ensemble.compare_systems(found.oof, n_boot=100)
    assert list(zip(table["system"], table["baseline"], strict=True)) == [
        ("best_single", "equal"), ("equal", "best_single"),
        ("oracle", "best_single"), ("oracle", "equal"),
    ]  # fmt: skip
    oracle = table.iloc[3]
    assert oracle["low"] > 0
    assert oracle["p"] < 0.05
    assert oracle["difference"] == pytest.approx(oracle["ua"] - table.iloc[1]["ua"])
    assert table["ms_per_clip"].tolist() == [1, 4, 4, 4]
    with pytest.raises(EvaluationError, match=r"no system named \['svc'\] to compare with"):
        ensemble.compare_systems(found.oof, baselines=["svc"])


def test_gain_by_members(members):
    table = ensemble.gain_by_members(members)
    assert table["n_members"].value_counts().to_dict() == {1: 4, 2: 6, 3: 4, 4: 1}
    chosen = table[table["members"] == "model01+model03"].iloc[0]
    vote = ensemble.soft_vote(members.pick(["model01", "model03"]))
    assert chosen["fitness"] == pytest.approx(metrics(vote)["ua"])
    assert chosen["best"] == table[table["members"].isin(["model01", "model03"])]["fitness"].max()
    assert table.groupby("n_members")["fitness"].mean().is_monotonic_increasing


def test_subsets_are_sampled():
    many = synthetic(60, 3, 9)
    table = ensemble.gain_by_members(many, per_size=20)
    assert table["n_members"].value_counts().sort_index().tolist() == [9, 20, 20, 20, 20, 20, 20, 9, 1]
    assert not table["members"].duplicated().any()
    assert (table["members"].str.count(r"\+") + 1 == table["n_members"]).all()
    again, other = (ensemble.gain_by_members(many, per_size=20, seed=seed) for seed in (0, 1))
    pd.testing.assert_frame_equal(table, again)
    assert not table["members"].equals(other["members"])
    assert len(ensemble.gain_by_members(synthetic(20, 2, 12))) == 2**12 - 1


def test_few_tuning_speakers_overfit(members):
    table = ensemble.gain_by_tuning(
        members, [1, 12], systems=["optimum"], repeats=1, progress=False
    ).set_index("n_speakers")
    optimism = table["tuned"] - table["held_out"]
    assert optimism[1] > optimism[12] + 0.03


def test_every_repeat_draws_other_tuning_speakers(members):
    table = ensemble.gain_by_tuning(members, [2], systems=["equal"], repeats=3, progress=False)
    assert table["tuned"].nunique() == 3

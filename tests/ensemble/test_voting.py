"""Votes of several models."""

import numpy as np
import pandas as pd
import pytest
from toys.predictions import metrics, one_clip

from sercore import ensemble, evaluation, training
from sercore.errors import EvaluationError


def test_votes_match_hand_computed_values():
    table = one_clip(0.4, 0.4, 0.9)
    assert ensemble.soft_vote(table)["p_a"].item() == pytest.approx(17 / 30)
    assert ensemble.majority_vote(table)["p_a"].item() == pytest.approx(1 / 3, abs=1e-5)
    odds = (4 * 4 * 9 / (6 * 6 * 1)) ** (1 / 3)
    assert ensemble.mean_logits(table)["p_a"].item() == pytest.approx(odds / (1 + odds))
    veto = one_clip(0.6, 0.6, 0.0)
    assert ensemble.mean_logits(veto)["p_a"].item() < 0.1 < ensemble.soft_vote(veto)["p_a"].item()
    tie = ensemble.majority_vote(one_clip(0.9, 0.4))
    assert tie["p_a"].item() == pytest.approx(0.5, abs=1e-5)
    assert tie["p_a"].item() > tie["p_b"].item()


def test_oracle(members, oof):
    right = (members.proba.argmax(axis=-1) == members.codes).any(axis=0)
    assert metrics(ensemble.oracle(oof))["wa"] == pytest.approx(right.mean())
    assert right.mean() < 1
    # a correct member with 0.4 is preferred to a wrong one with 0.45 for the true class
    narrow = one_clip(0.45, 0.4).assign(p_b=[0.55, 0.3], p_c=[0.0, 0.3])
    assert ensemble.oracle(narrow)["p_a"].item() == 0.4


@pytest.mark.parametrize("vote", [ensemble.soft_vote, ensemble.majority_vote, ensemble.mean_logits])
def test_all_weight_on_one_member(oof, members, vote):
    alone = vote(oof, {name: float(name == "model02") for name in members.names})
    assert metrics(alone)["ua"] == pytest.approx(metrics(oof[oof["model"] == "model02"])["ua"])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"model00": 1.0}, "weights are for"),
        (dict.fromkeys(["model00", "model01", "model02", "svc"], 1.0), "weights are for"),
        (dict.fromkeys(["model00", "model01", "model02", "model03"], 0.0), "not all 0"),
        ({"model00": -1.0, "model01": 1.0, "model02": 1.0, "model03": 1.0}, "0 or more"),
        (dict.fromkeys(["model00", "model01", "model02", "model03"], float("nan")), "0 or more"),
    ],
)
def test_invalid_weights_raise(oof, weights, message):
    with pytest.raises(EvaluationError, match=message):
        ensemble.soft_vote(oof, weights)


def test_combine_proba(members):
    probas = dict(zip(members.names, members.proba, strict=True))
    weights = {name: float(k) for k, name in enumerate(members.names)}
    reordered = dict(reversed(probas.items()))
    expected = ensemble.soft_vote(members, weights).filter(regex="^p_").to_numpy()
    for given in (weights, pd.Series(weights)):
        np.testing.assert_allclose(ensemble.combine_proba(reordered, given), expected)
    with pytest.raises(EvaluationError, match="same clips and classes"):
        ensemble.combine_proba(probas | {"model00": members.proba[0][:5]})


def test_costs_of_used_members_are_summed(oof):
    spent = oof["model"].map({"model00": 1.0, "model01": 10.0, "model02": 100.0, "model03": np.nan})
    with_costs = oof.assign(**dict.fromkeys(training.COSTS, spent))
    some = ensemble.soft_vote(with_costs, {"model00": 1.0, "model01": 0.0, "model02": 1.0, "model03": 0.0})
    assert set(some["ms_per_clip"]) == {101.0}
    assert ensemble.soft_vote(with_costs)["parameters"].isna().all()


def test_score_votes(members):
    weights = {"one": {"model00": 1.0, "model01": 0.0, "model02": 0.0, "model03": 0.0},
               "equal": dict.fromkeys(members.names, 1.0)}  # fmt: skip
    table = ensemble.score_votes(members, weights)
    for name, vote in weights.items():
        scored = evaluation.evaluate_oof(ensemble.soft_vote(members, vote))
        assert table.loc[name, "ua"] == pytest.approx(scored["ua"])
        assert table.loc[name, "low"] < scored["ua"] < table.loc[name, "high"]
    one = table.loc["one"]
    assert one["difference"] == pytest.approx(one["ua"] - table.loc["equal", "ua"])
    assert one["difference_low"] < one["difference"] < one["difference_high"]
    assert (table.loc["equal", ["difference", "difference_low", "difference_high"]] == 0).all()

"""Scores of weighted votes."""

import dataclasses

import numpy as np

from sercore import ensemble, evaluation
from sercore.course.benchmarks.ensembles import synthetic
from sercore.ensemble import score_votes

MEMBERS = synthetic(200, 4, 3)


def test_score_votes_agrees_with_evaluation():
    weights = {"model00": 0.2, "model01": 1.0, "model02": 0.0}
    equal = dict.fromkeys(weights, 1.0)
    found = score_votes(MEMBERS, {"mine": weights, "equal": equal})
    tables = [ensemble.soft_vote(MEMBERS, w) for w in (weights, equal)]
    for name, table in zip(found.index, tables, strict=True):
        scores = evaluation.evaluate_oof(table)
        expected = [scores[key] for key in ("ua", "ua_low", "ua_high")]
        np.testing.assert_allclose(found.loc[name, ["ua", "low", "high"]].astype(float), expected)
    apart = evaluation.compare_oof(*tables)
    columns = ["difference", "difference_low", "difference_high"]
    expected = [apart[key] for key in ("difference", "low", "high")]
    np.testing.assert_allclose(found.loc["mine", columns].astype(float), expected, atol=1e-12)
    assert abs(expected[0]) > 0.01


def test_draws_of_a_leaky_split_and_unknown_speakers():
    """A clip of several draws is one clip; without speakers there is no interval."""
    rows = MEMBERS.rows
    draws = dataclasses.replace(
        MEMBERS, rows=rows.assign(split="random", fold=np.where(np.arange(len(rows)) % 2, "1", "2"))
    )
    weights = {"equal": dict.fromkeys(MEMBERS.names, 1.0)}
    found = score_votes(draws, weights).loc["equal"]
    expected = evaluation.evaluate_oof(ensemble.soft_vote(draws))
    np.testing.assert_allclose(
        found[["ua", "low", "high"]].astype(float), [expected[k] for k in ("ua", "ua_low", "ua_high")]
    )
    nobody = dataclasses.replace(MEMBERS, rows=rows.assign(speaker=""))
    found = score_votes(nobody, weights).loc["equal"]
    assert found["ua"] > 0
    assert found[["low", "high"]].isna().all()

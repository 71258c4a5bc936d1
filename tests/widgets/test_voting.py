"""The weighted vote with sliders, without a browser."""

import numpy as np
import pytest

from sercore import ensemble, evaluation
from sercore.course import published
from sercore.course.benchmarks.ensembles import synthetic
from sercore.widgets import Voting

MEMBERS = synthetic(200, 4, 3)


def test_sliders_change_weights_and_score():
    voting = Voting(MEMBERS)
    assert voting.scores["difference"]["these weights"] == 0
    voting.sliders["model00"].value = 0.0
    assert "model00 0 percent, model01 50 percent, model02 50 percent" in voting.shares.value
    expected = evaluation.evaluate_oof(ensemble.soft_vote(MEMBERS, voting.weights))["ua"]
    assert voting.scores["ua"]["these weights"] == pytest.approx(expected)
    assert f"these weights {100 * expected:.1f}" in voting.lines.value
    assert "200 clips of 10 speakers, split speaker, seeds 1" in voting.message.value


def test_zero_weights_show_error():
    voting = Voting(MEMBERS)
    voting.put({})
    assert 'role="alert"' in voting.message.value
    assert "All weights are 0" in voting.message.value
    voting.buttons["best"].click()
    assert 'role="alert"' not in voting.message.value
    best = ensemble.best_single(MEMBERS, "ua").weights.idxmax()
    assert voting.weights == {name: float(name == best) for name in MEMBERS.names}


def test_zero_weights_are_no_look_and_climbing_starts_from_equal_ones():
    tuning, held = published.voting_halves()
    widget = Voting(tuning, closed=held)
    widget.put({})
    widget.open_closed()
    assert widget.n_looks == 0
    widget.climb()
    assert any(widget.weights.values())


def test_starts_with_tuned_weights_on_request():
    voting, tuned = Voting(MEMBERS), Voting(MEMBERS, tuned=True)
    voting.buttons["climb"].click()
    assert tuned.weights == voting.weights != dict.fromkeys(MEMBERS.names, 1.0)
    assert tuned.scores["difference"]["these weights"] > 0


def test_hill_climbing_does_not_lower_score():
    voting = Voting(MEMBERS)
    before = voting.scores["ua"]["these weights"]
    voting.buttons["climb"].click()
    assert voting.scores["ua"]["these weights"] >= before
    assert max(voting.weights.values()) == pytest.approx(1.0, abs=0.05)


def test_held_out_scores_are_shown_on_demand_and_counted():
    closed = (MEMBERS.rows["fold"] == "fold-1").to_numpy()
    voting = Voting(MEMBERS.take(~closed), closed=MEMBERS.take(closed))
    assert "held-out" not in voting.lines.value
    voting.buttons["open"].click()
    expected = ensemble.score_votes(voting.closed, {"equal": dict.fromkeys(MEMBERS.names, 1.0)})["ua"][
        "equal"
    ]
    assert f"held-out: these weights {100 * expected:.1f}" in voting.lines.value
    assert "scored 1×" in voting.message.value
    voting.sliders["model01"].value = 0.5
    assert "held-out" not in voting.lines.value
    voting.buttons["open"].click()
    assert "scored 2×" in voting.message.value
    assert "open" not in Voting(MEMBERS).buttons


def test_at_most_ten_members_have_sliders():
    many = synthetic(200, 4, 13)
    alone = ensemble.Fitness(many, "ua")(np.eye(13))
    dropped = sorted(np.argsort(-alone, kind="stable")[10:])
    expected = [name for k, name in enumerate(many.names) if k not in dropped]
    assert list(Voting(many).sliders) == expected

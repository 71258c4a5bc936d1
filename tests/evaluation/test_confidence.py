"""Temperature scaling and the risk–coverage curve."""

import numpy as np
import pytest
from scipy.special import softmax

from sercore import evaluation
from sercore.errors import EvaluationError
from sercore.evaluation import (
    apply_temperature,
    area_under_risk,
    fit_temperature,
    risk_coverage,
    temper_by_distance,
)


def make_sure(rng, *, temperature, n=4000):
    """Probabilities that are right as often as their temperature-scaled version promises."""
    logits = 2 * rng.normal(size=(n, 4))
    y = (softmax(logits, axis=1).cumsum(axis=1) > rng.random(n)[:, None]).argmax(axis=1)
    return softmax(logits * temperature, axis=1), y


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_is_recovered(rng, temperature):
    proba, y = make_sure(rng, temperature=temperature)
    assert fit_temperature(proba, y) == pytest.approx(temperature, rel=0.08)


def test_scaling_lowers_the_calibration_error_and_keeps_every_decision(rng):
    proba, y = make_sure(rng, temperature=4.0)
    scaled = apply_temperature(proba, fit_temperature(proba[::2], y[::2]))
    errors = [
        evaluation.expected_calibration_error(y[1::2], p[1::2], range(4), n_bins=15) for p in (proba, scaled)
    ]
    assert errors[0] > 0.2
    assert errors[1] < 0.05
    assert (scaled.argmax(axis=1) == proba.argmax(axis=1)).all()
    np.testing.assert_allclose(scaled.sum(axis=1), 1.0)


def test_temperatures_multiply(rng):
    proba = rng.dirichlet(np.ones(5), 20)
    np.testing.assert_allclose(
        apply_temperature(apply_temperature(proba, 2.0), 1.5), apply_temperature(proba, 3.0)
    )


def test_certain_and_wrong_predictions_have_a_finite_temperature():
    temperature = fit_temperature(np.eye(2)[[0, 0, 1, 1]], [0, 1, 0, 1])
    assert temperature == pytest.approx(20.0, rel=0.01)  # the upper end of the range


def test_confident_errors_raise_the_area():
    y = np.array([0, 0, 0, 0])
    good = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    bad = np.array([[0.6, 0.4], [0.8, 0.2], [0.7, 0.3], [0.05, 0.95]])
    areas = [area_under_risk(risk_coverage(proba, y)) for proba in (good, bad)]
    assert areas == pytest.approx([1 / 16, (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4])


def test_equal_confidence_is_one_point():
    curve = risk_coverage(np.array([[0.7, 0.3]] * 4), [0, 1, 1, 0])
    assert curve.to_numpy().tolist() == [[0.7, 1.0, 0.5]]


def test_other_scores_order_the_clips():
    proba = np.array([[0.9, 0.1], [0.8, 0.2]])
    assert risk_coverage(proba, [1, 0], scores=[0.0, 1.0])["risk"].tolist() == [0.0, 0.5]
    with pytest.raises(EvaluationError, match="3 scores for 2 clips"):
        risk_coverage(proba, [1, 0], scores=[0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("y", "message"), [(["sad", "sad"], "column numbers"), ([0, 2], "not among the classes")]
)
def test_labels_must_be_columns(y, message):
    with pytest.raises(EvaluationError, match=message):
        fit_temperature(np.full((2, 2), 0.5), y)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_impossible_temperature(temperature):
    with pytest.raises(EvaluationError, match="positive"):
        apply_temperature(np.array([0.5, 0.5]), temperature)


def test_confidence_falls_beyond_the_limit_only(rng):
    proba = rng.dirichlet(np.full(4, 0.3), 200)
    near, far = (temper_by_distance(proba, np.full(200, distance)) for distance in (1.0, 2.0))
    np.testing.assert_allclose(near, proba, atol=1e-9)
    assert (far.argmax(axis=1) == proba.argmax(axis=1)).all()
    assert (far.max(axis=1) < near.max(axis=1)).all()
    np.testing.assert_allclose(far, apply_temperature(proba, 4.0))


def test_infinitely_far_is_unknown():
    far = temper_by_distance(np.array([[1.0, 0.0], [0.9, 0.1], [0.9, 0.1]]), [np.inf, np.nan, 1e9])
    np.testing.assert_allclose(far, 0.5, atol=1e-6)


def test_no_decision_changes_with_the_distance():
    far = temper_by_distance(np.array([[0.1, 0.9]] * 4), [1e4, 1e8, 1e9, np.inf])
    assert far.argmax(axis=1).tolist() == [1, 1, 1, 1]


def test_equal_confidences_are_in_one_bin():
    """The order of the rows must not matter; three of four clips of confidence 0.75 are right."""
    proba, y = np.tile([0.75, 0.25], (300, 1)), np.repeat(["a", "b"], [225, 75])
    assert evaluation.debiased_calibration_error(y, proba, ["a", "b"]) == 0
    mixed = np.random.default_rng(0).choice([0.6, 0.75, 0.9, 1.0], size=400)
    proba, order = np.column_stack([mixed, 1 - mixed]), np.random.default_rng(1).permutation(400)
    y = np.where(np.arange(400) % 5 > 0, "a", "b")
    values = [
        evaluation.debiased_calibration_error(y[rows], proba[rows], ["a", "b"])
        for rows in (np.arange(400), order)
    ]
    assert values[0] == pytest.approx(values[1])
    with pytest.raises(EvaluationError, match="300 scores are NaN"):
        risk_coverage(np.tile([0.75, 0.25], (300, 1)), np.zeros(300, int), np.full(300, np.nan))


def test_bounded_loss_is_not_moved_by_a_few_confident_errors(rng):
    proba, y = make_sure(rng, temperature=1.0)
    wrong = np.flatnonzero(proba.max(axis=1) > 0.9)[:40]
    proba[wrong] = np.where(np.arange(4) == proba[wrong].argmax(axis=1)[:, None], 1 - 3e-9, 1e-9)
    y[wrong] = (proba[wrong].argmax(axis=1) + 1) % 4
    by_log, by_brier = (fit_temperature(proba, y, loss=loss) for loss in ("log", "brier"))
    assert by_log > 1.3
    assert by_brier == pytest.approx(1.0, abs=0.15)
    with pytest.raises(EvaluationError, match="loss is 'l2'; it must be one of log, brier"):
        fit_temperature(proba, y, loss="l2")


def test_brier_temperature_is_recovered(rng):
    proba, y = make_sure(rng, temperature=3.0)
    assert fit_temperature(proba, y, loss="brier") == pytest.approx(3.0, rel=0.08)


def test_few_speakers_draw_the_temperature_towards_1(rng):
    proba, y = make_sure(rng, temperature=4.0)
    few, many = (fit_temperature(proba, y, speakers=[f"s{k % n}" for k in range(len(y))]) for n in (2, 2000))
    assert 1.0 < few < 3.0 < many
    assert many == pytest.approx(fit_temperature(proba, y), rel=0.02)
    with pytest.raises(EvaluationError, match="there are 1 speakers for 4000 clips"):
        fit_temperature(proba, y, speakers=["anna"])


def test_debiased_error_is_near_0_for_perfect_probabilities_of_few_clips(rng):
    errors = []
    for _ in range(20):
        proba, y = make_sure(rng, temperature=1.0, n=400)
        kinds = (evaluation.expected_calibration_error, evaluation.debiased_calibration_error)
        errors.append([error(y, proba, range(4)) for error in kinds])
    plain, debiased = np.mean(errors, axis=0)
    assert plain > 0.035
    assert debiased < 0.03


def test_debiased_error_by_hand():
    """One of four right at 0.9: the gap 0.65 squared, less the variance 0.25 * 0.75 / 3."""
    error = evaluation.debiased_calibration_error(list("abbb"), [[0.9, 0.1]] * 4, "ab", n_bins=1)
    assert error == pytest.approx(0.6)


def test_debiased_error_finds_the_true_gap(rng):
    right = rng.random(20_000) < 0.6
    proba = np.tile([0.9, 0.1], (20_000, 1))
    error = evaluation.debiased_calibration_error(np.where(right, 0, 1), proba, (0, 1))
    assert error == pytest.approx(0.3, abs=0.02)
    with pytest.raises(EvaluationError, match="29 clips in 15 bins"):
        evaluation.debiased_calibration_error([0] * 29, proba[:29], (0, 1))

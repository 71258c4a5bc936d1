"""Nested evaluation and stacking: nothing is fitted on the speakers it is tested on."""

import numpy as np
import pytest
from toys.predictions import N_CLIPS, QUICK, long_table, metrics

from sercore import ensemble, evaluation, splits
from sercore.course.benchmarks.ensembles import synthetic
from sercore.ensemble import nested, stacking
from sercore.errors import EvaluationError, SplitError
from sercore.splits import Fold

slow = pytest.mark.slow


@pytest.mark.parametrize(
    "system",
    [
        "best_single",
        "equal",
        "genetic",
        "stack_logistic",
        pytest.param("optimum", marks=slow),
        pytest.param("stack_mlp", marks=slow),
    ],
)
def test_labels_of_held_out_speakers_have_no_influence(system):
    members = synthetic(240, 5, 3, n_folds=3)
    before = ensemble.evaluate_nested(members, systems=[system], settings=QUICK, progress=False)
    held = (members.rows["fold"] == "fold-2").to_numpy()
    codes = np.where(held, (members.codes + 1) % 5, members.codes)
    rows = members.rows.assign(label=[members.classes[code] for code in codes])
    swapped = ensemble.Members(members.names, members.classes, members.proba, codes, rows)
    after = ensemble.evaluate_nested(swapped, systems=[system], settings=QUICK, progress=False)
    one, other = (n.oof[n.oof["fold"] == "fold-2"].filter(regex="^p_") for n in (before, after))
    assert len(one) == held.sum()
    np.testing.assert_array_equal(one, other)
    if system not in ("best_single", "equal"):  # the labels do influence what is fitted for other folds
        elsewhere = [n.oof[n.oof["fold"] == "fold-1"].filter(regex="^p_") for n in (before, after)]
        assert not np.allclose(*elsewhere)


@slow
def test_evaluate_nested(members):
    found = ensemble.evaluate_nested(members, settings=QUICK, progress=False)
    assert list(dict.fromkeys(found.oof["model"])) == list(ensemble.SYSTEMS)
    scores = {name: evaluation.evaluate_oof(part, n_boot=10) for name, part in found.oof.groupby("model")}
    assert all(score["n_clips"] == N_CLIPS and score["split"] == "speaker" for score in scores.values())
    assert scores["oracle"]["ua"] > scores["genetic"]["ua"] > scores["best_single"]["ua"]
    best = found.weights[found.weights["system"] == "best_single"].filter(like="w_")
    assert (best.max(axis=1) == 1).all()
    part = members.take((members.rows["fold"] != "fold-1").to_numpy())
    row = found.weights.query("system == 'optimum' and fold == 'fold-1'").iloc[0]
    assert row["tuned"] == pytest.approx(ensemble.optimal_weights(part, seed=0).fitness)
    held = found.oof.query("model == 'optimum' and fold == 'fold-1'")
    assert row["held_out"] == pytest.approx(metrics(held)["macro_f1"])
    assert row["n_speakers"] == part.rows["speaker"].nunique()


def test_best_single_is_chosen_on_tuning_speakers(members):
    proba = members.proba.copy()
    fold = (members.rows["fold"] == "fold-1").to_numpy()
    proba[0, fold] = np.eye(5)[members.codes[fold]]
    perfect_in_fold_1 = ensemble.Members(members.names, members.classes, proba, members.codes, members.rows)
    found = ensemble.evaluate_nested(perfect_in_fold_1, systems=["best_single"], progress=False).weights
    assert ensemble.best_single(perfect_in_fold_1.take(fold)).weights["model00"] == 1
    assert found[found["fold"] == "fold-1"]["w_model00"].item() == 0


@pytest.mark.parametrize("system", ["best_single", "equal"])
def test_baselines_are_tuned_by_the_metric(members, system):
    found = ensemble.evaluate_nested(members, systems=[system], metric="log_loss", progress=False).weights
    tuning = members.take((members.rows["fold"] != "fold-1").to_numpy())
    tune = {"best_single": ensemble.best_single, "equal": ensemble.equal_weights}[system]
    assert found[found["fold"] == "fold-1"]["tuned"].item() == tune(tuning, "log_loss").fitness


def test_genetic_algorithm_has_the_settings_and_a_seed_for_each_fold(members, monkeypatch):
    asked, evolve = [], ensemble.evolve_weights
    monkeypatch.setattr(
        nested, "evolve_weights", lambda *args, **options: asked.append(options) or evolve(*args, **options)
    )
    ensemble.evaluate_nested(members, systems=["genetic"], settings=QUICK, seed=5, progress=False)
    assert [options["settings"] for options in asked] == [QUICK] * 3
    assert [options["seed"] for options in asked] == [5, 6, 7]


def test_number_of_tuning_speakers(members):
    found = ensemble.evaluate_nested(members, systems=["equal"], tuning_speakers=3, progress=False)
    assert set(found.weights["n_speakers"]) == {3}
    with pytest.raises(SplitError, match="tuning_speakers is 99; the other folds have 1 to"):
        ensemble.evaluate_nested(members, systems=["equal"], tuning_speakers=99, progress=False)


def test_tuning_and_held_out_speakers_are_disjoint(members):
    seeds = ensemble.align(long_table(members, seeds=(0, 1)))
    parts = nested._parts(seeds, None, 0)
    assert len(parts) == 2 * 3
    for tuning, held in parts:
        assert not set(tuning.rows["speaker"]) & set(held.rows["speaker"])
        assert len(tuning.rows) + len(held.rows) == N_CLIPS
        assert set(tuning.rows["seed"]) == set(held.rows["seed"])


def test_stack_rejects_speakers_it_was_fitted_on(members):
    fold = (members.rows["fold"] == "fold-1").to_numpy()
    stack = ensemble.fit_stack(members.take(~fold))
    table = stack.predict_oof(members.take(fold))
    assert metrics(table)["ua"] > 0.4
    with pytest.raises(SplitError, match=r"fitted on \d+ of these speakers"):
        stack.predict_oof(members)
    probas = dict(zip(members.names, members.proba[:, fold], strict=True))
    reordered = stack.predict(dict(reversed(probas.items())))
    np.testing.assert_allclose(reordered, table.filter(regex="^p_"))
    with pytest.raises(EvaluationError, match=r"the stack needs .* but got \['model00'\]"):
        stack.predict({"model00": members.proba[0]})


def test_penalty_is_chosen_on_inner_speakers(members, monkeypatch):
    tuning = members.take((members.rows["fold"] != "fold-1").to_numpy())
    chosen = {meta: ensemble.fit_stack(tuning, meta=meta).strength for meta in ensemble.META_MODELS}
    folds = []

    def spy(rows, positions, **options):
        assert set(rows["speaker"]) == set(tuning.rows["speaker"])
        folds.extend(splits.inner_folds(rows, positions, **options))
        return [Fold("in-sample", positions, positions)]  # scored on the training data

    monkeypatch.setattr(stacking, "inner_folds", spy)
    in_sample = {meta: ensemble.fit_stack(tuning, meta=meta).strength for meta in ensemble.META_MODELS}
    assert in_sample == {meta: min(stacking.STRENGTHS[meta]) for meta in ensemble.META_MODELS}
    assert chosen["logistic"] > in_sample["logistic"]
    for fold in folds:
        speakers = [set(tuning.rows["speaker"].iloc[part]) for part in (fold.train, fold.test)]
        assert not speakers[0] & speakers[1]
    assert len(folds) == 2 * 3
    assert ensemble.fit_stack(tuning, strength=2.5).strength == 2.5
    assert len(folds) == 2 * 3


def test_too_few_speakers_get_strongest_penalty(members):
    one_speaker = (members.rows["speaker"] == "toy-s000").to_numpy()
    codes = np.where(np.arange(20) < 19, members.codes[one_speaker] % 3, 4)  # one class with one clip
    rows = members.rows[one_speaker].assign(label=[members.classes[c] for c in codes])
    few = ensemble.Members(members.names, members.classes, members.proba[:, one_speaker], codes, rows)
    assert ensemble.fit_stack(few).strength == max(stacking.STRENGTHS["logistic"])

"""Fitness of weightings, and weights by baselines and by the genetic algorithm."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys.predictions import QUICK, metrics

from sercore import ensemble
from sercore.course.benchmarks.ensembles import synthetic
from sercore.ensemble import genetic_algorithm
from sercore.ensemble.fitness import refine
from sercore.errors import EvaluationError


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 6))
@settings(max_examples=15, deadline=None)
def test_fitness_equals_metrics_of_each_vote(seed, n_members, n_classes):
    members = synthetic(40, n_classes, n_members, seed=seed)
    candidates = np.random.default_rng(seed).dirichlet(np.ones(n_members), 3)
    single = [
        metrics(ensemble.soft_vote(members, dict(zip(members.names, weights, strict=True))))
        for weights in candidates
    ]
    for metric, sign in (("macro_f1", 1), ("ua", 1), ("log_loss", -1)):
        found = ensemble.Fitness(members, metric)(candidates)
        np.testing.assert_allclose(found, [sign * one[metric] for one in single])


def test_fitness_in_chunks(members, monkeypatch):
    candidates = np.random.default_rng(0).dirichlet(np.ones(4), 9)
    whole = ensemble.Fitness(members)(candidates)
    monkeypatch.setattr("sercore.ensemble.fitness._CELLS", 2 * members.proba[0].size)
    np.testing.assert_allclose(ensemble.Fitness(members)(candidates), whole)
    assert len(set(whole)) > 3


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8))
def test_to_simplex(genes):
    weights = ensemble.to_simplex(genes)[0]
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


def test_weight_landscape(members):
    three = members.pick(["model00", "model02", "model03"])
    grid = ensemble.weight_landscape(three, "macro_f1", steps=8)
    assert list(grid) == ["w_model00", "w_model02", "w_model03", "fitness"]
    assert len(grid) == 9 * 10 / 2
    np.testing.assert_allclose(grid.filter(like="w_").sum(axis=1), 1)
    assert not grid.duplicated().any()
    corner = grid[grid["w_model02"] == 1]["fitness"].item()
    assert corner == pytest.approx(ensemble.Fitness(three)(np.array([0, 1, 0]))[0])
    assert grid["fitness"].max() > corner
    with pytest.raises(EvaluationError, match=r"needs three members, but there are 4 \(model00"):
        ensemble.weight_landscape(members)


@pytest.mark.parametrize("metric", ensemble.METRICS)
@pytest.mark.parametrize("search", ["genetic", "voicevibes", "optimum"])
def test_never_below_baselines(search, metric):
    members = synthetic(120, 4, 3, seed=3)
    strong = members.proba.copy()
    strong[1] = np.eye(4)[members.codes] * 0.7 + 0.075  # one member that no vote can improve
    for case in (members, ensemble.Members("abc", members.classes, strong, members.codes, members.rows)):
        if search == "optimum":
            found = ensemble.optimal_weights(case, metric)
        else:
            preset = QUICK if search == "genetic" else replace(ensemble.PRESETS[search], restarts=1)
            found = ensemble.evolve_weights(case, metric, settings=preset, progress=False)
        assert found.fitness >= ensemble.best_single(case, metric).fitness
        assert found.fitness >= ensemble.equal_weights(case, metric).fitness
        scored = metrics(ensemble.soft_vote(case, found.weights))[metric]
        assert abs(scored) == pytest.approx(abs(found.fitness))
        assert found.weights.sum() == pytest.approx(1)
        assert (found.weights >= 0).all()


@pytest.mark.parametrize("metric", [pytest.param("macro_f1", marks=pytest.mark.slow), "log_loss"])
def test_genetic_algorithm_reaches_scipy_optimum(metric):
    members = synthetic(1000, 7, 6, seed=11)
    evolved = ensemble.evolve_weights(members, metric, progress=False)
    solved = ensemble.optimal_weights(members, metric)
    assert evolved.fitness >= solved.fitness - 0.002
    assert solved.fitness >= evolved.fitness - 0.004
    assert evolved.fitness > ensemble.equal_weights(members, metric).fitness + 0.005


def test_refinement_raises_fitness():
    members = synthetic(300, 7, 6, seed=4)
    short = ensemble.Evolution(population=12, generations=2, restarts=1, parents=4)
    rough = ensemble.evolve_weights(members, settings=replace(short, refined=False), progress=False)
    fine = ensemble.evolve_weights(members, settings=short, progress=False)
    assert fine.fitness > rough.fitness + 0.002
    assert fine.weights.sum() == pytest.approx(1)
    assert (fine.weights >= 0).all()
    assert not ensemble.PRESETS["voicevibes"].refined


def test_no_small_move_is_better_after_refinement(members):
    fitness, eye = ensemble.Fitness(members), np.eye(4)
    weights = refine(fitness, np.full(4, 0.25))
    moves = [weights + 0.003 * (eye[a] - eye[b]) for a in range(4) for b in range(4) if a != b]
    assert fitness(np.array(moves)).max() <= fitness(weights)[0]


def test_mutations_shrink_to_the_last_step(members, monkeypatch):
    import pygad

    made, run = [], pygad.GA.run
    monkeypatch.setattr(pygad.GA, "run", lambda ga: made.append(ga) or run(ga))
    ensemble.evolve_weights(members, settings=replace(QUICK, restarts=1), progress=False)
    ends = made[0].random_mutation_min_val, made[0].random_mutation_max_val
    assert ends == pytest.approx((-QUICK.last_mutation_step, QUICK.last_mutation_step))


def test_log_loss_optimum_is_global(members):
    found = ensemble.optimal_weights(members, "log_loss")
    fitness = ensemble.Fitness(members, "log_loss")
    around = np.random.default_rng(0).dirichlet(np.ones(4), 5000)
    near = found.weights.to_numpy() * 0.98 + around * 0.02
    assert fitness(np.vstack([around, near])).max() <= found.fitness + 1e-9


def test_seed_reproduces_weights_and_global_state_is_restored(members):
    np.random.seed(4)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (
        ensemble.evolve_weights(members, settings=QUICK, seed=seed, progress=False) for seed in (1, 1, 2)
    )
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    pd.testing.assert_frame_equal(one.history, same.history)
    pd.testing.assert_series_equal(one.weights, same.weights)
    assert not one.weights.equals(other.weights)
    one, same, other = (ensemble.optimal_weights(members, seed=seed).weights for seed in (3, 3, 4))
    pd.testing.assert_series_equal(one, same)
    assert not one.equals(other)


def test_history(members):
    found = ensemble.evolve_weights(members, settings=QUICK, progress=False)
    history = found.history
    assert list(history.groupby("restart").size()) == [QUICK.generations + 1] * QUICK.restarts
    assert list(history["generation"][: QUICK.generations + 1]) == list(range(QUICK.generations + 1))
    assert (history.groupby("restart")["best"].diff().dropna() >= 0).all()
    assert (history["mean"] < history["best"]).any()
    assert (history["mean"] <= history["best"] + 1e-12).all()
    weights = history.filter(like="w_")
    assert list(weights) == [f"w_{name}" for name in members.names]
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(ensemble.Fitness(members)(weights.to_numpy()), history["best"])
    assert history["best"].max() <= found.fitness
    plain = ensemble.evolve_weights(members, settings=replace(QUICK, refined=False), progress=False)
    pd.testing.assert_frame_equal(plain.history, history)
    assert history["best"].max() == pytest.approx(plain.fitness)


def test_population_is_scored_in_one_call(members, monkeypatch):
    sizes, inner = [], ensemble.Fitness.__call__

    def counted(self, weights):
        sizes.append(len(np.atleast_2d(weights)))
        return inner(self, weights)

    monkeypatch.setattr(ensemble.Fitness, "__call__", counted)
    ensemble.evolve_weights(members, settings=replace(QUICK, refined=False), progress=False)
    populations = [size for size in sizes if size > 5]  # smaller calls score starting points and winners
    assert len(populations) == QUICK.restarts * (QUICK.generations + 1)
    assert min(populations) >= QUICK.population // 2


@pytest.mark.parametrize("n_members", [1, 2, pytest.param(30, marks=pytest.mark.slow)])
def test_any_number_of_members(n_members):
    members = synthetic(60, 3, n_members)
    tiny = ensemble.Evolution(population=8, generations=3, restarts=1, parents=4)
    for found in (
        ensemble.evolve_weights(members, settings=tiny, progress=False),
        ensemble.optimal_weights(members),
        ensemble.optimal_weights(members, "log_loss"),
    ):
        assert list(found.weights.index) == list(members.names)
        assert found.fitness >= ensemble.best_single(members, found.metric).fitness


def test_blend_crossover(rng):
    parents = rng.random((5, 6))
    children = genetic_algorithm._blend(
        parents, (9, 6), SimpleNamespace(random_seed=3, generations_completed=1)
    )
    for k, child in enumerate(children):
        one, other = parents[k % 5], parents[(k + 1) % 5]
        mixed = np.isclose(child, (one + other) / 2)
        assert mixed.sum() == 3
        np.testing.assert_array_equal(child[~mixed], one[~mixed])
    assert len({tuple(np.isclose(c, parents[k % 5])) for k, c in enumerate(children)}) > 3


def test_voicevibes_preset_history():
    members = synthetic(60, 7, 6, seed=4)
    found = ensemble.evolve_weights(members, settings="voicevibes", progress=False)
    assert found.history.groupby("restart")["generation"].max().tolist() == [15] * 10
    assert (found.history.groupby("restart")["best"].diff().dropna() >= -1e-12).all()


def test_replacing_mutation_redraws_weights(monkeypatch):
    seen, score = [], ensemble.Fitness.__call__

    def recorded(self, candidates):
        seen.append(np.atleast_2d(candidates))
        return score(self, candidates)

    monkeypatch.setattr(ensemble.Fitness, "__call__", recorded)
    settings = ensemble.Evolution(
        population=12, generations=6, restarts=1, parents=4, mutation_share=1.0, replaced=True,
        mutation_step=1.0, last_mutation_step=1.0, refined=False,
    )  # fmt: skip
    ensemble.evolve_weights(synthetic(120, 3, 4, seed=1), "ua", settings=settings, progress=False)
    drawn = np.concatenate(seen)
    assert drawn.min() >= 0
    assert drawn.max() > 0.9


def test_unknown_names_raise(members):
    with pytest.raises(EvaluationError, match="no fitness named 'f1'; there are: macro_f1, ua, log_loss"):
        ensemble.evolve_weights(members, "f1")
    with pytest.raises(EvaluationError, match="no settings named 'fast'; there are: default, voicevibes"):
        ensemble.evolve_weights(members, settings="fast")
    with pytest.raises(EvaluationError, match=r"no system named \['best'\]"):
        ensemble.evaluate_nested(members, systems=["best"], progress=False)
    with pytest.raises(EvaluationError, match="no meta-model named 'forest'; there are: logistic, mlp"):
        ensemble.fit_stack(members, meta="forest")

"""The settings of VoiceVibes: its operators, run by PyGAD."""

from types import SimpleNamespace

import numpy as np

from sercore import ensemble
from sercore.course.benchmarks import ensembles
from sercore.ensemble import genetic_algorithm


def test_half_of_a_childs_weights_are_the_mean_of_both_parents(rng):
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


def test_the_preset_never_ends_below_the_best_member_or_equal_weights():
    members = ensembles.synthetic(300, 7, 6, seed=4)
    fitness = ensemble.Fitness(members, "macro_f1")
    found = ensemble.evolve_weights(members, settings="voicevibes", progress=False)
    alone = max(fitness(np.vstack([np.eye(6), np.full((1, 6), 1 / 6)])))
    assert found.fitness >= alone - 1e-12
    assert found.history.groupby("restart")["generation"].max().tolist() == [15] * 10
    assert (found.history.groupby("restart")["best"].diff().dropna() >= -1e-12).all()


def test_a_replaced_weight_is_drawn_anew_and_never_negative(monkeypatch):
    seen, score = [], ensemble.Fitness.__call__

    def watched(self, candidates):
        seen.append(np.atleast_2d(candidates))
        return score(self, candidates)

    monkeypatch.setattr(ensemble.Fitness, "__call__", watched)
    settings = ensemble.Evolution(
        population=12, generations=6, restarts=1, parents=4, mutation_share=1.0, replaced=True,
        mutation_step=1.0, last_mutation_step=1.0, refined=False,
    )  # fmt: skip
    ensemble.evolve_weights(ensembles.synthetic(120, 3, 4, seed=1), "ua", settings=settings, progress=False)
    drawn = np.concatenate(seen)
    assert drawn.min() >= 0
    assert drawn.max() > 0.9

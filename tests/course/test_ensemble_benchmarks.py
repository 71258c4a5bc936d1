"""Benchmarks of the genetic algorithm."""

import numpy as np
import pytest
from toys.predictions import long_table

from sercore import ensemble
from sercore.course.benchmarks import ensembles


@pytest.fixture(scope="module")
def members():
    return ensembles.synthetic(360, 5, 4, n_folds=3)


def test_loop_fitness_equals_fitness(members):
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    assert ensembles.loop_fitness(weights, members) == pytest.approx(ensemble.Fitness(members)(weights)[0])


@pytest.mark.slow
def test_shortfall(members):
    table = ensembles.shortfall(long_table(members, seeds=(0, 1)), metrics=["log_loss"])
    assert table["fold"].tolist() == ["fold-1", "fold-2", "fold-3"]
    tuning = members.take((members.rows["fold"] != "fold-2").to_numpy())
    assert table["optimum"][1] == pytest.approx(ensemble.optimal_weights(tuning, "log_loss").fitness)
    np.testing.assert_allclose(table["points"], 100 * (table["optimum"] - table["genetic"]))
    assert table["points"].between(-0.001, 0.2).all()


def test_time_generations():
    rows = ensembles.time_generations(n_clips=60, rounds=1)
    assert [unit for _, _, unit in rows] == ["ms", "ms", "× faster", "× faster"]
    assert rows[2][1] == pytest.approx(rows[1][1] / rows[0][1])

"""Weights of a soft vote, evolved by a genetic algorithm (PyGAD).

A candidate is one weight per member. Each generation evaluates the fitness of all candidates, selects
parents among the better ones, combines their weights (*crossover*), changes some weights at random
(*mutation*), and carries the best candidates over unchanged (*elitism*), so the best fitness never
falls. The initial population contains each member alone and equal weights beside random weightings: on
the tuning data the result is never worse than the best member. On other speakers it may be; see
:mod:`sercore.ensemble.nested`.

A genetic algorithm locates good regions quickly but converges slowly within them. The best candidate is
therefore *refined* by a local search at the end (a memetic algorithm).

References
----------
Gad: PyGAD: an intuitive genetic algorithm Python library. Multimedia Tools and Applications 83, 2024.

Moscato: On evolution, search, optimization, genetic algorithms and martial arts. Caltech C3P 826, 1989.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from .fitness import Fitness, Weighting, best_of, refine, starting_points, to_simplex
from .predictions import Members, align


@dataclass(frozen=True)
class Evolution:
    """Settings of the genetic algorithm.

    Parameters
    ----------
    population : int
        Candidates per generation, 4 or more.
    generations : int
        Generations after the initial population.
    restarts : int
        Independent runs; the best candidate of all runs is returned.
    parents : int
        Candidates selected as parents.
    elitism : int
        Best candidates that survive unchanged, 1 or more.
    selection, crossover, mutation : str
        PyGAD's ``parent_selection_type``, ``crossover_type`` and ``mutation_type``. The crossover may
        also be ``blend``: half of a child's weights are the mean of both parents' weights.
    tournament : int
        Candidates per tournament, if the selection is ``tournament``.
    mutation_share : float
        Probability that a weight of a child mutates.
    mutation_step, last_mutation_step : float
        Largest mutation in the first and in the last generation; it decays exponentially in between.
        Initial weights sum to 1.
    replaced : bool
        Whether a mutated weight is redrawn from 0 to the step, instead of changed by up to the step.
    refined : bool
        Whether the best candidate is improved by a local search at the end.

    Notebook: 06_ensembles.ipynb
    """

    population: int = 60
    generations: int = 100
    restarts: int = 4
    parents: int = 10
    elitism: int = 2
    selection: str = "sss"
    crossover: str = "uniform"
    mutation: str = "random"
    tournament: int = 3
    mutation_share: float = 0.5
    mutation_step: float = 0.3
    last_mutation_step: float = 0.005
    replaced: bool = False
    refined: bool = True


PRESETS = {
    "default": Evolution(),
    "voicevibes": Evolution(
        population=100, generations=15, restarts=10, parents=40, elitism=2,
        selection="tournament", tournament=5, crossover="blend",
        mutation_share=0.005 / 6, mutation_step=1.0, last_mutation_step=1.0, replaced=True, refined=False,
    ),
}  # fmt: skip
"""Named settings. ``voicevibes`` are those of the student project of that name, which implemented its own
loop: tournaments of five, 40 parents for 100 candidates, half of a child's weights averaged, one weight
in 1200 redrawn, an elite of two."""


def evolve_weights(
    oof: pd.DataFrame | Members,
    metric: str = "macro_f1",
    *,
    settings: str | Evolution = "default",
    seed: int = 0,
    progress: bool = True,
) -> Weighting:
    """Weights of the members found by a genetic algorithm, with their fitness and history.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models for the tuning speakers.
    metric : str
        ``macro_f1``, ``ua`` or ``log_loss`` (:class:`Fitness`).
    settings : str or Evolution
        A key of :data:`PRESETS`, or custom settings.
    seed : int
        Seed of all runs; the same seed gives the same weights.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Weighting
        Its fitness is at least that of the best member and that of equal weights.

    Raises
    ------
    EvaluationError
        The metric or the settings are unknown.

    See Also
    --------
    optimal_weights : The optimum found by SciPy, for comparison.
    evaluate_nested : Fits weights on some speakers and scores them on others.

    Notebook: 06_ensembles.ipynb
    """
    members, settings = align(oof), _settings(settings)
    fitness = Fitness(members, metric)
    starts = starting_points(fitness)
    if len(members.names) == 1:
        return best_of(fitness, starts)
    with _progress(settings, metric, progress) as bar, _global_random_state():
        runs = [
            _evolve(fitness, starts, settings, restart, int(run_seed), bar)
            for restart, run_seed in enumerate(np.random.SeedSequence(seed).generate_state(settings.restarts))
        ]
    history = pd.concat(runs, ignore_index=True)
    winners = history.loc[history.groupby("restart")["best"].idxmax(), [f"w_{n}" for n in members.names]]
    found = best_of(fitness, np.vstack([winners.to_numpy(), starts]), history)
    better = [refine(fitness, found.weights.to_numpy())] if settings.refined else []
    return best_of(fitness, np.vstack([found.weights, *better]), history)


def _evolve(fitness, starts, settings, restart, seed, bar):
    """History of one run."""
    import pygad

    n_members, rows = len(fitness.members.names), []

    def shrink(ga):
        done = ga.generations_completed / settings.generations
        step = settings.mutation_step ** (1 - done) * settings.last_mutation_step**done
        ga.random_mutation_min_val, ga.random_mutation_max_val = 0.0 if settings.replaced else -step, step

    def record(ga, scores):
        best = int(np.argmax(scores))
        weights = to_simplex(ga.population[best])[0]
        rows.append([restart, len(rows), scores[best], np.mean(scores), *weights])
        bar.set_postfix_str(f"best {scores[best]:.4f}", refresh=False)
        bar.update(len(rows) > 1)

    given = starts[: settings.population // 2]
    others = np.random.default_rng(seed).dirichlet(np.ones(n_members), settings.population - len(given))
    ga = pygad.GA(
        num_generations=settings.generations,
        num_parents_mating=settings.parents,
        fitness_func=lambda ga, weights, positions: fitness(weights),
        fitness_batch_size=settings.population,
        initial_population=np.vstack([given, others]),
        parent_selection_type=settings.selection,
        K_tournament=settings.tournament,
        keep_elitism=settings.elitism,
        crossover_type=_blend if settings.crossover == "blend" else settings.crossover,
        mutation_type=settings.mutation,
        mutation_probability=settings.mutation_share,
        mutation_by_replacement=settings.replaced,
        random_mutation_min_val=0.0 if settings.replaced else -settings.mutation_step,
        random_mutation_max_val=settings.mutation_step,
        on_fitness=record,
        on_generation=shrink,
        on_stop=record,
        random_seed=seed,
        suppress_warnings=True,
    )
    ga.run()
    columns = ["restart", "generation", "best", "mean", *(f"w_{name}" for name in fitness.members.names)]
    return pd.DataFrame(rows, columns=columns)


def _blend(parents, size, ga):
    """Children of consecutive parents: a random half of the weights is averaged, the rest the first's."""
    rng = np.random.default_rng((ga.random_seed, ga.generations_completed))
    first = np.arange(size[0]) % len(parents)
    one, other = parents[first], parents[(first + 1) % len(parents)]
    mixed = rng.permuted(np.tile(np.arange(size[1]) < size[1] // 2, (size[0], 1)), axis=1)
    return np.where(mixed, (one + other) / 2, one)


def _settings(settings):
    if isinstance(settings, Evolution):
        return settings
    if settings not in PRESETS:
        raise EvaluationError(f"no settings named {settings!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[settings]


def _progress(settings, metric, progress):
    from tqdm.auto import tqdm

    total = settings.restarts * settings.generations
    return tqdm(total=total, desc=f"weights for {metric}", unit="generation", disable=not progress)


@contextmanager
def _global_random_state():
    """Restore the global random state afterwards; older versions of PyGAD seed it."""
    states = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(states[0])  # noqa: NPY002
        random.setstate(states[1])

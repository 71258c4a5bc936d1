"""Weights of a soft vote, evolved by a genetic algorithm (PyGAD).

A candidate is one weight per member. Each generation scores all candidates, lets the better ones
pair up and mix their weights, changes some weights at random, and keeps the best unchanged
(*elitism*), so the best fitness never falls. The first population holds every member alone and the
equal weights beside random ones: the result is never worse than the best member, on the data it was
evolved on. On other people it may be; see :mod:`sercore.ensemble.nested`.

Evolution finds the hill and is slow at its top. The best candidate is therefore *refined* at the end,
by moving small shares between members while this helps (a memetic algorithm).

References
----------
Gad: PyGAD: an intuitive genetic algorithm Python library. Multimedia Tools and Applications 83, 2024.
Moscato: On evolution, search, optimization, genetic algorithms and martial arts. Caltech C3P 826, 1989.

Notebook: 06_ensembles.ipynb
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
    """How a population evolves.

    Parameters
    ----------
    population : int
        Candidates, 4 or more.
    generations : int
        Rounds after the first population.
    restarts : int
        Independent populations; the best candidate of all counts.
    parents : int
        Candidates that are selected to pair up.
    elitism : int
        Best candidates that live on unchanged, 1 or more.
    selection, crossover, mutation : str
        PyGAD's ``parent_selection_type``, ``crossover_type`` and ``mutation_type``; the crossover may
        also be ``blend``: half of a child's weights are the mean of both parents'.
    tournament : int
        Candidates of which the best becomes a parent, where the selection is ``tournament``.
    mutation_share : float
        Chance of each weight of a child to change.
    mutation_step, last_mutation_step : float
        Largest change in the first and in the last generation, in between it shrinks by a constant
        factor: first explore, then refine. Candidates start with weights that sum to 1.
    replaced : bool
        Whether a changed weight is drawn anew, from 0 to the step, instead of moved.
    refined : bool
        Whether the best candidate of all is improved by a local search at the end.
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
"""``voicevibes`` are the settings of the student project of that name, which had its own loop instead of
PyGAD: 100 candidates, 15 generations, 10 restarts; tournaments of five, of whose winners 40 in 100 pair
up; children with half of their weights averaged; one weight in 1200 drawn anew; the two best kept."""


def evolve_weights(
    oof: pd.DataFrame | Members,
    metric: str = "macro_f1",
    *,
    settings: str | Evolution = "default",
    seed: int = 0,
    progress: bool = True,
) -> Weighting:
    """Weights of the members by a genetic algorithm. The same seed gives the same weights.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models, of the speakers to tune on only.
    metric : str
        ``macro_f1``, ``ua`` or ``log_loss`` (:class:`Fitness`).
    settings : str or Evolution
        A name from :data:`PRESETS`, or your own.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Weighting
        At least as fit as the best member and as equal weights.
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
    """History of one population."""
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

    kept = starts[: settings.population // 2]
    others = np.random.default_rng(seed).dirichlet(np.ones(n_members), settings.population - len(kept))
    ga = pygad.GA(
        num_generations=settings.generations,
        num_parents_mating=settings.parents,
        fitness_func=lambda ga, weights, positions: fitness(weights),
        fitness_batch_size=settings.population,
        initial_population=np.vstack([kept, others]),
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
    """Children of neighbouring parents: a random half of the weights is both's mean, the rest the first's."""
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
    """Put back the global random state: older versions of PyGAD seed it."""
    states = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(states[0])  # noqa: NPY002
        random.setstate(states[1])

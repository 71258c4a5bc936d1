"""What a search for weights starts from and ends with.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .fitness import Fitness, to_simplex


@dataclass(frozen=True, eq=False)
class Weighting:
    """Weights found for a soft vote, and how good they are on the data they were found on.

    Parameters
    ----------
    weights : pd.Series
        Weight of each member by name; they sum to 1.
    fitness : float
        Of these weights, higher is better: minus the log loss for ``log_loss``.
    metric : str
        What was made as good as possible.
    history : pd.DataFrame or None
        Of a genetic algorithm, one row per restart and generation: ``restart, generation, best, mean``
        (fitness) and ``w_<member>``, the weights of the best candidate alive.
    """

    weights: pd.Series
    fitness: float
    metric: str
    history: pd.DataFrame | None = None


def starting_points(fitness: Fitness) -> np.ndarray:
    """Equal weights and each member alone [shape=(1 + n_members, n_members)], the best first."""
    n_members = len(fitness.members.names)
    starts = np.vstack([np.full(n_members, 1 / n_members), np.eye(n_members)])
    return starts[np.argsort(-fitness(starts), kind="stable")]


def best_of(fitness: Fitness, candidates: np.ndarray, history: pd.DataFrame | None = None) -> Weighting:
    """The best of some candidates [shape=(n_candidates, n_members)], the first of equals."""
    weights = to_simplex(candidates)
    # One by one: a product of one row may round differently from the same row among others,
    # and the figure promised here must be the one that the soft vote will have.
    scores = [fitness(candidate)[0] for candidate in weights]
    best = int(np.argmax(scores))
    named = pd.Series(weights[best], index=list(fitness.members.names), name="weight")
    return Weighting(named, float(scores[best]), fitness.metric, history)


def refine(fitness: Fitness, weights: np.ndarray) -> np.ndarray:
    """Weights [shape=(n_members,)] after moving shares from one member to another while any move helps.

    A local search: shares of a tenth first, then ever smaller ones. The fitness never falls.
    """
    n_members = len(weights)
    moves = np.eye(n_members)[:, None] - np.eye(n_members)[None]
    moves = moves.reshape(-1, n_members)[~np.eye(n_members, dtype=bool).ravel()]
    best = fitness(weights)[0]
    for share in (0.1, 0.03, 0.01, 0.003):
        while True:
            tried = weights + share * moves
            scores = fitness(tried)
            if scores.max() <= best:
                break
            best, weights = scores.max(), np.maximum(tried[scores.argmax()], 0)
            weights = weights / weights.sum()
    return weights

"""Weights without evolution: the best member, equal weights, and scipy's constrained optimum.

What a genetic algorithm must be held against. Weights of a soft vote live on the simplex (0 or more,
sum 1). There the **log loss** is a convex function of the weights, so SLSQP, which follows its
gradient within the constraints, ends in the one best place. **UA** and **macro-F1** only change
when some clip's first choice flips: they are flat with steps, their gradient is zero nearly
everywhere, and there are many local optima. For these, differential evolution searches globally
(all candidates of a step in one call), starting from the optimum of the log loss among others, and
then a pattern search moves shares from one member to another as long as this helps. That is no proof of
having found the best place; evolution now and then finds a slightly better one.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from .fitness import Fitness, Weighting, best_of, refine, starting_points
from .predictions import Members, align


def best_single(oof: pd.DataFrame | Members, metric: str = "macro_f1") -> Weighting:
    """All weight on the member that is best on these data.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of the speakers to choose on: a member chosen on the test speakers is
        chosen by luck, too.
    metric : str
        As in :func:`sercore.ensemble.evolve_weights`.
    """
    members = align(oof)
    return best_of(Fitness(members, metric), np.eye(len(members.names)))


def equal_weights(oof: pd.DataFrame | Members, metric: str = "macro_f1") -> Weighting:
    """The same weight for all members: nothing is fitted, so nothing can be overfitted."""
    members = align(oof)
    return best_of(Fitness(members, metric), members.shares()[None])


def optimal_weights(oof: pd.DataFrame | Members, metric: str = "macro_f1", *, seed: int = 0) -> Weighting:
    """Weights by scipy: SLSQP for the log loss, differential evolution for the other figures.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of the speakers to tune on.
    metric : str
        As in :func:`sercore.ensemble.evolve_weights`.
    seed : int
        Of differential evolution.

    Returns
    -------
    Weighting
        Its fitness is at least that of the best member and that of equal weights.

    References
    ----------
    Storn, Price: Differential evolution. Journal of Global Optimization 11, 341–359, 1997.
    """
    fitness = Fitness(align(oof), metric)
    starts = starting_points(fitness)
    if len(starts) == 2:  # one member
        return best_of(fitness, starts)
    found = _slsqp(fitness) if metric == "log_loss" else _search(fitness, starts, seed)
    return best_of(fitness, np.vstack([found, starts]))


def _slsqp(fitness):
    """The convex problem, by its gradient."""
    from scipy.optimize import minimize

    of_true_class = np.maximum(fitness.of_true_class, np.finfo(float).eps)
    n_members = len(of_true_class)
    solved = minimize(
        lambda w: -np.log(w @ of_true_class).mean(),
        np.full(n_members, 1 / n_members),
        jac=lambda w: -(of_true_class / (w @ of_true_class)).mean(axis=1),
        method="SLSQP",
        bounds=[(0, 1)] * n_members,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10, "maxiter": 500},
    )
    if not solved.success:
        raise EvaluationError(f"scipy found no weights for the log loss: {solved.message}")
    return solved.x


def _search(fitness, starts, seed):
    """Global search for a figure with steps, then a local one."""
    from scipy.optimize import differential_evolution

    n_members = starts.shape[1]
    n_candidates = max(100, 10 * n_members)
    smooth = _slsqp(fitness)
    sparse = np.full(n_members, 0.3)  # most good weightings do without most members
    others = np.random.default_rng(seed).dirichlet(sparse, n_candidates - len(starts) - 1)
    found = differential_evolution(
        lambda genes: -fitness(genes.T),
        [(0, 1)] * n_members,
        init=np.vstack([starts, smooth, others]),
        vectorized=True,
        updating="deferred",
        maxiter=150,
        tol=0,
        polish=False,
        seed=seed,
    )
    return np.vstack([refine(fitness, weights) for weights in (found.x / found.x.sum(), smooth)])


def strongest_members(members: Members, n_members: int = 10) -> Members:
    """The members with the highest UA on their own, at most ``n_members``, best first."""
    alone = Fitness(members, "ua")(np.eye(len(members.names)))
    return members.pick([members.names[k] for k in np.argsort(-alone, kind="stable")[:n_members]])

"""Baselines of the genetic algorithm: best member, equal weights, and SciPy's constrained optimum.

Weights of a soft vote lie on the simplex (non-negative, sum 1). On it the **log loss** is a convex
function of the weights, so SLSQP, which follows the gradient within the constraints, reaches the global
optimum. **UA** and **macro-F1** are piecewise constant: they change only when a clip's predicted class
changes, their gradient is zero almost everywhere, and they have many local optima. For these,
differential evolution searches globally, starting from the optimum of the log loss among others; a local
search (:func:`sercore.ensemble.fitness.refine`) then moves weight between members while the fitness
rises. The global optimum is not guaranteed: the genetic algorithm occasionally finds a slightly better
one.

References
----------
Storn & Price: Differential evolution. Journal of Global Optimization 11, 341–359, 1997.
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
        Out-of-fold predictions of the tuning speakers. Choosing a member on the test speakers would
        bias its score upwards.
    metric : str
        One of :data:`sercore.ensemble.METRICS`.

    See Also
    --------
    evaluate_nested : Chooses on some speakers and scores on others.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    return best_of(Fitness(members, metric), np.eye(len(members.names)))


def equal_weights(oof: pd.DataFrame | Members, metric: str = "macro_f1") -> Weighting:
    """The same weight for all members, with its fitness. Nothing is fitted.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    return best_of(Fitness(members, metric), members.shares()[None])


def optimal_weights(oof: pd.DataFrame | Members, metric: str = "macro_f1", *, seed: int = 0) -> Weighting:
    """Weights found by SciPy: SLSQP for the log loss, differential evolution for UA and macro-F1.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of the tuning speakers.
    metric : str
        One of :data:`sercore.ensemble.METRICS`.
    seed : int
        Seed of differential evolution.

    Returns
    -------
    Weighting
        Its fitness is at least that of the best member and that of equal weights.

    Raises
    ------
    EvaluationError
        SLSQP did not converge, or the metric is unknown.

    See Also
    --------
    evolve_weights : The genetic algorithm.

    Notebook: 06_ensembles.ipynb
    """
    fitness = Fitness(align(oof), metric)
    starts = starting_points(fitness)
    if len(starts) == 2:  # one member
        return best_of(fitness, starts)
    found = _slsqp(fitness) if metric == "log_loss" else _search(fitness, starts, seed)
    return best_of(fitness, np.vstack([found, starts]))


def _slsqp(fitness):
    """Weights with the lowest log loss: a convex problem."""
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
    """Weights for a piecewise constant metric: global search, then local refinement."""
    from scipy.optimize import differential_evolution

    n_members = starts.shape[1]
    n_candidates = max(100, 10 * n_members)
    smooth = _slsqp(fitness)
    sparse = np.full(n_members, 0.3)  # in most good weightings most members have weight 0
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
    """At most ``n_members`` members, those with the highest UA on their own."""
    alone = Fitness(members, "ua")(np.eye(len(members.names)))
    return members.pick([members.names[k] for k in np.argsort(-alone, kind="stable")[:n_members]])

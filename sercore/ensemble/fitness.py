"""Fitness of weightings of the same members, vectorised over candidates, and tools of weight searches.

A population of candidates is one matrix of weights. Its product with the members' probabilities gives
the vote of every candidate; one confusion matrix per candidate, all counted in one pass, gives the
metric. There is no Python loop over candidates or clips.

Three weights that sum to 1 are a point in a triangle: a corner is one member alone, the centre equal
weights. :func:`weight_landscape` computes the whole search space of three members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation.metrics import confusion_metrics, unit_confusions
from .predictions import Members, align
from .voting import mix

METRICS = ("macro_f1", "ua", "log_loss")
"""Metrics that weights can be optimised for."""

_CELLS = 2**21  # probabilities in memory at a time (16 MB)


class Fitness:
    """Fitness of weightings of some members: macro-F1 or UA (0 to 1), or minus the log loss (nats).

    Higher is better. Values equal those of :func:`sercore.evaluation.scalar_metrics` for the soft vote,
    over all rows (all seeds together).

    Parameters
    ----------
    members : Members
        From :func:`sercore.ensemble.align`.
    metric : str
        One of :data:`METRICS`.

    Raises
    ------
    EvaluationError
        The metric is unknown.

    Examples
    --------
    ``Fitness(members, "ua")(np.eye(len(members.names)))`` scores each member alone.

    Notebook: 06_ensembles.ipynb
    """

    def __init__(self, members: Members, metric: str = "macro_f1"):
        if metric not in METRICS:
            raise EvaluationError(f"no fitness named {metric!r}; there are: {', '.join(METRICS)}")
        self.members = members
        self.metric = metric
        self.of_true_class = members.proba[:, np.arange(len(members.codes)), members.codes]

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """Fitness [shape=(n_candidates,)] of weights [shape=(n_candidates, n_members)].

        Weights need not sum to 1 (see :func:`to_simplex`).
        """
        weights = to_simplex(weights)
        if self.metric == "log_loss":
            return np.log(np.maximum(weights @ self.of_true_class, np.finfo(float).eps)).mean(axis=1)
        step = max(1, _CELLS // self.members.proba[0].size)
        parts = [self._decision_metric(weights[k : k + step]) for k in range(0, len(weights), step)]
        return np.concatenate(parts)

    def _decision_metric(self, weights):
        """Macro-F1 or UA of each candidate's decisions."""
        n_candidates, n_classes, codes = len(weights), len(self.members.classes), self.members.codes
        predicted = mix(self.members.proba, weights).argmax(axis=-1)
        candidate = np.repeat(np.arange(n_candidates), len(codes))
        confusions = unit_confusions(
            np.tile(codes, n_candidates), predicted.ravel(), candidate, n_candidates, n_classes
        )
        return confusion_metrics(confusions)[self.metric]


def to_simplex(genes: np.ndarray) -> np.ndarray:
    """Weights [shape=(n_candidates, n_members)] that are non-negative and sum to 1 in each row.

    Negative values become 0, rows are divided by their sum, and a row without a positive value becomes
    equal weights.

    Examples
    --------
    >>> to_simplex([[3.0, 1.0], [-1.0, 0.5], [-1.0, -2.0]]).tolist()
    [[0.75, 0.25], [0.0, 1.0], [0.5, 0.5]]
    """
    positive = np.maximum(np.atleast_2d(np.asarray(genes, dtype=float)), 0)
    total = positive.sum(axis=1, keepdims=True)
    equal = np.full(positive.shape, 1 / positive.shape[1])
    return np.divide(positive, total, out=equal, where=total > 0)


@dataclass(frozen=True, eq=False)
class Weighting:
    """Weights of a soft vote, and their fitness on the data they were fitted on.

    Parameters
    ----------
    weights : pd.Series
        Weight of each member by name; they sum to 1.
    fitness : float
        Fitness of these weights, higher is better: minus the log loss for ``log_loss``.
    metric : str
        The optimised metric.
    history : pd.DataFrame or None
        For the genetic algorithm one row per restart and generation: ``restart, generation, best, mean``
        (fitness) and ``w_<member>``, the weights of the best candidate of the generation.
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
    """The fittest of some candidates [shape=(n_candidates, n_members)]; the first of equals."""
    weights = to_simplex(candidates)
    # One by one: the product of one row may round differently from the same row within a matrix,
    # and the reported fitness must equal that of the soft vote.
    scores = [fitness(candidate)[0] for candidate in weights]
    best = int(np.argmax(scores))
    named = pd.Series(weights[best], index=list(fitness.members.names), name="weight")
    return Weighting(named, float(scores[best]), fitness.metric, history)


def refine(fitness: Fitness, weights: np.ndarray) -> np.ndarray:
    """Weights [shape=(n_members,)] after a local search that never lowers the fitness.

    Weight is moved from one member to another, a tenth at a time and then in smaller steps, as long as
    some move raises the fitness.
    """
    n_members = len(weights)
    moves = np.eye(n_members)[:, None] - np.eye(n_members)[None]
    moves = moves.reshape(-1, n_members)[~np.eye(n_members, dtype=bool).ravel()]
    best = fitness(weights)[0]
    for step in (0.1, 0.03, 0.01, 0.003):
        while True:
            tried = weights + step * moves
            scores = fitness(tried)
            if scores.max() <= best:
                break
            best, weights = scores.max(), np.maximum(tried[scores.argmax()], 0)
            weights = weights / weights.sum()
    return weights


def weight_landscape(oof: pd.DataFrame | Members, metric: str = "ua", *, steps: int = 30) -> pd.DataFrame:
    """Fitness on a regular grid over all weightings of three members.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of exactly three members.
    metric : str
        One of :data:`METRICS`.
    steps : int
        Weights are multiples of ``1 / steps``.

    Returns
    -------
    pd.DataFrame
        ``w_<member>`` of the three, which sum to 1, and ``fitness``;
        ``(steps + 1) * (steps + 2) / 2`` rows.

    Raises
    ------
    EvaluationError
        The number of members is not three.

    Notebook: 06_ensembles.ipynb
    """
    members = align(oof)
    if len(members.names) != 3:
        raise EvaluationError(
            f"weight_landscape needs three members, but there are {len(members.names)} "
            f"({', '.join(members.names)}); choose three with align(oof, members=…)"
        )
    a, b = np.divmod(np.arange((steps + 1) ** 2), steps + 1)
    weights = np.column_stack([a, b, steps - a - b])[a + b <= steps] / steps
    table = pd.DataFrame(weights, columns=[f"w_{name}" for name in members.names])
    return table.assign(fitness=Fitness(members, metric)(weights))

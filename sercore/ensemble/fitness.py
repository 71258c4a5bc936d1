"""How good many weightings of the same members are, all at once.

A population of candidates is one matrix. Its product with the members' probabilities is every
candidate's vote; a confusion matrix each, counted in one pass, gives every figure. No loop over
candidates, none over clips.

Notebook: 06_ensembles.ipynb
"""
# MERGED DOC: What a search for weights starts from and ends with.
# MERGED DOC: The fitness of all weightings of three members: what an evolution walks about in.
#
#   Three weights that sum to 1 are a point in a triangle: a corner is one member alone, the middle equal
#   weights. So the whole search space of three members can be computed and drawn.

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation.confusions import confusion_metrics, unit_confusions
from .predictions import Members, align
from .voting import mix

METRICS = ("macro_f1", "ua", "log_loss")
"""What can be made as good as possible."""

_CELLS = 2**21  # probabilities held at a time: 16 MB, so that large sets fit into memory


class Fitness:
    """Fitness of weightings of some members: macro-F1 or UA (0 to 1), or minus the log loss (nats).

    Higher is better. The figures are those of :func:`sercore.evaluation.scalar_metrics`, over all rows
    (several seeds together).

    Parameters
    ----------
    members : Members
        From :func:`sercore.ensemble.align`.
    metric : str
        One of :data:`METRICS`.

    Examples
    --------
    ``Fitness(members, "ua")(np.eye(len(members.names)))`` scores each member alone.
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
        parts = [self._figure(weights[start : start + step]) for start in range(0, len(weights), step)]
        return np.concatenate(parts)

    def _figure(self, weights):
        n_candidates, n_classes, codes = len(weights), len(self.members.classes), self.members.codes
        predicted = mix(self.members.proba, weights).argmax(axis=-1)
        candidate = np.repeat(np.arange(n_candidates), len(codes))
        confusions = unit_confusions(
            np.tile(codes, n_candidates), predicted.ravel(), candidate, n_candidates, n_classes
        )
        return confusion_metrics(confusions)[self.metric]


def to_simplex(genes: np.ndarray) -> np.ndarray:
    """Weights [shape=(n_candidates, n_members)] that are 0 or more and sum to 1 in each row.

    Negative values become 0, rows are divided by their sum, and a row without any positive value
    becomes equal weights.
    """
    positive = np.maximum(np.atleast_2d(np.asarray(genes, dtype=float)), 0)
    total = positive.sum(axis=1, keepdims=True)
    equal = np.full(positive.shape, 1 / positive.shape[1])
    return np.divide(positive, total, out=equal, where=total > 0)


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


def weight_landscape(oof: pd.DataFrame | Members, metric: str = "ua", *, steps: int = 30) -> pd.DataFrame:
    """Fitness at every point of a grid in the triangle of three members' weights.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of exactly three members.
    metric : str
        As in :func:`sercore.ensemble.evolve_weights`.
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
        Fewer or more than three members.
    """
    members = align(oof)
    if len(members.names) != 3:
        raise EvaluationError(
            f"a triangle has three corners, but there are {len(members.names)} members "
            f"({', '.join(members.names)}); choose three with align(oof, members=…)"
        )
    a, b = np.divmod(np.arange((steps + 1) ** 2), steps + 1)
    weights = np.column_stack([a, b, steps - a - b])[a + b <= steps] / steps
    table = pd.DataFrame(weights, columns=[f"w_{name}" for name in members.names])
    return table.assign(fitness=Fitness(members, metric)(weights))

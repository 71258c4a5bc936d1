"""How good many weightings of the same members are, all at once.

A population of candidates is one matrix. Its product with the members' probabilities is every
candidate's vote; a confusion matrix each, counted in one pass, gives every figure. No loop over
candidates, none over clips.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

import numpy as np

from ..errors import EvaluationError
from ..evaluation.confusions import confusion_figures, unit_confusions
from .members import Members
from .voting import mix

METRICS = ("macro_f1", "ua", "log_loss")
"""What can be made as good as possible."""

_CELLS = 2**21  # probabilities held at a time: 16 MB, so that large sets fit into memory


class Fitness:
    """Fitness of weightings of some members: macro-F1 or UA (0 to 1), or minus the log loss (nats).

    Higher is better. The figures are those of :func:`sercore.evaluation.figures`, over all rows
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
        return confusion_figures(confusions)[self.metric]


def to_simplex(genes: np.ndarray) -> np.ndarray:
    """Weights [shape=(n_candidates, n_members)] that are 0 or more and sum to 1 in each row.

    Negative values become 0, rows are divided by their sum, and a row without any positive value
    becomes equal weights.
    """
    positive = np.maximum(np.atleast_2d(np.asarray(genes, dtype=float)), 0)
    total = positive.sum(axis=1, keepdims=True)
    equal = np.full(positive.shape, 1 / positive.shape[1])
    return np.divide(positive, total, out=equal, where=total > 0)

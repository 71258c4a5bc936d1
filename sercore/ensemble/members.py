"""Predictions of several models for the same clips, keyed by name.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation.oof import KEYS
from ..training import COSTS


@dataclass(frozen=True, eq=False)
class Members:
    """Predictions of several models for the same clips; made by :func:`sercore.ensemble.align`.

    Parameters
    ----------
    names : tuple of str
        The members, sorted.
    classes : tuple of str
        What the last axis of ``proba`` stands for.
    proba : np.ndarray [shape=(n_members, n_rows, n_classes)]
        Their probabilities.
    codes : np.ndarray of int [shape=(n_rows,)]
        Position of the true class in ``classes``.
    rows : pd.DataFrame
        ``clip_id speaker label split fold seed`` of each row, sorted by seed, fold and clip.
    costs : np.ndarray [shape=(n_members, n_rows, 3)] or None
        ``train_seconds, ms_per_clip, parameters``, where the table had them.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    proba: np.ndarray
    codes: np.ndarray
    rows: pd.DataFrame
    costs: np.ndarray | None = None

    def take(self, mask: np.ndarray) -> Members:
        """The rows where the mask [shape=(n_rows,)] is true."""
        return replace(
            self,
            proba=self.proba[:, mask],
            codes=self.codes[mask],
            rows=self.rows[mask].reset_index(drop=True),
            costs=None if self.costs is None else self.costs[:, mask],
        )

    def pick(self, names: Sequence[str]) -> Members:
        """These members only."""
        unknown = sorted(set(names) - set(self.names))
        if unknown or not len(names):
            raise EvaluationError(f"no member named {unknown}; there are: {', '.join(self.names)}")
        chosen = [position for position, name in enumerate(self.names) if name in set(names)]
        return replace(
            self,
            names=tuple(self.names[position] for position in chosen),
            proba=self.proba[chosen],
            costs=None if self.costs is None else self.costs[chosen],
        )

    def shares(self, weights: Mapping[str, float] | None = None) -> np.ndarray:
        """Weights by name as an array [shape=(n_members,)] that sums to 1; equal where None."""
        if weights is None:
            return np.full(len(self.names), 1 / len(self.names))
        return weights_in_order(weights, self.names)

    def table(self, proba: np.ndarray, name: str, *, used: np.ndarray | None = None) -> pd.DataFrame:
        """Out-of-fold table of an ensemble from its probabilities [shape=(n_rows, n_classes)].

        Parameters
        ----------
        used : np.ndarray of bool [shape=(n_members,)], optional
            The members that must be run for it; what they cost is added up.
        """
        columns = dict(zip([f"p_{label}" for label in self.classes], proba.T, strict=True))
        if self.costs is not None:
            spent = self.costs if used is None else self.costs[used]
            columns |= dict(zip(COSTS, spent.sum(axis=0).T, strict=True))
        keys = self.rows.assign(model=name)[list(KEYS)]
        return pd.concat([keys, pd.DataFrame(columns, index=keys.index)], axis=1)


def weights_in_order(weights: Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    """Weights by name as an array in the order of the names, divided by their sum."""
    if set(weights.keys()) != set(names):
        raise EvaluationError(f"weights are for {sorted(weights.keys())}, but the members are {list(names)}")
    values = np.array([weights[name] for name in names], dtype=float)
    if not np.isfinite(values).all() or (values < 0).any() or values.sum() <= 0:
        raise EvaluationError(f"weights must be 0 or more and not all 0, not {dict(weights)}")
    return values / values.sum()

"""Out-of-fold predictions of several models, aligned by clip and keyed by model name.

Everything that an ensemble is fitted on passes through :func:`align`, which accepts out-of-fold tables
only. Members are matched by name and clips by id, never by position: the order of models and rows in the
table makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..errors import EvaluationError, SplitError
from ..evaluation import unpack, validate
from ..evaluation.oof import KEYS
from ..splits import is_leaky
from ..training import COSTS


@dataclass(frozen=True, eq=False)
class Members:
    """Predictions of several models for the same clips, as returned by :func:`sercore.ensemble.align`.

    Parameters
    ----------
    names : tuple of str
        Names of the members, sorted.
    classes : tuple of str
        Names of the classes along the last axis of ``proba``.
    proba : np.ndarray [shape=(n_members, n_rows, n_classes)]
        Class probabilities.
    codes : np.ndarray of int [shape=(n_rows,)]
        Position of the true class in ``classes``.
    rows : pd.DataFrame
        ``clip_id speaker label split fold seed`` of each row, sorted by seed, fold and clip.
    costs : np.ndarray [shape=(n_members, n_rows, 3)] or None
        ``train_seconds, ms_per_clip, parameters``, if the table has them.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    proba: np.ndarray
    codes: np.ndarray
    rows: pd.DataFrame
    costs: np.ndarray | None = None

    def take(self, mask: np.ndarray) -> Members:
        """All members, with the rows where the mask [shape=(n_rows,)] is True."""
        return replace(
            self,
            proba=self.proba[:, mask],
            codes=self.codes[mask],
            rows=self.rows[mask].reset_index(drop=True),
            costs=None if self.costs is None else self.costs[:, mask],
        )

    def pick(self, names: Sequence[str]) -> Members:
        """The named members, with all rows.

        Raises
        ------
        EvaluationError
            A name is unknown, or no name is given.
        """
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
        """Normalised weights [shape=(n_members,)] in the order of the members; None for equal weights.

        Raises
        ------
        EvaluationError
            Weights are negative, all zero, or not for exactly these members.
        """
        if weights is None:
            return np.full(len(self.names), 1 / len(self.names))
        return weights_in_order(weights, self.names)

    def table(self, proba: np.ndarray, name: str, *, used: np.ndarray | None = None) -> pd.DataFrame:
        """Out-of-fold table of an ensemble of these members.

        Parameters
        ----------
        proba : np.ndarray [shape=(n_rows, n_classes)]
            Probabilities of the ensemble.
        name : str
            Its name in the ``model`` column.
        used : np.ndarray of bool [shape=(n_members,)], optional
            Members that the ensemble runs, whose costs are summed; all by default.
        """
        columns = dict(zip([f"p_{label}" for label in self.classes], proba.T, strict=True))
        if self.costs is not None:
            spent = self.costs if used is None else self.costs[used]
            columns |= dict(zip(COSTS, spent.sum(axis=0).T, strict=True))
        keys = self.rows.assign(model=name)[list(KEYS)]
        return pd.concat([keys, pd.DataFrame(columns, index=keys.index)], axis=1)


def weights_in_order(weights: Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    """Weights by name as an array in the order of the names, divided by their sum.

    Examples
    --------
    >>> weights_in_order({"svc": 3, "knn": 1}, ("knn", "svc")).tolist()
    [0.25, 0.75]
    """
    if set(weights.keys()) != set(names):
        raise EvaluationError(f"weights are for {sorted(weights.keys())}, but the members are {list(names)}")
    values = np.array([weights[name] for name in names], dtype=float)
    if not np.isfinite(values).all() or (values < 0).any() or values.sum() <= 0:
        raise EvaluationError(f"weights must be 0 or more and not all 0, not {dict(weights)}")
    return values / values.sum()


ROW = ["seed", "fold", "clip_id"]
"""Columns that identify a prediction of a member."""


def align(oof: pd.DataFrame | Members, *, members: Sequence[str] | None = None) -> Members:
    """Predictions of the models of an out-of-fold table, aligned by clip.

    A model with a single seed is used with every seed of the others (a logistic regression is the same
    for all seeds), provided that the folds are the same.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models, concatenated.
    members : sequence of str, optional
        The models to use; all by default.

    Returns
    -------
    Members

    Raises
    ------
    EvaluationError
        A member lacks clips or classes, labels differ, or values are not probabilities.
    SplitError
        A clip is predicted, or a speaker tested, in several folds: a model may then have been trained on
        the clips it predicts.

    See Also
    --------
    seeds_as_members : Treats each seed of a model as a member.

    Examples
    --------
    >>> rows = [("c1", "spk1", "sad", "svc", "speaker", "1", 0, 0.2, 0.8),
    ...         ("c1", "spk1", "sad", "knn", "speaker", "1", 0, 0.6, 0.4)]
    >>> oof = pd.DataFrame(rows, columns=[*KEYS, "p_happy", "p_sad"])
    >>> members = align(oof)
    >>> members.names, members.proba.shape
    (('knn', 'svc'), (2, 1, 2))

    Notebook: 06_ensembles.ipynb
    """
    if isinstance(oof, Members):
        return oof if members is None else oof.pick(members)
    _, _, classes, _ = unpack(oof)
    names = sorted(set(oof["model"])) if members is None else sorted(set(members))
    unknown = sorted(set(names) - set(oof["model"]))
    if unknown or not names:
        raise EvaluationError(f"no member named {unknown}; there are: {', '.join(sorted(set(oof['model'])))}")
    oof = oof[oof["model"].isin(names)]
    if oof["split"].nunique() != 1:
        raise EvaluationError(f"members were tested on different splits: {sorted(set(oof['split']))}")
    seeds = sorted(set(oof["seed"]))
    parts = {name: _rows(part, name, seeds) for name, part in oof.groupby("model")}
    rows = _common_rows(parts)
    stack = [_probabilities(parts[name], name, classes) for name in names]
    known = set(COSTS) <= set(oof.columns)
    return Members(
        names=tuple(names),
        classes=classes,
        proba=np.stack([proba for _, proba in stack]),
        codes=stack[0][0],
        rows=rows,
        costs=np.stack([parts[name][list(COSTS)].to_numpy(float) for name in names]) if known else None,
    )


def seeds_as_members(oof: pd.DataFrame) -> pd.DataFrame:
    """The table with each seed of a model as a separate model: ``cnn seed=0``, ``cnn seed=1``, ….

    For splits whose folds are the same for all seeds. Models with one seed keep their name.

    Examples
    --------
    >>> oof = pd.DataFrame({"model": ["cnn", "cnn", "svc"], "seed": [0, 1, 0]})
    >>> seeds_as_members(oof)["model"].tolist()
    ['cnn seed=0', 'cnn seed=1', 'svc']
    """
    several = oof.groupby("model")["seed"].transform("nunique") > 1
    named = oof["model"].where(~several, oof["model"] + " seed=" + oof["seed"].astype(str))
    return oof.assign(model=named, seed=0)


def _rows(part, name, seeds):
    """Rows of one member, sorted, one for each (seed, fold, clip), checked to be out of fold."""
    if part["seed"].nunique() == 1:
        part = pd.concat([part.assign(seed=seed) for seed in seeds])
    assert_out_of_fold(part, f"member {name!r}")
    return part.sort_values(ROW, ignore_index=True)


def assert_out_of_fold(rows: pd.DataFrame, who: str) -> None:
    """Raise SplitError if a clip or a speaker is predicted in several folds of one seed."""
    leaky = is_leaky(rows["split"].iloc[0])
    twice = rows.duplicated(ROW if leaky else ["seed", "clip_id"])
    if twice.any():
        clips = rows.loc[twice, "clip_id"]
        raise SplitError(
            f"{who}: {clips.nunique()} clips are predicted in more than one fold (first: "
            f"{clips.iloc[0]}). A model may predict clips of its own test fold only, and "
            "these look like predictions for training clips; make the table with training.out_of_fold"
        )
    if not leaky:
        folds = rows[rows["speaker"].fillna("") != ""].groupby(["seed", "speaker"])["fold"].nunique()
        if (folds > 1).any():
            raise SplitError(
                f"{who}: speaker {folds.idxmax()[1]!r} is tested in {folds.max()} folds of split "
                f"{rows['split'].iloc[0]!r}, so each of these folds was trained on this speaker"
            )


def _common_rows(parts):
    """Clips, speakers, labels and folds, which must be the same for all members."""
    (first, table), *others = parts.items()
    columns = ["clip_id", "speaker", "label", "split", "fold", "seed"]
    for name, other in others:
        if not table[ROW].equals(other[ROW]):
            _explain_difference(first, table, name, other)
        for column in ("label", "speaker"):
            differ = (table[column] != other[column]) & table[column].notna()
            if differ.any():
                raise EvaluationError(
                    f"members {first!r} and {name!r} disagree on the {column} of {differ.sum()} clips "
                    f"(first: {table['clip_id'][differ].iloc[0]}). Were they tested on the same index?"
                )
    return table[columns]


def _explain_difference(first, table, name, other):
    """Raise EvaluationError with the predictions that one of two members lacks."""
    keys = [set(t[ROW].itertuples(index=False, name=None)) for t in (table, other)]
    for lacking, lacks in ((first, keys[1] - keys[0]), (name, keys[0] - keys[1])):
        if lacks:
            seed, fold, clip = min(lacks)
            raise EvaluationError(
                f"member {lacking!r} lacks {len(lacks)} of {len(keys[0] | keys[1])} predictions (first: clip "
                f"{clip}, seed {seed}, {fold}). Is a fold or seed missing, or were other folds drawn?"
            )


def _probabilities(part, name, classes):
    """True classes as numbers, and validated probabilities of one member."""
    columns = [f"p_{label}" for label in classes]
    empty = [column for column in columns if part[column].isna().any()]
    if empty:
        raise EvaluationError(
            f"member {name!r} has no {', '.join(empty)} for some clips; either its classes differ from those "
            f"of the others ({', '.join(classes)}), or its training diverged"
        )
    return validate(part["label"], part[columns].to_numpy(float), classes)

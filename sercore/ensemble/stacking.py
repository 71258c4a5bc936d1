"""A model that reads the probabilities of other models: stacking.

The meta-model must learn how far to trust each member on clips that the member has *not* been
trained on. Trained on the members' predictions for their own training clips, it would learn to trust
whoever memorises best. That mistake cannot be made here: :func:`fit_stack` takes an out-of-fold
table, and :func:`sercore.ensemble.align` refuses one in which a clip or a speaker is predicted
in more than one fold.

How strongly the meta-model is held back (its L2 penalty) is chosen by the same rule: on inner folds
of the speakers that it is fitted on, so that nobody it is tested on has a say.

References
----------
Wolpert: Stacked generalization. Neural Networks 5, 241–259, 1992.

Notebook: 06_ensembles.ipynb
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import EvaluationError, SplitError
from ..splits import inner_folds, is_leaky
from ..training import predict_proba
from .predictions import Members, align, assert_out_of_fold

STRENGTHS = {"logistic": (0.3, 1.0, 3.0, 10.0, 30.0), "mlp": (1.0, 3.0, 10.0)}
"""L2 penalties to choose from: ``1 / C`` of the logistic regression, ``alpha`` of the MLP."""

META_MODELS = tuple(STRENGTHS)


@dataclass(frozen=True, eq=False)
class Stack:
    """A fitted meta-model; made by :func:`fit_stack`.

    Parameters
    ----------
    members, classes : tuple of str
        Whose probabilities it reads, and their columns.
    model : sklearn estimator
        From the probabilities of all members, side by side, to classes.
    speakers : frozenset of str
        Whose clips it was fitted on.
    strength : float
        Its L2 penalty, given or chosen.
    """

    members: tuple[str, ...]
    classes: tuple[str, ...]
    model: object
    speakers: frozenset[str]
    strength: float

    def predict(self, probas: Mapping[str, np.ndarray]) -> np.ndarray:
        """Probabilities [shape=(n_clips, n_classes)] from each member's, by name.

        Parameters
        ----------
        probas : mapping of str to np.ndarray [shape=(n_clips, n_classes)]
            Columns in the order of ``classes``.
        """
        if set(probas) != set(self.members):
            raise EvaluationError(f"the stack reads {list(self.members)}, but got {sorted(probas)}")
        features = _features(np.stack([probas[name] for name in self.members]))
        return predict_proba(self.model, features, self.classes)

    def predict_oof(self, oof: pd.DataFrame | Members, *, name: str = "stack") -> pd.DataFrame:
        """Out-of-fold table of the stack for speakers that it was not fitted on.

        Raises
        ------
        SplitError
            A speaker is among those it was fitted on.
        """
        members = align(oof)
        shared = sorted(self.speakers & set(members.rows["speaker"]))
        if shared:
            raise SplitError(
                f"the stack was fitted on {len(shared)} of these speakers ({', '.join(shared[:5])}); what it "
                "says about them is no test. Use evaluate_nested, which fits it on the other folds"
            )
        probas = dict(zip(members.names, members.proba, strict=True))
        return members.table(self.predict(probas), name)


def fit_stack(
    oof: pd.DataFrame | Members, *, meta: str = "logistic", strength: float | None = None, seed: int = 0
) -> Stack:
    """A meta-model fitted on the members' out-of-fold probabilities.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models.
    meta : str
        ``logistic`` (a weight for every member and class) or ``mlp`` (one hidden layer of 32 units).
    strength : float, optional
        Of the L2 penalty. By default the one of :data:`STRENGTHS` with the lowest log loss on inner
        folds over these speakers (:func:`sercore.splits.inner_folds`); the strongest, where they are
        too few to have every class on both sides.
    seed : int
        Of the MLP's initial weights, and of the inner folds.

    Returns
    -------
    Stack

    Raises
    ------
    SplitError
        The split is leaky, speakers are unknown, or a clip or speaker is predicted in several folds.
    """
    members = align(oof)
    assert_honest(members)
    X, labels = _features(members.proba), members.rows["label"].to_numpy(str)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stochastic Optimizer")
        if strength is None:
            strength = _choose_strength(meta, X, labels, members.rows, seed)
        model = _build(meta, strength, seed).fit(X, labels)
    return Stack(members.names, members.classes, model, frozenset(members.rows["speaker"]), strength)


def assert_honest(members: Members) -> None:
    """Raise unless something may be fitted on these predictions: no leaky split, speakers known."""
    split = members.rows["split"].iloc[0]
    if is_leaky(split):
        raise SplitError(
            f"split {split!r} is leaky: its models have heard the voices they are tested on, so a weight or "
            "a meta-model fitted on them rewards memory. Use a table of split 'speaker'; votes without "
            "fitted weights work on any"
        )
    unknown = members.rows["speaker"].fillna("") == ""
    if unknown.any():
        raise SplitError(
            f"{unknown.sum()} predictions have no speaker (first: clip "
            f"{members.rows['clip_id'][unknown].iloc[0]}); weights are fitted on some people for others"
        )
    assert_out_of_fold(members.rows, f"{len(members.names)} members")


def _features(proba):
    """Probabilities of all members side by side [shape=(n_clips, n_members * n_classes)].

    Not standardised: that would make classes and members that say little as loud as the others.
    """
    return proba.transpose(1, 0, 2).reshape(proba.shape[1], -1)


def _choose_strength(meta, X, labels, rows, seed):
    """The penalty with the lowest log loss on speakers left out in turn, all of them tuning speakers."""
    from sklearn.model_selection import GridSearchCV

    untrained, strengths = _build(meta, 1.0, seed), STRENGTHS[meta]
    try:
        inner = inner_folds(rows, np.arange(len(rows)), n_folds=3, seed=seed)
    except SplitError:
        return max(strengths)
    grid = {"C": [1 / s for s in strengths]} if meta == "logistic" else {"alpha": strengths}
    search = GridSearchCV(
        untrained,
        grid,
        scoring=_mean_log_probability,
        cv=[(fold.train, fold.test) for fold in inner],
        refit=False,
        error_score="raise",
    )
    return strengths[search.fit(X, labels).best_index_]


def _mean_log_probability(model, X, labels):
    """Minus the log loss; the test part may lack a class."""
    of_true_class = model.predict_proba(X)[np.arange(len(X)), np.searchsorted(model.classes_, labels)]
    return np.log(np.maximum(of_true_class, np.finfo(float).eps)).mean()


def _build(meta, strength, seed):
    """An unfitted meta-model."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    if meta == "logistic":
        return LogisticRegression(C=1 / strength, max_iter=1000)
    if meta == "mlp":
        return MLPClassifier((32,), alpha=strength, max_iter=200, random_state=seed)
    raise EvaluationError(f"no meta-model named {meta!r}; there are: {', '.join(META_MODELS)}")

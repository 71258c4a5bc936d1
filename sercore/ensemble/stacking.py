"""Stacking: a meta-model whose features are the class probabilities of other models.

The meta-model must learn how reliable each member is on clips that the member was *not* trained on. If it
were fitted on predictions for the members' training clips, it would favour the member that overfits most.
This is prevented here as far as a table shows it: :func:`fit_stack` accepts an out-of-fold table, and
:func:`sercore.ensemble.align` rejects tables in which a clip or a speaker is predicted in more than one fold.

The L2 penalty of the meta-model is chosen by the same rule, on inner folds over the speakers it is fitted
on; test speakers have no influence on it.

References
----------
Wolpert: Stacked generalization. Neural Networks 5, 241–259, 1992.
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
"""Candidate L2 penalties: ``1 / C`` of the logistic regression, ``alpha`` of the MLP."""

META_MODELS = tuple(STRENGTHS)
"""Names of the meta-models."""


@dataclass(frozen=True, eq=False)
class Stack:
    """A fitted meta-model, as returned by :func:`fit_stack`.

    Parameters
    ----------
    members, classes : tuple of str
        Names of the members and classes whose probabilities are its features.
    model : sklearn estimator
        Classifier on the concatenated probabilities of all members.
    speakers : frozenset of str
        Speakers it was fitted on.
    strength : float
        L2 penalty, given or chosen.
    """

    members: tuple[str, ...]
    classes: tuple[str, ...]
    model: object
    speakers: frozenset[str]
    strength: float

    def predict(self, probas: Mapping[str, np.ndarray]) -> np.ndarray:
        """Class probabilities [shape=(n_clips, n_classes)] of the stack.

        Parameters
        ----------
        probas : mapping of str to np.ndarray [shape=(n_clips, n_classes)]
            Probabilities of each member by name; columns in the order of ``classes``.

        Raises
        ------
        EvaluationError
            The members are not those that the stack was fitted on.
        """
        if set(probas) != set(self.members):
            raise EvaluationError(f"the stack needs {list(self.members)}, but got {sorted(probas)}")
        features = _features(np.stack([probas[name] for name in self.members]))
        return predict_proba(self.model, features, self.classes)

    def predict_oof(self, oof: pd.DataFrame | Members, *, name: str = "stack") -> pd.DataFrame:
        """Out-of-fold table of the stack for speakers that it was not fitted on.

        Parameters
        ----------
        oof : pd.DataFrame or Members
            Out-of-fold predictions of the members.
        name : str
            Name of the stack in the ``model`` column.

        Raises
        ------
        SplitError
            The stack was fitted on one of these speakers.
        """
        members = align(oof)
        shared = sorted(self.speakers & set(members.rows["speaker"]))
        if shared:
            raise SplitError(
                f"the stack was fitted on {len(shared)} of these speakers ({', '.join(shared[:5])}), so its "
                "predictions for them are not a test. Use evaluate_nested, which fits it on the other folds"
            )
        probas = dict(zip(members.names, members.proba, strict=True))
        return members.table(self.predict(probas), name)


def fit_stack(
    oof: pd.DataFrame | Members, *, meta: str = "logistic", strength: float | None = None, seed: int = 0
) -> Stack:
    """Meta-model fitted on the members' out-of-fold probabilities.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models.
    meta : str
        ``logistic`` (a weight for every member and class) or ``mlp`` (one hidden layer of 32 units).
    strength : float, optional
        L2 penalty. By default the one of :data:`STRENGTHS` with the lowest log loss on inner folds over
        these speakers (:func:`sercore.splits.inner_folds`); the strongest, if there are too few speakers
        to have every class on both sides.
    seed : int
        Seed of the MLP's initial weights and of the inner folds.

    Returns
    -------
    Stack

    Raises
    ------
    EvaluationError
        The meta-model is unknown.
    SplitError
        The split is leaky, speakers are unknown, or a clip or speaker is predicted in several folds.

    See Also
    --------
    evaluate_nested : Fits and scores stacks on disjoint speakers.

    Notebook: 06_ensembles.ipynb
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
    """Raise SplitError if the split is leaky, speakers are unknown, or predictions are not out of fold."""
    split = members.rows["split"].iloc[0]
    if is_leaky(split):
        raise SplitError(
            f"split {split!r} is leaky: its models were trained on the speakers they are tested on, so "
            "fitted weights or meta-models would favour memorisation. Use a table of split 'speaker'; votes "
            "without fitted weights accept any split"
        )
    unknown = members.rows["speaker"].fillna("") == ""
    if unknown.any():
        raise SplitError(
            f"{unknown.sum()} predictions have no speaker (first: clip "
            f"{members.rows['clip_id'][unknown].iloc[0]}); weights can only be fitted on some speakers and "
            "tested on others if speakers are known"
        )
    assert_out_of_fold(members.rows, f"{len(members.names)} members")


def _features(proba):
    """Probabilities of all members, concatenated [shape=(n_clips, n_members * n_classes)].

    They are not standardised, which would amplify members and classes whose probabilities hardly vary.
    """
    return proba.transpose(1, 0, 2).reshape(proba.shape[1], -1)


def _choose_strength(meta, X, labels, rows, seed):
    """The penalty with the lowest log loss in a cross-validation over the tuning speakers."""
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
    """Minus the log loss; unlike scikit-learn's scorer, the test part may lack a class."""
    of_true_class = model.predict_proba(X)[np.arange(len(X)), np.searchsorted(model.classes_, labels)]
    return np.log(np.maximum(of_true_class, np.finfo(float).eps)).mean()


def _build(meta, strength, seed):
    """Unfitted meta-model."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    if meta == "logistic":
        return LogisticRegression(C=1 / strength, max_iter=1000)
    if meta == "mlp":
        return MLPClassifier((32,), alpha=strength, max_iter=200, random_state=seed)
    raise EvaluationError(f"no meta-model named {meta!r}; there are: {', '.join(META_MODELS)}")

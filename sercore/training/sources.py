"""Several training corpora: models of single corpora, averaged, and decisions without a favourite class.

Two pooled training corpora are often worse than the better one of them, because the model also learns what
tells the corpora apart. :func:`average_sources` leaves every corpus its own model and averages their
probabilities. On another corpus, a model also prefers some classes for reasons that are not emotion;
:func:`uniform_prior` removes the preference with unlabelled clips. Whether it helps, and with which
adaptation, is decided by :func:`leave_one_corpus_out` on the training corpora.

All functions read and return tables of :func:`sercore.training.cross_corpus`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..evaluation import uar_of

MEAN = "mean"
"""Adaptation of rows that are averaged over all other adaptations."""

_FLOOR = 1e-4  # published probabilities across corpora are rounded, so smaller ones are 0
_N_STEPS = 1000


def uniform_prior(proba: np.ndarray) -> np.ndarray:
    """Probabilities of a set of clips, with one factor per class that makes their mean uniform.

    Labels are not used. The factors are those of Sinkhorn's algorithm: columns are scaled to equal sums and
    rows to a sum of 1, in turn. It assumes that the set contains about as many clips of every class, as
    corpora of acted emotion do and a conversation does not.

    Parameters
    ----------
    proba : np.ndarray [shape=(n_clips, n_classes)]
        Predictions for one corpus, or for one recording with many clips. Values below 0.0001 count as that.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_classes)]
        Rows sum to 1, and the mean over clips of every class is the same. The odds between two classes change
        by the same factor in all clips, so the order of the clips by these odds does not change.

    Raises
    ------
    EvaluationError
        There are fewer clips than classes: a single clip would get equal probabilities.

    References
    ----------
    Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a priori probabilities.
    Neural Computation 14, 2002.
    Cuturi: Sinkhorn distances. NeurIPS 2013.

    Examples
    --------
    >>> uniform_prior(np.array([[0.9, 0.1], [0.7, 0.3]])).round(2).tolist()
    [[0.66, 0.34], [0.34, 0.66]]
    """
    proba = np.maximum(np.asarray(proba, dtype=float), _FLOOR)
    if len(proba) < proba.shape[1]:
        raise EvaluationError(
            f"a uniform prior for {len(proba)} clips of {proba.shape[1]} classes: it needs about as many "
            "clips of every class, so at least one"
        )
    for _ in range(_N_STEPS):
        proba = proba / proba.sum(axis=1, keepdims=True)
        preference = proba.mean(axis=0) * proba.shape[1]
        if np.abs(preference - 1).max() < 1e-6:
            break
        proba = proba / preference
    return proba / proba.sum(axis=1, keepdims=True)


def balance_predictions(oof: pd.DataFrame) -> pd.DataFrame:
    """The table with :func:`uniform_prior` for each training set, test corpus, adaptation and seed."""
    columns, parts = _columns(oof), []
    for _, part in oof.reset_index(drop=True).groupby([*_KEYS, "train"], sort=False):
        parts.append(part.assign(**_by_column(columns, uniform_prior(part[columns].to_numpy()))))
    return pd.concat(parts).sort_index().set_index(oof.index)


def average_sources(oof: pd.DataFrame) -> pd.DataFrame:
    """Mean of the probabilities of the models that were trained on a single other corpus.

    Parameters
    ----------
    oof : pd.DataFrame
        From :func:`sercore.training.cross_corpus` with the folds of :func:`sercore.splits.corpus_pairs`. Rows
        of pooled or in-corpus training are left out.

    Returns
    -------
    pd.DataFrame
        One row per clip, adaptation, model and seed; ``train`` names all sources (``ravdess+tess``).

    Raises
    ------
    EvaluationError
        The table contains no single-source predictions of another corpus.

    See Also
    --------
    sercore.training.cross_corpus : pooled training corpora, if a fold contains several.

    Examples
    --------
    >>> row = {"clip_id": "c/1", "speaker": "c-1", "label": "sad", "model": "lda", "split": "corpus",
    ...        "seed": 0, "test": "c", "adaptation": "plain", "balanced": False}
    >>> oof = pd.DataFrame([{**row, "fold": "a-to-c", "train": "a", "p_sad": 0.9, "p_angry": 0.1},
    ...                     {**row, "fold": "b-to-c", "train": "b", "p_sad": 0.5, "p_angry": 0.5}])
    >>> average_sources(oof)[["train", "p_sad"]].to_numpy().tolist()
    [['a+b', 0.7]]
    """
    single = _single(oof)
    names = single.groupby("test")["train"].agg(lambda part: "+".join(sorted(set(part))))
    return _averaged(single.assign(train=single["test"].map(names))).assign(
        fold=lambda table: table["train"] + "-to-" + table["test"]
    )


def average_adaptations(oof: pd.DataFrame) -> pd.DataFrame:
    """Mean of the probabilities over adaptations (``plain`` is none), by training set and test corpus."""
    return _averaged(oof[oof["adaptation"] != "plain"].assign(adaptation=MEAN))


def leave_one_corpus_out(oof: pd.DataFrame) -> pd.DataFrame:
    """Each corpus predicted from all others, by the procedure that is best among these.

    Candidates are the adaptations of the table (``plain`` is none), their mean (:data:`MEAN`), and each of
    them with :func:`uniform_prior`. For a test corpus, that with the highest mean UA over the pairs of the
    *other* corpora is used; then the models of single corpora are averaged. No label of the test corpus is
    read.

    Parameters
    ----------
    oof : pd.DataFrame
        As for :func:`average_sources`, with at least three corpora.

    Returns
    -------
    pd.DataFrame
        As from :func:`average_sources`, with the chosen ``adaptation`` and ``uniform_prior`` of each test
        corpus, and ``inner_ua``, its UA on the pairs of the others.

    Raises
    ------
    EvaluationError
        Fewer than three corpora, so no pair is left for the choice.
    """
    single = _single(oof[oof["adaptation"] != "plain"] if "adaptation" in oof else oof)
    mean = average_adaptations(single)
    candidates = {}
    for name, part in pd.concat([single, mean], ignore_index=True).groupby("adaptation", sort=False):
        candidates |= {(name, False): part, (name, True): balance_predictions(part)}
    scores = {key: _pair_scores(part) for key, part in candidates.items()}
    chosen = []
    for test in single["test"].unique():
        inner = {
            key: np.mean([ua for pair, ua in pairs.items() if test not in pair] or np.nan)
            for key, pairs in scores.items()
        }
        here = set(_of(single, test)["adaptation"]) | {MEAN}
        inner = {key: ua for key, ua in inner.items() if np.isfinite(ua) and key[0] in here}
        if not inner:
            raise EvaluationError("leave_one_corpus_out needs at least three corpora, two for the choice")
        adaptation, uniform = max(inner, key=inner.get)
        averaged = average_sources(_of(candidates[adaptation, False], test))
        averaged = balance_predictions(averaged) if uniform else averaged
        chosen.append(averaged.assign(uniform_prior=uniform, inner_ua=inner[adaptation, uniform]))
    return pd.concat(chosen, ignore_index=True)


_KEYS = ["test", "model", "seed", "adaptation", "balanced"]


def _single(oof: pd.DataFrame) -> pd.DataFrame:
    """Predictions of another corpus by models of one corpus."""
    absent = sorted({*_KEYS, "train"} - set(oof.columns))
    if absent:
        raise EvaluationError(f"not a cross-corpus table: no column {', '.join(absent)}")
    single = oof[~oof["train"].str.contains("+", regex=False) & (oof["train"] != oof["test"])]
    if single.empty:
        raise EvaluationError("no predictions of another corpus by a model of one corpus in the table")
    return single[~single["balanced"].astype(bool)]


def _averaged(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per clip and key, with the mean of the probabilities."""
    columns = _columns(rows)
    groups = rows.groupby([*_KEYS, "train", "clip_id"], sort=False, as_index=False)
    means = groups[columns].mean()
    rest = groups[[name for name in rows if name not in means]].first()
    table = means.merge(rest.drop(columns=[name for name in rest if name in columns]))
    return table[[name for name in rows.columns if name in table]]


def _pair_scores(rows: pd.DataFrame) -> dict[tuple[str, str], float]:
    """UA of each training and test corpus."""
    return {pair: uar_of(part) for pair, part in rows.groupby(["train", "test"])}


def _of(rows: pd.DataFrame, test: str) -> pd.DataFrame:
    return rows[rows["test"] == test]


def _columns(oof: pd.DataFrame) -> list[str]:
    return [name for name in oof.columns if name.startswith("p_")]


def _by_column(columns: list[str], proba: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(columns, proba.T, strict=True))

"""Cross-corpus experiments: train on some corpora, test on each other one.

::

    pooled = pool_corpora(["ravdess", "tess", "emo_db"], scheme="four", recipe=EncoderRecipe())
    oof = cross_corpus(*pooled.data, folds=corpus_pairs(pooled.index), adaptation="speaker")
    evaluation.evaluate_corpora(oof)

Everything that is tuned uses training corpora only. The strength of regularisation of ``logistic_nested`` is
chosen on inner speakers of the training corpus; with several training corpora, on each of them while the
others are fitted, because that is the situation of the test.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import CorpusError
from ..splits import Fold, assert_disjoint, balance_corpora, corpus_folds
from .adaptation import adapt, check_adaptation
from .clips import select_rows
from .cross_validation import out_of_fold
from .folds import run_folds
from .jobs import Job
from .nested import choose_c
from .normalisation import speaker_normalise

if TYPE_CHECKING:
    from ..audio.augment import Augmentation
    from ..features import Recipe

MAX_LOSO_SPEAKERS = 12
"""Up to this number of speakers, the in-corpus reference leaves one speaker out; above, it has six folds."""


@dataclass(frozen=True)
class PooledCorpora:
    """Clips of several corpora with common classes.

    Parameters
    ----------
    index : pd.DataFrame
        With the columns of :func:`sercore.corpora.load_index` and ``label``.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
    classes : tuple of str
        Classes that occur in every corpus.
    left_out : tuple of str
        One sentence per corpus about clips whose emotion is not a common class.
    """

    index: pd.DataFrame
    X: np.ndarray | list[np.ndarray]
    classes: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def data(self) -> tuple[pd.DataFrame, np.ndarray | list[np.ndarray], tuple[str, ...]]:
        """``index, X, classes``, the first arguments of the functions of this package."""
        return self.index, self.X, self.classes


def pool_corpora(
    names: Sequence[str],
    *,
    scheme: str = "four",
    recipe: str | Recipe = "default",
    frames: bool = False,
    augmentation: Augmentation | None = None,
    version: int = 0,
    n_jobs: int = 1,
) -> PooledCorpora:
    """Index and features of several corpora, with the classes of a scheme that all of them contain.

    Parameters
    ----------
    names : sequence of str
        Corpora, found as by :func:`sercore.corpora.load_index`.
    scheme : str
        A label scheme, or ``common``: that of :func:`sercore.labels.common_scheme`.
    recipe : str, Recipe or EncoderRecipe
        See :func:`sercore.features.extract_table`.
    frames : bool
        Frames instead of a table (:func:`sercore.features.extract_frames`), for networks that read them.
    augmentation, version : Augmentation, int, optional
        Features of an augmented version of every clip; its rows are in the same order.
    n_jobs : int
        Processes for the extraction.

    Raises
    ------
    CorpusError
        A corpus is not found, or fewer than two classes are common.

    See Also
    --------
    common_classes : the same for indices that are already loaded.

    Notebook: 09_leaving_the_studio.ipynb
    """
    from ..corpora import load_index
    from ..features import extract_frames, extract_table
    from ..labels import common_scheme

    extract = extract_frames if frames else extract_table
    options = {"augmentation": augmentation, "version": version, "n_jobs": n_jobs}
    made = [extract(load_index(name), recipe, **options) for name in dict.fromkeys(names)]
    index = pd.concat([each.index for each in made], ignore_index=True)
    if scheme == "common":
        scheme = common_scheme(index.groupby("corpus")["emotion"].unique())
    index, classes, left_out = common_classes(index.assign(row=np.arange(len(index))), scheme)
    rows = index.pop("row").to_numpy()
    X = [clip for each in made for clip in each.X] if frames else np.concatenate([each.X for each in made])
    return PooledCorpora(index, select_rows(X, rows), classes, left_out)


def common_classes(index: pd.DataFrame, scheme: str) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Labelled clips of the classes that every corpus contains, the classes, and what was left out.

    Returns
    -------
    index : pd.DataFrame
        With the column ``label``, renumbered.
    classes : tuple of str
    left_out : tuple of str
        One sentence per corpus with fewer clips than before.

    Raises
    ------
    CorpusError
        Fewer than two classes are common.

    Examples
    --------
    >>> index = pd.DataFrame({"corpus": list("aaabb"),
    ...                       "emotion": ["sad", "angry", "calm", "sad", "angry"]})
    >>> labelled, classes, left_out = common_classes(index, "four")
    >>> len(labelled), classes, left_out
    (4, ('sad', 'angry'), ("a: 1 of 3 clips left out, not in the common classes of 'four': 1 calm",))
    """
    from ..labels import get_scheme, sort_emotions

    labels = index["emotion"].map(get_scheme(scheme).label)
    shared = set.intersection(*(set(part.dropna()) for _, part in labels.groupby(index["corpus"])))
    classes = tuple(name for name in get_scheme(scheme).classes if name in shared)
    if len(classes) < 2:
        found = {name: sort_emotions(part) for name, part in index.groupby("corpus")["emotion"]}
        raise CorpusError(
            f"the corpora have {len(classes)} class(es) of the scheme {scheme!r} in common; their emotions "
            f"are {found}"
        )
    kept, left_out = labels.isin(classes), []
    for corpus, part in index.assign(kept=kept).groupby("corpus", sort=False):
        counts = part.loc[~part["kept"], "emotion"].value_counts()
        if len(counts):
            names = ", ".join(f"{counts[name]} {name}" for name in sort_emotions(counts.index))
            left_out.append(
                f"{corpus}: {counts.sum()} of {len(part)} clips left out, not in the common classes of "
                f"{scheme!r}: {names}"
            )
    return index.assign(label=labels)[kept].reset_index(drop=True), classes, tuple(left_out)


def cross_corpus(
    index: pd.DataFrame,
    X,
    classes: Sequence[str],
    *,
    folds: Sequence[Fold] | None = None,
    model: str = "logistic_nested",
    model_params: Mapping | None = None,
    fit_params: Mapping | None = None,
    adaptation: str = "plain",
    balanced: bool = False,
    augmented: Sequence = (),
    test_versions: int = 0,
    seed: int = 0,
    folder: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Predictions for the clips of other corpora than those that a model was trained on.

    Parameters
    ----------
    index, X, classes, model, model_params, fit_params, test_versions, folder
        As in :func:`out_of_fold`.
    folds : sequence of Fold, optional
        From :func:`sercore.splits.corpus_folds` or :func:`~sercore.splits.corpus_pairs`; by default each
        corpus is tested with all others as training. Folds with the same training part share one fit, unless
        the adaptation is ``coral``, which depends on the test clips.
    adaptation : str
        See :func:`adapt`. All but ``plain`` use the unlabelled test clips.
    balanced : bool
        Whether every training corpus and class has the same weight
        (:func:`sercore.splits.balance_corpora`).
    augmented : sequence of np.ndarray, as X
        Features of augmented versions of all clips, adapted like the clips but by themselves. Only those of
        the training part are fitted on.
    seed : int

    Returns
    -------
    pd.DataFrame
        An out-of-fold table with the additional columns ``train`` (``ravdess+tess``), ``test``,
        ``adaptation`` and ``balanced``. A clip is in several rows if its corpus is tested in several folds.

    Raises
    ------
    SplitError
        A corpus or a speaker is in both parts of a fold.

    See Also
    --------
    in_corpus : the reference, trained on other speakers of the test corpus.
    sercore.evaluation.evaluate_corpora : scores, one row for each pair of training set and test corpus.

    Notebook: 09_leaving_the_studio.ipynb
    """
    folds = corpus_folds(index) if folds is None else list(folds)
    for fold in folds:
        assert_disjoint(index, fold, corpora=True)
    groups = [[fold] for fold in folds] if adaptation == "coral" else _by_training_part(folds)
    chosen: dict[tuple, float] = {}  # strength of the regularisation, by what it depends on

    def predicted(group: list[Fold], wait: bool) -> pd.DataFrame | None:
        """Predictions for the tests of a training part; None if another process is computing them."""
        fold = replace(
            group[0],
            name="+".join(each.name for each in group),
            test=np.concatenate([each.test for each in group]),
        )
        adapted, *versions = (adapt(index, part, fold, adaptation) for part in (X, *augmented))
        name, params = model, dict(model_params or {})
        if model == "logistic_nested":
            aligned_to = fold.test if adaptation == "coral" else ()  # others change no training row
            key = (*fold.train, -1, *aligned_to)
            if key not in chosen:
                chosen[key] = choose_c(index, adapted, fold.train, augmented=versions, seed=seed, by="corpus")
            name, params = "logistic", {"C": chosen[key], **params}
        if balanced:
            fold = replace(fold, train=balance_corpora(index, fold.train))
        job = Job(
            index, adapted, classes, name, model_params=params, fit_params=fit_params or {},
            augmented=versions, test_versions=test_versions, split="corpus", folder=folder,
        )  # fmt: skip
        corpora = index["corpus"]
        for rows in run_folds(job, [(seed, fold)], wait=wait):
            return rows.assign(
                model=model if model == "logistic_nested" else rows["model"],
                fold=np.repeat([each.name for each in group], [len(each.test) for each in group]),
                train="+".join(sorted(set(corpora.iloc[fold.train]))),
                test=corpora.iloc[fold.test].to_numpy(),
            )
        return None

    tables: list[pd.DataFrame | None] = [None] * len(groups)
    for wait in (False, True):  # what is free first; then what others were computing
        for number, group in enumerate(groups):
            if tables[number] is None:
                tables[number] = predicted(group, wait)
    return pd.concat(tables, ignore_index=True).assign(adaptation=adaptation, balanced=balanced)


def _by_training_part(folds: Sequence[Fold]) -> list[list[Fold]]:
    """Folds with equal training parts together, in the order of the first of each."""
    groups: dict[bytes, list[Fold]] = {}
    for fold in folds:
        groups.setdefault(fold.train.tobytes(), []).append(fold)
    return list(groups.values())


def in_corpus(
    index: pd.DataFrame,
    X,
    classes: Sequence[str],
    *,
    model: str = "logistic_nested",
    adaptation: str = "plain",
    augmented: Sequence = (),
    seed: int = 0,
    folder: str | os.PathLike | None = None,
    **options,
) -> pd.DataFrame:
    """Predictions for new speakers of the same corpus, the reference for :func:`cross_corpus`.

    Parameters
    ----------
    adaptation : str
        ``speaker`` normalises each speaker. The others do not apply within one corpus, and are ``plain``.
    augmented : sequence of np.ndarray, as X
        As in :func:`cross_corpus`: features of augmented versions of all clips, normalised by themselves.
    options
        Of :func:`out_of_fold`.

    Returns
    -------
    pd.DataFrame
        As from :func:`cross_corpus`; ``train`` and ``test`` are the same.

    Raises
    ------
    SercoreError
        An unknown adaptation, or as :func:`out_of_fold`.

    Notebook: 10_your_own_voice.ipynb
    """
    check_adaptation(adaptation)
    tables, used = [], "speaker" if adaptation == "speaker" else "plain"
    for corpus in sorted(set(index["corpus"])):
        rows = np.flatnonzero(index["corpus"] == corpus)
        part = index.iloc[rows].reset_index(drop=True)
        features, *versions = (select_rows(each, rows) for each in (X, *augmented))
        if used == "speaker":
            features, *versions = (speaker_normalise(each, part["speaker"]) for each in (features, *versions))
        split = "loso" if part["speaker"].nunique() <= MAX_LOSO_SPEAKERS else "speaker"
        oof = out_of_fold(
            part, features, classes, model=model, augmented=versions, split=split, seeds=(seed,),
            folder=folder, progress=False, **options,
        )  # fmt: skip
        tables.append(oof.assign(train=corpus, test=corpus))
    return pd.concat(tables, ignore_index=True).assign(adaptation=used, balanced=False)

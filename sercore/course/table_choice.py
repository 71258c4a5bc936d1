"""Which descriptors belong in the table: a choice without the clips on which the table is tested.

The table ``default`` was chosen on the test folds of RAVDESS. Here the choice is made again, from a list of
candidates that was written down, and committed, before any of their scores was computed:

=====================================  =======================================================================
candidate                              columns
=====================================  =======================================================================
``default``                            the recipe ``default``
``default-contrast``                   without the last band of ``contrast``, which measures the resampler
``default-log_mel``                    without the statistics of ``log_mel``
``default-slopes``                     without the statistics of the slopes
``level_free``                         the recipe ``level_free``: all clips at one level
``level_free-log_mel``                 the same without ``log_mel``
``band``                               ``default`` up to 6.4 kHz (``band_limit``)
``band-log_mel``                       the same without ``log_mel``
``band+level_free``                    up to 6.4 kHz and at one level
``band+level_free-log_mel``            the same without ``log_mel``
``band+level_free-slopes``             the same without slopes
``band+level_free-log_mel-slopes``     the same without both
=====================================  =======================================================================

That ``log_mel`` may harm was known from test scores on TESS, and that the last band of ``contrast`` measures
the resampler from copies of RAVDESS; this is why both are in the list.

Only the last four satisfy what a table for other people's recordings must: neither gain nor sample rate
changes it (:data:`QUALIFIED`). The others show what that costs. There are two rules, for all candidates and
for the qualified ones, with logistic regression throughout (``logistic_nested``):

*nested*
    For each outer fold of ``emobox-ravdess``, the candidate with the lowest log loss on inner speakers of its
    training part. That is the rule by which the strength of regularisation is chosen.
*leave one corpus out*
    For each corpus, the candidate with the highest mean UA on the two others: each in-corpus, on new speakers
    and all classes, and each with models of the other, four classes, plain and normalised per speaker. No
    clip of the corpus itself is used.

The recipe ``robust`` is the qualified candidate that the second rule chooses for most corpora.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from .. import paths
from ..features import Recipe, column_names
from .published import oof_folder

__all__ = [
    "CANDIDATES", "FILES", "QUALIFIED", "SCORES", "Candidate", "choose_abroad", "choose_inside",
    "measure_scores", "scores", "table",
]  # fmt: skip

BAND_LIMIT = 6400.0
"""Hz. The octaves of ``contrast`` end there, and so does the speech codec AMR-WB; resamplers to 16 kHz begin
to attenuate at about 7 kHz."""

SCORES = "table-choice"
"""File of :func:`measure_scores` in ``data/oof``."""

FILES = (SCORES,)

TASKS = {
    "ravdess": ("eight", "emobox-ravdess", None),
    "emo_db": ("all", "speaker", 5),
    "tess": ("seven", "loso", None),
}
"""Scheme, split and number of folds of the in-corpus scores that compare candidates."""


@dataclass(frozen=True)
class Candidate:
    """Columns of a table.

    Parameters
    ----------
    level_free, band : bool
        Whether all clips have one level, and frequencies above :data:`BAND_LIMIT` are left out.
    without : tuple of str
        Beginnings of the names of columns that are left out, or ``slopes``.
    """

    level_free: bool = False
    band: bool = False
    without: tuple[str, ...] = ()

    @property
    def superset(self) -> Recipe:
        """The recipe that has these columns, and those of ``without``."""
        recipe = Recipe(level_db=-26.0 if self.level_free else None)
        return replace(recipe, band_limit=BAND_LIMIT, fmax=BAND_LIMIT) if self.band else recipe

    def keeps(self, column: str) -> bool:
        """Whether the column of this name belongs to the candidate.

        Examples
        --------
        >>> [Candidate(without=("slopes",)).keeps(name) for name in ("f0.mean", "f0.slope.mean")]
        [True, False]
        """
        slopes = "slopes" in self.without and ".slope." in column
        return not (slopes or column.startswith(self.without))


_LEVELLED = Candidate(level_free=True)
_BOTH = Candidate(level_free=True, band=True)
CANDIDATES = {
    "default": Candidate(),
    "default-contrast": Candidate(without=("contrast[6]",)),
    "default-log_mel": Candidate(without=("log_mel",)),
    "default-slopes": Candidate(without=("slopes",)),
    "level_free": _LEVELLED,
    "level_free-log_mel": replace(_LEVELLED, without=("log_mel",)),
    "band": Candidate(band=True),
    "band-log_mel": Candidate(band=True, without=("log_mel",)),
    "band+level_free": _BOTH,
    "band+level_free-log_mel": replace(_BOTH, without=("log_mel",)),
    "band+level_free-slopes": replace(_BOTH, without=("slopes",)),
    "band+level_free-log_mel-slopes": replace(_BOTH, without=("log_mel", "slopes")),
}
"""Candidates by name."""

QUALIFIED = tuple(name for name, made in CANDIDATES.items() if made.band and made.level_free)
"""Candidates that depend neither on the gain of a recording nor on its sample rate."""


def measure_scores() -> Path:
    """Score every candidate on real recordings and return the file.

    The scores of each candidate are cached, so an interrupted run resumes.
    """
    path = oof_folder() / f"{SCORES}.csv"
    pd.concat([_cached_scores(name) for name in CANDIDATES]).to_csv(path, index=False, lineterminator="\n")
    return path


def scores() -> pd.DataFrame:
    """Published scores of all candidates, one row per fold.

    Returns
    -------
    pd.DataFrame
        ``candidate``; ``train`` and ``test``, corpora, which are equal for scores on new speakers;
        ``adaptation`` (:func:`sercore.training.adapt`); ``fold``; ``c``, the chosen strength; ``inner_loss``,
        the log loss on inner speakers of the training part, in nats; ``ua`` over the test clips of all folds.

    Examples
    --------
    >>> set(scores()["candidate"]) == set(CANDIDATES)
    True
    """
    return pd.read_csv(oof_folder() / f"{SCORES}.csv")


def choose_inside(corpus: str = "ravdess", *, among: tuple[str, ...] = tuple(CANDIDATES)) -> pd.Series:
    """Candidate with the lowest log loss on inner speakers, for each outer fold of a corpus.

    Returns
    -------
    pd.Series of str, by fold
    """
    table = scores()
    own = table[(table["train"] == corpus) & (table["test"] == corpus) & table["candidate"].isin(among)]
    return own.pivot(index="fold", columns="candidate", values="inner_loss").idxmin(axis=1)


def choose_abroad(corpus: str, *, among: tuple[str, ...] = tuple(CANDIDATES)) -> pd.Series:
    """Mean UA of each candidate on the other corpora, best first; no clip of `corpus` is used.

    Returns
    -------
    pd.Series of float, by candidate
    """
    table = scores().drop_duplicates(["candidate", "train", "test", "adaptation"])
    table = table[(table["train"] != corpus) & (table["test"] != corpus) & table["candidate"].isin(among)]
    return table.groupby("candidate")["ua"].mean().sort_values(ascending=False)


def table(name: str, corpus: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Index and table of a candidate for all clips of a corpus; needs the recordings."""
    candidate = CANDIDATES[name]
    index, X = _superset(candidate.superset, corpus)
    return index, X[:, [candidate.keeps(column) for column in column_names(candidate.superset)]]


@lru_cache(maxsize=3)
def _superset(recipe: Recipe, corpus: str) -> tuple[pd.DataFrame, np.ndarray]:
    from ..corpora import load_index
    from ..features import extract_table

    made = extract_table(load_index(corpus), recipe, n_jobs=1)
    return made.index, made.X


def _cached_scores(name: str) -> pd.DataFrame:
    """Scores of one candidate, computed once."""
    path = paths.cache_dir() / SCORES / f"{name}.csv"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        pairs = [_score_pairs(name, adaptation) for adaptation in ("plain", "speaker")]
        rows = pd.concat([_score_corpus(name, corpus) for corpus in TASKS] + pairs)
        rows.insert(0, "candidate", name)
        rows.round(5).to_csv(path, index=False)
    return pd.read_csv(path)


def _score_corpus(name: str, corpus: str) -> pd.DataFrame:
    """In-corpus scores on new speakers."""
    from ..labels import apply_scheme
    from ..splits import make_folds

    scheme, split, n_folds = TASKS[corpus]
    index, X = table(name, corpus)
    labelled, _ = apply_scheme(index.assign(row=np.arange(len(index))), scheme)
    X = X[labelled["row"]]
    folds = make_folds(labelled, split, n_folds=n_folds)
    rows, right = zip(*[_score_fold(labelled, X, fold) for fold in folds], strict=True)
    return pd.DataFrame(rows).assign(train=corpus, test=corpus, adaptation="plain", ua=_ua(right))


def _score_pairs(name: str, adaptation: str) -> pd.DataFrame:
    """Scores of models of each corpus on each other one, with four classes."""
    from ..splits import corpus_pairs
    from ..training import adapt, common_classes

    tables = [table(name, corpus) for corpus in TASKS]
    index = pd.concat([index for index, _ in tables], ignore_index=True)
    index, _, _ = common_classes(index.assign(row=np.arange(len(index))), "four")
    X = np.concatenate([X for _, X in tables])[index["row"]]
    parts = []
    for fold in corpus_pairs(index):
        row, right = _score_fold(index, adapt(index, X, fold, adaptation), fold)
        train, test = (index["corpus"].iloc[rows[0]] for rows in (fold.train, fold.test))
        parts.append(row | {"train": train, "test": test, "adaptation": adaptation, "ua": _ua([right])})
    return pd.DataFrame(parts)


def _score_fold(index: pd.DataFrame, X: np.ndarray, fold) -> tuple[dict, pd.Series]:
    """Chosen strength and inner loss of a fold, and which test clips are right, by label."""
    from sklearn.linear_model import LogisticRegression

    from ..training import nested

    c, loss = nested.search_c(index, X, fold.train)
    labels = index["label"].to_numpy()
    train, test = nested.rotate(*nested.scaled(X[fold.train], X[fold.test]))
    model = LogisticRegression(C=c, max_iter=1000).fit(train, labels[fold.train])
    right = pd.Series(model.predict(test) == labels[fold.test], index=labels[fold.test])
    return {"fold": fold.name, "c": c, "inner_loss": loss}, right


def _ua(right) -> float:
    """Mean recall over the classes, from the test clips of all folds."""
    right = pd.concat(right)
    return float(right.groupby(right.index).mean().mean())

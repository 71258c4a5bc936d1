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

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from .. import paths
from ..features import Recipe, column_names
from .published import oof_folder

__all__ = [
    "CANDIDATES", "NESTED", "PAIRS", "QUALIFIED", "SCORES", "TASKS", "Candidate", "choose_abroad",
    "choose_inside", "experiment", "fit", "measure_scores", "predict", "scores", "table",
]  # fmt: skip

BAND_LIMIT = 6400.0
"""Hz. The octaves of ``contrast`` end there, and so does the speech codec AMR-WB; resamplers to 16 kHz begin
to attenuate at about 7 kHz."""

SCORES = "table-choice"
"""File of :func:`measure_scores` in ``data/oof``."""

NESTED = "nested"
"""Name of the scores on RAVDESS with the candidate that inner speakers chose in each fold."""

TASKS = {"ravdess": ("eight", "emobox-ravdess"), "emo_db": ("all", "loso"), "tess": ("seven", "loso")}
"""Scheme and split of the scores on new speakers of each corpus."""

PAIRS = "pairs"
"""Name of the scores of models of each corpus on each other one, with four classes."""


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
    """Score every candidate on real recordings and return the file."""
    tables = [predict(name, part) for name in CANDIDATES for part in (*TASKS, PAIRS)]
    tables += [predict(name, PAIRS, "speaker") for name in CANDIDATES]
    path = oof_folder() / f"{SCORES}.csv"
    rows = [_scored(rows) for table in tables for _, rows in table.groupby(["train", "test"], sort=False)]
    chosen = _choose_inside(pd.concat(rows), "ravdess", tuple(CANDIDATES))
    folds = [predict(name, "ravdess").query("fold == @fold") for fold, name in chosen.items()]
    rows.append(_scored(pd.concat(folds).assign(candidate=NESTED)))
    pd.concat(rows).round(5).to_csv(path, index=False, lineterminator="\n")
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
    >>> set(scores()["candidate"]) == {*CANDIDATES, NESTED}
    True
    """
    return pd.read_csv(oof_folder() / f"{SCORES}.csv")


def choose_inside(corpus: str = "ravdess", *, among: tuple[str, ...] = tuple(CANDIDATES)) -> pd.Series:
    """Candidate with the lowest log loss on inner speakers, for each outer fold of a corpus.

    Returns
    -------
    pd.Series of str, by fold
    """
    return _choose_inside(scores(), corpus, among)


def _choose_inside(table: pd.DataFrame, corpus: str, among: tuple[str, ...]) -> pd.Series:
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


def predict(name: str, part: str, adaptation: str = "plain", *, exact: bool = False) -> pd.DataFrame:
    """Predictions of a candidate for new speakers of a corpus, or for all pairs of corpora.

    They are cached, so an interrupted run resumes.

    Parameters
    ----------
    name : str
        A key of :data:`CANDIDATES`.
    part : str
        A key of :data:`TASKS`, or :data:`PAIRS`.
    adaptation : str
        See :func:`sercore.training.adapt`.
    exact : bool
        Fit ``logistic_nested`` as :func:`sercore.training.fit_classical` does. Otherwise the same regression
        is fitted in a third of the time, in the coordinates of :func:`sercore.training.nested.rotate`. Its
        solver stops at another point there, which matters on TESS: the classes of one woman are easily
        separated, and the solver stops early.

    Returns
    -------
    pd.DataFrame
        An out-of-fold table with the additional columns ``candidate``, ``train``, ``test``, ``adaptation``,
        ``c`` and ``inner_loss``, and what computed it (:data:`sercore.course.predictions.MADE_WITH`).
    """
    from ..training import adapt, write_parquet
    from ..training.jobs import origin

    made = CANDIDATES[name]
    settings = repr((made.superset.key, made.without, TASKS.get(part)))
    settings = hashlib.sha256(settings.encode()).hexdigest()[:12]
    way = f"{adaptation}{'-exact' if exact else ''}"
    path = paths.cache_dir() / SCORES / f"{name}-{part}-{way}-{settings}.parquet"
    if not path.is_file():
        index, X, folds, split = experiment(name, part)
        rows = [fit(index, adapt(index, X, fold, adaptation), fold, split, exact=exact) for fold in folds]
        path.parent.mkdir(parents=True, exist_ok=True)
        made_with = origin("logistic_nested") | {"recipe": made.superset.key}
        oof = pd.concat(rows, ignore_index=True)
        write_parquet(oof.assign(candidate=name, adaptation=adaptation, **made_with), path)
    return pd.read_parquet(path)


def experiment(name: str, part: str):
    """Labelled index, table, folds and the name of the split."""
    from ..labels import apply_scheme
    from ..splits import Fold, make_folds
    from ..training import common_classes

    parts = [table(name, corpus) for corpus in (TASKS if part == PAIRS else [part])]
    index = pd.concat([index for index, _ in parts], ignore_index=True)
    index, X = index.assign(row=np.arange(len(index))), np.concatenate([X for _, X in parts])
    if part == PAIRS:
        index, _, _ = common_classes(index, "four")
        here = {corpus: (index["corpus"] == corpus).to_numpy() for corpus in TASKS}
        folds = [Fold(name, np.flatnonzero(rows), np.flatnonzero(~rows)) for name, rows in here.items()]
        return index, X[index["row"]], folds, "corpus"
    scheme, split = TASKS[part]
    index, _ = apply_scheme(index, scheme)
    return index, X[index["row"]], make_folds(index, split), split


def fit(index: pd.DataFrame, X: np.ndarray, fold, split: str, *, exact: bool) -> pd.DataFrame:
    """Predictions for the test part of a fold, with the chosen strength and the inner loss."""
    from sklearn.linear_model import LogisticRegression

    from ..evaluation.oof import oof_rows
    from ..training import fit_classical, nested

    c, loss = nested.search_c(index, X, fold.train)
    test = X[fold.test]
    if exact:
        model = fit_classical(
            index, X, fold.train, model="logistic", model_params={"C": c, "max_iter": 1000}
        )  # the definition of logistic_nested
    else:
        train, test = nested.rotate(*nested.scaled(X[fold.train], test))
        model = LogisticRegression(C=c, max_iter=1000).fit(train, index["label"].iloc[fold.train])
    rows = oof_rows(
        index, fold, model.predict_proba(test), model.classes_, model="logistic_nested", split=split
    )
    corpora = index["corpus"].to_numpy()
    return rows.assign(train=corpora[fold.train[0]], test=corpora[fold.test], c=c, inner_loss=loss)


def _scored(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per fold, with the UA of all folds."""
    from ..evaluation import uar_of

    columns = ["candidate", "train", "test", "adaptation", "fold", "c", "inner_loss"]
    return rows.drop_duplicates(columns)[columns].assign(ua=uar_of(rows))

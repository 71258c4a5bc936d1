"""Scores across corpora: one row for each training set and test corpus, never pooled over test corpora."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from .bootstrap import MIN_UNITS, bounds, count_speakers, resample
from .metrics import confusion_metrics
from .oof import check_comparable, evaluate_oof, run_confusions

OTHERS = "all others"
"""Row of :func:`corpus_matrix` in which every test corpus is predicted from all other corpora together."""


def evaluate_corpora(oof: pd.DataFrame, *, n_boot: int = 1000, seed: int = 0) -> pd.DataFrame:
    """All metrics for each training set and test corpus of a cross-corpus table.

    Parameters
    ----------
    oof : pd.DataFrame
        From :func:`sercore.training.cross_corpus`, possibly with the rows of
        :func:`sercore.training.in_corpus`. Several models, adaptations and both values of ``balanced``
        give separate rows.
    n_boot, seed
        As in :func:`evaluate_oof`.

    Returns
    -------
    pd.DataFrame
        Columns ``train, test, model, adaptation, balanced``, those of :func:`evaluate_oof`, and
        ``reference``: UA of the same model trained on other speakers of the test corpus, with speaker
        normalisation if the row has it; NaN if it is not in the table. Intervals are over the test speakers;
        with fewer than four, over clips (``interval``), and then apply to these people only.

    Raises
    ------
    EvaluationError
        The table does not contain the columns ``train`` and ``test``.

    See Also
    --------
    corpus_matrix : the scores with a row for each training set and a column for each test corpus.

    Notebook: 09_leaving_the_studio.ipynb
    """
    absent = sorted({"train", "test"} - set(oof.columns))
    if absent:
        raise EvaluationError(
            f"not a cross-corpus table: no column {', '.join(absent)}; use training.cross_corpus, or "
            "evaluate_oof for a table of one corpus"
        )
    oof = oof.assign(adaptation=oof.get("adaptation", "plain"), balanced=oof.get("balanced", False))
    keys, rows = ["train", "test", "model", "adaptation", "balanced"], []
    for names, part in oof.groupby(keys, sort=False):
        interval = "clips" if count_speakers(part["speaker"]) < MIN_UNITS else "speakers"
        scores = evaluate_oof(part, interval=interval, n_boot=n_boot, seed=seed)
        rows.append(dict(zip(keys, names, strict=True)) | scores)
    table = pd.DataFrame(rows)
    return table[[*keys, *(column for column in table if column not in keys)]].assign(
        reference=[_reference(table, row) for row in table.itertuples()]
    )


def _reference(table, row) -> float:
    """UA within the test corpus, by the same model."""
    adaptation = "speaker" if row.adaptation == "speaker" else "plain"
    found = table[
        (table["train"] == row.test)
        & (table["test"] == row.test)
        & (table["model"] == row.model)
        & (table["adaptation"] == adaptation)
    ]
    return float(found["ua"].iloc[0]) if len(found) else np.nan


def corpus_matrix(table: pd.DataFrame, value: str = "ua") -> pd.DataFrame:
    """Matrix of one metric: a row per training set, a column per test corpus.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`evaluate_corpora`, of one model and one adaptation.
    value : str
        A column of the table.

    Returns
    -------
    pd.DataFrame
        Single corpora in alphabetical order, then ``all others`` if there are more than two corpora. The
        diagonal contains the in-corpus references.

    Raises
    ------
    EvaluationError
        Several models or adaptations.

    Examples
    --------
    >>> table = pd.DataFrame({"train": ["a", "b"], "test": ["b", "a"], "ua": [0.5, 0.4]})
    >>> corpus_matrix(table).loc["a", "b"].item()
    0.5
    """
    corpora = sorted(set(table["test"]))
    rows = [_row_name(*pair, corpora) for pair in zip(table["train"], table["test"], strict=True)]
    cells = pd.DataFrame({"train": rows, "test": table["test"].to_numpy(), "value": table[value].to_numpy()})
    if cells.duplicated(["train", "test"]).any():
        raise EvaluationError(
            "the table has several rows for one training set and test corpus; select one model and one "
            "adaptation first: table[table['adaptation'] == 'plain']"
        )
    names = sorted(set(rows), key=lambda name: (name == OTHERS, name.count("+"), name))
    return cells.pivot(index="train", columns="test", values="value").reindex(index=names, columns=corpora)


def _row_name(train: str, test: str, corpora: list[str]) -> str:
    """Training set as the name of a row."""
    others = [name for name in corpora if name != test]
    return OTHERS if len(others) > 1 and set(train.split("+")) == set(others) else train


def mean_over_pairs(table: pd.DataFrame, value: str = "ua") -> float:
    """Mean over the pairs of single corpora, without the diagonal and pooled training sets.

    Examples
    --------
    >>> table = pd.DataFrame({"train": ["a", "b", "a"], "test": ["b", "a", "a"], "ua": [0.5, 0.4, 0.9]})
    >>> mean_over_pairs(table)
    0.45

    Notebook: 09_leaving_the_studio.ipynb
    """
    single = ~table["train"].str.contains("+", regex=False) & (table["train"] != table["test"])
    return float(table.loc[single, value].mean())


def compare_corpora(oof_a: pd.DataFrame, oof_b: pd.DataFrame, *, n_boot: int = 2000, seed: int = 0) -> dict:
    """Mean difference in UA between two cross-corpus tables (a minus b), with a paired interval.

    The UA of a test corpus is averaged over its training sets, then over test corpora, so pairs of corpora
    can be compared with pooled training. Within a test corpus, both tables are scored on the same resamples
    of the speakers (of the clips, if there are fewer than four speakers); test corpora are resampled
    independently of each other.

    Parameters
    ----------
    oof_a, oof_b : pd.DataFrame
        From :func:`sercore.training.cross_corpus`, each with one model, adaptation and seed, and the same
        test corpora.
    n_boot : int
        Number of resamples.
    seed : int

    Returns
    -------
    dict
        ``ua_a``, ``ua_b``, ``difference``, ``low`` and ``high`` (95 %, widened for the smallest number of
        units in a test corpus), ``n_tests``, ``n_clips`` and ``n_speakers``.

    Raises
    ------
    EvaluationError
        The tables do not contain the same test corpora, clips, labels and speakers, or one has several seeds.

    See Also
    --------
    compare_oof : the same for one test corpus.
    """
    parts = [dict(list(oof.groupby("test"))) for oof in (oof_a, oof_b)]
    if any(oof["seed"].nunique() > 1 for oof in (oof_a, oof_b)):
        raise EvaluationError("a table contains several seeds; compare one at a time")
    if set(parts[0]) != set(parts[1]):
        raise EvaluationError(
            f"the tables have different test corpora: {sorted(parts[0])} and {sorted(parts[1])}"
        )
    scores, drawn, n_units = [], [], []
    for k, test in enumerate(sorted(parts[0])):
        pair = [each[test] for each in parts]
        interval = "clips" if count_speakers(pair[0]["speaker"]) < MIN_UNITS else "speakers"
        check_comparable(*pair, interval)
        both = [_by_training_set(part, interval) for part in pair]
        scores.append([confusion_metrics(part.sum(axis=1))["ua"].mean() for part in both])
        drawn.append([resample(part, n_boot=n_boot, seed=seed + k)["ua"] for part in both])
        n_units.append(both[0].shape[1])
    ua_a, ua_b = np.mean(scores, axis=0)
    mean_a, mean_b = np.mean(drawn, axis=0)
    low, high = bounds(mean_a - mean_b, min(n_units))
    return {
        "ua_a": float(ua_a), "ua_b": float(ua_b), "difference": float(ua_a - ua_b), "low": low, "high": high,
        "n_tests": len(scores), "n_clips": oof_a["clip_id"].nunique(),
        "n_speakers": count_speakers(oof_a["speaker"]),
    }  # fmt: skip


def _by_training_set(oof: pd.DataFrame, interval: str) -> np.ndarray:
    """Confusion matrices [shape=(n_training_sets, n_units, n_classes, n_classes)], units in equal order."""
    return np.concatenate([run_confusions(part, interval)[0] for _, part in oof.groupby("train")])


def cross_corpus_text(table: pd.DataFrame) -> str:
    """Scores of :func:`evaluate_corpora` for a terminal: UA in percent with its interval, and the reference.

    With several pairs, the matrix of UA and the mean over the pairs of single corpora follow.

    Examples
    --------
    >>> rows = {"train": ["a"], "test": ["b"], "ua": 0.5, "ua_low": 0.4, "ua_high": 0.6, "n_clips": 90,
    ...         "n_speakers": 9, "interval": "speakers", "reference": 0.7}
    >>> print(cross_corpus_text(pd.DataFrame(rows)))
    Train Test     UA % [95 %]  In-corpus  Clips  Speakers
        a    b 50.0 [40.0, 60.0]      70.0     90         9
    """
    crossed = table[table["train"] != table["test"]]
    text = pd.DataFrame(
        {
            "Train": crossed["train"],
            "Test": crossed["test"],
            "UA % [95 %]": [_score(row) for row in crossed.to_dict("records")],
            "In-corpus": [_percent(value) for value in crossed["reference"]],
            "Clips": crossed["n_clips"],
            "Speakers": crossed["n_speakers"],
        }
    ).to_string(index=False)
    if crossed["test"].nunique() < 2 or crossed["train"].nunique() < 2:
        return text
    matrix = (100 * corpus_matrix(table)).map(lambda value: "" if np.isnan(value) else f"{value:.1f}")
    matrix = matrix.rename_axis(index=None, columns="train \\ test")
    return (
        f"{text}\n\nUA %; on the diagonal, other speakers of the same corpus\n{matrix}\n\n"
        f"mean over pairs: {100 * mean_over_pairs(table):.1f}"
    )


def _percent(value: float) -> str:
    return "" if np.isnan(value) else f"{100 * value:.1f}"


def _score(row: dict) -> str:
    """``57.1 [53.0, 61.2]``; an interval over clips is marked."""
    text = f"{100 * row['ua']:.1f} [{100 * row['ua_low']:.1f}, {100 * row['ua_high']:.1f}]"
    return text + (" over clips" if row["interval"] == "clips" else "")

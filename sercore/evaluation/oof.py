"""Out-of-fold tables, the form in which predictions are published, and metrics over folds and seeds.

An out-of-fold table has one row per clip and run, with the columns ``clip_id, speaker, label, model, split,
fold, seed`` and one ``p_<class>`` per class. Every metric can be recomputed from it without audio. A **run**
is one seed of a cross-validation, in which each clip is tested at most once. In the leaky split ``random``,
each draw (``fold``) is a run of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..splits import Fold, is_leaky
from ..splits.folds import first_few
from .bootstrap import bounds, count_speakers, difference, resample, sampling_units
from .metrics import scalar_metrics, uar, unit_confusions, validate

KEYS = ("clip_id", "speaker", "label", "model", "split", "fold", "seed")
"""Columns of every out-of-fold table, beside the probabilities."""


def oof_rows(
    index: pd.DataFrame,
    fold: Fold,
    proba: np.ndarray,
    classes: Sequence[str],
    *,
    model: str,
    split: str,
    seed: int = 0,
) -> pd.DataFrame:
    """Rows of an out-of-fold table from the predictions for the test part of a fold.

    Parameters
    ----------
    index : pd.DataFrame
        The index from which the fold was made.
    proba : np.ndarray [shape=(len(fold.test), n_classes)]
        Predictions in the order of ``fold.test``.
    classes : sequence of str
        Class of each column of ``proba``.

    Returns
    -------
    pd.DataFrame
        One row per tested clip; see the top of this module.

    Raises
    ------
    EvaluationError
        See :func:`validate`.

    See Also
    --------
    unpack : the arrays of such a table.

    Notebook: 09_leaving_the_studio.ipynb
    """
    tested = index.iloc[fold.test]
    validate(tested["label"], proba, classes)
    table = tested[["clip_id", "speaker", "label"]].assign(
        model=model, split=split, fold=fold.name, seed=seed
    )
    columns = pd.DataFrame(np.asarray(proba), columns=[f"p_{name}" for name in classes], index=table.index)
    return pd.concat([table, columns], axis=1).reset_index(drop=True)


def unpack(oof: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], np.ndarray]:
    """``y_true, proba, classes, speakers`` of an out-of-fold table, for the functions on arrays.

    A table with several seeds contains each clip several times. That is right for a confusion matrix over
    all seeds, but not for intervals, for which :func:`evaluate_oof` counts each clip once.

    Raises
    ------
    EvaluationError
        The table lacks columns.

    Notebook: 03_mlp_baseline.ipynb
    """
    absent = [key for key in KEYS if key not in oof]
    columns = [name for name in oof.columns if name.startswith("p_")]
    if absent or len(columns) < 2:
        raise EvaluationError(
            f"not an out-of-fold table: columns {list(oof.columns)[:12]}; expected {', '.join(KEYS)} "
            "and one p_<class> per class"
        )
    classes = tuple(name.removeprefix("p_") for name in columns)
    return oof["label"].to_numpy(), oof[columns].to_numpy(float), classes, oof["speaker"].to_numpy()


def uar_of(oof: pd.DataFrame) -> float:
    """UA of all rows of an out-of-fold table (:func:`uar`), without an interval.

    Examples
    --------
    >>> rows = {"clip_id": ["a", "b"], "speaker": ["s", "t"], "label": ["sad", "happy"], "fold": "1",
    ...         "seed": 0, "split": "loso", "model": "m", "p_happy": [0.2, 0.4], "p_sad": [0.8, 0.6]}
    >>> uar_of(pd.DataFrame(rows))
    0.5
    """
    y, proba, classes, _ = unpack(oof)
    return uar(y, np.array(classes)[proba.argmax(axis=1)])


def evaluate_runs(oof: pd.DataFrame) -> pd.DataFrame:
    """Metrics of each run of one model: one row per seed (for ``random``, per draw).

    Returns
    -------
    pd.DataFrame
        Columns of :func:`scalar_metrics`; the row name is the seed, for ``random`` seed and fold.

    Notebook: 04_lstm_bilstm.ipynb
    """
    rows = {}
    for name, run in checked_runs(oof):
        y_true, proba, classes, _ = unpack(run)
        rows[name] = scalar_metrics(y_true, proba, classes)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")


def evaluate_oof(oof: pd.DataFrame, *, interval: str = "speakers", n_boot: int = 1000, seed: int = 0) -> dict:
    """All metrics of one model over its folds and seeds.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model on one split.
    interval, n_boot, seed
        As in :func:`evaluate`.

    Returns
    -------
    dict
        As from :func:`evaluate`, each metric being the mean over runs. The interval is that of the
        mean: every resample has the same speakers in all runs. Also ``ua_sd``, ``wa_sd``,
        ``macro_f1_sd`` (standard deviation over runs; NaN for one run), ``seeds`` (number of runs),
        ``model`` and ``split``. ``n_clips`` counts each clip once.

    Raises
    ------
    EvaluationError
        Several models, splits or test corpora, a clip that is tested twice in a run, or runs that test
        different clips, such as when a fold is missing.

    See Also
    --------
    evaluate_runs : the metrics of each run.
    evaluate_corpora : one row for each training set and test corpus.
    compare_oof : the difference between two models.

    Notebook: 09_leaving_the_studio.ipynb
    """
    confusions, n_units, interval, note = run_confusions(oof, interval)
    runs = evaluate_runs(oof)
    scores = runs.mean().to_dict()
    for name, values in resample(confusions, n_boot=n_boot, seed=seed).items():
        scores[f"{name}_low"], scores[f"{name}_high"] = bounds(values, n_units)
        scores[f"{name}_sd"] = float(runs[name].std(ddof=1))
    return scores | {
        "n_clips": int(oof["clip_id"].nunique()),
        "n_speakers": count_speakers(oof["speaker"]),
        "seeds": len(runs),
        "interval": interval,
        "note": note,
        "model": oof["model"].iloc[0],
        "split": oof["split"].iloc[0],
    }


def test_corpora(oof: pd.DataFrame) -> pd.Series:
    """Corpus of each clip, from its ``clip_id``; empty if ids do not contain it.

    Examples
    --------
    >>> test_corpora(pd.DataFrame({"clip_id": ["ravdess/03-01", "tess/OAF_back_sad"]})).tolist()
    ['ravdess', 'tess']
    """
    corpora = oof["clip_id"].astype(str).str.extract(r"^([^/]+)/", expand=False)
    return corpora.fillna("").rename("corpus")


def checked_runs(oof: pd.DataFrame, *, one_corpus: bool = True) -> list[tuple]:
    """Pairs (name, table) of the runs: seeds, or the draws of a leaky split.

    Parameters
    ----------
    one_corpus : bool
        Whether clips of several test corpora are refused.

    Raises
    ------
    EvaluationError
        There are several models, splits or test corpora, a run tests a clip twice, or runs test different
        clips.
    """
    if not len(oof):
        raise EvaluationError("the out-of-fold table is empty")
    unpack(oof)
    for column in ("clip_id", "seed", "fold"):
        if n_missing := int(oof[column].isna().sum()):
            raise EvaluationError(f"{n_missing} rows of the table have no {column}")
    for column in ("model", "split"):
        if oof[column].nunique() != 1:
            raise EvaluationError(
                f"the table contains several values of {column!r} ({sorted(set(oof[column]))[:5]}); "
                f"evaluate one at a time: for {column}, part in oof.groupby({column!r})"
            )
    corpora = sorted(test_corpora(oof).unique())
    if one_corpus and len(corpora) > 1:
        raise EvaluationError(
            f"the table contains several test corpora ({first_few(corpora)}), which are not pooled into one "
            "score; evaluate one at a time: for corpus, part in oof.groupby(test_corpora(oof)), or use "
            "evaluate_corpora for a table of training.cross_corpus"
        )
    leaky = is_leaky(oof["split"].iloc[0])
    if leaky:
        runs = [(f"{seed}/{fold}", run) for (seed, fold), run in oof.groupby(["seed", "fold"])]
    else:
        runs = list(oof.groupby("seed"))
    for name, run in runs:
        twice = run["clip_id"][run["clip_id"].duplicated()]
        if len(twice):
            raise EvaluationError(
                f"run {name} tests {len(twice)} clips more than once (first: {twice.iloc[0]})"
            )
    clips = set(runs[0][1]["clip_id"])
    for name, run in runs[1:]:
        if not leaky and set(run["clip_id"]) != clips:
            differing = len(clips ^ set(run["clip_id"]))
            raise EvaluationError(
                f"seeds {runs[0][0]} and {name} do not test the same clips ({differing} differ). "
                "Is a fold missing?"
            )
    return runs


def run_confusions(
    oof: pd.DataFrame, interval: str, *, one_corpus: bool = True
) -> tuple[np.ndarray, int, str, str]:
    """Confusion matrices of all runs [shape=(n_runs, n_units, n_classes, n_classes)], and the units.

    Returns
    -------
    confusions, n_units, interval, note
        See :func:`sercore.evaluation.bootstrap.sampling_units` for the last two.
    """
    runs = checked_runs(oof, one_corpus=one_corpus)
    clips = oof.drop_duplicates("clip_id").sort_values("clip_id")
    units, interval, note = sampling_units(clips["speaker"].to_numpy(), len(clips), interval)
    unit_of_clip = pd.Series(units, index=clips["clip_id"].to_numpy())
    n_units, stack = units.max() + 1, []
    for _, run in runs:
        y_true, proba, classes, _ = unpack(run)
        codes, proba = validate(y_true, proba, classes)
        units = unit_of_clip[run["clip_id"]].to_numpy()
        stack.append(unit_confusions(codes, proba.argmax(axis=1), units, n_units, len(classes)))
    return np.stack(stack), n_units, interval, note


def compare_oof(
    oof_a: pd.DataFrame,
    oof_b: pd.DataFrame,
    *,
    interval: str = "speakers",
    metric: str = "ua",
    n_boot: int = 1000,
    seed: int = 0,
) -> dict:
    """Difference between two models tested on the same clips, over their seeds.

    Returns
    -------
    dict
        As from :func:`compare_paired`, with means over runs. The models may have different numbers of runs.

    Raises
    ------
    EvaluationError
        The tables contain different clips, labels, classes or, for an interval over speakers, speakers.

    Notebook: 03_mlp_baseline.ipynb
    """
    check_comparable(oof_a, oof_b, interval)
    confusions_a, _, _, _ = run_confusions(oof_a, interval)
    confusions_b, _, interval, note = run_confusions(oof_b, interval)
    return difference(confusions_a, confusions_b, metric=metric, n_boot=n_boot, seed=seed) | {
        "n_clips": oof_a["clip_id"].nunique(),
        "n_speakers": count_speakers(oof_a["speaker"]),
        "interval": interval,
        "note": note,
    }


def check_comparable(oof_a: pd.DataFrame, oof_b: pd.DataFrame, interval: str) -> None:
    """Raise EvaluationError if tables differ in clips, labels, classes or, if resampled, speakers."""
    clips_a, clips_b = (set(zip(oof["clip_id"], oof["label"], strict=True)) for oof in (oof_a, oof_b))
    if clips_a != clips_b:
        raise EvaluationError(
            f"the tables do not contain the same clips with the same labels: {len(clips_a - clips_b)} are "
            f"only in the first, {len(clips_b - clips_a)} only in the second: {min(clips_a ^ clips_b)}, …"
        )
    if unpack(oof_a)[2] != unpack(oof_b)[2]:
        raise EvaluationError(f"the tables have different classes: {unpack(oof_a)[2]} and {unpack(oof_b)[2]}")
    if interval == "speakers":
        a, b = (dict(zip(oof["clip_id"], oof["speaker"].fillna(""), strict=True)) for oof in (oof_a, oof_b))
        if differ := [clip for clip, speaker in a.items() if b[clip] != speaker]:
            raise EvaluationError(
                f"the tables have different speakers for {len(differ)} clips, among them {differ[0]} "
                f"({a[differ[0]]!r} and {b[differ[0]]!r}): correct them, or pass interval='clips'"
            )

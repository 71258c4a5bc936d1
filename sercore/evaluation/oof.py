"""Out-of-fold tables: the published form of predictions, and figures over folds and seeds.

An out-of-fold table has one row per clip and run, with the columns ``clip_id, speaker, label,
model, split, fold, seed`` and one ``p_<class>`` per class. Whoever has it can recompute every
figure without audio. A **run** is one seed of a cross-validation, in which each clip is tested at
most once; of the leaky split ``random`` each drawing (``fold``) is a run of its own.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import EvaluationError
from ..splits import Fold, is_leaky
from .bootstrap import bounds, count_speakers, resample, sampling_units
from .confusions import unit_confusions
from .metrics import scalar_metrics, validate

KEYS = ("clip_id", "speaker", "label", "model", "split", "fold", "seed")


def oof_rows(
    index: pd.DataFrame,
    fold: Fold,
    proba: np.ndarray,
    classes: Sequence[str],
    *,
    model: str,
    split: str,
    seed: int = 0,
    label: str = "label",
) -> pd.DataFrame:
    """Rows of an out-of-fold table from the predictions for the test part of a fold.

    Parameters
    ----------
    index : pd.DataFrame
        The index the fold was made from.
    proba : np.ndarray [shape=(len(fold.test), n_classes)]
        Predictions in the order of ``fold.test``.
    """
    tested = index.iloc[fold.test]
    validate(tested[label], proba, classes)
    table = tested[["clip_id", "speaker"]].assign(
        label=tested[label], model=model, split=split, fold=fold.name, seed=seed
    )
    columns = pd.DataFrame(np.asarray(proba), columns=[f"p_{name}" for name in classes], index=table.index)
    return pd.concat([table, columns], axis=1).reset_index(drop=True)


def unpack(oof: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], np.ndarray]:
    """``y_true, proba, classes, speakers`` of an out-of-fold table, for the functions on arrays.

    A table with several seeds gives each clip several times: good for a confusion matrix over
    all seeds, not for intervals (:func:`evaluate_oof` counts each clip once there).
    """
    absent = [key for key in KEYS if key not in oof]
    columns = [name for name in oof.columns if name.startswith("p_")]
    if absent or len(columns) < 2:
        raise EvaluationError(
            f"not an out-of-fold table: columns {list(oof.columns)[:12]}; wanted {', '.join(KEYS)} "
            "and one p_<class> per class"
        )
    classes = tuple(name.removeprefix("p_") for name in columns)
    return oof["label"].to_numpy(), oof[columns].to_numpy(float), classes, oof["speaker"].to_numpy()


def evaluate_runs(oof: pd.DataFrame) -> pd.DataFrame:
    """Figures of each run of one model: one row per seed (of ``random``: per drawing).

    Returns
    -------
    pd.DataFrame
        Columns of :func:`figures`; the row name is the seed, for ``random`` seed and fold.
    """
    rows = {}
    for name, run in _runs(oof):
        y_true, proba, classes, _ = unpack(run)
        rows[name] = scalar_metrics(y_true, proba, classes)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")


def evaluate_oof(oof: pd.DataFrame, *, interval: str = "speakers", n_boot: int = 1000, seed: int = 0) -> dict:
    """All figures of one model over its folds and seeds.

    Parameters
    ----------
    oof : pd.DataFrame
        Out-of-fold table of one model on one split.
    interval, n_boot, seed
        As in :func:`evaluate`.

    Returns
    -------
    dict
        As from :func:`evaluate`, each figure being the mean over runs. The interval is that of the
        mean: every resample holds the same speakers for all runs. Also ``ua_sd``, ``wa_sd``,
        ``macro_f1_sd`` (standard deviation over runs; NaN for one run), ``seeds`` (number of runs),
        ``model`` and ``split``. ``n_clips`` counts different clips.

    Raises
    ------
    EvaluationError
        Several models or splits, a clip tested twice in a run, or runs that test different clips,
        as when a fold is missing.
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


def _runs(oof):
    """Pairs (name, table) of the runs, checked."""
    if not len(oof):
        raise EvaluationError("the out-of-fold table is empty")
    unpack(oof)
    for column in ("model", "split"):
        if oof[column].nunique() != 1:
            raise EvaluationError(
                f"the table holds several values of {column!r} ({sorted(set(oof[column]))[:5]}); "
                f"evaluate one at a time: for {column}, part in oof.groupby({column!r})"
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


def run_confusions(oof: pd.DataFrame, interval: str) -> tuple[np.ndarray, int, str, str]:
    """Confusions of all runs [shape=(n_runs, n_units, n_classes, n_classes)], and what the units are."""
    runs = _runs(oof)
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

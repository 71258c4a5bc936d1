"""Importance of groups of feature columns: permutation importance and ablation.

The two answer different questions. *Permuting* a group shows what a trained model **uses**; *training
without* it shows what the task **needs**. A model can use a group heavily and not need it, because other
groups carry the same information. Both are measured on speakers that the model was not trained on.

References
----------
Breiman: Random forests. Machine Learning 45, 5–32, 2001 (permutation importance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .. import quiet
from ..evaluation import scalar_metrics, unpack
from ..evaluation.bootstrap import bounds, resample, sampling_units
from ..evaluation.metrics import confusion_metrics, unit_confusions
from ..files import worker_folder
from ..splits import Fold, make_folds
from ..training import fit_classical, out_of_fold


def permutation_importance(
    index: pd.DataFrame,
    X: np.ndarray,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[int]],
    *,
    model: str = "logistic",
    split: str = "speaker",
    n_repeats: int = 3,
    seed: int = 0,
    n_jobs: int = 1,
) -> pd.Series:
    """Loss of UA when a group of columns is permuted among the test clips, as a fraction.

    All columns of a group get the same permutation, so they stay consistent with each other but no longer
    match the clip. A group of constant columns loses exactly 0.

    Parameters
    ----------
    index, X, classes, model, split, n_jobs
        As in :func:`sercore.training.out_of_fold`; scikit-learn models only.
    groups : mapping of str to sequence of int
        Column numbers by group, from :func:`sercore.features.column_groups`.
    n_repeats : int
        Permutations over which the loss is averaged.
    seed : int
        Seed of folds, model and permutations.

    Returns
    -------
    pd.Series
        One value per group, the largest first; the column ``lost`` of :func:`permutation_intervals`.

    See Also
    --------
    ablation : Trains without each group.

    Notebook: 03_mlp_baseline.ipynb
    """
    table = permutation_intervals(
        index, X, classes, groups,
        model=model, split=split, n_repeats=n_repeats, seed=seed, n_jobs=n_jobs, n_boot=0,
    )  # fmt: skip
    return table["lost"].rename("permuted")


def permutation_intervals(
    index: pd.DataFrame,
    X: np.ndarray,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[int]],
    *,
    model: str = "logistic",
    split: str = "speaker",
    n_repeats: int = 3,
    seed: int = 0,
    n_jobs: int = 1,
    n_boot: int = 1000,
) -> pd.DataFrame:
    """Permutation importance with its 95 % bootstrap interval over speakers.

    A group is important if ``low`` is above 0. The interval covers the variation between test speakers,
    not between training runs.

    Parameters
    ----------
    index, X, classes, groups, model, split, n_repeats, seed, n_jobs
        As in :func:`permutation_importance`.
    n_boot : int
        Bootstrap resamples of the speakers (:mod:`sercore.evaluation.bootstrap`).

    Returns
    -------
    pd.DataFrame
        One row per group, the largest first, as fractions of UA: ``lost``, ``low``, ``high``. The limits
        are NaN with fewer than four known speakers, or without resamples.

    See Also
    --------
    permutation_importance : The losses only.

    Notebook: 07_interpretability.ipynb
    """
    import joblib

    folds = make_folds(index, split, seed=seed)
    parts = joblib.Parallel(n_jobs=n_jobs, temp_folder=worker_folder())(
        joblib.delayed(_predict_permuted)(index, X, classes, groups, fold, model, n_repeats, seed)
        for fold in folds
    )
    tested = index.iloc[np.concatenate([fold.test for fold in folds])]
    truth = pd.Categorical(tested["label"], categories=list(classes)).codes.astype(int)
    units, _, note = sampling_units(tested["speaker"].to_numpy(), len(tested), "speakers")
    n_units = 0 if note else units.max() + 1

    def confusions(name: str) -> np.ndarray:
        runs = np.concatenate([part[name] for part in parts], axis=1)
        return np.stack([unit_confusions(truth, run, units, units.max() + 1, len(classes)) for run in runs])

    whole, rows = confusions(""), {}
    for name in groups:
        mixed = confusions(name)
        lost = _mean_ua(whole) - _mean_ua(mixed)
        low, high = np.nan, np.nan
        if n_boot:
            draws = [resample(runs, n_boot=n_boot, seed=seed)["ua"] for runs in (whole, mixed)]
            low, high = bounds(draws[0] - draws[1], n_units)
        rows[name] = {"lost": lost, "low": low, "high": high}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.sort_values("lost", ascending=False, kind="stable")


def _predict_permuted(
    index: pd.DataFrame,
    X: np.ndarray,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[int]],
    fold: Fold,
    model: str,
    n_repeats: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Predicted class codes of a fold by permuted group, ``""`` for none [shape=(n_runs, n_test)]."""
    quiet.end_with_parent()
    fitted = fit_classical(index, X, fold.train, model=model, seed=seed)
    rng, tested = np.random.default_rng(seed), X[fold.test]
    code = {name: k for k, name in enumerate(classes)}

    def predict(rows):
        return [code[name] for name in fitted.predict(rows)]

    predicted = {"": np.array([predict(tested)])}
    for name, columns in groups.items():
        orders = [rng.permutation(len(tested)) for _ in range(n_repeats)]
        predicted[name] = np.array([predict(_permuted(tested, columns, order)) for order in orders])
    return predicted


def _permuted(X: np.ndarray, columns: Sequence[int], order: np.ndarray) -> np.ndarray:
    """The table with the rows of some columns permuted."""
    mixed = X.copy()
    mixed[:, columns] = X[order][:, columns]
    return mixed


def _mean_ua(confusions: np.ndarray) -> float:
    """Mean UA of some runs [shape=(n_runs, n_units, n_classes, n_classes)]."""
    return float(confusion_metrics(confusions.sum(axis=1))["ua"].mean())


def ablation(
    index: pd.DataFrame,
    X: np.ndarray,
    classes: Sequence[str],
    groups: Mapping[str, Sequence[int]],
    *,
    model: str = "logistic",
    split: str = "speaker",
    seed: int = 0,
    n_jobs: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """UA of models trained without each group of columns, and with that group alone.

    Parameters
    ----------
    index, X, classes, model, split, n_jobs, progress
        As in :func:`sercore.training.out_of_fold`.
    groups : mapping of str to sequence of int
        Two or more groups of column numbers, from :func:`sercore.features.column_groups`.
    seed : int
        Seed of folds and model.

    Returns
    -------
    pd.DataFrame
        One row per group, as fractions: ``without`` (UA without the group), ``alone`` (UA with the group
        only), and ``lost`` (UA with all groups minus ``without``).

    See Also
    --------
    permutation_importance : Does not retrain the model.

    Notebook: 03_mlp_baseline.ipynb
    """
    from tqdm.auto import tqdm

    def ua(columns) -> float:
        oof = out_of_fold(
            index, X[:, columns], classes, model=model, split=split, seeds=(seed,), n_jobs=n_jobs,
            progress=False,
        )  # fmt: skip
        return scalar_metrics(*unpack(oof)[:3])["ua"]

    everything = sorted({column for columns in groups.values() for column in columns})
    whole, rows = ua(everything), {}
    for name, columns in tqdm(groups.items(), desc="groups", disable=not progress):
        without = ua(np.setdiff1d(everything, columns))
        rows[name] = {"without": without, "alone": ua(list(columns)), "lost": whole - without}
    return pd.DataFrame.from_dict(rows, orient="index")

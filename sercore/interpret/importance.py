"""What a model listens to: how much is lost when a group of columns is taken from it.

Two questions that are easily mixed up. *Permuting* a group asks what a trained model **uses**;
*training without* it asks what it **needs**. A model can use a group heavily and not need it,
because others carry the same. Both are answered on speakers that the model never heard.

References
----------
Breiman: Random forests. Machine Learning 45, 5–32, 2001 (permutation importance).

Notebook: 03_mlp_baseline.ipynb, 07_interpretability.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..evaluation import scalar_metrics, unpack
from ..evaluation.bootstrap import bounds, resample, sampling_units
from ..evaluation.confusions import confusion_metrics, unit_confusions
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
    """UA that is lost when a group of columns is exchanged among the test clips, as a fraction.

    All columns of a group get the same new order, so that they still fit each other and no longer
    fit the clip. A group of constant columns loses exactly 0.

    Parameters
    ----------
    index, X, classes, model, split, n_jobs
        As in :func:`sercore.training.out_of_fold`; scikit-learn models only.
    groups : mapping of str to sequence of int
        Column numbers by name, from :func:`sercore.features.column_groups`.
    n_repeats : int
        New orders over which the loss is averaged.
    seed : int
        Of folds, model and orders.

    Returns
    -------
    pd.Series
        One value per group, the largest first; the column ``lost`` of :func:`permutation_intervals`.
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
    """:func:`permutation_importance` with its 95 % interval over speakers.

    A group matters beyond doubt where ``low`` is above 0. The interval is over the people who were
    tested; what another training would have learned is not in it.

    Parameters
    ----------
    index, X, classes, groups, model, split, n_repeats, seed, n_jobs
        As in :func:`permutation_importance`.
    n_boot : int
        Resamples of the speakers (:mod:`sercore.evaluation.bootstrap`).

    Returns
    -------
    pd.DataFrame
        One row per group, the largest first, as fractions of UA: ``lost``, ``low``, ``high``.
        The limits are NaN where fewer than four speakers are known, or without resamples.
    """
    import joblib

    def run(fold: Fold) -> dict[str, np.ndarray]:
        fitted = fit_classical(index, X, fold.train, model=model, seed=seed)
        rng, tested = np.random.default_rng(seed), X[fold.test]
        code = {name: k for k, name in enumerate(classes)}

        def says(rows):
            return [code[name] for name in fitted.predict(rows)]

        predicted = {"": np.array([says(tested)])}
        for name, columns in groups.items():
            orders = [rng.permutation(len(tested)) for _ in range(n_repeats)]
            predicted[name] = np.array([says(_exchanged(tested, columns, order)) for order in orders])
        return predicted

    folds = make_folds(index, split, seed=seed)
    parts = joblib.Parallel(n_jobs=n_jobs)(joblib.delayed(run)(fold) for fold in folds)
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


def _exchanged(X: np.ndarray, columns: Sequence[int], order: np.ndarray) -> np.ndarray:
    """The table with some columns taken from other rows."""
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
    """UA of models trained anew without each group of columns, and with that group alone.

    Parameters
    ----------
    index, X, classes, model, split, n_jobs, progress
        As in :func:`sercore.training.out_of_fold`.
    groups : mapping of str to sequence of int
        Two or more groups of column numbers, from :func:`sercore.features.column_groups`.
    seed : int
        Of folds and model.

    Returns
    -------
    pd.DataFrame
        One row per group, as fractions: ``without`` (UA without the group), ``alone`` (UA with nothing
        else), and ``lost`` (UA with everything minus ``without``).
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

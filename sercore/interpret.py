"""What a model listens to: how much is lost when a group of columns is taken from it.

Two questions that are easily mixed up. *Permuting* a group asks what a trained model **uses**;
*training without* it asks what it **needs**. A model can use a group heavily and not need it,
because others carry the same. Both are answered on speakers that the model never heard.

References
----------
Breiman: Random forests. Machine Learning 45, 5–32, 2001 (permutation importance).

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .evaluation import figures, unpack
from .splits import Fold, make_folds
from .training import fit_classical, out_of_fold


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
        One value per group, the largest first.
    """
    import joblib
    from sklearn.metrics import recall_score

    def run(fold: Fold) -> dict[str, list[np.ndarray]]:
        fitted = fit_classical(index, X, fold.train, model=model, seed=seed)
        rng, tested = np.random.default_rng(seed), X[fold.test]
        predicted = {"": [fitted.predict(tested)]}
        for name, columns in groups.items():
            predicted[name] = []
            for _ in range(n_repeats):
                mixed = tested.copy()
                mixed[:, columns] = tested[rng.permutation(len(tested))][:, columns]
                predicted[name].append(fitted.predict(mixed))
        return predicted

    folds = make_folds(index, split, seed=seed)
    parts = joblib.Parallel(n_jobs=n_jobs)(joblib.delayed(run)(fold) for fold in folds)
    truth = np.concatenate([index["label"].to_numpy()[fold.test] for fold in folds])

    def ua(name: str) -> float:
        repeats = np.concatenate([np.stack(part[name]) for part in parts], axis=1)
        return float(np.mean([recall_score(truth, run, average="macro") for run in repeats]))

    losses = pd.Series({name: ua("") - ua(name) for name in groups}, name="permuted")
    return losses.sort_values(ascending=False, kind="stable")


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
        return figures(*unpack(oof)[:3])["ua"]

    everything = sorted({column for columns in groups.values() for column in columns})
    whole, rows = ua(everything), {}
    for name, columns in tqdm(groups.items(), desc="groups", disable=not progress):
        without = ua(np.setdiff1d(everything, columns))
        rows[name] = {"without": without, "alone": ua(list(columns)), "lost": whole - without}
    return pd.DataFrame.from_dict(rows, orient="index")

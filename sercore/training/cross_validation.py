"""From features to out-of-fold predictions, and from these to a result table.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ..evaluation import evaluate_oof, results_row, results_table
from ..evaluation.bootstrap import MIN_UNITS, count_speakers
from .folds import Job, make_tasks, run_folds
from .normalisation import speaker_normalise


def out_of_fold(
    index: pd.DataFrame,
    X: np.ndarray | Sequence[np.ndarray],
    classes: Sequence[str],
    *,
    model: str,
    model_params: Mapping | None = None,
    fit_params: Mapping | None = None,
    augmented: Sequence = (),
    split: str = "speaker",
    seeds: Iterable[int] = (0,),
    n_folds: int | None = None,
    scale: bool = True,
    folder: str | os.PathLike | None = None,
    n_jobs: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Predictions for every clip by models that never heard its speaker.

    Parameters
    ----------
    index : pd.DataFrame
        With a ``label`` column (:func:`sercore.labels.apply_scheme`).
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        Row *k* belongs to row *k* of the index. Networks on frames take a list, all others a table.
    classes : sequence of str
        Order of the probability columns.
    model : str
        A name from :data:`sercore.models.classical.CLASSICAL` or :data:`sercore.models.NETWORKS`.
    model_params : mapping, optional
        What differs from the model's defaults: parameters of the classifier (``{"C": 0.01}``), or
        arguments of the network's builder (``{"units": (32,)}``). They become part of the model's name.
    fit_params : mapping, optional
        Arguments of :func:`sercore.training.fit` for a network, such as ``{"mixup": 0.2}``; part of the
        name, too.
    augmented : sequence of the same kind as X
        Augmented versions of **all** clips (``extract_frames(…, augmentation=…, version=k).X``); each fold
        reads those of the clips that it fits on, and no others.
    split : str
        See :func:`sercore.splits.make_folds`.
    seeds : iterable of int
        Repetitions; each draws its own folds where the split is drawn, and its own initial weights.
    n_folds : int, optional
        See :func:`sercore.splits.make_folds`.
    scale : bool
        False leaves the columns as they are.
    folder : path, optional
        Where each (model, seed, fold) is kept as a Parquet file; finished ones are not run again.
        Other features, labels, folds or settings make other files.
    n_jobs : int
        Processes, as far as memory allows; each holds the features and one model.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    pd.DataFrame
        See :func:`sercore.evaluation.oof_rows`, plus ``train_seconds``, ``ms_per_clip`` and
        ``parameters`` of the fold. Milliseconds are those of up to 64 clips answered a second time.
    """
    from tqdm.auto import tqdm

    tasks = make_tasks(index, split, seeds, n_folds)
    job = Job(
        index, X, classes, model, model_params=model_params or {}, fit_params=fit_params or {},
        augmented=augmented, split=split, scale=scale, folder=folder,
    )  # fmt: skip
    done = run_folds(job, tasks, n_jobs=n_jobs)
    shown = tqdm(done, total=len(tasks), desc=model, unit="fold", disable=not progress)
    return pd.concat(shown, ignore_index=True)


def compare(
    index: pd.DataFrame,
    X: np.ndarray,
    classes: Sequence[str],
    *,
    scheme: str,
    models: Iterable[str] | None = None,
    split: str = "speaker",
    speaker_norm: bool = False,
    seeds: Iterable[int] = (0,),
    n_folds: int | None = None,
    scale: bool = True,
    folder: str | os.PathLike | None = None,
    n_jobs: int = 1,
    progress: bool = True,
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Result table of several models on the same folds, and their out-of-fold predictions.

    Parameters
    ----------
    index, X, classes, split, seeds, n_folds, scale, folder, n_jobs, progress
        As in :func:`out_of_fold`.
    scheme : str
        Name of the label scheme, for the table.
    models : iterable of str, optional
        By default every classical model whose library is installed, and the network ``mlp``.
    speaker_norm : bool
        Standardise the features per speaker first (:func:`speaker_normalise`).

    Returns
    -------
    table : pd.DataFrame
        One row per model, in the order of ``models`` (:func:`sercore.evaluation.results_table`).
    oofs : dict of str to pd.DataFrame
        The out-of-fold predictions of each model.
    """
    from tqdm.auto import tqdm

    if models is None:
        from ..models.classical import available

        models = [*available(), "mlp"]
    models = list(models)
    X = speaker_normalise(X, index["speaker"]) if speaker_norm else X
    tasks, oofs = make_tasks(index, split, seeds, n_folds), {}
    with tqdm(total=len(models) * len(tasks), unit="fold", disable=not progress) as bar:
        for model in models:
            bar.set_description(model)
            job = Job(index, X, classes, model, split=split, scale=scale, folder=folder)
            parts = []
            for part in run_folds(job, tasks, n_jobs=n_jobs):
                parts.append(part)
                bar.update()
            oofs[model] = pd.concat(parts, ignore_index=True)
    corpus = "+".join(sorted(set(index["corpus"])))
    return summarise(oofs.values(), corpus=corpus, scheme=scheme, speaker_norm=speaker_norm), oofs


def summarise(
    oofs: Iterable[pd.DataFrame],
    *,
    corpus: str,
    scheme: str,
    speaker_norm: bool = False,
    interval: str | None = None,
    n_boot: int = 1000,
) -> pd.DataFrame:
    """Result table with one row for each out-of-fold table.

    Parameters
    ----------
    interval : str, optional
        ``speakers`` or ``clips``; by default speakers, and clips where fewer than four are known,
        which the table then says.
    """
    rows = []
    for oof in oofs:
        folds = oof.groupby(["seed", "fold"])
        seconds = folds["train_seconds"].first().groupby("seed").sum().mean()
        few = count_speakers(oof["speaker"]) < MIN_UNITS
        rows.append(
            results_row(
                evaluate_oof(oof, interval=interval or ("clips" if few else "speakers"), n_boot=n_boot),
                corpus=corpus,
                scheme=scheme,
                speaker_norm=speaker_norm,
                train_seconds=seconds,
                ms_per_clip=folds["ms_per_clip"].first().median(),
                parameters=folds["parameters"].first().median(),
            )
        )
    return results_table(rows)

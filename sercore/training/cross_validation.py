"""Cross-validation: from features to out-of-fold predictions and result tables."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ..evaluation import evaluate_oof, results_row, results_table, test_corpora
from ..evaluation.bootstrap import MIN_UNITS, count_speakers
from .folds import make_tasks, run_folds
from .jobs import Job
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
    test_versions: int = 0,
    split: str = "speaker",
    seeds: Iterable[int] = (0,),
    n_folds: int | None = None,
    scale: bool = True,
    folder: str | os.PathLike | None = None,
    n_jobs: int = 1,
    check_order: bool = True,
    wait: bool = True,
    progress: bool = True,
) -> pd.DataFrame:
    """Out-of-fold probabilities of every clip, by models that were not trained on its speaker.

    This is the cross-validation of one model. In the leaky split ``random``, the model has been trained on
    other clips of the speaker.

    Parameters
    ----------
    index : pd.DataFrame
        With a ``label`` column (:func:`sercore.labels.apply_scheme`).
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        Row *k* belongs to row *k* of the index. Networks on frames take a list, all others a table.
    classes : sequence of str
        Classes in the order of the probability columns.
    model : str
        A name from :data:`sercore.models.classical.CLASSICAL` or :data:`sercore.models.NETWORKS`.
    model_params : mapping, optional
        Parameters of the classifier (``{"C": 0.01}``) or arguments of the builder of the network
        (``{"units": (32,)}``) that differ from the defaults. They become part of the name of the model.
    fit_params : mapping, optional
        Arguments of :func:`fit_network` and :func:`fit` for a network, such as ``{"mixup": 0.2}`` or
        ``{"auxiliary": ("intensity",)}``; also part of the name.
    augmented : sequence of the same kind as X
        Augmented versions of **all** clips (``extract_frames(…, augmentation=…, version=k).X``). Each fold
        uses only those of the clips on which it fits.
    test_versions : int
        Number of augmented versions of each test clip whose probabilities are averaged with those of the clip
        itself (test-time augmentation). ``ms_per_clip`` includes them, but not their extraction.
    split : str
        See :func:`sercore.splits.make_folds`.
    seeds : iterable of int
        One cross-validation per seed, with its own folds (if the split is random) and initial weights.
    n_folds : int, optional
        See :func:`sercore.splits.make_folds`.
    scale : bool
        Whether to standardise the features with the mean and standard deviation of the training clips.
    folder : path, optional
        Fold cache: each finished (model, seed, fold) is a Parquet file, and is not run again. A change of
        features, labels, folds or parameters changes the file name. Processes on several machines may share
        the folder; no fold is computed twice (:mod:`sercore.training.claims`).
    n_jobs : int
        Number of processes, as far as memory allows; each needs the features and one model.
    check_order : bool
        Whether to refuse augmented versions whose rows do not resemble those of `X`. Versions in other places
        can differ more than other clips do; they need rows that are known to be in the same order.
    wait : bool
        Whether to wait for folds that other processes are computing; without, they are left out.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    pd.DataFrame
        See :func:`sercore.evaluation.oof_rows`, plus ``train_seconds``, ``ms_per_clip`` and
        ``parameters`` of the fold, and what computed it: ``folds_version``
        (:data:`sercore.training.jobs.VERSION`) and ``packages``. ``ms_per_clip`` is measured on up to 64
        clips at once, without the first call, which compiles.

    Raises
    ------
    SercoreError
        Index, features, labels and model do not belong together, or the rows of an augmented version are in
        another order.
    SplitError
        The split is not possible for this index.

    Examples
    --------
    >>> index = pd.DataFrame({"clip_id": list("abcdefgh"), "corpus": "demo", "speaker": list("vvwwxxyy"),
    ...                       "label": ["sad", "angry"] * 4})
    >>> X = np.array([[0.0], [1.0]] * 4)
    >>> oof = out_of_fold(index, X, ["sad", "angry"], model="logistic", n_folds=2, progress=False)
    >>> oof.shape, bool((oof["p_sad"].gt(0.5) == oof["label"].eq("sad")).all())
    ((8, 14), True)

    See Also
    --------
    compare : several models on the same folds.
    sercore.evaluation.evaluate_oof : metrics of the result.

    Notebook: 03_mlp_baseline.ipynb
    """
    from tqdm.auto import tqdm

    tasks = make_tasks(index, split, seeds, n_folds)
    job = Job(
        index, X, classes, model, model_params=model_params or {}, fit_params=fit_params or {},
        augmented=augmented, test_versions=test_versions, split=split, scale=scale, folder=folder,
        check_order=check_order,
    )  # fmt: skip
    done = run_folds(job, tasks, n_jobs=n_jobs, wait=wait)
    shown = list(tqdm(done, total=len(tasks), desc=model, unit="fold", disable=not progress))
    return pd.concat(shown, ignore_index=True) if shown else pd.DataFrame()


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
        Name of the label scheme, for the result table.
    models : iterable of str, optional
        By default, every classical model whose library is installed, and the network ``mlp``.
    speaker_norm : bool
        Standardise the features per speaker first (:func:`speaker_normalise`).

    Returns
    -------
    table : pd.DataFrame
        One row per model, in the order of ``models`` (:func:`sercore.evaluation.results_table`).
    oofs : dict of str to pd.DataFrame
        The out-of-fold predictions of each model.

    See Also
    --------
    out_of_fold : one model, with ``model_params``, ``fit_params`` and ``augmented``.

    Notebook: 03_mlp_baseline.ipynb
    """
    from tqdm.auto import tqdm

    if models is None:
        from ..models.classical import available

        models = [*available(), "mlp"]
    models = list(models)
    X = speaker_normalise(X, index["speaker"]) if speaker_norm else X
    tasks, oofs = make_tasks(index, split, seeds, n_folds), {}
    jobs = {model: Job(index, X, classes, model, split=split, scale=scale, folder=folder) for model in models}
    for job in jobs.values():
        job.check()  # the last one, too, before the first is trained
    with tqdm(total=len(jobs) * len(tasks), unit="fold", disable=not progress) as bar:
        for model, job in jobs.items():
            bar.set_description(model)
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
    """Result table with one row for each out-of-fold table, or for each of its test corpora.

    Parameters
    ----------
    oofs : iterable of pd.DataFrame
        From :func:`out_of_fold`.
    corpus, scheme : str
        Names for the table. Rows of a table with several test corpora have the name of their own corpus.
    speaker_norm : bool
        Whether the features were standardised per speaker (:func:`speaker_normalise`).
    interval : str, optional
        ``speakers`` or ``clips``. By default speakers, or clips if fewer than four speakers are known; the
        column ``interval`` of the table states which.
    n_boot : int
        Number of bootstrap resamples.

    Notebook: 04_lstm_bilstm.ipynb
    """
    rows = []
    for name, oof in _by_test_corpus(oofs, corpus):
        folds = oof.groupby(["seed", "fold"])
        seconds = folds["train_seconds"].first().groupby("seed").sum().mean()
        few = count_speakers(oof["speaker"]) < MIN_UNITS
        rows.append(
            results_row(
                evaluate_oof(oof, interval=interval or ("clips" if few else "speakers"), n_boot=n_boot),
                corpus=name,
                scheme=scheme,
                speaker_norm=speaker_norm,
                train_seconds=seconds,
                ms_per_clip=folds["ms_per_clip"].first().median(),
                parameters=folds["parameters"].first().median(),
            )
        )
    return results_table(rows)


def _by_test_corpus(oofs, corpus):
    """Each table, or its parts, with the name of the corpus."""
    for oof in oofs:
        parts = list(oof.groupby(test_corpora(oof)))
        yield from parts if len(parts) > 1 else [(corpus, oof)]

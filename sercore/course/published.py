"""Published results: the out-of-fold predictions of the campaigns of :mod:`.campaigns`.

:func:`run_campaign` runs a campaign on real recordings and writes its out-of-fold predictions to
``data/oof/<campaign>.parquet``. :func:`table` computes all metrics from that file, so every published score
can be checked without audio. Each row states which version of the code computed it (:mod:`.predictions`).

RAVDESS, TESS and EMO-DB were measured on copies in FLAC at 16 kHz, the rate at which all features are
computed; other resamplers give slightly different features.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from .. import ensemble, paths
from ..ensemble.predictions import Members
from ..errors import SercoreError
from ..features import OpenSmileRecipe, get_recipe
from ..models import reads_frames
from . import clone
from .campaigns import CAMPAIGNS, TRAINING, Campaign
from .predictions import OLD_ROW, dagger, raise_rounded, read_predictions, versions, write_predictions

__all__ = [
    "CAMPAIGNS",
    "dtype_policy",
    "is_frozen_encoder",
    "load",
    "oof_folder",
    "run_campaign",
    "table",
    "voting_example",
    "voting_halves",
]


def run_campaign(
    name: str,
    root: str | os.PathLike | None = None,
    *,
    models: Sequence[str] | None = None,
    n_jobs: int = 2,
) -> Path:
    """Train and evaluate all models of a campaign, and return the file of out-of-fold predictions.

    Every finished (model, seed, fold) is cached, so an interrupted campaign resumes. Processes on several
    machines that share the data folder share the work: each computes the folds that are free, in all models,
    before it waits for those of the others, and each writes the same predictions.

    Parameters
    ----------
    name : str
        A key of :data:`CAMPAIGNS`.
    root : path, optional
        Folder of the corpus.
    models : sequence of str, optional
        Run only these models of the campaign; rows of the other models remain in the file as they are.
    n_jobs : int
        Number of processes.

    Returns
    -------
    Path

    Raises
    ------
    SercoreError
        No campaign has this name.
    """
    from ..training import out_of_fold

    campaign = _get(name)
    chosen = {
        system: parts for system, parts in campaign.systems.items() if models is None or parts[0] in models
    }
    trained = [system for system, (_, n_versions) in chosen.items() if n_versions == campaign.test_versions]
    same = [system for system in chosen if system not in trained]  # the same networks, without the versions
    runs = [(system, False) for system in trained]  # all free folds first; then also those of other processes
    features, tables = {}, {}
    for system, wait in (*runs, *((system, True) for system in (*trained, *same))):
        model, n_versions = chosen[system]
        kind = reads_frames(model)
        if kind not in features:
            features[kind] = _features(campaign, model, root, n_jobs)
        index, X, augmented, classes = features[kind]
        fit_params = campaign.fit_params
        if campaign.augmented:
            fit_params = TRAINING | (fit_params or {})
        model_params = campaign.model_params if reads_frames(model) else None
        with dtype_policy(campaign.precision):
            tables[system] = out_of_fold(
                index, X, classes, model=model, model_params=model_params, fit_params=fit_params,
                augmented=augmented, check_order=not campaign.legacy,  # the first second is mostly noise
                test_versions=n_versions, split=campaign.split, n_folds=campaign.n_folds,
                seeds=campaign.seeds if model in campaign.repeated else campaign.seeds[:1],
                folder=paths.cache_dir() / "oof" / name,
                n_jobs=n_jobs, wait=wait, progress=not wait,
            ).assign(model=system, recipe=_recipe(campaign, model).key)  # fmt: skip
    path = oof_folder() / f"{name}.parquet"
    rows = pd.concat([tables[system] for system in chosen], ignore_index=True)
    write_predictions(rows, path, keep=models is not None, order=list(campaign.systems))
    return path


@contextlib.contextmanager
def dtype_policy(precision: str):
    """Set the dtype policy of Keras temporarily."""
    if precision == "float32":
        yield
        return
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _recipe(campaign: Campaign, model: str):
    """The recipe of the features that a model of the campaign reads."""
    if campaign.legacy:
        from ..models.legacy_features import LegacyInput

        return LegacyInput(campaign.legacy)
    if campaign.opensmile:
        return OpenSmileRecipe(campaign.opensmile)
    if campaign.encoder:
        from ..encoders import EncoderRecipe, PictureRecipe, pictures

        if campaign.encoder in pictures.FAMILIES:
            return PictureRecipe(campaign.encoder, weights=campaign.weights)
        return EncoderRecipe(campaign.encoder, weights=campaign.weights, seconds=campaign.seconds)
    return get_recipe(campaign.frames if reads_frames(model) else "default")


def _features(campaign: Campaign, model: str, root, n_jobs: int):
    """Index, features, augmented features and classes, in the form that the model expects."""
    from ..audio.augment import Augmentation
    from ..corpora import load_index
    from ..features.store import extract_frames, extract_table
    from ..labels import apply_scheme
    from ..training import speaker_normalise

    extract, recipe = extract_frames if reads_frames(model) else extract_table, _recipe(campaign, model)
    whole = load_index(campaign.corpus, root)
    made = extract(whole, recipe, n_jobs=n_jobs)
    augmented = [
        extract(made.index, recipe, n_jobs=n_jobs, augmentation=Augmentation(), version=k).X
        for k in range(campaign.augmented)
    ]
    index, classes = apply_scheme(made.index, campaign.scheme)
    kept = np.flatnonzero(np.isin(made.index["clip_id"], index["clip_id"]))
    versions = [
        part[kept] if isinstance(part, np.ndarray) else [part[k] for k in kept]
        for part in (made.X, *augmented)
    ]
    if campaign.speaker_norm:
        versions = [speaker_normalise(part, index["speaker"]) for part in versions]
    return index, versions[0], versions[1:], classes


def is_frozen_encoder(name: str) -> bool:
    """Whether a campaign is a logistic regression on Whisper's pooled rows, padded to eight seconds.

    Examples
    --------
    >>> is_frozen_encoder("ravdess-emobox-encoder"), is_frozen_encoder("ravdess-emobox")
    (True, False)
    """
    campaign = _get(name)
    encoder = (campaign.encoder, campaign.models, campaign.seconds)
    return encoder == ("whisper_tiny_en", ("logistic_nested",), 8.0)


def load(name: str) -> pd.DataFrame:
    """Out-of-fold predictions of a published campaign, one row per clip, model and seed.

    Returns
    -------
    pd.DataFrame
        Columns ``clip_id, speaker, label, fold, seed, model`` and more, and ``p_<class>`` for each class.

    Raises
    ------
    SercoreError
        No campaign has this name, or its predictions are missing.

    Examples
    --------
    >>> oof = load("tess-loso")
    >>> oof["speaker"].unique().tolist()
    ['tess-OAF', 'tess-YAF']

    Notebook: 05_cnn_transformer.ipynb
    """
    path = oof_folder() / f"{name}.parquet"
    _get(name)
    if not path.is_file():
        raise SercoreError(f"{path}: not found; create it with 'sercore results --measure {name}'")
    return read_predictions(path)


def table(name: str, *, n_boot: int = 2000) -> pd.DataFrame:
    """Result table of a published campaign, computed from its predictions.

    Parameters
    ----------
    name : str
        A key of :data:`CAMPAIGNS`.
    n_boot : int
        Number of bootstrap samples for the confidence intervals.

    Returns
    -------
    pd.DataFrame
        One row per model (:func:`sercore.evaluation.results_table`), and ``folds_version``, the version of
        the code that computed it. Rows of an earlier one state so in ``note``; their log loss is computed
        with probabilities of at least :data:`sercore.course.predictions.ROUNDED`, because they are rounded.

    Examples
    --------
    >>> set(table("ravdess-legacy", n_boot=10)["folds_version"])
    {'unknown/older'}

    Notebook: 04_lstm_bilstm.ipynb
    """
    from ..training import summarise

    campaign, oof = _get(name), load(name)
    scores = summarise(
        [raise_rounded(part) for _, part in oof.groupby("model", sort=False)],
        corpus=campaign.corpus,
        scheme=campaign.scheme,
        speaker_norm=campaign.speaker_norm,
        n_boot=n_boot,
    )
    scores["folds_version"] = versions(oof).to_numpy()
    older = scores["folds_version"].map(dagger) != ""
    scores.loc[older, "note"] = [
        f"{note}; {OLD_ROW}".removeprefix("; ") for note in scores.loc[older, "note"]
    ]
    return scores


def oof_folder() -> Path:
    """Folder of the published predictions: ``data/oof`` of the clone.

    Notebook: 06_ensembles.ipynb
    """
    return clone.repository() / "data" / "oof"


def _get(name: str) -> Campaign:
    if name not in CAMPAIGNS:
        raise SercoreError(f"no campaign named {name!r}; available: {', '.join(CAMPAIGNS)}")
    return CAMPAIGNS[name]


def voting_example() -> pd.DataFrame:
    """Published RAVDESS predictions for :class:`sercore.widgets.Voting`: one seed, without the dummy.

    Examples
    --------
    >>> voting_example()["model"].nunique()
    10
    """
    oof = load("ravdess-emobox")
    return oof[(oof["model"] != "dummy") & (oof["seed"] == oof["seed"].min())]


def voting_halves() -> tuple[Members, Members]:
    """Members of :func:`voting_example` for two halves of the actors, six women and six men each.

    Examples
    --------
    >>> [half.rows["speaker"].nunique() for half in voting_halves()]
    [12, 12]
    """
    members = ensemble.align(voting_example())
    first = members.rows["speaker"].isin(sorted(members.rows["speaker"].unique())[:12]).to_numpy()
    return members.take(first), members.take(~first)

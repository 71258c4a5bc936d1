"""From a corpus to a bundle: out-of-fold evaluation first, then models fitted on all speakers.

The metrics in a bundle are those of models trained in the same way without the speakers they were tested
on. The models in the bundle are fitted on all speakers, so no speakers are left to test them on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from .. import ensemble, paths
from ..corpora import get_corpus, load_index
from ..encoders import EncoderRecipe, encoder_recipe
from ..errors import BundleError
from ..evaluation import NoveltyDetector, fit_temperature
from ..features.store import extract_frames, extract_table
from ..labels import apply_scheme
from ..models import NETWORKS, check_keras, classical, is_network, reads_frames
from ..training import fit_classical, fit_network, out_of_fold, summarise
from ..training.folds import select_rows
from ..training.normalisation import mean_and_std, speaker_normalise
from .details import evaluation_details
from .rejection import row_of
from .saving import FittedModel, save

RECIPES = {"table": "default", "frames": "log_mel"}


def train(
    corpus: str,
    models: Sequence[str],
    out: str | os.PathLike,
    *,
    encoder: str | os.PathLike | EncoderRecipe | None = None,
    root: str | os.PathLike | None = None,
    scheme: str = "all",
    split: str = "speaker",
    n_folds: int | None = None,
    seed: int = 0,
    speaker_norm: bool = False,
    n_jobs: int = 1,
    onnx: bool = True,
    overwrite: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Evaluate models out of fold, fit them on all clips, and write a bundle.

    Finished folds are stored in the cache folder, so a repeated call continues an interrupted one.

    Parameters
    ----------
    corpus : str
        See :func:`sercore.corpora.load_index`; ``ravdess+tess`` pools two corpora.
    models : sequence of str
        Classical models or networks by name; several vote with equal weights. ``NAME@ENCODER`` reads the
        pooled embeddings of an encoder, ``NAME@table`` the table of features.
    out : path
        Folder of the bundle.
    encoder : str, path or EncoderRecipe, optional
        What models without ``@`` read instead of the table: ``whisper_tiny_en``, or the path of an ONNX
        file (:func:`sercore.encoders.get_encoder`).
    root : path, optional
        Folder of the corpus.
    scheme : str
        Label scheme (:func:`sercore.labels.get_scheme`).
    split : str
        Split of the evaluation.
    n_folds : int, optional
        See :func:`sercore.splits.make_folds`.
    seed : int
    speaker_norm : bool
        Standardise features per speaker (:func:`sercore.training.speaker_normalise`). Predictions then
        need recordings of the same person: :meth:`sercore.bundle.Predictor.for_speaker`.
    n_jobs : int
        Processes for the folds.
    onnx, overwrite
        See :func:`sercore.bundle.save`.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    pd.DataFrame
        Result table with one row per model and, if there are several, a last row for their vote. The
        last row is stored in the bundle.

    Raises
    ------
    BundleError
        The folder exists already, or a model cannot be stored in a bundle. Checked before training.

    See Also
    --------
    sercore.bundle.save : Write models that are already fitted.
    """
    out, choices = Path(out), [_choose(text, encoder) for text in models]
    if not choices or len({choice.name for choice in choices}) < len(choices):
        raise BundleError(f"models {list(models)}: give at least one, and each only once")
    _check_savable([choice.model for choice in choices], onnx)
    if out.exists() and not overwrite:
        raise BundleError(f"{out} exists already; choose another folder with --out, or pass --overwrite")
    index, classes = apply_scheme(load_index(corpus, root), scheme)
    index, extracted = _extract(index, choices, progress)
    detector = fit_detector(index, extracted[choices[0].recipe])
    oofs, members, statistics = [], {}, {}
    for recipe, X in extracted.items() if speaker_norm else ():
        statistics[recipe] = mean_and_std(list(X))
        extracted[recipe] = speaker_normalise(X, index["speaker"])
    for choice in choices:
        X = extracted[choice.recipe]
        oof = out_of_fold(
            index, X, classes, model=choice.model, split=split, seeds=(seed,), n_folds=n_folds, n_jobs=n_jobs,
            folder=paths.cache_dir() / "train", progress=progress,
        )  # fmt: skip
        oofs.append(oof.assign(model=choice.name))
        fitted = _fit_all(index, X, classes, choice.model, seed)
        members[choice.name] = FittedModel(
            fitted, RECIPES.get(choice.recipe, choice.recipe), statistics.get(choice.recipe)
        )
    if len(choices) > 1:
        vote = pd.concat(oofs, ignore_index=True)
        oofs.append(ensemble.soft_vote(vote, name="+".join(members)))
    table = summarise(
        oofs, corpus="+".join(sorted(set(index["corpus"]))), scheme=scheme, speaker_norm=speaker_norm
    )
    save(
        out, members, classes, training=describe_training(index, scheme=scheme, seed=seed),
        evaluation=table.iloc[-1].to_dict() | evaluation_details(oofs[-1], index, classes),
        temperature=temperature_of(oofs[-1], classes), detector=detector, onnx=onnx, overwrite=overwrite,
    )  # fmt: skip
    return table


def temperature_of(oof: pd.DataFrame, classes: Sequence[str]) -> float:
    """Temperature of the lowest log loss over out-of-fold probabilities.

    Parameters
    ----------
    oof : pd.DataFrame
        From :func:`sercore.training.out_of_fold`: every probability is of a model that was not fitted on
        the speaker.
    classes : sequence of str

    See Also
    --------
    sercore.evaluation.fit_temperature
    """
    proba = oof[[f"p_{name}" for name in classes]].to_numpy()
    return fit_temperature(proba, pd.Index(classes).get_indexer(oof["label"]))


def fit_detector(index: pd.DataFrame, X) -> NoveltyDetector | None:
    """Novelty detector for the clips that a model is fitted on; None if they are of one speaker.

    Parameters
    ----------
    index : pd.DataFrame
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]

    See Also
    --------
    sercore.evaluation.NoveltyDetector
    """
    if index["speaker"].nunique() < 2:
        return None
    return NoveltyDetector.fit(np.stack([row_of(clip) for clip in X]), index["speaker"])


def describe_training(index: pd.DataFrame, *, scheme: str, seed: int) -> dict:
    """Description of the training data for a bundle: corpora with licence and source, clips, speakers.

    Notebook: 03_mlp_baseline.ipynb
    """
    corpora = []
    for name, part in index.groupby("corpus"):
        described = get_corpus(name)
        corpora.append(
            {
                "name": name,
                "title": described.title,
                "licence": described.licence,
                "redistributable": described.redistributable,
                "citation": described.citation,
                "url": described.url,
                "n_clips": len(part),
                "n_speakers": int(part["speaker"].nunique()),
            }
        )
    return {"corpora": corpora, "scheme": scheme, "seed": seed, "n_clips": len(index)}


def _check_savable(models: Sequence[str], onnx: bool) -> None:
    if "xgboost" in models:
        raise BundleError("xgboost models can be saved only by pickle; choose another model")
    for model in models:
        if not is_network(model) and model not in classical.CLASSICAL:
            raise BundleError(
                f"unknown model {model!r}; must be one of {', '.join([*classical.CLASSICAL, *NETWORKS])}"
            )
    if onnx and not find_spec("tf2onnx") and any(map(is_network, models)):
        raise BundleError("the ONNX export of a network needs: pip install -e '.[onnx]'; or pass --no-onnx")
    if any(map(is_network, models)):
        check_keras()


@dataclass(frozen=True)
class _Choice:
    """A model, the features that it reads, and its name in the bundle."""

    model: str
    recipe: str | EncoderRecipe
    name: str


def _choose(text: str, encoder) -> _Choice:
    """The choice behind ``MODEL`` or ``MODEL@FEATURES``."""
    model, _, source = text.partition("@")
    if reads_frames(model):
        if source:
            raise BundleError(f"{text!r}: {model!r} reads frames, not {source!r}; write only {model!r}")
        return _Choice(model, "frames", model)
    if source == "table" or not (source or encoder):
        return _Choice(model, "table", model)
    recipe = encoder_recipe(source or encoder)
    return _Choice(model, recipe, f"{model}@{recipe.encoder}")


def _extract(index: pd.DataFrame, choices: Sequence[_Choice], progress: bool) -> tuple[pd.DataFrame, dict]:
    """Index and features by recipe, of the clips for which all features could be extracted."""
    tables = {}
    for recipe in dict.fromkeys(choice.recipe for choice in choices):
        extract = extract_frames if recipe == "frames" else extract_table
        tables[recipe] = extract(index, RECIPES.get(recipe, recipe), progress=progress)
    usable = set.intersection(*(set(part.index["clip_id"]) for part in tables.values()))
    features = {}
    for recipe, part in tables.items():
        rows = np.flatnonzero(part.index["clip_id"].isin(usable))
        features[recipe] = select_rows(part.X, rows)
    return part.index.iloc[rows].reset_index(drop=True), features


def _fit_all(index: pd.DataFrame, X, classes, model: str, seed: int):
    """A model fitted on all clips; networks hold out some speakers for early stopping."""
    everything = np.arange(len(index))
    if is_network(model):
        return fit_network(index, X, everything, classes, model=model, seed=seed)
    return fit_classical(index, X, everything, model=model, seed=seed)

"""From corpora to a bundle: out-of-fold evaluation first, then models fitted on all speakers.

The metrics in a bundle are those of models trained in the same way without the speakers they were tested
on. The models in the bundle are fitted on all speakers, so no speakers are left to test them on.

What a bundle of several corpora knows about its own confidence, it learns from whole corpora that are left
out (:mod:`sercore.bundle.scores`): its temperature and the limit of its novelty detector then apply to
recordings from elsewhere. With one corpus only, both are found on left-out speakers of that corpus, so the
bundle refuses nearly every other recording, which it would not predict well, and its confidence falls with
the distance of a recording from the training clips (:func:`sercore.evaluation.temper_by_distance`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from .. import ensemble, paths
from ..audio.augment import AUGMENTATIONS, N_VERSIONS
from ..corpora import get_corpus, load_index
from ..encoders import EncoderRecipe, encoder_recipe
from ..errors import BundleError
from ..evaluation import NoveltyDetector, fit_temperature
from ..features.recipe import PRESETS
from ..features.store import extract_frames, extract_table
from ..labels import apply_scheme
from ..models import NETWORKS, check_keras, classical, is_network, reads_frames
from ..splits import corpus_folds, is_leaky, make_folds
from ..splits.folds import is_known
from ..training import out_of_fold, summarise
from ..training.clips import select_rows
from ..training.normalisation import mean_and_std, speaker_normalise
from .folder import check_target
from .rejection import row_of
from .saving import FittedModel, save
from .scores import CLIPS, corpus_scores, evaluation_details, fit_model, left_out_corpora, predict_folds

RECIPES = {"table": "default", "frames": "log_mel"}


def train(
    corpus: str,
    models: str | Sequence[str],
    out: str | os.PathLike,
    *,
    encoder: str | os.PathLike | EncoderRecipe | None = None,
    root: str | os.PathLike | None = None,
    scheme: str = "all",
    split: str = "speaker",
    n_folds: int | None = None,
    seed: int = 0,
    speaker_norm: bool = False,
    augment: str | None = None,
    test: Sequence[str] = (),
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
        See :func:`sercore.corpora.load_index`; ``ravdess+tess`` pools two corpora. If every class occurs in
        two corpora or more, the temperature of the bundle comes from models that were trained without the
        corpus they predict.
    models : str or sequence of str
        Classical models or networks by name; several vote with equal weights. ``NAME@ENCODER`` reads the
        pooled embeddings of an encoder, ``NAME@table`` the table of features, ``NAME@level_free`` that of
        another recipe.
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
    augment : str, optional
        Also fit on four augmented versions of every training clip: a name from
        :data:`sercore.audio.augment.AUGMENTATIONS`, such as ``places`` for models that will hear telephones
        and rooms full of people. The novelty detector then knows such recordings, too: it refuses what is
        unlike the clips and unlike their versions. Scores are those of the clips as they are.
    test : sequence of str
        Corpora to test on that are not used for training or for any choice. The scores are stored in the
        bundle, as are those on each training corpus while it is left out.
    n_jobs : int
        Processes for the folds.
    onnx, overwrite
        See :func:`sercore.bundle.save`.
    progress : bool
        Whether to show progress bars.

    Returns
    -------
    pd.DataFrame
        Result table with one row per model and test corpus and, if there are several models, last rows for
        their vote. The last row is stored in the bundle; of several corpora, it is that of the last one, as
        scores on different corpora are not averaged, while the scores by class and group are of all clips.

    Raises
    ------
    BundleError
        The folder exists already, or a model cannot be stored in a bundle. Checked before training.
    CorpusError
        There is no such corpus.

    See Also
    --------
    sercore.bundle.save : Write models that are already fitted.
    """
    models = [models] if isinstance(models, str) else models
    out, choices = Path(out), [_choose(text, encoder) for text in models]
    test = tuple(dict.fromkeys(get_corpus(name).name for name in test))
    if not choices or len({choice.name for choice in choices}) < len(choices):
        raise BundleError(f"models {list(models)}: give at least one, and each only once")
    _check_savable([choice.model for choice in choices], onnx)
    check_target(out, overwrite)
    if encoder and not any(isinstance(choice.recipe, EncoderRecipe) for choice in choices):
        raise BundleError(f"encoder {encoder!r}: none of {', '.join(models)} reads it; leave it out")
    if augment is not None and augment not in AUGMENTATIONS:
        raise BundleError(f"no augmentation named {augment!r}; there are: {', '.join(AUGMENTATIONS)}")
    index, classes = apply_scheme(load_index(corpus, root), scheme)
    everything, extracted = _extract(_with_tests(index, classes, test, scheme), choices, progress)
    used = np.flatnonzero(everything["corpus"].isin(set(index["corpus"])))
    index = everything.iloc[used].reset_index(drop=True)
    raw = {recipe: select_rows(X, used) for recipe, X in extracted.items()}
    raw_versions = {recipe: _versions(index, X, recipe, augment, progress) for recipe, X in raw.items()}
    detector = fit_detector(index, raw[choices[0].recipe], raw_versions[choices[0].recipe])
    normal, augmented, statistics = dict(raw), dict(raw_versions), {}
    for recipe, X in raw.items() if speaker_norm else ():
        statistics[recipe] = mean_and_std(list(X))
        normal[recipe] = speaker_normalise(X, index["speaker"])
        augmented[recipe] = [speaker_normalise(part, index["speaker"]) for part in augmented[recipe]]
    oofs, members, final = [], {}, []
    for choice in choices:
        X = normal[choice.recipe]
        oof = out_of_fold(
            index, X, classes, model=choice.model, split=split, seeds=(seed,), n_folds=n_folds, n_jobs=n_jobs,
            augmented=augmented[choice.recipe], check_order=False, folder=paths.cache_dir() / "train",
            progress=progress,
        )  # fmt: skip
        oofs.append(oof.assign(model=choice.name))
        fitted = fit_model(
            index,
            X,
            np.arange(len(index)),
            classes,
            choice.model,
            augmented=augmented[choice.recipe],
            seed=seed,
        )
        members[choice.name] = FittedModel(
            fitted, RECIPES.get(choice.recipe, choice.recipe), statistics.get(choice.recipe)
        )
        final.append(_as_fitted(choice, fitted))
    if len(choices) > 1:
        vote = pd.concat(oofs, ignore_index=True)
        oofs.append(ensemble.soft_vote(vote, name="+".join(members)))
    trained = "+".join(sorted(set(index["corpus"])))
    table = summarise(oofs, corpus=trained, scheme=scheme, speaker_norm=speaker_norm)
    options = {"speaker_norm": speaker_norm, "seed": seed, "clips": CLIPS if speaker_norm else (0,)}
    options["augmented"] = raw_versions
    folds, parts, calibrating = left_out_corpora(index), [], oofs[-1]
    if folds:
        parts.append(predict_folds(index, raw, classes, choices, folds, **options))
        calibrating = predict_folds(index, raw, classes, final, folds, **options | {"clips": (0,)})
    temperature = temperature_of(calibrating, classes)
    if index["corpus"].nunique() > 1 and split != "corpus" and not is_leaky(split):
        inner = make_folds(index, split, n_folds=n_folds, seed=seed)
        rows = predict_folds(index, raw, classes, final, inner, **options)
        known = [test in train.split("+") for train, test in zip(rows["train"], rows["test"], strict=True)]
        parts.append(rows[known])  # the others were predicted above
    if test:
        others = corpus_folds(everything, trained.split("+"), list(test))
        options["augmented"] = {  # of test clips none is read
            recipe: [_replaced(extracted[recipe], used, part) for part in parts]
            for recipe, parts in raw_versions.items()
        }
        parts.append(predict_folds(everything, extracted, classes, choices, others, **options))
    evaluation = table.iloc[-1].to_dict() | evaluation_details(oofs[-1], index, classes)
    if parts:
        read = extracted[choices[0].recipe]
        distance = _distances(detector, everything, read) if index["corpus"].nunique() == 1 else None
        evaluation["corpora"] = corpus_scores(pd.concat(parts, ignore_index=True), temperature, distance)
        _add_rejected(evaluation["corpora"], detector, everything, read)
    save(
        out, members, classes,
        training=describe_training(index, scheme=scheme, seed=seed)
        | ({"augmentation": augment} if augment else {})
        | {"held_out": {
            "temperature": "corpora" if folds else "clips" if is_leaky(split) else "speakers",
            "rejection": "corpora" if index["corpus"].nunique() > 1 else "speakers",
        }},
        evaluation=evaluation, temperature=temperature, detector=detector, onnx=onnx, overwrite=overwrite,
    )  # fmt: skip
    return table


def temperature_of(oof: pd.DataFrame, classes: Sequence[str]) -> float:
    """Temperature of the lowest log loss over out-of-fold probabilities, drawn towards 1 for few speakers.

    Parameters
    ----------
    oof : pd.DataFrame
        From :func:`sercore.training.out_of_fold`: every probability is of a model that was not fitted on
        the speaker. A single speaker is predicted in use, too, so that nothing is drawn.
    classes : sequence of str

    See Also
    --------
    sercore.evaluation.fit_temperature
    """
    proba = oof[[f"p_{name}" for name in classes]].to_numpy()
    speakers = oof["speaker"].to_numpy(str) if oof["speaker"].nunique() > 1 else None
    return fit_temperature(proba, pd.Index(classes).get_indexer(oof["label"]), speakers=speakers)


def fit_detector(index: pd.DataFrame, X, augmented: Sequence = ()) -> NoveltyDetector | None:
    """Novelty detector for the clips that a model is fitted on; None if they are of one speaker.

    The limit is found on left-out corpora if there are several, else on left-out speakers.

    Parameters
    ----------
    index : pd.DataFrame
        With the column ``speaker``, and ``corpus`` if there are several.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
    augmented : sequence, as X
        Augmented versions of the clips, on which the model is fitted, too.

    See Also
    --------
    sercore.evaluation.NoveltyDetector
    """
    if index["speaker"].nunique() < 2:
        return None
    rows, *versions = (np.stack([row_of(clip) for clip in part]) for part in (X, *augmented))
    several = "corpus" in index and index["corpus"].nunique() > 1
    groups = index["corpus" if several else "speaker"].to_numpy()
    return NoveltyDetector.fit(rows, groups, relative=several, versions=versions)


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
                "n_speakers": int(part["speaker"][is_known(part["speaker"])].nunique()),
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
        raise BundleError('the ONNX export of a network needs: pip install -e ".[onnx]"; or pass --no-onnx')
    if any(map(is_network, models)):
        check_keras()


@dataclass(frozen=True)
class _Choice:
    """A model, the features that it reads, and its name in the bundle."""

    model: str
    recipe: str | EncoderRecipe
    name: str
    params: Mapping | None = None


def _as_fitted(choice: _Choice, fitted) -> _Choice:
    """The choice with the regularisation of the fitted model.

    Confidence depends on the regularisation, so models that calibrate must have that of the bundle's, not
    one chosen with fewer corpora.
    """
    if choice.model != "logistic_nested":
        return choice
    return replace(choice, model="logistic", params={"C": fitted.steps[-1][1].C})


def _choose(text: str, encoder) -> _Choice:
    """The choice behind ``MODEL`` or ``MODEL@FEATURES``."""
    model, _, source = text.partition("@")
    if reads_frames(model):
        if source:
            raise BundleError(f"{text!r}: {model!r} reads frames, not {source!r}; write only {model!r}")
        return _Choice(model, "frames", model)
    if source == "table" or not (source or encoder):
        return _Choice(model, "table", model)
    if source in PRESETS:
        return _Choice(model, source, f"{model}@{source}")
    recipe = encoder_recipe(source or encoder)
    return _Choice(model, recipe, f"{model}@{recipe.encoder}")


def _with_tests(index: pd.DataFrame, classes, test: Sequence[str], scheme: str) -> pd.DataFrame:
    """The index of the training corpora, followed by clips of the same classes of the test corpora."""
    if both := sorted(set(test) & set(index["corpus"])):
        raise BundleError(f"{', '.join(both)}: in training and in --test; test on other corpora")
    parts = [apply_scheme(load_index(name), scheme)[0] for name in test]
    return pd.concat([index, *(part[part["label"].isin(classes)] for part in parts)], ignore_index=True)


def _add_rejected(scores: list[dict], detector, index: pd.DataFrame, X) -> None:
    """Add the proportion of clips that the detector rejects to the scores on corpora not trained on."""
    for row in scores:
        if detector is not None and row["test"] not in row["train"].split("+"):
            rows = np.flatnonzero(index["corpus"] == row["test"])
            novel = detector.is_novel(np.stack([row_of(X[k]) for k in rows]))
            row["rejected"] = float(novel.mean())


def _distances(detector: NoveltyDetector | None, index: pd.DataFrame, X) -> pd.Series | None:
    """Distance of each clip by ``clip_id``, 1 at the limit of the detector."""
    if detector is None:
        return None
    scores = detector.score(np.stack([row_of(clip) for clip in X]))
    return pd.Series(scores / float(detector.threshold), index["clip_id"])


def _extract(index: pd.DataFrame, choices: Sequence[_Choice], progress: bool) -> tuple[pd.DataFrame, dict]:
    """Index and features by recipe, of the clips for which all features could be extracted."""
    tables = {}
    for recipe in dict.fromkeys(choice.recipe for choice in choices):
        tables[recipe] = _extractor(recipe)(index, RECIPES.get(recipe, recipe), progress=progress)
    usable = set.intersection(*(set(part.index["clip_id"]) for part in tables.values()))
    features = {}
    for recipe, part in tables.items():
        rows = np.flatnonzero(part.index["clip_id"].isin(usable))
        features[recipe] = select_rows(part.X, rows)
    return part.index.iloc[rows].reset_index(drop=True), features


def _versions(index: pd.DataFrame, X, recipe, augment: str | None, progress: bool) -> list:
    """Features of augmented versions of all clips; those of the clip itself where there are none."""
    parts = []
    for k in range(N_VERSIONS if augment else 0):
        made = _extractor(recipe)(
            index, RECIPES.get(recipe, recipe), augmentation=AUGMENTATIONS[augment], version=k,
            progress=progress,
        )  # fmt: skip
        parts.append(_replaced(X, pd.Index(index["clip_id"]).get_indexer(made.index["clip_id"]), made.X))
    return parts


def _extractor(recipe):
    return extract_frames if recipe == "frames" else extract_table


def _replaced(X, rows: np.ndarray, others):
    """Features with those of some rows replaced."""
    changed = X.copy() if isinstance(X, np.ndarray) else list(X)
    for row, other in zip(rows, others, strict=True):
        changed[row] = other
    return changed

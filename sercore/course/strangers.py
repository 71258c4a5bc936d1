"""Strangers in other places: models of one corpus on another, heard through noise, telephones and echoes.

Robustness is usually measured on the corpus of the training, and transfer on clean recordings of another. A
person with a microphone is both: an unknown voice in an unknown room. :func:`measure` needs the recordings of
RAVDESS and EMO-DB and writes ``data/oof/strangers.csv``, from which :func:`markdown` makes the table.

The rule by which the models of the package (:mod:`sercore.bundle.shipping`) are trained was written down
before any of these scores: with augmented clips if :func:`mean_ua` is higher with them than without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from .. import paths
from ..audio.augment import AUGMENTATIONS, N_VERSIONS
from ..bundle.scores import fit_model
from ..bundle.shipping import TRAINING
from ..bundle.speakers import Voice
from . import published

__all__ = ["DIRECTIONS", "FEATURES", "N_CLIPS", "markdown", "mean_ua", "measure", "table"]

DIRECTIONS = (("ravdess", "emo_db"), ("emo_db", "ravdess"))
"""Training and test corpus."""

FEATURES = ("level_free", "whisper_tiny_en")
"""Recipes of the members of the models of the package; each is a ``logistic_nested``, as there."""

AUGMENTED = ("", "places")
ADAPTATIONS = ("none", "speaker")

N_CLIPS = 112
"""Clips of each test corpus, 28 of each of four classes, drawn evenly over speakers."""

_KEY = ["train", "test", "features", "augmented", "adaptation"]


def measure() -> Path:
    """UA clean and under every everyday condition of :data:`sercore.evaluation.CONDITIONS`.

    A model is fitted on one whole corpus, with features standardised per speaker, with or without
    augmented versions of its clips, and predicts clips of the other corpus. ``adaptation`` states what it
    knows of their speaker: nothing, or all clips of that speaker in the sample, under the same condition
    and without labels. Finished parts are stored in the cache folder. Returns the file.
    """
    parts = [_measure(*names, features) for features in FEATURES for names in DIRECTIONS]
    path = published.oof_folder() / "strangers.csv"
    pd.concat(parts).round(4).to_csv(path, index=False, lineterminator="\n")
    return path


def table() -> pd.DataFrame:
    """Published scores: columns of :func:`sercore.evaluation.robustness`, and which model they are of.

    Examples
    --------
    >>> table()["n_clips"].unique().tolist()
    [112]
    """
    return pd.read_csv(published.oof_folder() / "strangers.csv", keep_default_na=False)


def mean_ua(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean UA over directions and adaptations by ``features`` and ``augmented``.

    ``clean``, ``everyday`` (mean of all everyday conditions), and ``both``, in which the clean clips count
    as one more condition.
    """
    everyday = scores.groupby(_KEY, sort=False).agg(
        clean=("ua_clean", "first"), everyday=("ua", "mean"), n=("ua", "size")
    )
    everyday["both"] = (everyday["clean"] + everyday["n"] * everyday["everyday"]) / (everyday["n"] + 1)
    return everyday.drop(columns="n").groupby(["features", "augmented"], sort=False).mean()


def _measure(train: str, test: str, features: str) -> pd.DataFrame:
    """All rows of one direction and recipe, from the cache folder if they are there."""
    from .. import audio, evaluation
    from ..corpora import load_index
    from ..evaluation.robustness import balanced_sample
    from ..labels import apply_scheme
    from ..training import write_parquet

    conditions = [c for c in evaluation.CONDITIONS if c.everyday]
    path = _cache_file(train, test, features, conditions)
    if path.is_file():
        return pd.read_parquet(path)
    index, classes = apply_scheme(load_index(test), TRAINING["scheme"])
    clips = index.iloc[balanced_sample(index["label"], index["speaker"], N_CLIPS)]
    waves, speakers = [audio.load(clip) for clip in clips["path"]], clips["speaker"].to_numpy()
    row_of, heard = _row_of(features), {}

    def rows(parts: Sequence[np.ndarray]) -> np.ndarray:
        """Features of waveforms; the models hear the same ones, so they are computed once."""
        key = hashlib.sha256(b"".join(part.tobytes() for part in parts)).digest()
        if key not in heard:
            heard[key] = np.stack([row_of(part) for part in parts])
        return heard[key]

    tables = []
    for augmented in AUGMENTED:
        proba, training = _fitted(train, features, augmented, classes)
        for adaptation in ADAPTATIONS:

            def predict(parts, proba=proba, training=training, adaptation=adaptation):
                return proba(_normalised(rows(parts), speakers, training, adaptation))

            scores = evaluation.robustness(
                predict, waves, clips["label"], classes, speakers, conditions=conditions, n_clips=None
            )
            names = (train, test, features, augmented, adaptation)
            tables.append(scores.assign(**dict(zip(_KEY, names, strict=True))))
    measured = pd.concat(tables, ignore_index=True)
    write_parquet(measured, path)
    return measured


def _cache_file(train: str, test: str, features: str, conditions) -> Path:
    """File of finished rows; other recipes, augmentations or conditions have another name."""
    settings = [(c.family, c.name, c.max_lost) for c in conditions]
    keys = [AUGMENTATIONS[name].key for name in AUGMENTED if name]
    made_of = (settings, keys, N_VERSIONS, N_CLIPS, _recipe(features).key, TRAINING["seed"])
    digest = hashlib.sha256(repr(made_of).encode()).hexdigest()[:12]
    return paths.cache_dir() / "strangers" / f"{train}-{test}-{features}-{digest}.parquet"


def _recipe(features: str):
    from ..encoders import EncoderRecipe
    from ..features import get_recipe

    return EncoderRecipe(features) if features.startswith("whisper") else get_recipe(features)


def _row_of(features: str):
    """From a waveform at 16 kHz to a row of features."""
    from ..encoders import load_encoder
    from ..features import table_row

    recipe = _recipe(features)
    if features.startswith("whisper"):
        return load_encoder(recipe, "onnx").row
    return partial(table_row, recipe=recipe)


def _fitted(train: str, features: str, augmented: str, classes):
    """Probabilities of normalised rows, and mean and standard deviation of the training clips."""
    from ..corpora import load_index
    from ..features.store import extract_table
    from ..labels import apply_scheme
    from ..training import predict_proba, speaker_normalise
    from ..training.normalisation import mean_and_std

    index, _ = apply_scheme(load_index(train), TRAINING["scheme"])
    options = {"recipe": _recipe(features), "n_jobs": 1, "max_bad": 0.0}
    made = extract_table(index, **options)
    versions = [
        extract_table(index, augmentation=AUGMENTATIONS[augmented], version=k, **options).X
        for k in range(N_VERSIONS if augmented else 0)
    ]
    X, *versions = (speaker_normalise(part, index["speaker"]) for part in (made.X, *versions))
    model = fit_model(
        index, X, np.arange(len(index)), classes, "logistic_nested", augmented=versions, seed=TRAINING["seed"]
    )
    return partial(predict_proba, model, classes=classes), mean_and_std(list(made.X))


def _normalised(rows: np.ndarray, speakers: np.ndarray, training, adaptation: str) -> np.ndarray:
    """Rows standardised as a bundle does, with the rows of the same speaker or without."""
    normalised = np.empty_like(rows)
    for speaker in np.unique(speakers):
        own = np.flatnonzero(speakers == speaker)
        voice = Voice({"": training})
        for k in own if adaptation == "speaker" else ():
            voice.add({"": rows[k]})
        normalised[own] = [voice.normalise("", rows[k]) for k in own]
    return normalised


def markdown() -> str:
    """Markdown table: mean UA of both directions, clean and in the worst everyday condition of each family."""
    raise NotImplementedError

"""Strangers in other places: models of one corpus on another, heard through noise, telephones and echoes.

Robustness is usually measured on the corpus of the training, and transfer on clean recordings of another. A
person with a microphone is both: an unknown voice in an unknown room. :func:`measure` needs the recordings of
RAVDESS and EMO-DB and writes ``data/oof/strangers.parquet``, from which :func:`table` makes the scores.

The rule by which the models of the package (:mod:`sercore.bundle.shipping`) are trained was written down
before any of these scores, with a few points of price on clean clips known from a trial: with augmented clips
if :func:`mean_ua` is higher with them than without.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from .. import paths
from ..audio.augment import AUGMENTATIONS, N_VERSIONS
from ..bundle.scores import fit_model
from ..bundle.shipping import TRAINING
from ..bundle.speakers import Voice
from ..training import write_parquet
from . import cross_corpus, published

__all__ = [
    "DIRECTIONS", "FEATURES", "FILES", "N_CLIPS", "load", "markdown", "mean_ua", "measure", "measure_file",
    "measure_rejected", "rejected", "rejected_markdown", "table", "table_text",
]  # fmt: skip

FILES = STRANGERS, REJECTED = ("strangers", "strangers-rejected")
"""Names of the files in ``data/oof``, without suffix, and of ``sercore results``."""

DIRECTIONS = (("ravdess", "emo_db"), ("emo_db", "ravdess"))
"""Training and test corpus."""

FEATURES = ("level_free", "whisper_tiny_en")
"""Recipes of the members of the models of the package; each is a ``logistic_nested``, as there."""

AUGMENTED = ("", "places")
ADAPTATIONS = ("none", "speaker")
_KNOWN = {"none": "unknown speaker", "speaker": "with clips of the speaker"}

N_CLIPS = 112
"""Clips of each test corpus, 28 of each of four classes, drawn evenly over speakers."""

CLEAN, EVERYDAY, BOTH = "clean", "all everyday conditions", "these and clean"


def measure() -> Path:
    """Predictions under every everyday condition of :data:`sercore.evaluation.CONDITIONS`, and clean.

    A model is fitted on one whole corpus, with features standardised per speaker, with or without
    augmented versions of its clips, and predicts clips of the other corpus. ``adaptation`` states what it
    knows of their speaker: nothing, or all clips of that speaker in the sample, under the same condition
    and without labels. Finished parts are stored in the cache folder. Returns the file.
    """
    parts = [_measure(*names, features) for features in FEATURES for names in DIRECTIONS]
    oof, path = pd.concat(parts, ignore_index=True), published.oof_folder() / f"{STRANGERS}.parquet"
    columns = [name for name in oof if name.startswith("p_")]
    oof[columns] = cross_corpus.thousandths(oof[columns].to_numpy())
    write_parquet(oof, path)
    return path


def measure_rejected() -> Path:
    """How many clips of TESS the default model of the package refuses, by condition; returns the file.

    ``alone`` is the proportion that its detector for clips as they are would refuse, ``rejected`` what is
    refused because the detector for augmented versions does not know it either, both with what is not
    speech; ``low`` and ``high`` are the 95 % interval of ``rejected`` over clips.
    """
    from .. import audio
    from ..bundle import Predictor, shipped_bundle
    from ..corpora import load_index
    from ..evaluation import is_speech
    from ..evaluation.bootstrap import mean_interval
    from ..evaluation.robustness import CONDITIONS, balanced_sample, degraded
    from ..labels import apply_scheme

    detector, row_of, rows = Predictor.load(shipped_bundle()).detector, _row_of("level_free"), []
    index, _ = apply_scheme(load_index(*TRAINING["test"]), TRAINING["scheme"])
    clips = index.iloc[balanced_sample(index["label"], index["speaker"], N_CLIPS)]
    waves, speakers = [audio.load(clip) for clip in clips["path"]], clips["speaker"].to_numpy(str)
    for condition in tqdm([None, *(c for c in CONDITIONS if c.everyday)], desc="rejected", unit="condition"):
        heard = degraded(condition, waves, speakers) if condition else waves
        table = np.stack([row_of(wave) for wave in heard])
        no_speech = np.array([not is_speech(wave) for wave in heard])
        alone, both = (no_speech | each.is_novel(table) for each in (replace(detector, other=None), detector))
        _, low, high = mean_interval(both.astype(float), clips["clip_id"])
        rows.append({
            "condition": _name(condition), "n_clips": len(clips), "n_speakers": clips["speaker"].nunique(),
            "alone": alone.mean(), "rejected": both.mean(), "low": float(low), "high": float(high),
        })  # fmt: skip
    path = published.oof_folder() / f"{REJECTED}.csv"
    pd.DataFrame(rows).round(4).to_csv(path, index=False, lineterminator="\n")
    return path


def rejected() -> pd.DataFrame:
    """Published rows of :func:`measure_rejected`.

    Examples
    --------
    >>> rejected()["n_speakers"].unique().tolist()
    [2]
    """
    return pd.read_csv(published.oof_folder() / f"{REJECTED}.csv")


def measure_file(name: str) -> Path:
    """Measure one of :data:`FILES` and return it."""
    return measure() if name == STRANGERS else measure_rejected()


def _name(condition) -> str:
    return f"{condition.family}, {condition.name}" if condition else CLEAN


def load() -> pd.DataFrame:
    """Published predictions: one row per model, adaptation, condition and clip.

    Examples
    --------
    >>> load().groupby("test")["speaker"].nunique().to_dict()
    {'emo_db': 10, 'ravdess': 24}
    """
    return pd.read_parquet(published.oof_folder() / f"{STRANGERS}.parquet")


def table(*, n_boot: int = 2000) -> pd.DataFrame:
    """UA without and with augmented clips in training, averaged over both directions.

    Returns
    -------
    pd.DataFrame
        One row per ``features``, ``adaptation`` and ``condition``; after those of a pair, two for the means
        of all everyday conditions and of these and the clean clips. ``before`` and ``after`` (UA), their
        difference ``gain`` with ``low`` and ``high`` (:func:`sercore.evaluation.compare_corpora`).

    Notebook: 09_leaving_the_studio.ipynb
    """
    rows = []
    for (features, adaptation), part in load().groupby(["features", "adaptation"], sort=False):
        heard = dict(list(part.groupby("condition", sort=False)))
        everyday = part[part["condition"] != CLEAN]
        for condition, clips in (*heard.items(), (EVERYDAY, everyday), (BOTH, part)):
            about = {"features": features, "adaptation": adaptation, "condition": condition}
            rows.append(about | _gain(clips, n_boot))
    return pd.DataFrame(rows)


def mean_ua() -> pd.DataFrame:
    """What the rule compares, by ``features``: UA ``before`` and ``after``, over conditions and adaptations.

    The clean clips count as one condition more.
    """
    parts = load().groupby(["features", "adaptation"], sort=False)
    rows = pd.DataFrame({keys: _gain(part, n_boot=10) for keys, part in parts}).T
    return rows.groupby(level=0, sort=False)[["before", "after"]].mean()


def _gain(clips: pd.DataFrame, n_boot: int) -> dict[str, float]:
    """UA without and with augmented clips in training, each condition by itself, and the difference."""
    from ..evaluation import compare_corpora

    clips = clips.assign(train=clips["train"] + ", " + clips["condition"])
    before, after = (clips[clips["augmented"] == name] for name in AUGMENTED)
    gain = compare_corpora(after, before, n_boot=n_boot)
    return {
        "before": gain["ua_b"], "after": gain["ua_a"], "gain": gain["difference"],
        "low": gain["low"], "high": gain["high"],
    }  # fmt: skip


def _measure(train: str, test: str, features: str) -> pd.DataFrame:
    """All rows of one direction and recipe, from the cache folder if they are there."""
    from .. import audio
    from ..corpora import load_index
    from ..evaluation.robustness import CONDITIONS, balanced_sample, degraded
    from ..labels import apply_scheme

    conditions = [c for c in CONDITIONS if c.everyday]
    path = _cache_file(train, test, features, conditions)
    if path.is_file():
        return pd.read_parquet(path)
    index, classes = apply_scheme(load_index(test), TRAINING["scheme"])
    clips = index.iloc[balanced_sample(index["label"], index["speaker"], N_CLIPS)]
    waves, speakers = [audio.load(clip) for clip in clips["path"]], clips["speaker"].to_numpy(str)
    fitted = {augmented: _fitted(train, features, augmented, classes) for augmented in AUGMENTED}
    row_of, tables = _row_of(features), []
    for condition in tqdm([None, *conditions], desc=f"{features}, {train} to {test}", unit="condition"):
        heard = degraded(condition, waves, speakers) if condition else waves
        rows = np.stack([row_of(wave) for wave in heard])
        for augmented, (proba, training) in fitted.items():
            for adaptation in ADAPTATIONS:
                predicted = proba(_normalised(rows, speakers, training, adaptation))
                made = clips[["clip_id", "speaker", "label"]].assign(
                    train=train, test=test, features=features, augmented=augmented, adaptation=adaptation,
                    condition=_name(condition),
                    model="logistic_nested", split="corpus", fold=f"{train}-to-{test}", seed=TRAINING["seed"],
                )  # fmt: skip
                columns = [f"p_{name}" for name in classes]
                made[columns] = np.float32(predicted)
                tables.append(made)
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


def table_text(name: str) -> str:
    """One of the tables as lines of text, in percent."""
    scores = table() if name == STRANGERS else rejected()
    percent = scores.select_dtypes("float").columns
    return scores.assign(**(100 * scores[percent])).round(1).to_string(index=False)


def markdown() -> str:
    """Markdown table: UA without and with augmented clips, and the gain, for every condition."""
    heads = [f"`{features}`, {_KNOWN[adaptation]}" for features in FEATURES for adaptation in ADAPTATIONS]
    lines = ["| heard through | " + " | ".join(heads) + " |", "|---" * (1 + len(heads)) + "|"]
    scores = table()
    for condition, rows in scores.groupby("condition", sort=False):
        cells = [condition]
        for row in rows.itertuples():
            gain = f"{100 * row.gain:+.1f} [{100 * row.low:+.1f}, {100 * row.high:+.1f}]".replace("-", "−")
            cells.append(f"{100 * row.before:.1f} → {100 * row.after:.1f}, {gain}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def rejected_markdown() -> str:
    """Markdown table of :func:`rejected`."""
    lines = ["| heard through | refused by the detector for clips alone | refused |", "|---|---|---|"]
    for row in rejected().itertuples():
        cells = [row.condition, f"{100 * row.alone:.1f}"]
        cells.append(f"{100 * row.rejected:.1f} [{100 * row.low:.1f}, {100 * row.high:.1f}]")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)

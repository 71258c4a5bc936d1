"""Published confidence: calibration at home and on other corpora, and what the novelty detector rejects.

:func:`in_corpus` computes calibration from the published out-of-fold predictions. :func:`measure_file` needs
the recordings, whose distances from the training clips are not published; it writes a small CSV file to
``data/oof``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from . import cross_corpus, published

__all__ = [
    "CALIBRATED", "CONFIDENCE", "FILES", "REJECTION", "in_corpus", "measure_file", "table", "table_text",
]  # fmt: skip

CONFIDENCE, REJECTION = FILES = ("cross-corpus-confidence", "rejection")
"""Names of the files in ``data/oof``, without suffix, and of ``sercore results``."""

CALIBRATED = {
    "ravdess-emobox": "logistic",
    "ravdess-emobox-speaker-norm": "logistic",
    "ravdess-emobox-encoder": "logistic_nested",
    "ravdess-emobox-encoder-speaker-norm": "logistic_nested",
    "emo_db-loso": "logistic",
    "emo_db-loso-speaker-norm": "logistic",
    "emo_db-loso-encoder": "logistic_nested",
    "emo_db-loso-encoder-speaker-norm": "logistic_nested",
    "tess-loso-speaker-norm": "logistic",
    "tess-loso-encoder-speaker-norm": "logistic_nested",
}
"""Campaigns and models of :func:`in_corpus`."""

SEEDS = range(100, 104)
"""Of the rendered sounds; other seeds were used for the limits of the speech detector."""

_N_DRAWS = 20


def in_corpus() -> pd.DataFrame:
    """Calibration error of :data:`CALIBRATED` on new speakers, before and after temperature scaling.

    Returns
    -------
    pd.DataFrame
        One row per campaign: ``n_clips``, ``confidence`` and ``accuracy`` (means), ``ece`` before, ``ece_t``
        with the temperature fitted on the clips of the other folds, and ``ece_perfect``, the mean error of
        labels drawn from these very probabilities. With few clips it is far from 0.

    Examples
    --------
    >>> in_corpus().loc[0, "campaign"]
    'ravdess-emobox'
    """
    from ..bundle.scores import calibrated
    from ..evaluation import expected_calibration_error as ece

    rows, rng = [], np.random.default_rng(0)
    for name, model in CALIBRATED.items():
        oof = published.load(name)
        oof = oof[(oof["model"] == model) & (oof["seed"] == oof["seed"].min())]
        classes = [column.removeprefix("p_") for column in oof if column.startswith("p_")]
        y, scaled = oof["label"].to_numpy(), calibrated(oof, classes)
        raw = oof[[f"p_{each}" for each in classes]].to_numpy(float)
        chance = [ece(_drawn(scaled, classes, rng), scaled, classes) for _ in range(_N_DRAWS)]
        rows.append(
            {
                "campaign": name, "model": model, "n_clips": len(oof),
                "accuracy": np.mean(np.array(classes)[scaled.argmax(axis=1)] == y),
                "confidence": scaled.max(axis=1).mean(), "ece": ece(y, raw, classes),
                "ece_t": ece(y, scaled, classes), "ece_perfect": np.mean(chance),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _drawn(proba: np.ndarray, classes, rng) -> np.ndarray:
    """Labels drawn from probabilities."""
    limits = rng.random((len(proba), 1)) * proba.sum(axis=1, keepdims=True)
    return np.array(classes)[(proba.cumsum(axis=1) > limits).argmax(axis=1)]


def measure_file(name: str) -> Path:
    """Measure one of :data:`FILES` on real recordings, and return the file."""
    rows = _across() if name == CONFIDENCE else _rejected()
    path = published.oof_folder() / f"{name}.csv"
    pd.DataFrame(rows).round(4).to_csv(path, index=False, lineterminator="\n")
    return path


def _across() -> list[dict]:
    """Confidence of models of one corpus on each other one, ``plain``.

    Temperature: published predictions for other speakers of the training corpus. Distance: detector of the
    training corpus (:func:`sercore.evaluation.temper_by_distance`).
    """
    from .. import evaluation
    from ..evaluation import expected_calibration_error as ece

    rows = []
    for campaign in cross_corpus.CAMPAIGNS:
        pooled, oof = cross_corpus.pool(campaign), cross_corpus.predict(campaign, ("plain",))
        place = pd.Series(np.arange(len(pooled.index)), pooled.index["clip_id"])
        oof, classes = oof[(oof["adaptation"] == "plain") & ~oof["balanced"]], list(pooled.classes)
        for train in cross_corpus.CORPORA:
            home = np.flatnonzero(pooled.index["corpus"] == train)
            detector = evaluation.NoveltyDetector.fit(pooled.X[home], pooled.index["speaker"].iloc[home])
            y, proba, *_ = evaluation.unpack(oof[(oof["train"] == train) & (oof["test"] == train)])
            temperature = evaluation.fit_temperature(proba, pd.Index(classes).get_indexer(y))
            for test, part in oof[(oof["train"] == train) & (oof["test"] != train)].groupby("test"):
                y, proba, *_ = evaluation.unpack(part)
                distance = detector.score(pooled.X[place.loc[part["clip_id"]]]) / detector.threshold
                scaled = evaluation.apply_temperature(proba, temperature)
                far = evaluation.temper_by_distance(scaled, distance)
                kinds = {"": proba, "_t": scaled, "_distance": far}
                rows.append(
                    {"campaign": campaign, "train": train, "test": test, "n_clips": len(part)}
                    | {"accuracy": np.mean(np.array(classes)[proba.argmax(axis=1)] == y)}
                    | {f"ece{end}": ece(y, p, classes) for end, p in kinds.items()}
                    | {f"confidence{end}": p.max(axis=1).mean() for end, p in kinds.items()}
                    | {"novel": float(np.mean(distance > 1)), "temperature": temperature}
                )
    return rows


def _rejected() -> list[dict]:
    """Proportion that the novelty detector of each ``emobox-ravdess`` fold rejects, over its six folds."""
    from ..audio.sounds import SOUNDS, render_sound
    from ..corpora import load_index
    from ..encoders import EncoderRecipe, load_encoder
    from ..evaluation import NoveltyDetector, is_speech
    from ..evaluation.bootstrap import mean_interval
    from ..features import get_recipe, table_row
    from ..features.store import extract_table
    from ..splits import make_folds

    waves, rows = [render_sound(name, seed=seed) for name in SOUNDS for seed in SEEDS], []
    no_speech = np.mean([not is_speech(wave) for wave in waves])
    for features in ("default", "whisper_tiny_en"):
        if features == "default":
            recipe, row_of = features, lambda wave: table_row(wave, get_recipe("default"))
        else:
            recipe = EncoderRecipe(features)
            row_of = load_encoder(recipe, "onnx").row
        home = extract_table(load_index("ravdess"), recipe, n_jobs=1, progress=False)
        foreign = extract_table(load_index("emo_db"), recipe, n_jobs=1, progress=False).X
        sounds, speakers = np.stack([row_of(wave) for wave in waves]), home.index["speaker"].to_numpy()
        novel, other, noise = np.zeros(len(home.X), dtype=bool), [], []
        for fold in make_folds(home.index.assign(label=home.index["emotion"]), "emobox-ravdess"):
            detector = NoveltyDetector.fit(home.X[fold.train], speakers[fold.train])
            novel[fold.test] = detector.is_novel(home.X[fold.test])
            other.append(detector.is_novel(foreign).mean())
            noise.append(detector.is_novel(sounds).mean())
        mean, low, high = mean_interval(novel, speakers)
        rows.append(
            {
                "features": features, "n_clips": len(novel), "n_speakers": len(set(speakers)),
                "rejected": mean, "rejected_low": low, "rejected_high": high,
                "worst_speaker": pd.Series(novel).groupby(speakers).mean().max(),
                "n_sounds": len(waves), "sounds_not_speech": no_speech, "sounds_novel": np.mean(noise),
                "emo_db": np.mean(other),
            }
        )  # fmt: skip
    return rows


def table(name: str) -> pd.DataFrame:
    """Content of one of :data:`FILES`; see :func:`measure_file`."""
    return pd.read_csv(published.oof_folder() / f"{name}.csv")


def table_text(name: str) -> str:
    """The file as lines of text."""
    return table(name).round(3).to_string(index=False)

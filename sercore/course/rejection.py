"""Published rejection: what a novelty detector of one corpus refuses, and how sure its model would be.

Detectors and models are those of the training parts of published folds. They are asked about all clips of
their test speakers, about a sample of these over a telephone, about other corpora, and about sounds.
:func:`measure` needs the recordings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from .. import paths
from . import published

__all__ = ["N_CLIPS", "REJECTION", "SEEDS", "SOURCES", "TELEPHONE", "measure", "table"]

REJECTION = "rejection"
"""Name of the file in ``data/oof``, without suffix."""

SOURCES = {
    ("default", "ravdess"): ("ravdess-emobox", "logistic"),
    ("whisper_tiny_en", "ravdess"): ("ravdess-emobox-encoder", "logistic_nested"),
    ("default", "emo_db"): ("emo_db-loso", "logistic"),
    ("whisper_tiny_en", "emo_db"): ("emo_db-loso-encoder", "logistic_nested"),
}
"""By features and training corpus: the campaign whose folds and temperatures are used, and the model."""

TELEPHONE = ("300–3400 Hz", "µ-law", "GSM")
"""Conditions of held-out clips."""

N_CLIPS = 64
"""Of each corpus over the telephone, drawn evenly over classes and speakers."""

SEEDS = range(100, 104)
"""Of the rendered sounds; other seeds were used for the limits of the speech detector."""

SOUNDS = "sounds"
_OTHERS = {"ravdess": ("emo_db", "tess"), "emo_db": ("ravdess", "tess")}


@dataclass
class _Clips:
    """Features of the clips of one row of the table."""

    name: str
    X: np.ndarray
    speakers: np.ndarray
    positions: np.ndarray | None = None  # in the index of the training corpus; None for other recordings
    not_speech: np.ndarray | None = None

    def rows(self, test: np.ndarray) -> np.ndarray:
        """Numbers of the clips that a fold may be asked about: those of its test speakers, or all others."""
        return np.arange(len(self.X)) if self.positions is None else np.flatnonzero(
            np.isin(self.positions, test)
        )  # fmt: skip


def measure() -> pd.DataFrame:
    """One row for each of :data:`SOURCES` and kind of clips.

    Returns
    -------
    pd.DataFrame
        ``features``, ``train``, ``clips``, ``n_clips``, ``n_speakers``; ``rejected``, the proportion that
        the detector or the speech detector refuses, with ``low`` and ``high`` over speakers;
        ``worst_speaker``; ``novel`` and ``not_speech``, by either alone (the speech detector is not asked
        about whole corpora); ``confidence``, the mean highest probability if all were answered, with the
        temperature of the other folds and by distance. Of clips that several folds are asked about, the
        means over folds are used.
    """
    rows = []
    for (features, train), (campaign, model) in SOURCES.items():
        rows += _asked(features, train, campaign, model)
    return pd.DataFrame(rows)


def table() -> pd.DataFrame:
    """Published rows of :func:`measure`.

    Examples
    --------
    >>> table()["train"].unique().tolist()
    ['ravdess', 'emo_db']
    """
    return pd.read_csv(published.oof_folder() / f"{REJECTION}.csv")


def _asked(features: str, train: str, campaign: str, model: str) -> list[dict]:
    from .. import evaluation
    from ..splits import make_folds
    from ..training import fit_classical, predict_proba

    index, X, classes = _corpus(features, train, published.CAMPAIGNS[campaign].scheme)
    kinds = [_Clips("new speakers", X, index["speaker"].to_numpy(), np.arange(len(X)))]
    kinds += [*_telephone(features, index, X), *(_other(features, name) for name in _OTHERS[train])]
    kinds.append(_sounds(features))
    novel, sure = ([np.zeros(len(kind.X)) for kind in kinds] for _ in range(2))
    asked = [np.zeros(len(kind.X)) for kind in kinds]
    for fold in make_folds(index, published.CAMPAIGNS[campaign].split):
        detector = evaluation.NoveltyDetector.fit(X[fold.train], index["speaker"].iloc[fold.train])
        fitted = fit_classical(index, X, fold.train, model=model)
        temperature = _temperature(campaign, model, classes, fold.name)
        for k, kind in enumerate(kinds):
            rows = kind.rows(fold.test)
            if len(rows) == 0:
                continue
            distance = detector.score(kind.X[rows]) / float(detector.threshold)
            proba = evaluation.apply_temperature(predict_proba(fitted, kind.X[rows], classes), temperature)
            novel[k][rows] += ~(distance <= 1)
            sure[k][rows] += evaluation.temper_by_distance(proba, distance).max(axis=1)
            asked[k][rows] += 1
    named = {"features": features, "train": train}
    return [named | _row(kind, *values) for kind, *values in zip(kinds, novel, sure, asked, strict=True)]


def _row(kind: _Clips, novel: np.ndarray, sure: np.ndarray, asked: np.ndarray) -> dict:
    from ..evaluation.bootstrap import mean_interval

    novel, sure = novel / asked, sure / asked
    speech = kind.not_speech is not None
    rejected = np.maximum(novel, kind.not_speech) if speech else novel
    mean, low, high = mean_interval(rejected, kind.speakers)
    return {
        "clips": kind.name, "n_clips": len(novel),
        "n_speakers": 0 if kind.name == SOUNDS else len(set(kind.speakers)),
        "rejected": float(mean), "low": float(low), "high": float(high),
        "worst_speaker": pd.Series(rejected).groupby(kind.speakers).mean().max(),
        "novel": novel.mean(), "not_speech": kind.not_speech.mean() if speech else np.nan,
        "confidence": sure.mean(),
    }  # fmt: skip


def _corpus(features: str, name: str, scheme: str):
    from ..corpora import load_index
    from ..features import extract_table
    from ..labels import apply_scheme

    index, classes = apply_scheme(load_index(name), scheme)
    return index, extract_table(index, _recipe(features), n_jobs=1, max_bad=0.0).X, classes


def _other(features: str, name: str) -> _Clips:
    index, X, _ = _corpus(features, name, "all")
    return _Clips(name, X, index["speaker"].to_numpy())


def _telephone(features: str, index: pd.DataFrame, X: np.ndarray) -> list[_Clips]:
    """A sample as recorded, and under every condition of :data:`TELEPHONE`."""
    from .. import audio
    from ..audio import degrade
    from ..evaluation import is_speech
    from ..evaluation.robustness import balanced_sample

    ways = dict(zip(TELEPHONE, (degrade.limit_band, degrade.encode_mulaw, degrade.encode_gsm), strict=True))
    rows = balanced_sample(index["label"], index["speaker"], N_CLIPS)
    waves = [audio.load(path) for path in index["path"].iloc[rows]]
    speakers, made = index["speaker"].to_numpy()[rows], []
    for name, way in {"sample, clean": None, **ways}.items():
        heard = waves if way is None else [np.clip(way(wave), -1, 1) for wave in waves]
        table = X[rows] if way is None else _features(features, heard)
        no_speech = np.array([not is_speech(wave) for wave in heard], dtype=float)
        made.append(_Clips(name, table, speakers, rows, no_speech))
    return made


def _sounds(features: str) -> _Clips:
    from ..audio.sounds import SOUNDS as NAMES
    from ..audio.sounds import render_sound
    from ..evaluation import is_speech

    waves = [render_sound(name, seed=seed) for name in NAMES for seed in SEEDS]
    no_speech = np.array([not is_speech(wave) for wave in waves], dtype=float)
    names = np.repeat(list(NAMES), len(SEEDS))
    return _Clips(SOUNDS, _features(features, waves), names, not_speech=no_speech)


def _features(features: str, waves: list[np.ndarray]) -> np.ndarray:
    """Rows of waveforms, stored in the cache folder under a hash of recipe and samples."""
    digest = hashlib.sha256(_recipe(features).key.encode())
    for wave in waves:
        digest.update(np.ascontiguousarray(wave, dtype=np.float32))
    path = paths.cache_dir() / "rejection" / f"{features}-{digest.hexdigest()[:12]}.npy"
    if not path.is_file():
        row_of = _row_of(features)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.stack([row_of(wave) for wave in waves]))
    return np.load(path, allow_pickle=False)


def _recipe(features: str):
    from ..encoders import EncoderRecipe
    from ..features import get_recipe

    return get_recipe(features) if features == "default" else EncoderRecipe(features)


def _row_of(features: str) -> Callable[[np.ndarray], np.ndarray]:
    from ..encoders import load_encoder
    from ..features import table_row

    if features == "default":
        return partial(table_row, recipe=_recipe(features))
    return load_encoder(_recipe(features), "onnx").row


def _temperature(campaign: str, model: str, classes, fold: str) -> float:
    """Fitted on the published predictions of the other folds."""
    from ..evaluation import fit_temperature

    oof = published.load(campaign)
    oof = oof[(oof["model"] == model) & (oof["seed"] == oof["seed"].min()) & (oof["fold"] != fold)]
    proba = oof[[f"p_{name}" for name in classes]].to_numpy(float)
    return fit_temperature(proba, pd.Index(classes).get_indexer(oof["label"]))

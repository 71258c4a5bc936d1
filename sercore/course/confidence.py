"""Published confidence: calibration at home and on other corpora, and what the novelty detector rejects.

:func:`in_corpus` computes calibration from the published out-of-fold predictions. :func:`measure_file` needs
the recordings, whose distances from the training clips are not published; it writes a small CSV file to
``data/oof``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from . import cross_corpus, published, rejection

__all__ = [
    "ABROAD", "CALIBRATED", "CONFIDENCE", "FILES", "REJECTION", "in_corpus", "measure_file", "table",
    "table_text",
]  # fmt: skip

REJECTION = rejection.REJECTION
CONFIDENCE, _ = FILES = ("cross-corpus-confidence", REJECTION)
"""Names of the files in ``data/oof``, without suffix, and of ``sercore results``. What is rejected is
measured by :mod:`sercore.course.rejection`."""

CALIBRATED = {
    "ravdess-emobox": "logistic",
    "ravdess-emobox-speaker-norm": "logistic",
    "ravdess-emobox-encoder": "logistic_nested",
    "ravdess-emobox-encoder-speaker-norm": "logistic_nested",
    "emo_db-loso": "logistic",
    "emo_db-loso-speaker-norm": "logistic",
    "emo_db-loso-encoder": "logistic_nested",
    "emo_db-loso-encoder-speaker-norm": "logistic_nested",
    "tess-loso": "logistic",
    "tess-loso-speaker-norm": "logistic",
    "tess-loso-encoder": "logistic_nested",
    "tess-loso-encoder-speaker-norm": "logistic_nested",
}
"""Campaigns and models of :func:`in_corpus`."""

ABROAD = ("cross-corpus-encoder-four", "cross-corpus-table-four")
"""Cross-corpus campaigns whose confidence is measured."""

_N_DRAWS = 20


def in_corpus() -> pd.DataFrame:
    """Calibration error of :data:`CALIBRATED` on new speakers, before and after temperature scaling.

    Returns
    -------
    pd.DataFrame
        One row per campaign: ``n_clips``, ``confidence`` and ``accuracy`` (means), ``ece`` before, ``ece_t``
        with the temperature fitted on the clips of the other folds, as in bundles, ``ece_brier`` with that of
        the lowest Brier score, and ``ece_perfect``, the mean error of labels drawn from these very
        probabilities. With few clips it is far from 0. ``rms``, ``rms_t`` and ``rms_brier`` are debiased
        (:func:`sercore.evaluation.debiased_calibration_error`).

    Examples
    --------
    >>> in_corpus().loc[0, "campaign"]
    'ravdess-emobox'
    """
    from ..bundle.scores import calibrated
    from ..evaluation import debiased_calibration_error as rms
    from ..evaluation import expected_calibration_error as ece

    rows, rng = [], np.random.default_rng(0)
    for name, model in CALIBRATED.items():
        oof = published.load(name)
        oof = oof[(oof["model"] == model) & (oof["seed"] == oof["seed"].min())]
        classes = [column.removeprefix("p_") for column in oof if column.startswith("p_")]
        y, scaled = oof["label"].to_numpy(), calibrated(oof, classes)
        raw = oof[[f"p_{each}" for each in classes]].to_numpy(float)
        kinds = {"": raw, "_t": scaled, "_brier": calibrated(oof, classes, loss="brier")}
        chance = [ece(_drawn(scaled, classes, rng), scaled, classes) for _ in range(_N_DRAWS)]
        rows.append(
            {
                "campaign": name, "model": model, "n_clips": len(oof),
                "accuracy": np.mean(np.array(classes)[scaled.argmax(axis=1)] == y),
                "confidence": scaled.max(axis=1).mean(), "ece_perfect": np.mean(chance),
            }
            | {f"ece{end}": ece(y, proba, classes) for end, proba in kinds.items()}
            | {f"rms{end}": rms(y, proba, classes) for end, proba in kinds.items()}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _drawn(proba: np.ndarray, classes, rng) -> np.ndarray:
    """Labels drawn from probabilities."""
    limits = rng.random((len(proba), 1)) * proba.sum(axis=1, keepdims=True)
    return np.array(classes)[(proba.cumsum(axis=1) > limits).argmax(axis=1)]


def measure_file(name: str) -> Path:
    """Measure one of :data:`FILES` on real recordings, and return the file."""
    rows = _across() if name == CONFIDENCE else rejection.measure()
    path = published.oof_folder() / f"{name}.csv"
    pd.DataFrame(rows).round(4).to_csv(path, index=False, lineterminator="\n")
    return path


def _across() -> list[dict]:
    """Confidence of models of one corpus on each other one, and of models of two on the third, ``plain``.

    Temperature: published predictions for other speakers of the training corpus; of two training corpora,
    those of each for the other. ``shrunk`` is as in bundles, drawn towards 1 for few speakers. Distance:
    detector of the training corpus (:func:`sercore.evaluation.temper_by_distance`).
    """
    rows = []
    for campaign in ABROAD:
        pooled, oof = cross_corpus.pool(campaign), cross_corpus.predict(campaign, ("plain",))
        oof = oof[(oof["adaptation"] == "plain") & ~oof["balanced"]]
        for train in cross_corpus.CORPORA:
            own = oof[(oof["train"] == train) & (oof["test"] == train)]
            distance = _distances(pooled, train)
            for _, part in oof[(oof["train"] == train) & (oof["test"] != train)].groupby("test"):
                rows.append({"campaign": campaign} | _calibrated_abroad(part, own, distance))
        for _, part in oof[oof["train"].str.contains("+", regex=False)].groupby("test"):
            sources = part["train"].iloc[0].split("+")
            left_out = oof[oof["train"].isin(sources) & oof["test"].isin(sources)]
            left_out = left_out[left_out["train"] != left_out["test"]]
            rows.append({"campaign": campaign} | _calibrated_abroad(part, left_out, None))
    return rows


def _distances(pooled, train: str) -> pd.Series:
    """Distance of every clip from those of a corpus, 1 at the limit of its detector."""
    from ..evaluation import NoveltyDetector

    home = np.flatnonzero(pooled.index["corpus"] == train)
    detector = NoveltyDetector.fit(pooled.X[home], pooled.index["speaker"].iloc[home])
    return pd.Series(detector.score(pooled.X) / float(detector.threshold), pooled.index["clip_id"])


def _calibrated_abroad(part: pd.DataFrame, calibrating: pd.DataFrame, distance: pd.Series | None) -> dict:
    """Calibration of the predictions of one test corpus, in every way."""
    from ..evaluation import (
        apply_temperature,
        expected_calibration_error,
        fit_temperature,
        temper_by_distance,
        unpack,
    )

    y, proba, classes, speakers = unpack(calibrating)
    codes = pd.Index(classes).get_indexer(y)
    temperature, shrunk = (
        fit_temperature(proba, codes, speakers=names) for names in (None, np.asarray(speakers, dtype=str))
    )
    y, proba, *_ = unpack(part)
    kinds = {"": proba, "_t": apply_temperature(proba, temperature)}
    kinds["_shrunk"] = apply_temperature(proba, shrunk)
    if distance is not None:
        far = distance.loc[part["clip_id"]].to_numpy()
        kinds["_distance"] = temper_by_distance(kinds["_t"], far)
        kinds["_shrunk_distance"] = temper_by_distance(kinds["_shrunk"], far)
    return (
        {"train": part["train"].iloc[0], "test": part["test"].iloc[0], "n_clips": len(part)}
        | {"accuracy": np.mean(np.array(classes)[proba.argmax(axis=1)] == y)}
        | {f"ece{end}": expected_calibration_error(y, p, classes) for end, p in kinds.items()}
        | {f"confidence{end}": p.max(axis=1).mean() for end, p in kinds.items()}
        | {"novel": np.nan if distance is None else float(np.mean(far > 1))}
        | {"temperature": temperature, "temperature_shrunk": shrunk}
    )


def table(name: str) -> pd.DataFrame:
    """Content of one of :data:`FILES`; see :func:`measure_file`."""
    return pd.read_csv(published.oof_folder() / f"{name}.csv")


def table_text(name: str) -> str:
    """The file as lines of text."""
    return table(name).round(3).to_string(index=False)

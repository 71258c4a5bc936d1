"""Published fine-tuning of Whisper's encoder on one fold of RAVDESS, beside the frozen encoder.

One fold, because training all blocks on a CPU takes minutes per epoch. Blocks, learning rate and the largest
number of epochs were fixed before the first score; inner speakers decide which epoch is used.
:func:`measure` needs the recordings and writes ``data/oof/ravdess-emobox-fine-tuned.parquet``, from which
:func:`table` computes the scores.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .. import paths
from ..errors import SercoreError
from . import published
from .predictions import read_predictions, write_predictions

__all__ = ["FINE_TUNED", "SYSTEMS", "Tuning", "load", "measure", "predict", "table"]

FINE_TUNED = "ravdess-emobox-fine-tuned"
"""Name of the file in ``data/oof``, without suffix, and of ``sercore results``."""

FOLD = "fold-1"
SEED = 0


@dataclass(frozen=True)
class Tuning:
    """How an encoder is fine-tuned; the arguments are those of :func:`sercore.training.fine_tune`.

    Parameters
    ----------
    n_blocks : int
        Number of blocks to train, counted from the last one; 0 is the frozen encoder with the classifier from
        which fine-tuning starts, a logistic regression fitted on four fifths of the training speakers.
    epochs : int
        Maximum number of epochs.
    learning_rate : float
    """

    n_blocks: int
    epochs: int = 3
    learning_rate: float = 3e-5


SYSTEMS = {"frozen": Tuning(0), "last_block": Tuning(1), "all_blocks": Tuning(4)}


def measure(systems: tuple[str, ...] = tuple(SYSTEMS)) -> Path:
    """Fine-tune on RAVDESS and return the file of predictions; finished systems are read from the cache."""
    from ..training import write_parquet

    folder = paths.cache_dir() / "oof" / FINE_TUNED
    parts = []
    for name in systems:
        settings = hashlib.sha256(repr(SYSTEMS[name]).encode()).hexdigest()[:12]
        path = folder / f"{name}-{settings}.parquet"
        if not path.is_file():
            write_parquet(predict(SYSTEMS[name], name), path)
        parts.append(pd.read_parquet(path))
    path = published.oof_folder() / f"{FINE_TUNED}.parquet"
    write_predictions(pd.concat(parts, ignore_index=True), path)
    return path


def predict(tuning: Tuning, name: str) -> pd.DataFrame:
    """Predictions for the test speakers of the fold, with the cost of training.

    Returns
    -------
    pd.DataFrame
        See :func:`sercore.evaluation.oof_rows`, plus ``epoch`` (the one that is used, 0 for none),
        ``parameters`` (trained weights of the encoder and the classifier), ``train_seconds`` and
        ``cpu_seconds``, with encoding.
    """
    from .. import corpora, evaluation, labels, splits
    from ..encoders import EncoderRecipe
    from ..training.jobs import origin

    index, classes = labels.apply_scheme(corpora.load_index("ravdess"), "eight")
    fold = next(fold for fold in splits.make_folds(index, "emobox-ravdess") if fold.name == FOLD)
    start, cpu = time.perf_counter(), time.process_time()
    run = _fine_tuned if tuning.n_blocks else _frozen
    proba, epoch, n_weights = run(index, fold, classes, tuning)
    rows = evaluation.oof_rows(index, fold, proba, classes, model=name, split="emobox-ravdess", seed=SEED)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    made_with = origin("mlp" if tuning.n_blocks else "logistic_nested")
    return rows.assign(
        epoch=epoch, parameters=n_weights, train_seconds=round(seconds), cpu_seconds=round(cpu),
        recipe=EncoderRecipe("whisper_tiny_en").key, **made_with,
    )  # fmt: skip


def _frozen(index, fold, classes, _):
    """Probabilities of the classifier from which fine-tuning starts."""
    from .. import encoders, features, splits, training

    X = features.extract_table(index, encoders.EncoderRecipe("whisper_tiny_en"), n_jobs=1).X
    rows, _ = splits.inner_split(index, fold.train, seed=SEED)
    fitted = training.fit_classical(index, X, rows, model="logistic_nested", seed=SEED)
    n_weights = fitted[-1].coef_.size + fitted[-1].intercept_.size
    return training.predict_proba(fitted, X[fold.test], classes), 0, n_weights


def _fine_tuned(index, fold, classes, tuning):
    from .. import audio, encoders, training

    waves = [audio.load(path) for path in index["path"]]
    tuned = training.fine_tune(
        index, waves, fold.train, classes, recipe=encoders.EncoderRecipe("whisper_tiny_en"),
        n_blocks=tuning.n_blocks, epochs=tuning.epochs, learning_rate=tuning.learning_rate, seed=SEED,
        progress=True,
    )  # fmt: skip
    print(tuned.history.round(3).to_string(), flush=True)
    proba = tuned([waves[row] for row in fold.test])
    return proba, int(tuned.history["val_loss"].idxmin()), tuned.n_trained


def load() -> pd.DataFrame:
    """Published predictions of the three systems for the test speakers of the fold.

    Raises
    ------
    SercoreError
        The predictions are missing.

    Examples
    --------
    >>> sorted(load()["model"].unique())
    ['all_blocks', 'frozen', 'last_block']
    """
    path = published.oof_folder() / f"{FINE_TUNED}.parquet"
    if not path.is_file():
        raise SercoreError(f"{path}: not found; create it with 'sercore results --measure {FINE_TUNED}'")
    return read_predictions(path)


def table(*, n_boot: int = 2000) -> pd.DataFrame:
    """Scores of the systems and their differences to the frozen encoder, with intervals over clips.

    Returns
    -------
    pd.DataFrame
        One row per system: ``system, ua, ua_low, ua_high, difference, low, high, n_clips, n_speakers``, and
        the costs of :func:`predict`. The fold has four test speakers, too few for an interval over speakers.
    """
    from ..evaluation import compare_oof, evaluate_oof

    oof = load()
    frozen, rows = oof[oof["model"] == "frozen"], []
    for name, part in oof.groupby("model", sort=False):
        scores = evaluate_oof(part, interval="clips", n_boot=n_boot)
        pair = compare_oof(part, frozen, interval="clips", n_boot=n_boot)
        costs = part[["epoch", "parameters", "train_seconds", "cpu_seconds"]].iloc[0]
        kept = {key: scores[key] for key in ("ua", "ua_low", "ua_high", "n_clips", "n_speakers")}
        difference = {key: pair[key] for key in ("difference", "low", "high")}
        rows.append({"system": name, **kept, **difference, **costs})
    return pd.DataFrame(rows)

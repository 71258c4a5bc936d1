"""What a bundle does with recordings: degraded, of other corpora, and sounds that are not speech."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .. import audio
from ..audio.sounds import SOUNDS, render_sound
from ..bundle import Predictor
from ..corpora import load_index
from ..errors import AudioError, CorpusError
from ..evaluation import CONDITIONS, evaluate, robustness
from ..evaluation.robustness import balanced_sample
from ..labels import apply_scheme

N_CLIPS = 32
"""Training clips that are degraded."""

N_TEST_CLIPS = 120
"""Clips of each other corpus that are predicted."""

N_SOUNDS = 3
"""Versions of each sound."""


@dataclass(frozen=True)
class Clips:
    """Some clips of a corpus: rows of its index, and waveforms at 16 kHz."""

    index: pd.DataFrame
    waves: list[np.ndarray]


def find_clips(
    name: str, classes: Sequence[str], scheme: str, *, root: Path | None = None, n_clips: int, seed: int = 0
) -> Clips:
    """Clips of the classes of a bundle, classes and speakers as even as possible; unusable ones left out.

    Raises
    ------
    CorpusError
        The corpus is unknown or was not found, or contains none of the classes.
    """
    index, _ = apply_scheme(load_index(name, root), scheme)
    index = index[index["label"].isin(classes)].reset_index(drop=True)
    if index.empty:
        raise CorpusError(f"{name}: no clips of the classes {', '.join(classes)}")
    rows, waves = [], []
    for row in balanced_sample(index["label"], index["speaker"], n_clips, seed=seed):
        with contextlib.suppress(AudioError):
            waves.append(audio.load(index["path"].iloc[row]))
            rows.append(row)
    if not rows:
        raise CorpusError(f"{name}: none of the clips tried can be read")
    return Clips(index.iloc[rows].reset_index(drop=True), waves)


def under_conditions(
    predictor: Predictor, clips: Clips, *, seed: int = 0, progress: bool = True
) -> pd.DataFrame:
    """Table of :func:`sercore.evaluation.robustness` for some clips.

    A bundle that normalises speakers does so under every condition, with the clips of each speaker in the
    sample, unlabelled.
    """
    from tqdm.auto import tqdm

    total = (len(CONDITIONS) + 1) * len(clips.waves)
    with tqdm(total=total, desc="recording conditions", unit="clip", disable=not progress) as bar:

        def predict_proba(waves):
            proba = {}
            for k, adapted, resampled in _adapted(predictor, waves, speakers.to_numpy()):
                proba[k] = adapted.proba(resampled)
                bar.update()
            return np.stack([proba[k] for k in range(len(waves))])

        labels, speakers = clips.index["label"], clips.index["speaker"]
        return robustness(
            predict_proba,
            clips.waves,
            labels,
            predictor.classes,
            speakers,
            conditions=CONDITIONS,
            n_clips=None,
            seed=seed,
        )


def _adapted(predictor: Predictor, waves, speakers: np.ndarray) -> Iterator[tuple[int, Predictor, dict]]:
    """Number, predictor for its speaker, and resampled waveforms of each clip, speaker by speaker."""
    for speaker in dict.fromkeys(speakers):
        own = np.flatnonzero(speakers == speaker)
        resampled = {k: predictor.waves(waves[k], sr=audio.SAMPLE_RATE) for k in own}
        adapted = predictor
        if predictor.speaker_norm:
            adapted = predictor.for_speaker(resampled[k][predictor.sr] for k in own)
        for k in own:
            yield k, adapted, resampled[k]


def rejected_clips(predictor: Predictor, clips: Clips) -> int:
    """Number of clips that get no emotion."""
    waves = [predictor.waves(wave, sr=audio.SAMPLE_RATE) for wave in clips.waves]
    return sum(predictor.assess_waves(wave).rejected is not None for wave in waves)


def on_corpus(predictor: Predictor, clips: Clips, *, progress: bool = True) -> dict:
    """Scores on clips of a corpus that the bundle was not trained on.

    A bundle that normalises speakers does so with the clips of each speaker in the sample, unlabelled.

    Returns
    -------
    dict
        That of :func:`sercore.evaluation.evaluate`, and ``confidence`` (mean highest probability),
        ``n_classes`` that occur, and ``rejected`` (proportion of clips that would get no emotion).
    """
    from tqdm.auto import tqdm

    speakers, answers = clips.index["speaker"].to_numpy(), {}
    with tqdm(total=len(speakers), desc="other corpus", unit="clip", disable=not progress) as bar:
        for k, adapted, resampled in _adapted(predictor, clips.waves, speakers):
            answers[k] = adapted.assess_waves(resampled)
            bar.update()
    rows = [answers[k] for k in range(len(speakers))]
    proba = np.array([list(answer.proba.values()) for answer in rows])
    about = {
        "confidence": float(proba.max(axis=1).mean()),
        "rejected": float(np.mean([answer.rejected is not None for answer in rows])),
        "n_classes": clips.index["label"].nunique(),
    }
    return evaluate(clips.index["label"], proba, predictor.classes, speakers=speakers) | about


def other_sounds(predictor: Predictor) -> pd.DataFrame:
    """Answers for the sounds of :mod:`sercore.audio.sounds`: one row per sound.

    Returns
    -------
    pd.DataFrame
        ``sound``, ``n``, ``rejected`` (number of them), ``emotion`` (most frequent prediction if nothing were
        rejected) and its mean ``confidence``.
    """
    rows = []
    for name in SOUNDS:
        answers = [predictor.assess(render_sound(name, seed=seed), sr=audio.SAMPLE_RATE)
                   for seed in range(N_SOUNDS)]  # fmt: skip
        proba = np.array([list(answer.proba.values()) for answer in answers])
        winner = np.bincount(proba.argmax(axis=1), minlength=len(predictor.classes)).argmax()
        rows.append({
            "sound": name.replace("_", " "), "n": len(answers),
            "rejected": sum(answer.rejected is not None for answer in answers),
            "emotion": predictor.classes[winner], "confidence": float(proba.max(axis=1).mean()),
        })  # fmt: skip
    return pd.DataFrame(rows)


def training_corpora(predictor: Predictor) -> list[str]:
    """Names of the corpora that a bundle was trained on, as far as it tells."""
    names = [corpus.get("name") for corpus in predictor.manifest.training.get("corpora", [])]
    return [name for name in names if isinstance(name, str) and name]

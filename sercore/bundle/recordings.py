"""Long recordings to look at: from a file, or made up of synthetic sentences whose emotion is known.

Notebook: demo.ipynb
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .. import audio, synth
from ..errors import AudioError
from .predictor import Predictor
from .windows import Windows, predict_windows

MAX_SECONDS = 600.0
"""A recording that is played in a page, so as not to choke the browser."""

EMOTIONS = ("neutral", "happy", "angry", "sad", "surprised", "fearful")
STRANGER = synth.Speaker("stranger", "female", 190.0, 15.2)
"""Speaks the made-up recording: nobody of the demo corpus."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A sound and what is known about it.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform in [-1, 1].
    sr : int
        Its sample rate in Hz.
    name : str
    truth : pd.DataFrame, optional
        ``start, end`` in seconds, ``emotion``: what was meant, where that is known.
    """

    wave: np.ndarray
    sr: int
    name: str
    truth: pd.DataFrame | None = None

    @classmethod
    def from_file(cls, path: str | os.PathLike) -> Recording:
        """A recording from a file.

        Raises
        ------
        AudioError
            Not usable speech audio, or longer than :data:`MAX_SECONDS`.
        """
        return cls.from_wave(audio.load(path), Path(path).stem)

    @classmethod
    def from_wave(cls, wave: np.ndarray, name: str) -> Recording:
        """A recording from a checked waveform [shape=(n_samples,)] at 16 kHz.

        Raises
        ------
        AudioError
            It is longer than :data:`MAX_SECONDS`.
        """
        seconds = len(wave) / audio.SAMPLE_RATE
        if seconds > MAX_SECONDS:
            raise AudioError(
                f"{name}: {seconds / 60:.0f} min long; a page plays at most {MAX_SECONDS / 60:.0f} min: "
                "cut it, or use 'sercore predict --timeline'",
                reason="too-long",
            )
        return cls(wave, audio.SAMPLE_RATE, name)

    @classmethod
    def made_up(
        cls, emotions: Sequence[str] = EMOTIONS, *, sentences: int = 2, pause: float = 0.4, seed: int = 0
    ) -> Recording:
        """Synthetic sentences in a row by a speaker whom no model has met.

        Parameters
        ----------
        emotions : sequence of str
            One after the other, from :data:`sercore.synth.EMOTION_PROSODY`.
        sentences : int
            How many in each emotion.
        pause : float
            Seconds of room noise between two sentences.
        seed : int
            Another seed speaks otherwise.
        """
        room = np.random.default_rng(seed)
        gap = (10 ** (-78 / 20) * room.standard_normal(round(pause * synth.SR))).astype(np.float32)
        waves, rows, now = [], [], 0.0
        for k, emotion in enumerate(emotions):
            start = now
            for n in range(sentences):
                take = synth.render(
                    synth.EMOTION_PROSODY[emotion], speaker=STRANGER,
                    sentence=(k + n) % len(synth.SENTENCES), seed=(seed, k, n),
                )[0]  # fmt: skip
                waves += [take, gap]
                now += (len(take) + len(gap)) / synth.SR
            rows.append([start, now, emotion])
        truth = pd.DataFrame(rows, columns=["start", "end", "emotion"])
        return cls(np.concatenate(waves), synth.SR, "made up", truth)

    def score(
        self,
        predictor: Predictor,
        windows: Windows,
        *,
        progress: Callable[[float], None] = lambda share: None,
    ) -> list[dict]:
        """Rows of :func:`sercore.bundle.predict_windows`, one per window.

        Parameters
        ----------
        predictor : Predictor
        windows : Windows
        progress : callable, optional
            Told how much is done, 0 to 1.
        """
        rows, n_windows = [], len(windows.spans(len(self.wave) / self.sr))
        waves = predictor.waves(self.wave, sr=self.sr)
        for row in predict_windows(predictor, waves, windows, where=self.name):
            rows.append(row)
            progress(len(rows) / n_windows)
        return rows

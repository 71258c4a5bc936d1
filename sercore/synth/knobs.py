"""A voice on knobs.

It is the voice of :mod:`sercore.synth`, in a body of its own: no speaker of the demo corpus, no habits,
no chance. So whatever changes an answer here is the knob that was moved.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..errors import SercoreError
from .prosody import EMOTION_PROSODY, LIMITS, Prosody
from .speakers import Speaker
from .voice import render

BODIES = {"woman": (205.0, 14.6), "man": (118.0, 17.2)}
"""Neutral pitch in hertz and length of the vocal tract in centimetres: the demo corpus's averages."""


class Knob(NamedTuple):
    """One thing about a voice that can be turned."""

    label: str
    unit: str
    low: float
    high: float
    step: float
    tells: str
    """What it does, for a reader or a screen reader."""

    def positions(self) -> np.ndarray:
        """Every place at which the knob can stand."""
        return self.low + self.step * np.arange(round((self.high - self.low) / self.step) + 1)


def _cue(name: str, label: str, unit: str, step: float, tells: str) -> Knob:
    return Knob(label, unit, *LIMITS[name], step, tells)


KNOBS = {
    "f0_level": _cue("f0_level", "Pitch level", "semitones", 0.5, "how high, above the body's own pitch"),
    "f0_range": _cue("f0_range", "Pitch range", "semitones", 0.1, "how far stressed syllables rise"),
    "f0_slope": _cue("f0_slope", "Contour", "semitones", 0.5, "what pitch gains from beginning to end"),
    "f0_final": _cue("f0_final", "Final pitch", "semitones", 0.5, "what pitch gains in the last syllable"),
    "rate": _cue("rate", "Rate", "syllables/s", 0.1, "how fast"),
    "loudness": _cue("loudness", "Loudness", "dB", 0.5, "how loud, above the neutral voice"),
    "tilt": _cue("tilt", "Tilt", "dB/octave", 0.1, "positive is bright and pressed, negative dark and soft"),
    "breathiness": _cue("breathiness", "Breath", "dB", 1.0, "breath noise relative to the voice"),
    "jitter": _cue("jitter", "Jitter", "%", 0.1, "random change of the period: roughness"),
    "tract": Knob("Tract length", "cm", 11.0, 20.0, 0.1, "a long vocal tract lowers all formants"),
}
"""The knobs by name: nine cues of :class:`sercore.synth.Prosody`, and the length of the vocal tract."""


@dataclass(frozen=True)
class Voice:
    """How the knobs stand. Turning one leaves all else as it was.

    Parameters
    ----------
    prosody : Prosody
        All cues, also those without a knob (stress, shimmer, tremor, formants, articulation).
    f0, tract : float
        Neutral pitch in hertz and length of the vocal tract in centimetres.
    sentence : int
        Number of one of :data:`sercore.synth.SENTENCES`.
    seed : int
        The take.
    """

    prosody: Prosody = EMOTION_PROSODY["neutral"]
    f0: float = BODIES["woman"][0]
    tract: float = BODIES["woman"][1]
    sentence: int = 0
    seed: int = 1

    def __getitem__(self, knob: str) -> float:
        """Where a knob stands."""
        return self.tract if knob == "tract" else getattr(self.prosody, known(knob))

    def turn(self, **knobs: float) -> Voice:
        """The voice with some knobs at other places: ``voice.turn(rate=5.5, tract=16)``."""
        cues = {name: float(value) for name, value in knobs.items() if known(name) != "tract"}
        return replace(
            self, prosody=replace(self.prosody, **cues), tract=float(knobs.get("tract", self.tract))
        )

    def preset(self, emotion: str) -> Voice:
        """All cues as the demo corpus has them for an emotion; the body stays."""
        if emotion not in EMOTION_PROSODY:
            raise SercoreError(f"no preset {emotion!r}; there are: {', '.join(EMOTION_PROSODY)}")
        return replace(self, prosody=EMOTION_PROSODY[emotion])

    def body(self, name: str) -> Voice:
        """The same manner in the body of a ``woman`` or a ``man``."""
        if name not in BODIES:
            raise SercoreError(f"no body {name!r}; there are: {', '.join(BODIES)}")
        f0, tract = BODIES[name]
        return replace(self, f0=f0, tract=tract)

    def speak(self) -> tuple[np.ndarray, int]:
        """Waveform [shape=(n_samples,)] and sample rate in Hz; the same settings give the same samples."""
        speaker = Speaker("lab", "", self.f0, self.tract)
        return render(self.prosody, speaker=speaker, sentence=self.sentence, seed=self.seed, variation=0.0)


def known(knob: str) -> str:
    if knob not in KNOBS:
        raise SercoreError(f"no knob {knob!r}; there are: {', '.join(KNOBS)}")
    return knob

"""A voice with adjustable parameters.

It is the voice of :mod:`sercore.synth` with a neutral speaker who is not part of the demo corpus, without
habits and without random variation. So a change of a model's output is caused by the knob that was moved.
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
"""Neutral pitch in hertz and vocal-tract length in centimetres: the averages of the demo corpus."""


class Knob(NamedTuple):
    """One adjustable parameter of a voice.

    Examples
    --------
    >>> Knob("Rate", "syllables/s", 3.0, 5.0, 0.5, "how fast").positions()
    array([3. , 3.5, 4. , 4.5, 5. ])
    """

    label: str
    unit: str
    low: float
    high: float
    step: float
    tells: str
    """Its effect in a few words, for tooltips and screen readers."""

    def positions(self) -> np.ndarray:
        """All values of the knob, ascending."""
        return self.low + self.step * np.arange(round((self.high - self.low) / self.step) + 1)


def _cue(name: str, label: str, unit: str, step: float, tells: str) -> Knob:
    return Knob(label, unit, *LIMITS[name], step, tells)


KNOBS = {
    "f0_level": _cue("f0_level", "Pitch level", "semitones", 0.5, "how high, relative to the neutral pitch"),
    "f0_range": _cue("f0_range", "Pitch range", "semitones", 0.1, "how far stressed syllables rise"),
    "f0_slope": _cue("f0_slope", "Contour", "semitones", 0.5, "change of pitch from beginning to end"),
    "f0_final": _cue("f0_final", "Final pitch", "semitones", 0.5, "change of pitch in the last syllable"),
    "rate": _cue("rate", "Rate", "syllables/s", 0.1, "how fast"),
    "loudness": _cue("loudness", "Loudness", "dB", 0.5, "how loud, relative to the neutral voice"),
    "tilt": _cue("tilt", "Tilt", "dB/octave", 0.1, "positive is bright and pressed, negative dark and soft"),
    "breathiness": _cue("breathiness", "Breath", "dB", 1.0, "breath noise relative to the voice"),
    "jitter": _cue("jitter", "Jitter", "%", 0.1, "random change of the period: roughness"),
    "tract": Knob("Tract length", "cm", 11.0, 20.0, 0.1, "a long vocal tract lowers all formants"),
}
"""The knobs by name: nine cues of :class:`sercore.synth.Prosody` and the vocal-tract length."""


@dataclass(frozen=True)
class Voice:
    """An immutable set of knob values; every method returns a new voice.

    Parameters
    ----------
    prosody : Prosody
        All cues, including those without a knob (stress, shimmer, tremor, formants, articulation).
    f0, tract : float
        Neutral pitch in hertz and vocal-tract length in centimetres.
    sentence : int
        Index into :data:`sercore.synth.SENTENCES`.
    seed : int
        Seed of the repetition.

    See Also
    --------
    render : one sentence by any speaker, with random variation.

    Examples
    --------
    >>> voice = Voice().body("man").preset("sad").turn(rate=5.5)
    >>> voice["rate"], voice["loudness"]
    (5.5, -6.0)
    >>> wave, sr = voice.speak()

    Notebook: 00_start_here.ipynb
    """

    prosody: Prosody = EMOTION_PROSODY["neutral"]
    f0: float = BODIES["woman"][0]
    tract: float = BODIES["woman"][1]
    sentence: int = 0
    seed: int = 1

    def __getitem__(self, knob: str) -> float:
        """Value of a knob."""
        return self.tract if knob == "tract" else getattr(self.prosody, known(knob))

    def turn(self, **knobs: float) -> Voice:
        """The voice with other values of some knobs: ``voice.turn(rate=5.5, tract=16)``."""
        cues = {name: float(value) for name, value in knobs.items() if known(name) != "tract"}
        return replace(
            self, prosody=replace(self.prosody, **cues), tract=float(knobs.get("tract", self.tract))
        )

    def preset(self, emotion: str) -> Voice:
        """The same speaker with all cues of an emotion, as in :data:`EMOTION_PROSODY`."""
        if emotion not in EMOTION_PROSODY:
            raise SercoreError(f"no preset {emotion!r}; there are: {', '.join(EMOTION_PROSODY)}")
        return replace(self, prosody=EMOTION_PROSODY[emotion])

    def body(self, name: str) -> Voice:
        """The same prosody with the pitch and vocal-tract length of a ``woman`` or a ``man``."""
        if name not in BODIES:
            raise SercoreError(f"no body {name!r}; there are: {', '.join(BODIES)}")
        f0, tract = BODIES[name]
        return replace(self, f0=f0, tract=tract)

    def speak(self) -> tuple[np.ndarray, int]:
        """Waveform [shape=(n_samples,)] and sample rate in Hz; the same settings give the same samples."""
        speaker = Speaker("lab", "", self.f0, self.tract)
        return render(self.prosody, speaker=speaker, sentence=self.sentence, seed=self.seed, variation=0.0)


def known(knob: str) -> str:
    """The name of a knob, checked.

    Raises
    ------
    SercoreError
        There is no such knob.
    """
    if knob not in KNOBS:
        raise SercoreError(f"no knob {knob!r}; there are: {', '.join(KNOBS)}")
    return knob

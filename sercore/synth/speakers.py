"""Who speaks: twelve bodies, their habits, and the chance of a take.

People differ twice. A :class:`Speaker` has another body (pitch, length of the vocal tract) and
other *habits*: one is always a bit breathy, another shows anger by tempo and not by pitch. Habits
are why a model that has met the speaker scores higher than one that has not.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from .prosody import CUES, LIMITS, Prosody

REPETITION_STD = Prosody(
    f0_level=0.6, f0_range=0.5, f0_slope=0.6, f0_final=0.8, rate=0.17, loudness=1.0, stress=0.7,
    tilt=0.3, breathiness=1.3, jitter=0.17, shimmer=0.1, tremor=0.05, formants=0.6, articulation=0.05,
)  # fmt: skip
"""Standard deviation of every cue between two takes of the same sentence."""

HABIT_STD = Prosody(
    f0_level=0.8, f0_range=0.8, f0_slope=0.8, f0_final=0.8, rate=0.3, loudness=2.0, stress=1.0,
    tilt=0.6, breathiness=2.5, jitter=0.3, shimmer=0.18, tremor=0.07, formants=1.5, articulation=0.08,
)  # fmt: skip
"""Standard deviation of every cue between the neutral voices of two speakers."""

GAIN_STD = 0.4
"""Standard deviation, between speakers, of how strongly a cue is used to show emotion (mean 1)."""


NO_OFFSET = Prosody(*(0.0 for _ in CUES))
UNIT_GAIN = Prosody(*(1.0 for _ in CUES))
"""The habits of nobody: a speaker with these does exactly what the table of emotions says."""


@dataclass(frozen=True)
class Speaker:
    """A body and its habits, by default none: ``Speaker("lab", "female", 205.0, 14.6)``.

    Parameters
    ----------
    name : str
        ``F1`` … ``F6``, ``M1`` … ``M6``.
    sex : str
        ``female`` or ``male``.
    f0 : float
        Neutral pitch in hertz.
    tract : float
        Length of the vocal tract in centimetres; formants are proportional to its inverse.
    offset : Prosody
        Added to every cue, whatever the emotion.
    gain : Prosody
        Factor on the distance of every cue from neutral: 0 never uses that cue to show emotion,
        1 does what the table says, 2 exaggerates.
    """

    name: str
    sex: str
    f0: float
    tract: float
    offset: Prosody = NO_OFFSET
    gain: Prosody = UNIT_GAIN


def _speakers(*, seed: int = 2003) -> dict[str, Speaker]:
    """Six women and six men, bodies and habits drawn once from a fixed seed."""
    rng = np.random.default_rng(seed)
    people = {}
    for sex, f0, tract in (("female", 205.0, 14.6), ("male", 118.0, 17.2)):
        for k in range(1, 7):
            name = f"{sex[0].upper()}{k}"
            offset = rng.normal(0.0, astuple(HABIT_STD))
            gain = np.clip(rng.normal(1.0, GAIN_STD, len(CUES)), 0.0, None)
            body = np.exp(rng.normal(0.0, [0.10, 0.035]))
            people[name] = Speaker(name, sex, f0 * body[0], tract * body[1], Prosody(*offset), Prosody(*gain))
    return people


SPEAKERS = _speakers()
"""The twelve speakers of the demo corpus by name."""


def as_spoken(prosody: Prosody, *, speaker: Speaker, rng: np.random.Generator, variation=1.0) -> Prosody:
    """The cues as this speaker really produces them in one take.

    Neutral, plus the speaker's share of the distance from neutral, plus habit, plus chance, kept
    within :data:`LIMITS`.

    Parameters
    ----------
    prosody : Prosody
        What the speaker means to do.
    speaker : Speaker
        Who speaks.
    rng : np.random.Generator
        Chance of the take; always draws the same amount, so one seed gives comparable takes.
    variation : float
        Factor on the chance; 0 gives every take alike.
    """
    neutral, target, offset, gain, std, limits = (
        np.array(values)
        for values in (
            astuple(Prosody()), astuple(prosody), astuple(speaker.offset), astuple(speaker.gain),
            astuple(REPETITION_STD), [LIMITS[cue] for cue in CUES],
        )
    )  # fmt: skip
    chance = variation * std * rng.standard_normal(len(CUES))
    spoken = neutral + gain * (target - neutral) + offset + chance
    return Prosody(*np.clip(spoken, limits[:, 0], limits[:, 1]).tolist())

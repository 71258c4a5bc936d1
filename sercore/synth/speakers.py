"""Speakers: twelve voices, their habits, and the random variation between repetitions.

Speakers differ in two ways: in anatomy (pitch, vocal-tract length) and in *habits*: one is always slightly
breathy, another expresses anger by tempo instead of pitch. Because of the habits, a model trained on other
clips of the same speaker scores higher than one that is tested on new speakers.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from .prosody import CUES, LIMITS, Prosody

REPETITION_STD = Prosody(
    f0_level=0.6, f0_range=0.5, f0_slope=0.6, f0_final=0.8, rate=0.17, loudness=1.0, stress=0.7,
    tilt=0.3, breathiness=1.3, jitter=0.17, shimmer=0.1, tremor=0.05, formants=0.6, articulation=0.05,
)  # fmt: skip
"""Standard deviation of every cue between repetitions of the same sentence."""

HABIT_STD = Prosody(
    f0_level=0.8, f0_range=0.8, f0_slope=0.8, f0_final=0.8, rate=0.3, loudness=2.0, stress=1.0,
    tilt=0.6, breathiness=2.5, jitter=0.3, shimmer=0.18, tremor=0.07, formants=1.5, articulation=0.08,
)  # fmt: skip
"""Standard deviation of every cue between the neutral voices of two speakers."""

GAIN_STD = 0.4
"""Standard deviation, between speakers, of the strength with which a cue expresses emotion (mean 1)."""

NO_OFFSET = Prosody(*(0.0 for _ in CUES))
UNIT_GAIN = Prosody(*(1.0 for _ in CUES))
"""Gain of a speaker without habits, whose cues are exactly those of the table of emotions."""


@dataclass(frozen=True)
class Speaker:
    """A speaker's pitch, vocal-tract length and habits (by default none).

    Parameters
    ----------
    name : str
        ``F1`` … ``F6``, ``M1`` … ``M6``.
    sex : str
        ``female`` or ``male``.
    f0 : float
        Neutral pitch in hertz.
    tract : float
        Vocal-tract length in centimetres; formants are inversely proportional to it.
    offset : Prosody
        Added to every cue, for all emotions.
    gain : Prosody
        Factor on the distance of every cue from neutral: 0 never uses the cue to express emotion,
        1 follows the table, 2 exaggerates.

    Examples
    --------
    >>> speaker = Speaker("lab", "female", f0=205.0, tract=14.6)
    >>> speaker.gain.rate
    1.0

    Notebook: 10_your_own_voice.ipynb
    """

    name: str
    sex: str
    f0: float
    tract: float
    offset: Prosody = NO_OFFSET
    gain: Prosody = UNIT_GAIN


def draw_speakers(*, seed: int, expression: float = 1.0) -> dict[str, Speaker]:
    """Six women and six men with random voices and habits.

    Parameters
    ----------
    seed : int
        2003 draws :data:`SPEAKERS`.
    expression : float
        Mean factor on the distance of every cue from neutral: below 1, all of them express emotions less.

    Returns
    -------
    dict of str to Speaker
        By name, ``F1`` to ``F6`` and ``M1`` to ``M6``.

    Examples
    --------
    >>> reserved = draw_speakers(seed=1, expression=0.5)
    >>> float(reserved["F1"].gain.rate / draw_speakers(seed=1)["F1"].gain.rate)
    0.5

    Notebook: 09_leaving_the_studio.ipynb
    """
    rng = np.random.default_rng(seed)
    speakers = {}
    for sex, f0, tract in (("female", 205.0, 14.6), ("male", 118.0, 17.2)):
        for k in range(1, 7):
            name = f"{sex[0].upper()}{k}"
            offset = rng.normal(0.0, astuple(HABIT_STD))
            gain = expression * np.clip(rng.normal(1.0, GAIN_STD, len(CUES)), 0.0, None)
            scale = np.exp(rng.normal(0.0, [0.10, 0.035]))
            voice = f0 * scale[0], tract * scale[1]
            speakers[name] = Speaker(name, sex, *voice, Prosody(*offset), Prosody(*gain))
    return speakers


SPEAKERS = draw_speakers(seed=2003)
"""The twelve speakers of the demo corpus by name."""


def as_spoken(
    prosody: Prosody, *, speaker: Speaker, rng: np.random.Generator, variation: float = 1.0
) -> Prosody:
    """The cues as a speaker produces them in one repetition.

    They are ``neutral + gain * (prosody - neutral) + offset + variation * noise``, clipped to :data:`LIMITS`.

    Parameters
    ----------
    prosody : Prosody
        The intended cues.
    speaker : Speaker
        Supplies ``gain`` and ``offset``.
    rng : np.random.Generator
        Source of the noise. The number of draws is always the same, so one seed gives comparable
        repetitions of different emotions.
    variation : float
        Factor on the noise, whose standard deviation is :data:`REPETITION_STD`; 0 makes all repetitions
        equal.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> lab = Speaker("lab", "female", f0=205.0, tract=14.6)
    >>> as_spoken(Prosody(rate=5.0), speaker=lab, rng=rng, variation=0.0).rate
    5.0
    """
    neutral, target, offset, gain, std, limits = (
        np.array(values)
        for values in (
            astuple(Prosody()), astuple(prosody), astuple(speaker.offset), astuple(speaker.gain),
            astuple(REPETITION_STD), [LIMITS[cue] for cue in CUES],
        )
    )  # fmt: skip
    noise = variation * std * rng.standard_normal(len(CUES))
    spoken = neutral + gain * (target - neutral) + offset + noise
    return Prosody(*np.clip(spoken, limits[:, 0], limits[:, 1]).tolist())

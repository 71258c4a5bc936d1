"""A synthetic voice whose expression of emotion has a known cause.

It is a source–filter model: glottal pulses and breath noise (:mod:`.voice`) pass through formants that
follow the syllables of a sentence (:mod:`.syllables`). The effect of each emotion on the voice is a
table of fourteen cues (:mod:`.prosody`); twelve speakers differ in pitch, vocal-tract length and in how they
use the cues (:mod:`.speakers`). :func:`render` combines these; :class:`Voice` is a speaker without habits
or random variation, with one adjustable parameter per cue (:data:`KNOBS`).

Scores on synthetic speech say nothing about people.

>>> from sercore import synth
>>> wave, sr = synth.render(synth.EMOTION_PROSODY["sad"], speaker=synth.SPEAKERS["F1"], sentence=0, seed=1)
>>> louder = synth.Voice().preset("sad").turn(loudness=6.0)
"""

from .knobs import BODIES, KNOBS, Knob, Voice
from .prosody import CUES, EMOTION_PROSODY, LIMITS, Prosody
from .speakers import GAIN_STD, HABIT_STD, REPETITION_STD, SPEAKERS, Speaker, as_spoken, draw_speakers
from .syllables import SENTENCES
from .voice import SR, f0_contour, glottal_source, render, vocal_tract

__all__ = [
    "BODIES",
    "CUES",
    "EMOTION_PROSODY",
    "GAIN_STD",
    "HABIT_STD",
    "KNOBS",
    "LIMITS",
    "REPETITION_STD",
    "SENTENCES",
    "SPEAKERS",
    "SR",
    "Knob",
    "Prosody",
    "Speaker",
    "Voice",
    "as_spoken",
    "draw_speakers",
    "f0_contour",
    "glottal_source",
    "render",
    "vocal_tract",
]

"""A synthetic voice whose emotion has a known cause.

Real corpora may not be passed on, so this package speaks for itself: glottal pulses and breath
(:mod:`.voice`) go through formants that follow the syllables (:mod:`.syllables`). What an emotion
does to a voice is one table (:mod:`.prosody`), who speaks is another (:mod:`.speakers`).

It is a model of a voice, not a person: scores on it say nothing about people.

>>> from sercore import synth
>>> wave, sr = synth.render(synth.EMOTION_PROSODY["sad"], speaker=synth.SPEAKERS["F1"], sentence=0, seed=1)

Notebook: 00_start_here.ipynb
"""

from .knobs import BODIES, KNOBS, Knob, Voice
from .prosody import CUES, EMOTION_PROSODY, LIMITS, Prosody
from .speakers import GAIN_STD, HABIT_STD, REPETITION_STD, SPEAKERS, Speaker, as_spoken
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
    "f0_contour",
    "glottal_source",
    "render",
    "vocal_tract",
]

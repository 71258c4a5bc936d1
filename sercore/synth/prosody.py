"""Vocal cues of emotion: fourteen numbers per emotion.

Listeners recognise anger, fear or sadness because the same syllables are higher or lower, faster or
slower, louder, brighter or rougher. :data:`EMOTION_PROSODY` lists these cues for eight emotions.
Their directions follow two reviews (table 11 of Juslin & Laukka 2003; Scherer 2003); disgust and surprise
are studied less, and calm follows what the reviews call tenderness. Their sizes are chosen so that a plain
classifier recognises many clips but not all.

References
----------
Juslin, P. N., & Laukka, P. (2003). Communication of emotions in vocal expression and music
performance: Different channels, same code? Psychological Bulletin 129(5), 770–814.

Scherer, K. R. (2003). Vocal communication of emotion: A review of research paradigms. Speech
Communication 40(1–2), 227–256.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Prosody:
    """How a sentence is spoken, independent of its words. The defaults are the neutral voice.

    Parameters
    ----------
    f0_level : float
        Pitch in semitones above the speaker's own neutral pitch.
    f0_range : float
        Semitones by which a stressed syllable is higher than its neighbours.
    f0_slope : float
        Change of pitch from the first to the last syllable, in semitones.
    f0_final : float
        Change of pitch within the last syllable, in semitones (positive for a question).
    rate : float
        Syllables per second.
    loudness : float
        Decibels above the neutral voice.
    stress : float
        Decibels by which a stressed syllable is louder than its neighbours.
    tilt : float
        Decibels per octave added to the spectrum above 500 Hz: positive is bright and pressed,
        negative is dark and soft.
    breathiness : float
        Level of the breath noise in decibels relative to the voiced source.
    jitter : float
        Random change of the period from cycle to cycle, in percent.
    shimmer : float
        Random change of the amplitude from cycle to cycle, in decibels.
    tremor : float
        Depth of a 6 Hz wobble of the pitch, in semitones.
    formants : float
        Percent by which all formants are raised: a smile shortens the vocal tract, protruding
        the lips lengthens it.
    articulation : float
        Size of the vowel space; 1 is clear speech, at 0 every vowel is "uh".

    Examples
    --------
    Change one cue and keep the rest:

    >>> from dataclasses import replace
    >>> replace(EMOTION_PROSODY["sad"], rate=6.0).rate
    6.0
    """

    f0_level: float = 0.0
    f0_range: float = 2.5
    f0_slope: float = -2.0
    f0_final: float = -1.5
    rate: float = 4.3
    loudness: float = 0.0
    stress: float = 4.0
    tilt: float = 0.0
    breathiness: float = -24.0
    jitter: float = 0.6
    shimmer: float = 0.4
    tremor: float = 0.1
    formants: float = 0.0
    articulation: float = 0.9


CUES = tuple(field.name for field in fields(Prosody))
"""Names of the cues, in the order used by arrays of cues."""

LIMITS = {
    "f0_level": (-6.0, 12.0),
    "f0_range": (0.0, 9.0),
    "f0_slope": (-6.0, 6.0),
    "f0_final": (-6.0, 9.0),
    "rate": (3.0, 6.2),
    "loudness": (-15.0, 15.0),
    "stress": (0.0, 12.0),
    "tilt": (-6.0, 5.0),
    "breathiness": (-40.0, 0.0),
    "jitter": (0.0, 5.0),
    "shimmer": (0.0, 3.0),
    "tremor": (0.0, 1.5),
    "formants": (-10.0, 12.0),
    "articulation": (0.2, 1.2),
}
"""Lowest and highest value of every cue; values outside are clipped when a sentence is rendered."""

EMOTION_PROSODY = {
    "neutral": Prosody(),
    # Tenderness in Juslin & Laukka: slow, soft, dark, regular, falling.
    "calm": Prosody(
        f0_level=-1.0, f0_range=1.8, f0_slope=-2.5, f0_final=-2.0, rate=3.8, loudness=-3.5, stress=3.0,
        tilt=-1.2, breathiness=-18.0, jitter=0.4, shimmer=0.3, tremor=0.05, formants=0.5, articulation=0.9,
    ),
    # Fast, rather loud, high and lively; a smile raises the formants; the most regular cycles.
    "happy": Prosody(
        f0_level=4.0, f0_range=5.0, f0_slope=0.5, f0_final=0.5, rate=4.9, loudness=3.5, stress=5.5,
        tilt=0.8, breathiness=-23.0, jitter=0.4, shimmer=0.3, tremor=0.1, formants=4.0, articulation=1.0,
    ),
    # Slow, soft, low, flat and falling; mumbled and a little irregular.
    "sad": Prosody(
        f0_level=-1.5, f0_range=1.0, f0_slope=-3.5, f0_final=-2.5, rate=3.5, loudness=-6.0, stress=2.0,
        tilt=-2.0, breathiness=-16.0, jitter=1.1, shimmer=0.7, tremor=0.25, formants=-1.5, articulation=0.65,
    ),
    # Fast, loud, bright; strong stress at a raised pitch; pressed (little breath) and rough.
    "angry": Prosody(
        f0_level=3.0, f0_range=4.5, f0_slope=-0.5, f0_final=-2.5, rate=4.9, loudness=7.0, stress=7.5,
        tilt=2.0, breathiness=-28.0, jitter=1.6, shimmer=1.0, tremor=0.1, formants=0.0, articulation=1.05,
    ),
    # Fast, high, soft rather than loud, little range; trembling.
    "fearful": Prosody(
        f0_level=5.0, f0_range=2.0, f0_slope=1.0, f0_final=0.5, rate=5.2, loudness=-1.0, stress=4.0,
        tilt=-0.5, breathiness=-18.0, jitter=1.8, shimmer=1.0, tremor=0.6, formants=1.0, articulation=0.8,
    ),
    # Slow and low; long stressed glides; lips and throat narrowed, so the formants fall.
    "disgust": Prosody(
        f0_level=-1.5, f0_range=3.5, f0_slope=-3.0, f0_final=-3.0, rate=3.7, loudness=0.5, stress=6.0,
        tilt=0.8, breathiness=-22.0, jitter=1.7, shimmer=1.0, tremor=0.1, formants=-3.5, articulation=1.0,
    ),
    # High with the widest range, and the end goes up.
    "surprised": Prosody(
        f0_level=4.5, f0_range=6.0, f0_slope=2.0, f0_final=5.0, rate=4.5, loudness=3.0, stress=5.0,
        tilt=0.4, breathiness=-20.0, jitter=0.7, shimmer=0.5, tremor=0.1, formants=1.5, articulation=1.05,
    ),
}  # fmt: skip
"""Cues of each emotion; keys are in the order of :data:`sercore.labels.EMOTIONS`."""

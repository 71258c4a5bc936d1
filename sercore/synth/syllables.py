"""Articulation: syllables of a consonant and a vowel, not of any language.

Every vowel has its *formants*, the resonances of the vocal tract. Consonants close the tract (``b``, ``t``),
force air through a gap (``s``) or let the voice pass through the nose (``m``). Formants move gradually from
one sound to the next, as the tongue does.

Vowel formants are close to the means of men in Peterson & Barney (1952, "Control methods used in a study of
the vowels", JASA 24); ``e`` and ``o`` lie between vowels that were measured there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ..errors import SercoreError
from .prosody import Prosody

STEP = 0.008
"""Time between two frames of the articulation, in seconds."""
SILENCE = 0.15
"""Silence before and after the sentence, in seconds."""
SENTENCES = ("ba MI so le DA nu ki MA", "SO na te LI mu ga DE sa", "ki LA bo SE ti na MO lu")
"""Sentences of eight syllables, capitals are stressed. They have no meaning in any language."""

VOWELS = {
    "a": (730, 1150, 2440),
    "e": (500, 1850, 2480),
    "i": (290, 2250, 2950),
    "o": (520, 880, 2400),
    "u": (320, 850, 2250),
}
"""First three formants in hertz, for a vocal tract of 17 cm."""
UH = (500, 1500, 2500)
"""Formants of a uniform tube of 17 cm: the neutral vowel."""


class Consonant(NamedTuple):
    """Voicing, noise and formant targets of a consonant."""

    voice: float
    """Amplitude of the voice relative to a vowel."""
    hiss: float
    """Amplitude of the frication noise."""
    colour: float
    """Centre of that noise in hertz."""
    burst: bool
    """Whether the noise is only the burst after a closure."""
    formants: tuple[float, float, float]


CONSONANTS = {
    "m": Consonant(0.30, 0.0, 1000, False, (250, 1000, 2200)),
    "n": Consonant(0.30, 0.0, 1000, False, (250, 1500, 2600)),
    "l": Consonant(0.45, 0.0, 1000, False, (350, 1150, 2700)),
    "b": Consonant(0.08, 0.15, 900, True, (250, 850, 2200)),
    "d": Consonant(0.08, 0.20, 3600, True, (250, 1700, 2700)),
    "g": Consonant(0.08, 0.20, 2000, True, (250, 2000, 2300)),
    "t": Consonant(0.0, 0.40, 4000, True, (300, 1700, 2700)),
    "k": Consonant(0.0, 0.40, 1900, True, (300, 2000, 2300)),
    "s": Consonant(0.0, 0.40, 5600, False, (300, 1600, 2600)),
}


class Tracks(NamedTuple):
    """Articulation over time, one value per STEP."""

    voice: np.ndarray
    hiss: np.ndarray
    colour: np.ndarray
    formants: np.ndarray
    stress: np.ndarray
    progress: np.ndarray


def articulate(cues: Prosody, *, sentence: str, scale: float, rng: np.random.Generator) -> Tracks:
    """Articulation of a sentence over time.

    Parameters
    ----------
    cues : Prosody
        ``rate``, ``stress``, ``formants`` and ``articulation`` are used.
    sentence : str
        Syllables of one consonant and one vowel, as in :data:`SENTENCES`.
    scale : float
        Factor on all formants; above 1 for a vocal tract shorter than 17 cm.
    rng : np.random.Generator
        Source of the variation of syllable lengths.

    Returns
    -------
    Tracks
        Arrays of shape (n_steps,), ``formants`` (3, n_steps). ``stress`` is 0 to 1 and
        ``progress`` runs from 0 at the first syllable to the number of syllables.

    Raises
    ------
    SercoreError
        A syllable is not one of the consonants followed by one of the vowels.
    """
    syllables = _syllables(sentence)
    stressed = np.array([s.isupper() for s in syllables])
    length = (1.0 + 0.25 * stressed) * np.exp(rng.normal(0.0, 0.06, len(syllables)))
    edges = SILENCE + np.concatenate([[0.0], np.cumsum(length / length.sum())]) * len(syllables) / cues.rate
    n_steps = round((edges[-1] + SILENCE) / STEP)
    voice, hiss, colour = np.zeros(n_steps), np.zeros(n_steps), np.full(n_steps, 1000.0)
    formants = np.tile(np.array(UH, float)[:, None], n_steps)
    burst = round(0.016 / STEP)
    for syllable, start, end in zip(syllables, edges[:-1], edges[1:], strict=True):
        consonant, vowel = CONSONANTS[syllable[0].lower()], VOWELS[syllable[1].lower()]
        a, b, c = (round(t / STEP) for t in (start, start + 0.35 * (end - start), end))
        voice[a:b], voice[b:c] = consonant.voice, 1.0
        hiss[max(a, b - burst) if consonant.burst else a : b] = consonant.hiss
        colour[a:b] = consonant.colour
        formants[:, a:b] = np.array(consonant.formants)[:, None]
        formants[:, b:c] = np.array(vowel)[:, None]
    times = (np.arange(n_steps) + 0.5) * STEP
    progress = np.interp(times, edges, np.arange(len(edges)))
    inside = np.minimum(progress.astype(int), len(syllables) - 1)
    rest = np.array(UH)[:, None]
    formants = (rest + cues.articulation * (formants - rest)) * scale * (1.0 + cues.formants / 100.0)
    stress = _glide(stressed[inside].astype(float), 0.04)
    loud = 10.0 ** (cues.stress * stress / 20.0)
    return Tracks(
        voice=_glide(voice, 0.01) * loud,
        hiss=_glide(hiss, 0.005) * loud,
        colour=colour,
        formants=_glide(formants, 0.025),
        stress=stress,
        progress=progress,
    )


def _glide(track, seconds):
    """A smoothed track, because articulators do not move instantly."""
    return gaussian_filter1d(track, seconds / STEP, axis=-1)


def _syllables(sentence):
    """Syllables of a sentence, checked."""
    syllables = sentence.split()
    for s in syllables or [sentence]:
        if len(s) != 2 or s[0].lower() not in CONSONANTS or s[1].lower() not in VOWELS:
            raise SercoreError(
                f"unknown syllable {s!r} in the sentence {sentence!r}: a syllable is one of "
                f"{' '.join(CONSONANTS)} and one of {' '.join(VOWELS)}, like 'ba', or 'BA' if stressed"
            )
    return syllables

"""Sounds that are not speech, rendered: noise, tones, hum, sweeps, chords, a beat, clicks, near silence.

A classifier of emotions has a class for each of them, usually with high confidence. They measure whether a
model refuses what it cannot know (:mod:`sercore.evaluation.rejection`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import SercoreError
from .waveform import SAMPLE_RATE


def render_sound(
    name: str, *, seconds: float = 3.0, level_db: float = -20.0, sr: int = SAMPLE_RATE, seed: int = 0
) -> np.ndarray:
    """One sound that is not speech.

    Parameters
    ----------
    name : str
        A key of :data:`SOUNDS`.
    seconds : float
        Duration.
    level_db : float
        Root mean square level in decibels relative to full scale; lower if the peak would exceed 0.99.
    sr : int
        Sample rate in Hz.
    seed : int
        Draws frequencies, chords and noise.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]

    Raises
    ------
    SercoreError
        There is no sound of that name.

    Examples
    --------
    >>> wave = render_sound("tone", seconds=0.5)
    >>> wave.shape, round(float(20 * np.log10(np.sqrt(np.mean(wave**2)))), 3)
    ((8000,), -20.0)

    Notebook: 09_leaving_the_studio.ipynb
    """
    if name not in SOUNDS:
        raise SercoreError(f"no sound named {name!r}; there are: {', '.join(SOUNDS)}")
    t = np.arange(round(seconds * sr)) / sr
    wave = SOUNDS[name](t, np.random.default_rng(seed))
    wave = wave * 10 ** (level_db / 20) / max(1e-9, np.sqrt(np.mean(wave**2)))
    return (wave * min(1.0, 0.99 / np.abs(wave).max())).astype(np.float32)


def _white(t, rng):
    return rng.normal(size=t.size)


def _coloured(exponent: float) -> Callable:
    """Noise whose power falls with frequency to this exponent: 1 is pink, 2 brown."""

    def render(t, rng):
        spectrum = np.fft.rfft(rng.normal(size=t.size))
        hertz = np.fft.rfftfreq(t.size, t[1] - t[0])
        return np.fft.irfft(spectrum / np.maximum(hertz, 20.0) ** (exponent / 2), n=t.size)

    return render


def _tone(t, rng):
    return np.sin(2 * np.pi * np.exp(rng.uniform(np.log(100), np.log(4000))) * t)


def _harmonic_tone(t, rng):
    """A steady buzz with the pitch of a voice, such as an alarm."""
    f0 = np.exp(rng.uniform(np.log(90), np.log(500)))
    return sum(np.sin(2 * np.pi * k * f0 * t) / k for k in range(1, int(4000 / f0)))


def _beeps(t, rng):
    """A tone that is switched on and off a few times per second."""
    return _tone(t, rng) * (np.sin(2 * np.pi * rng.uniform(1.0, 5.0) * t) > 0)


def _hum(t, rng):
    """Mains hum: 50 or 60 Hz, its harmonics, and a little hiss."""
    mains = rng.choice([50.0, 60.0])
    harmonics = sum(rng.uniform(0.2, 1.0) / k * np.sin(2 * np.pi * k * mains * t) for k in range(1, 9))
    return harmonics + 0.01 * rng.normal(size=t.size)


def _chirp(t, rng):
    """A rising tone, in either polarity."""
    low, high = np.exp(rng.uniform(np.log([60, 1500]), np.log([300, 6000])))
    phase = t[-1] * low * (high / low) ** (t / t[-1]) / np.log(high / low)
    return rng.choice([-1, 1]) * np.sin(2 * np.pi * phase)


def _siren(t, rng):
    hertz = rng.uniform(500, 900) * 2 ** (0.6 * np.sin(2 * np.pi * rng.uniform(0.3, 2.0) * t))
    return np.sin(2 * np.pi * np.cumsum(hertz) * (t[1] - t[0]))


def _chords(t, rng):
    """Major and minor triads of four harmonics, struck and decaying like a piano."""
    wave, beat = np.zeros(t.size), rng.uniform(0.3, 0.8)
    for start in np.arange(0, t[-1], beat):
        after = np.maximum(t - start, 0.0)
        envelope = np.exp(-3 * after) * np.minimum(after / 0.005, 1.0)
        root = 110 * 2 ** (rng.integers(0, 25) / 12)
        for semitones in (0, rng.choice([3, 4]), 7):
            f0 = root * 2 ** (semitones / 12)
            wave += envelope * sum(np.sin(2 * np.pi * k * f0 * t) / k**1.5 for k in range(1, 5))
    return wave


def _organ(t, rng):
    """A melody of sustained notes with a bass note, without gaps."""
    notes = rng.integers(0, 25, size=1 + int(t[-1] / 0.35))
    melody = 220 * 2 ** (notes[(t / 0.35).astype(int)] / 12)
    phase = 2 * np.pi * np.cumsum(melody) * (t[1] - t[0])
    bass = 2 * np.pi * rng.choice([82.4, 98.0, 110.0]) * t
    return sum((np.sin(k * phase) + np.sin(k * bass)) / k for k in range(1, 5))


def _beat(t, rng):
    """Drums: a low thump and noise bursts at a steady tempo."""
    wave, beat = np.zeros(t.size), rng.uniform(0.2, 0.4)
    for n, start in enumerate(np.arange(0, t[-1], beat)):
        after = np.maximum(t - start, 0.0) * (t >= start) + 9.0 * (t < start)
        thump = np.sin(2 * np.pi * 60 * after) * np.exp(-18 * after)
        wave += thump if n % 2 == 0 else 0.5 * rng.normal(size=t.size) * np.exp(-30 * after)
    return wave


def _clicks(t, rng):
    wave = 1e-4 * rng.normal(size=t.size)
    at = rng.choice(t.size, size=max(1, int(t[-1] * rng.uniform(1, 20))), replace=False)
    wave[at] += rng.choice([-1, 1], size=at.size)
    return wave


def _wind(t, rng):
    """Brown noise whose level changes slowly."""
    gusts = np.exp(np.sin(2 * np.pi * rng.uniform(0.2, 0.6) * t + rng.uniform(0, 6)))
    return _coloured(2.0)(t, rng) * gusts


SOUNDS: dict[str, Callable] = {
    "white_noise": _white,
    "pink_noise": _coloured(1.0),
    "wind": _wind,
    "tone": _tone,
    "harmonic_tone": _harmonic_tone,
    "beeps": _beeps,
    "hum": _hum,
    "chirp": _chirp,
    "siren": _siren,
    "chords": _chords,
    "organ": _organ,
    "beat": _beat,
    "clicks": _clicks,
}
"""Functions ``(t, rng) -> wave`` by name; ``t`` is time in seconds."""

"""Augmentation: a recording as it might have sounded from another throat, place or microphone.

Every function takes a waveform and one number, and leaves the emotion that was said; at its neutral
value (0, 1, infinite SNR) it changes nothing. :class:`Augmentation` draws all numbers at random for one
copy of a clip. Copies are made of **training clips only**: :func:`sercore.training.out_of_fold` takes
copies of the whole corpus and reads, in each fold, those of the clips that it fits on.

Masks on spectrograms are drawn anew at every step and are a layer of the network in training
(:class:`sercore.models.layers.SpecAugment`).

Notebook: 05_cnn_transformer.ipynb
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from math import isfinite

import numpy as np

from .. import audio
from ..errors import RecipeError

VERSION = 1
"""Raised whenever a change of code changes copies; part of every augmentation's key."""


def add_noise(wave: np.ndarray, snr_db: float, *, rng: np.random.Generator) -> np.ndarray:
    """White noise added at a signal-to-noise ratio, both powers taken over the whole clip.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    snr_db : float
        Decibels; 30 is barely heard, 0 is as loud as the voice.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
    """
    drawn = rng.normal(size=wave.size)
    power = np.mean(np.square(wave, dtype=float)) / 10 ** (snr_db / 10)
    return (wave + drawn * np.sqrt(power / np.mean(drawn**2))).astype(wave.dtype)


def change_gain(wave: np.ndarray, db: float) -> np.ndarray:
    """The clip louder (dB above 0) or softer."""
    return (wave * 10 ** (db / 20)).astype(wave.dtype)


def time_shift(wave: np.ndarray, seconds: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """The clip later (seconds above 0) or earlier; what leaves is lost, what enters is silence."""
    n = round(seconds * sr)
    moved = np.zeros_like(wave)
    if n >= 0:
        moved[n:] = wave[: max(0, wave.size - n)]
    else:
        moved[:n] = wave[-n:]
    return moved


def change_speed(wave: np.ndarray, factor: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """The clip as a tape played ``factor`` times as fast: shorter, and higher in pitch and formants."""
    import soxr

    return wave if factor == 1 else soxr.resample(wave, sr * factor, sr, quality="HQ")


def pitch_shift(wave: np.ndarray, semitones: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """Pitch and formants moved, duration kept (phase vocoder, librosa).

    A phase vocoder smears what happens at one moment: any value but 0, however small, moves the level
    of most frames by a decibel or two.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    semitones : float
        12 to the octave.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
    """
    import librosa

    return wave if semitones == 0 else librosa.effects.pitch_shift(wave, sr=sr, n_steps=semitones, n_fft=1024)


def perturb_vocal_tract(wave: np.ndarray, factor: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """Formants moved as by a vocal tract ``factor`` times as long; pitch and duration kept.

    The spectral envelope of each frame (its cepstrum below 2 ms, too slow a ripple to be pitch) is
    stretched along frequency; the harmonics under it stay where they are. After the vocal-tract
    length perturbation of Jaitly & Hinton (2013), on the envelope instead of the whole spectrum.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    factor : float
        Above 1 a longer tract (lower formants), below 1 a shorter one. Adults differ by about 0.85 to 1.15.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
    """
    import librosa

    if factor == 1:
        return wave
    n_fft = 512 * max(1, round(sr / 16_000))
    spectrum = librosa.stft(wave, n_fft=n_fft, hop_length=n_fft // 4)
    level = np.log(np.abs(spectrum) + 1e-6)
    cepstrum = np.fft.irfft(level, axis=0)
    cepstrum[int(0.002 * sr) : -int(0.002 * sr) + 1] = 0
    envelope = np.fft.rfft(cepstrum, axis=0).real
    bins = np.arange(len(envelope))
    at = np.minimum(bins * factor, bins[-1])
    low = np.minimum(at.astype(int), bins[-1] - 1)
    share = (at - low)[:, None]
    stretched = (1 - share) * envelope[low] + share * envelope[low + 1]
    changed = spectrum * np.exp(np.clip(stretched - envelope, -4, 4))
    return librosa.istft(changed, hop_length=n_fft // 4, length=wave.size).astype(wave.dtype)


@dataclass(frozen=True)
class Augmentation:
    """Ranges from which the changes of one copy are drawn, uniformly; None leaves that change out.

    Parameters
    ----------
    tract, speed : (low, high) or None
        Factors, see the functions of that name.
    pitch : (low, high) or None
        Semitones.
    shift : (low, high) or None
        Seconds.
    snr_db, gain_db : (low, high) or None
        Decibels of :func:`add_noise` and :func:`change_gain`.
    probability : float
        Of each change; a copy without any is the clip itself.
    """

    tract: tuple[float, float] | None = (0.85, 1.18)
    pitch: tuple[float, float] | None = None
    speed: tuple[float, float] | None = (0.88, 1.14)
    shift: tuple[float, float] | None = None
    snr_db: tuple[float, float] | None = (15.0, 40.0)
    gain_db: tuple[float, float] | None = (-6.0, 6.0)
    probability: float = 0.8

    def __post_init__(self):
        for field in fields(self)[:-1]:
            drawn = getattr(self, field.name)
            if drawn is None:
                continue
            try:
                low, high = drawn = tuple(map(float, drawn))
            except (TypeError, ValueError):
                low, high = np.inf, -np.inf
            if not (isfinite(low) and isfinite(high) and low <= high):
                raise RecipeError(f"augmentation: {field.name}={drawn}, but a range is (low, high)")
            if field.name in ("tract", "speed") and not 0.5 <= drawn[0] <= drawn[1] <= 2:
                raise RecipeError(f"augmentation: {field.name}={drawn}; factors lie between 0.5 and 2")
            object.__setattr__(self, field.name, drawn)
        if not 0 < self.probability <= 1:
            raise RecipeError(f"augmentation: probability={self.probability}, not above 0 and at most 1")

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change whenever any setting does."""
        settings = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(f"{VERSION} {settings}".encode()).hexdigest()[:12]

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        """The changes of one copy: name and value of each that happens."""
        drawn = {}
        for field in fields(self)[:-1]:
            low_high = getattr(self, field.name)
            happens, value = rng.random() < self.probability, rng.random()
            if low_high is not None and happens:
                drawn[field.name] = low_high[0] + value * (low_high[1] - low_high[0])
        return drawn

    def __call__(self, wave: np.ndarray, *, sr: int, clip_id: str, version: int = 0) -> np.ndarray:
        """One copy of a clip, the same every time for the same clip and number.

        Parameters
        ----------
        wave : np.ndarray [shape=(n_samples,)]
        sr : int
            Sample rate in Hz.
        clip_id : str
            Decides, with ``version``, what is drawn.
        version : int
            Number of the copy.

        Returns
        -------
        np.ndarray [shape=(n_other_samples,), dtype=float32]
            Clipped to [-1, 1].
        """
        digest = hashlib.sha256(f"{clip_id} {version}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        for name, value in self.draw(rng).items():
            if name == "snr_db":
                wave = add_noise(wave, value, rng=rng)
            elif name == "gain_db":
                wave = change_gain(wave, value)
            else:
                wave = _TIMED[name](wave, value, sr=sr)
        return np.clip(wave, -1.0, 1.0).astype(np.float32)


_TIMED = {
    "tract": perturb_vocal_tract, "pitch": pitch_shift, "speed": change_speed, "shift": time_shift,
}  # fmt: skip
"""Changes that need the sample rate."""

"""Augmentation of waveforms: the same utterance by another speaker, in another place, at another level.

Every function changes one property of a waveform by a given amount and should not change the
expressed emotion; at the neutral value (0, 1, infinite SNR) it returns the same samples.
:func:`narrow_band` has none.
:class:`Augmentation` draws all amounts at random for one augmented version of a clip. Only **training
clips** are augmented: :func:`sercore.training.out_of_fold` takes augmented versions of the whole corpus and
uses, in each fold, those of the clips that it fits on.

Spectrogram masking (SpecAugment) is not done here but by a layer of the network during training
(:class:`sercore.models.layers.SpecAugment`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from math import isfinite

import numpy as np

from .. import audio
from ..errors import RecipeError
from .degrade import TELEPHONE_HZ, add_babble, limit_band

VERSION = 2
"""Increased whenever a change of this module changes its output; part of :attr:`Augmentation.key`."""

LATER = ("babble_db", "band_hz")
"""Changes that the first augmentations did not have. Without them, draws and keys are as they were."""


def add_noise(wave: np.ndarray, snr_db: float, *, rng: np.random.Generator) -> np.ndarray:
    """Waveform plus white noise at a signal-to-noise ratio, measured over the whole clip.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    snr_db : float
        Signal-to-noise ratio in decibels; at 30 the noise is barely audible, at 0 as loud as the voice.
    rng : np.random.Generator
        Source of the noise.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]

    Examples
    --------
    >>> wave, rng = np.sin(np.arange(16_000)), np.random.default_rng(0)
    >>> noise = add_noise(wave, 20.0, rng=rng) - wave
    >>> round(float(10 * np.log10(np.mean(wave**2) / np.mean(noise**2))), 6)
    20.0

    Notebook: 05_cnn_transformer.ipynb
    """
    noise = rng.normal(size=wave.size)
    power = np.mean(np.square(wave, dtype=float)) / 10 ** (snr_db / 10)
    return (wave + noise * np.sqrt(power / np.mean(noise**2))).astype(wave.dtype)


def change_gain(wave: np.ndarray, db: float) -> np.ndarray:
    """Waveform at another level, ``db`` decibels above its own.

    Examples
    --------
    >>> change_gain(np.array([0.1, -0.2]), 20.0)
    array([ 1., -2.])

    Notebook: 09_leaving_the_studio.ipynb
    """
    return (wave * 10 ** (db / 20)).astype(wave.dtype)


def add_own_babble(wave: np.ndarray, snr_db: float, *, rng: np.random.Generator) -> np.ndarray:
    """Waveform plus the babble of six voices, all of them the clip itself played backwards.

    No other clip is needed, and backwards there are no words.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    snr_db : float
        Level of the voice above the babble in decibels, over the whole clip.
    rng : np.random.Generator
        Draws where the six begin.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]

    See Also
    --------
    sercore.audio.degrade.add_babble : other people.
    """
    return add_babble(wave, [wave[::-1]], snr_db, rng=rng)


def narrow_band(wave: np.ndarray, upper_hz: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """Waveform between 300 Hz, where a telephone begins, and another frequency (3400 Hz in a telephone).

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    upper_hz : float
        Upper edge in Hz; at most 0.49 times the sample rate is used.
    sr : int
        Sample rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]

    See Also
    --------
    sercore.audio.degrade.limit_band : any band.
    """
    return limit_band(wave, TELEPHONE_HZ[0], min(upper_hz, 0.49 * sr), sr=sr)


def time_shift(wave: np.ndarray, seconds: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """Waveform delayed by ``seconds``, or advanced if negative; the gap is silent, the length unchanged.

    Examples
    --------
    >>> time_shift(np.array([1.0, 2.0, 3.0]), 0.1, sr=10)
    array([0., 1., 2.])
    """
    n = round(seconds * sr)
    shifted = np.zeros_like(wave)
    if n >= 0:
        shifted[n:] = wave[: max(0, wave.size - n)]
    else:
        shifted[:n] = wave[-n:]
    return shifted


def change_speed(wave: np.ndarray, factor: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """Waveform played ``factor`` times as fast, like a tape: shorter, with higher pitch and formants.

    See Also
    --------
    pitch_shift : change pitch and formants, but not duration.

    Examples
    --------
    >>> change_speed(np.zeros(16_000), 1.25).size
    12800

    Notebook: 05_cnn_transformer.ipynb
    """
    import soxr

    return wave if factor == 1 else soxr.resample(wave, sr * factor, sr, quality="HQ")


def pitch_shift(wave: np.ndarray, semitones: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """Waveform with pitch and formants shifted and the same duration (phase vocoder of librosa).

    A phase vocoder smears transients: any value except 0, however small, changes the level of most frames
    by a decibel or two.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    semitones : float
        12 per octave.
    sr : int
        Sample rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]

    See Also
    --------
    perturb_vocal_tract : shift formants, but not pitch.

    Notebook: 05_cnn_transformer.ipynb
    """
    import librosa

    return wave if semitones == 0 else librosa.effects.pitch_shift(wave, sr=sr, n_steps=semitones, n_fft=1024)


def perturb_vocal_tract(wave: np.ndarray, factor: float, *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """Waveform with the formants of a vocal tract ``factor`` times as long; same pitch and duration.

    The spectral envelope of each frame (its cepstrum below 2 ms, which does not contain the pitch) is
    stretched along frequency, and the harmonics stay in place. It follows the vocal-tract length
    perturbation of Jaitly & Hinton (2013), applied to the envelope instead of the whole spectrum.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    factor : float
        Above 1 for a longer vocal tract (lower formants); adults differ by about 0.85 to 1.15.
    sr : int
        Sample rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]

    Notebook: 05_cnn_transformer.ipynb
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
    fraction = (at - low)[:, None]
    stretched = (1 - fraction) * envelope[low] + fraction * envelope[low + 1]
    changed = spectrum * np.exp(np.clip(stretched - envelope, -4, 4))
    return librosa.istft(changed, hop_length=n_fft // 4, length=wave.size).astype(wave.dtype)


@dataclass(frozen=True)
class Augmentation:
    """Random augmentation: ranges from which the amount of each change is drawn uniformly.

    Calling it returns one augmented version of a waveform. A range of None disables that change.

    Parameters
    ----------
    tract, speed : (low, high) or None
        Factors of :func:`perturb_vocal_tract` and :func:`change_speed`.
    pitch : (low, high) or None
        Semitones of :func:`pitch_shift`.
    shift : (low, high) or None
        Seconds of :func:`time_shift`. Recipes that trim silence cut off what a shift inserts.
    snr_db, gain_db : (low, high) or None
        Decibels of :func:`add_noise` and :func:`change_gain`.
    babble_db, band_hz : (low, high) or None
        Decibels of :func:`add_own_babble` and upper frequency of :func:`narrow_band`, for models that will
        hear rooms full of people, or telephones. With either, recipes trim silence after all changes, as
        they will trim such a recording; otherwise before.
    probability : float
        Probability of each change; a version without any change is the clip itself.

    Examples
    --------
    >>> augmentation = Augmentation(tract=None, speed=None, gain_db=(-6.0, 6.0), probability=1.0)
    >>> sorted(augmentation.draw(np.random.default_rng(0)))
    ['gain_db', 'snr_db']
    >>> wave = np.sin(np.arange(16_000))
    >>> versions = [augmentation(wave, sr=16_000, clip_id="demo/a", version=n) for n in (0, 0, 1)]
    >>> bool((versions[0] == versions[1]).all()), bool((versions[0] == versions[2]).all())
    (True, False)

    Notebook: 05_cnn_transformer.ipynb
    """

    tract: tuple[float, float] | None = (0.85, 1.18)
    pitch: tuple[float, float] | None = None
    speed: tuple[float, float] | None = (0.88, 1.14)
    shift: tuple[float, float] | None = None
    snr_db: tuple[float, float] | None = (15.0, 40.0)
    gain_db: tuple[float, float] | None = (-6.0, 6.0)
    babble_db: tuple[float, float] | None = None
    band_hz: tuple[float, float] | None = None
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
                raise RecipeError(f"augmentation: {field.name}={drawn}, but a range must be (low, high)")
            if field.name in ("tract", "speed") and not 0.5 <= drawn[0] <= drawn[1] <= 2:
                raise RecipeError(
                    f"augmentation: {field.name}={drawn}, but factors must be between 0.5 and 2"
                )
            if field.name == "band_hz" and drawn[0] < 2 * TELEPHONE_HZ[0]:
                raise RecipeError(f"augmentation: band_hz={drawn}, but the upper frequency is 600 Hz or more")
            object.__setattr__(self, field.name, drawn)
        if not 0 < self.probability <= 1:
            raise RecipeError(
                f"augmentation: probability={self.probability}, but it must be above 0 and at most 1"
            )

    @property
    def as_recorded(self) -> bool:
        """Whether silence is trimmed after the changes, as in a recording: rooms are heard in pauses, too."""
        return self.babble_db is not None or self.band_hz is not None

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change whenever any setting does."""
        settings = {name: value for name, value in asdict(self).items() if name not in LATER or value}
        settings = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(f"{VERSION} {settings}".encode()).hexdigest()[:12]

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        """Changes of one augmented version: amount of each by name, without those that do not happen."""
        drawn = {}
        for field in fields(self)[:-1]:
            low_high = getattr(self, field.name)
            if low_high is None and field.name in LATER:
                continue  # draws nothing
            happens, value = rng.random() < self.probability, rng.random()
            if low_high is not None and happens:
                drawn[field.name] = low_high[0] + value * (low_high[1] - low_high[0])
        return drawn

    def __call__(self, wave: np.ndarray, *, sr: int, clip_id: str, version: int = 0) -> np.ndarray:
        """Augmented version of a clip, always the same for the same ``clip_id`` and ``version``.

        Parameters
        ----------
        wave : np.ndarray [shape=(n_samples,)]
        sr : int
            Sample rate in Hz.
        clip_id : str
            Seeds the draw, together with ``version``.
        version : int
            Number of the augmented version.

        Returns
        -------
        np.ndarray [shape=(n,), dtype=float32]
            Clipped to [-1, 1]; shorter or longer than ``wave`` if its speed is changed.
        """
        digest = hashlib.sha256(f"{clip_id} {version}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        for name, value in self.draw(rng).items():
            if name in _RANDOM:
                wave = _RANDOM[name](wave, value, rng=rng)
            elif name == "gain_db":
                wave = change_gain(wave, value)
            else:
                wave = _TIMED[name](wave, value, sr=sr)
        return np.clip(wave, -1.0, 1.0).astype(np.float32)


AUGMENTATIONS = {
    "voices": Augmentation(),
    "places": Augmentation(babble_db=(5.0, 25.0), band_hz=(3000.0, 7500.0)),
}
"""Augmentations by name: other voices, levels and white noise; and these in rooms full of people, over
telephones and poor microphones. The ranges were written down before any score, and nothing else was tried."""

N_VERSIONS = 4
"""Number of augmented versions of each training clip of a bundle, and where robustness is measured."""

_RANDOM = {"snr_db": add_noise, "babble_db": add_own_babble}
"""Changes with a part that is drawn at random."""

_TIMED = {
    "tract": perturb_vocal_tract, "pitch": pitch_shift, "speed": change_speed, "shift": time_shift,
    "band_hz": narrow_band,
}  # fmt: skip
"""Changes that need the sample rate."""

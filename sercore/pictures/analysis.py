"""What the explorer's controls decide, and the analyses that they ask for, each kept for the next picture.

One Fourier transform is kept per clip, window, step and pre-emphasis, so moving any other slider does
not compute it again.

Notebook: demo.ipynb
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..audio import SAMPLE_RATE
from ..errors import SercoreError
from ..features import Recipe, Spectrum, get_recipe
from ..features.formants import formants as find_formants
from ..features.spectrum import mel_filters

VIEWS = ("waveform", "spectrogram", "mel", "MFCC", "chroma")
OVERLAYS = ("F0", "formants")
N_MFCC = 20


@dataclass(frozen=True, eq=False)
class Clip:
    """A waveform at 16 kHz and its name.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at :data:`sercore.audio.SAMPLE_RATE`.
    title : str
    """

    wave: np.ndarray
    title: str = ""

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.wave) / SAMPLE_RATE


@dataclass(frozen=True)
class Settings:
    """Everything that the explorer's controls decide.

    Parameters
    ----------
    view : str
        One of :data:`VIEWS`.
    window_ms, step_ms : float
        Analysis window and its step in milliseconds.
    n_mels : int
        Mel bands; the cepstrum (MFCC) is made of them, too.
    fmin, fmax : float
        Range of frequency in Hz.
    range_db : float
        How far below the loudest point colours reach.
    pre_emphasis : float
        Share of the previous sample that is taken off each: 0 leaves the wave as it is, 0.97 lifts
        high frequencies. Pitch and formants are always read from the wave as it is.
    overlays : tuple of str
        From :data:`OVERLAYS`; drawn where the vertical axis is frequency.
    font_size : int
        Height of letters in pixels.
    """

    view: str = "mel"
    window_ms: float = 25.0
    step_ms: float = 10.0
    n_mels: int = 64
    fmin: float = 0.0
    fmax: float = 8000.0
    range_db: float = 70.0
    pre_emphasis: float = 0.0
    overlays: tuple[str, ...] = ()
    font_size: int = 15

    def __post_init__(self):
        if self.view not in VIEWS or set(self.overlays) - set(OVERLAYS):
            raise SercoreError(
                f"view {self.view!r} with {list(self.overlays)}: views are {', '.join(VIEWS)}, "
                f"overlays {', '.join(OVERLAYS)}"
            )

    @property
    def recipe(self) -> Recipe:
        """The same settings in the words of :class:`sercore.features.Recipe`."""
        window = max(2, round(self.window_ms * SAMPLE_RATE / 1000))
        return Recipe(
            sr=SAMPLE_RATE, win_length=window, hop_length=max(1, round(self.step_ms * SAMPLE_RATE / 1000)),
            n_fft=max(1024, 1 << (window - 1).bit_length()), n_mels=self.n_mels, fmin=self.fmin,
            fmax=self.fmax, n_mfcc=min(N_MFCC, self.n_mels), descriptors=("mfcc",), timing=False,
            trim_db=None,
        )  # fmt: skip


def empty_bands(settings: Settings) -> int:
    """Mel bands so narrow that no frequency of the Fourier transform lies in them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # librosa says so too, but nobody sees it in a widget
        return int(np.count_nonzero(mel_filters(settings.recipe).max(axis=0) == 0))


def spectrum(clip: Clip, settings: Settings) -> Spectrum:
    """Spectrum whose Fourier transform is kept when only bands or range change."""
    made = Spectrum(emphasised(clip, settings.pre_emphasis), settings.recipe)
    made.power = power(clip, settings.window_ms, settings.step_ms, settings.pre_emphasis)
    empty_bands(settings)  # builds the filter bank without librosa's warning
    return made


@lru_cache(maxsize=4)
def power(clip: Clip, window_ms: float, step_ms: float, pre_emphasis: float) -> np.ndarray:
    """Squared magnitude, [shape=(n_frames, n_bins)]."""
    recipe = Settings(window_ms=window_ms, step_ms=step_ms).recipe
    return Spectrum(emphasised(clip, pre_emphasis), recipe).power


@lru_cache(maxsize=4)
def levels(clip: Clip, window_ms: float, step_ms: float, pre_emphasis: float) -> np.ndarray:
    """Power in decibels, [shape=(n_bins, n_frames)]."""
    level = np.maximum(power(clip, window_ms, step_ms, pre_emphasis), 1e-12)
    np.log10(level, out=level)
    level *= 10.0
    return level.T


@lru_cache(maxsize=4)
def emphasised(clip: Clip, amount: float) -> np.ndarray:
    """The wave with ``amount`` of the previous sample taken off each, [shape=(n_samples,)]."""
    if amount == 0:
        return clip.wave
    return np.append(clip.wave[:1], clip.wave[1:] - np.float32(amount) * clip.wave[:-1])


@lru_cache(maxsize=4)
def f0(clip: Clip) -> np.ndarray:
    """Pitch in hertz every 10 ms, NaN where unvoiced, [shape=(n_frames,)]."""
    return Spectrum(clip.wave, get_recipe("default")).pitch[0]


@lru_cache(maxsize=4)
def formants(clip: Clip) -> np.ndarray:
    """Formants of voiced frames in hertz, NaN elsewhere, [shape=(3, n_frames)]."""
    found, voiced = find_formants(clip.wave, SAMPLE_RATE), np.isfinite(f0(clip))
    n = min(found.shape[1], len(voiced))
    return np.where(voiced[:n], found[:, :n], np.nan)

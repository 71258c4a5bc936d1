"""Settings of the spectrogram explorer, and cached analyses of clips.

The Fourier transform is cached by clip, window, step and pre-emphasis, so that changing any other setting
does not compute it again.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..audio import SAMPLE_RATE
from ..errors import SercoreError
from ..features import Recipe, Spectrum, get_recipe
from ..features.lpc import formants as find_formants
from ..features.spectrum import mel_filters

VIEWS = ("waveform", "spectrogram", "mel", "MFCC", "chroma")
OVERLAYS = ("F0", "formants")
N_MFCC = 20


@dataclass(frozen=True, eq=False)
class Clip:
    """A waveform at 16 kHz and its title.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at :data:`sercore.audio.SAMPLE_RATE`.
    title : str

    Examples
    --------
    >>> Clip(np.zeros(8000, np.float32)).seconds
    0.5
    """

    wave: np.ndarray
    title: str = ""

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.wave) / SAMPLE_RATE


@dataclass(frozen=True)
class Settings:
    """Settings of a picture of a clip.

    Parameters
    ----------
    view : str
        One of :data:`VIEWS`.
    window_ms, step_ms : float
        Analysis window and step in milliseconds.
    n_mels : int
        Number of mel bands, from which the MFCC are computed, too.
    fmin, fmax : float
        Frequency range in Hz.
    range_db : float
        Range of the colours in decibels below the maximum.
    pre_emphasis : float
        Coefficient of the pre-emphasis filter; 0 does not change the waveform. Pitch and formants are
        computed without pre-emphasis.
    overlays : tuple of str
        From :data:`OVERLAYS`; drawn if the vertical axis is frequency.
    font_size : int
        Font size in pixels.

    Raises
    ------
    SercoreError
        The view or an overlay does not exist.

    Examples
    --------
    >>> Settings(window_ms=20).recipe.win_length
    320
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
                f"view={self.view!r}, overlays={self.overlays!r}: view must be one of {', '.join(VIEWS)}; "
                f"overlays must be among {', '.join(OVERLAYS)}"
            )

    @property
    def recipe(self) -> Recipe:
        """The settings of the analysis as a recipe."""
        window = max(2, round(self.window_ms * SAMPLE_RATE / 1000))
        return Recipe(
            sr=SAMPLE_RATE, win_length=window, hop_length=max(1, round(self.step_ms * SAMPLE_RATE / 1000)),
            n_fft=max(1024, 1 << (window - 1).bit_length()), n_mels=self.n_mels, fmin=self.fmin,
            fmax=self.fmax, n_mfcc=min(N_MFCC, self.n_mels), descriptors=("mfcc",), timing=False,
            trim_db=None,
        )  # fmt: skip


def empty_bands(settings: Settings) -> int:
    """Number of mel bands that contain no frequency bin of the Fourier transform."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # librosa's, about the same bands
        return int(np.count_nonzero(mel_filters(settings.recipe).max(axis=0) == 0))


def spectrum(clip: Clip, settings: Settings) -> Spectrum:
    """Spectrum of a clip that uses the cached Fourier transform."""
    made = Spectrum(emphasised(clip, settings.pre_emphasis), settings.recipe)
    made.power = power(clip, settings.window_ms, settings.step_ms, settings.pre_emphasis)
    empty_bands(settings)  # caches the filter bank without librosa's warning
    return made


@lru_cache(maxsize=4)
def power(clip: Clip, window_ms: float, step_ms: float, pre_emphasis: float) -> np.ndarray:
    """Squared magnitude of the Fourier transform, [shape=(n_frames, n_bins)]."""
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
    """The waveform after pre-emphasis, ``wave[n] - amount * wave[n - 1]``, [shape=(n_samples,)]."""
    if amount == 0:
        return clip.wave
    return np.append(clip.wave[:1], clip.wave[1:] - np.float32(amount) * clip.wave[:-1])


@lru_cache(maxsize=4)
def f0(clip: Clip) -> np.ndarray:
    """Pitch in hertz every 10 ms, NaN in unvoiced frames, [shape=(n_frames,)]."""
    return Spectrum(clip.wave, get_recipe("default")).pitch[0]


@lru_cache(maxsize=4)
def formants(clip: Clip) -> np.ndarray:
    """Formants in hertz every 10 ms, NaN in unvoiced frames, [shape=(3, n_frames)]."""
    found, voiced = find_formants(clip.wave, SAMPLE_RATE), np.isfinite(f0(clip))
    n = min(found.shape[1], len(voiced))
    return np.where(voiced[:n], found[:, :n], np.nan)

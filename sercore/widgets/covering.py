"""A part of a clip covered, or all but a part: as a mask, as a picture, as a sound.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..bundle import Predictor
from ..features import Recipe, Spectrum, get_recipe
from ..interpret.hearing import mask_sound
from .pictures import Axis, Drawn, Picture

RANGE_DB = 70.0
_TICKS = (100, 250, 500, 1000, 2000, 4000, 7000)

Answer = Callable[[np.ndarray], np.ndarray]
"""From what is covered [shape=(n_frames, n_mels)] to probabilities [shape=(n_classes,)]."""


@dataclass(frozen=True)
class Cover:
    """A box of time and frequency.

    Parameters
    ----------
    start, end : float
        In seconds; a frame is in the box if its middle is.
    lowest, highest : int
        Numbers of the first and the last mel band.
    keep : bool
        Whether the box is kept and all else is covered.
    """

    start: float
    end: float
    lowest: int
    highest: int
    keep: bool = False

    def mask(self, n_frames: int, recipe: str | Recipe = "log_mel") -> np.ndarray:
        """What is covered, bool [shape=(n_frames, n_mels)]; the recipe tells times and bands."""
        recipe = get_recipe(recipe)
        times, bands = np.arange(n_frames) * recipe.hop_length / recipe.sr, np.arange(recipe.n_mels)
        in_time = (times >= self.start - 1e-9) & (times <= self.end + 1e-9)
        inside = in_time[:, None] & (bands >= self.lowest) & (bands <= self.highest)
        return inside != self.keep


def by_sound(predictor: Predictor, wave: np.ndarray, recipe: str | Recipe = "log_mel") -> Answer:
    """What a model says of the sound that is left when a part of it is silenced.

    Parameters
    ----------
    predictor : Predictor
    wave : np.ndarray [shape=(n_samples,)]
        At the recipe's sample rate.
    recipe : str or Recipe
        Of the cover's frames and bands, not of the model's features.

    Returns
    -------
    callable
        It raises AudioError where nothing is left to hear.
    """
    recipe = get_recipe(recipe)

    def answer(mask: np.ndarray) -> np.ndarray:
        left = mask_sound(wave, ~mask, recipe=recipe)
        return predictor.proba(predictor.waves(left, sr=recipe.sr))

    return answer


def band_hertz(recipe: str | Recipe) -> np.ndarray:
    """Centre of each mel band in hertz, [shape=(n_mels,)]."""
    import librosa

    recipe = get_recipe(recipe)
    return librosa.mel_frequencies(n_mels=recipe.n_mels + 2, fmin=recipe.fmin, fmax=recipe.fmax)[1:-1]


def cover_picture(
    spectrum: Spectrum,
    cover: Cover,
    *,
    title: str = "",
    size: tuple[int, int] = (900, 300),
    font_size: int = 15,
) -> Drawn:
    """Mel spectrogram of a clip: what is covered is as dark as silence, the box has a frame.

    Parameters
    ----------
    spectrum : Spectrum
        Of the whole clip.
    cover : Cover
    title : str
    size : (int, int)
        Width and height in pixels.
    font_size : int
        Height of letters in pixels.
    """
    recipe, level = spectrum.recipe, spectrum.log_mel - spectrum.log_mel.max()
    step, seconds, n_mels = recipe.hop_length / recipe.sr, len(spectrum.wave) / recipe.sr, recipe.n_mels
    places = np.interp(_TICKS, band_hertz(recipe), np.arange(n_mels)).tolist()
    time = Axis(0.0, seconds, "time (s)")
    bands = Axis(-0.5, n_mels - 0.5, "mel band (Hz)", tuple(zip(places, map(str, _TICKS), strict=True)))
    bar = Axis(-RANGE_DB, 0.0, "dB below peak")
    picture = Picture(time, bands, bar=bar, title=title, size=size, font_size=font_size)
    shown = np.where(cover.mask(len(level), recipe), -RANGE_DB, level)
    picture.image(shown.T, x=(-step / 2, (len(level) - 0.5) * step), y=(-0.5, n_mels - 0.5))
    left, right = max(cover.start - step / 2, 0.0), min(cover.end + step / 2, seconds)
    low, high = cover.lowest - 0.5, cover.highest + 0.5
    corners = np.array([(left, low), (right, low), (right, high), (left, high), (left, low)])
    return picture.line(corners[:, 0], corners[:, 1], "second").drawn()

"""A part of a clip covered, or all but a part: as a mask, as a picture, as a sound.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..features import Recipe, get_recipe
from .sonification import mask_sound

Answer = Callable[[np.ndarray], np.ndarray]
"""From what is covered [shape=(n_frames, n_mels)] to probabilities [shape=(n_classes,)]."""


@dataclass(frozen=True)
class OcclusionBox:
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


def predict_masked(predictor, wave: np.ndarray, recipe: str | Recipe = "log_mel") -> Answer:
    """What a model says of the sound that is left when a part of it is silenced.

    Parameters
    ----------
    predictor : sercore.bundle.Predictor
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

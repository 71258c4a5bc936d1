"""Evidence made audible: apply a mask over time and mel bands to a waveform.

An attribution map has mel bands, the spectrum of a waveform has Fourier bins; each bin is masked by
interpolation between the nearest bands. The clip's own phase is used for resynthesis, so the parts inside
and outside a mask add up to the clip. :class:`OcclusionBox` is a rectangular mask, and
:func:`predict_masked` returns a model's predictions for what remains.

References
----------
Griffin & Lim: Signal estimation from modified short-time Fourier transform. IEEE TASSP 32, 1984.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import SercoreError
from ..features import Recipe, get_recipe
from ..features.spectrum import frequencies, mel_centres
from .regions import BOX, box_means, box_numbers

Answer = Callable[[np.ndarray], np.ndarray]
"""From a mask of what is removed [shape=(n_frames, n_mels)] to probabilities [shape=(n_classes,)]."""


@dataclass(frozen=True)
class OcclusionBox:
    """A box of time and frequency that is removed from a clip, or kept while the rest is removed.

    Parameters
    ----------
    start, end : float
        Limits in seconds; a frame is in the box if its centre is.
    lowest, highest : int
        First and last mel band, counted from 0.
    keep : bool
        Whether the box is kept and everything else removed.

    Examples
    --------
    >>> box = OcclusionBox(start=0.0, end=0.01, lowest=0, highest=31)
    >>> box.mask(n_frames=4, recipe="log_mel").sum(axis=1).tolist()
    [32, 32, 0, 0]
    """

    start: float
    end: float
    lowest: int
    highest: int
    keep: bool = False

    def mask(self, n_frames: int, recipe: str | Recipe = "log_mel") -> np.ndarray:
        """Bool array [shape=(n_frames, n_mels)], True where the clip is removed.

        Parameters
        ----------
        n_frames : int
            Frames of the clip.
        recipe : str or Recipe
            Sets the times of frames and the number of bands.
        """
        recipe = get_recipe(recipe)
        times, bands = np.arange(n_frames) * recipe.hop_length / recipe.sr, np.arange(recipe.n_mels)
        in_time = (times >= self.start - 1e-9) & (times <= self.end + 1e-9)
        inside = in_time[:, None] & (bands >= self.lowest) & (bands <= self.highest)
        return inside != self.keep


def predict_masked(predictor, wave: np.ndarray, recipe: str | Recipe = "log_mel") -> Answer:
    """Function that returns a model's probabilities for a clip from which a part is removed.

    Parameters
    ----------
    predictor : sercore.bundle.Predictor
        The model.
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at the recipe's sample rate.
    recipe : str or Recipe
        Frames and bands of the masks; the features of the model may differ.

    Returns
    -------
    callable
        From a mask, such as :meth:`OcclusionBox.mask`, to probabilities. It raises AudioError if the
        remaining sound is silent.

    See Also
    --------
    sercore.interpret.occlusion : The same for a network's own input, for every box of a clip.
    """
    recipe = get_recipe(recipe)

    def predict(mask: np.ndarray) -> np.ndarray:
        remaining = mask_sound(wave, ~mask, recipe=recipe)
        return predictor.proba(predictor.waves(remaining, sr=recipe.sr), novelty=False)

    return predict


def strongest_regions(evidence: np.ndarray, *, share: float = 0.2, box: tuple[int, int] = BOX) -> np.ndarray:
    """Mask of the boxes with the most evidence for the class.

    Parameters
    ----------
    evidence : np.ndarray [shape=(n_frames, n_features)]
        Attribution map of one clip, without padding.
    share : float
        Proportion of the boxes in the mask, 0 to 1.
    box : (int, int)
        Frames and features per box.

    Returns
    -------
    np.ndarray of bool [shape=(n_frames, n_features)]

    Raises
    ------
    SercoreError
        The proportion is not between 0 and 1.

    Examples
    --------
    >>> evidence = np.array([[0.0, 0.0, 2.0, 1.0]])
    >>> strongest_regions(evidence, share=0.5, box=(1, 2)).tolist()
    [[False, False, True, True]]

    Notebook: 07_interpretability.ipynb
    """
    if not 0 <= share <= 1:
        raise SercoreError(f"share is {share}; it must be the proportion of boxes to keep, 0 to 1")
    means = box_means(evidence[None], np.zeros((1, *evidence.shape)), box=box)[0]
    ranks = (-means).argsort(kind="stable").argsort()
    return (ranks < round(share * len(means)))[box_numbers(*evidence.shape, box=box)]


def mask_sound(
    wave: np.ndarray, mask: np.ndarray, *, recipe: str | Recipe = "default", phase: str = "own", seed: int = 0
) -> np.ndarray:
    """Waveform of the part of a clip that a mask keeps.

    A mask of ones returns the clip; with the clip's own phase, the results for a mask and its complement
    add up to the clip.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at ``recipe.sr``, as the frames were made from: ``features.prepare(wave, recipe)``.
    mask : np.ndarray [shape=(n_frames, n_mels)]
        Gain from 0 (silence) to 1 (unchanged).
    recipe : str or Recipe
        Frames and bands of the mask.
    phase : str
        ``own`` for the clip's phase, or ``griffin-lim`` to estimate a phase that fits the masked spectrum.
    seed : int
        Seed of the initial phase of Griffin and Lim's algorithm.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]

    Raises
    ------
    SercoreError
        The mask does not have the frames and bands of the clip, or the phase is unknown.

    See Also
    --------
    strongest_regions : Makes a mask from an attribution map.

    Notebook: 07_interpretability.ipynb
    """
    import librosa

    recipe = get_recipe(recipe)
    n_frames = 1 + len(wave) // recipe.hop_length
    if mask.shape != (n_frames, recipe.n_mels):
        raise SercoreError(
            f"the mask has {mask.shape} frames and bands, the sound {(n_frames, recipe.n_mels)}; "
            "make both with one recipe, and trim the sound with features.prepare first"
        )
    if phase not in ("own", "griffin-lim"):
        raise SercoreError(f"phase is {phase!r}; it must be 'own' or 'griffin-lim'")
    settings = {"n_fft": recipe.n_fft, "hop_length": recipe.hop_length, "win_length": recipe.win_length}
    spectrum = librosa.stft(wave, **settings) * (mask.astype(float) @ _bins_of_bands(recipe)).T
    if phase == "griffin-lim":
        sound = librosa.griffinlim(np.abs(spectrum), length=len(wave), random_state=seed, **settings)
    else:
        sound = librosa.istft(spectrum, length=len(wave), **settings)
        # no window reaches the samples after the last one
        end = (n_frames - 1) * recipe.hop_length + recipe.win_length // 2
        sound[end:] = wave[end:] * mask[-1].mean()
    return sound.astype(np.float32)


def _bins_of_bands(recipe: Recipe) -> np.ndarray:
    """Weight of each band in each Fourier bin [shape=(n_mels, n_bins)]; the weights of a bin sum to 1."""
    centres = mel_centres(recipe)
    return np.stack([np.interp(frequencies(recipe), centres, band) for band in np.eye(recipe.n_mels)])

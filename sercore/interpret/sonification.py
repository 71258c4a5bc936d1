"""Hear the evidence: keep what a model relied on, silence the rest, and listen.

A map has mel bands, a sound has a spectrum; every Fourier bin takes the mask of the bands nearest to
it. The clip's own phase brings the sound back, so nothing is invented: what is kept and what is left
out add up to the clip.

References
----------
Griffin & Lim: Signal estimation from modified short-time Fourier transform. IEEE TASSP 32, 1984.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

import numpy as np

from ..errors import SercoreError
from ..features import Recipe, get_recipe
from ..features.spectrum import frequencies, mel_centres
from .regions import BOX, box_means, box_numbers


def strongest_regions(evidence: np.ndarray, *, share: float = 0.2, box: tuple[int, int] = BOX) -> np.ndarray:
    """Mask of the boxes with the most evidence for the class.

    Parameters
    ----------
    evidence : np.ndarray [shape=(n_frames, n_features)]
        Map of one clip, without padding.
    share : float
        Part of the boxes that is kept, 0 to 1.
    box : (int, int)
        Frames and features.

    Returns
    -------
    np.ndarray of bool [shape=(n_frames, n_features)]
    """
    if not 0 <= share <= 1:
        raise SercoreError(f"share is {share}; it is the part of the clip that is kept, 0 to 1")
    means = box_means(evidence[None], np.zeros((1, *evidence.shape)), box=box)[0]
    ranks = (-means).argsort(kind="stable").argsort()
    return (ranks < round(share * len(means)))[box_numbers(*evidence.shape, box=box)]


def mask_sound(
    wave: np.ndarray, mask: np.ndarray, *, recipe: str | Recipe = "default", phase: str = "own", seed: int = 0
) -> np.ndarray:
    """The part of a sound that a mask keeps.

    A mask of ones gives the sound back; a mask and its complement give two sounds that add up to it
    (with the clip's own phase).

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at ``recipe.sr``, as the frames were made from: ``features.prepare(wave, recipe)``.
    mask : np.ndarray [shape=(n_frames, n_mels)]
        0 (silence) to 1 (as it was).
    recipe : str or Recipe
    phase : str
        ``own``, or ``griffin-lim`` to find a phase that fits the masked spectrum.
    seed : int
        Of Griffin and Lim's first guess.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]

    Raises
    ------
    SercoreError
        The mask does not have the frames and bands of the sound, or there is no such phase.
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
        raise SercoreError(f"phase is {phase!r}; it is 'own' or 'griffin-lim'")
    settings = {"n_fft": recipe.n_fft, "hop_length": recipe.hop_length, "win_length": recipe.win_length}
    spectrum = librosa.stft(wave, **settings) * (mask.astype(float) @ _bins_of_bands(recipe)).T
    if phase == "griffin-lim":
        sound = librosa.griffinlim(np.abs(spectrum), length=len(wave), random_state=seed, **settings)
    else:
        sound = librosa.istft(spectrum, length=len(wave), **settings)
    return sound.astype(np.float32)


def _bins_of_bands(recipe: Recipe) -> np.ndarray:
    """Weight of each band in each Fourier bin [shape=(n_mels, n_bins)]; the weights of a bin sum to 1."""
    centres = mel_centres(recipe)
    return np.stack([np.interp(frequencies(recipe), centres, band) for band in np.eye(recipe.n_mels)])

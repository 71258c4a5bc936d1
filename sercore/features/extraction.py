"""Features of one clip: descriptors, stacked frames, or one row of a table.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import numpy as np

from .. import audio
from .descriptors import DESCRIPTORS
from .functionals import row_of
from .recipe import Recipe, get_recipe
from .spectrum import Spectrum


def compute(wave: np.ndarray, names: tuple[str, ...], recipe: str | Recipe = "default") -> dict:
    """Descriptors of one waveform, from one Fourier transform.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at ``recipe.sr``, taken as it is (not trimmed).
    names : tuple of str
        Which, from :data:`DESCRIPTORS`.
    recipe : str or Recipe

    Returns
    -------
    dict of str to np.ndarray [shape=(n_rows, n_frames)]
        Time-last, as in librosa. ``f0`` is NaN where unvoiced.
    """
    spectrum = Spectrum(wave, get_recipe(recipe))
    return {name: _time_last(DESCRIPTORS[name](spectrum)) for name in names}


def frames(wave: np.ndarray, recipe: str | Recipe = "default") -> np.ndarray:
    """The recipe's descriptors of every frame, stacked.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Checked mono waveform at ``recipe.sr``.
    recipe : str or Recipe

    Returns
    -------
    np.ndarray [shape=(n_features, n_frames), dtype=float32]
        Finite: unvoiced frames have pitch 0 (their ``voicing`` says so).
    """
    recipe = get_recipe(recipe)
    tracks = compute(prepare(wave, recipe), recipe.descriptors, recipe)
    if "f0" in tracks:
        tracks["f0"] = np.nan_to_num(tracks["f0"], nan=0.0)
    return np.concatenate(list(tracks.values())).astype(np.float32)


def table_row(wave: np.ndarray, recipe: str | Recipe = "default") -> np.ndarray:
    """One clip as one row: functionals over time of every descriptor.

    Pitch statistics are over voiced frames only (0 where nothing is voiced).

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Checked mono waveform at ``recipe.sr``.
    recipe : str or Recipe

    Returns
    -------
    np.ndarray [shape=(n_columns,), dtype=float32]
        In the order of :func:`column_names`.
    """
    recipe = get_recipe(recipe)
    return row_of(Spectrum(prepare(wave, recipe), recipe))


def prepare(wave: np.ndarray, recipe: Recipe) -> np.ndarray:
    """The waveform without surrounding silence, where the recipe asks for that."""
    return wave if recipe.trim_db is None else audio.trim(wave, recipe.sr, top_db=recipe.trim_db)


def _time_last(track: np.ndarray) -> np.ndarray:
    """Cross the border from time-first inside to time-last outside."""
    return track[None, :] if track.ndim == 1 else track.T

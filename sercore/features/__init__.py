"""Features of speech: one spectrum per clip, descriptors per frame, functionals per clip.

``frames(wave, recipe)`` gives what networks read, ``table_row(wave, recipe)`` what classical
models read; ``sercore.features.store`` runs either over a corpus in parallel and caches it.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import numpy as np

from .. import audio
from . import functionals as _functionals
from . import pitch
from .descriptors import DESCRIPTORS
from .recipe import PRESETS, STATISTICS, Recipe, get_recipe
from .spectrum import Spectrum

__all__ = [
    "DESCRIPTORS", "PRESETS", "STATISTICS", "Recipe", "Spectrum", "column_groups", "column_names",
    "compute", "frames", "get_recipe", "pitch", "table_row",
]  # fmt: skip


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
    tracks = compute(_prepare(wave, recipe), recipe.descriptors, recipe)
    return np.nan_to_num(np.concatenate(list(tracks.values())), nan=0.0).astype(np.float32)


def table_row(wave: np.ndarray, recipe: str | Recipe = "default") -> np.ndarray:
    """One clip as one row: statistics over time of every descriptor, then timing.

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
    spectrum = Spectrum(_prepare(wave, recipe), recipe)
    tracks = {name: _time_last(DESCRIPTORS[name](spectrum)) for name in recipe.descriptors}
    dense = np.concatenate([track for name, track in tracks.items() if name != "f0"] or [np.empty((0, 1))])
    rows = iter(_functionals.functionals(dense, recipe.statistics))
    parts = []
    for name, track in tracks.items():
        if name == "f0":
            voiced = track[:, np.isfinite(track[0])]
            voiced = voiced if voiced.shape[1] else np.zeros((1, 1))
            parts.append(_functionals.functionals(voiced, recipe.statistics).ravel())
        else:
            parts.extend(next(rows) for _ in track)
    if recipe.timing:
        voicing = tracks["voicing"] if "voicing" in tracks else _time_last(DESCRIPTORS["voicing"](spectrum))
        parts.append(_functionals.timing(spectrum.rms, voicing[0], frame_s=recipe.hop_length / recipe.sr))
    return np.concatenate(parts).astype(np.float32)


def column_names(recipe: str | Recipe = "default") -> list[str]:
    """Names of the columns of a table, ``descriptor[row].statistic``.

    Examples
    --------
    >>> column_names("mfcc40")[:2]
    ['mfcc[0].mean', 'mfcc[1].mean']
    """
    recipe = get_recipe(recipe)
    probe = compute(np.zeros(recipe.n_fft * 2, dtype=np.float32), recipe.descriptors, recipe)
    names = [
        f"{name}.{statistic}" if len(track) == 1 else f"{name}[{row}].{statistic}"
        for name, track in probe.items()
        for row in range(len(track))
        for statistic in recipe.statistics
    ]
    return names + ([f"timing.{name}" for name in _functionals.TIMING] if recipe.timing else [])


def column_groups(recipe: str | Recipe = "default") -> dict[str, list[int]]:
    """Column numbers of a table by descriptor (``log_mel``, ``mfcc``, …, ``timing``)."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(column_names(recipe)):
        groups.setdefault(name.split("[")[0].split(".")[0], []).append(column)
    return groups


def _prepare(wave: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Cut surrounding silence where the recipe asks for it."""
    return wave if recipe.trim_db is None else audio.trim(wave, recipe.sr, top_db=recipe.trim_db)


def _time_last(track: np.ndarray) -> np.ndarray:
    """Cross the border from time-first inside to time-last outside."""
    return track[None, :] if track.ndim == 1 else track.T

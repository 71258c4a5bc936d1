"""One clip as one row: the table that classical models read.

Notebook: 02_feature_extraction.ipynb
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np

from . import functionals, pitch
from .descriptors import DESCRIPTORS, slope
from .recipe import PART_STATISTICS, Recipe, get_recipe
from .spectrum import Spectrum


def row_of(spectrum: Spectrum) -> np.ndarray:
    """The clip's row, [shape=(n_columns,), dtype=float32], in the order of :func:`column_names`."""
    recipe = spectrum.recipe
    tracks, pitch_row, voiced = _dense(spectrum)
    blocks = [functionals.statistics(tracks, recipe.statistics)]
    if pitch_row is not None:  # pitch exists in voiced frames only
        heard = tracks[pitch_row : pitch_row + 1, voiced] if voiced.any() else np.zeros((1, 1))
        blocks[0][pitch_row] = functionals.statistics(heard, recipe.statistics)[0]
    if recipe.slope_statistics:
        blocks.append(functionals.statistics(slope(tracks.T).T, recipe.slope_statistics))
    if recipe.parts:
        inside = functionals.parts(voiced)
        blocks += [functionals.statistics(tracks[:, inside[part]], PART_STATISTICS) for part in recipe.parts]
    if recipe.timing:
        frame_s = recipe.hop_length / recipe.sr
        blocks.append(functionals.modulation(spectrum.log_mel.T, frame_s=frame_s))
        blocks.append(functionals.timing(spectrum.rms, voiced, frame_s=frame_s))
    return np.concatenate([block.ravel() for block in blocks]).astype(np.float32)


@lru_cache(maxsize=16)
def _names(recipe: Recipe) -> tuple[str, ...]:
    silence = Spectrum(np.zeros(4 * recipe.n_fft, dtype=np.float32), recipe)
    if _needs_pitch(recipe):
        _ = silence.pitch  # a window too short for it is refused here, not clip by clip
    rows = []
    for name in recipe.descriptors:
        track = DESCRIPTORS[name](silence)
        rows += [name] if track.ndim == 1 else [f"{name}[{k}]" for k in range(track.shape[1])]
    names = [f"{row}.{statistic}" for row in rows for statistic in recipe.statistics]
    names += [f"{row}.slope.{statistic}" for row in rows for statistic in recipe.slope_statistics]
    names += [f"{row}.{part}.{stat}" for part in recipe.parts for row in rows for stat in PART_STATISTICS]
    if recipe.timing:
        hertz = functionals.MODULATION_HZ
        names += [f"modulation[{g}].{lo}-{hi}Hz" for g in range(8) for lo, hi in itertools.pairwise(hertz)]
        names += [f"timing.{name}" for name in functionals.TIMING]
    return tuple(names)


def column_names(recipe: str | Recipe = "default") -> list[str]:
    """Names of a table's columns: ``descriptor[row].statistic``, ``descriptor[row].slope.statistic``, ….

    Examples
    --------
    >>> column_names("s0_mfcc")[:2]
    ['mfcc[0].mean', 'mfcc[1].mean']
    """
    return list(_names(get_recipe(recipe)))


def column_groups(recipe: str | Recipe = "default") -> dict[str, list[int]]:
    """Column numbers of a table by descriptor (``log_mel``, ``mfcc``, …, ``timing``)."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(_names(get_recipe(recipe))):
        groups.setdefault(name.split("[")[0].split(".")[0], []).append(column)
    return groups


def _needs_pitch(recipe: Recipe) -> bool:
    """Whether any column depends on which frames are voiced."""
    return bool(recipe.timing or {"voiced", "unvoiced"} & set(recipe.parts) or "f0" in recipe.descriptors)


def _dense(spectrum: Spectrum) -> tuple[np.ndarray, int | None, np.ndarray]:
    """All tracks as finite rows, the row that is pitch (gaps bridged), and which frames are voiced."""
    recipe = spectrum.recipe
    rows, pitch_row = [], None
    voiced = np.isfinite(spectrum.pitch[0]) if _needs_pitch(recipe) else np.ones(spectrum.n_frames, bool)
    for name in recipe.descriptors:
        track = DESCRIPTORS[name](spectrum)
        if name == "f0":
            pitch_row, track = len(rows), pitch.bridge_gaps(track)
        rows.extend(track[None, :] if track.ndim == 1 else track.T)
    return np.stack(rows, dtype=np.float32, casting="same_kind"), pitch_row, voiced

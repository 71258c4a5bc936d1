"""Functionals: a few numbers per descriptor track, so that every clip is one row of a table.

Classical models and the MLP read this table. Averages over a clip do not contain the order of events. Besides
statistics of the tracks, there are therefore statistics of their slopes, averages over parts of the clip
(voiced and unvoiced frames, first, middle and last third), the strength of slow modulations, and timing.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np

from . import pitch
from .descriptors import DESCRIPTORS, slope
from .recipe import Recipe, get_recipe
from .spectrum import Spectrum
from .track_statistics import PART_STATISTICS, part_statistics, statistics

MODULATION_HZ = (0.5, 1.5, 3.0, 5.0, 8.0, 13.0, 25.0)
"""Edges of the modulation bands; the syllable rate is about 4 Hz."""

TIMING = ("duration_s", "voiced_share", "pause_share", "pauses_per_s", "peaks_per_s", "voiced_run_s")
"""Names of the values that :func:`timing` returns."""


def parts(voiced: np.ndarray) -> dict[str, np.ndarray]:
    """Frames that belong to each part of the clip.

    Parameters
    ----------
    voiced : np.ndarray of bool [shape=(n_frames,)]

    Returns
    -------
    dict of str to np.ndarray
        Frame numbers of ``voiced unvoiced first middle last``; a part of fewer than three frames is
        replaced by the whole clip.
    """
    every = np.arange(len(voiced))
    first, middle, last = np.array_split(every, 3)
    by_name = {
        "voiced": np.flatnonzero(voiced), "unvoiced": np.flatnonzero(~voiced),
        "first": first, "middle": middle, "last": last,
    }  # fmt: skip
    return {name: frames if len(frames) >= 3 else every for name, frames in by_name.items()}


def modulation(log_mel: np.ndarray, *, frame_s: float, n_groups: int = 8) -> np.ndarray:
    """Log power of slow level modulations in groups of mel bands.

    Parameters
    ----------
    log_mel : np.ndarray [shape=(n_mels, n_frames)]
        Decibels.
    frame_s : float
        Hop in seconds.
    n_groups : int
        Number of groups of neighbouring bands.

    Returns
    -------
    np.ndarray [shape=(n_groups, 6)]
        One column for each band of :data:`MODULATION_HZ`.
    """
    n_mels, n_frames = log_mel.shape
    groups = _group_means(n_mels, n_groups) @ log_mel
    groups -= groups.mean(axis=1, keepdims=True)
    # zero padding to at least four seconds gives every band a bin, however short the clip
    n_fft = 2 ** math.ceil(math.log2(max(n_frames, 4.0 / frame_s)))
    power = np.square(np.abs(np.fft.rfft(groups, n=n_fft, axis=1))) / n_frames
    return np.log(power @ _modulation_bands(n_fft, frame_s) + 1e-3)


@lru_cache(maxsize=16)
def _modulation_bands(n_fft: int, frame_s: float) -> np.ndarray:
    """Matrix that averages the bins of each band of :data:`MODULATION_HZ`, [shape=(1 + n_fft // 2, 6)]."""
    hertz = np.fft.rfftfreq(n_fft, frame_s)[:, None]
    inside = (hertz >= MODULATION_HZ[:-1]) & (hertz < MODULATION_HZ[1:])
    return (inside / inside.sum(axis=0)).astype(np.float32)


@lru_cache(maxsize=8)
def _group_means(n_mels: int, n_groups: int) -> np.ndarray:
    """Matrix that averages groups of neighbouring bands, [shape=(n_groups, n_mels)]."""
    matrix = np.zeros((n_groups, n_mels), dtype=np.float32)
    for row, group in zip(matrix, np.array_split(np.arange(n_mels), n_groups), strict=True):
        row[group] = 1 / len(group)
    return matrix


def timing(rms: np.ndarray, voiced: np.ndarray, *, frame_s: float) -> np.ndarray:
    """Duration, pauses, syllable rate and voicing of a clip.

    Parameters
    ----------
    rms : np.ndarray [shape=(n_frames,)]
        Linear level.
    voiced : np.ndarray of bool [shape=(n_frames,)]
    frame_s : float
        Hop in seconds.

    Returns
    -------
    np.ndarray [shape=(6,)]
        In the order of :data:`TIMING`, in seconds, proportions of frames or events per second. The duration
        is the number of frames times the hop, one hop longer than the clip. Pauses are frames more than
        25 dB below the loudest; peaks of the smoothed level are roughly syllables.
    """
    seconds = len(rms) * frame_s
    quiet = rms < rms.max(initial=0.0) * 10 ** (-25 / 20)
    smooth = np.convolve(rms, _smoothing(max(3, round(0.1 / frame_s)) + 2), mode="same")
    rising = np.diff(smooth) > 0
    peaks = np.flatnonzero(rising[:-1] & ~rising[1:]) + 1
    n_peaks = np.count_nonzero(smooth[peaks] > 0.2 * smooth.max(initial=0.0))
    voiced_run = voiced.sum() * frame_s / max(1, _n_runs(voiced))
    return np.array(
        [seconds, voiced.mean(), quiet.mean(), _n_runs(quiet) / seconds, n_peaks / seconds, voiced_run]
    )


@lru_cache(maxsize=8)
def _smoothing(n: int) -> np.ndarray:
    """Weights of a moving average, [shape=(n,)]."""
    window = np.hanning(n)
    return window / window.sum()


def _n_runs(flags: np.ndarray) -> int:
    """Number of unbroken stretches of True."""
    return int(np.count_nonzero(flags[1:] & ~flags[:-1])) + int(flags[:1].sum())


def row_of(spectrum: Spectrum) -> np.ndarray:
    """Table row of a clip, [shape=(n_columns,), dtype=float32], in the order of :func:`column_names`."""
    recipe = spectrum.recipe
    tracks, pitch_row, voiced = _dense(spectrum)
    blocks = [statistics(tracks, recipe.statistics)]
    if pitch_row is not None:  # pitch exists in voiced frames only
        voiced_pitch = tracks[pitch_row : pitch_row + 1, voiced] if voiced.any() else np.zeros((1, 1))
        blocks[0][pitch_row] = statistics(voiced_pitch, recipe.statistics)[0]
    if recipe.slope_statistics:
        blocks.append(statistics(slope(tracks.T).T, recipe.slope_statistics))
    if recipe.parts:
        inside = parts(voiced)
        blocks.append(part_statistics(tracks, [inside[part] for part in recipe.parts]))
    if recipe.timing:
        frame_s = recipe.hop_length / recipe.sr
        blocks.append(modulation(spectrum.log_mel.T, frame_s=frame_s))
        blocks.append(timing(spectrum.rms, voiced, frame_s=frame_s))
    return np.concatenate([block.ravel() for block in blocks]).astype(np.float32)


@lru_cache(maxsize=16)
def _rows(recipe: Recipe) -> tuple[str, ...]:
    """Names of the rows of frames."""
    silence = Spectrum(np.zeros(4 * recipe.n_fft, dtype=np.float32), recipe)
    if _needs_pitch(recipe):
        _ = silence.pitch  # raises here, and not at the first clip, if the window is too short
    rows = []
    for name in recipe.descriptors:
        track = DESCRIPTORS[name](silence)
        rows += [name] if track.ndim == 1 else [f"{name}[{k}]" for k in range(track.shape[1])]
    return tuple(rows)


@lru_cache(maxsize=16)
def _names(recipe: Recipe) -> tuple[str, ...]:
    """Names of the columns of tables."""
    if not isinstance(recipe, Recipe):  # of an encoder
        return tuple(recipe.column_names())
    rows = _rows(recipe)
    names = [f"{row}.{statistic}" for row in rows for statistic in recipe.statistics]
    names += [f"{row}.slope.{statistic}" for row in rows for statistic in recipe.slope_statistics]
    names += [f"{row}.{part}.{stat}" for part in recipe.parts for row in rows for stat in PART_STATISTICS]
    if recipe.timing:
        hertz = MODULATION_HZ
        names += [f"modulation[{g}].{lo}-{hi}Hz" for g in range(8) for lo, hi in itertools.pairwise(hertz)]
        names += [f"timing.{name}" for name in TIMING]
    return tuple(names)


def row_names(recipe: str | Recipe = "default") -> list[str]:
    """Names of the rows of :func:`sercore.features.frames`, such as ``mfcc[0]`` or ``f0``.

    Examples
    --------
    >>> row_names("s0_mfcc_chroma")[39:41]
    ['mfcc[39]', 'chroma[0]']
    >>> row_names("default").index("f0")  # row of the pitch in frames of the default recipe
    115

    See Also
    --------
    column_names : the columns of tables.

    Notebook: 07_interpretability.ipynb
    """
    return list(_rows(get_recipe(recipe)))


def column_names(recipe: str | Recipe = "default") -> list[str]:
    """Names of table columns: ``descriptor[row].statistic``, ``descriptor[row].slope.statistic``, ….

    Examples
    --------
    >>> column_names("s0_mfcc")[:2]
    ['mfcc[0].mean', 'mfcc[1].mean']

    See Also
    --------
    column_groups : columns by descriptor.

    Notebook: 02_feature_extraction.ipynb
    """
    return list(_names(get_recipe(recipe)))


def column_groups(recipe: str | Recipe = "default") -> dict[str, list[int]]:
    """Column numbers of a table by descriptor (``log_mel``, ``mfcc``, …), or by block of an encoder.

    Examples
    --------
    >>> {name: len(columns) for name, columns in column_groups("s0_mfcc_chroma").items()}
    {'mfcc': 40, 'chroma': 12}

    Notebook: 02_feature_extraction.ipynb
    """
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(_names(get_recipe(recipe))):
        groups.setdefault(name.split("[")[0].split(".")[0], []).append(column)
    return groups


def _needs_pitch(recipe: Recipe) -> bool:
    """Whether any column depends on which frames are voiced."""
    return bool(recipe.timing or {"voiced", "unvoiced"} & set(recipe.parts) or "f0" in recipe.descriptors)


def _dense(spectrum: Spectrum) -> tuple[np.ndarray, int | None, np.ndarray]:
    """All tracks as finite rows (pitch interpolated), the row of the pitch, and which frames are voiced."""
    recipe = spectrum.recipe
    rows, pitch_row = [], None
    voiced = np.isfinite(spectrum.pitch[0]) if _needs_pitch(recipe) else np.ones(spectrum.n_frames, bool)
    for name in recipe.descriptors:
        track = DESCRIPTORS[name](spectrum)
        if name == "f0":
            pitch_row, track = sum(map(len, rows)), pitch.bridge_gaps(track)
        rows.append(track[None, :] if track.ndim == 1 else track.T)
    return np.concatenate(rows, dtype=np.float32, casting="same_kind"), pitch_row, voiced

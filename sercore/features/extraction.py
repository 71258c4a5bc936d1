"""Features of one clip: single descriptors, stacked frames, or one row of a table."""

from __future__ import annotations

import numpy as np
import scipy.fft

from .. import audio
from .descriptors import DESCRIPTORS
from .functionals import row_of
from .recipe import Recipe, get_recipe
from .spectrum import Spectrum

_ROLL_OFF_HZ = 600.0  # from the band limit to the frequency at which the low-pass filter lets nothing pass


def compute(wave: np.ndarray, names: tuple[str, ...], recipe: str | Recipe = "default") -> dict:
    """Descriptors of one waveform, from one Fourier transform.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at ``recipe.sr``; it is not filtered, trimmed or scaled (see :func:`prepare`).
    names : tuple of str
        Descriptors, from :data:`DESCRIPTORS`.
    recipe : str or Recipe

    Returns
    -------
    dict of str to np.ndarray [shape=(n_rows, n_frames)]
        Time-last, as in librosa. ``f0`` is NaN in unvoiced frames.

    Raises
    ------
    AudioError
        ``wave`` is not a mono waveform, is empty or not finite.

    Examples
    --------
    >>> tone = 0.1 * np.sin(2 * np.pi * 220 * np.arange(16_000) / 16_000)
    >>> tracks = compute(tone, ("log_mel", "f0"))
    >>> tracks["log_mel"].shape, round(float(tracks["f0"][0, 50]), 2)  # three octaves above 27.5 Hz
    ((64, 101), 36.0)

    See Also
    --------
    frames : all descriptors of a recipe, stacked.

    Notebook: 01_eda.ipynb
    """
    spectrum = Spectrum(wave, get_recipe(recipe))
    return {name: _time_last(DESCRIPTORS[name](spectrum)) for name in names}


def frames(wave: np.ndarray, recipe: str | Recipe = "default") -> np.ndarray:
    """All descriptors of a recipe for every frame, stacked.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at ``recipe.sr``.
    recipe : str or Recipe

    Returns
    -------
    np.ndarray [shape=(n_features, n_frames), dtype=float32]
        Finite: unvoiced frames have pitch 0 (and a low ``voicing``). Rows are named by :func:`row_names`.

    Examples
    --------
    >>> noise = 0.1 * np.random.default_rng(0).standard_normal(16_000)
    >>> frames(noise, "log_mel").shape
    (64, 101)

    See Also
    --------
    extract_frames : the same for a corpus, cached.
    """
    audio.check_array(wave)
    recipe = get_recipe(recipe)
    tracks = compute(prepare(wave, recipe), recipe.descriptors, recipe)
    if "f0" in tracks:
        tracks["f0"] = np.nan_to_num(tracks["f0"], nan=0.0)
    return np.concatenate(list(tracks.values())).astype(np.float32)


def table_row(wave: np.ndarray, recipe: str | Recipe = "default") -> np.ndarray:
    """One row of a table: functionals of every descriptor over time.

    Statistics of pitch are computed over voiced frames only (0 if there are none).

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at ``recipe.sr``.
    recipe : str or Recipe

    Returns
    -------
    np.ndarray [shape=(n_columns,), dtype=float32]
        In the order of :func:`column_names`.

    Examples
    --------
    >>> noise = 0.1 * np.random.default_rng(0).standard_normal(16_000)
    >>> len(table_row(noise, "s4_statistics"))
    44

    See Also
    --------
    extract_table : the same for a corpus, cached.

    Notebook: 02_feature_extraction.ipynb
    """
    audio.check_array(wave)
    recipe = get_recipe(recipe)
    return row_of(Spectrum(prepare(wave, recipe), recipe))


def prepare(wave: np.ndarray, recipe: Recipe) -> np.ndarray:
    """The waveform as features are computed from it: filtered, trimmed and scaled, if the recipe says so.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at ``recipe.sr``.
    recipe : Recipe
        Its ``band_limit``, ``trim_db`` and ``level_db``.

    Returns
    -------
    np.ndarray [shape=(n_kept,)]
        Scaled samples may exceed 1. A silent waveform keeps its level.

    Notebook: 05_cnn_transformer.ipynb
    """
    wave = wave if recipe.band_limit is None else _low_pass(wave, recipe)
    kept = wave if recipe.trim_db is None else audio.trim(wave, recipe.sr, top_db=recipe.trim_db)
    rms = np.sqrt(np.mean(np.square(kept, dtype=float))) if recipe.level_db is not None else 0.0
    return kept if rms == 0 else (kept * (10 ** (recipe.level_db / 20) / rms)).astype(np.float32)


def _low_pass(wave: np.ndarray, recipe: Recipe) -> np.ndarray:
    """The waveform without frequencies above the band limit; phases and delays do not change."""
    n_fft = scipy.fft.next_fast_len(wave.size + recipe.sr // 10, real=True)  # zeros between end and beginning
    above = np.fft.rfftfreq(n_fft, 1.0 / recipe.sr) - recipe.band_limit
    gain = 0.5 + 0.5 * np.cos(np.pi * np.clip(above / _ROLL_OFF_HZ, 0.0, 1.0))
    spectrum = scipy.fft.rfft(np.asarray(wave, np.float32), n=n_fft) * gain.astype(np.float32)
    return scipy.fft.irfft(spectrum, n=n_fft)[: wave.size]


def _time_last(track: np.ndarray) -> np.ndarray:
    """Convert a time-first descriptor to time-last, [shape=(n_rows, n_frames)]."""
    return track[None, :] if track.ndim == 1 else track.T

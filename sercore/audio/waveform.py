"""Waveforms from files: load, check, resample, fit the length.

A waveform is mono ``float32`` in [-1, 1] with shape ``(n_samples,)``. Whatever cannot be one raises
an :class:`~sercore.errors.AudioError` whose ``reason`` says why, so that a batch can list its bad
clips instead of dying of one or training on silence.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..errors import AudioError
from .reading import AUDIO_SUFFIXES, MAX_SECONDS, SAMPLE_RATES, read

__all__ = [
    "AUDIO_SUFFIXES", "MAX_SECONDS", "MIN_SECONDS", "SAMPLE_RATE", "check", "check_array", "convert",
    "fit_length", "load", "trim",
]  # fmt: skip

SAMPLE_RATE = 16_000
"""Default rate in Hz: keeps speech up to 8 kHz and is what most speech models expect."""

MIN_SECONDS = 0.1
_SILENT_PEAK = 1e-4  # -80 dB below full scale: 3 steps of a 16-bit recorder
_CANCEL_DB = 40.0


def load(path: str | os.PathLike, *, sr: int = SAMPLE_RATE) -> np.ndarray:
    """Read a recording as a checked mono waveform at ``sr``.

    Channels are averaged; a constant offset, which some recorders add and nobody hears, is taken
    out; the sample rate is converted by soxr's high-quality filter; what overshoots full scale is
    clipped, as a player would. The level is left as recorded, because loudness is a cue of emotion.

    Parameters
    ----------
    path : path
        Any file libsndfile reads: wav, flac, ogg, mp3, aiff (also under a wrong extension).
    sr : int
        Sample rate of the result in Hz.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]
        Mono waveform in [-1, 1].

    Raises
    ------
    AudioError
        With ``reason`` missing, unreadable (no permission), empty, lfs-pointer, web-page, not-audio,
        truncated, too-long, channels-cancel, not-finite, out-of-range, too-short or silent.
    """
    samples, native_sr = read(Path(path))
    return convert(_to_mono(samples, where=str(path)), native_sr, sr=sr, where=str(path))


def convert(
    wave: np.ndarray, native_sr: int, *, sr: int = SAMPLE_RATE, where: str = "the waveform"
) -> np.ndarray:
    """What :func:`load` returns for a mono float file with these samples.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono float in [-1, 1].
    native_sr, sr : int
        Sample rate of the waveform, and of the result, in Hz.
    where : str
        What the error message calls the source.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]

    Raises
    ------
    AudioError
        Not a sample rate of speech, or see :func:`check`.
    """
    import soxr

    low, high = SAMPLE_RATES
    if not low <= native_sr <= high:
        raise AudioError(
            f"{where}: {native_sr} Hz; speech is sampled at {low} to {high} Hz", reason="not-audio"
        )
    check(wave, native_sr, where=where)
    wave = np.asarray(wave, dtype=np.float32)
    wave = wave - wave.mean()
    if native_sr != sr:
        wave = soxr.resample(wave, native_sr, sr, quality="HQ")
        check(wave, sr, where=where)  # what lay above sr / 2 is gone; was it all?
    return np.clip(wave, -1.0, 1.0, out=wave)


def check(wave: np.ndarray, sr: int, *, where: str = "the waveform") -> None:
    """Raise AudioError unless ``wave`` is usable mono speech audio.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    where : str
        What the error message calls the source.

    Raises
    ------
    AudioError
        With ``reason`` too-short, silent, or one of :func:`check_array`.
    """
    check_array(wave, where=where)
    if wave.size < MIN_SECONDS * sr:
        raise AudioError(
            f"{where}: {wave.size / sr:.3f} s long; at least {MIN_SECONDS} s are needed", reason="too-short"
        )
    swing = float(wave.max() - wave.min()) / 2  # not the peak: a constant offset is silent too
    if swing < _SILENT_PEAK:
        raise AudioError(
            f"{where}: silent (peak {swing:.1e} of full scale); leave the clip out", reason="silent"
        )


def check_array(wave: np.ndarray, *, where: str = "the waveform") -> None:
    """Raise AudioError unless ``wave`` is a mono float array of finite samples, silent or not.

    Raises
    ------
    AudioError
        With ``reason`` not-mono, empty, not-finite or out-of-range.
    """
    wave = np.asarray(wave)
    if wave.ndim != 1 or wave.dtype.kind != "f":
        raise AudioError(
            f"{where}: shape {wave.shape} of {wave.dtype}, but a waveform is mono float of shape "
            "(n_samples,); average the channels and divide integers by their full scale",
            reason="not-mono",
        )
    if wave.size == 0:
        raise AudioError(f"{where}: holds no samples", reason="empty")
    peak = max(float(wave.max()), -float(wave.min()))
    if not np.isfinite(peak):
        bad = int(np.count_nonzero(~np.isfinite(wave)))
        raise AudioError(
            f"{where}: {bad} of {wave.size} samples are NaN or infinite; export it again",
            reason="not-finite",
        )
    if peak > 8.0:  # float files may overshoot 1 a little; this is another unit
        raise AudioError(
            f"{where}: peak {peak:.3g}, but samples must lie in [-1, 1]; divide integers by their full scale",
            reason="out-of-range",
        )


def fit_length(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """Cut or zero-pad at the end to exactly ``n_samples``.

    Parameters
    ----------
    wave : np.ndarray [shape=(n,)]
    n_samples : int

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
    """
    if wave.size >= n_samples:
        return wave[:n_samples]
    return np.pad(wave, (0, n_samples - wave.size))


def trim(wave: np.ndarray, sr: int, *, top_db: float = 40.0) -> np.ndarray:
    """Waveform without the silence before and after the speech.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    top_db : float
        Frames (25 ms) this many decibels below the loudest one count as silence.

    Returns
    -------
    np.ndarray [shape=(n_kept,)]
        A view of ``wave``; at least 0.1 s long, all of it where nothing is silent.

    Raises
    ------
    AudioError
        ``wave`` is no waveform (see :func:`check_array`).
    """
    check_array(wave)
    size = max(1, int(0.025 * sr))
    n_blocks = wave.size // size
    if n_blocks < 5:
        return wave
    energy = np.einsum("ij,ij->i", *[wave[: n_blocks * size].reshape(n_blocks, size)] * 2)
    loud = np.flatnonzero(energy >= energy.max() * 10 ** (-top_db / 10))
    first, last = max(0, loud[0] - 1), min(n_blocks, loud[-1] + 2)
    if last - first < 5:
        first, last = 0, n_blocks
    return wave[first * size : wave.size if last == n_blocks else last * size]


def _to_mono(samples: np.ndarray, *, where: str) -> np.ndarray:
    """Mean over channels, refused where they cancel each other."""
    n_channels = samples.shape[1]
    if n_channels == 1:
        return samples[:, 0]
    with np.errstate(over="ignore", invalid="ignore"):  # check() names what is huge or not finite
        mono = samples @ np.full(n_channels, 1.0 / n_channels, dtype=np.float32)  # 10 times faster than mean
        power, loudest = mono @ mono, np.einsum("ij,ij->j", samples, samples).max()
    if power < loudest * 10 ** (-_CANCEL_DB / 10):
        raise AudioError(
            f"{where}: its {n_channels} channels cancel each other when averaged (one is inverted); "
            "keep one channel",
            reason="channels-cancel",
        )
    return mono

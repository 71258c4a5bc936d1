"""Waveforms: load, validate, resample, trim and pad.

A waveform is mono ``float32`` in [-1, 1] with shape ``(n_samples,)``. Unusable input raises an
:class:`~sercore.errors.AudioError` with a ``reason``, so that a batch can list its bad clips
instead of stopping at the first or training on silence.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..errors import AudioError
from .reading import SAMPLE_RATES, read

__all__ = ["MIN_SECONDS", "SAMPLE_RATE", "check", "check_array", "convert", "fit_length", "load", "trim"]

SAMPLE_RATE = 16_000
"""Default sample rate in Hz: keeps frequencies up to 8 kHz, as most speech models expect."""

MIN_SECONDS = 0.1
"""Shortest accepted waveform, in seconds."""
_SILENT_PEAK = 1e-4  # -80 dB relative to full scale, about 3 quantisation steps of 16 bits
MAX_PEAK = 8.0
"""Float files may exceed full scale slightly; a higher peak means other units."""

_CANCEL_DB = 6.0  # below the mean of independent channels; one channel that is inverted in part is enough


def load(path: str | os.PathLike, *, sr: int = SAMPLE_RATE, channel: int | None = None) -> np.ndarray:
    """Validated mono waveform of a recording, at sample rate ``sr``.

    Channels are averaged, a constant offset is subtracted, the waveform is resampled by soxr (quality
    ``"HQ"``), and samples beyond full scale are clipped. The level is not normalised, because loudness is a
    cue of emotion.

    Parameters
    ----------
    path : path
        Any file that libsndfile reads: wav, flac, ogg, mp3, aiff (also with a wrong suffix); m4a, WebM,
        AMR and others if ffmpeg or the package imageio-ffmpeg is installed.
    sr : int
        Sample rate of the result in Hz.
    channel : int, optional
        Channel to use, from 0, instead of the mean of all channels.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]
        Mono waveform in [-1, 1].

    Raises
    ------
    AudioError
        With ``reason`` missing, unreadable (no permission, no decoder), empty, lfs-pointer, web-page,
        not-audio, truncated, joined, too-long, channels-cancel, not-mono (there is no such channel),
        not-finite, out-of-range, too-short or silent.

    See Also
    --------
    convert : the same for a waveform in memory.
    read : samples as stored, with all channels.

    Notebook: 01_eda.ipynb
    """
    samples, native_sr = read(Path(path))
    return convert(_to_mono(samples, channel, where=str(path)), native_sr, sr=sr, where=str(path))


def convert(
    wave: np.ndarray, native_sr: int, *, sr: int = SAMPLE_RATE, where: str = "the waveform"
) -> np.ndarray:
    """Validated waveform at sample rate ``sr``, as :func:`load` returns it for a file with these samples.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono float in [-1, 1].
    native_sr, sr : int
        Sample rate of the waveform, and of the result, in Hz.
    where : str
        Name of the source in error messages.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]

    Raises
    ------
    AudioError
        The sample rate is implausible, or see :func:`check`.

    Examples
    --------
    >>> tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    >>> convert(tone, 48_000).shape
    (16000,)
    """
    import soxr

    low, high = SAMPLE_RATES
    if not low <= native_sr <= high:
        raise AudioError(
            f"{where}: a sample rate of {native_sr} Hz; it must be {low} to {high} Hz", reason="not-audio"
        )
    check(wave, native_sr, where=where)
    wave = np.asarray(wave, dtype=np.float32)
    wave = wave - wave.mean()
    if native_sr != sr:
        wave = soxr.resample(wave, native_sr, sr, quality="HQ")
        check(wave, sr, where=where)  # resampling may remove everything: frequencies above sr / 2
    return np.clip(wave, -1.0, 1.0, out=wave)


def check(wave: np.ndarray, sr: int, *, where: str = "the waveform") -> None:
    """Raise AudioError unless ``wave`` is a usable mono waveform: long enough and not silent.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    sr : int
        Sample rate in Hz.
    where : str
        Name of the source in error messages.

    Raises
    ------
    AudioError
        With ``reason`` too-short, silent, or one of :func:`check_array`.

    Examples
    --------
    >>> check(np.zeros(16_000), 16_000)
    Traceback (most recent call last):
        ...
    sercore.errors.AudioError: the waveform: silent (peak 0.0e+00 of full scale); leave the clip out
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


def check_array(wave: np.ndarray, *, where: str = "the waveform", highest: float = MAX_PEAK) -> None:
    """Raise AudioError unless ``wave`` is a mono float array of finite samples; it may be silent.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
    where : str
        Name of the source in error messages.
    highest : float
        Largest magnitude of a sample that is accepted.

    Raises
    ------
    AudioError
        With ``reason`` not-mono, empty, not-finite or out-of-range.
    """
    wave = np.asarray(wave)
    if wave.ndim != 1 or wave.dtype.kind != "f":
        raise AudioError(
            f"{where}: {wave.dtype} of shape {wave.shape}, but a waveform is mono float of shape "
            "(n_samples,); average the channels and divide integers by their full scale",
            reason="not-mono",
        )
    if wave.size == 0:
        raise AudioError(f"{where}: it has no samples", reason="empty")
    peak = max(float(wave.max()), -float(wave.min()))
    if not np.isfinite(peak):
        bad = int(np.count_nonzero(~np.isfinite(wave)))
        raise AudioError(
            f"{where}: {bad} of {wave.size} samples are NaN or infinite; export it again",
            reason="not-finite",
        )
    if peak > highest:
        raise AudioError(
            f"{where}: peak {peak:.3g}, but samples must be in [-1, 1]; divide integers by their full scale",
            reason="out-of-range",
        )


def fit_length(wave: np.ndarray, n_samples: int) -> np.ndarray:
    """Waveform of exactly ``n_samples``, cut or zero-padded at the end.

    Parameters
    ----------
    wave : np.ndarray [shape=(n,)]
    n_samples : int

    Returns
    -------
    np.ndarray [shape=(n_samples,)]

    See Also
    --------
    trim : remove silence at both ends.

    Examples
    --------
    >>> fit_length(np.ones(3, dtype=np.float32), 5)
    array([1., 1., 1., 0., 0.], dtype=float32)

    Notebook: 08_pretrained_encoder.ipynb
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
        Frames of 25 ms that are this many decibels below the loudest one are silence.

    Returns
    -------
    np.ndarray [shape=(n_kept,)]
        A view of ``wave``, at least 0.1 s long; the whole wave if nothing is silent.

    Raises
    ------
    AudioError
        ``wave`` is not a waveform (see :func:`check_array`).

    Examples
    --------
    >>> wave = np.r_[np.zeros(16_000), np.ones(8_000), np.zeros(16_000)]
    >>> trim(wave, 16_000).size / 16_000
    0.55

    Notebook: 01_eda.ipynb
    """
    check_array(wave, highest=np.inf)  # a filter may have raised its peaks
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


def _to_mono(samples: np.ndarray, channel: int | None = None, *, where: str) -> np.ndarray:
    """One channel, or the mean over channels; raises if they cancel each other."""
    n_channels = samples.shape[1]
    if channel is not None:
        if not 0 <= channel < n_channels:
            raise AudioError(
                f"{where}: channel={channel}, but it has {n_channels} channel(s), counted from 0",
                reason="not-mono",
            )
        return np.ascontiguousarray(samples[:, channel])
    if n_channels == 1 or len(samples) == 0:
        return samples[:, 0]
    with np.errstate(over="ignore", invalid="ignore"):  # check() reports huge or non-finite samples
        mono = samples @ np.full(n_channels, 1.0 / n_channels, dtype=np.float32)  # 10 times faster than mean
        varying = samples - samples.mean(axis=0)  # an offset common to all channels hides what cancels
        each, rest = np.einsum("ij,ij->j", varying, varying), mono - mono.mean()
        power, independent = rest @ rest, each.sum() / n_channels**2
    loudest = int(each.argmax())
    if 0 < each[loudest] < np.inf and power <= independent * 10 ** (-_CANCEL_DB / 10):
        loss = f"{10 * np.log10(each[loudest] / power):.0f} dB softer than" if power > 0 else "silent, unlike"
        raise AudioError(
            f"{where}: the mean of its {n_channels} channels is {loss} channel {loudest}: they cancel each "
            f"other (one is inverted?); keep one channel, with channel={loudest} (--channel {loudest})",
            reason="channels-cancel",
        )
    return mono

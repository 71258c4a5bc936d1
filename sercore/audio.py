"""Waveforms from files: load, check, resample, fit the length.

A waveform is mono ``float32`` in [-1, 1] with shape ``(n_samples,)``. Whatever cannot be one raises
an :class:`~sercore.errors.AudioError` whose ``reason`` says why, so that a batch can list its bad
clips instead of dying of one or training on silence.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np

from .errors import AudioError

SAMPLE_RATE = 16_000
"""Default rate in Hz: keeps speech up to 8 kHz and is what most speech models expect."""

EXTENSIONS = (".wav", ".flac", ".ogg", ".mp3")
"""File names that count as audio when a folder is searched."""

MIN_SECONDS = 0.1
MAX_SECONDS = 3600.0
_SILENT_PEAK = 1e-4  # -80 dB below full scale: 3 steps of a 16-bit recorder
_CANCEL_DB = 40.0


def load(path: str | os.PathLike, *, sr: int = SAMPLE_RATE) -> np.ndarray:
    """Read a recording as a checked mono waveform at ``sr``.

    Channels are averaged, the sample rate is converted by soxr's high-quality filter. The level
    is left as recorded, because loudness is a cue of emotion.

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
        With ``reason`` missing, empty, lfs-pointer, web-page, not-audio, truncated, too-long,
        not-finite, channels-cancel, too-short or silent.
    """
    import soxr

    samples, native_sr = _read(Path(path))
    wave = _to_mono(samples, where=str(path))
    check(wave, native_sr, where=str(path))
    if native_sr != sr:
        wave = np.clip(soxr.resample(wave, native_sr, sr, quality="HQ"), -1.0, 1.0)
    return wave


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
        With ``reason`` not-mono, not-finite, out-of-range, empty, too-short or silent.
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
    peak = float(np.max(np.abs(wave)))
    if not np.isfinite(peak):
        bad = int(np.count_nonzero(~np.isfinite(wave)))
        raise AudioError(
            f"{where}: {bad} of {wave.size} samples are NaN or infinite; export it again",
            reason="not-finite",
        )
    if wave.size < MIN_SECONDS * sr:
        raise AudioError(
            f"{where}: {wave.size / sr:.3f} s long; at least {MIN_SECONDS} s are needed", reason="too-short"
        )
    if peak < _SILENT_PEAK:
        raise AudioError(
            f"{where}: silent (peak {peak:.1e} of full scale); leave the clip out", reason="silent"
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
    """
    size = max(1, int(0.025 * sr))
    n_blocks = wave.size // size
    if n_blocks < 5:
        return wave
    energy = np.einsum("ij,ij->i", *[wave[: n_blocks * size].reshape(n_blocks, size)] * 2)
    loud = np.flatnonzero(energy > energy.max() * 10 ** (-top_db / 10))
    first, last = max(0, loud[0] - 1), min(n_blocks, loud[-1] + 2)
    if last - first < 5:
        first, last = 0, n_blocks
    return wave[first * size : wave.size if last == n_blocks else last * size]


def _read(path: Path) -> tuple[np.ndarray, int]:
    """Samples of shape (n, channels) as stored, and their rate."""
    import soundfile

    try:
        info = os.stat(path)
    except OSError as error:
        raise AudioError(f"{path}: cannot be opened ({error.strerror or error})", reason="missing") from error
    if not stat.S_ISREG(info.st_mode):
        raise AudioError(f"{path}: not a regular file; name one recording", reason="not-audio")
    if info.st_size == 0:
        raise AudioError(f"{path}: the file is empty (0 bytes); copy or download it again", reason="empty")
    try:
        with open(path, "rb") as handle:
            head = handle.read(512)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})", reason="missing") from error
    _refuse_lookalikes(head, path)
    _refuse_cut_wav(head, info.st_size, path)
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > MAX_SECONDS * file.samplerate:
                raise AudioError(
                    f"{path}: {file.frames / file.samplerate / 60:.0f} min long; cut it into pieces of at "
                    f"most {MAX_SECONDS / 60:.0f} min",
                    reason="too-long",
                )
            samples, declared = file.read(dtype="float32", always_2d=True), file.frames
            native_sr = file.samplerate
    except (soundfile.LibsndfileError, RuntimeError) as error:
        cut = head[:4] in (b"fLaC", b"OggS")
        raise AudioError(
            f"{path}: not readable as audio ({error}); expected {', '.join(EXTENSIONS)}"
            + (", and this one seems cut off or damaged" if cut else ""),
            reason="truncated" if cut else "not-audio",
        ) from error
    if len(samples) < declared:
        raise AudioError(
            f"{path}: cut off: {len(samples)} of {declared} samples are there; get the file again",
            reason="truncated",
        )
    return samples, native_sr


def _refuse_lookalikes(head: bytes, path: Path) -> None:
    """Text that a failed download leaves under the name of a recording."""
    if head.startswith(b"version https://git-lfs"):
        raise AudioError(
            f"{path}: a Git LFS pointer, not the recording; run 'git lfs pull' in its clone, or get the "
            "corpus with 'sercore corpora download'",
            reason="lfs-pointer",
        )
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise AudioError(
            f"{path}: a web page saved under an audio name (an expired link?); download the file again",
            reason="web-page",
        )


def _refuse_cut_wav(head: bytes, n_bytes: int, path: Path) -> None:
    """libsndfile plays what is left of a cut wav without a word; the header tells."""
    if head[:4] != b"RIFF":
        return
    declared = int.from_bytes(head[4:8], "little") + 8
    streamed = declared >= 0xFFFFFF00 or declared <= 8  # written by a pipe that knew no length
    if not streamed and declared - n_bytes > 64:
        raise AudioError(
            f"{path}: cut off: the header declares {declared} bytes, {n_bytes} are there; get the file again",
            reason="truncated",
        )


def _to_mono(samples: np.ndarray, *, where: str) -> np.ndarray:
    """Mean over channels, refused where they cancel each other."""
    if samples.shape[1] == 1:
        return samples[:, 0]
    mono = samples.mean(axis=1)
    loudest = float(np.max(np.mean(samples**2, axis=0), initial=0.0))
    if loudest > 0 and np.mean(mono**2) < loudest * 10 ** (-_CANCEL_DB / 10):
        raise AudioError(
            f"{where}: its {samples.shape[1]} channels cancel each other when averaged (one is inverted); "
            "keep one channel",
            reason="channels-cancel",
        )
    return mono

"""Read samples from audio files, with an error that names the cause if that is impossible.

libsndfile reads truncated files and damaged headers without an error. The checks here detect them, and
the text files that failed downloads and clones without Git LFS leave under the names of recordings.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np

from ..errors import AudioError
from ..files import is_lfs_pointer

__all__ = ["AUDIO_SUFFIXES", "MAX_SECONDS", "SAMPLE_RATES", "read"]

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus", ".oga")
"""Suffixes of the files that are read when a folder is searched."""

MAX_SECONDS = 3600.0
"""Longest recording that is read, in seconds."""
SAMPLE_RATES = (4_000, 768_000)
"""Lowest and highest accepted sample rate in Hz; other values indicate a damaged header."""

_SAMPLES_PER_BYTE = 1000  # FLAC compresses digital silence about 500-fold; no format does better


def read(path: Path) -> tuple[np.ndarray, int]:
    """Samples of a file as stored, and their sample rate in Hz.

    Parameters
    ----------
    path : Path

    Returns
    -------
    samples : np.ndarray [shape=(n_samples, n_channels), dtype=float32]
    sr : int
        Sample rate in Hz.

    Raises
    ------
    AudioError
        With ``reason`` missing, unreadable, empty, lfs-pointer, web-page, not-audio, truncated or
        too-long.

    See Also
    --------
    load : a validated mono waveform at one sample rate.
    """
    import soundfile

    head, n_bytes = _open_head(path)
    _refuse_lookalikes(head, path)
    _refuse_cut_wav(head, n_bytes, path)
    cut = head[:4] in (b"fLaC", b"OggS")
    try:
        with soundfile.SoundFile(path) as file:
            native_sr, declared = file.samplerate, file.frames
            estimated = file.format == "MP3"  # without an index, the length of an mp3 is an estimate
            _refuse_headers(native_sr, declared, file.channels, n_bytes, path)
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:  # TypeError: .raw files
        raise AudioError(
            f"{path}: not readable as audio (its first bytes are {head[:12]!r}); "
            + ("it seems cut off or damaged: get it again" if cut else f"use {', '.join(AUDIO_SUFFIXES)}"),
            reason="truncated" if cut else "not-audio",
        ) from error
    if len(samples) < (0.85 * declared if estimated else declared) or (cut and declared == 0):
        raise AudioError(
            f"{path}: cut off: it contains {len(samples)} samples of {declared or 'more'}; get it again",
            reason="truncated",
        )
    return samples, native_sr


def _open_head(path: Path) -> tuple[bytes, int]:
    """First bytes of a file, and its size in bytes."""
    _refuse_name(os.fspath(path))
    try:
        info = os.stat(path)
        if not stat.S_ISREG(info.st_mode):
            raise AudioError(
                f"{path}: not a regular file; pass the path of one recording", reason="not-audio"
            )
        with open(path, "rb") as handle:
            head = handle.read(512)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AudioError(
            f"{path}: there is no such file; check its name and folder", reason="missing"
        ) from error
    except OSError as error:
        raise AudioError(
            f"{path}: cannot be opened ({error.strerror or error})", reason="unreadable"
        ) from error
    if not head:
        raise AudioError(f"{path}: the file is empty (0 bytes); copy or download it again", reason="empty")
    return head, info.st_size


def _refuse_name(name: str) -> None:
    """Raise for names that cannot be opened, or cannot be written into a table."""
    if "\0" in name or name.encode(errors="replace").decode() != name:
        raise AudioError(f"{name!a}: the name is not valid text; rename the file", reason="unreadable")


def _refuse_lookalikes(head: bytes, path: Path) -> None:
    """Raise for text files that failed downloads leave under the name of a recording."""
    if is_lfs_pointer(head):
        raise AudioError(
            f"{path}: a Git LFS pointer, not the recording; run 'git lfs pull' in the clone, or download the "
            "corpus with 'sercore corpora download'",
            reason="lfs-pointer",
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise AudioError(
            f"{path}: a web page under the name of a recording (an expired link?); download the file again",
            reason="web-page",
        )


def _refuse_cut_wav(head: bytes, n_bytes: int, path: Path) -> None:
    """Raise for a truncated wav or aiff, which libsndfile would read; the header declares the length."""
    if head[:4] not in (b"RIFF", b"RIFX", b"FORM"):
        return
    declared = int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big") + 8
    streamed = declared >= 0xFFFFFF00 or declared <= 8  # written to a pipe, with unknown length
    if not streamed and declared - n_bytes > 64:
        raise AudioError(
            f"{path}: cut off: the header declares {declared} bytes, the file has {n_bytes}; get it again",
            reason="truncated",
        )


def _refuse_headers(sr: int, n_frames: int, n_channels: int, n_bytes: int, path: Path) -> None:
    """Raise for implausible headers, which could request more memory than there is."""
    low, high = SAMPLE_RATES
    if not low <= sr <= high:
        raise AudioError(
            f"{path}: a sample rate of {sr} Hz, not {low} to {high} Hz; the header is damaged, get it again",
            reason="not-audio",
        )
    if n_frames * n_channels > _SAMPLES_PER_BYTE * n_bytes:
        raise AudioError(
            f"{path}: cut off or damaged: the header declares {n_frames} samples, more than {n_bytes} bytes "
            "can hold; get the file again",
            reason="truncated",
        )
    if n_frames > MAX_SECONDS * sr:
        raise AudioError(
            f"{path}: {n_frames / sr / 60:.0f} min long; cut it into pieces of at most "
            f"{MAX_SECONDS / 60:.0f} min",
            reason="too-long",
        )

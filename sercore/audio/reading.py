"""Files on disk: read their samples, or say what they are instead of a recording.

libsndfile reads whatever resembles audio and stays silent about what is missing; the checks here
catch what downloads, clones and cut copies leave behind.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np

from ..errors import AudioError
from ..files import is_lfs_pointer

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus", ".oga")
"""Suffixes of files that are read when a folder is searched, for training and for prediction."""

MAX_SECONDS = 3600.0
SAMPLE_RATES = (4_000, 768_000)
"""In Hz; outside, a header is damaged rather than a recorder odd."""

_SAMPLES_PER_BYTE = 1000  # FLAC packs digital silence about 500-fold; nothing packs tighter


def read(path: Path) -> tuple[np.ndarray, int]:
    """Samples as stored, and their rate in Hz.

    Parameters
    ----------
    path : Path

    Returns
    -------
    samples : np.ndarray [shape=(n_samples, n_channels), dtype=float32]
    sr : int

    Raises
    ------
    AudioError
        With ``reason`` missing, unreadable, empty, lfs-pointer, web-page, not-audio, truncated or
        too-long.
    """
    import soundfile

    head, n_bytes = _open_head(path)
    _refuse_lookalikes(head, path)
    _refuse_cut_wav(head, n_bytes, path)
    cut = head[:4] in (b"fLaC", b"OggS")
    try:
        with soundfile.SoundFile(path) as file:
            native_sr, declared = file.samplerate, file.frames
            guessed = file.format == "MP3"  # an mp3 without an index only estimates its length
            _refuse_headers(native_sr, declared, file.channels, n_bytes, path)
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:  # TypeError: named .raw
        raise AudioError(
            f"{path}: not readable as audio, begins with {head[:12]!r}; expected {', '.join(AUDIO_SUFFIXES)}"
            + (", and this one seems cut off or damaged: get it again" if cut else ""),
            reason="truncated" if cut else "not-audio",
        ) from error
    if len(samples) < (0.85 * declared if guessed else declared) or (cut and declared == 0):
        raise AudioError(
            f"{path}: cut off: {len(samples)} samples of {declared or 'more'} are there; get it again",
            reason="truncated",
        )
    return samples, native_sr


def _open_head(path: Path) -> tuple[bytes, int]:
    """First bytes of a file, and its size."""
    _refuse_name(os.fspath(path))
    try:
        info = os.stat(path)
        if not stat.S_ISREG(info.st_mode):
            raise AudioError(f"{path}: not a regular file; name one recording", reason="not-audio")
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
    """Names that no system opens, or that neither libsndfile nor a table can write."""
    if "\0" in name or name.encode(errors="replace").decode() != name:
        raise AudioError(
            f"{name!a}: a name with bytes that are no text; rename the file", reason="unreadable"
        )


def _refuse_lookalikes(head: bytes, path: Path) -> None:
    """Text that a failed download leaves under the name of a recording."""
    if is_lfs_pointer(head):
        raise AudioError(
            f"{path}: a Git LFS pointer, not the recording; run 'git lfs pull' in its clone, or get the "
            "corpus with 'sercore corpora download'",
            reason="lfs-pointer",
        )
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise AudioError(
            f"{path}: a web page saved under an audio name (an expired link?); download the file again",
            reason="web-page",
        )


def _refuse_cut_wav(head: bytes, n_bytes: int, path: Path) -> None:
    """libsndfile plays what is left of a cut wav or aiff without a word; the header tells."""
    if head[:4] not in (b"RIFF", b"RIFX", b"FORM"):
        return
    declared = int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big") + 8
    streamed = declared >= 0xFFFFFF00 or declared <= 8  # written by a pipe that knew no length
    if not streamed and declared - n_bytes > 64:
        raise AudioError(
            f"{path}: cut off: the header declares {declared} bytes, {n_bytes} are there; get the file again",
            reason="truncated",
        )


def _refuse_headers(sr: int, n_frames: int, n_channels: int, n_bytes: int, path: Path) -> None:
    """Headers that no recording has; believing them could ask for more memory than there is."""
    low, high = SAMPLE_RATES
    if not low <= sr <= high:
        raise AudioError(
            f"{path}: a sample rate of {sr} Hz; speech has {low} to {high} Hz: the header is damaged",
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

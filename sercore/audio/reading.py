"""Read samples from audio files, with an error that names the cause if that is impossible.

libsndfile reads truncated files and damaged headers without an error. The checks here and in
:mod:`sercore.audio.containers` detect them, and the text files that failed downloads and clones without
Git LFS leave under the names of recordings. Formats of telephones and browsers, which libsndfile does not
read, are recognised by their first bytes and decoded by ffmpeg if it is installed.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

from ..errors import AudioError
from ..files import is_lfs_pointer
from .containers import inspect, tag_size
from .formats import foreign, other_file

__all__ = [
    "AUDIO_SUFFIXES",
    "DECODED_SUFFIXES",
    "MAX_SECONDS",
    "OTHER_SUFFIXES",
    "SAMPLE_RATES",
    "read",
    "readable_suffixes",
]

AUDIO_SUFFIXES = (
    ".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus", ".oga", ".au", ".caf", ".w64", ".wave",
    ".aifc", ".rf64", ".snd", ".sph", ".voc", ".mp2", ".mpga", ".nist",
)  # fmt: skip
"""Suffixes of the files that are read when a folder is searched."""
DECODED_SUFFIXES = (
    ".m4a", ".mp4", ".aac", ".webm", ".amr", ".3gp", ".wma", ".mov", ".mkv", ".3g2", ".3gpp", ".ape", ".awb",
    ".m4b", ".m4v", ".mka", ".qta", ".spx", ".weba", ".wv", ".3ga", ".asf", ".m4r", ".mpc", ".shn", ".tta",
    ".wmv",
)  # fmt: skip
"""Suffixes of recordings that are read as well if ffmpeg is installed."""
OTHER_SUFFIXES = (
    ".avi", ".flv", ".mpeg", ".mpg", ".ac3", ".ds2", ".dsf", ".dss", ".dts", ".gsm", ".m2ts", ".msv", ".mts",
    ".ogv", ".pcm", ".qcp", ".ra", ".raw", ".rm",
    *(s + end for s in (*AUDIO_SUFFIXES, ".m4a", ".mp4") for end in (".crdownload", ".part", ".icloud")),
)  # fmt: skip
"""Suffixes of recordings that are named in messages, and not read; the last are unfinished downloads."""

MAX_SECONDS = 3600.0
"""Longest recording that is read, in seconds."""
SAMPLE_RATES = (4_000, 768_000)
"""Lowest and highest accepted sample rate in Hz; other values indicate a damaged header."""

MAX_SAMPLES = 2**29
"""Most samples of all channels that are read: 2 GiB of memory, 50 min at 96 kHz in stereo."""
DECODE_SECONDS = 120.0
"""Time after which ffmpeg is stopped."""

_SAMPLES_PER_BYTE = 1000  # FLAC compresses digital silence about 500-fold; no format does better
_UNKNOWN = 2**62  # libsndfile's number of frames if the file does not declare it is 2**63 - 1
_BLOCK = 2**20  # frames or bytes read at a time if their number is unknown
_CONTAINERS = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "NIST", "VOC", "CAF", "FLAC", "OGG", "MP3"}


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
        With ``reason`` missing, unreadable, empty, lfs-pointer, web-page, not-audio, truncated, joined
        or too-long.

    See Also
    --------
    load : a validated mono waveform at one sample rate.
    """
    head, n_bytes = _open_head(path)
    _refuse_lookalikes(head, path)
    found = foreign(head[tag_size(head, 0) if head.startswith(b"ID3") else 0 :])
    if found and found[1] != "wav":
        return _convert(path, *found)
    try:
        content, n_expected = inspect(path, head, n_bytes)
        if found:
            return _convert(path, *found)
    except AudioError:
        raise
    except Exception as error:
        raise AudioError(f"{path}: cannot be read ({_one_line(error)})", reason="unreadable") from error
    if content is not None and n_expected:  # an mp3 without index: its length is an estimate
        import soundfile

        with contextlib.suppress(Exception):
            content = content if soundfile.info(path).frames < n_expected else None
    samples, sr = _decode(path if content is None else io.BytesIO(content), path, head, n_bytes)
    if len(samples) < n_expected - 2 * 1152:  # decoders skip the first frames
        raise AudioError(
            f"{path}: cut off or damaged: {len(samples)} of about {n_expected} samples can be decoded; "
            "get it again",
            reason="truncated",
        )
    return samples, sr


def readable_suffixes() -> tuple[str, ...]:
    """Suffixes of the files that can be read on this machine.

    See Also
    --------
    AUDIO_SUFFIXES : read everywhere.

    Examples
    --------
    >>> set(AUDIO_SUFFIXES) <= set(readable_suffixes())
    True
    """
    return AUDIO_SUFFIXES + (DECODED_SUFFIXES if _ffmpeg() else ())


def _decode(source, path: Path, head: bytes, n_bytes: int) -> tuple[np.ndarray, int]:
    """Samples that libsndfile reads, all of them; whatever it raises becomes an AudioError."""
    import soundfile

    compressed = head[:4] in (b"fLaC", b"OggS")
    try:
        with soundfile.SoundFile(source) as file:
            n_frames, n_channels, sr = file.frames, file.channels, file.samplerate
            _refuse_headers(file, n_bytes, path)
            file.seekable = lambda: False  # no seeking, which telephone codecs and unknown lengths refuse
            if n_frames < _UNKNOWN:
                samples = file.read(n_frames, dtype="float32", always_2d=True)
            else:
                samples = _read_blocks(file, path)
            declared = 0 if n_frames >= _UNKNOWN or file.format == "MP3" else n_frames
    except AudioError:
        raise
    except MemoryError as error:
        raise AudioError(f"{path}: memory is too short to decode it", reason="unreadable") from error
    except Exception as error:  # of any type: libsndfile, soundfile
        known = other_file(head)
        found = f"it is {known[0]}" if known else f"its first bytes are {head[:12]!r}; {_one_line(error)}"
        advice = known[1] if known else f"use {', '.join(AUDIO_SUFFIXES[:8])}"
        raise AudioError(
            f"{path}: not readable as audio ({found}); "
            + ("it seems cut off or damaged: get it again" if compressed else advice),
            reason="truncated" if compressed else "not-audio",
        ) from error
    if len(samples) < declared or (compressed and len(samples) == 0):
        raise AudioError(
            f"{path}: cut off: it contains {len(samples)} samples of {declared or 'more'}; get it again",
            reason="truncated",
        )
    return samples.reshape(-1, n_channels), sr


def _read_blocks(file, path: Path) -> np.ndarray:
    """Samples of a file that does not declare their number."""
    blocks, most = [], min(MAX_SECONDS * file.samplerate, MAX_SAMPLES // file.channels)
    while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
        blocks.append(block)
        if sum(map(len, blocks)) > most:
            raise _too_long(path, f"more than {most / file.samplerate / 60:.0f} min long")
    return np.concatenate(blocks) if blocks else np.zeros((0, file.channels), np.float32)


def _too_long(path: Path, found: str) -> AudioError:
    return AudioError(
        f"{path}: {found}; cut it into pieces of at most {MAX_SECONDS / 60:.0f} min, in mono",
        reason="too-long",
    )


def _command(path: Path) -> str:
    """The command that converts a file to wav."""
    target = path.stem + ("_converted.wav" if path.suffix.lower() == ".wav" else ".wav")
    return f"'ffmpeg -i {for_shell(path.name)} {for_shell(target)}'"


def for_shell(name: str) -> str:
    """A file name as it is written in a command, in double quotes on Windows.

    Examples
    --------
    >>> for_shell("plain.wav")
    'plain.wav'
    """
    return subprocess.list2cmdline([name]) if sys.platform == "win32" else shlex.quote(name)


def _one_line(error: Exception) -> str:
    text = getattr(error, "error_string", error)  # libsndfile's, without the path
    return " ".join(f"{type(error).__name__}: {text}".split())[:200]


# --- formats that libsndfile does not read -----------------------------------------------------------


def _convert(path: Path, name: str, demuxer: str | None) -> tuple[np.ndarray, int]:
    """Samples that ffmpeg decodes; an AudioError that names the format if it is not installed."""
    exe = _ffmpeg() if demuxer else None
    if exe is None:
        install = "install a decoder with 'pip install imageio-ffmpeg', or " if demuxer else ""
        raise AudioError(
            f"{path}: its format is {name}, which cannot be read directly; {install}convert it with "
            f"{_command(path)}",
            reason="unreadable" if demuxer else "not-audio",  # another machine may have a decoder
        )
    content, report = _run_ffmpeg(exe, path, demuxer)
    if report or not content:
        raise AudioError(
            f"{path}: its format is {name}, and ffmpeg cannot decode all of it ({report or 'no audio'}); "
            "get it again",
            reason="truncated",
        )
    return _decode(io.BytesIO(content), path, content[:12], len(content))


def _ffmpeg() -> str | None:
    """Path of ffmpeg, from the system or the package imageio-ffmpeg."""
    if exe := shutil.which("ffmpeg"):
        return exe
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError, OSError):
        return None


def _run_ffmpeg(exe: str, path: Path, demuxer: str) -> tuple[bytes, str]:
    """A wav file in memory, and what ffmpeg reports; bounded in time and size."""
    most = 4 * MAX_SAMPLES
    command = [
        exe, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-f", demuxer,
        "-i", f"file:{path.absolute()}", "-map", "0:a:0", "-t", str(MAX_SECONDS + 1),
        "-bitexact", "-c:a", "pcm_f32le", "-f", "wav", "pipe:1",
    ]  # fmt: skip
    stopped = threading.Event()
    try:
        with (
            tempfile.TemporaryFile() as log,
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            ) as process,
        ):

            def stop():
                stopped.set()
                process.kill()

            timer = threading.Timer(DECODE_SECONDS, stop)
            timer.start()
            try:
                arrived = io.BytesIO()  # read(most) would allocate 2 GiB at once
                while arrived.tell() <= most and (block := process.stdout.read(_BLOCK)):
                    arrived.write(block)
                content = arrived.getvalue()
                if len(content) <= most:
                    process.wait()
            finally:
                timer.cancel()
                process.kill()
            code = process.wait()
            log.seek(0)
            report = " ".join(log.read(2000).decode(errors="replace").split())[:200]
    except OSError as error:
        raise AudioError(f"{path}: {exe} cannot be started: {error}", reason="unreadable") from error
    if stopped.is_set():
        raise AudioError(
            f"{path}: ffmpeg was stopped after {DECODE_SECONDS:.0f} s; try again while the computer is less "
            "busy, or get the file again",
            reason="unreadable",
        )
    if len(content) > most:
        raise _too_long(path, f"more than {MAX_SAMPLES} samples")
    return content, report or (f"exit status {code}" if code else "")


# --- checks before decoding --------------------------------------------------------------------------


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


def _refuse_headers(file, n_bytes: int, path: Path, *, bounded: bool = True) -> None:
    """Raise for implausible headers, and for lengths that could request more memory than there is."""
    sr, n_frames, n_channels = file.samplerate, file.frames, file.channels
    low, high = SAMPLE_RATES
    if file.format not in _CONTAINERS:
        raise AudioError(
            f"{path}: its format is {file.format_info}, whose length cannot be checked; convert it with "
            f"{_command(path)}",
            reason="not-audio",
        )
    if not low <= sr <= high:
        raise AudioError(
            f"{path}: a sample rate of {sr} Hz, not {low} to {high} Hz; the header is damaged, get it again",
            reason="not-audio",
        )
    if n_frames >= _UNKNOWN:
        return
    if n_frames * n_channels > _SAMPLES_PER_BYTE * n_bytes:
        raise AudioError(
            f"{path}: cut off or damaged: the header declares {n_frames} samples, more than {n_bytes} bytes "
            "can hold; get the file again",
            reason="truncated",
        )
    if bounded and n_frames > MAX_SECONDS * sr:
        raise _too_long(path, f"{n_frames / sr / 60:.0f} min long")
    if bounded and n_frames * n_channels > MAX_SAMPLES:
        raise _too_long(path, f"{n_frames} samples in {n_channels} channels, more than {MAX_SAMPLES}")

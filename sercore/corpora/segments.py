"""Segments of longer recordings, and single channels, cut into one file each.

Features, splits and predictions work on whole files. Rows of a table with ``start`` and ``end`` are
therefore cut once and stored as wav files (float, rate and channels of the recording) in ``segments`` in
the cache folder, and so is the channel of a recording if one was chosen.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import os
from collections import defaultdict
from pathlib import Path

from ..errors import AudioError, CorpusError
from ..files import write_atomic
from ..paths import cache_dir

_VERSION = 2  # increased if the content of the files changes
_LONGEST = 1e7  # seconds, 115 days
_TOLERANCE = 0.05  # seconds by which a segment may exceed its recording, for rounded times


def to_seconds(text: str) -> float:
    """Seconds of a number or a duration; NaN if empty or ``NaT``.

    Raises
    ------
    CorpusError
        Neither a number of seconds nor a duration.

    Examples
    --------
    >>> to_seconds("2,5"), to_seconds("0 days 00:01:02.250"), to_seconds("00:00:01,5"), to_seconds("NaT")
    (2.5, 62.25, 1.5, nan)
    """
    import pandas as pd

    text = text.strip().replace(",", ".")
    if text.lower() in ("", "nat", "nan", "none", "na"):
        return math.nan
    seconds = math.inf
    try:
        seconds = float(text)
    except ValueError:
        if ":" in text or any(map(str.isalpha, text)):  # of "1 234", pandas reads nanoseconds
            with contextlib.suppress(ValueError, OverflowError):
                seconds = pd.Timedelta(text).total_seconds()
    if not abs(seconds) < _LONGEST:
        raise CorpusError(f"{text!r} is not a time: give seconds (2.5) or 0 days 00:00:02.500")
    return seconds


def segment_name(start: float, end: float) -> str:
    """Name of a segment in milliseconds precision, empty for a whole recording.

    Examples
    --------
    >>> segment_name(0.5, 2.0), segment_name(4.0, math.nan), segment_name(0.0, math.nan)
    ('@0.5-2', '@4-end', '')
    """
    if start == 0 and math.isnan(end):
        return ""
    last = "end" if math.isnan(end) else f"{end:.3f}".rstrip("0").rstrip(".")
    return f"@{f'{start:.3f}'.rstrip('0').rstrip('.')}-{last}"


def cut_segments(clips: list[dict]) -> tuple[list[dict], dict[str, str]]:
    """Clips with the paths of their own files, and the reason for each that cannot be cut.

    Parameters
    ----------
    clips : list of dict
        ``path``, ``stem``, ``start`` and ``end`` in seconds; an ``end`` of NaN is the end of the file.
        Clips without these times, or of whole files, are returned with their own path.

    Raises
    ------
    CorpusError
        The cache folder cannot be written.
    """
    by_file, cut, unknown = defaultdict(list), [], {}
    for clip in clips:
        times = clip.pop("start", 0.0), clip.pop("end", math.nan)
        if segment_name(*times):
            by_file[clip["path"]].append((clip, *times))
        else:
            cut.append(clip)
    for path, segments in by_file.items():
        recording = None
        for clip, start, end in segments:
            target = _target(path, segment_name(start, end))
            try:
                if not target.is_file():
                    recording = recording or _read(path)
                    _write(target, _cut(*recording, start, end))
            except (AudioError, CorpusError) as error:
                unknown[clip["stem"]] = str(error)
                continue
            cut.append(clip | {"path": str(target)})
    return cut, unknown


def keep_channel(clips: list[dict], channel: int) -> tuple[list[dict], dict[str, str]]:
    """Clips of one channel of their recordings, and the reason for each that lacks this channel.

    Mono recordings are used as they are, and so are files that cannot be read: reading them raises an error
    later.

    Parameters
    ----------
    clips : list of dict
        With ``path``.
    channel : int
        From 0.

    Raises
    ------
    CorpusError
        The channel is negative, or the cache folder cannot be written.
    """
    if channel < 0:
        raise CorpusError(f"channel={channel}, but channels are counted from 0")
    kept, unknown = [], {}
    for clip in clips:
        target = _target(clip["path"], f"@channel{channel}")
        if not target.is_file():
            try:
                samples, sr = _read(clip["path"])
            except AudioError:
                kept.append(clip)
                continue
            n_channels = samples.shape[1]
            if n_channels == 1:
                kept.append(clip)
                continue
            if channel >= n_channels:
                unknown[clip["path"]] = f"no channel {channel}; it has {n_channels}, counted from 0"
                continue
            _write(target, _wav(samples[:, channel], sr))
        kept.append(clip | {"path": str(target)})
    return kept, unknown


def _target(path: str, name: str) -> Path:
    """File in the cache for a part of a recording, which changes with the recording."""
    info = os.stat(path)
    key = hashlib.sha256(f"{_VERSION}|{path}|{info.st_size}|{info.st_mtime_ns}".encode()).hexdigest()[:16]
    return cache_dir() / "segments" / f"{Path(path).stem[:40]}-{key}{name}.wav"


def _write(target: Path, content: bytes) -> None:
    try:
        write_atomic(target, content)
    except OSError as error:
        raise CorpusError(
            f"{target} cannot be written ({error.strerror or error}); free space, or set SERCORE_DATA"
        ) from error


def _wav(samples, sr: int) -> bytes:
    """Content of a wav file, the same for the same samples: duplicates are found by content."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sr, format="WAV", subtype="FLOAT")
    content = bytearray(buffer.getvalue())
    peak = content.find(b"PEAK", 0, 256)  # a chunk with the time of writing, by libsndfile
    if peak >= 0:
        content[peak + 12 : peak + 16] = bytes(4)
    return bytes(content)


def _read(path: str):
    from ..audio.reading import read

    return read(Path(path))


def _cut(samples, sr: int, start: float, end: float) -> bytes:
    """A part of a recording as a wav file."""
    seconds = len(samples) / sr
    last = seconds if math.isnan(end) else end
    if not (0 <= start < min(last, seconds) and last <= seconds + _TOLERANCE):
        thousandth = 0 <= start < last and last / 1000 <= seconds + _TOLERANCE
        raise CorpusError(
            f"segment {start:g} to {last:g} s is not inside its file of {seconds:.3f} s; "
            + ("are the times milliseconds? Divide them by 1000" if thousandth else "correct start and end")
        )
    first, end = round(start * sr), round(last * sr)
    if end <= first:
        raise CorpusError(f"segment {start:g} to {last:g} s is shorter than a sample; correct start and end")
    return _wav(samples[first:end], sr)

"""Segments of longer recordings, cut into one file each.

Features, splits and predictions work on whole files. Rows of a table with ``start`` and ``end`` are
therefore cut once and stored as wav files (float, rate and channels of the recording) in ``segments`` in
the cache folder.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
from collections import defaultdict
from pathlib import Path

from ..errors import AudioError, CorpusError
from ..files import write_atomic
from ..paths import cache_dir

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
    >>> to_seconds("2,5"), to_seconds("0 days 00:01:02.250"), to_seconds("NaT")
    (2.5, 62.25, nan)
    """
    import pandas as pd

    text = text.strip()
    if text.lower() in ("", "nat", "nan", "none", "na"):
        return math.nan
    seconds = math.inf
    for convert in (lambda: float(text.replace(",", ".")), lambda: pd.Timedelta(text).total_seconds()):
        try:
            seconds = convert()
            break
        except (ValueError, OverflowError):
            continue
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
        info = os.stat(path)
        key = hashlib.sha256(f"{path}|{info.st_size}|{info.st_mtime_ns}".encode()).hexdigest()[:16]
        recording = None
        for clip, start, end in segments:
            target = cache_dir() / "segments" / f"{Path(path).stem[:40]}-{key}{segment_name(start, end)}.wav"
            try:
                if not target.is_file():
                    recording = recording or _read(path)
                    write_atomic(target, _cut(*recording, start, end))
            except OSError as error:
                raise CorpusError(
                    f"{target} cannot be written ({error.strerror or error}); free space, or set SERCORE_DATA"
                ) from error
            except (AudioError, CorpusError) as error:
                unknown[clip["stem"]] = str(error)
                continue
            cut.append(clip | {"path": str(target)})
    return cut, unknown


def _read(path: str):
    from ..audio.reading import read

    return read(Path(path))


def _cut(samples, sr: int, start: float, end: float) -> bytes:
    """A part of a recording as a wav file."""
    import soundfile

    seconds = len(samples) / sr
    last = seconds if math.isnan(end) else end
    if not (0 <= start < min(last, seconds) and last <= seconds + _TOLERANCE):
        raise CorpusError(
            f"segment {start:g} to {last:g} s is not inside its file of {seconds:.3f} s"
            "; correct start and end"
        )
    buffer = io.BytesIO()
    part = samples[round(start * sr) : round(last * sr)]
    soundfile.write(buffer, part, sr, format="WAV", subtype="FLOAT")
    return buffer.getvalue()

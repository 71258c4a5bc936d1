"""Tables of clips: one row per recording or segment.

``path`` (below the table's folder; also ``file``), ``emotion`` and ``speaker`` are needed unless a pattern
finds emotion or speaker in the path; ``sex``, ``age`` (years), ``language``, ``intensity``, ``sentence`` and
``repetition`` are optional. With ``start`` and ``end``, as in audformat, a row is a segment of its file
(:mod:`sercore.corpora.segments`); ``start`` and ``duration`` do the same. A file that is not at
its path is found if one file below the folder has its name (:mod:`sercore.corpora.places`). Separator (comma,
semicolon, tab, ``|``), encoding (UTF-8, UTF-16, Windows-1252) and the case of columns are detected. Rows with
equal content count once.
"""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from pathlib import Path

from ..errors import CorpusError
from .names import ask, clean, find_group, find_groups, plain_labels, to_emotion, unused_labels
from .places import Files, without_suffix
from .scanning import Scan, convert, unread_suffixes
from .segments import cut_segments, segment_name, to_seconds
from .sheets import Sheet, read_sheet

COLUMNS = {
    "path": (
        *("file", "filename", "file_name", "file_path", "filepath", "audio_path", "audio_file", "wav_path"),
        *("wav_file", "audio", "wav", "clip", "recording"),
    ),
    "emotion": ("label", "emotion_label", "class"),
    "speaker": (
        "speaker_id",
        "speaker_name",
        "actor",
        "actor_id",
        "participant",
        "participant_id",
        "subject",
    ),
    "sex": ("gender",),
    "start": ("onset", "start_time"),
    "end": ("offset", "end_time"),
    "duration": (),
    "age": (),
    "language": (),
    "intensity": (),
    "sentence": (),
    "repetition": (),
}
"""Columns that are read, and other names for them."""

_WITH_OFFSET = COLUMNS | {"start": ("offset",), "end": ("end_time",)}
"""The same for tables with a duration, in which the offset is the start."""

_NUMBERS = ("valence", "arousal", "dominance", "activation", "pleasure")
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male", "": ""}
_LEFT_OUT = "(left out)"


def find_table(root: Path) -> Path | None:
    """The table of clips, if the root is one or contains ``index.csv``."""
    if root.is_file():
        return root
    if not root.is_dir():
        return None
    found = [path for path in sorted(root.iterdir()) if path.name.lower() == "index.csv"]
    if len(found) > 1:
        raise CorpusError(f"{root} has {' and '.join(path.name for path in found)}; keep one")
    return found[0] if found else None


def read_table(
    table: Path,
    *,
    speaker: str | None = None,
    emotion: str | None = None,
    labels: dict[str, str | None] | None = None,
    language: str = "",
    on_conflict: str = "raise",
) -> Scan:
    """Clips of a table, and the reason for every row that cannot be used.

    Parameters
    ----------
    table : Path
    speaker, emotion, labels, language
        As in :func:`sercore.corpora.folder.parse`; a pattern is used instead of its column.
    on_conflict : {"raise", "majority"}
        What to do about rows that contradict each other about one clip: an error, or the most frequent
        value of each column; a clip without majority is left out.

    Raises
    ------
    CorpusError
        The file is not CSV, a column is missing, or rows contradict each other.
    """
    if on_conflict not in ("raise", "majority"):
        raise CorpusError(f"on_conflict={on_conflict!r}, but it must be 'raise' or 'majority'")
    sheet = read_sheet(table, COLUMNS)
    if {"offset", "duration"} <= set(sheet.header) and "start" not in sheet.columns:
        sheet = read_sheet(table, _WITH_OFFSET)
    _require_columns(table, sheet, speaker, emotion)
    find = Files(table.parent)
    found, clips = Scan(table.parent, source=f"{table.name} ({sheet.form})"), []
    checked = plain_labels(labels)
    for number, row in enumerate(sheet.rows, 1):
        try:
            clips.append(_clip(find, row, speaker, emotion, checked))
        except CorpusError as error:
            name = row["path"] or "(no path)"
            name += f" (row {number})" if name in found.unknown else ""
            found.unknown[name] = f"{error}{sheet.doubt(row)}"
    clips, found.notes = _settle(clips, table, on_conflict)
    if find.moved:
        named = ", ".join(f"{name} → {path}" for name, path in list(find.moved.items())[:3])
        found.notes.append(
            f"{table.name}: {len(find.moved)} file(s) found in another folder or with another suffix: "
            f"{named}{', …' if len(find.moved) > 3 else ''}"
        )
    found.left_out = [clip["path"] for clip in clips if clip["emotion"] == _LEFT_OUT]
    kept = [{"language": language} | clip for clip in clips if clip["emotion"] != _LEFT_OUT]
    found.recordings = sorted(find.used)
    found.clips, bad = cut_segments(kept)
    found.unknown |= bad
    if labels:
        paths = [row["path"].replace("\\", "/") for row in sheet.rows]
        names = find_groups(paths, emotion, "emotion") if emotion else {row["emotion"] for row in sheet.rows}
        found.notes += unused_labels(labels, names)
    return found


def read_labels(path: str | os.PathLike) -> dict[str, str | None]:
    """Labels from a CSV file with the columns ``name`` and ``emotion``; no emotion leaves a name out.

    Raises
    ------
    CorpusError
        The file is not CSV, a column is missing, or a name is translated in two ways.
    """
    sheet = read_sheet(Path(path), {"name": (), "emotion": ()})
    if not {"name", "emotion"} <= set(sheet.columns):
        raise CorpusError(
            f"{path} must have the columns name and emotion; it has {', '.join(sheet.columns)} "
            f"(read as {sheet.form})"
        )
    labels = {}
    for row in sheet.rows:
        emotion = row["emotion"] or None
        if labels.setdefault(row["name"], emotion) != emotion:
            raise CorpusError(f"{path} translates {row['name']!r} in two ways")
    plain_labels(labels)
    return labels


def _require_columns(table: Path, sheet: Sheet, speaker: str | None, emotion: str | None) -> None:
    given = {"emotion": emotion, "speaker": speaker}
    lacking = [name for name in ("emotion", "path", "speaker") if name not in sheet.columns]
    lacking = [name for name in lacking if not given.get(name)]
    if not lacking:
        return
    message = f"{table} lacks the column(s) {', '.join(lacking)}; it has {', '.join(sheet.columns)}"
    message += f" (read as {sheet.form})"
    numbers = [name for name in sheet.columns if name in _NUMBERS]
    if "emotion" in lacking and numbers:
        message += (
            f". {' and '.join(numbers)} are numbers and not classes, and sercore predicts classes: add a "
            "column emotion"
        )
    for name in [name for name in lacking if name in given]:
        message += f". To find the {name} in the path, {ask(name)}"
    raise CorpusError(message)


def _clip(find: Files, row: dict, speaker: str | None, emotion: str | None, labels: dict) -> dict:
    """One row as a clip; ``emotion`` is ``_LEFT_OUT`` if the labels leave it out."""
    name, path = row["path"].replace("\\", "/"), find(row["path"])
    known = to_emotion(find_group(name, emotion, "emotion") if emotion else row["emotion"], labels)
    who = find_group(name, speaker, "speaker") if speaker else row["speaker"]
    if not who:
        raise CorpusError(f"the column speaker is empty; fill it, or {ask('speaker')}")
    suffix = Path(path).suffix.lower()
    if suffix in unread_suffixes():
        raise CorpusError(f"{suffix} is not read; {convert(suffix)}")
    sex = row.get("sex", "").lower()
    if sex not in _SEXES:
        raise CorpusError(f"sex {row['sex']!r} is not female, male or empty")
    try:
        age = float(row.get("age", "").replace(",", ".") or "nan")
    except ValueError:
        raise CorpusError(f"age {row['age']!r} is not a number of years") from None
    start, end = _times(row)
    is_outside = os.path.isabs(name) and not find.is_below(path)
    relative = name if is_outside else os.path.relpath(path, find.base).replace(os.sep, "/")
    clip = {
        "path": path,
        "stem": f"{without_suffix(clean(relative))}{segment_name(start, end)}",
        "speaker": who,
        "sex": _SEXES[sex],
        "age": age,
        "emotion": known or _LEFT_OUT,
        "start": start,
        "end": end,
    }
    optional = ("language", "intensity", "sentence", "repetition")
    return clip | {key: row[key] for key in optional if row.get(key)}


def _times(row: dict) -> tuple[float, float]:
    """Start and end of a row in seconds; NaN is the end of the file."""
    start = to_seconds(row.get("start", ""))
    start = 0.0 if math.isnan(start) else start
    if "start" in row and not row.get("end") and row.get("duration"):
        return start, start + to_seconds(row["duration"])
    return start, to_seconds(row.get("end", ""))


def _settle(clips: list[dict], table: Path, on_conflict: str) -> tuple[list[dict], list[str]]:
    """Each clip once, whatever the order of rows; empty cells are filled from other rows of the clip."""
    rows = defaultdict(list)
    for clip in clips:
        rows[clip["path"], clip["stem"]].append(clip)
    settled, conflicts, tied = [], {}, []
    for (path, stem), same in sorted(rows.items()):
        votes = {
            key: Counter(_values(same, key)) for key in dict.fromkeys(key for row in same for key in row)
        }
        differ = [key for key, counts in votes.items() if len(counts) > 1]
        if differ:
            conflicts[stem] = "; ".join(f"{key} {_counts(votes[key])}" for key in differ)
        if any(len(top := votes[key].most_common(2)) > 1 and top[0][1] == top[1][1] for key in differ):
            tied.append(stem)
            continue
        chosen = {key: counts.most_common(1)[0][0] for key, counts in votes.items() if counts}
        settled.append(same[0] | chosen | {"path": path})
    if not conflicts:
        return settled, []
    lines = [f"{stem}: {counts}" for stem, counts in conflicts.items()]
    listed = "\n  ".join(lines[:20] + [f"… and {len(lines) - 20} more"] * (len(lines) > 20))
    if on_conflict == "raise":
        raise CorpusError(
            f"{table}: rows contradict each other about {len(conflicts)} clip(s); correct the table, or pass "
            f"on_conflict='majority' (--on-conflict majority):\n  {listed}"
        )
    left_out = f", {len(tied)} without majority left out ({', '.join(tied[:5])})" if tied else ""
    return settled, [f"{table.name}: {len(conflicts) - len(tied)} clip(s) settled by majority{left_out}"]


def _values(rows: list[dict], key: str) -> list:
    """Values of one column that are not empty."""
    values = (row.get(key, "") for row in rows)
    return [value for value in values if value != "" and value == value]  # not NaN


def _counts(votes: Counter) -> str:
    return ", ".join(f"{value} ×{count}" for value, count in sorted(votes.items(), key=str))

"""A user's own recordings: a folder per emotion, or a table of clips.

**A folder per emotion.** Some folder above each clip names its emotion (``angry``, or a synonym
of :data:`SYNONYMS`, or a name that ``labels`` explains). Who speaks must be told, because scores
without it mean little: ``speaker`` is a regular expression with one group, searched in the path
below the root. ``anna_03.wav`` in ``happy/`` needs ``speaker=r"([a-z]+)_\\d+"``.

**A table.** ``root`` is a CSV file, or a folder with ``index.csv``: columns ``path`` (below the
table's folder), ``emotion``, ``speaker``, and where known ``sex``, ``age`` (years), ``language``,
``intensity``, ``sentence``, ``take``.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pandas as pd

from ..errors import CorpusError
from ..labels import EMOTIONS

NAME = "folder"
FOLDERS = ("folder",)
TITLE = "your own recordings"
LANGUAGE = ""
N_CLIPS = 0
N_SPEAKERS = 0
SAMPLE_RATE = 0
SIZE = ""
LICENCE = "yours"
REDISTRIBUTABLE = "yours to say"
CITATION = ""
URL = ""
HOW_TO_GET = "record it; give the folder, with one subfolder per emotion, or a CSV file, as root"
ARCHIVE = None
ARCHIVE_HASH = None
FILES = None

SYNONYMS = {
    "anger": "angry",
    "bored": "boredom",
    "calmness": "calm",
    "disgusted": "disgust",
    "fear": "fearful",
    "happiness": "happy",
    "joy": "happy",
    "pleasant surprise": "surprised",
    "sadness": "sad",
    "surprise": "surprised",
}
"""What folder names and tables may say besides the canonical names; case, ``_`` and ``-`` do not matter."""

_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male", "": ""}
_OPTIONAL = ("language", "intensity", "sentence", "repetition")


def parse(
    path: str, *, speaker: str | None = None, labels: dict[str, str | None] | None = None, language: str = ""
) -> dict | None:
    """What the folders above a clip, and the speaker pattern, say.

    Parameters
    ----------
    path : str
        Path below the root, with ``/``.
    speaker : str
        Regular expression whose first group is the speaker.
    labels : dict of str to str, optional
        More folder names: ``{"furious": "angry", "other": None}``; None leaves a folder out.
    language : str
        Language of all clips, ``"en"``.

    Returns
    -------
    dict or None
        None for a clip in a folder that ``labels`` leaves out.

    Raises
    ------
    CorpusError
        No folder of the path, or more than one, names an emotion; no speaker.
    """
    folders = path.split("/")[:-1]
    extra = {_plain(name): emotion for name, emotion in (labels or {}).items()}
    if any(_plain(name) in extra and extra[_plain(name)] is None for name in folders):
        return None
    found = [emotion for name in folders if (emotion := to_emotion(name, extra))]
    if len(found) != 1:
        where = "/".join(folders) or "the root itself"
        raise CorpusError(
            f"folder {where!r} names {len(found)} emotions, not one; labels={{name: emotion}} adds names"
        )
    return {
        "stem": path.rsplit(".", 1)[0],
        "speaker": find_speaker(path, speaker),
        "emotion": found[0],
        "language": language,
    }


def find_speaker(path: str, pattern: str | None) -> str:
    """First group of the pattern where it is found in the path."""
    if pattern is None:
        raise CorpusError(
            "no speaker: give speaker=r'…', a regular expression whose group is the speaker, such as "
            r"r'([a-z]+)_\d+' for anna_03.wav or r'^([^/]+)/' for a folder per speaker"
        )
    try:
        match = re.search(pattern, path)
    except re.error as error:
        raise CorpusError(f"speaker={pattern!r} is not a regular expression: {error}") from error
    if not match or not match.groups() or not match[1]:
        raise CorpusError(f"speaker={pattern!r} finds no group in the path")
    return match[1]


def to_emotion(name: str, extra: dict[str, str | None] | None = None) -> str | None:
    """Canonical emotion of a name, or None."""
    plain = _plain(name)
    emotion = (extra or {}).get(plain) or SYNONYMS.get(plain, plain)
    return emotion if emotion in EMOTIONS else None


def find_table(root: Path) -> Path | None:
    """The table of clips, if the root is one or holds one."""
    if root.is_file():
        return root
    return root / "index.csv" if (root / "index.csv").is_file() else None


def read_table(table: Path, *, language: str = "") -> tuple[list[dict], dict[str, str]]:
    """Clips of a table, and the rows that cannot be used with the reason.

    Raises
    ------
    CorpusError
        The file is not CSV or lacks one of the columns path, emotion, speaker.
    """
    try:
        rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise CorpusError(f"{table} cannot be read as CSV: {error}") from error
    lacking = {"path", "emotion", "speaker"} - set(rows)
    if lacking:
        raise CorpusError(
            f"{table} lacks the column(s) {', '.join(sorted(lacking))}; it has {', '.join(rows)}"
        )
    clips, unknown = [], {}
    for row in rows.to_dict("records"):
        try:
            clips.append(_table_clip(table.parent, row, language))
        except CorpusError as error:
            unknown[row["path"]] = str(error)
    return clips, unknown


def _table_clip(base: Path, row: dict, language: str) -> dict:
    """One row as a clip."""
    emotion = to_emotion(row["emotion"])
    if emotion is None:
        raise CorpusError(f"emotion {row['emotion']!r} is none of {', '.join(EMOTIONS)}")
    if not row["speaker"].strip():
        raise CorpusError("the column speaker is empty")
    if not (base / row["path"]).is_file():
        raise CorpusError(f"no such file below {base}")
    sex = row.get("sex", "").strip().lower()
    if sex not in _SEXES:
        raise CorpusError(f"sex {row['sex']!r} is neither female nor male nor empty")
    try:
        age = float(row.get("age") or "nan")
    except ValueError:
        raise CorpusError(f"age {row['age']!r} is not a number of years") from None
    clip = {
        "path": str(base / row["path"]),
        "stem": str(PurePosixPath(row["path"].replace("\\", "/")).with_suffix("")),
        "speaker": row["speaker"].strip(),
        "sex": _SEXES[sex],
        "age": age,
        "emotion": emotion,
    }
    return clip | {"language": language} | {key: row[key] for key in _OPTIONAL if row.get(key)}


def _plain(name: str) -> str:
    """Name without case, underscores and hyphens."""
    return name.lower().replace("_", " ").replace("-", " ").strip()

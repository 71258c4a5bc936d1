"""The index: one row per clip, with the same columns and order for every corpus and machine."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Sequence
from types import ModuleType

import pandas as pd

from ..errors import CorpusError
from ..labels import EMOTIONS
from .checks import find_problems
from .defaults import read_options
from .registry import get_corpus
from .scanning import Scan, count_suffixes, find_scan
from .versions import find_duplicates, one_file_per_clip

COLUMNS = (
    "path",
    "corpus",
    "clip_id",
    "speaker",
    "sex",
    "age",
    "language",
    "emotion",
    "intensity",
    "sentence",
    "repetition",
    "duplicate_of",
)
"""Columns of every index, in this order."""


def load_index(
    name: str | Sequence[str],
    root: str | os.PathLike | None = None,
    *,
    unknown: str = "raise",
    **options,
) -> pd.DataFrame:
    """Table with one row per clip of a corpus, sorted by ``clip_id``.

    No audio is decoded: an empty file has its row, and reading it raises an error later. A clip that is
    found twice in a folder is counted once.

    Parameters
    ----------
    name : str or sequence of str
        A corpus (:func:`sercore.corpora.list_corpora`), or several: ``["ravdess", "tess"]`` or
        ``"ravdess+tess"``.
    root : path, optional
        The corpus's own folder; for several corpora, the folder that contains theirs. By default the
        folders listed in :mod:`sercore.paths` are searched.
    unknown : {"raise", "warn"}
        What to do about audio files whose name does not follow the corpus's scheme. They are never
        part of the index.
    **options
        For ``folder`` only: ``speaker``, ``emotion``, ``labels``, ``language``
        (:func:`sercore.corpora.folder.parse`) and ``on_conflict``
        (:func:`sercore.corpora.tables.read_table`). Defaults are in the environment variable
        ``SERCORE_OPTIONS`` (:mod:`sercore.corpora.defaults`).

    Returns
    -------
    pd.DataFrame
        Columns :data:`COLUMNS`. ``age`` is in years, NaN if unknown. ``duplicate_of`` is the clip id
        of the first clip with the same bytes, empty if there is none.

    Raises
    ------
    CorpusError
        The corpus is unknown, no clips are found, names cannot be parsed, or a clip exists in two versions.

    Warns
    -----
    UserWarning
        Clips are missing or were not read, or your own recordings cannot teach a model
        (:func:`sercore.corpora.checks.find_problems`).

    See Also
    --------
    sercore.corpora.check : what was understood of your own recordings.
    sercore.labels.apply_scheme : add the label column of a task.
    sercore.corpora.verify : compare the files with the official list.

    Notebook: 01_eda.ipynb
    """
    if unknown not in ("raise", "warn"):
        raise CorpusError(f"unknown={unknown!r}, but it must be 'raise' or 'warn'")
    names = [part.strip() for part in name.split("+")] if isinstance(name, str) else list(name)
    modules = [get_corpus(part) for part in names]
    if not modules or len({module.NAME for module in modules}) < len(modules):
        raise CorpusError(f"{name!r}: name each corpus once")
    pooled = len(modules) > 1
    unknown, options = read_options(modules, unknown, options)
    tables = []
    for module in modules:
        found = find_scan(module, root, pooled=pooled, **options)
        tables.append(build_index(module, found, unknown))
    index = pd.concat(tables, ignore_index=True)
    return index.sort_values("clip_id", kind="stable", ignore_index=True)


def build_index(module: ModuleType, found: Scan, unknown: str) -> pd.DataFrame:
    """The index of one scanned folder; remarks about it are raised as warnings."""
    if found.unknown:
        _report_unknown(module, found, unknown)
    clips, several_formats = one_file_per_clip(found.clips)
    notes = found.notes + several_formats
    if found.unread:
        notes.append(f"{len(found.unread)} recording(s) were not read: {count_suffixes(found.unread)}")
    table = _table(module, clips)
    if module.N_CLIPS and len(table) != module.N_CLIPS:
        notes.append(
            f"{len(table)} clips in {found.folder}, the corpus has {module.N_CLIPS}; "
            f"`sercore corpora verify {module.NAME}` lists what is missing"
        )
    if not module.N_CLIPS:
        notes += find_problems(table)
    for note in notes:
        warnings.warn(f"{module.TITLE}: {note}", stacklevel=3)
    return table


def _table(module: ModuleType, clips: list[dict]) -> pd.DataFrame:
    """One row per clip with all columns."""
    rows = []
    for clip in clips:
        row = {"age": float("nan"), "sex": "", "intensity": "", "sentence": "", "repetition": ""}
        row |= {"corpus": module.NAME, "language": module.LANGUAGE} | clip
        row["clip_id"] = f"{module.NAME}/{clip['stem']}"
        row["speaker"] = f"{module.NAME}-{clip['speaker']}"
        rows.append(row)
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "duplicate_of"])
    strange = set(table["emotion"]) - set(EMOTIONS)
    if strange:
        raise CorpusError(
            f"{module.TITLE}: {sorted(strange)} are not among the emotions {', '.join(EMOTIONS)}"
        )
    table["duplicate_of"] = find_duplicates(table["clip_id"], table["path"])
    return table.astype({"age": float, "repetition": str, "sentence": str})[list(COLUMNS)]


def _report_unknown(module: ModuleType, found: Scan, unknown: str) -> None:
    """Raise or warn with the names that could not be parsed, grouped by reason."""
    by_reason = defaultdict(list)
    for path, reason in found.unknown.items():
        by_reason[reason].append(path)
    lines = [
        f"{len(paths)} × {reason}: {', '.join(paths[:3])}{', …' if len(paths) > 3 else ''}"
        for reason, paths in sorted(by_reason.items(), key=lambda item: -len(item[1]))
    ]
    what = "are not of this corpus" if module.N_CLIPS else "cannot be used"
    message = (
        f"{module.TITLE}: {len(found.unknown)} audio file(s) in {found.folder} {what}:\n  "
        + "\n  ".join(lines[:12])
        + (f"\n  … {len(lines) - 12} more reasons" * (len(lines) > 12))
    )
    if not found.clips:
        advice = "There are no other files" + ": pass the corpus's own folder as root" * bool(module.N_CLIPS)
        raise CorpusError(f"{message}\n{advice}.")
    if unknown == "raise":
        raise CorpusError(
            message + "\nFix or move them, or pass unknown='warn' (--skip-unknown) to leave them out."
        )
    warnings.warn(message, stacklevel=4)

"""The index: one row per clip, the same columns and order for every corpus and machine.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Sequence
from types import ModuleType

import pandas as pd

from ..errors import CorpusError
from ..labels import EMOTIONS
from .registry import get_corpus
from .scanning import Scan, drop_copies, find_duplicates, find_scan

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
    """One row per clip of a corpus, sorted by ``clip_id``.

    Nothing is decoded here: an empty file gets its row, and reading it fails later with its
    reason. Where a folder holds the same clip twice, it is counted once.

    Parameters
    ----------
    name : str or sequence of str
        A corpus (:func:`sercore.corpora.list_corpora`), or several: ``["ravdess", "tess"]`` or
        ``"ravdess+tess"``, one below the other in the order of their clip ids.
    root : path, optional
        The corpus's own folder; for several corpora, the folder that holds theirs. Left out,
        the places named in :mod:`sercore.paths` are searched.
    unknown : {"raise", "warn"}
        What to do about audio files whose name the corpus does not explain. They are never
        part of the index.
    **options
        For ``folder`` only: ``speaker``, ``labels``, ``language`` (:mod:`sercore.corpora.folder`).

    Returns
    -------
    pd.DataFrame
        Columns :data:`COLUMNS`. ``age`` is in years, NaN where unknown. ``duplicate_of`` is the clip id
        of the first clip with the same bytes, empty where there is none.

    Raises
    ------
    CorpusError
        No such corpus, no clips found, unreadable names, or one clip in two versions.

    Notebook: 01_eda.ipynb
    """
    if unknown not in ("raise", "warn"):
        raise CorpusError(f"unknown={unknown!r}: say 'raise' or 'warn'")
    names = [part.strip() for part in name.split("+")] if isinstance(name, str) else list(name)
    modules = [get_corpus(part) for part in names]
    if not modules or len({module.NAME for module in modules}) < len(modules):
        raise CorpusError(f"{name!r}: name each corpus once")
    pooled = len(modules) > 1
    if options and [module.NAME for module in modules] != ["folder"]:
        raise CorpusError(f"{', '.join(options)}: these options are for the corpus 'folder' alone")
    tables = []
    for module in modules:
        found = find_scan(module, root, pooled=pooled, **options)
        tables.append(_table(module, found, unknown))
    index = pd.concat(tables, ignore_index=True)
    return index.sort_values("clip_id", kind="stable", ignore_index=True)


def _table(module: ModuleType, found: Scan, unknown: str) -> pd.DataFrame:
    """The index of one scanned folder."""
    if found.unknown:
        _report_unknown(module, found, unknown)
    rows = []
    for clip in drop_copies(found.clips):
        row = {"age": float("nan"), "sex": "", "intensity": "", "sentence": "", "repetition": ""}
        row |= {"corpus": module.NAME, "language": module.LANGUAGE} | clip
        row["clip_id"] = f"{module.NAME}/{clip['stem']}"
        row["speaker"] = f"{module.NAME}-{clip['speaker']}"
        rows.append(row)
    table = pd.DataFrame(rows)
    strange = set(table["emotion"]) - set(EMOTIONS)
    if strange:
        raise CorpusError(
            f"{module.TITLE}: {sorted(strange)} are not among the emotions {', '.join(EMOTIONS)}"
        )
    table["duplicate_of"] = find_duplicates(table["clip_id"], table["path"])
    if module.N_CLIPS and len(table) != module.N_CLIPS:
        warnings.warn(
            f"{module.TITLE}: {len(table)} clips in {found.folder}, the corpus has {module.N_CLIPS}; "
            f"`sercore corpora verify {module.NAME}` says which are missing",
            stacklevel=3,
        )
    return table.astype({"age": float, "repetition": str, "sentence": str})[list(COLUMNS)]


def _report_unknown(module: ModuleType, found: Scan, unknown: str) -> None:
    """Raise or warn with the names that could not be read, grouped by reason."""
    by_reason = defaultdict(list)
    for path, reason in found.unknown.items():
        by_reason[reason].append(path)
    lines = [
        f"{len(paths)} × {reason}: {', '.join(paths[:3])}{', …' if len(paths) > 3 else ''}"
        for reason, paths in sorted(by_reason.items(), key=lambda item: -len(item[1]))
    ]
    message = (
        f"{module.TITLE}: {len(found.unknown)} audio file(s) in {found.folder} cannot be explained, and are "
        "not guessed:\n  "
        + "\n  ".join(lines[:12])
        + (f"\n  … {len(lines) - 12} more reasons" * (len(lines) > 12))
    )
    if not found.clips:
        raise CorpusError(message + "\nNothing else is there: give the corpus's own folder as root.")
    if unknown == "raise":
        raise CorpusError(message + "\nMend or move them, or pass unknown='warn' to go on without them.")
    warnings.warn(message, stacklevel=4)

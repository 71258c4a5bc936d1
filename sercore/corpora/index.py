"""The index: one row per clip, the same columns and order for every corpus and machine.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pandas as pd

from ..errors import CorpusError
from ..labels import EMOTIONS
from ..paths import corpus_candidates, data_dir
from .registry import get_corpus

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
    "take",
    "twin",
)
"""Columns of every index, in this order."""

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


@dataclass
class Scan:
    """What a folder holds: clips, files left out on purpose, and names nobody could read.

    Parameters
    ----------
    folder : Path
        Where it looked.
    clips : list of dict
        One per audio file: ``path`` and what the corpus's ``parse`` found.
    left_out : list of str
        Known files that are not clips of this corpus (song, video, no agreed label).
    unknown : dict of str to str
        Path below the folder, and why its name could not be read.
    """

    folder: Path
    clips: list[dict] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)


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
        Columns :data:`COLUMNS`. ``age`` is in years, NaN where unknown. ``twin`` is the clip id
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
    if options and names != ["folder"]:
        raise CorpusError(f"{', '.join(options)}: these options are for the corpus 'folder' alone")
    tables = []
    for module in modules:
        found = find_scan(module, root, pooled=pooled, **options)
        tables.append(_table(module, found, unknown))
    index = pd.concat(tables, ignore_index=True)
    return index.sort_values("clip_id", kind="stable", ignore_index=True)


def scan(module: ModuleType, folder: Path, **options) -> Scan:
    """Read every audio file name below a folder; nothing is raised for single names."""
    found = Scan(folder)
    if hasattr(module, "find_table") and (table := module.find_table(folder)):
        found.clips, found.unknown = module.read_table(table, language=options.get("language", ""))
        return found
    for path in audio_files(folder):
        relative = path.relative_to(folder).as_posix()
        try:
            clip = module.parse(relative, **options)
        except CorpusError as error:
            found.unknown[relative] = str(error)
            continue
        if clip is None:
            found.left_out.append(relative)
        else:
            found.clips.append({"path": str(path), **clip})
    if hasattr(module, "annotate"):  # labels or ages that stand in a file beside the audio
        named = [clip["path"] for clip in found.clips]
        found.clips, unlabelled = module.annotate(found.clips, folder)
        found.unknown |= unlabelled
        stay = {clip["path"] for clip in found.clips} | set(unlabelled)
        found.left_out += [path for path in named if path not in stay]
    return found


def audio_files(folder: Path) -> list[Path]:
    """Audio files below a folder, sorted; hidden files and macOS resource folders are passed over."""
    paths = []
    for base, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".") and f != "__MACOSX"]
        paths += [
            Path(base, f) for f in files if not f.startswith(".") and f.lower().endswith(AUDIO_SUFFIXES)
        ]
    return sorted(paths)


def count_once(clips: list[dict]) -> list[dict]:
    """Clips with each stem once, sorted; of equal copies the least nested stays.

    Raises
    ------
    CorpusError
        Copies of one clip differ in their bytes.
    """
    copies = defaultdict(list)
    for clip in clips:
        copies[clip["stem"]].append(clip)
    once = []
    for stem in sorted(copies):
        same = sorted(copies[stem], key=lambda clip: (clip["path"].count(os.sep), clip["path"]))
        if len(same) > 1 and len({sha256(clip["path"]) for clip in same}) > 1:
            listed = "\n  ".join(clip["path"] for clip in same)
            raise CorpusError(f"clip {stem!r} is there in different versions; keep one:\n  {listed}")
        once.append(same[0])
    return once


def sha256(path: str | os.PathLike, progress: Callable[[int], object] | None = None) -> str:
    """SHA-256 of a file, in hexadecimal; ``progress`` is told the bytes read."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
            if progress:
                progress(len(block))
    return digest.hexdigest()


def find_twins(clip_ids: Sequence[str], paths: Sequence[str]) -> list[str]:
    """For each clip the id of the first clip with the same bytes, or ``""``.

    Only files of equal size are read. Empty files are no twins.
    """
    by_size = defaultdict(list)
    for clip_id, path in sorted(zip(clip_ids, paths, strict=True)):
        by_size[os.path.getsize(path)].append((clip_id, path))
    first, twin = {}, {}
    for size, group in by_size.items():
        if size and len(group) > 1:
            for clip_id, path in group:
                leader = first.setdefault(sha256(path), clip_id)
                if leader != clip_id:
                    twin[clip_id] = leader
    return [twin.get(clip_id, "") for clip_id in clip_ids]


def find_scan(
    module: ModuleType, root: str | os.PathLike | None = None, *, pooled: bool = False, **options
) -> Scan:
    """The scan of the first folder that holds audio, of those where the corpus is looked for.

    Raises
    ------
    CorpusError
        There is none: names every place and where to get the corpus.
    """
    looked = []
    for folder in _candidates(module, root, pooled):
        found = scan(module, folder, **options)
        if found.clips or found.unknown:
            return found
        state = "no clip of this corpus" if folder.is_dir() else "not a folder"
        looked.append(f"{folder} ({state})")
    raise CorpusError(
        f"{module.TITLE}: no clips found. Looked in:\n  "
        + "\n  ".join(looked)
        + f"\nGet it: {module.HOW_TO_GET} "
        f"({module.URL}), or give its folder as root."
    )


def _candidates(module: ModuleType, root: str | os.PathLike | None, pooled: bool) -> list[Path]:
    """Folders to look in, in order; the demo corpus is rendered where it will be looked for."""
    if module.NAME == "demo":
        folder = Path(root or data_dir()).expanduser()
        folder = folder / module.FOLDERS[0] if pooled or root is None else folder
        module.build(folder)
        return [folder]
    if pooled and root is not None:
        return [Path(root).expanduser() / folder for folder in module.FOLDERS]
    return corpus_candidates(module.FOLDERS, root)


def _table(module: ModuleType, found: Scan, unknown: str) -> pd.DataFrame:
    """The index of one scanned folder."""
    if found.unknown:
        _report_unknown(module, found, unknown)
    rows = []
    for clip in count_once(found.clips):
        row = {"age": float("nan"), "sex": "", "intensity": "", "sentence": "", "take": ""}
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
    table["twin"] = find_twins(table["clip_id"], table["path"])
    if module.N_CLIPS and len(table) != module.N_CLIPS:
        warnings.warn(
            f"{module.TITLE}: {len(table)} clips in {found.folder}, the corpus has {module.N_CLIPS}; "
            f"`sercore corpora verify {module.NAME}` says which are missing",
            stacklevel=3,
        )
    return table.astype({"age": float, "take": str, "sentence": str})[list(COLUMNS)]


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

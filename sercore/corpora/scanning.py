"""Find the clips of a corpus on disk.

Every audio file below the folder is either a clip, left out on purpose, or reported as unknown.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from ..audio import AUDIO_SUFFIXES
from ..errors import CorpusError
from ..paths import corpus_candidates, data_dir


@dataclass
class Scan:
    """Contents of a folder: clips, files left out on purpose, and files with unknown names.

    Parameters
    ----------
    folder : Path
        The folder that was searched.
    clips : list of dict
        One per audio file: ``path`` and the fields returned by the corpus's ``parse``.
    left_out : list of str
        Known files that are not clips of this corpus (song, video, no agreed label).
    unknown : dict of str to str
        Path below the folder, and the reason why its name could not be parsed.
    """

    folder: Path
    clips: list[dict] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)


def scan(module: ModuleType, folder: Path, **options) -> Scan:
    """Parse the name of every audio file below a folder; names that cannot be parsed are collected."""
    found = Scan(folder)
    if hasattr(module, "find_table") and (table := module.find_table(folder)):
        found.clips, found.unknown = module.read_table(table, language=options.get("language", ""))
        return found
    for path in audio_files(folder):
        relative = path.relative_to(folder).as_posix()
        readable = relative.encode(errors="backslashreplace").decode()
        if readable != relative:
            found.unknown[readable] = "the name is not valid text; rename the file"
            continue
        if not path.exists():
            found.unknown[relative] = (
                "a link to a missing file (with DataLad or git-annex, get its content first)"
            )
            continue
        try:
            clip = module.parse(relative, **options)
        except CorpusError as error:
            found.unknown[relative] = str(error)
            continue
        if clip is None:
            found.left_out.append(relative)
        else:
            found.clips.append({"path": str(path), **clip})
    if hasattr(module, "annotate"):  # labels or ages from a file beside the audio
        named = [clip["path"] for clip in found.clips]
        found.clips, unlabelled = module.annotate(found.clips, folder)
        found.unknown |= unlabelled
        kept = {clip["path"] for clip in found.clips} | set(unlabelled)
        found.left_out += [path for path in named if path not in kept]
    return found


def audio_files(folder: Path) -> list[Path]:
    """Audio files below a folder, sorted; hidden files and macOS resource folders are skipped.

    Raises
    ------
    CorpusError
        A folder cannot be read.
    """

    def stop(error: OSError):
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise CorpusError(f"{error.filename}: cannot be read ({error.strerror})") from error

    paths = []
    for base, folders, files in os.walk(folder, onerror=stop):
        folders[:] = [f for f in folders if not f.startswith(".") and f != "__MACOSX"]
        paths += [
            Path(base, f) for f in files if not f.startswith(".") and f.lower().endswith(AUDIO_SUFFIXES)
        ]
    return sorted(paths)


def one_file_per_clip(clips: list[dict]) -> list[dict]:
    """Clips with each stem once, sorted; of identical files the least nested is kept.

    Raises
    ------
    CorpusError
        Two files of one clip differ.
    """
    by_stem = defaultdict(list)
    for clip in clips:
        by_stem[clip["stem"]].append(clip)
    once = []
    for stem in sorted(by_stem):
        same = sorted(by_stem[stem], key=lambda clip: (clip["path"].count(os.sep), clip["path"]))
        if len(same) > 1 and len({sha256(clip["path"]) for clip in same}) > 1:
            listed = "\n  ".join(clip["path"] for clip in same)
            raise CorpusError(f"clip {stem!r} exists in different versions; keep one:\n  {listed}")
        once.append(same[0])
    return once


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises
    ------
    CorpusError
        The file cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error}); check permissions") from error


def find_duplicates(clip_ids: Sequence[str], paths: Sequence[str]) -> list[str]:
    """For each clip the id of the first clip with the same bytes, or ``""``.

    Only files of equal size are read. Empty files are not duplicates of each other.
    """
    by_size = defaultdict(list)
    for clip_id, path in sorted(zip(clip_ids, paths, strict=True)):
        by_size[os.path.getsize(path)].append((clip_id, path))
    first, duplicate_of = {}, {}
    for size, group in by_size.items():
        if size and len(group) > 1:
            for clip_id, path in group:
                leader = first.setdefault(sha256(path), clip_id)
                if leader != clip_id:
                    duplicate_of[clip_id] = leader
    return [duplicate_of.get(clip_id, "") for clip_id in clip_ids]


def find_scan(
    module: ModuleType, root: str | os.PathLike | None = None, *, pooled: bool = False, **options
) -> Scan:
    """Scan of the first folder with audio files, of those in which the corpus is searched for.

    Raises
    ------
    CorpusError
        There is no such folder; the message lists the folders and where to get the corpus.
    """
    searched = []
    for folder in _candidates(module, root, pooled):
        found = scan(module, folder, **options)
        if found.clips or found.unknown:
            return found
        state = "no clip of this corpus" if folder.is_dir() else "not a folder"
        searched.append(f"{folder} ({state})")
    raise CorpusError(
        f"{module.TITLE}: no clips found. Searched in:\n  "
        + "\n  ".join(searched)
        + f"\nGet it: {module.HOW_TO_GET} ({module.URL}), or pass its folder as root."
    )


def _candidates(module: ModuleType, root: str | os.PathLike | None, pooled: bool) -> list[Path]:
    """Folders to search, in order; the demo corpus is rendered first if it is missing."""
    if module.NAME == "demo":
        folder = Path(root or data_dir()).expanduser()
        folder = folder / module.FOLDERS[0] if pooled or root is None else folder
        module.build(folder)
        return [folder]
    if pooled and root is not None:
        return [Path(root).expanduser() / folder for folder in module.FOLDERS]
    return corpus_candidates(module.FOLDERS, root)

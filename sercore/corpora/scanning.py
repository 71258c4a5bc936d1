"""Find the clips of a corpus on disk.

Every audio file below the folder is either a clip, left out on purpose, or reported as unknown.
"""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..audio import DECODED_SUFFIXES, OTHER_SUFFIXES, readable_suffixes
from ..errors import CorpusError
from ..paths import corpus_candidates, data_dir, named_folders
from .description import Corpus
from .identity import parse_changed


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
    unread : list of str
        Recordings in formats that cannot be read on this machine (:func:`unread_suffixes`).
    recordings : list of str
        Files that a table names.
    notes : list of str
        Remarks about the folder or table, one line each.
    source : str
        What was read: the folder, or its table in words.
    channel : int, optional
        Channel to use of recordings with several.
    """

    folder: Path
    clips: list[dict] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    source: str = "names of folders and files"
    channel: int | None = None


def scan(corpus: Corpus, folder: Path, *, channel: int | None = None, **options) -> Scan:
    """Parse the name of every audio file below a folder; names that cannot be parsed are collected."""
    found = _scan(corpus, folder, **options)
    found.channel = channel
    return found


def _scan(corpus: Corpus, folder: Path, **options) -> Scan:
    if table := corpus.find_table(folder):
        return corpus.read_table(table, **options)
    if "on_conflict" in options:
        raise CorpusError("on_conflict settles rows of a table, but there is no index.csv; leave it out")
    found = Scan(folder)
    names = []
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
        names.append(unicodedata.normalize("NFC", relative))
        try:
            clip = _parse(corpus, names[-1], options)
        except CorpusError as error:
            found.unknown[relative] = str(error)
            continue
        if clip is None:
            found.left_out.append(relative)
        else:
            found.clips.append({"path": str(path), **clip})
    found.unread = _unread(corpus, found, options)
    found.notes += corpus.remarks(names, **options)
    named = [clip["path"] for clip in found.clips]
    found.clips, unlabelled = corpus.annotate(found.clips, folder)
    found.unknown |= unlabelled
    kept = {clip["path"] for clip in found.clips} | set(unlabelled)
    found.left_out += [path for path in named if path not in kept]
    return found


def _parse(corpus: Corpus, path: str, options: dict) -> dict | None:
    """Fields of a clip; names of known corpora are read also if a file system has changed them."""
    return corpus.parse(path, **options) if options or not corpus.n_clips else parse_changed(corpus, path)


def _unread(corpus: Corpus, found: Scan, options: dict) -> list[str]:
    """Recordings in other formats, without those that are left out or exist in a format that is read."""
    stems, unread = {clip["stem"] for clip in found.clips}, []
    for path in audio_files(found.folder, unread_suffixes()):
        relative = path.relative_to(found.folder).as_posix().encode(errors="backslashreplace").decode()
        try:
            clip = _parse(corpus, unicodedata.normalize("NFC", relative), options)
        except CorpusError:
            clip = {"stem": None}
        if clip and clip["stem"] not in stems:
            unread.append(relative)
    return unread


def unread_suffixes() -> tuple[str, ...]:
    """Suffixes of recordings that are counted and named, but cannot be read on this machine."""
    return tuple(suffix for suffix in DECODED_SUFFIXES if suffix not in readable_suffixes()) + OTHER_SUFFIXES


def audio_files(folder: Path, suffixes: tuple[str, ...] | None = None) -> list[Path]:
    """Audio files below a folder, sorted; hidden files and macOS resource folders are skipped.

    Parameters
    ----------
    folder : Path
    suffixes : tuple of str, optional
        In lower case; by default those that can be read on this machine.

    Raises
    ------
    CorpusError
        A folder cannot be read.
    """

    def stop(error: OSError):
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise CorpusError(f"{error.filename}: cannot be read ({error.strerror})") from error

    suffixes = readable_suffixes() if suffixes is None else suffixes
    if not suffixes:
        return []
    paths = []
    for base, _, files in walk(folder, onerror=stop):
        names = [f for f in files if not f.startswith(".") or f.endswith(".icloud")]
        paths += [Path(base, f) for f in names if f.lower().endswith(suffixes)]
    return sorted(paths)


def walk(
    folder: str | os.PathLike, *, onerror: Callable[[OSError], None] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """As :func:`os.walk`, also into linked folders: corpora are often linked from another disk.

    Every folder is visited once, under its own path rather than that of a link to it; a link to a folder
    above is not followed. Hidden folders and those of macOS archives are left out.
    """
    top = os.path.join(os.path.realpath(folder), "")
    visited: set[str] = set()
    linked = [os.fspath(folder)]  # visited after what is not behind a link
    for start in linked:
        for base, folders, files in os.walk(start, onerror=onerror):
            real = os.path.realpath(base)
            if real in visited:
                folders.clear()
                continue
            visited.add(real)
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__MACOSX")
            links = [path for f in folders if os.path.islink(path := os.path.join(base, f))]
            linked += [path for path in links if not top.startswith(os.path.join(os.path.realpath(path), ""))]
            yield base, folders, files


def convert(suffix: str) -> str:
    """How to convert recordings of a format that is not read, or to complete them.

    Examples
    --------
    >>> convert(".m4a"), convert(".part")
    ('convert each to wav: ffmpeg -i clip.m4a clip.wav', 'not downloaded completely: download it again')
    """
    if suffix in (".crdownload", ".icloud", ".part"):
        return "not downloaded completely: download it again"
    if suffix in (".pcm", ".raw"):
        return (
            "samples without a header; if they are 16-bit, mono, 16 kHz, convert each to wav: "
            f"ffmpeg -f s16le -ar 16000 -ac 1 -i clip{suffix} clip.wav"
        )
    if suffix in (".ds2", ".dss", ".msv"):
        return "export each as wav in the program of the recorder's maker"
    return f"convert each to wav: ffmpeg -i clip{suffix} clip.wav"


def count_suffixes(paths: Sequence[str]) -> str:
    """Number of files by suffix, with examples and the command that converts them; empty for no files."""
    by_suffix = defaultdict(list)
    for path in paths:
        by_suffix[Path(path).suffix.lower()].append(path)
    return "; ".join(
        f"{len(same)} × {suffix} ({', '.join(same[:2])}{', …' if len(same) > 2 else ''}), {convert(suffix)}"
        for suffix, same in sorted(by_suffix.items())
    )


def find_scan(
    corpus: Corpus, root: str | os.PathLike | None = None, *, pooled: bool = False, **options
) -> Scan:
    """Scan of the first folder with audio files, of those in which the corpus is searched for.

    Raises
    ------
    CorpusError
        There is no such folder; the message lists the folders and where to get the corpus.
    """
    searched = []
    for folder in _candidates(corpus, root, pooled):
        found = scan(corpus, folder, **options)
        if found.clips or found.unknown:
            return found
        if found.unread:
            raise CorpusError(
                f"{corpus.title}: no clips that can be read in {folder}; {count_suffixes(found.unread)}"
            )
        state = "no clip of this corpus" if folder.is_dir() else "not a folder"
        searched.append(f"{folder} ({state})")
    raise CorpusError(
        f"{corpus.title}: no clips found. Searched in:\n  "
        + "\n  ".join(searched)
        + (
            f"\nGet it: {corpus.how_to_get} ({corpus.url}), or pass its folder as root."
            if corpus.url
            else "\nPass the folder with your recordings, or a CSV file, as root (--root)."
        )
    )


def _candidates(corpus: Corpus, root: str | os.PathLike | None, pooled: bool) -> list[Path]:
    """Folders to search, in order; the demo corpus is rendered first if it is missing."""
    if corpus.name == "demo":
        folder = Path(root or data_dir()).expanduser()
        folder = folder / corpus.places[0] if pooled or root is None else folder
        corpus.build(folder)
        return [folder]
    if pooled and root is not None:
        return named_folders(Path(root).expanduser(), corpus.places)
    return corpus_candidates(corpus.places, root)


def _tables(folder: Path) -> list[str]:
    """Names of tables in a folder, of which only index.csv is read."""
    suffixes = (".csv", ".tsv", ".xlsx", ".ods")
    return sorted(path.name for path in folder.iterdir() if path.suffix.lower() in suffixes)[:3]


def report_unknown(corpus: Corpus, found: Scan, unknown: str) -> None:
    """Raise or warn with the names that could not be parsed, grouped by reason."""
    by_reason = defaultdict(list)
    for path, reason in found.unknown.items():
        by_reason[reason].append(path)
    lines = [
        f"{len(paths)} × {reason}: {', '.join(paths[:3])}{', …' if len(paths) > 3 else ''}"
        for reason, paths in sorted(by_reason.items(), key=lambda item: -len(item[1]))
    ]
    what = "are not of this corpus" if corpus.n_clips else "cannot be used"
    message = (
        f"{corpus.title}: {len(found.unknown)} audio file(s) in {found.folder} {what}:\n  "
        + "\n  ".join(lines[:12])
        + (f"\n  … {len(lines) - 12} more reasons" * (len(lines) > 12))
    )
    if not found.clips:
        advice = "There are no other files" + ": pass the corpus's own folder as root" * bool(corpus.n_clips)
        if not corpus.n_clips and found.source == Scan.source and (tables := _tables(found.folder)):
            advice += f". If {', '.join(tables)} describes them, save it as index.csv or pass it as root"
        raise CorpusError(f"{message}\n{advice}.")
    if unknown == "raise":
        raise CorpusError(
            message + "\nFix or move them, or pass unknown='warn' (--skip-unknown) to leave them out."
        )
    warnings.warn(message, stacklevel=4)

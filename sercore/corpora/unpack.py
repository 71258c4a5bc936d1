"""Unpack a zip archive that somebody else made, without trusting it.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..errors import CorpusError
from ..files import BAD_ZIP

MAX_FILES = 20_000
MAX_BYTES = 4_000_000_000


def unpack(
    archive: str | os.PathLike, target: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES
) -> None:
    """Unpack all of a zip archive below ``target``, or nothing.

    Parameters
    ----------
    archive : path
        The zip file.
    target : Path
        An empty or new folder. Nothing else is taken: a link lying in it would be written through.
    max_files, max_bytes : int
        More entries, or more bytes after unpacking, are refused. The declared sizes can be
        trusted for this: no more than the declared size of an entry is ever written.

    Raises
    ------
    CorpusError
        Not a zip, damaged, too large, an entry that is a link or points outside ``target``, or names
        and contents that this disk cannot hold. Every entry is looked at before the first is written.
    """
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir() or any(target.iterdir())):
        raise CorpusError(f"{target} is not an empty folder; nothing was unpacked. Name a new one.")
    try:
        with zipfile.ZipFile(archive) as content:
            entries = content.infolist()
            for entry in entries:
                _refuse_unsafe(archive, entry)
            n_bytes = sum(entry.file_size for entry in entries)
            if len(entries) > max_files or n_bytes > max_bytes:
                raise CorpusError(
                    f"{archive}: {len(entries)} entries of {n_bytes} bytes are too large; "
                    f"at most {max_files} entries and {max_bytes} bytes are unpacked"
                )
            _extract(content, target)
    except BAD_ZIP as error:
        raise CorpusError(
            f"{archive} is not a sound zip archive ({error}); a web page or a cut file?"
        ) from error


def _extract(content: zipfile.ZipFile, target: Path) -> None:
    """Write all entries, or leave nothing behind."""
    try:
        content.extractall(target)
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError | UnicodeError):
            raise CorpusError(
                f"{content.filename} cannot be unpacked into {target} ({error}): is the disk full, a name "
                "too long, or a file named like a folder? Nothing was left there."
            ) from error
        raise


def _refuse_unsafe(archive: str | os.PathLike, entry: zipfile.ZipInfo) -> None:
    """Raise for an entry that would write elsewhere or make a link."""
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    # a Windows path with a drive or root is refused on every system, so archives behave alike
    if PureWindowsPath(entry.filename).anchor or not parts or ".." in parts:
        raise CorpusError(
            f"{archive}: entry {entry.filename!r} points outside the folder; nothing was unpacked"
        )
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise CorpusError(f"{archive}: entry {entry.filename!r} is a link or device; nothing was unpacked")

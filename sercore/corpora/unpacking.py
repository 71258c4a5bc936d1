"""Unpack a zip archive from outside: every entry is checked before anything is written."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..errors import CorpusError
from ..files import BAD_ZIP

MAX_FILES = 20_000
"""Most entries of an archive."""
MAX_BYTES = 4_000_000_000
"""Most bytes of an archive after unpacking."""


def unpack(
    archive: str | os.PathLike, target: Path, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES
) -> None:
    """Unpack a zip archive into a new folder, completely or not at all.

    Parameters
    ----------
    archive : path
        The zip file.
    target : Path
        Folder to create; it must not exist.
    max_files, max_bytes : int
        Limits on the number of entries and on their total size after unpacking. :mod:`zipfile` never
        writes more of an entry than its declared size.

    Raises
    ------
    CorpusError
        The archive is damaged or too large, an entry is a link or would be written outside
        ``target``, or the disk cannot store the entries. Nothing is left in ``target``.
    """
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
            target.mkdir()
            try:
                content.extractall(target)
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
    except (OSError, UnicodeEncodeError) as error:
        raise CorpusError(
            f"{archive} cannot be unpacked into {target} ({error}). Check the free disk space, and that the "
            "folder does not exist and no name in the archive is too long; nothing was unpacked."
        ) from error
    except BAD_ZIP as error:
        raise CorpusError(
            f"{archive} is not a valid zip archive ({error}): is it a web page or an incomplete file?"
        ) from error


def _refuse_unsafe(archive: str | os.PathLike, entry: zipfile.ZipInfo) -> None:
    """Raise for an entry that would be written outside the folder or create a link."""
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    # Windows paths with a drive or root are refused on every system, so that all systems agree
    if PureWindowsPath(entry.filename).anchor or not parts or ".." in parts:
        raise CorpusError(
            f"{archive}: entry {entry.filename!r} points outside the folder; nothing was unpacked"
        )
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise CorpusError(f"{archive}: entry {entry.filename!r} is a link or device; nothing was unpacked")

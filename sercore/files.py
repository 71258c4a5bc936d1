"""Files: written whole or not at all, and recognised when they are not what their name promises."""

from __future__ import annotations

import contextlib
import lzma
import os
import struct
import uuid
import zipfile
import zlib
from pathlib import Path

BAD_ZIP = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, KeyError, NotImplementedError,
    OSError, RuntimeError, ValueError,
)  # fmt: skip
"""Exceptions that :mod:`zipfile` raises for damaged archives and for files that are not archives."""


def write_atomic(path: Path, data: bytes) -> None:
    """Write bytes under a temporary name in the same folder, then move the file into place.

    A reader finds the whole file or none. On an error nothing is left behind.

    Parameters
    ----------
    path : Path
        Its folder is created if it does not exist.
    data : bytes

    Raises
    ------
    OSError
        The folder cannot be written or the disk is full.
    """
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def is_lfs_pointer(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a Git LFS pointer and not the file itself.

    Examples
    --------
    >>> is_lfs_pointer(b"version https://git-lfs.github.com/spec/v1")
    True
    """
    return head.startswith(b"version https://git-lfs")

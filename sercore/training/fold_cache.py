"""Fold cache: the out-of-fold rows of finished folds on disk.

Files are written under a temporary name and moved into place. The name ends in the digest of the content,
like the names of feature shards, so that a truncated or corrupted file is detected and computed again.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from pathlib import Path

import pandas as pd

from ..errors import StoreError
from ..files import write_atomic


def write_fold(rows: pd.DataFrame, path: Path) -> None:
    """Write finished rows as ``<path>-<digest>.parquet``; errors as in :func:`write_parquet`."""
    data = _bytes(rows)
    _write(data, path.with_name(f"{path.name}-{_digest(data)}.parquet"))


def read_fold(path: Path) -> pd.DataFrame | None:
    """Rows that :func:`write_fold` wrote to this path, or None. Damaged files are removed.

    Raises
    ------
    StoreError
        The folder or a file in it cannot be read.
    """
    try:
        names = sorted(os.listdir(path.parent))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path.parent, error) from error
    for name in filter(re.compile(rf"{re.escape(path.name)}-[0-9a-f]{{16}}\.parquet").fullmatch, names):
        file = path.with_name(name)
        try:
            data = file.read_bytes()
            if name.endswith(f"-{_digest(data)}.parquet"):
                return pd.read_parquet(io.BytesIO(data))
            file.unlink()
        except FileNotFoundError:  # another process found it damaged and removed it
            continue
        except OSError as error:
            raise _unreadable(file, error) from error
    return None


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table under a temporary name and move it into place.

    Raises
    ------
    StoreError
        The folder cannot be written; no partial file remains.
    """
    _write(_bytes(table), path)


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path}: finished folds cannot be read ({error}); check its permissions, delete it, or choose "
        "another folder"
    )


def _bytes(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _write(data: bytes, path: Path) -> None:
    try:
        write_atomic(path, data)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written ({error}); free space, or choose another folder. Folds that "
            "were finished before remain."
        ) from error

"""Finished folds on disk: written whole or not at all, and known to be undamaged when read.

The name of a kept file ends in the digest of its bytes, as the names of feature shards do. A file cut by a
full disk, or with one bit turned, is thereby found and made again.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import glob
import hashlib
import io
from pathlib import Path

import pandas as pd

from ..errors import StoreError
from ..files import write_atomic


def write_fold(rows: pd.DataFrame, path: Path) -> None:
    """Store finished rows as ``<path>-<digest>.parquet``; errors as :func:`write_parquet`."""
    data = _bytes(rows)
    _write(data, path.with_name(f"{path.name}-{_digest(data)}.parquet"))


def read_fold(path: Path) -> pd.DataFrame | None:
    """Rows that :func:`write_fold` stored under this path; None where there are none. Damaged files are removed."""
    for name in sorted(glob.glob(f"{glob.escape(str(path))}-*.parquet")):
        try:
            data = Path(name).read_bytes()
        except FileNotFoundError:  # another process found it damaged and removed it
            continue
        if name.endswith(f"-{_digest(data)}.parquet"):
            return pd.read_parquet(io.BytesIO(data))
        Path(name).unlink(missing_ok=True)
    return None


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table under a temporary name and move it into place.

    Raises
    ------
    StoreError
        The folder cannot be written; nothing is left there.
    """
    _write(_bytes(table), path)


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
            f"{path}: cannot be written ({error}); free space, or choose another folder. What was finished "
            "before is kept."
        ) from error

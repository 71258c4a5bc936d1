"""Recordings to predict: files and folders, or a table with a column of paths whose columns are all kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SercoreError
from .files import find_files

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = (".csv", ".tsv", ".parquet")
"""Suffixes of the tables that are read."""


@dataclass(frozen=True, eq=False)
class Recordings:
    """Files to predict, with the table that lists them, if there is one.

    Parameters
    ----------
    files : list of Path
    table : pa.Table, optional
        One row per file; cells of a CSV file are the text that they were.
    source : bytes
        SHA-256 of the file of the table.
    """

    files: list[Path]
    table: pa.Table | None = None
    source: bytes = b""

    @property
    def digest(self) -> str:
        """SHA-256 of the table, and of the absolute names, sizes and times of the files."""
        return digest_of_files(self.files, self.source)


def digest_of_files(files: Iterable[str | os.PathLike], source: bytes = b"") -> str:
    """SHA-256 of some bytes, and of the absolute names, sizes and times of modification of files."""
    found = hashlib.sha256(source)
    for file in files:
        try:
            about = os.stat(file)
        except (OSError, ValueError):
            state = "missing"
        else:
            state = f"{about.st_size} {about.st_mtime_ns}"
        found.update(os.fsencode(os.path.abspath(file)) + f"\0{state}\0".encode())
    return found.hexdigest()


def is_table(name: str | os.PathLike) -> bool:
    """Whether a name is that of a table of recordings.

    Examples
    --------
    >>> is_table("calls.csv"), is_table("call.wav")
    (True, False)
    """
    return Path(name).suffix.lower() in TABLES and not os.path.isdir(name)


def read_recordings(names: Sequence[str | os.PathLike]) -> Recordings:
    """Recordings that are named by files and folders, or by one table.

    Parameters
    ----------
    names : path or sequence of path
        See :func:`sercore.bundle.find_files`; or a single CSV or Parquet file with a column ``path`` (also
        ``file``, ``filename``, ``audio`` and others: :data:`sercore.corpora.tables.COLUMNS`). Paths are
        relative to the folder of the table.

    Raises
    ------
    AudioError
        A folder cannot be read, or there are no recordings.
    CorpusError
        The file is not CSV.
    SercoreError
        A table has no column of paths, has no rows, or is not alone.
    """
    names = [names] if isinstance(names, str | os.PathLike) else names
    tables = [name for name in names if is_table(name)]
    if not tables:
        return Recordings(find_files(names))
    if len(names) > 1:
        raise SercoreError(f"{tables[0]} is a table of recordings: pass it alone, or list all files in it")
    source = Path(tables[0])
    table = _read(source)
    column = _path_column(source, table.column_names)
    if not len(table):
        raise SercoreError(f"{source}: the table has no rows")
    paths = (str(cell or "").replace("\\", "/") for cell in table[column].to_pylist())
    with open(source, "rb") as stream:
        return Recordings(
            [source.parent / path for path in paths], table, hashlib.file_digest(stream, "sha256").digest()
        )


def _read(source: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if source.suffix.lower() != ".parquet":
        from ..corpora.sheets import read_text_table  # pandas is slow to import
        from ..corpora.tables import COLUMNS

        known = {name for column, others in COLUMNS.items() for name in (column, *others)}
        frame = read_text_table(source, known)
        text = pa.schema([(column, pa.string()) for column in frame.columns])
        return pa.Table.from_pandas(frame, text, preserve_index=False).replace_schema_metadata()
    try:
        return pq.read_table(source).replace_schema_metadata()
    except (OSError, pa.ArrowInvalid) as error:
        raise SercoreError(f"{source}: cannot be read as Parquet ({error})") from error


def _path_column(source: Path, columns: Sequence[str]) -> str:
    """The column of paths, by one of the names that corpora may use."""
    from ..corpora.sheets import plain_name
    from ..corpora.tables import COLUMNS

    plain = [plain_name(column) for column in columns]
    for name in ("path", *COLUMNS["path"]):
        if name in plain:
            return columns[plain.index(name)]
    raise SercoreError(f"{source}: no column path; it has {', '.join(columns)}")

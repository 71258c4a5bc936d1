"""The parts of a table of predictions: their folder, their content, and how they are joined.

A part is a Parquet file with the number of each recording and its predictions. It is written under a
temporary name and moved into place, so that it is complete or missing. ``plan.json`` tells the parts of one
run from those of another.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SercoreError
from ..files import is_abandoned, owner_tag, write_atomic
from ..training.claims import is_claimed
from .inputs import Recordings

if TYPE_CHECKING:
    import pyarrow as pa

PART_RECORDINGS = 64
"""Recordings per part, if they are predicted as a whole; with windows, a part is one recording."""

_GROUP_ROWS = 16_384  # rows of the result that are in memory, and of a row group of Parquet
_WRITE_ROWS = 1_024  # rows of a part that are in memory as dicts
_PLAN = "plan.json"
_RECORDING = "recording"  # column of the parts: number of the recording


class Parts:
    """The parts of one result.

    Parameters
    ----------
    out : Path
        The result; its parts are in the folder ``OUT.parts``.
    recordings : Recordings
    classes : sequence of str
    timed : bool
        Whether there are several rows per recording, with their time.
    """

    def __init__(self, out: Path, recordings: Recordings, classes: Sequence[str], *, timed: bool):
        self.out, self.recordings, self.timed = out, recordings, timed
        self.folder = out.with_name(f"{out.name}.parts")
        self.size = 1 if timed else PART_RECORDINGS
        self.columns = ["start", "end"] if timed else []
        self.columns += ["label", "confidence", "rejected", "error", "message"]
        self.columns += [f"proba_{name}" for name in classes]

    def __len__(self) -> int:
        return -(-len(self.recordings.files) // self.size)

    def rows(self, number: int) -> slice:
        """Numbers of the recordings of a part."""
        return slice(number * self.size, min((number + 1) * self.size, len(self.recordings.files)))

    def path(self, number: int) -> Path:
        """File of a part."""
        return self.folder / f"{number:06d}.parquet"

    def open(self, plan: dict, *, overwrite: bool) -> None:
        """Create the folder, or continue in it if its parts belong to the same plan."""
        if os.path.lexists(self.folder):
            found = self._found_plan()
            if is_claimed(self.run):
                raise self.in_use()
            differ = [name for name, value in plan.items() if found.get(name) != value]
            if differ and not overwrite:
                raise SercoreError(
                    f"{self.folder} contains parts of a run with other {', '.join(differ)}; repeat the "
                    "command of that run to continue it, choose another file, or discard them with "
                    "overwrite=True (--overwrite)"
                )
            if differ:
                shutil.rmtree(self.folder)
            else:
                for path in self.folder.glob("*.tmp"):
                    if is_abandoned(path):
                        path.unlink(missing_ok=True)
        write_atomic(self.folder / _PLAN, json.dumps(plan, indent=1).encode())

    @property
    def run(self) -> Path:
        """What a process claims that writes the parts (:mod:`sercore.training.claims`)."""
        return self.folder / "run"

    def in_use(self) -> SercoreError:
        """The error if another process writes the parts."""
        return SercoreError(
            f"{self.out}: another process is writing these predictions; wait for it, or choose another file"
        )

    def _found_plan(self) -> dict:
        """The plan of an existing folder; a folder of something else is never touched."""
        with contextlib.suppress(OSError, ValueError):
            return json.loads((self.folder / _PLAN).read_text(encoding="utf-8"))
        if self.folder.is_dir() and all(path.name.startswith(".") for path in self.folder.iterdir()):
            return {}  # killed before the plan was written
        raise SercoreError(
            f"{self.folder} exists, and is not the folder of an interrupted run; choose another name for the "
            "predictions, or move it away"
        )

    def discard_empty(self) -> None:
        """Remove the folder if it contains no part, as after an error, so that it blocks no other run."""
        if not any(self.folder.glob("*.parquet")):
            shutil.rmtree(self.folder, ignore_errors=True)

    def missing(self) -> list[int]:
        """Numbers of the parts that are not written."""
        present = {path.name for path in self.folder.iterdir()}
        return [number for number in range(len(self)) if self.path(number).name not in present]

    def join(self) -> tuple[int, Counter]:
        """Write the parts as one file, in the order of the recordings, and remove them.

        Returns
        -------
        n_rows : int
        counts : Counter
            Number of skipped recordings by reason, and of rejected rows under None.
        """
        temporary = self.folder / f"{owner_tag()}.tmp"
        counts, n_rows = Counter(), 0
        with _writer(temporary, self._schema(), self.out.suffix.lower()) as write:
            for table in _regroup(map(self._read, range(len(self)))):
                n_rows += len(table)
                counts.update(_count(table, timed=self.timed))
                write(self._with_inputs(table))
        os.replace(temporary, self.out)
        shutil.rmtree(self.folder, ignore_errors=True)
        return n_rows, counts

    def _read(self, number: int) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path(number)) as part:
            for batch in part.iter_batches(_GROUP_ROWS):
                yield pa.Table.from_batches([batch])

    def _names(self) -> list[str]:
        """Columns of the result: those of the input, then those of the prediction."""
        table = self.recordings.table
        names = ["file"] if table is None else list(table.column_names)
        for name in self.columns:
            while name in names:
                name = f"predicted_{name}"
            names.append(name)
        return names

    def _schema(self) -> pa.Schema:
        import pyarrow as pa

        table = self.recordings.table
        types = [pa.string()] if table is None else table.schema.types
        types = [*types, *_part_schema(self.columns).types[1:]]
        return pa.schema(list(zip(self._names(), types, strict=True)))

    def _with_inputs(self, table: pa.Table) -> pa.Table:
        import pyarrow as pa

        numbers, predicted = table[_RECORDING], table.columns[1:]
        if self.recordings.table is None:
            names = [_text(os.fspath(self.recordings.files[number])) for number in numbers.to_pylist()]
            own = [pa.array(names, pa.string())]
        else:
            own = self.recordings.table.take(numbers).columns
        return pa.table([*own, *predicted], schema=self._schema())


def _text(value):
    """The value; of a text that is not valid Unicode, as names of files can be, the bytes are escaped."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _part_schema(columns: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    texts = ("label", "rejected", "error", "message")
    types = [(name, pa.string() if name in texts else pa.float64()) for name in columns]
    return pa.schema([(_RECORDING, pa.int64()), *types])


def _regroup(parts: Iterator[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """The rows of all parts in tables of ``_GROUP_ROWS`` rows, the last of what is left."""
    import pyarrow as pa

    waiting, n_rows = [], 0
    for part in parts:
        for table in part:
            waiting.append(table)
            n_rows += len(table)
            while n_rows >= _GROUP_ROWS:
                joined = pa.concat_tables(waiting).combine_chunks()
                yield joined.slice(0, _GROUP_ROWS)
                waiting, n_rows = [joined.slice(_GROUP_ROWS)], n_rows - _GROUP_ROWS
    if n_rows:
        yield pa.concat_tables(waiting).combine_chunks()


def _count(table: pa.Table, *, timed: bool) -> Counter:
    """Skipped recordings by reason, and rejected rows under None; a silent window is not skipped."""
    errors = table["error"].to_pylist()
    starts = table["start"].to_pylist() if timed else [None] * len(table)
    counts = Counter(error for error, start in zip(errors, starts, strict=True) if error and start is None)
    counts[None] = len(table) - table["rejected"].null_count
    return counts


@contextlib.contextmanager
def _writer(path: Path, schema: pa.Schema, suffix: str) -> Iterator[Callable[[pa.Table], None]]:
    """A function that appends a table to a Parquet or CSV file."""
    import pandas as pd
    import pyarrow.parquet as pq

    if suffix == ".parquet":
        with pq.ParquetWriter(path, schema) as writer:
            yield writer.write_table
        return
    options = {"index": False, "lineterminator": "\n"}
    with open(path, "w", encoding="utf-8", newline="") as stream:
        schema.empty_table().to_pandas().to_csv(stream, **options)
        # types of Arrow: those of NumPy write an integer as 1.0 if another row of the table is empty
        yield lambda table: table.to_pandas(types_mapper=pd.ArrowDtype).to_csv(
            stream, header=False, **options
        )


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[tuple[int, dict]]) -> None:
    """Write one part.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        :attr:`Parts.columns`.
    rows : iterable of (int, dict)
        Number of the recording, and a row of :mod:`sercore.bundle.files`.

    Raises
    ------
    OSError
        The folder cannot be written or the disk is full.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, flat = _part_schema(columns), (_flat(number, row) for number, row in rows)
    temporary = path.with_name(f"{owner_tag()}.tmp")
    try:
        with pq.ParquetWriter(temporary, schema) as writer:
            while some := list(islice(flat, _WRITE_ROWS)):
                writer.write_table(pa.Table.from_pylist(some, schema))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _flat(number: int, row: dict) -> dict:
    """A row with the number of its recording and a column for each probability."""
    flat = {name: _text(value) for name, value in row.items() if name not in ("proba", "file")}
    proba = {f"proba_{name}": value for name, value in row.get("proba", {}).items()}
    return {_RECORDING: number, **flat, **proba}

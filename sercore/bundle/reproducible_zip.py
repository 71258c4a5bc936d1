"""The same model as the same bytes, whenever and wherever it is written.

Libraries put the time of day and addresses in memory into their files. With these taken out, a rerun of
``sercore train`` gives the digest of the first run, and two people can compare what they trained.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive knows


def skops(content: bytes) -> bytes:
    """A skops file whose objects are numbered in order of appearance, not by address."""
    files = _read(content)
    tree = json.loads(files.pop("schema.json"))
    numbers: dict[int, int] = {}
    names: dict[str, str] = {}
    _renumber(tree, numbers, names)
    arrays = {names.get(name, name): data for name, data in files.items()}
    return _pack({"schema.json": json.dumps(tree).encode()} | dict(sorted(arrays.items())))


def keras(content: bytes) -> bytes:
    """A ``.keras`` file without the date at which it was saved."""
    files = _read(content)
    metadata = json.loads(files["metadata.json"]) | {"date_saved": ""}
    return _pack(files | {"metadata.json": json.dumps(metadata).encode()})


def _renumber(part, numbers: dict[int, int], names: dict[str, str]) -> None:
    """Give every ``__id__`` the next number, and every array file a name after its own."""
    if isinstance(part, list):
        for value in part:
            _renumber(value, numbers, names)
    elif isinstance(part, dict):
        if "__id__" in part:
            part["__id__"] = numbers.setdefault(part["__id__"], len(numbers))
        if isinstance(part.get("file"), str):
            part["file"] = names.setdefault(part["file"], f"{len(names)}.npy")
        for value in part.values():
            _renumber(value, numbers, names)


def _read(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def _pack(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    return buffer.getvalue()

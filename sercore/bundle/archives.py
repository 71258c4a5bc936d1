"""JSON and zip files: read from untrusted sources, and written identically for identical models.

What is read has unique names and a limited size. What is written lacks the time of day and the memory
addresses that libraries put into their files, so a second run of ``sercore train`` gives the digest of the
first, and two people can compare the models they trained.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping

from ..errors import BundleError
from ..files import BAD_ZIP

MAX_UNPACKED = 2_000_000_000
"""Bytes of all entries of an archive together."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of the zip format


def brief(error: Exception) -> str:
    """Message of an error of another library in one line of at most 200 characters.

    Examples
    --------
    >>> brief(ValueError("shapes differ:\\n  (2,) and (3,)"))
    'shapes differ: (2,) and (3,)'
    """
    return " ".join(str(error).split())[:200]


def read_json(content: bytes, *, where: str) -> dict:
    """A JSON object without duplicate names, NaN or infinity.

    Parameters
    ----------
    content : bytes
        UTF-8 text.
    where : str
        Name of the file in error messages.

    Raises
    ------
    BundleError
        Anything else.

    Examples
    --------
    >>> read_json(b'{"format": 2}', where="bundle.json")
    {'format': 2}
    """

    def unique(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("duplicate name in an object")
        return dict(pairs)

    def refuse(number):
        raise ValueError(f"{number:.20} is not a JSON number")

    def finite(number):
        return float(number) if math.isfinite(float(number)) else refuse(number)

    try:
        value = json.loads(
            content.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse, parse_float=finite
        )
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}: not valid JSON ({error})") from error
    if not isinstance(value, dict):
        raise BundleError(f"{where}: expected a JSON object, found {type(value).__name__}")
    return value


def read_member(archive: bytes, name: str, *, where: str, only: tuple[str, ...] | None = None) -> bytes:
    """Content of one entry of a zip archive.

    Parameters
    ----------
    archive : bytes
    name : str
        Entry to read.
    where : str
        Name of the file in error messages.
    only : tuple of str, optional
        Names of all entries that the archive must have.

    Raises
    ------
    BundleError
        Not a zip archive, too large when unpacked, duplicate names, or entries other than ``only``.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as content:
            names = content.namelist()
            if len(set(names)) < len(names) or (only and sorted(names) != sorted(only)):
                raise BundleError(f"{where}: unexpected entries {sorted(names)[:4]}; refused")
            if sum(entry.file_size for entry in content.infolist()) > MAX_UNPACKED:
                raise BundleError(f"{where}: unpacks to more than {MAX_UNPACKED} bytes; refused")
            return content.read(name)
    except BAD_ZIP as error:
        raise BundleError(f"{where}: not a valid archive ({error})") from error


def walk_objects(tree) -> Iterator[dict]:
    """Every JSON object in a tree of objects and lists, the tree itself included.

    Examples
    --------
    >>> sorted(map(len, walk_objects({"a": [{}, {"b": 1, "c": 2}]})))
    [0, 1, 2]
    """
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield part
            pending += part.values()
        elif isinstance(part, list):
            pending += part


def reproducible_skops(content: bytes) -> bytes:
    """A skops file with its objects numbered in order of appearance instead of by memory address."""
    files = _read(content)
    tree = json.loads(files.pop("schema.json"))
    numbers: dict[int, int] = {}
    names: dict[str, str] = {}
    _renumber(tree, numbers, names)
    arrays = {names.get(name, name): data for name, data in files.items()}
    return _pack({"schema.json": json.dumps(tree).encode()} | dict(sorted(arrays.items())))


def reproducible_keras(content: bytes) -> bytes:
    """A ``.keras`` file without the date of saving."""
    files = _read(content)
    metadata = json.loads(files["metadata.json"]) | {"date_saved": ""}
    return _pack(files | {"metadata.json": json.dumps(metadata).encode()})


def _renumber(part, numbers: dict[int, int], names: dict[str, str]) -> None:
    """Number every ``__id__`` and every array file in order of appearance."""
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

"""Weights of a pretrained encoder, read without trusting the file.

The SHA-256 of a file is compared with the expected one before any byte of it is interpreted, and the
parser checks every length against the size of the file. Nothing is unpickled.

A CTranslate2 ``model.bin`` holds, in little-endian order: a version, the name of the model, its revision,
the number of tensors; for each tensor its name, shape, type, number of bytes and values; and a list of
aliases of some tensors. A name is a 16-bit length followed by that many bytes, the last one zero.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
from pathlib import Path

import numpy as np

from ..errors import EncoderError

MAX_BYTES = 8 * 2**30
_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_MAX_RANK = 4


def sha256_of(path: str | os.PathLike) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{path}: cannot be read ({error})") from error


def read_verified(path: str | os.PathLike, sha256: str) -> bytes:
    """Content of a file that has the expected SHA-256.

    Raises
    ------
    EncoderError
        The file cannot be read, is larger than 8 GiB, or has another hash.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise EncoderError(f"{path}: {path.stat().st_size} bytes; at most {MAX_BYTES} are read")
        content = path.read_bytes()
    except OSError as error:
        raise EncoderError(f"{path}: cannot be read ({error})") from error
    found = hashlib.sha256(content).hexdigest()
    if found != str(sha256).lower():
        raise EncoderError(
            f"{path}: SHA-256 is {found}, expected {sha256}; the file is damaged or a different one and was "
            "not loaded. If you trust it, pass its own hash as sha256"
        )
    return content


def read_ctranslate2(path: str | os.PathLike, *, sha256: str, prefix: str = "encoder/") -> dict:
    """Tensors of a CTranslate2 file, as 32-bit floats.

    Parameters
    ----------
    path : path
        A ``model.bin``.
    sha256 : str
        Expected hash of the file, compared before it is parsed.
    prefix : str
        Only tensors whose name starts with this are returned.

    Returns
    -------
    dict of str to np.ndarray
        Weights stored as 8-bit integers are divided by their ``_scale``. Whole numbers that are not
        weights, such as ``encoder/num_heads``, keep their type.

    Raises
    ------
    EncoderError
        The file cannot be read, has another hash, or is not a valid CTranslate2 file.
    """
    stored = parse_ctranslate2(read_verified(path, sha256), where=str(path))
    chosen = {name: value for name, value in stored.items() if name.startswith(prefix)}
    return {
        name: _dequantised(name, value, chosen, where=str(path))
        for name, value in chosen.items()
        if not name.endswith("_scale")
    }


def parse_ctranslate2(content: bytes, *, where: str) -> dict[str, np.ndarray]:
    """Tensors of a CTranslate2 file as they are stored, [shape as stored].

    Raises
    ------
    EncoderError
        The file is truncated, of another version, or has inconsistent lengths.
    """
    reader = _Reader(content, where)
    version = reader.number("I")
    if version not in (5, 6):
        reader.refuse(f"version {version} of the format; 5 and 6 are read")
    reader.text()  # name of the model
    reader.number("I")  # its revision
    tensors: dict[str, np.ndarray] = {}
    for _ in range(reader.number("I")):
        name, value = reader.tensor()
        if name in tensors:
            reader.refuse(f"tensor {name!r} is stored twice")
        tensors[name] = value
    for _ in range(reader.number("I")):
        alias, name = reader.text(), reader.text()
        if name not in tensors or alias in tensors:
            reader.refuse(f"alias {alias!r} of {name!r} does not match its tensors")
        tensors[alias] = tensors[name]
    if reader.position != len(content):
        reader.refuse(f"{len(content) - reader.position} bytes after its end")
    return tensors


class _Reader:
    """A position in a file, moved only after a check that the file is long enough."""

    def __init__(self, content: bytes, where: str):
        self.content, self.where, self.position = memoryview(content), where, 0

    def refuse(self, problem: str):
        raise EncoderError(f"{self.where}: not a valid CTranslate2 file: {problem}")

    def take(self, n_bytes: int) -> memoryview:
        end = self.position + n_bytes
        if end > len(self.content):
            self.refuse(f"it ends at byte {len(self.content)}, but {end} bytes are needed")
        part = self.content[self.position : end]
        self.position = end
        return part

    def number(self, kind: str) -> int:
        return struct.unpack(f"<{kind}", self.take(struct.calcsize(f"<{kind}")))[0]

    def text(self) -> str:
        raw = bytes(self.take(self.number("H")))
        if not raw.endswith(b"\0") or not raw[:-1].isascii():
            self.refuse(f"a name is not zero-terminated ASCII: {raw[:40]!r}")
        return raw[:-1].decode("ascii")

    def tensor(self) -> tuple[str, np.ndarray]:
        name, rank = self.text(), self.number("B")
        if rank > _MAX_RANK:
            self.refuse(f"{name!r} has {rank} dimensions; at most {_MAX_RANK}")
        shape = [self.number("I") for _ in range(rank)]
        kind, n_bytes = self.number("B"), self.number("I")
        if kind not in _TYPES:
            self.refuse(f"{name!r} is of type {kind}; known are {sorted(_TYPES)}")
        dtype = np.dtype(_TYPES[kind])
        if math.prod(shape) * dtype.itemsize != n_bytes:
            self.refuse(f"{name!r} has shape {shape} of {dtype} but {n_bytes} bytes")
        return name, np.frombuffer(self.take(n_bytes), dtype=dtype).reshape(shape)


def _dequantised(name: str, value: np.ndarray, stored: dict, *, where: str) -> np.ndarray:
    """A weight as 32-bit floats; integers that have no scale are returned as they are."""
    scale = stored.get(f"{name}_scale")
    if value.dtype.kind == "f":
        floats = value.astype(np.float32)
    elif scale is None:
        return value
    else:
        if scale.size not in (1, value.shape[0] if value.ndim else 1) or not (scale > 0).all():
            raise EncoderError(f"{where}: the scale of {name!r} does not match its shape {value.shape}")
        rows = scale.astype(np.float32).reshape(-1, *[1] * (value.ndim - 1))
        floats = value.astype(np.float32) / rows
    if not np.isfinite(floats).all():
        raise EncoderError(f"{where}: {name!r} contains NaN or infinity")
    return floats

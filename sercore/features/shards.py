"""Shards: the files of the feature cache, each with the features of a few clips.

A cache is a folder or any fsspec URL. The name of a shard is ``<corpus>-<task>-<digest>.npz``: the hash of
the keys of its clips, by which a finished task is recognised without reading it, and the SHA-256 of the
content, by which a damaged file is recognised. On a file system, a shard is written under a temporary name
and moved into place; the object stores :data:`OBJECT_STORES` show an object when it is complete.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import uuid
import zlib
from collections.abc import Iterable

import numpy as np

from .. import paths
from ..errors import StoreError
from ..files import replace

OBJECT_STORES = {"s3", "gs", "gcs", "abfs", "az", "oci", "memory"}
"""Protocols of fsspec that store whole objects and need neither folders nor temporary names."""

_LOCAL = {"file", "local"}


class Shards:
    """The files of one cache folder.

    Parameters
    ----------
    cache : str or path, optional
        Folder or fsspec URL; by default ``cache/features`` in the data folder.
    name : str
        Of the folder inside it.

    Raises
    ------
    StoreError
        The protocol of the URL is unknown, or the package that it needs is not installed.

    Examples
    --------
    >>> shards = Shards("memory://example", "table-1a2b")
    >>> bad = {"demo/b|0|7": ("empty", "b.wav is empty")}
    >>> name = shards.write("demo", ["demo/a|2|5"], [np.float32([1, 2])], bad)
    >>> shards.read(name)
    {'demo/a|2|5': array([1., 2.], dtype=float32), 'demo/b|0|7': ('empty', 'b.wav is empty')}
    """

    def __init__(self, cache: str | os.PathLike | None, name: str):
        import fsspec

        base = os.fspath(cache) if cache is not None else str(paths.cache_dir() / "features")
        try:
            self.fs, root = fsspec.core.url_to_fs(base)
        except Exception as error:  # an unknown protocol, or a package that it needs
            raise StoreError(f"{base}: this cache cannot be used ({error})") from error
        self.folder = f"{root.rstrip('/')}/{name}"

    @property
    def protocols(self) -> set[str]:
        """Names of the file system: ``{"file", "local"}``, ``{"s3", "s3a"}``."""
        return {self.fs.protocol} if isinstance(self.fs.protocol, str) else set(self.fs.protocol)

    def names(self, corpora: set[str]) -> list[str]:
        """Names of all shards of these corpora."""
        self.fs.invalidate_cache()  # other machines have written to the folder
        try:
            found = sorted(path.rsplit("/", 1)[-1] for path in self.fs.ls(self.folder, detail=False))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except Exception as error:  # file systems of fsspec have errors of their own
            raise self._unreadable(self.folder, error) from error
        return [name for name in found if name.endswith(".npz") and name.split("-")[0] in corpora]

    def read_all(self, wanted: set[str], *, corpora: set[str]) -> dict:
        """Cached values of the wanted clips, from the shards of these corpora."""
        found = {}
        for name in self.names(corpora):
            clips = self.read(name)
            found.update(
                (key, value) for key, value in clips.items() if key in wanted and is_final(key, value)
            )
        return found

    def read(self, name: str) -> dict:
        """Clips of one shard; a shard whose digest does not match is removed, and gives none.

        Returns
        -------
        dict
            For each key an array, or reason and message of an unusable clip.
        """
        path = f"{self.folder}/{name}"
        try:
            data = self.fs.cat_file(path)
            if hashlib.sha256(data).hexdigest()[:32] != name.split(".")[0].split("-")[-1]:
                self.fs.rm_file(path)
                return {}
        except FileNotFoundError:  # another process found it damaged and removed it
            return {}
        except Exception as error:
            raise self._unreadable(path, error) from error
        with np.load(io.BytesIO(data), allow_pickle=False) as shard:
            content = json.loads(str(shard["content"]))
            pieces = np.split(shard["values"], shard["ends"][:-1]) if len(content["keys"]) else []
        rows = [piece[0] if content["table"] else piece.T for piece in pieces]
        return dict(zip(content["keys"], rows, strict=True)) | {
            k: tuple(v) for k, v in content["bad"].items()
        }

    def check_seen(self, names: list[str]) -> None:
        """Raise StoreError if shards that workers wrote are not in the cache as this process sees it."""
        there = set(self.names({name.split("-")[0] for name in names}))
        missing = [name for name in names if name not in there]
        if missing:
            raise StoreError(
                f"{self.folder}: {len(missing)} of {len(names)} shards of the workers are not there, such as "
                f"{missing[0]}; the cache must be a folder or URL that is the same for all machines and "
                "processes (memory:// belongs to one process)"
            )

    @staticmethod
    def _unreadable(path: str, error: Exception) -> StoreError:
        return StoreError(
            f"{path}: the feature cache cannot be read ({error}); check its permissions, delete it, or "
            "choose another folder with the cache argument or SERCORE_DATA"
        )

    def write(self, corpus: str, keys: list[str], values: list[np.ndarray], bad: dict) -> str:
        """Write clips to one file and return its name."""
        table = not values or values[0].ndim == 1
        rows = [value[None, :] if table else value.T for value in values] or [np.zeros((0, 0), np.float32)]
        content = json.dumps({"keys": keys, "bad": bad, "table": table})
        ends = np.cumsum([len(row) for row in rows])
        buffer = io.BytesIO()
        np.savez(buffer, values=np.concatenate(rows), ends=ends, content=np.array(content))
        data = buffer.getvalue()
        unusable = [f"{key} unusable" for key in bad]
        name = f"{corpus}-{task_hash([*keys, *unusable])}-{hashlib.sha256(data).hexdigest()[:32]}.npz"
        self._put(name, data)
        return name

    def has_text(self, name: str) -> bool:
        """Whether there is a text file of this name."""
        return self.fs.exists(f"{self.folder}/{name}")

    def write_text(self, name: str, text: str) -> str:
        """Write a small text file and return its path."""
        return self._put(name, text.encode())

    def _put(self, name: str, data: bytes) -> str:
        final, part = f"{self.folder}/{name}", f"{self.folder}/.{name}.{uuid.uuid4().hex}.part"
        try:
            if self.protocols & OBJECT_STORES:
                self.fs.pipe_file(final, data)
                return final
            self.fs.makedirs(self.folder, exist_ok=True)
            self.fs.pipe_file(part, data)
            if self.protocols & _LOCAL:
                replace(part, final)  # fsspec moves by copying if the target exists, on Windows
            else:
                self.fs.mv(part, final)
        except Exception as error:
            with contextlib.suppress(Exception):
                self.fs.rm_file(part)
            raise StoreError(
                f"{final}: the feature cache cannot be written ({error}); free space, or choose another "
                "folder with the cache argument or SERCORE_DATA"
            ) from error
        return final


def clip_key(clip_id: str, path: str) -> str:
    """Identity of a cached clip: id, file size and modification time.

    Folders of own recordings may have the same names, lengths and times, as after unpacking archives without
    times, so a checksum of 4 KiB in the middle of the file belongs to the key of their clips.

    Examples
    --------
    >>> clip_key("demo/a", "no/such/file")
    'demo/a|missing'
    """
    try:
        info = os.stat(path)
    except OSError:
        return f"{clip_id}|missing"
    key = f"{clip_id}|{info.st_size}|{info.st_mtime_ns}"
    if clip_id.startswith("folder/"):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            file.seek(info.st_size // 2)
            return f"{key}|{zlib.crc32(file.read(4096)):08x}"
    return key


def task_hash(keys: Iterable[str]) -> str:
    """The part of the name of a shard that depends on its clips; none of them is unusable."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:12]


def is_final(key: str, value: np.ndarray | tuple[str, str]) -> bool:
    """Whether a cached value is used; a clip that could not be opened is tried again.

    Its file, or the decoder for it, may be missing on one machine only.

    Examples
    --------
    >>> is_final("demo/a|2|5", ("silent", "a is silent")), is_final("demo/a|2|5", ("missing", "a not found"))
    (True, False)
    """
    if isinstance(value, np.ndarray):
        return True
    was_there = not key.endswith("|missing")
    return value[0] != "unreadable" and not (value[0] == "missing" and was_there)

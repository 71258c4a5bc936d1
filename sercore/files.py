"""Atomic writes, locks, file patterns, leftovers of killed processes, damaged archives, Git LFS pointers."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import lzma
import math
import os
import platform
import re
import struct
import tempfile
import threading
import time
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import AudioError, SercoreError

BAD_ZIP = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, KeyError, NotImplementedError,
    OSError, RuntimeError, ValueError,
)  # fmt: skip
"""Exceptions raised by :mod:`zipfile` for damaged archives and for files that are not archives."""


def replace(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Move a file or folder, as ``os.replace`` does; on Windows, wait for programs that have it open.

    There, a file cannot be replaced, nor its folder be renamed, while anybody reads it: another process of
    this package, a virus scanner, a program that synchronises folders. They have two seconds.

    Raises
    ------
    OSError
        As ``os.replace``.
    """
    for pause in (0.01, 0.04, 0.15, 0.5, 1.3):
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(pause if os.name == "nt" else 0)
    return os.replace(source, target)


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file under a temporary name in the same folder, then move it into place.

    Other processes see the complete file or none. After an error no temporary file is left.

    Parameters
    ----------
    path : Path
        Its folder is created if it does not exist.
    data : bytes

    Raises
    ------
    OSError
        The folder cannot be written or the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(Path(folder) / "a" / "b.txt", b"text")
    ...     print([path.name for path in (Path(folder) / "a").iterdir()])
    ['b.txt']
    """
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


@contextlib.contextmanager
def locked(folder: Path, *, seconds: float = 10.0) -> Iterator[None]:
    """Exclusive access to the files of a folder, for processes that use the same lock.

    Parameters
    ----------
    folder : Path
        Created if it does not exist. The lock is its subfolder ``.lock``.
    seconds : float
        See :func:`held`.

    Raises
    ------
    OSError
        The folder cannot be written, or another process holds the lock for longer than twice ``seconds``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder)):
    ...     print(os.listdir(folder))
    ['.lock']
    """
    with held(folder / ".lock", seconds=seconds, wait=2 * seconds):
        yield


@contextlib.contextmanager
def held(lock: Path, *, seconds: float = 10.0, wait: float = math.inf) -> Iterator[None]:
    """Hold a lock, a folder that only one process can have renamed, and remove it in the end.

    Parameters
    ----------
    lock : Path
        The folder above it is created if it does not exist.
    seconds : float
        A thread renews the lock more often than this. One that is older, by the clock of the file server,
        was left behind by a killed process, and so is one whose process on this machine has ended.
    wait : float
        Seconds to wait for another process.

    Raises
    ------
    OSError
        The lock cannot be created, or another process holds it for longer.
    """
    end = time.monotonic() + wait
    lock.parent.mkdir(parents=True, exist_ok=True)
    tag = owner_tag()
    mine, owner = lock.with_name(f".{tag}.lock"), lock / f"{tag}.owner"
    mine.mkdir()  # with its owner from the first moment, so that nobody takes it for an empty leftover
    (mine / owner.name).touch()
    try:
        while not _take(mine, lock):
            if time.monotonic() > end:
                raise FileExistsError(errno.EEXIST, "another process holds the lock", str(lock))
            with contextlib.suppress(OSError):
                owners = list(lock.iterdir())
                if _age(lock) > seconds or any(map(has_ended, owners)):
                    _release(lock, owners)
            time.sleep(min(0.1, seconds / 1000))
    except BaseException:
        _release(mine, [mine / owner.name])
        raise
    ended = threading.Event()
    heartbeat = threading.Thread(target=_renew, args=(lock, seconds / 4, ended), name="lock", daemon=True)
    heartbeat.start()
    try:
        yield
    finally:
        ended.set()
        heartbeat.join()
        with contextlib.suppress(OSError):
            _release(lock, [owner])


def _take(mine: Path, lock: Path) -> bool:
    """Rename a folder to that of the lock, unless there is one that is not empty."""
    os.utime(mine)
    try:
        mine.rename(lock)
    except OSError as error:
        in_use = os.name == "nt" and error.errno == errno.EACCES  # somebody looks at the lock in this moment
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY) and not in_use:
            raise
        return False
    return True


def _release(lock: Path, owners: Iterable[Path]) -> None:
    for owner in owners:
        owner.unlink(missing_ok=True)
    lock.rmdir()


def _age(lock: Path) -> float:
    """Seconds since a lock was renewed; the clocks of other machines may differ from that of the server."""
    with tempfile.TemporaryFile(dir=lock.parent) as new:
        return os.fstat(new.fileno()).st_mtime - lock.stat().st_mtime


def _renew(lock: Path, seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds):
        with contextlib.suppress(OSError):
            os.utime(lock)


def owner_tag() -> str:
    """A part of a temporary name that identifies this machine and process: ``1a2b3c4d-123-5e6f7a8b``."""
    return f"{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def is_abandoned(path: Path) -> bool:
    """Whether the process that made a path with :func:`owner_tag` in its name has ended.

    Processes of other machines, which may share the folder, count as ended after a day.
    """
    if has_ended(path):
        return True
    with contextlib.suppress(OSError):
        return bool(_TAG.search(path.name)) and time.time() - path.stat().st_mtime > 86_400
    return False


def has_ended(path: Path) -> bool:
    """Whether the process that made a path with :func:`owner_tag` in its name ran here and has ended."""
    import psutil

    found = _TAG.search(path.name)
    if not found or found[1] != _machine():
        return False
    with contextlib.suppress(OSError):
        if path.stat().st_mtime < psutil.boot_time():
            return True  # another process may have its number since
    return not psutil.pid_exists(int(found[2]))


_TAG = re.compile(r"([0-9a-f]{8})-(\d+)-[0-9a-f]{8}")


def _machine() -> str:
    """What has the numbers of processes of its own: a machine, or on Linux a container of one name."""
    name = platform.node()
    with contextlib.suppress(OSError):
        name += os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def is_lfs_pointer(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a Git LFS pointer instead of the file itself.

    Examples
    --------
    >>> is_lfs_pointer(b"version https://git-lfs.github.com/spec/v1")
    True
    """
    return head.startswith(b"version https://git-lfs")


def worker_folder() -> str | None:
    """Temporary folder for worker processes, or None if joblib can use its own.

    The resource tracker of joblib's workers accepts only paths of ASCII letters, but the temporary folder of
    a user's account may have others.

    Raises
    ------
    SercoreError
        There is no other folder.
    """
    usual = os.environ.get("JOBLIB_TEMP_FOLDER") or tempfile.gettempdir()
    if usual.isascii():
        return None
    windows = os.environ.get("SYSTEMROOT", r"C:\Windows")
    for folder in ("/tmp", "/var/tmp", rf"{windows}\Temp", os.environ.get("PUBLIC", ""), os.getcwd()):
        if folder.isascii() and os.path.isdir(folder) and os.access(folder, os.W_OK):
            return folder
    raise SercoreError(
        f"worker processes cannot use the temporary folder {usual}, whose path is not ASCII; "
        "set JOBLIB_TEMP_FOLDER to another folder, or use one process (--jobs 1)"
    )


def expand_patterns(names: Iterable[str | os.PathLike]) -> list[str]:
    """Names with the patterns among them replaced by the files that match, sorted.

    Not every shell expands ``*.wav``, and none does inside quotes.

    Parameters
    ----------
    names : iterable of path
        A name that does not exist and contains ``*``, ``?`` or ``[`` is a pattern; ``**`` matches any number
        of folders. Other names are returned as they are.

    Raises
    ------
    AudioError
        A pattern matches no file.

    Examples
    --------
    >>> expand_patterns(["speech.wav", "-"])
    ['speech.wav', '-']
    """
    expanded = []
    for name in map(os.fspath, names):
        if not glob.has_magic(name) or os.path.lexists(name):
            expanded.append(name)
            continue
        found = sorted(glob.glob(name, recursive=True))
        if not found:
            raise AudioError(f"{name}: no file matches this pattern; check the folder", reason="missing")
        expanded += found
    return expanded

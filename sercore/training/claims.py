"""Claims: processes that share a folder agree on which of them computes a fold.

A claim is a small file beside the fold. It is created with ``O_EXCL``, which succeeds in exactly one process,
on local disks and on NFS. While the fold is computed, a thread renews the modification time of the file. A
claim that has not been renewed for :data:`EXPIRY_SECONDS`, or whose process on this machine has ended, has
expired, and any process may follow it with a claim of the next number::

    .lda-loso-seed0-fold1-1f0c….claim-0      of a process that was killed
    .lda-loso-seed0-fold1-1f0c….claim-1      of the process that took the fold over

Claims of a fold are only removed when it is finished, so numbers are never used twice. A process that has
obtained a claim must look once more whether the fold was finished in the meantime.

Ages are measured with the clock of the file server, by the time stamp of a new file, because the clocks of
the machines may differ. The claim is opened before its age is read, so that NFS does not return a cached one.
Should a machine pause for longer than the expiry, a fold may be computed twice, with the same result.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from ..errors import StoreError
from ..files import is_abandoned, owner_tag

EXPIRY_SECONDS = 120.0
"""Age of a claim after which its process counts as ended; the process may be on another machine."""

HEARTBEAT_SECONDS = 10.0
"""How often a process renews its claim."""


@contextlib.contextmanager
def claim(path: Path) -> Iterator[bool]:
    """Claim a fold for this process; True if it succeeds, False if another process has the fold.

    The claim ends with the block: normally the fold is then finished; after an error or an interrupt, other
    processes may claim it at once.

    Parameters
    ----------
    path : Path
        Of the fold, as for :func:`sercore.training.fold_cache.read_fold`.

    Raises
    ------
    StoreError
        The folder cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with claim(Path(folder) / "fold") as mine, claim(Path(folder) / "fold") as again:
    ...         print(mine, again)
    True False

    See Also
    --------
    is_claimed : whether a running process has the fold.
    """
    last = _last(path)
    file = _file(path, 0) if last is None else _file(path, _number(last) + 1)
    if (last and _is_alive(last)) or not _create(file):
        yield False
        return
    ended = threading.Event()
    heartbeat = threading.Thread(target=_renew, args=(file, ended), name="claim", daemon=True)
    heartbeat.start()
    try:
        yield True
    except BaseException:
        _end(heartbeat, ended)
        with contextlib.suppress(OSError):
            os.utime(file, (0, 0))  # expired
        raise
    _end(heartbeat, ended)
    for number in range(_number(file) + 1):
        with contextlib.suppress(OSError):
            _file(path, number).unlink()


def is_claimed(path: Path) -> bool:
    """Whether a fold is claimed by a process that is running.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     before = is_claimed(Path(folder) / "fold")
    ...     with claim(Path(folder) / "fold"):
    ...         print(before, is_claimed(Path(folder) / "fold"))
    False True
    """
    last = _last(path)
    return last is not None and _is_alive(last)


def _file(path: Path, number: int) -> Path:
    return path.with_name(f".{path.name}.claim-{number}")


def _number(file: Path) -> int:
    return int(file.name.rpartition("-")[2])


def _last(path: Path) -> Path | None:
    """The claim with the highest number."""
    try:
        names = [name for name in os.listdir(path.parent) if name.startswith(f".{path.name}.claim-")]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return max(map(path.with_name, names), key=_number, default=None)


def _create(file: Path) -> bool:
    """Create a claim; False if another process was faster."""
    try:
        os.makedirs(file.parent, exist_ok=True)
        with contextlib.suppress(FileExistsError), open(file, "x") as opened:  # O_CREAT and O_EXCL
            opened.write(owner_tag())
            return True
        return False
    except OSError as error:
        raise StoreError(
            f"{file.parent}: folds cannot be claimed ({error}); check its permissions and free space, or "
            "choose another folder"
        ) from error


def _is_alive(file: Path) -> bool:
    """Whether the process of a claim is running, as far as this machine can see."""
    try:
        with open(file) as opened:
            owner, renewed = opened.read(), os.fstat(opened.fileno()).st_mtime
        with tempfile.TemporaryFile(dir=file.parent) as new:
            now = os.fstat(new.fileno()).st_mtime
    except FileNotFoundError:  # removed in the meantime: the fold is finished
        return False
    except OSError as error:
        raise StoreError(
            f"{file}: cannot be read ({error}); check the permissions of the folder, or choose another"
        ) from error
    return now - renewed < EXPIRY_SECONDS and not is_abandoned(Path(owner))


def _renew(file: Path, ended: threading.Event) -> None:
    """Renew a claim until the fold is finished."""
    while not ended.wait(HEARTBEAT_SECONDS):
        with contextlib.suppress(OSError):
            os.utime(file)


def _end(heartbeat: threading.Thread, ended: threading.Event) -> None:
    ended.set()
    heartbeat.join()

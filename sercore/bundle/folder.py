"""The folder of a bundle: every file is listed, read once, and checked before it is parsed.

The bytes whose digest was checked are the bytes that are loaded, so a file that is replaced in between
has no effect.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import BundleError
from ..files import is_abandoned, owner_tag, replace

MANIFEST = "bundle.json"
MAX_FILES = 256
MAX_BYTES = 2_000_000_000
"""Largest size of all files of a bundle together; larger bundles are refused before they are read."""
MAX_MANIFEST_BYTES = 1_000_000

_OF_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")  # left by file managers; never read

_PART = r"(?!\.)[A-Za-z0-9_.=+@-]{1,64}"
FILE_NAME = re.compile(f"{_PART}/{_PART}")
"""``member/file``. Roots, drives, backslashes and ``..`` do not match, so names stay inside the folder."""


def digest_of(content: bytes) -> str:
    """SHA-256 of some bytes as 64 hexadecimal digits.

    Examples
    --------
    >>> digest_of(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(content).hexdigest()


def valid_digest(text: str) -> str:
    """A digest in lower case.

    Raises
    ------
    BundleError
        Not 64 hexadecimal digits, as when a variable of a script is empty.

    Examples
    --------
    >>> valid_digest("E3B0" * 16)[:8]
    'e3b0e3b0'
    """
    if not (isinstance(text, str) and re.fullmatch("[0-9a-fA-F]{64}", text)):
        raise BundleError(
            f"digest {text!r:.80}: expected 64 hexadecimal digits, as printed by 'sercore train'"
        )
    return text.lower()


def read_manifest(folder: str | os.PathLike) -> bytes:
    """Content of ``bundle.json``.

    Raises
    ------
    BundleError
        The folder does not exist or does not contain a bundle.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        _recover(folder)
    if os.path.isfile(folder):
        raise BundleError(
            f"{folder}: this is {_kind_of_file(folder)}, not a bundle, and was not loaded; a bundle is a "
            "folder written by 'sercore train', with the classes, features and scaling of the model"
        )
    if not os.path.isdir(folder):  # also if the path is too long
        raise BundleError(f"{folder}: no such folder; a bundle is a folder written by 'sercore train'")
    return _read(folder, MANIFEST, MAX_MANIFEST_BYTES)


def _kind_of_file(path: Path) -> str:
    """What a file seems to be, from its first bytes."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(8)
    except OSError:
        return "a file"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "an HDF5 file, as Keras writes them"
    if head.startswith(b"PK\x03\x04"):
        return "a zip file, as are .keras, .npz, .skops and PyTorch files"
    if head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5":
        return "a pickle"
    return {".onnx": "an ONNX graph", ".joblib": "a pickle"}.get(path.suffix.lower(), "a file")


def digest(folder: str | os.PathLike) -> str:
    """SHA-256 of ``bundle.json``, which contains the digests of all other files of the bundle.

    A sender can publish it separately, so that recipients can tell the bundle from a forgery.

    Raises
    ------
    BundleError
        The folder does not exist or does not contain a bundle.

    See Also
    --------
    Predictor.load : Refuses a bundle with another digest.

    Notebook: 03_mlp_baseline.ipynb
    """
    return digest_of(read_manifest(folder))


def read_files(folder: str | os.PathLike, listed: Mapping[str, Mapping]) -> dict[str, bytes]:
    """Content of the listed files, each checked against its size and digest.

    Parameters
    ----------
    folder : path
    listed : mapping of str to mapping
        ``{"member/file": {"bytes": n, "sha256": "…"}}`` from the manifest.

    Returns
    -------
    dict of str to bytes

    Raises
    ------
    BundleError
        A file is missing, not listed, changed, a link or a device, or its name leaves the folder.
    """
    folder = Path(folder)
    outside = [name for name in listed if not FILE_NAME.fullmatch(name)]
    if outside:
        raise BundleError(f"{folder}: the file name {outside[0]!r} is not of the form member/file; refused")
    n_bytes = sum(about["bytes"] for about in listed.values())
    if len(listed) > MAX_FILES or n_bytes > MAX_BYTES:
        raise BundleError(
            f"{folder}: {len(listed)} files of {n_bytes} bytes; at most {MAX_FILES} of {MAX_BYTES} bytes"
        )
    found = _names_below(folder)
    for what, names in (
        ("missing", set(listed) - found), ("not part of the bundle", found - set(listed) - {MANIFEST}),
    ):  # fmt: skip
        if names:
            raise BundleError(
                f"{folder}: {len(names)} file(s) {what}: {', '.join(sorted(names)[:3])}; get the bundle again"
            )
    contents = {}
    for name, about in listed.items():
        content = _read(folder, name, about["bytes"])
        if digest_of(content) != about["sha256"]:
            raise BundleError(f"{folder}/{name}: changed since the bundle was written; get the bundle again")
        contents[name] = content
    return contents


def check_target(folder: Path, overwrite: bool) -> None:
    """Raise BundleError if the folder exists and may not be replaced."""
    if folder.name in ("", ".."):  # "." cannot be moved away
        raise BundleError(f"{folder}: choose a folder with a name, such as {folder / 'my.bundle'}")
    _recover(folder)
    if not os.path.lexists(folder):
        return
    if not (overwrite and (folder / MANIFEST).is_file()):
        raise BundleError(
            f"{folder} exists already; choose another folder (--out), or pass overwrite=True (--overwrite) "
            "if it is an old bundle; nothing else is replaced"
        )
    others = _names_below(folder) - {MANIFEST}
    if others and (others := others - _listed(folder)):
        raise BundleError(
            f"{folder} also contains {', '.join(sorted(others)[:3])}, which would be lost; move such files "
            "away, or choose another folder (--out)"
        )


def _listed(folder: Path) -> set[str]:
    """Names of the files of a bundle, whatever its version and whether they are there."""
    try:
        return set(json.loads((folder / MANIFEST).read_bytes())["files"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{folder / MANIFEST}: not that of a bundle, or damaged, so that it is not known what may be "
            "replaced; remove the folder, or choose another (--out)"
        ) from error


def write_folder(
    folder: str | os.PathLike,
    contents: Mapping[str, bytes],
    *,
    check: Callable[[Path], None] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write files under a temporary name and move the folder into place.

    Parameters
    ----------
    folder : path
    contents : mapping of str to bytes
        By path relative to the folder, including the manifest.
    check : callable, optional
        Called with the temporary folder before it is moved; if it raises, the target is unchanged.
    overwrite : bool
        Whether to replace an existing bundle. Other files and folders are never replaced, nor is a bundle
        with other files beside its own.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BundleError
        The folder exists already or cannot be written.
    """
    folder = Path(folder)
    check_target(folder, overwrite)
    part = folder.with_name(f".{folder.name}.{owner_tag()}.part")
    try:
        for name, content in contents.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(content)
        if check:
            check(part)
        if folder.exists():
            old = part.with_suffix(".old")
            replace(folder, old)
            try:
                replace(part, folder)
            except BaseException:
                replace(old, folder)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            replace(part, folder)
    except OSError as error:
        raise BundleError(f"{folder}: the bundle cannot be written ({error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _recover(folder: Path) -> None:
    """Restore a bundle whose replacement was killed between two renames, and remove other leftovers."""
    with contextlib.suppress(OSError):
        own = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{8}}-\d+-[0-9a-f]{{8}}\.(part|old)")
        found = sorted(path for path in folder.parent.iterdir() if own.fullmatch(path.name))
        for path in filter(is_abandoned, found):
            if path.suffix == ".old" and not os.path.lexists(folder):
                os.rename(path, folder)
            else:
                shutil.rmtree(path, ignore_errors=True)


def _names_below(folder: Path) -> set[str]:
    """Paths of all files below a folder, with ``/``; links and devices are refused."""
    names, pending = set(), [(folder, "")]
    while pending:
        where, prefix = pending.pop()
        try:
            entries = list(os.scandir(where))
        except OSError as error:
            raise BundleError(f"{where}: cannot be read ({error.strerror or error})") from error
        for entry in entries:
            name = prefix + entry.name
            if entry.name in _OF_SYSTEM or entry.name.startswith("._"):
                continue
            if entry.is_dir(follow_symlinks=False) and name.count("/") == 0:
                pending.append((Path(entry.path), f"{name}/"))
            elif entry.is_file(follow_symlinks=False):
                names.add(name)
            else:
                raise BundleError(
                    f"{folder}: {name!r} is a link, a device or a nested folder; expected regular files"
                )
        if len(names) + len(pending) > 2 * MAX_FILES:
            raise BundleError(f"{folder}: more than {2 * MAX_FILES} files; is this a bundle?")
    return names


def _read(folder: Path, name: str, max_bytes: int) -> bytes:
    """Content of a regular file of limited size."""
    path = folder / name
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        with os.fdopen(os.open(path, flags), "rb") as handle:
            if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                raise BundleError(f"{path}: not a regular file; refused")
            content = handle.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise BundleError(f"{path}: missing; get the bundle again") from error
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error}), or is a link") from error
    if len(content) > max_bytes:
        raise BundleError(f"{path}: more than {max_bytes} bytes; it was changed, or this is not a bundle")
    return content

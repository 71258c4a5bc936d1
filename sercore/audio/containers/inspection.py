"""The check of a file by the container that its first bytes announce."""

from __future__ import annotations

from pathlib import Path

from .chunks import LAYOUTS, check_chunks
from .frames import Frame
from .mp3 import check_mp3
from .open_file import File, tag_size
from .streams import CHECKS


def inspect(path: Path, head: bytes, n_bytes: int) -> tuple[bytes | None, int]:
    """Content to decode instead of the file, and the number of samples per channel to expect.

    Parameters
    ----------
    path : Path
    head : bytes
        First bytes of the file.
    n_bytes : int
        Size of the file.

    Returns
    -------
    content : bytes or None
        The file with a completed header; None if libsndfile can read the file as it is.
    n_expected : int
        Samples of an mp3 whose header does not declare them; 0 otherwise.

    Raises
    ------
    AudioError
        With ``reason`` truncated or joined.
    """
    with open(path, "rb") as handle:
        file = File(handle, n_bytes, path)
        inner = tag_size(head, 0) if head.startswith(b"ID3") else 0
        inner_head = file.at(inner, 32)
        if inner and not Frame.parse(inner_head, 0):
            file, head = File(handle, n_bytes - inner, path, inner), inner_head
        if head[:4] in LAYOUTS:
            return check_chunks(file, head[:4], LAYOUTS[head[:4]]), 0
        for magic, check in CHECKS.items():
            if head.startswith(magic):
                return check(file), 0
        if inner or Frame.parse(head, 0):
            return check_mp3(file)
    return None, 0

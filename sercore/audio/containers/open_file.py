"""An open recording, the errors about it, and what may follow its audio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...errors import AudioError

UNKNOWN = 0x7FFFF000
"""Sizes of 2 GB and more are written when the length is unknown."""
JUNK = 1024
"""Bytes after the end that may be ignored: tags, padding."""
_MOST_BYTES = 2**30  # read into memory
_BLOCK = 2**20  # bytes searched at a time


@dataclass
class File:
    """An open file and what errors need to know about it."""

    handle: BinaryIO
    n_bytes: int
    path: Path
    offset: int = 0  # size of an ID3 tag before the container

    def at(self, position: int, size: int) -> bytes:
        self.handle.seek(self.offset + position)
        return self.handle.read(size)

    def content(self) -> bytearray:
        if self.n_bytes > _MOST_BYTES:
            raise AudioError(
                f"{self.path}: {self.n_bytes} bytes, too long for a recording of this format; cut it into "
                "pieces",
                reason="too-long",
            )
        return bytearray(self.at(0, self.n_bytes))

    def find(self, text: bytes, position: int) -> int:
        """Position of the first occurrence from ``position`` on, or -1; a block is in memory at a time."""
        while block := self.at(position, _BLOCK + len(text) - 1):
            if (found := block.find(text)) >= 0:
                return position + found
            position += _BLOCK
        return -1

    def edited(self, edits: list[tuple[int, int, bytes]]) -> bytes:
        """The content with ``size`` bytes at each ``position`` replaced."""
        content = self.content()
        for position, size, new in sorted(edits, reverse=True):
            content[position : position + size] = new
        return bytes(content)

    def cut(self, found: str) -> AudioError:
        return AudioError(f"{self.path}: cut off: {found}; get it again", reason="truncated")

    def joined(self, position: int) -> AudioError:
        return AudioError(
            f"{self.path}: several recordings joined in one file; the second begins at byte {position} of "
            f"{self.n_bytes}. Split it there, or convert it with 'ffmpeg -i {self.path.name} joined.wav' "
            "and compare the lengths",
            reason="joined",
        )

    def unfinished(self, position: int) -> AudioError:
        return AudioError(
            f"{self.path}: the header declares an end at byte {position}, but "
            f"{self.n_bytes - position} bytes follow; if they are audio, the header was not finished: repair "
            f"it with 'sox --ignore-length {self.path.name} repaired.wav'",
            reason="truncated",
        )


def check_rest(file: File, end: int, magic: bytes, known: Callable[[int], bool]) -> None:
    """Raise if a second recording, or audio that the header does not declare, follows the end."""
    for position in (end, end + 1):
        if file.at(position, len(magic)) == magic:
            raise file.joined(position)
    has_tag = tag_size(file.at(end, 16), 0) > 0
    known_end = has_tag or known(end) or known(end + 1)
    if file.n_bytes - end >= JUNK and not known_end and any(file.at(end, 2**20)):
        raise file.unfinished(end)


def tag_size(data: bytes, position: int) -> int:
    """Size in bytes of an ID3 or APE tag at this position; 0 if there is none."""
    head = data[position : position + 16]
    if head[:3] == b"TAG":
        return 128
    if len(head) < 16:
        return 0
    if head[:3] == b"ID3":
        a, b, c, d = (byte & 127 for byte in head[6:10])
        return (a << 21 | b << 14 | c << 7 | d) + (20 if head[5] & 16 else 10)
    if head[:8] == b"APETAGEX":
        return 32 + int.from_bytes(head[12:16], "little")
    return 0

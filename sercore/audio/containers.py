"""Lengths that audio containers declare, compared with the bytes that are there.

libsndfile returns what it finds of a file that is cut off, skips audio behind a header that was never
finished, and stops after the first of several joined recordings. :func:`inspect` raises an error in these
cases, or returns the content of the file with a header that libsndfile reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from ..errors import AudioError

__all__ = ["inspect", "tag_size"]

_UNKNOWN = 0x7FFFF000  # sizes of 2 GB and more are written when the length is unknown
_MOST_CHUNKS, _MOST_PAGES = 10_000, 1_000_000  # no recording of an hour has more
_MOST_BYTES = 2**30  # read into memory
_JUNK = 1024  # bytes after the end that may be ignored: tags, padding


@dataclass(frozen=True)
class _Layout:
    """How a container writes its chunks."""

    start: int  # position of the first chunk
    name: int = 4  # bytes of a chunk's name
    size: int = 4  # bytes of a chunk's size
    order: str = "little"
    align: int = 2
    inclusive: bool = False  # a size includes its own header
    data: bytes = b"data"

    @property
    def header(self) -> int:
        return self.name + self.size


_LAYOUTS = {
    b"RIFF": _Layout(12),
    b"RIFX": _Layout(12, order="big"),
    b"RF64": _Layout(12),
    b"FORM": _Layout(12, order="big", data=b"SSND"),
    b"riff": _Layout(40, name=16, size=8, align=8, inclusive=True),
    b"caff": _Layout(8, size=8, order="big", align=1),
}
_NAMES = (
    *(b"data", b"LIST", b"fact", b"id3 ", b"ID3 ", b"bext", b"PEAK", b"cue ", b"smpl", b"JUNK", b"junk"),
    *(b"SSND", b"COMM", b"MARK", b"INST", b"NAME", b"AUTH", b"ANNO"),
)


@dataclass
class _File:
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
        file = _File(handle, n_bytes, path)
        inner = tag_size(head, 0) if head.startswith(b"ID3") else 0
        inner_head = file.at(inner, 32)
        if inner and not _Frame.parse(inner_head, 0):
            file, head = _File(handle, n_bytes - inner, path, inner), inner_head
        if head[:4] in _LAYOUTS:
            return _chunked(file, head[:4], _LAYOUTS[head[:4]]), 0
        for magic, check in _CHECKS.items():
            if head.startswith(magic):
                return check(file), 0
        if inner or _Frame.parse(head, 0):
            return _mp3(file)
    return None, 0


# --- chunks: wav, RF64, W64, AIFF, CAF --------------------------------------------------------------


def _walk(file: _File, layout: _Layout, position: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Name, start, size and missing pad bytes of each chunk; the last may end beyond the file."""
    while len(header := file.at(position, layout.header)) == layout.header:
        name, size = header[:4], int.from_bytes(header[layout.name :], layout.order)
        start = position + layout.header
        size -= layout.header if layout.inclusive else 0
        if not _is_name(name) and not 0 <= size <= file.n_bytes - start:
            return
        end = start + max(size, 0)
        n_pad = -end % layout.align if layout.name > 4 else size % layout.align
        missing = n_pad if layout.align == 2 and n_pad and file.at(end, 4) in _NAMES else 0
        yield name, start, size, missing
        position = end + n_pad - missing


def _is_name(name: bytes) -> bool:
    return all(32 <= byte < 127 for byte in name)


def _chunked(file: _File, magic: bytes, layout: _Layout) -> bytes | None:
    """Compare the data chunk with the size of the file; returns the content with repaired sizes."""
    chunks, edits = {}, []
    for name, start, size, n_missing in islice(_walk(file, layout, layout.start), _MOST_CHUNKS):
        if not _is_name(name):
            edits.append((start - layout.header, layout.header + size + size % layout.align, b""))
            continue
        chunks.setdefault(name, (start, size))
        if name == layout.data:
            break
        if n_missing:
            edits.append((start + size, 0, bytes(n_missing)))
    outer = _outer_end(file, magic, layout, chunks)
    if layout.data not in chunks:  # the decoder reports what is missing, if nothing is cut off
        last = max(chunks.values(), default=(0, 0))
        if sum(last) > file.n_bytes:
            name = next(name for name, place in chunks.items() if place == last)
            raise file.cut(
                f"the chunk {name.decode()!r} at byte {last[0] - layout.header} declares {last[1]} bytes, "
                f"{file.n_bytes - last[0]} are there"
            )
        if outer is not None and outer > file.n_bytes:
            raise file.cut(f"the header declares {outer} bytes, the file has {file.n_bytes}")
        return None
    start, size = chunks[layout.data]
    if magic == b"RF64" and b"ds64" in chunks and size >= _UNKNOWN:
        size = int.from_bytes(file.at(chunks[b"ds64"][0] + 8, 8), "little")
    n_prefix = {b"FORM": 8, b"caff": 4}.get(magic, 0)  # bytes of the chunk before its first sample
    there = file.n_bytes - start
    if size <= n_prefix and there > n_prefix and not _is_chunk(file, layout, start + max(size, 0)):
        size = there
        edits += _sizes(file, magic, layout, chunks)
    elif size > there:
        if size < _UNKNOWN and (outer is None or outer > file.n_bytes):
            raise file.cut(f"the header declares {size} bytes of audio, {there} are there")
        if size >= _UNKNOWN:
            edits += _sizes(file, magic, layout, chunks)
    else:
        _check_rest(file, start + size, magic, lambda end: _is_chunk(file, layout, end))
    return file.edited(edits) if edits else None


def _outer_end(file: _File, magic: bytes, layout: _Layout, chunks: dict) -> int | None:
    """Position at which the whole file should end; None if it is not declared."""
    if magic == b"caff":
        return None
    if magic == b"RF64":
        size = int.from_bytes(file.at(chunks[b"ds64"][0], 8), "little") if b"ds64" in chunks else 0
    else:
        size = int.from_bytes(file.at(layout.name, layout.size), layout.order)
    return size + (0 if layout.inclusive else 8) if 0 < size < 2 * _UNKNOWN else None


def _is_chunk(file: _File, layout: _Layout, position: int) -> bool:
    """True at the end of the file, and if a chunk with a plausible name and size begins here."""
    if position >= file.n_bytes:
        return True
    name, start, size, _ = next(_walk(file, layout, position), (b"", 0, -1, 0))
    return size >= 0 and _is_name(name) and (name in _NAMES or start + size <= file.n_bytes)


def _sizes(file: _File, magic: bytes, layout: _Layout, chunks: dict) -> list[tuple[int, int, bytes]]:
    """Edits that write the sizes of a file whose audio reaches to its end."""
    start, _ = chunks[layout.data]
    n = file.n_bytes - start
    own = layout.header if layout.inclusive else 0

    def number(value, size=layout.size):
        return size, value.to_bytes(size, layout.order)

    if magic == b"RF64":
        place = chunks.get(b"ds64", (0, 0))[0]
        return [(place, *number(file.n_bytes - 8, 8)), (place + 8, *number(n, 8))] if place else []
    edits = [(start - layout.size, *number(n + own))]
    if magic != b"caff":
        edits.append((layout.name, *number(file.n_bytes - (0 if layout.inclusive else 8))))
    if magic == b"FORM" and b"COMM" in chunks:
        place = chunks[b"COMM"][0]
        n_channels, bits = (int.from_bytes(file.at(place + k, 2), "big") for k in (0, 6))
        n_frames = (n - 8) // max(1, n_channels * -(-bits // 8))
        edits.append((place + 2, *number(n_frames)))
    return edits


def _check_rest(file: _File, end: int, magic: bytes, known) -> None:
    """Raise if a second recording, or audio that the header does not declare, follows the end."""
    for position in (end, end + 1):
        if file.at(position, len(magic)) == magic:
            raise file.joined(position)
    has_tag = tag_size(file.at(end, 16), 0) > 0
    known_end = has_tag or known(end) or known(end + 1)
    if file.n_bytes - end >= _JUNK and not known_end and any(file.at(end, 2**20)):
        raise file.unfinished(end)


# --- other containers with a declared length ----------------------------------------------------------


def _au(file: _File) -> bytes | None:
    """AU (.au, .snd): magic, start and size of the audio."""
    head = file.at(0, 12)
    order = "big" if head[:4] == b".snd" else "little"
    start, size = (int.from_bytes(head[k : k + 4], order) for k in (4, 8))
    there = file.n_bytes - start
    if size == 0 and there > 0:
        return file.edited([(8, 4, b"\xff" * 4)])
    if there < size < _UNKNOWN:
        raise file.cut(f"the header declares {size} bytes of audio, {max(there, 0)} are there")
    if 0 < size <= there:
        _check_rest(file, start + size, head[:4], lambda end: end >= file.n_bytes)
    return None


def _nist(file: _File) -> None:
    """NIST Sphere: a text header with the number of samples."""
    text = file.at(0, 16).split()
    start = int(text[1]) if len(text) > 1 and text[1].isdigit() else 1024
    fields = {
        words[0]: int(words[2])
        for line in file.at(0, min(start, 65_536)).splitlines()
        if len(words := line.split()) == 3 and words[1] == b"-i" and words[2].isdigit()
    }
    n_channels, width = (fields.get(name, 1) for name in (b"channel_count", b"sample_n_bytes"))
    size, there = fields.get(b"sample_count", 0) * n_channels * width, file.n_bytes - start
    if size > there:
        raise file.cut(f"the header declares {size} bytes of audio, {max(there, 0)} are there")
    if size:
        _check_rest(file, start + size, b"NIST_1A", lambda end: end >= file.n_bytes)


def _voc(file: _File) -> None:
    """VOC: blocks with a type and a size; libsndfile reads the first block of sound."""
    position, n_sounds = int.from_bytes(file.at(20, 2), "little"), 0
    for _ in range(_MOST_PAGES):
        header = file.at(position, 4)
        if len(header) < 4 or header[0] == 0:
            break
        n_sounds += header[0] in (1, 2, 9)
        if n_sounds > 1:
            raise AudioError(
                f"{file.path}: its audio is in several blocks, of which only the first can be read; convert "
                f"it with 'ffmpeg -i {file.path.name} {file.path.stem}.wav'",
                reason="joined",
            )
        size = int.from_bytes(header[1:], "little")
        if position + 4 + size > file.n_bytes:
            there = file.n_bytes - position - 4
            raise file.cut(f"a block of {size} bytes is declared, {there} are there")
        position += 4 + size
    _check_rest(file, position + 1, b"Creative Voice File", lambda end: end >= file.n_bytes)


def _flac(file: _File) -> None:
    """FLAC: the decoder detects missing frames, but not a second stream."""
    second = file.content().find(b"fLaC\0\0\0\x22", 4)
    if second > 0:
        raise file.joined(second)


def _ogg(file: _File) -> None:
    """Ogg: pages, of which the last is marked as the end; a later first page begins another stream."""
    position, flags, begun = 0, 0, False
    for _ in range(_MOST_PAGES):
        header = file.at(position, 27)
        if len(header) < 27 or header[:4] != b"OggS":
            break
        flags = header[5]
        if flags & 2 and begun:
            raise file.joined(position)
        begun = begun or not flags & 2
        segments = file.at(position + 27, header[26])
        position += 27 + header[26] + sum(segments)
    if position > file.n_bytes or not flags & 4:
        raise AudioError(
            f"{file.path}: cut off: it has no end page; get it again or, if it was never finished, repair it "
            f"with 'ffmpeg -i {file.path.name} -c copy repaired{file.path.suffix}'",
            reason="truncated",
        )
    _check_rest(file, position, b"OggS", lambda end: end >= file.n_bytes)


_CHECKS = {
    b".snd": _au,
    b"dns.": _au,
    b"NIST_1A": _nist,
    b"Creative Voice File": _voc,
    b"fLaC": _flac,
    b"OggS": _ogg,
}


# --- MP3 -----------------------------------------------------------------------------------------------

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBPS = {  # by version (1, or 2 and 2.5) and layer
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


@dataclass(frozen=True)
class _Frame:
    """What the four bytes of an MPEG audio frame header declare."""

    version: int  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
    layer: int
    rate: int
    mono: bool
    size: int

    @classmethod
    def parse(cls, data: bytes, position: int) -> _Frame | None:
        head = data[position : position + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE0:
            return None
        version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
        kbps, rate = head[2] >> 4, head[2] >> 2 & 3
        if version == 1 or layer == 4 or kbps in (0, 15) or rate == 3:
            return None
        sr, bits = _RATES[version][rate], 1000 * _KBPS[1 if version == 3 else 2, layer][kbps - 1]
        padding = head[2] >> 1 & 1
        if layer == 1:
            size = (12 * bits // sr + padding) * 4
        else:
            size = (72 if layer == 3 and version != 3 else 144) * bits // sr + padding
        return cls(version, layer, sr, head[3] >> 6 == 3, size)

    @property
    def kind(self) -> tuple:
        return self.version, self.layer, self.rate, self.mono

    @property
    def n_samples(self) -> int:
        return {1: 384, 2: 1152, 3: 1152 if self.version == 3 else 576}[self.layer]

    @property
    def index_at(self) -> int:
        """Position of a Xing or Info index in the frame: after the header and the side information."""
        return 4 + ((17 if self.mono else 32) if self.version == 3 else (9 if self.mono else 17))


def _mp3(file: _File) -> tuple[bytes | None, int]:
    """Count the frames; an index that declares them is checked, a missing one is added."""
    data = bytes(file.content())
    position = tag_size(data, 0)
    first = _Frame.parse(data, position)
    if first is None or _index(data, position, first) is None:
        position = _next_frame(data, position)
    if position is None:
        return None, 0  # not MPEG audio, or of a free bit rate
    begin, first = position, _Frame.parse(data, position)
    declared = _index(data, position, first)
    n_frames, partial, beyond = 0, False, 0  # beyond: position of the first frame that is not declared
    while position < len(data):
        frame = _Frame.parse(data, position)
        if frame and frame.kind == first.kind:
            if position > begin and _index(data, position, frame) is not None:
                raise file.joined(position)
            partial = position + frame.size > len(data)
            beyond = beyond or (position if declared and n_frames == declared + 2 else 0)
            n_frames += not partial
            position += frame.size
        elif size := tag_size(data, position):
            position += size
        else:
            lost, position = position, _next_frame(data, position)
            if position is None:
                rest, position = data[lost:], len(data)
                if len(rest) >= _JUNK and any(rest):
                    raise file.cut(f"the {len(rest)} bytes after byte {lost} are not MPEG audio")
                partial = len(rest) < 4 and rest.startswith(b"\xff")
                break
            if _Frame.parse(data, position).kind != first.kind:
                raise file.joined(position)
    if declared is None:
        if partial and position != len(data) + 1:  # some encoders leave out the last padding byte
            raise file.cut("the end of its last frame is missing")
        expected = n_frames * first.n_samples
        if first.layer != 3:
            return None, expected
        return data[:begin] + _index_frame(data[begin : begin + 4], n_frames) + data[begin:], expected
    n_frames -= 1  # the index is not audio
    if declared > 0 and n_frames < declared - (not partial):  # some encoders count the index
        raise file.cut(f"its index declares {declared} frames, {n_frames} are there")
    if beyond:
        raise file.joined(beyond)
    return None, 0


def _next_frame(data: bytes, position: int) -> int | None:
    """Position of the next of three consecutive frames of one kind, within 64 KiB."""
    limit = position + 65_536
    while (position := data.find(b"\xff", position, limit)) >= 0:
        first, place, n_frames = _Frame.parse(data, position), position, 0
        while n_frames < 3 and (frame := _Frame.parse(data, place)) and frame.kind == first.kind:
            place += frame.size
            n_frames += 1
        if n_frames == 3 or (n_frames and place == len(data)):
            return position
        position += 1
    return None


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


def _index(data: bytes, position: int, frame: _Frame) -> int | None:
    """Number of frames that a Xing, Info or VBRI index declares (0: not given); None without an index."""
    place = position + frame.index_at
    if data[place : place + 4] in (b"Xing", b"Info"):
        has_frames = data[place + 4 : place + 8][-1:] and data[place + 7] & 1
        return int.from_bytes(data[place + 8 : place + 12], "big") if has_frames else 0
    if data[position + 36 : position + 40] == b"VBRI":
        return int.from_bytes(data[position + 50 : position + 54], "big")
    return None


def _index_frame(header: bytes, n_frames: int) -> bytes:
    """A frame that declares ``n_frames``, so that the decoder does not estimate them."""
    header = bytes([header[0], header[1] | 1, header[2] & 0x0C | 0x90, header[3]])  # no checksum or padding
    frame = _Frame.parse(header, 0)
    index = b"Xing" + (1).to_bytes(4, "big") + n_frames.to_bytes(4, "big")
    return (header + bytes(frame.index_at - 4) + index).ljust(frame.size, b"\0")

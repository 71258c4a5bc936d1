"""Containers of chunks with a name and a size: wav, RF64, W64, AIFF, CAF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from .open_file import UNKNOWN, File, check_rest

_MOST_CHUNKS = 10_000  # no recording of an hour has more


@dataclass(frozen=True)
class Layout:
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


LAYOUTS = {
    b"RIFF": Layout(12),
    b"RIFX": Layout(12, order="big"),
    b"RF64": Layout(12),
    b"FORM": Layout(12, order="big", data=b"SSND"),
    b"riff": Layout(40, name=16, size=8, align=8, inclusive=True),
    b"caff": Layout(8, size=8, order="big", align=1),
}
_NAMES = (
    *(b"data", b"LIST", b"fact", b"id3 ", b"ID3 ", b"bext", b"PEAK", b"cue ", b"smpl", b"JUNK", b"junk"),
    *(b"SSND", b"COMM", b"MARK", b"INST", b"NAME", b"AUTH", b"ANNO"),
)


def _walk(file: File, layout: Layout, position: int) -> Iterator[tuple[bytes, int, int, int]]:
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


def check_chunks(file: File, magic: bytes, layout: Layout) -> bytes | None:
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
    if magic == b"RF64" and b"ds64" in chunks and size >= UNKNOWN:
        size = int.from_bytes(file.at(chunks[b"ds64"][0] + 8, 8), "little")
    n_prefix = {b"FORM": 8, b"caff": 4}.get(magic, 0)  # bytes of the chunk before its first sample
    there = file.n_bytes - start
    if size <= n_prefix and there > n_prefix and not _is_chunk(file, layout, start + max(size, 0)):
        size = there
        edits += _sizes(file, magic, layout, chunks)
    elif size > there:
        if size < UNKNOWN and (outer is None or outer > file.n_bytes):
            raise file.cut(f"the header declares {size} bytes of audio, {there} are there")
        if size >= UNKNOWN:
            edits += _sizes(file, magic, layout, chunks)
    else:
        check_rest(file, start + size, magic, lambda end: _is_chunk(file, layout, end))
    return file.edited(edits) if edits else None


def _outer_end(file: File, magic: bytes, layout: Layout, chunks: dict) -> int | None:
    """Position at which the whole file should end; None if it is not declared."""
    if magic == b"caff":
        return None
    if magic == b"RF64":
        size = int.from_bytes(file.at(chunks[b"ds64"][0], 8), "little") if b"ds64" in chunks else 0
    else:
        size = int.from_bytes(file.at(layout.name, layout.size), layout.order)
    return size + (0 if layout.inclusive else 8) if 0 < size < 2 * UNKNOWN else None


def _is_chunk(file: File, layout: Layout, position: int) -> bool:
    """True at the end of the file, and if a chunk with a plausible name and size begins here."""
    if position >= file.n_bytes:
        return True
    name, start, size, _ = next(_walk(file, layout, position), (b"", 0, -1, 0))
    return size >= 0 and _is_name(name) and (name in _NAMES or start + size <= file.n_bytes)


def _sizes(file: File, magic: bytes, layout: Layout, chunks: dict) -> list[tuple[int, int, bytes]]:
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

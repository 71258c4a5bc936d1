"""Headers of MPEG audio frames, and the index of their number that may come first."""

from __future__ import annotations

from dataclasses import dataclass

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
class Frame:
    """What the four bytes of an MPEG audio frame header declare."""

    version: int  # 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
    layer: int
    rate: int
    mono: bool
    size: int

    @classmethod
    def parse(cls, data: bytes, position: int) -> Frame | None:
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


def next_frame(data: bytes, position: int) -> int | None:
    """Position of the next of three consecutive frames of one kind, within 64 KiB."""
    limit = position + 65_536
    while (position := data.find(b"\xff", position, limit)) >= 0:
        first, place, n_frames = Frame.parse(data, position), position, 0
        while n_frames < 3 and (frame := Frame.parse(data, place)) and frame.kind == first.kind:
            place += frame.size
            n_frames += 1
        if n_frames == 3 or (n_frames and place == len(data)):
            return position
        position += 1
    return None


def declared_frames(data: bytes, position: int, frame: Frame) -> int | None:
    """Number of frames that a Xing, Info or VBRI index declares (0: not given); None without an index."""
    place = position + frame.index_at
    if data[place : place + 4] in (b"Xing", b"Info"):
        has_frames = data[place + 4 : place + 8][-1:] and data[place + 7] & 1
        return int.from_bytes(data[place + 8 : place + 12], "big") if has_frames else 0
    if data[position + 36 : position + 40] == b"VBRI":
        return int.from_bytes(data[position + 50 : position + 54], "big")
    return None


def index_frame(header: bytes, n_frames: int) -> bytes:
    """A frame that declares ``n_frames``, so that the decoder does not estimate them."""
    header = bytes([header[0], header[1] | 1, header[2] & 0x0C | 0x90, header[3]])  # no checksum or padding
    frame = Frame.parse(header, 0)
    index = b"Xing" + (1).to_bytes(4, "big") + n_frames.to_bytes(4, "big")
    return (header + bytes(frame.index_at - 4) + index).ljust(frame.size, b"\0")

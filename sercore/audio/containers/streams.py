"""Containers with a declared length or an end mark: AU, NIST Sphere, VOC, FLAC, Ogg."""

from __future__ import annotations

from ...errors import AudioError
from .open_file import UNKNOWN, File, check_rest

_MOST_PAGES = 1_000_000  # no recording of an hour has more


def _au(file: File) -> bytes | None:
    """AU (.au, .snd): magic, start and size of the audio."""
    head = file.at(0, 12)
    order = "big" if head[:4] == b".snd" else "little"
    start, size = (int.from_bytes(head[k : k + 4], order) for k in (4, 8))
    there = file.n_bytes - start
    if size == 0 and there > 0:
        return file.edited([(8, 4, b"\xff" * 4)])
    if there < size < UNKNOWN:
        raise file.cut(f"the header declares {size} bytes of audio, {max(there, 0)} are there")
    if 0 < size <= there:
        check_rest(file, start + size, head[:4], lambda end: end >= file.n_bytes)
    return None


def _nist(file: File) -> None:
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
        check_rest(file, start + size, b"NIST_1A", lambda end: end >= file.n_bytes)


def _voc(file: File) -> None:
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
    check_rest(file, position + 1, b"Creative Voice File", lambda end: end >= file.n_bytes)


def _flac(file: File) -> None:
    """FLAC: the decoder detects missing frames, but not a second stream."""
    second = file.find(b"fLaC\0\0\0\x22", 4)
    if second > 0:
        raise file.joined(second)


def _ogg(file: File) -> None:
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
    check_rest(file, position, b"OggS", lambda end: end >= file.n_bytes)


CHECKS = {
    b".snd": _au,
    b"dns.": _au,
    b"NIST_1A": _nist,
    b"Creative Voice File": _voc,
    b"fLaC": _flac,
    b"OggS": _ogg,
}

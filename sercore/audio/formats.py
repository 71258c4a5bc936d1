"""Names of formats that libsndfile does not read, from the first bytes of a file.

Telephones, browsers, voice recorders and failed downloads leave them, often under the suffix ``.wav``.
"""

from __future__ import annotations

# position, first bytes, name, and ffmpeg's name of the format, with which it reports truncated files; None if
# that is not known
_FOREIGN = (
    (4, b"ftypM4A", "m4a (AAC)", "mov"),
    (4, b"ftypM4B", "m4a (AAC)", "mov"),
    (4, b"ftyp3g", "3GP", "mov"),
    (4, b"ftypqt", "QuickTime", "mov"),
    (4, b"ftyp", "MP4", "mov"),
    *((4, name, "QuickTime", "mov") for name in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")),
    (0, b"\x1a\x45\xdf\xa3", "Matroska", "matroska"),
    (0, b"#!AMR", "AMR", "amr"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA (ASF)", "asf"),
    (0, b"ADIF", "AAC", "aac"),
    (8, b"AVI ", "AVI", None),
    (8, b"QLCMfmt ", "QCELP", None),
    (0, b"FLV\x01", "Flash video", None),
    (0, b".RMF", "RealAudio", "rm"),
    (0, b".ra\xfd", "RealAudio", None),
    (0, b"\0\0\x01\xba", "MPEG video", None),
    (0, b"\x0b\x77", "AC-3", None),
    (0, b"\x7f\xfe\x80\x01", "DTS", None),
    (0, b"DSD ", "DSD", None),
    (0, b"wvpk", "WavPack", "wv"),
    (0, b"MAC ", "Monkey's Audio", "ape"),
    (0, b"TTA1", "True Audio", "tta"),
    (0, b"MPCK", "Musepack", "mpc8"),
    (28, b"Speex   ", "Speex", "ogg"),
    (0, b"ajkg", "Shorten", "shn"),
)
# audio that a wav file can contain, by its format tag; libsndfile reads the usual ones and MP3
_WAV_CODECS = {
    0x0022: "TrueSpeech",
    0x0042: "G.723.1",
    0x0045: "G.726",
    0x0064: "G.726",
    0x0083: "G.729",
    0x00FF: "AAC",
    0x0130: "ACELP",
    0x0160: "WMA",
    0x0161: "WMA",
    0x0162: "WMA",
    0x1600: "AAC",
    0x1602: "AAC",
    0x2000: "AC-3",
    0x704F: "Opus",
    0xA106: "AAC",
    0xA109: "Speex",
}
# files that are not recordings, and what to do
_OTHERS = (
    (0, b"PK\x03\x04", "a zip archive or an office document", "unpack it"),
    (0, b"\x1f\x8b", "a gzip archive", "unpack it"),
    (0, b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (0, b"Rar!", "a rar archive", "unpack it"),
    (257, b"ustar", "a tar archive", "unpack it"),
    (0, b"bplist00", "a placeholder of iCloud", "open it in the Finder, which downloads the recording"),
    (0, b"\0\5\x16\7", "a resource file of macOS", "use the file of this name without '._'"),
    (0, b"%PDF", "a PDF document", "remove it"),
    (0, b"MThd", "MIDI notes, which contain no sound", "remove it"),
    (1, b"ds2", "a recording of a dictation machine (DS2)", "export it as wav in the program of its maker"),
    (1, b"dss", "a recording of a dictation machine (DSS)", "export it as wav in the program of its maker"),
    (0, b"MS_VOICE", "a recording of a voice recorder (MSV)", "export it as wav in the program of its maker"),
)


def foreign(head: bytes) -> tuple[str, str | None] | None:
    """Name of a format that libsndfile does not read, and ffmpeg's name of it; None for others.

    Examples
    --------
    >>> foreign(b"#!AMR\\n")
    ('AMR', 'amr')
    """
    for position, magic, name, demuxer in _FOREIGN:
        if head.startswith(magic, position):
            return ("WebM" if name == "Matroska" and b"webm" in head[:64] else name), demuxer
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # an ADTS frame: layer 0
        return "AAC", "aac"
    if head.startswith(b"NIST_1A") and b"embedded-shorten" in head:
        return "NIST Sphere with Shorten", None
    codec = _WAV_CODECS.get(_wav_tag(head))
    return (f"wav with {codec}", "wav") if codec else None


def _wav_tag(head: bytes) -> int | None:
    """Format tag of a wav file; None for other files."""
    place = head.find(b"fmt ", 12)
    if not head.startswith(b"RIFF") or head[8:12] != b"WAVE" or place < 0:
        return None
    return int.from_bytes(head[place + 8 : place + 10], "little")


def other_file(head: bytes) -> tuple[str, str] | None:
    """What a file is that is not a recording, and what to do; None if that is not known.

    Examples
    --------
    >>> other_file(b"404: Not Found")
    ("text, not sound ('404: Not Found')", 'if a download left it, get the recording again')
    >>> other_file(b"PK\\x03\\x04")
    ('a zip archive or an office document', 'unpack it')
    """
    for position, magic, name, advice in _OTHERS:
        if head.startswith(magic, position):
            return name, advice
    try:
        text = head.decode()
    except UnicodeDecodeError as error:  # the head may end within a letter
        if error.start < len(head) - 3:
            return None
        text = head[: error.start].decode()
    if len(text) < 5 or not all(letter.isprintable() or letter in "\r\n\t\ufeff" for letter in text):
        return None
    line = text.strip("\ufeff\r\n\t ").partition("\n")[0].strip()[:40]
    return f"text, not sound ({line!r})", "if a download left it, get the recording again"

"""Containers: what is cut off or joined is refused, and a header that was never finished is completed."""

import io
import struct

import numpy as np
import pytest
import soundfile

from sercore import audio
from sercore.audio.containers.open_file import File
from sercore.errors import AudioError

SR = 16_000
NOISE = np.random.default_rng(0).normal(size=2 * SR) * (np.arange(2 * SR) > SR)  # makes the bit rate vary
TONE = (0.3 * np.sin(2 * np.pi * 220 * np.arange(2 * SR) / SR) + 0.03 * NOISE).astype(np.float32)


def encode(kind, subtype=None, n_channels=1, **options):
    buffer = io.BytesIO()
    sr = 8000 if subtype and ("G72" in subtype or "NMS" in subtype) else SR
    samples = np.stack([TONE] * n_channels, axis=1)
    soundfile.write(buffer, samples, sr, format=kind, subtype=subtype, **options)
    return buffer.getvalue()


def put(folder, content):
    path = folder / "a.wav"  # the format is recognised by the first bytes
    path.write_bytes(content)
    return path


def read(folder, content):
    return audio.read(put(folder, content))[0][:, 0]


def refused(folder, content, reason, message=None):
    with pytest.raises(AudioError, match=message) as caught:
        audio.read(put(folder, content))
    assert caught.value.reason == reason


def patched(data, *edits):
    """Bytes replaced at positions, which may be a name (the position after it)."""
    data = bytearray(data)
    for place, offset, value in edits:
        position = (data.index(place) + len(place) if isinstance(place, bytes) else place) + offset
        data[position : position + len(value)] = value
    return bytes(data)


CONTAINERS = [
    *(("WAV", s) for s in ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM", "MS_ADPCM")),
    *(("WAV", s) for s in ("GSM610", "G721_32", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32")),
    *(("WAVEX", "PCM_16"), ("RF64", "PCM_16"), ("RF64", "FLOAT")),
    *(("W64", s) for s in ("PCM_16", "FLOAT", "GSM610", "IMA_ADPCM")),
    *(("AIFF", s) for s in ("PCM_S8", "PCM_16", "FLOAT", "ULAW", "IMA_ADPCM", "GSM610", "DWVW_16")),
    *(("AU", s) for s in ("PCM_16", "FLOAT", "ULAW", "G721_32", "G723_24", "G723_40")),
    *(("NIST", "PCM_16"), ("NIST", "ULAW"), ("VOC", "PCM_16"), ("VOC", "PCM_U8")),
    *(("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24")),
    *(("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")),
]


@pytest.mark.parametrize(("kind", "subtype"), CONTAINERS)
def test_whole_files_are_read_and_cut_or_joined_files_refused(tmp_path, kind, subtype):
    data = encode(kind, subtype)
    assert TONE.size <= read(tmp_path, data).size <= 1.02 * TONE.size  # codecs fill their last block
    for fraction in (0.99, 0.9, 0.5, 0.1):
        refused(tmp_path, data[: int(fraction * len(data))], "truncated", "cut off|damaged")
    refused(tmp_path, data + data, "joined", "several recordings|several blocks")


@pytest.mark.parametrize("kind", ["AVR", "HTK", "IRCAM", "MAT5", "PVF", "SVX"])
def test_formats_without_a_length_check_are_refused(tmp_path, kind):
    refused(tmp_path, encode(kind, "PCM_16"), "not-audio", "ffmpeg -i a.wav a_converted.wav")


def test_one_missing_sample(tmp_path):
    refused(tmp_path, encode("WAV")[:-2], "truncated", "declares 64000 bytes of audio, 63998 are there")


FLAC = encode("FLAC")
UNKNOWN_FLAC = patched(FLAC, (21, 0, bytes([FLAC[21] & 0xF0, 0, 0, 0, 0])))
FF = b"\xff" * 8
UNFINISHED = {
    "wav with sizes 0": patched(encode("WAV"), (4, 0, bytes(4)), (b"data", 0, bytes(4))),
    "wav with data size 0": patched(encode("WAV"), (b"data", 0, bytes(4))),
    "wav with sizes 2**32 - 1": patched(encode("WAV"), (4, 0, FF[:4]), (b"data", 0, FF[:4])),
    "wav with sizes 2**31 - 1": patched(encode("WAV"), (4, 0, bytes(4)), (b"data", 0, b"\xff\xff\xff\x7f")),
    "float wav": patched(encode("WAV", "FLOAT"), (4, 0, bytes(4)), (b"data", 0, bytes(4))),
    "big-endian wav": patched(
        encode("WAV", "PCM_16", endian="BIG"), (4, 0, bytes(4)), (b"data", 0, bytes(4))
    ),
    "AIFF": patched(
        encode("AIFF", "PCM_16"), (4, 0, bytes(4)), (b"COMM", 6, bytes(4)), (b"SSND", 0, bytes(4))
    ),
    "AIFC": patched(
        encode("AIFF", "FLOAT"), (4, 0, bytes(4)), (b"COMM", 6, bytes(4)), (b"SSND", 0, bytes(4))
    ),
    "W64 with sizes 0": patched(encode("W64", "PCM_16"), (16, 0, bytes(8)), (b"data", 12, bytes(8))),
    "W64 with sizes 2**64 - 1": patched(encode("W64", "PCM_16"), (16, 0, FF), (b"data", 12, FF)),
    "RF64": patched(encode("RF64", "PCM_16"), (b"ds64", 4, bytes(24))),
    "CAF with size 0": patched(encode("CAF", "PCM_16"), (b"data", 0, bytes(8))),
    "CAF with size -1": patched(encode("CAF", "PCM_16"), (b"data", 0, FF)),
    "AU with size 0": patched(encode("AU", "PCM_16"), (8, 0, bytes(4))),
    "AU with size -1": patched(encode("AU", "PCM_16"), (8, 0, FF[:4])),
    "NIST": encode("NIST", "PCM_16").replace(b"sample_count -i 32000", b"sample_count -i 00000"),
    "FLAC": UNKNOWN_FLAC,
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_unfinished_headers(tmp_path, name):
    samples = read(tmp_path, UNFINISHED[name])
    assert samples.size == TONE.size
    np.testing.assert_allclose(samples, TONE, atol=1e-4)


def test_unfinished_telephone_wav(tmp_path):
    data = patched(encode("WAV", "GSM610"), (4, 0, bytes(4)), (b"data", 0, bytes(4)))
    np.testing.assert_array_equal(read(tmp_path, data), read(tmp_path, encode("WAV", "GSM610")))


@pytest.mark.parametrize("fraction", [0.99, 0.6])
def test_cut_flac_of_unknown_length(tmp_path, fraction):
    data = UNKNOWN_FLAC[: int(fraction * len(UNKNOWN_FLAC))]
    refused(tmp_path, data, "truncated", "cut off")


def test_flac_of_unknown_length_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr("sercore.audio.reading.MAX_SECONDS", 1.0)
    refused(tmp_path, UNKNOWN_FLAC, "too-long", "more than .* min long")


def test_header_that_declares_less_than_there_is(tmp_path):
    data = patched(encode("WAV"), (4, 0, struct.pack("<I", 4036)), (b"data", 0, struct.pack("<I", 4000)))
    refused(tmp_path, data, "truncated", "but 60000 bytes follow.*sox --ignore-length a.wav")
    au = patched(encode("AU", "PCM_16"), (8, 0, struct.pack(">I", 4000)))
    refused(tmp_path, au, "truncated", "but 60000 bytes follow")


def test_empty_data_chunk_is_empty(tmp_path):
    head = encode("WAV")[:36]
    for rest in (b"", b"LIST" + struct.pack("<I", 4) + b"INFO"):
        path = put(
            tmp_path, head[:4] + struct.pack("<I", 36 + len(rest)) + head[8:] + b"data" + bytes(4) + rest
        )
        with pytest.raises(AudioError, match="no samples") as caught:
            audio.load(path)
        assert caught.value.reason == "empty"


CHUNKS = {
    "LIST": b"LIST" + struct.pack("<I", 8) + b"INFOabcd",
    "LIST without its pad byte": b"LIST" + struct.pack("<I", 7) + b"INFOabc",
    "empty chunk": b"junk" + bytes(4),
    "chunk with an odd name": b"\1\2\3\4" + struct.pack("<I", 4) + b"abcd",
}
BEHIND = CHUNKS | {
    "cut LIST": b"LIST" + struct.pack("<I", 4004) + b"INFO" + bytes(1000),
    "cut chunk header": b"LI",
    "ID3v1 tag": b"TAG" + b"title".ljust(125),
    "APE tag": b"APETAGEX" + struct.pack("<IIII", 2000, 2000, 0, 0) + bytes(8) + b"x" * 2000,
    "zeros": bytes(9999),
}


@pytest.mark.parametrize("is_counted", [True, False])
@pytest.mark.parametrize("name", BEHIND)
def test_chunks_behind_the_audio_cost_no_samples(tmp_path, name, is_counted):
    data = encode("WAV")
    declared = len(data) - 8 + (5000 if name == "cut LIST" else len(BEHIND[name])) * is_counted
    data = data[:4] + struct.pack("<I", declared) + data[8:] + BEHIND[name]
    np.testing.assert_allclose(read(tmp_path, data), TONE, atol=1e-4)


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_before_the_audio_cost_no_samples(tmp_path, name):
    data = encode("WAV")
    data = data[:36] + CHUNKS[name] + data[36:]
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    np.testing.assert_allclose(read(tmp_path, data), TONE, atol=1e-4)


def test_missing_pad_byte_at_the_end(tmp_path):
    data = encode("WAV", "PCM_U8")[: 44 + 31_999]
    data = patched(data, (4, 0, struct.pack("<I", 32_036)), (40, 0, struct.pack("<I", 31_999)))
    assert read(tmp_path, data).size == 31_999


def test_broken_chunk_is_named(tmp_path):
    data = encode("WAV")
    data = data[:36] + b"LIST" + struct.pack("<I", 10**6) + data[36:]
    refused(tmp_path, data, "truncated", "chunk 'LIST' at byte 36 declares 1000000 bytes")


# --- MP3 and Ogg ------------------------------------------------------------------------------------


def without_index(data):
    """An mp3 without its first frame, which declares the number of frames."""
    return data[data.index(data[:2], 4) :]


MP3 = {mode: encode("MP3", bitrate_mode=mode, compression_level=0.5) for mode in ("CONSTANT", "VARIABLE")}
ID3 = b"ID3\x03\0\0\0\0\0\x0a" + bytes(10)


@pytest.mark.parametrize("mode", MP3)
@pytest.mark.parametrize("tags", [(b"", b""), (ID3, b"TAG" + bytes(125))], ids=["bare", "with tags"])
def test_mp3_without_index_is_read_whole(tmp_path, mode, tags):
    samples = read(tmp_path, tags[0] + without_index(MP3[mode]) + tags[1])
    assert TONE.size <= samples.size < TONE.size + 3000
    assert np.std(samples[-3 * SR // 4 :]) > 0.2


def test_loud_beginning_does_not_shorten_an_mp3(tmp_path):
    """The length is estimated from the first frames, here of the highest bit rate."""
    buffer, wave = io.BytesIO(), np.r_[0.3 * np.random.default_rng(0).normal(size=SR), np.zeros(2 * SR)]
    soundfile.write(
        buffer, wave.clip(-1, 1), SR, format="MP3", bitrate_mode="VARIABLE", compression_level=0.1
    )
    data = without_index(buffer.getvalue())
    assert soundfile.info(put(tmp_path, data)).frames < 2 * SR
    assert 3 * SR <= read(tmp_path, data).size < 3 * SR + 3000


@pytest.mark.parametrize("fraction", [0.99, 0.97, 0.9, 0.5])
@pytest.mark.parametrize("mode", MP3)
def test_cut_mp3_with_index(tmp_path, mode, fraction):
    data = ID3 + MP3[mode]
    refused(tmp_path, data[: int(fraction * len(data))], "truncated", "its index declares")


@pytest.mark.parametrize("mode", MP3)
def test_mp3_without_index_that_ends_within_a_frame(tmp_path, mode):
    data = without_index(MP3[mode])
    for n_missing in (2, 20, len(data) // 2 - 3):
        refused(tmp_path, data[:-n_missing], "truncated", "the end of its last frame is missing")


def test_voc_of_several_blocks(tmp_path):
    data = encode("VOC", "PCM_16")[:-1]
    block = b"\2" + struct.pack("<I", 4000)[:3] + bytes(4000)
    refused(tmp_path, data + block + b"\0", "joined", "several blocks.*ffmpeg -i")


@pytest.mark.parametrize("block", [1, 7, 4096])
def test_second_flac_is_found_at_any_position(tmp_path, monkeypatch, block):
    """The file is searched block by block."""
    monkeypatch.setattr("sercore.audio.containers.open_file._BLOCK", block)
    head = FLAC[:3000]
    with open(put(tmp_path, head + FLAC), "rb") as handle:
        file = File(handle, len(head + FLAC), tmp_path / "a.wav")
        assert file.find(FLAC[:8], 4) == len(head)
        assert file.find(FLAC[:8], len(head) + 1) == -1


def test_joined_mp3(tmp_path):
    whole, bare = MP3["CONSTANT"], without_index(MP3["CONSTANT"])
    for data in (whole + whole, whole + ID3 + whole, bare + whole, whole + bare):
        refused(tmp_path, data, "joined", "several recordings")
    assert read(tmp_path, bare + bare).size == pytest.approx(2 * TONE.size, abs=6000)


def test_joined_mp3_of_different_kinds(tmp_path):
    bare = without_index(MP3["CONSTANT"])
    refused(tmp_path, bare + without_index(encode("MP3", n_channels=2)), "joined", "several recordings")


def test_mp3_followed_by_something_else(tmp_path):
    data = without_index(MP3["CONSTANT"]) + b"other" * 20_000
    refused(tmp_path, data, "truncated", "are not MPEG audio")


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_without_end_page(tmp_path, subtype):
    data = encode("OGG", subtype)
    last = data.rindex(b"OggS")
    refused(tmp_path, data[:last], "truncated", "no end page.*ffmpeg -i a.wav -c copy repaired.wav")


def test_id3_tag_before_other_containers(tmp_path):
    for kind in ("WAV", "FLAC"):
        data = encode(kind, "PCM_16")
        np.testing.assert_allclose(read(tmp_path, ID3 + data), TONE, atol=1e-4)
        refused(tmp_path, ID3 + data[: len(data) // 2], "truncated")

"""Reading: every failure is a typed error, other formats are named, and memory and time are bounded."""

import os
import struct
import sys
import textwrap
import time

import numpy as np
import pytest
import soundfile

from sercore import audio
from sercore.audio import reading
from sercore.errors import AudioError

SR = 16_000
TONE = (0.3 * np.sin(2 * np.pi * 220 * np.arange(SR) / SR)).astype(np.float32)


def write(path, content=TONE, sr=SR, **options):
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        soundfile.write(path, content, sr, **options)
    return path


def refused(path, reason, message, **options):
    with pytest.raises(AudioError, match=message) as caught:
        audio.load(path, **options)
    assert caught.value.reason == reason
    assert os.path.basename(path) in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [ValueError("a"), TypeError("b"), MemoryError(), OSError(5, "c"), AssertionError(), Exception("d")],
)
def test_every_error_of_the_reader_is_typed(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    path = write(tmp_path / "a.wav")
    monkeypatch.setattr("soundfile.SoundFile.read", fail)
    short = isinstance(error, MemoryError)  # another machine may have more
    refused(path, "unreadable" if short else "not-audio", "memory" if short else type(error).__name__)
    monkeypatch.setattr("sercore.audio.reading.inspect", fail)
    refused(path, "unreadable", type(error).__name__)


def test_interrupt_is_not_caught(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("soundfile.SoundFile.read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        audio.load(write(tmp_path / "a.wav"))


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32", "NMS_ADPCM_16", "NMS_ADPCM_32"])
def test_telephone_codecs(tmp_path, subtype):
    path = write(tmp_path / "call.wav", TONE[::2], 8000, subtype=subtype)
    assert not soundfile.SoundFile(path).seekable()
    wave = audio.load(path)
    assert wave.size == pytest.approx(SR, rel=0.05)  # codecs fill their last block
    assert np.corrcoef(wave[:SR], TONE)[0, 1] > 0.95


def test_memory_is_bounded_before_reading(tmp_path, monkeypatch):
    path = write(tmp_path / "a.flac", np.zeros((120 * SR, 8), np.int16), subtype="PCM_16")
    assert path.stat().st_size < 100_000
    monkeypatch.setattr("soundfile.SoundFile.read", lambda *_, **__: pytest.fail("reads"))
    monkeypatch.setattr(reading, "MAX_SAMPLES", 10**7)
    refused(path, "too-long", "1920000 samples in 8 channels, more than 10000000")


def test_small_flac_that_asks_for_5_gib(tmp_path):
    data = bytearray(write(tmp_path / "a.flac", np.zeros((SR, 8), np.float32), 48_000).read_bytes())
    data[21:26] = (data[21] & 0xF0 | 0).to_bytes(1, "big") + (168_000_000).to_bytes(4, "big")
    refused(write(tmp_path / "a.flac", bytes(data) + bytes(2 * 10**6)), "too-long", "in 8 channels|min long")


# --- other formats -----------------------------------------------------------------------------------

M4A = b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom" + bytes(200)
WEBM = bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104") + bytes(200)
FORMATS = {
    "memo.m4a": (M4A, "m4a"),
    "video.mp4": (M4A.replace(b"M4A ", b"isom"), "MP4"),
    "call.3gp": (M4A.replace(b"M4A ", b"3gp4"), "3GP"),
    "clip.mov": (M4A.replace(b"M4A ", b"qt  "), "QuickTime"),
    "old.mov": (b"\0\0\1\0moov" + bytes(99), "QuickTime"),
    "blob.webm": (WEBM, "WebM"),
    "clip.mka": (WEBM.replace(b"webm", b"matr"), "Matroska"),
    "call.amr": (b"#!AMR\n\x3c" + bytes(99), "AMR"),
    "wide.amr": (b"#!AMR-WB\n\x3c" + bytes(99), "AMR"),
    "memo.wma": (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(99), "WMA"),
    "memo.aac": (b"\xff\xf1\x50\x80" + bytes(99), "AAC"),
    "tagged.aac": (b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + b"\xff\xf1\x50\x80" + bytes(99), "AAC"),
    "clip.avi": (b"RIFF\0\1\0\0AVI LIST" + bytes(99), "AVI"),
    "new.mov": (b"\0\0\0\x08wide\0\0\1\0mdat" + bytes(99), "QuickTime"),
    "call.qcp": (b"RIFF\0\1\0\0QLCMfmt " + bytes(99), "QCELP"),
    "old.ra": (b".ra\xfd" + bytes(99), "RealAudio"),
    "timit.sph": (b"NIST_1A\n   1024\nsample_coding -s26 pcm,embedded-shorten-v2.00\n", "NIST Sphere with"),
    "call.spx": (b"OggS\0\2" + bytes(22) + b"Speex   1.2" + bytes(99), "Speex"),
}


@pytest.fixture
def no_decoder(monkeypatch):
    monkeypatch.setattr(reading, "_ffmpeg", lambda: None)


@pytest.mark.usefixtures("no_decoder")
@pytest.mark.parametrize("name", FORMATS)
def test_other_formats_are_named(tmp_path, name):
    content, kind = FORMATS[name]
    target = f"{name.split('.')[0]}.wav"
    undecodable = name in ("clip.avi", "call.qcp", "old.ra", "timit.sph")
    reason = "not-audio" if undecodable else "unreadable"  # a decoder may be installed later
    refused(write(tmp_path / name, content), reason, f"format is {kind}.*'ffmpeg -i {name} {target}'")


@pytest.mark.usefixtures("no_decoder")
def test_other_format_with_the_suffix_of_wav(tmp_path):
    refused(write(tmp_path / "blob.wav", WEBM), "unreadable", "WebM.*'ffmpeg -i blob.wav blob_converted.wav'")


def wav_of(tag, n_bytes=400):
    """A wav file whose audio has another coding."""
    fmt = struct.pack("<HHIIHH", tag, 1, 8000, 1000, 10, 0)
    chunks = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", n_bytes)
    return b"RIFF" + struct.pack("<I", len(chunks) + n_bytes) + chunks + bytes(n_bytes)


@pytest.mark.usefixtures("no_decoder")
@pytest.mark.parametrize(("tag", "kind"), [(0x83, "G.729"), (0x161, "WMA"), (0xFF, "AAC")])
def test_other_codings_in_wav(tmp_path, tag, kind):
    """Voice recorders and telephone exchanges write them."""
    path = write(tmp_path / "call.wav", wav_of(tag))
    refused(path, "unreadable", f"format is wav with {kind}.*'ffmpeg -i call.wav call_converted.wav'")
    refused(write(path, wav_of(tag)[:-100]), "truncated", "declares 400 bytes of audio, 300 are there")


OTHER_FILES = {
    "zip": (b"PK\x03\x04" + bytes(99), "zip archive.*unpack it"),
    "gzip": (b"\x1f\x8b\x08" + bytes(99), "gzip archive.*unpack it"),
    "tar": (b"a.wav".ljust(257, b"\0") + b"ustar" + bytes(99), "tar archive.*unpack it"),
    "iCloud": (b"bplist00" + bytes(99), "placeholder of iCloud"),
    "macOS": (b"\0\5\x16\7" + bytes(99), "resource file of macOS"),
    "dictation machine": (b"\x03ds2" + bytes(99), "export it as wav"),
    "failed download": (b"404: Not Found", r"text, not sound \('404: Not Found'\)"),
    "store": (b"<Error><Code>AccessDenied</Code></Error>", "text, not sound.*get the recording again"),
    "interface": ('{"message": "nicht verfügbar"}'.encode(), "text, not sound"),
    "long text": (("ü" * 400).encode()[:-1], "text, not sound"),
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_files_that_are_not_recordings_are_named(tmp_path, name):
    content, message = OTHER_FILES[name]
    refused(write(tmp_path / "a.wav", content), "not-audio", message)


@pytest.mark.usefixtures("no_decoder")
def test_command_for_a_name_with_spaces(tmp_path):
    refused(write(tmp_path / "my memo.m4a", M4A), "unreadable", "ffmpeg -i 'my memo.m4a' 'my memo.wav'")


@pytest.fixture
def fake_decoder(tmp_path, monkeypatch):
    """Write a program named ffmpeg that records its arguments and runs the given lines."""
    if sys.platform == "win32":
        pytest.skip("a script cannot be named ffmpeg.exe")

    def install(lines):
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "ffmpeg"
        head = f"#!{sys.executable}\nimport json, sys, time\n"
        head += f"json.dump(sys.argv[1:], open({str(tmp_path / 'arguments.json')!r}, 'w'))\n"
        program.write_text(head + textwrap.dedent(lines))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return tmp_path / "arguments.json"

    return install


SEND = "sys.stdout.buffer.write(open({!r}, 'rb').read())\n"


def test_decoder_reads_other_formats(tmp_path, fake_decoder):
    wav = write(tmp_path / "decoded.wav", TONE, subtype="FLOAT").read_bytes()
    streamed = wav[:4] + b"\xff" * 4 + wav[8:]
    data = streamed.index(b"data") + 4
    write(tmp_path / "decoded.wav", streamed[:data] + b"\xff" * 4 + streamed[data + 4 :])
    arguments = fake_decoder(SEND.format(str(tmp_path / "decoded.wav")))
    path = write(tmp_path / "-i memo; $(rm x).m4a", M4A)
    np.testing.assert_allclose(audio.load(path), TONE, atol=1e-6)
    text = arguments.read_text()
    assert f"file:{path}" in text  # one argument, which is not an option or another protocol
    assert '"-f", "mov", "-i"' in text


def test_memory_is_allocated_for_what_the_decoder_sends(tmp_path, fake_decoder, monkeypatch):
    monkeypatch.setattr(reading, "MAX_SAMPLES", 2**50)
    write(tmp_path / "decoded.wav", TONE, subtype="FLOAT")
    fake_decoder(SEND.format(str(tmp_path / "decoded.wav")))
    np.testing.assert_allclose(audio.load(write(tmp_path / "memo.m4a", M4A)), TONE, atol=1e-6)


@pytest.mark.parametrize(
    ("lines", "reason", "message"),
    [
        ("print('stream 0: partial file', file=sys.stderr)", "truncated", "stream 0: partial file"),
        ("sys.exit(3)", "truncated", "exit status 3"),
        ("pass", "truncated", "no audio"),
        ("print('not a wav file')", "not-audio", "not readable as audio"),
    ],
)
def test_decoder_that_fails(tmp_path, fake_decoder, lines, reason, message):
    fake_decoder(lines)
    refused(write(tmp_path / "memo.m4a", M4A), reason, message)


def test_decoder_is_bounded_in_time(tmp_path, fake_decoder, monkeypatch):
    fake_decoder("time.sleep(60)")
    monkeypatch.setattr(reading, "DECODE_SECONDS", 0.5)
    start = time.monotonic()
    refused(write(tmp_path / "memo.m4a", M4A), "unreadable", "stopped after")
    assert time.monotonic() - start < 30


def test_decoder_is_bounded_in_size(tmp_path, fake_decoder, monkeypatch):
    fake_decoder("while True: sys.stdout.buffer.write(bytes(100_000))")
    monkeypatch.setattr(reading, "MAX_SAMPLES", 10**6)
    refused(write(tmp_path / "memo.m4a", M4A), "too-long", "more than 1000000 samples")


def test_decoder_that_cannot_be_started(tmp_path, fake_decoder, monkeypatch):
    fake_decoder("")
    (tmp_path / "bin" / "ffmpeg").write_text("#!/nowhere/python\n")
    refused(write(tmp_path / "memo.m4a", M4A), "unreadable", "cannot be started")


def test_decoder_of_the_package(tmp_path):
    """The real ffmpeg of imageio-ffmpeg, if it is installed: write an m4a file and read it."""
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    import subprocess

    source, path = write(tmp_path / "a.wav", np.tile(TONE, 3)), tmp_path / "memo.m4a"
    subprocess.run([ffmpeg, "-v", "error", "-i", source, "-movflags", "faststart", path], check=True)
    wave = audio.load(path)
    assert wave.size == pytest.approx(3 * SR, rel=0.1)
    assert np.abs(wave[SR : 2 * SR]).max() == pytest.approx(0.3, abs=0.05)
    content = path.read_bytes()
    refused(write(tmp_path / "cut.m4a", content[: len(content) // 2]), "truncated", "ffmpeg cannot decode")


def test_package_that_does_not_load(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    refused(write(tmp_path / "memo.m4a", M4A), "unreadable", "pip install imageio-ffmpeg")


# --- channels ----------------------------------------------------------------------------------------


def stereo(path, *gains):
    return write(path, np.stack([gain * TONE for gain in gains], axis=1), subtype="FLOAT")


@pytest.mark.parametrize("right", [-1.0, -0.97, -0.6, -1.6])
def test_mean_far_below_the_louder_channel(tmp_path, right):
    loudest = int(abs(right) > 1)
    path = stereo(tmp_path / "a.wav", 1.0, right)
    refused(path, "channels-cancel", f"channel {loudest}.*channel={loudest}")
    np.testing.assert_allclose(audio.load(path, channel=0), TONE, atol=1e-6)
    np.testing.assert_allclose(audio.load(path, channel=1), np.clip(right * TONE, -1, 1), atol=1e-6)


@pytest.mark.parametrize("right", [1.0, 0.5, 0.0, -0.4])
def test_mean_close_to_the_louder_channel(tmp_path, right):
    wave = audio.load(stereo(tmp_path / "a.wav", 1.0, right))
    np.testing.assert_allclose(wave, (1 + right) / 2 * TONE, atol=1e-6)


def test_offset_of_all_channels_does_not_hide_that_they_cancel(tmp_path):
    samples = 0.2 + 0.1 * np.stack([TONE, -0.97 * TONE], axis=1)
    refused(write(tmp_path / "a.wav", samples, subtype="FLOAT"), "channels-cancel", "keep one channel")


@pytest.mark.parametrize("n_silent", [3, 7, 15])
def test_one_live_channel_of_many_is_not_cancelled(tmp_path, n_silent):
    wave = audio.load(stereo(tmp_path / "a.wav", 1.0, *[0.0] * n_silent))
    np.testing.assert_allclose(wave, TONE / (1 + n_silent), atol=1e-6)


@pytest.mark.parametrize("channel", [2, -1, 10**9])
def test_channel_that_does_not_exist(tmp_path, channel):
    refused(stereo(tmp_path / "a.wav", 1.0, 1.0), "not-mono", "it has 2 channel", channel=channel)


def test_channel_of_a_mono_file(tmp_path):
    path = write(tmp_path / "a.wav")
    np.testing.assert_array_equal(audio.load(path, channel=0), audio.load(path))
    refused(path, "not-mono", "1 channel", channel=1)

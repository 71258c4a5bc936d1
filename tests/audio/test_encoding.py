"""Waveforms from and to the content of audio files."""

import io
import tempfile

import numpy as np
import pytest
import soundfile

from sercore.audio.encoding import load_bytes, wav_bytes
from sercore.errors import AudioError


@pytest.fixture
def wave(rng):
    return (0.2 * rng.standard_normal(16_000)).clip(-0.9, 0.9).astype(np.float32)


def test_wav_bytes_preserves_level(wave):
    loud, soft = (soundfile.read(io.BytesIO(wav_bytes(gain * wave, 16_000)))[0] for gain in (1.0, 0.1))
    assert np.abs(soft).max() / np.abs(loud).max() == pytest.approx(0.1, rel=0.01)
    with pytest.raises(AudioError, match="mono float"):
        wav_bytes(np.zeros((2, 100), np.float32), 16_000)


def test_load_bytes_leaves_no_files(wave, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    loaded = load_bytes(wav_bytes(wave, 16_000), "../../own voice.wav")
    np.testing.assert_allclose(loaded, wave - wave.mean(), atol=2 / 2**15)
    assert loaded.dtype == np.float32
    for content in (b"", b"<html>", b"RIFFxxxx", wav_bytes(wave, 16_000)[:1000], b"\0" * 5000):
        with pytest.raises(AudioError, match=r"^\.\./own\.wav: "):
            load_bytes(content, "../own.wav")
    assert list(tmp_path.iterdir()) == []


MEMOS = {
    "memo.mp3": ("MP3", "MPEG_LAYER_III"),
    "memo.ogg": ("OGG", "VORBIS"),
    "memo.opus": ("OGG", "OPUS"),
    "memo.wav": ("WAV", "ULAW"),
    "memo.flac": ("FLAC", "PCM_24"),
}


@pytest.mark.parametrize("name", MEMOS)
def test_load_bytes_of_uploaded_memos(name):
    """The level survives the codec, and half a memo is refused under its own name."""
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * 16_000) / 16_000)
    file = io.BytesIO()
    soundfile.write(file, tone, 16_000, format=MEMOS[name][0], subtype=MEMOS[name][1])
    wave = load_bytes(file.getvalue(), name)
    assert wave.size == pytest.approx(tone.size, rel=0.02)
    assert wave[8000:-8000].std() == pytest.approx(0.3 / np.sqrt(2), rel=0.03)
    with pytest.raises(AudioError, match=rf"^{name}: .*(cut off|damaged)") as caught:
        load_bytes(file.getvalue()[: len(file.getvalue()) // 2], name)
    assert caught.value.reason == "truncated"


def test_load_bytes_names_the_uploaded_file_in_commands():
    with pytest.raises(AudioError, match=r"'ffmpeg -i blob\.avi blob\.avi\.wav'"):
        load_bytes(b"RIFF\0\1\0\0AVI LIST" + bytes(99), "blob.avi")


@pytest.mark.parametrize("name", ["the upload", "my upload 2.wav"])
def test_load_bytes_keeps_the_name_in_messages(name):
    with pytest.raises(AudioError, match=f"^{name}: the file is empty"):
        load_bytes(b"", name)

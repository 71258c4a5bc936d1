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


def test_load_bytes_names_the_uploaded_file_in_commands():
    with pytest.raises(AudioError, match=r"'ffmpeg -i blob\.avi blob\.avi\.wav'"):
        load_bytes(b"RIFF\0\1\0\0AVI LIST" + bytes(99), "blob.avi")

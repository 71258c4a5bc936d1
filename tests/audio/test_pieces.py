"""Long recordings, read in pieces."""

import numpy as np
import pytest
import soundfile

from sercore import audio
from sercore.errors import AudioError

SR = 8000


@pytest.fixture
def wave(rng):
    return rng.uniform(-0.5, 0.5, 10 * SR).astype(np.float32)


@pytest.mark.parametrize(("name", "subtype"), [("a.wav", "FLOAT"), ("a.flac", "PCM_24"), ("a.w64", "PCM_24")])
@pytest.mark.parametrize("spans", [[(0, 4), (3, 7), (6, 10)], [(1, 2), (7.5, 8)], [(0, 10)]])
def test_pieces_are_those_of_the_whole(tmp_path, wave, name, subtype, spans):
    soundfile.write(tmp_path / name, wave, SR, subtype=subtype)
    with audio.open_pieces(tmp_path / name) as pieces:
        assert (pieces.seconds, pieces.sr) == (10, SR)
        for start, end in spans:
            np.testing.assert_allclose(
                pieces.read(start, end), wave[round(start * SR) : round(end * SR)], atol=1e-6
            )


def test_longer_than_what_is_read_at_once(tmp_path, wave, monkeypatch):
    soundfile.write(tmp_path / "a.wav", wave, SR)
    monkeypatch.setattr("sercore.audio.reading.MAX_SECONDS", 9)
    with pytest.raises(AudioError, match="cut it into pieces"):
        audio.load(tmp_path / "a.wav")
    with audio.open_pieces(tmp_path / "a.wav") as pieces:
        assert len(pieces.read(8, 10)) == 2 * SR


def test_channel(tmp_path, wave):
    soundfile.write(tmp_path / "a.wav", np.stack([wave, -wave], axis=1), SR)
    with audio.open_pieces(tmp_path / "a.wav", channel=1) as pieces:
        np.testing.assert_allclose(pieces.read(0, 1), -wave[:SR], atol=1e-4)
    with (
        audio.open_pieces(tmp_path / "a.wav") as pieces,
        pytest.raises(AudioError, match="cancel each other"),
    ):
        pieces.read(0, 1)


def test_damage_in_the_middle(tmp_path, wave):
    soundfile.write(tmp_path / "a.flac", wave, SR)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20_000] = bytes(20_000)
    (tmp_path / "a.flac").write_bytes(data)
    with audio.open_pieces(tmp_path / "a.flac") as pieces:
        assert len(pieces.read(0, 3)) == 3 * SR
        with pytest.raises(AudioError, match="cut off or damaged") as caught:
            pieces.read(3, 10)
    assert caught.value.reason == "truncated"


def test_files_that_are_read_at_once(tmp_path, wave):
    soundfile.write(tmp_path / "a.wav", wave, SR)
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[:40] + bytes(4) + data[44:])  # an unfinished header
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x1cftypM4A " + bytes(90))
    for name in ("a.wav", "a.m4a"):
        with audio.open_pieces(tmp_path / name) as pieces:
            assert pieces is None
    with pytest.raises(AudioError, match="no such file"), audio.open_pieces(tmp_path / "b.wav"):
        pass


def test_damage_in_a_gap_is_located(tmp_path, rng):
    path = tmp_path / "a.flac"
    soundfile.write(path, rng.uniform(-0.5, 0.5, 200 * SR), SR)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 90_000] = bytes(90_000)
    path.write_bytes(content)
    with audio.open_pieces(path) as pieces:
        pieces.read(0, 10)
        with pytest.raises(AudioError, match="damaged between 70 and 130 s of 200 s"):
            pieces.read(190, 200)

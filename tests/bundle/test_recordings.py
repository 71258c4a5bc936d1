"""Long recordings: windows, probabilities over time, and a synthetic recording with known emotions."""

import numpy as np
import pytest
import soundfile
from toys.voices import small_predictor

from sercore import audio, synth
from sercore.bundle import Recording, Windows, over_time, predict_clip, predict_files, predict_windows
from sercore.bundle.recordings import MAX_SECONDS, UNSEEN_SPEAKER
from sercore.errors import AudioError, SercoreError

SR = synth.SR


def window(start, end, *proba):
    return {"start": start, "end": end, "label": "a", "proba": dict(zip("abc", proba, strict=True))}


def test_windows_of_recording_file_and_clip_agree(tmp_path):
    predictor, short = small_predictor(), Recording.synthetic(("sad", "angry"), sentences=1)
    soundfile.write(tmp_path / "talk.wav", short.wave, SR, subtype="FLOAT")
    windows = Windows(1.0, 0.5)
    expected = predict_clip(predictor, tmp_path / "talk.wav", windows)
    waves = predictor.waves(tmp_path / "talk.wav")
    one_by_one = predict_windows(predictor, waves, windows)
    assert {"file": str(tmp_path / "talk.wav"), **next(one_by_one)} == expected[0]
    progress = []
    rows = Recording.from_file(tmp_path / "talk.wav").predict(predictor, windows, progress=progress.append)
    for key in ("start", "end", "label"):
        assert [row[key] for row in rows] == [row[key] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        assert row["proba"] == pytest.approx(other["proba"], abs=1e-4)
    np.testing.assert_allclose(progress, np.arange(1, len(rows) + 1) / len(rows))


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A file of 20 s with three seconds of silence, longer than what is read at once in these tests."""
    wave = Recording.synthetic(("sad", "angry", "happy"), sentences=2).wave
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    wave = np.resize(wave, 20 * SR)
    wave[8 * SR : 14 * SR] = 0
    soundfile.write(path, wave, SR, subtype="FLOAT")
    return path


def test_long_files_are_predicted_in_pieces(talk, monkeypatch):
    predictor, windows = small_predictor(), Windows(1.0, 0.7)
    whole = predict_clip(predictor, talk, windows)
    monkeypatch.setattr("sercore.bundle.recordings.PIECE_SECONDS", 4.0)
    monkeypatch.setattr("sercore.audio.reading.MAX_SECONDS", 10.0)  # that of files read at once
    read, lengths = audio.Pieces.read, []

    def measured(pieces, start, end):
        wave = read(pieces, start, end)
        lengths.append(len(wave) / SR)
        return wave

    monkeypatch.setattr(audio.Pieces, "read", measured)
    rows = predict_clip(predictor, talk, windows)
    assert max(lengths) <= 4
    assert len(lengths) >= 6
    assert [row.get("error") for row in rows] == [row.get("error") for row in whole]
    for row, other in zip(rows, whole, strict=True):
        assert (row["start"], row["end"]) == pytest.approx((other["start"], other["end"]))
        if "proba" in other and (row["end"] <= 8 or row["start"] >= 14):  # without digital silence
            assert row["proba"] == pytest.approx(other["proba"], abs=0.1)  # offset of the piece


def test_rows_come_as_they_are_computed(talk, monkeypatch):
    monkeypatch.setattr("sercore.bundle.recordings.PIECE_SECONDS", 4.0)
    read, calls = audio.Pieces.read, []
    monkeypatch.setattr(audio.Pieces, "read", lambda *span: calls.append(span) or read(*span))
    monkeypatch.setattr("sercore.bundle.files.load_cached", lambda *_, **__: small_predictor())
    options = {"windows": Windows(1.0, 0.5), "row_by_row": True, "progress": False}
    (row,) = next(predict_files("toy.bundle", [talk], **options))
    assert row["start"] == 0
    assert len(calls) == 1


@pytest.mark.parametrize("seconds", [0.5, 3.0, 10.0, 10.3, 59.99, 61.2])
@pytest.mark.parametrize(("length", "step"), [(3.0, 1.5), (1.0, 0.7), (0.5, 2.0), (9.0, 0.1)])
def test_batches_are_the_spans(seconds, length, step):
    windows = Windows(length, step)
    batches = list(windows.batches(seconds, 12.0))
    np.testing.assert_allclose(
        [span for batch in batches for span in batch], windows.spans(seconds), atol=1e-9
    )
    assert all(batch[-1][1] - batch[0][0] <= 12.0 + step for batch in batches)


def test_over_time_is_mean_of_overlapping_windows():
    silent = {"start": 2, "end": 4, "error": "silent", "message": "…"}
    damaged = {"error": "truncated", "message": "…"}  # the last row of a file whose end cannot be read
    rows = [window(0, 2, 1.0, 0, 0), window(1, 3, 0, 1.0, 0), silent, damaged]
    edges, proba = over_time(rows, "abc")
    np.testing.assert_array_equal(edges, [0, 1, 2, 3, 4])
    nothing = [np.nan] * 3
    np.testing.assert_array_equal(proba, [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], nothing])


@pytest.mark.parametrize("rows", [[], [{"label": "a", "proba": {}}]], ids=["none", "of whole clips"])
def test_over_time_needs_windows(rows):
    with pytest.raises(SercoreError, match="predict_windows"):
        over_time(rows, "abc")


def test_synthetic_recording_is_reproducible_and_labelled():
    first, again = Recording.synthetic(("sad", "angry")), Recording.synthetic(("sad", "angry"))
    np.testing.assert_array_equal(first.wave, again.wave)
    assert first.truth["emotion"].tolist() == ["sad", "angry"]
    assert first.truth["start"][0] == 0
    assert first.truth["start"][1] == first.truth["end"][0]
    assert first.truth["end"][1] == pytest.approx(len(first.wave) / SR)
    middle = round(first.truth["end"][0] * SR)
    assert first.wave[middle:].std() > 3 * first.wave[:middle].std()  # anger is louder
    assert UNSEEN_SPEAKER.name not in synth.SPEAKERS
    assert np.abs(Recording.synthetic(("sad", "angry"), seed=1).wave[:SR] - first.wave[:SR]).max() > 0.001


def test_recording_too_long():
    with pytest.raises(AudioError, match=r"20 min long.*sercore predict --timeline") as caught:
        Recording.from_wave(np.zeros(round(2 * MAX_SECONDS * 16_000), np.float32), "talk")
    assert caught.value.reason == "too-long"

"""The emotion timeline without a browser."""

import io

import numpy as np
import pytest
import soundfile
from matplotlib.colors import to_rgb
from PIL import Image
from toys.controls import controls
from toys.voices import CLASSES, rejecting_predictor, small_predictor

from sercore import plots, synth
from sercore.audio.sounds import render_sound
from sercore.bundle import Recording, Windows
from sercore.errors import AudioError
from sercore.pictures.views import timeline_axes
from sercore.widgets import Timeline, wav_bytes

SR = synth.SR


@pytest.fixture(scope="module")
def predictor():
    return small_predictor()


@pytest.fixture(scope="module")
def short():
    return Recording.synthetic(("sad", "angry"), sentences=1)


@pytest.fixture
def widget(predictor, short):
    return Timeline(short, bundle=predictor)


def test_player_has_sound_and_time_axis(widget, short):
    heard, rate = soundfile.read(io.BytesIO(widget.player.sound))
    assert rate == SR
    np.testing.assert_allclose(heard, short.wave, atol=1e-4)
    picture = np.asarray(Image.open(io.BytesIO(widget.player.picture)).convert("RGB")).astype(int)
    picture = picture[150:200]  # rows of the probabilities
    colors = [np.rint(255 * np.array(to_rgb(plots.color_of(name)))) for name in CLASSES]
    filled = np.any([np.abs(picture - color).sum(axis=2) < 12 for color in colors], axis=0).mean(axis=0)
    colored = np.flatnonzero(filled[: round((widget.player.right + 0.005) * picture.shape[1])] > 0.8)
    assert colored[-1] == pytest.approx(widget.player.right * picture.shape[1], abs=2)
    assert colored[0] == pytest.approx(widget.player.left * picture.shape[1], abs=2)
    assert (widget.player.start, widget.player.stop) == (0, pytest.approx(len(short.wave) / SR))


def test_sliders_predict_again(widget, short, predictor):
    before, axes = widget.player.picture, widget._axes
    widget.window.value = 1.0
    assert widget.rows == short.predict(predictor, Windows(1.0, 0.5))
    assert widget.player.picture != before
    assert widget._axes is axes, "the figure is reused"
    n_rows = len(widget.rows)
    widget.step.value = 1.0
    assert len(widget.rows) < n_rows
    assert widget.progress.value == 1.0
    assert widget.progress.layout.visibility == "hidden"


def test_bars_follow_position(widget):
    ends = {}
    for name, seconds in (("sad", 1.0), ("angry", widget.player.duration - 1.0)):
        widget.player.position = seconds
        assert f"at {seconds:.1f} s" in widget.bars.value
        ends[name] = widget.heard_at(seconds)
        assert f"{name} {100 * ends[name][name]:.0f} percent" in widget.bars.value
    assert ends["sad"]["sad"] > ends["angry"]["sad"]


def test_broken_upload_shows_error(widget, short):
    before = widget.player.picture
    widget.own.take("talk.wav", b"<!doctype html><p>not found")
    assert 'role="alert"' in widget.own.message.value
    assert "web page" in widget.own.message.value
    assert widget.recording is short
    assert widget.player.picture == before
    widget.own.take("mine.wav", wav_bytes(np.tile(short.wave, 2), SR))
    assert widget.own.message.value == ""
    assert widget.recording.name == "mine.wav"
    assert widget.player.duration == pytest.approx(2 * len(short.wave) / SR)
    assert widget.rows[-1]["end"] == pytest.approx(widget.player.duration, abs=1e-3)
    assert "mine.wav" in widget.player.description


def test_upload_too_long_shows_error(widget, short, monkeypatch):
    monkeypatch.setattr("sercore.bundle.recordings.MAX_SECONDS", 2.0)
    widget.own.take("long.wav", wav_bytes(short.wave, SR))
    assert "sercore predict --timeline" in widget.own.message.value
    assert widget.recording is short


def test_no_prediction_in_silence(widget, short):
    quiet = np.concatenate([short.wave, np.zeros(6 * SR, np.float32)])
    widget.show(Recording(quiet, SR, "with silence"))
    assert any("error" in row for row in widget.rows)
    widget.player.position = len(short.wave) / SR + 4
    assert "no prediction: silent" in widget.bars.value
    assert widget.heard_at(1.0)
    assert widget.reason_at(1.0) == ""


def test_sounds_that_are_not_speech_have_no_emotion(short):
    music = 0.5 * render_sound("chords", seconds=4.0)
    widget = Timeline(Recording.from_wave(music.astype(np.float32), "music"), bundle=rejecting_predictor())
    widget.player.position = 2.0
    assert "no prediction: not speech" in widget.bars.value


def test_missing_file(predictor, tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        Timeline(tmp_path / "talk.wav", bundle=predictor)


def test_controls_are_labelled_and_text_size_grows(predictor, short):
    widget = Timeline(short, bundle=predictor, text="projector")
    assert [control.description for control in controls(widget)][:2] == ["Window (s)", "Step (s)"]
    assert all(control.description for control in controls(widget))
    sizes = [timeline_axes(short, widget.rows, CLASSES, font_size=size)[1] for size in (15, 23)]
    assert sizes[1].xaxis.label.get_size() == pytest.approx(sizes[0].xaxis.label.get_size() * 23 / 15)


def test_model_is_named_and_uploads_get_the_model_for_people(predictor, short, monkeypatch):
    asked = []
    monkeypatch.setattr("sercore.widgets.timeline.get_predictor", lambda bundle: predictor)
    monkeypatch.setattr(
        "sercore.widgets.timeline.speech_predictor", lambda bundle: asked.append(bundle) or predictor
    )
    widget = Timeline()
    assert asked == []
    assert predictor.about().replace("\n", "</b> ", 1).replace("\n", " ") in widget.about.value
    assert "synthetic voice" in widget.about.value
    widget.own.take("mine.wav", wav_bytes(short.wave, SR))
    assert asked == [None]


def test_border_of_a_predicted_and_a_rejected_window_has_a_reason(widget):
    predicted = {"start": 0.0, "end": 1.5, "proba": dict.fromkeys(widget.predictor.classes, 0.5)}
    widget.rows = [predicted, {"start": 1.5, "end": 3.0, "rejected": "not speech"}]
    assert widget.reason_at(1.5) == "no prediction: not speech"

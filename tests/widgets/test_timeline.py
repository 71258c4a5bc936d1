"""The emotion timeline without a browser: windows, what is drawn of them, and the widget around it."""

import io

import numpy as np
import pytest
import soundfile
from matplotlib.colors import to_rgb
from PIL import Image
from toys.controls import controls
from toys.voices import CLASSES, small_predictor

from sercore import plots, synth
from sercore.bundle import Windows, predict_clip, predict_windows
from sercore.bundle.recordings import MAX_SECONDS, STRANGER, Recording
from sercore.errors import AudioError, SercoreError
from sercore.widgets import Timeline, wav_bytes
from sercore.widgets.timeline import timeline_axes

SR = synth.SR


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return small_predictor(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def short():
    return Recording.made_up(("sad", "angry"), sentences=1)


@pytest.fixture
def widget(predictor, short):
    return Timeline(short, bundle=predictor)


def window(start, end, *proba):
    return {"start": start, "end": end, "label": "a", "proba": dict(zip("abc", proba, strict=True))}


SILENT = {"start": 2, "end": 4, "error": "silent", "message": "…"}
ROWS = [window(0, 2, 1.0, 0, 0), window(1, 3, 0, 1.0, 0), SILENT]


# windows


def test_windows_come_one_by_one_and_are_those_of_the_command(predictor, short, tmp_path):
    soundfile.write(tmp_path / "talk.wav", short.wave, SR, subtype="FLOAT")
    windows = Windows(1.0, 0.5)
    expected = predict_clip(predictor, tmp_path / "talk.wav", windows)
    waves = predictor.waves(tmp_path / "talk.wav")
    one_by_one = predict_windows(predictor, waves, windows)
    assert {"file": str(tmp_path / "talk.wav"), **next(one_by_one)} == expected[0]
    shares = []
    rows = Recording.from_file(tmp_path / "talk.wav").score(predictor, windows, progress=shares.append)
    for key in ("start", "end", "label"):
        assert [row[key] for row in rows] == [row[key] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        assert row["proba"] == pytest.approx(other["proba"], abs=1e-4)
    np.testing.assert_allclose(shares, np.arange(1, len(rows) + 1) / len(rows))


def test_at_each_moment_the_mean_of_the_windows_that_hold_it():
    edges, proba = plots.over_time(ROWS, "abc")
    np.testing.assert_array_equal(edges, [0, 1, 2, 3, 4])
    nothing = [np.nan] * 3
    np.testing.assert_array_equal(proba, [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], nothing])


@pytest.mark.parametrize("rows", [[], [{"label": "a", "proba": {}}]], ids=["none", "of whole clips"])
def test_rows_without_windows_are_refused(rows):
    with pytest.raises(SercoreError, match="predict_windows"):
        plots.over_time(rows, "abc")


# the drawing


def test_probabilities_are_stacked_to_100_in_the_colours_of_the_course():
    rows = [
        {"start": 0, "end": 2, "proba": {"happy": 1.0, "sad": 0.0}},
        {"start": 1, "end": 3, "proba": {"happy": 0.0, "sad": 1.0}},
    ]
    ax = plots.timeline(rows, ("happy", "sad"))
    happy, sad = ax.collections
    assert [tuple(c.get_facecolor()[0][:3]) for c in (happy, sad)] == [
        to_rgb(plots.color_of(name)) for name in ("happy", "sad")
    ]
    assert happy.get_paths()[0].contains_point((1.5, 49))
    assert sad.get_paths()[0].contains_point((1.5, 51))
    assert not happy.get_paths()[0].contains_point((2.5, 1))
    assert ax.get_ylim() == (0, 100)
    assert "s)" in ax.get_xlabel()
    assert plots.timeline(rows[:1], ("happy", "sad"), ax=ax) is ax
    assert len(ax.collections) == 2


def test_nothing_is_drawn_where_nothing_was_heard():
    ax = plots.timeline(ROWS, ("a", "b", "c"))
    assert not any(path.contains_point((3.5, 50)) for c in ax.collections for path in c.get_paths())
    assert any(path.contains_point((2.5, 50)) for c in ax.collections for path in c.get_paths())


def test_a_recording_shows_wave_probabilities_and_what_was_meant(predictor, short):
    rows = short.score(predictor, Windows(1.5, 0.5))
    above, below = plots.recording(short.wave, SR, rows, CLASSES, truth=short.truth)
    assert above.get_xlim() == below.get_xlim() == (0, pytest.approx(len(short.wave) / SR))
    meant = [text.get_text() for text in below.texts]
    assert meant[:2] == ["sad", "angry"]
    names = [text.get_text() for text in below.get_legend().get_texts()]
    assert names == list(CLASSES)[::-1]
    extent = above.collections[0].get_paths()[0].get_extents()
    np.testing.assert_allclose([extent.y0, extent.y1], [short.wave.min(), short.wave.max()], rtol=1e-5)


# recordings


def test_the_made_up_recording_says_what_was_meant_and_by_whom():
    first, again = Recording.made_up(("sad", "angry")), Recording.made_up(("sad", "angry"))
    np.testing.assert_array_equal(first.wave, again.wave)
    assert first.truth["emotion"].tolist() == ["sad", "angry"]
    assert first.truth["start"][0] == 0
    assert first.truth["start"][1] == first.truth["end"][0]
    assert first.truth["end"][1] == pytest.approx(len(first.wave) / SR)
    middle = round(first.truth["end"][0] * SR)
    assert first.wave[middle:].std() > 3 * first.wave[:middle].std()  # anger is louder
    assert STRANGER.name not in synth.SPEAKERS
    assert np.abs(Recording.made_up(("sad", "angry"), seed=1).wave[:SR] - first.wave[:SR]).max() > 0.001


def test_a_recording_too_long_for_a_page_is_sent_to_the_command():
    with pytest.raises(AudioError, match=r"20 min long.*sercore predict --timeline") as caught:
        Recording.from_wave(np.zeros(round(2 * MAX_SECONDS * 16_000), np.float32), "talk")
    assert caught.value.reason == "too-long"


# the widget


def test_the_player_holds_the_sound_and_knows_where_time_lies(widget, short):
    heard, rate = soundfile.read(io.BytesIO(widget.player.sound))
    assert rate == SR
    np.testing.assert_allclose(heard, short.wave, atol=1e-4)
    picture = np.asarray(Image.open(io.BytesIO(widget.player.picture)).convert("RGB")).astype(int)
    picture = picture[150:200]  # among the probabilities
    colors = [np.rint(255 * np.array(to_rgb(plots.color_of(name)))) for name in CLASSES]
    filled = np.any([np.abs(picture - color).sum(axis=2) < 12 for color in colors], axis=0).mean(axis=0)
    colored = np.flatnonzero(filled[: round((widget.player.right + 0.005) * picture.shape[1])] > 0.8)
    assert colored[-1] == pytest.approx(widget.player.right * picture.shape[1], abs=2)
    assert colored[0] == pytest.approx(widget.player.left * picture.shape[1], abs=2)
    assert (widget.player.start, widget.player.stop) == (0, pytest.approx(len(short.wave) / SR))


def test_sliders_score_again(widget, short, predictor):
    before, axes = widget.player.picture, widget._axes
    widget.window.value = 1.0
    assert widget.rows == short.score(predictor, Windows(1.0, 0.5))
    assert widget.player.picture != before
    assert widget._axes is axes, "the figure is made once"
    n_rows = len(widget.rows)
    widget.step.value = 1.0
    assert len(widget.rows) < n_rows
    assert widget.progress.value == 1.0
    assert widget.progress.layout.visibility == "hidden"


def test_bars_follow_the_position(widget):
    ends = {}
    for name, seconds in (("sad", 1.0), ("angry", widget.player.duration - 1.0)):
        widget.player.position = seconds
        assert f"at {seconds:.1f} s" in widget.bars.value
        ends[name] = widget.heard_at(seconds)
        assert f"{name} {100 * ends[name][name]:.0f} percent" in widget.bars.value
    assert ends["sad"]["sad"] > ends["angry"]["sad"]


def test_a_broken_upload_is_explained_and_the_old_recording_stays(widget, short):
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


def test_an_upload_too_long_is_explained(widget, short, monkeypatch):
    monkeypatch.setattr("sercore.bundle.recordings.MAX_SECONDS", 2.0)
    widget.own.take("long.wav", wav_bytes(short.wave, SR))
    assert "sercore predict --timeline" in widget.own.message.value
    assert widget.recording is short


def test_silence_is_heard_as_nothing(widget, short):
    quiet = np.concatenate([short.wave, np.zeros(6 * SR, np.float32)])
    widget.show(Recording(quiet, SR, "with silence"))
    assert any("error" in row for row in widget.rows)
    widget.player.position = len(short.wave) / SR + 4
    assert widget.bars.value == "nothing heard here"
    assert widget.heard_at(1.0)


def test_what_was_asked_for_by_name_must_be_there(predictor, tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        Timeline(tmp_path / "talk.wav", bundle=predictor)


def test_every_control_has_a_description_and_letters_grow(predictor, short):
    widget = Timeline(short, bundle=predictor, text="projector")
    assert [control.description for control in controls(widget)][:2] == ["Window (s)", "Step (s)"]
    assert all(control.description for control in controls(widget))
    sizes = [timeline_axes(short, widget.rows, CLASSES, font_size=size)[1] for size in (15, 23)]
    assert sizes[1].xaxis.label.get_size() == pytest.approx(sizes[0].xaxis.label.get_size() * 23 / 15)

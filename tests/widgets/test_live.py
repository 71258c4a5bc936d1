"""Live predictions and "hear me" without a browser."""

import io
from functools import partial

import numpy as np
import pytest
import soundfile
from PIL import Image
from toys.controls import controls
from toys.voices import CLASSES, small_predictor

from sercore import synth
from sercore.bundle import Prediction, Recording
from sercore.bundle.defaults import SYNTHETIC_WARNING
from sercore.bundle.streaming import Moment
from sercore.errors import BundleError
from sercore.interpret import sound_occlusion
from sercore.pictures.canvas import N_SHADES
from sercore.widgets import HearMe, Live, wav_bytes
from sercore.widgets.hear_me import NOT_NORMALISED, answers_html
from sercore.widgets.level import LevelProbe
from sercore.widgets.notice import NOTICE

SR = synth.SR


@pytest.fixture(scope="module")
def sad_then_angry():
    return Recording.synthetic(("sad", "angry"), sentences=1).wave


@pytest.fixture
def live(monkeypatch):
    widget = Live(small_predictor())
    widget.sent = []
    monkeypatch.setattr(
        widget.microphone, "send", lambda message, buffers=(): widget.sent.append((message, buffers))
    )
    return widget


def send(widget, step, *, session=1, **more):
    """A message of the page; samples are sent as bytes."""
    buffers = [memoryview(more.pop("samples").astype(np.float32).tobytes())] if "samples" in more else []
    message = {"step": step, "session": session, "answer": True, **more}
    widget.microphone._handle_custom_msg(message, buffers)


def shades(widget):
    return np.frombuffer(widget.sent[-1][1][0], np.uint8).reshape(
        widget.microphone.n_bands, widget.microphone.n_frames
    )


def test_live_answers_every_block_and_predicts_every_second_one(live, sad_then_angry):
    send(live, "start", rate=SR)
    for k in range(16):
        block = sad_then_angry[2000 * k : 2000 * (k + 1)]
        send(live, "block", number=k + 1, latency=None if k == 0 else 50 + k, samples=block)
    views = [message for message, _ in live.sent[1:]]  # after that of the start
    assert [view["number"] for view in views] == list(range(1, 17))
    assert ["prediction" in view for view in views] == [False, True] * 8
    assert views[-1]["prediction"]["proba"] == list(live.moment.prediction.proba.values())
    assert list(live.latencies)[:2] == [51, 52]
    assert live.moment.seconds == 2.0


def test_live_stores_blocks_without_answer(live, sad_then_angry):
    send(live, "start", rate=SR)
    for k in range(9):
        block = sad_then_angry[2000 * k : 2000 * (k + 1)]
        send(live, "block", number=k + 1, answer=k == 8, samples=block)
    _, (view, _) = live.sent
    assert view["number"] == 9
    assert live.moment.seconds == 18_000 / SR


def test_live_picture_shows_newest_sound_at_the_right(live):
    tone = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(SR // 2) / SR)
    send(live, "start", rate=SR)
    send(live, "block", number=1, samples=np.concatenate([np.zeros(SR), tone]))
    picture = shades(live)
    band, frame = np.unravel_index(picture.argmax(), picture.shape)
    low, high = sorted(live.microphone.ticks, key=lambda tick: abs(tick[0] - (band + 0.5) / len(picture)))[:2]
    assert "1000 Hz" in (low[1], high[1])
    assert frame > 240
    assert picture.max() < N_SHADES
    assert picture[:, :140].max() == 0  # before the start of the stream


def test_live_shows_no_emotion_in_silence(live):
    send(live, "start", rate=48_000)
    send(live, "block", number=1, samples=np.zeros(48_000))
    assert live.sent[-1][0]["prediction"] == {"proba": None, "text": "no prediction: pause"}


def test_live_ignores_blocks_after_stop_and_of_earlier_sessions(live, sad_then_angry):
    send(live, "start", rate=SR)
    send(live, "stop")
    send(live, "block", number=1, samples=sad_then_angry[:2000])
    send(live, "start", session=2, rate=SR)
    send(live, "block", session=1, number=1, samples=sad_then_angry[:2000])
    assert live.sent == [({"step": "started", "session": session}, ()) for session in (1, 2)]
    live.stop()
    assert live.sent[2:] == [({"step": "stop"}, ())]


def test_live_reports_samples_that_are_not_finite(live):
    send(live, "start", rate=SR)
    send(live, "block", number=1, samples=np.array([0.0, np.nan]))
    assert "not finite" in live.sent[-1][0]["error"]


def test_live_counts_skipped_blocks_and_sends_only_pictures_that_were_asked_for(live, sad_then_angry):
    send(live, "start", rate=SR)
    for number in range(1, 4):
        asked = {"number": number, "skipped": number - 1, "answer": number == 1}
        send(live, "block", samples=sad_then_angry[:2000], **asked)
    assert [message["step"] for message, _ in live.sent] == ["started", "view"]
    assert live.skipped == 2


@pytest.mark.parametrize("maker", [Live, HearMe])
def test_microphone_has_notice_and_model(maker):
    widget = maker(small_predictor(), text="large")
    shown = " ".join(child.value for child in widget.children if hasattr(child, "value") and child.value)
    for line in NOTICE:
        assert line.split(",")[0] in shown
    assert SYNTHETIC_WARNING in shown
    assert "lda (neutral, happy, sad, angry)." in shown
    assert "sercore-large" in widget._dom_classes
    assert all(control.description for control in controls(widget) if hasattr(control, "description"))


@pytest.fixture
def voice():
    return HearMe(small_predictor()).voices[0]


def test_recording_is_predicted_and_played(voice, sad_then_angry):
    clip = sad_then_angry[: 2 * SR]
    voice.own.take("mine.wav", wav_bytes(clip, SR))
    assert voice.before.label in CLASSES
    assert str(voice.before) in voice.answers.value
    assert voice.after is None
    heard, sr = soundfile.read(io.BytesIO(voice.player.sound))
    assert (sr, heard.max()) == (SR, pytest.approx(clip.max(), abs=1e-3))
    assert not voice.evidence.disabled


def test_silent_upload_shows_error_and_rejected_clip_has_no_bars(voice):
    voice.own.take("silent.wav", wav_bytes(np.zeros(SR, np.float32), SR))
    assert "silent" in voice.own.message.value
    assert voice.before is None
    text = answers_html(Prediction({"sad": 1.0}, "not like speech"))
    assert "no prediction: not like speech" in text
    assert "percent" not in text


def test_error_of_a_recording_hides_the_answer_to_the_last_one(voice, sad_then_angry):
    """Both are called 'recording'."""
    voice.own._record(wav_bytes(sad_then_angry[: 2 * SR], SR))
    assert voice.before is not None
    assert voice.player.sound
    voice.own._record(wav_bytes(np.zeros(SR, np.float32), SR))
    assert "muted" in voice.own.message.value
    assert "leave the clip out" not in voice.own.message.value
    assert (voice.before, voice.wave, voice.answers.value) == (None, None, "")
    assert (voice.player.sound, voice.player.picture, voice.player.duration) == (b"", b"", 0)
    assert voice.evidence.disabled


def test_rejected_voice_gets_advice(voice, sad_then_angry, monkeypatch):
    rejected = Prediction(rejected="unlike the voices this model learned from")
    monkeypatch.setattr("sercore.widgets.hear_me.predict_or_reject", lambda *_, **__: rejected)
    voice.hear(np.tile(sad_then_angry[: 2 * SR], 8), "mine")
    assert "only the first 10 s" in voice.message.value
    assert "cleaner recording" in voice.message.value
    monkeypatch.setattr(type(voice.predictor), "one_corpus", True)
    voice.hear(sad_then_angry[: 2 * SR], "mine")
    assert "one corpus only" in voice.message.value


def test_live_says_what_can_be_done(live, sad_then_angry, monkeypatch):
    rejected = Moment(1.0, -20.0, Prediction(rejected="not speech"))
    monkeypatch.setattr("sercore.bundle.Listener.poll", lambda _: rejected)
    sent = []
    monkeypatch.setattr(live.microphone, "send", lambda message, **_: sent.append(message))
    live._receive({"step": "start", "session": 1, "rate": SR}, [])
    block = memoryview(sad_then_angry[:2000].tobytes())
    live._receive({"step": "block", "session": 1, "number": 1, "answer": True}, [block])
    text = sent[-1]["prediction"]["text"]
    assert text.startswith("no prediction: not speech. Not speech: noise or music may cover the voice.")


def test_evidence_shows_progress_and_can_be_asked_for_again(voice, sad_then_angry, monkeypatch):
    voice.hear(sad_then_angry[: 2 * SR], "mine")
    seen = []
    voice.message.observe(lambda change: seen.append(change.new), "value")
    voice.evidence.click()
    assert any("evidence: 50 %" in text for text in seen)
    assert not voice.evidence.disabled

    def fail(*_, **__):
        raise ValueError("unforeseen")

    monkeypatch.setattr("sercore.widgets.hear_me.sound_occlusion", fail)
    voice.evidence.click()  # an impatient click, which the kernel handles now
    voice.hear(sad_then_angry[: 2 * SR], "again")
    with pytest.raises(ValueError, match="unforeseen"):
        voice.show_evidence()
    monkeypatch.undo()
    voice.show_evidence()
    assert voice._evidence is not None


def test_error_of_a_member_is_shown(voice, sad_then_angry, monkeypatch):
    def fail(*_, **__):
        raise BundleError("a member failed")

    monkeypatch.setattr("sercore.widgets.hear_me.predict_or_reject", fail)
    voice.hear(sad_then_angry[: 2 * SR], "mine")
    assert voice.answers.value == ""
    assert "a member failed" in voice.message.value


def test_live_reports_an_error_of_the_model(live, sad_then_angry, monkeypatch):
    """Without an answer, the page would wait for ever, with the microphone open."""

    def fail(_):
        raise BundleError("a member failed")

    monkeypatch.setattr("sercore.bundle.Listener.poll", fail)
    sent = []
    monkeypatch.setattr(live.microphone, "send", lambda message, **_: sent.append(message))
    live._receive({"step": "start", "session": 1, "rate": SR}, [])
    block = memoryview(sad_then_angry[:2000].tobytes())
    live._receive({"step": "block", "session": 1, "number": 1, "answer": True}, [block])
    assert sent[-1]["error"] == "a member failed"


def test_neutral_speech_shows_before_and_after(sad_then_angry):
    predictor = small_predictor(speaker_norm=True)
    voice = HearMe(predictor).voices[0]
    voice.hear(sad_then_angry[: 2 * SR], "mine")
    voice.neutral.take("short.wav", wav_bytes(sad_then_angry[:SR], SR))
    assert "at least 3 s" in voice.message.value
    voice.hear_neutral(sad_then_angry[: 5 * SR], "neutral")
    parts = [sad_then_angry[: 3 * SR], sad_then_angry[2 * SR : 5 * SR]]
    expected = predictor.for_speaker(parts).predict(voice.wave)
    assert voice.after.proba == pytest.approx(expected, abs=1e-6)
    assert voice.after.proba != voice.before.proba
    assert voice.answers.value.index("before: ") < voice.answers.value.index("after adaptation: ")
    voice.forget_speaker()
    assert voice.after is None
    assert "after" not in voice.answers.value


def test_model_without_speaker_normalisation_asks_for_no_neutral_speech(voice):
    shown = [part for box in voice.children if hasattr(box, "children") for part in box.children]
    assert voice.neutral not in shown
    assert any(NOT_NORMALISED in getattr(part, "value", "") for part in shown)


def test_evidence_is_drawn_over_the_clip(voice, sad_then_angry, monkeypatch):
    monkeypatch.setattr("sercore.widgets.hear_me.sound_occlusion", partial(sound_occlusion, box=(150, 64)))
    voice.hear(sad_then_angry[: 2 * SR], "mine")
    before = voice.player.picture
    voice.evidence.click()
    assert voice.player.picture != before
    assert Image.open(io.BytesIO(voice.player.picture)).width == pytest.approx(1200, abs=2)
    assert voice.player.stop == pytest.approx(len(voice.wave) / SR, abs=0.05)
    voice.hear(sad_then_angry[: 2 * SR], "again")
    assert voice.player.picture != before  # another title, without evidence


def test_level_slider_changes_sound_and_prediction(sad_then_angry):
    heard = []
    probe = LevelProbe(bundle=small_predictor(), heard=heard.append)
    probe.hear(sad_then_angry[: 2 * SR])
    assert probe.proba == probe.original
    probe.level.value = -20.0
    np.testing.assert_allclose(heard[-1], 0.1 * sad_then_angry[: 2 * SR], atol=1e-6)
    assert probe.proba != probe.original
    assert "−20 dB" in probe.bars.value
    probe.hear(sad_then_angry[SR : 3 * SR])
    assert probe.level.value == 0.0
    np.testing.assert_array_equal(heard[-1], sad_then_angry[SR : 3 * SR])


def test_stop_of_another_view_does_not_end_the_session(live):
    send(live, "start", rate=SR, session=2)
    send(live, "stop", session=1)
    assert live._listener is not None
    send(live, "stop", session=2)
    assert live._listener is None


def test_second_voice_is_on_the_page_only_if_compared():
    widget = HearMe(small_predictor())
    row = widget.children[-1]
    assert row.children == widget.voices[:1]
    widget.compare.value = True
    assert row.children == widget.voices
    widget.voices[1].player.playing = True
    widget.compare.value = False
    assert row.children == widget.voices[:1]
    assert not widget.voices[1].player.playing

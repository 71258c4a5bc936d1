"""Streams: ring buffer, pauses, steps; rejection; adaptation to a speaker."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys.voices import rejecting_predictor, small_predictor

from sercore import synth
from sercore.audio.sounds import render_sound
from sercore.bundle import (
    Listener,
    PauseDetector,
    Predictor,
    Recording,
    SampleBuffer,
    model_note,
    predict_or_reject,
    speech_predictor,
)
from sercore.bundle.defaults import SYNTHETIC_WARNING
from sercore.errors import AudioError

SR = synth.SR


@pytest.fixture(scope="module")
def sentences():
    return Recording.synthetic(("sad", "angry"), sentences=1).wave


def blocks(wave, n=2000):
    return [wave[k : k + n] for k in range(0, len(wave), n)]


@given(st.lists(st.integers(0, 25), max_size=12), st.integers(1, 20))
def test_buffer_keeps_the_last_samples(sizes, capacity):
    buffer, everything = SampleBuffer(capacity), np.zeros(0)
    for size in sizes:
        block = np.arange(len(everything), len(everything) + size)
        buffer.push(block)
        everything = np.concatenate([everything, block])
    np.testing.assert_array_equal(buffer.last(), everything[-capacity:])
    np.testing.assert_array_equal(buffer.last(3), everything[-min(3, capacity) :])
    assert buffer.n_received == len(everything)


@pytest.mark.parametrize("noise_db", [-90.0, -60.0, -50.0])
def test_pause_begins_after_speech_ends(sentences, noise_db, rng):
    noise = 10 ** (noise_db / 20) * rng.standard_normal(2 * SR).astype(np.float32)
    detector = PauseDetector(SR)
    detector.push(noise)
    assert detector.is_pause
    detector.push(sentences[: 2 * SR] + noise)
    assert not detector.is_pause
    detector.push(noise[: round(0.3 * SR)])
    assert not detector.is_pause, "a gap between two words"
    detector.push(noise[:SR])
    assert detector.is_pause


def test_a_click_is_not_speech(rng):
    detector = PauseDetector(SR)
    noise = 1e-4 * rng.standard_normal(2 * SR)
    noise[-3200:-1600] += 0.5 * np.sin(np.arange(1600))  # 0.1 s
    detector.push(noise)
    assert detector.is_pause


def test_short_windows_can_contain_enough_speech(rng):
    detector = PauseDetector(SR, window=0.3)
    detector.push(0.3 * rng.standard_normal(SR))
    assert not detector.is_pause


def test_constant_offset_is_a_pause():
    detector = PauseDetector(SR)
    detector.push(np.full(2 * SR, 0.3, np.float32))
    assert detector.is_pause
    assert detector.level < -60


def test_listener_predicts_every_step_as_the_predictor(sentences):
    predictor = small_predictor()
    listener, moments = Listener(predictor, SR), []
    for block in blocks(sentences[: 4 * SR]):
        listener.push(block)
        moments.append(listener.poll())
    found = [moment for moment in moments if moment]
    np.testing.assert_allclose([moment.seconds for moment in found], 0.25 * np.arange(1, 17))
    assert found[-1].prediction.proba == predictor.predict(sentences[SR : 4 * SR], sr=SR)
    assert found[-1].prediction.label in predictor.classes


def test_listener_shows_no_emotion_in_pauses_and_at_other_rates(sentences):
    wave = np.concatenate([np.repeat(sentences[: 2 * SR], 3), np.zeros(48_000, np.float32)])
    listener = Listener(small_predictor(), 48_000)
    spoken = []
    for block in blocks(wave, 6000):
        listener.push(block)
        moment = listener.poll()
        spoken += [moment.prediction] if moment else []
    assert spoken[7].label is not None
    assert str(spoken[-1]) == "no prediction: pause"


def test_slow_listener_skips_steps(sentences):
    listener = Listener(small_predictor(), SR)
    for block in blocks(sentences[: 3 * SR]):
        listener.push(block)
    assert listener.poll().seconds == 3.0
    assert listener.poll() is None
    listener.push(sentences[: SR // 4])
    assert listener.poll().seconds == 3.25


@pytest.mark.parametrize(
    ("block", "reason"), [(np.zeros((2, 5)), "not-mono"), (np.array([0.0, np.nan]), "not-finite")]
)
def test_listener_refuses_what_is_not_a_waveform(block, reason):
    with pytest.raises(AudioError) as caught:
        Listener(small_predictor(), SR).push(block)
    assert caught.value.reason == reason
    with pytest.raises(AudioError, match="windows of"):
        Listener(small_predictor(), SR, seconds=0.01)


def test_unusable_clip_is_rejected_with_its_reason(sentences):
    predictor = small_predictor()
    rejected = predict_or_reject(predictor, np.zeros(SR, np.float32))
    assert (rejected.label, rejected.proba) == (None, {})
    assert "silent" in str(rejected)
    answered = predict_or_reject(predictor, sentences[: 2 * SR], sr=SR)
    assert answered == predictor.assess(sentences[: 2 * SR])


def test_model_of_a_synthetic_voice_is_named_with_a_warning():
    predictor = small_predictor()
    assert speech_predictor(predictor) is predictor
    assert SYNTHETIC_WARNING in model_note(predictor)
    assert predictor.about() in model_note(predictor)


def test_model_of_real_recordings_has_no_warning():
    small = small_predictor()
    training = {"corpora": [{"name": "ravdess", "title": "RAVDESS", "licence": "CC BY-NC-SA 4.0"}]}
    predictor = Predictor(replace(small.manifest, training=training), small.members, small.digest)
    assert SYNTHETIC_WARNING not in model_note(predictor)
    assert "RAVDESS (CC BY-NC-SA 4.0)" in model_note(predictor)


def test_stream_adapts_to_its_speaker_with_every_window_once(sentences):
    predictor = small_predictor(speaker_norm=True)
    listener, last = Listener(predictor, SR, seconds=2.0), None
    for block in blocks(sentences[: 5 * SR], SR // 4):
        listener.push(block)
        last = listener.poll() or last
    assert listener.predictor.voice.n_clips == 2
    assert predictor.voice.n_clips == 0
    parts = [sentences[: 2 * SR], sentences[2 * SR : 4 * SR]]
    expected = predictor.for_speaker(parts).predict(sentences[3 * SR : 5 * SR])
    assert last.prediction.proba == pytest.approx(expected, abs=1e-6)


def test_unknown_voices_and_other_sounds_have_no_emotion(sentences):
    predictor = rejecting_predictor()
    unknown = predict_or_reject(predictor, sentences[: 2 * SR])
    assert (unknown.label, unknown.rejected) == (None, "unlike the voices this model learned from")
    assert sum(unknown.proba.values()) == pytest.approx(1)
    assert predict_or_reject(predictor, render_sound("chords")).rejected == "not speech"
    assert predict_or_reject(predictor, sentences[: 2 * SR], novelty=False).label is not None


def test_stream_rejects_other_sounds_but_no_voices(sentences):
    for wave, reason in ((sentences[: 2 * SR], None), (render_sound("chords"), "not speech")):
        listener = Listener(rejecting_predictor(), SR)
        listener.push(wave.astype(np.float32))
        assert listener.poll().prediction.rejected == reason


def test_zeros_are_a_muted_microphone_and_a_quiet_room_is_a_pause():
    """A system that forbids the microphone opens it, and delivers zeros."""
    listener = Listener(None, SR)
    listener.push(np.zeros(SR))
    assert str(listener.poll().prediction) == "no prediction: pause"
    listener.push(np.zeros(2 * SR))
    assert "muted" in str(listener.poll().prediction)
    listener.push(np.random.default_rng(0).normal(0, 1e-4, SR))
    listener.push(np.zeros(SR))  # after a sound within the last 10 s
    assert str(listener.poll().prediction) == "no prediction: pause"

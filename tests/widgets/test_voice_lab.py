"""The voice lab without a browser."""

import io

import numpy as np
import pytest
import soundfile
from toys.voices import small_predictor

from sercore import synth
from sercore.errors import SercoreError
from sercore.interpret import flips
from sercore.pictures import voice_picture
from sercore.synth.knobs import BODIES, KNOBS, Voice
from sercore.widgets import VoiceLab, voice_lab


@pytest.fixture(scope="module")
def predictor():
    return small_predictor()


@pytest.fixture
def lab(predictor):
    return VoiceLab(predictor)


def test_slider_changes_voice_picture_sound_and_probabilities(lab, predictor):
    before = lab.player.picture, lab.player.sound
    lab.knobs["rate"].value = 5.5
    assert lab.voice == Voice().turn(rate=5.5)
    assert lab.preset.value is None
    assert lab.player.picture != before[0]
    assert lab.player.sound != before[1]
    wave, sr = lab.voice.speak()
    heard, rate = soundfile.read(io.BytesIO(lab.player.sound))
    assert rate == sr
    np.testing.assert_allclose(heard, wave, atol=1e-4)
    assert lab.proba == predictor.predict(wave, sr=sr)
    assert f"angry {100 * lab.proba['angry']:.0f} percent" in lab.bars.value


def test_preset_sets_all_sliders_and_draws_once(lab, monkeypatch):
    calls = []
    monkeypatch.setattr(voice_lab, "voice_picture", lambda *a, **o: calls.append(a) or voice_picture(*a, **o))
    lab.preset.value = "sad"
    assert len(calls) == 1
    assert {name: slider.value for name, slider in lab.knobs.items()} == {
        name: lab.voice[name] for name in KNOBS
    }
    assert lab.voice.prosody == synth.EMOTION_PROSODY["sad"]
    lab.body.value = "man"
    assert (lab.knobs["tract"].value, lab.preset.value) == (BODIES["man"][1], "sad")
    lab.sentence.value = 2
    lab.reset.click()
    assert lab.voice == Voice()
    assert (lab.body.value, lab.sentence.value, lab.preset.value) == ("woman", 0, "neutral")


def test_rounding_by_browser_is_ignored(lab):
    lab.preset.value = "angry"
    lab.knobs["jitter"].value += 1e-9
    assert lab.preset.value == "angry"
    lab.knobs["jitter"].value += KNOBS["jitter"].step
    assert lab.preset.value is None


def test_flips_are_shown_until_voice_changes(lab, monkeypatch):
    monkeypatch.setattr(voice_lab, "flips", lambda *a, **o: flips(*a, **o, knobs=["loudness"]))
    lab.preset.value = "angry"
    lab.ask.click()
    assert "Current prediction: <b>angry</b>" in lab.table.value
    assert not lab.ask.disabled
    assert lab.ask.description == voice_lab.QUESTION
    lab.knobs["rate"].value = 4.0
    assert lab.table.value == ""


def test_works_without_model(tmp_path):
    lab = VoiceLab(tmp_path / "nothing.bundle")
    assert 'role="alert"' in lab.message.value
    assert "no such folder" in lab.message.value
    before = lab.player.sound
    lab.knobs["rate"].value = 6.0
    assert lab.player.sound != before
    assert lab.proba == {}
    assert lab.find_flips() is None


def test_unknown_text_size(predictor):
    with pytest.raises(SercoreError, match="text='huge': must be one of normal, "):
        VoiceLab(predictor, text="huge")

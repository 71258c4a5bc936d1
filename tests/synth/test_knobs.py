"""The synthetic voice with adjustable parameters."""

from dataclasses import asdict

import numpy as np
import pytest

from sercore import synth
from sercore.errors import SercoreError
from sercore.synth.knobs import BODIES, KNOBS, Voice


@pytest.mark.parametrize("name", KNOBS)
def test_knob_changes_only_itself_and_the_sound(name):
    voice, knob = Voice(), KNOBS[name]
    turned = voice.turn(**{name: knob.high})
    assert turned[name] == knob.high
    assert [other for other in KNOBS if turned[other] != voice[other]] == [name]
    wave, same, other = voice.speak()[0], Voice().speak()[0], turned.speak()[0]
    np.testing.assert_array_equal(wave, same)
    assert len(wave) != len(other) or np.abs(wave - other).max() > 1e-3


def test_preset_keeps_speaker():
    voice = Voice().body("man").preset("sad")
    assert asdict(voice.prosody) == asdict(synth.EMOTION_PROSODY["sad"])
    assert (voice.f0, voice.tract) == BODIES["man"]


@pytest.mark.parametrize(
    "wrong",
    [lambda v: v.turn(volume=3), lambda v: v["volume"], lambda v: v.preset("bored"), lambda v: v.body("dog")],
)
def test_unknown_name(wrong):
    with pytest.raises(SercoreError, match=r"(knob|preset|body) '\w+'"):
        wrong(Voice())


def test_knobs_span_the_limits():
    for name, (low, high) in synth.LIMITS.items():
        if name in KNOBS:
            np.testing.assert_allclose(KNOBS[name].positions()[[0, -1]], [low, high])
    assert {"f0_level", "f0_range", "f0_slope", "rate", "loudness", "tilt", "breathiness", "jitter"} <= set(
        KNOBS
    )

"""Formants of synthetic vowels, silence and invalid input."""

import numpy as np
import pytest

from sercore import synth
from sercore.audio import SAMPLE_RATE as SR
from sercore.errors import AudioError
from sercore.features import formants, lpc
from sercore.synth import syllables, voice


@pytest.mark.parametrize("f0", [100.0, 150.0])
@pytest.mark.parametrize("vowel", syllables.VOWELS)
def test_formants_of_synthetic_vowel(vowel, f0):
    n, expected = 100, np.array(syllables.VOWELS[vowel], float)
    still = np.tile(expected[:, None], n)
    tracks = syllables.Tracks(np.ones(n), np.zeros(n), np.full(n, 1e3), still, np.zeros(n), np.ones(n))
    rng = np.random.default_rng(0)
    source = voice.glottal_source(np.full(n, f0), synth.EMOTION_PROSODY["neutral"], rng=rng)
    wave = voice.vocal_tract(source, tracks, tilt=0.0, scale=1.0, rng=rng)
    wave = (0.3 * wave / np.abs(wave).max()).astype(np.float32)
    found = formants(wave, SR)
    assert found.shape == (3, 80)
    middle = np.nanmedian(found[:, 10:-10], axis=1)
    assert middle[0] == pytest.approx(expected[0], rel=0.06)  # few harmonics at low frequencies
    assert middle[1:] == pytest.approx(expected[1:], rel=0.025)
    np.testing.assert_allclose(formants(0.1 * wave, SR), found, rtol=1e-3)


def test_formants_of_silence_and_invalid_input(rng):
    assert np.isnan(formants(np.zeros(SR, np.float32), SR)).all()
    burst = np.concatenate([rng.normal(0, 0.1, SR), np.zeros(SR)]).astype(np.float32)
    assert np.isnan(formants(burst, SR)[:, 110:]).all()
    with pytest.raises(AudioError, match="mono float"):
        formants(np.zeros((2, SR), np.float32), SR)


def test_window_is_that_of_praat():
    """Its effective length is half of 50 ms; a Gaussian of twice the width would be 0.47 at a quarter."""
    window = lpc._windows(np.ones(11_000), 11_000.0)[50]
    window = window / window.max()
    assert window[0] < 1e-3
    assert window[len(window) // 4] == pytest.approx(0.05, abs=0.01)

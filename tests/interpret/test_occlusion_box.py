"""Occluded boxes of time and frequency, and predictions for the remaining sound."""

import numpy as np
from toys.voices import small_predictor

from sercore.interpret.sonification import OcclusionBox, predict_masked
from sercore.synth.knobs import Voice


def test_mask_of_box_and_of_its_complement():
    mask = OcclusionBox(0.02, 0.04, 3, 5).mask(10)
    expected = np.zeros((10, 64), bool)
    expected[2:5, 3:6] = True  # steps of 10 ms
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_array_equal(OcclusionBox(0.02, 0.04, 3, 5, keep=True).mask(10), ~expected)


def test_predict_masked():
    predictor = small_predictor()
    wave, sr = Voice().preset("angry").speak()
    answer, n_frames = predict_masked(predictor, wave), 1 + len(wave) // 160
    nothing = answer(np.zeros((n_frames, 64), bool))
    np.testing.assert_allclose(nothing, predictor.proba(predictor.waves(wave, sr=sr)), atol=1e-3)
    assert np.abs(answer(OcclusionBox(0, 9, 0, 20).mask(n_frames)) - nothing).max() > 0.05

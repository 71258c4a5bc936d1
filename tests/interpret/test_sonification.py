"""Segments, masks and masked sound."""

import numpy as np
import pandas as pd
import pytest

from sercore import features
from sercore.errors import SercoreError
from sercore.interpret import regions, sonification


def test_voiced_segments():
    voiced = np.array([0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1], bool)
    table = regions.voiced_segments(voiced, frame_s=0.02, gap_s=0.02, shortest_s=0.05)
    np.testing.assert_allclose(table.to_numpy(), [[0.02, 0.14], [0.3, 0.36]])
    assert len(regions.voiced_segments(np.zeros(5, bool), frame_s=0.02)) == 0


def test_by_segment(rng):
    evidence = np.zeros((50, 4))
    evidence[10:20], evidence[30:35] = 1.0, -1.0
    words = pd.DataFrame({"start": [0.0, 0.2, 0.5], "end": [0.2, 0.5, 1.0], "word": ["a", "b", "c"]})
    table = regions.by_segment(evidence, words, frame_s=0.02)
    np.testing.assert_allclose(table["share"], [0.0, 2 / 3, 1 / 3])
    np.testing.assert_allclose(table["evidence"], [0.0, 40.0, -20.0])
    assert list(table["word"]) == ["a", "b", "c"]
    with pytest.raises(SercoreError, match="start and end"):
        regions.by_segment(evidence, words.drop(columns="end"), frame_s=0.02)


def test_mask_and_complement_add_up_after_the_last_window(rng):
    recipe = features.Recipe(win_length=400, hop_length=320)
    wave = rng.normal(scale=0.1, size=22_000).astype(np.float32)  # the last window ends at 21,960
    mask = rng.uniform(size=(69, recipe.n_mels))
    parts = [sonification.mask_sound(wave, part, recipe=recipe) for part in (mask, 1 - mask)]
    np.testing.assert_allclose(sum(parts), wave, atol=1e-5)


def test_mask_and_complement_add_up(rng):
    recipe = features.Recipe()
    wave = rng.normal(0, 0.1, 8000).astype(np.float32)
    mask = sonification.strongest_regions(rng.normal(size=(51, 64)), share=0.3)
    assert mask.mean() == pytest.approx(0.3, abs=0.06)
    kept, rest = (sonification.mask_sound(wave, part, recipe=recipe) for part in (mask, ~mask))
    np.testing.assert_allclose(kept + rest, wave, atol=1e-5)
    np.testing.assert_allclose(
        sonification.mask_sound(wave, np.ones((51, 64)), recipe=recipe), wave, atol=1e-5
    )
    assert np.abs(sonification.mask_sound(wave, np.zeros((51, 64)), recipe=recipe)).max() < 1e-6
    with pytest.raises(SercoreError, match="make both with one recipe"):
        sonification.mask_sound(wave, mask[:10], recipe=recipe)


@pytest.mark.parametrize("phase", ["own", "griffin-lim"])
def test_masked_bands_are_silent(phase):
    t = np.arange(16_000) / 16_000
    wave = (0.1 * np.sin(2 * np.pi * 300 * t) + 0.1 * np.sin(2 * np.pi * 4000 * t)).astype(np.float32)
    mask = np.zeros((101, 64))
    mask[:, :32] = 1.0  # the lower half of the bands ends near 1700 Hz
    power = np.abs(np.fft.rfft(sonification.mask_sound(wave, mask, phase=phase))) ** 2
    assert power[300] > 1e4 * power[4000]
    assert power[290:311].sum() > 0.5 * (np.abs(np.fft.rfft(wave)) ** 2)[290:311].sum()

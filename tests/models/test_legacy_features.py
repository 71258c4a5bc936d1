"""Inputs of earlier projects: their shapes, and a test of each mistake."""

import numpy as np
import pytest

from sercore.errors import RecipeError
from sercore.features import compute
from sercore.models import legacy_features as legacy
from sercore.models.legacy_features import LegacyInput


def tone(hertz, *, sr, seconds=2.0, level=0.3):
    time = np.arange(round(sr * seconds)) / sr
    noise = 1e-3 * np.random.default_rng(1).standard_normal(time.size)
    return (level * np.sin(2 * np.pi * hertz * time) + noise).astype(np.float32)


@pytest.mark.parametrize("name", legacy.INPUTS)
def test_shape_and_columns(name):
    recipe = LegacyInput(name)
    kind = "frames" if name == "s2_first_second" else "table"
    value = recipe.extractor(kind)(tone(300, sr=recipe.sr))
    assert value.shape == ((128, 87) if kind == "frames" else (len(recipe.column_names()),))
    assert value.dtype == np.float32
    assert np.isfinite(value).all()
    with pytest.raises(RecipeError, match=f"{name} makes {kind}"):
        recipe.extractor({"frames": "table", "table": "frames"}[kind])


def test_keys_differ():
    keys = {LegacyInput(name).key for name in legacy.INPUTS}
    assert len(keys) == len(legacy.INPUTS)
    assert LegacyInput("s3_mfcc").key == LegacyInput("s3_mfcc").key
    with pytest.raises(RecipeError, match="no input named 's9'; there are s1_frame_energies, "):
        LegacyInput("s9")


def test_s1_row_is_level_over_time_and_filled_with_the_peak_level():
    wave = tone(300, sr=44_100)
    wave[44_100:] *= 0.01
    row = legacy.s1_frame_energies(wave)
    loud, quiet = row[:40].mean(), row[50:120].mean()
    assert loud > quiet + 3
    assert (row[140:] == 0).all(), "no fill after the end of the clip"
    assert row[:125].max() < 0, "the fill is louder than every frame"
    with pytest.raises(RecipeError, match=r"starts at 0\.5 s, but the clip has 0\.40 s"):
        legacy.s1_frame_energies(tone(300, sr=44_100, seconds=0.4))


def test_s1_row_does_not_tell_a_low_tone_from_a_high_one():
    """Its frames are nearly the same, while means over time differ by tens of decibels."""
    low, high = tone(400, sr=44_100, seconds=3.5), tone(1600, sr=44_100, seconds=3.5)
    frames = [legacy.s1_frame_energies(wave) for wave in (low, high)]
    over_time = [compute(wave, ("log_mel",), legacy._S1)["log_mel"].mean(axis=1) for wave in (low, high)]
    assert np.abs(frames[0] - frames[1]).mean() < 5
    assert np.abs(over_time[0] - over_time[1]).max() > 30


def test_s2_ignores_everything_after_the_first_second():
    wave = tone(300, sr=44_100)
    changed = wave.copy()
    changed[44_100:] = 0
    np.testing.assert_array_equal(legacy.s2_first_second(changed), legacy.s2_first_second(wave))
    picture = legacy.s2_first_second(wave)
    assert picture.mean() == pytest.approx(0, abs=1e-4)
    assert picture.std() == pytest.approx(1, abs=1e-4)


def test_s3_bands_are_too_low_by_a_quarter():
    """A tone of 735 Hz looks as one of 1000 Hz does at the right sample rate."""
    right = legacy._settings(22_050, 11_025.0)
    as_thought = compute(tone(735, sr=22_050), ("log_mel",), legacy._S3)["log_mel"].mean(axis=1).argmax()
    at_30_khz = compute(tone(1000, sr=30_000), ("log_mel",), legacy._S3)["log_mel"].mean(axis=1).argmax()
    assert as_thought == at_30_khz
    wave = tone(735, sr=22_050)
    mfcc = compute(wave, ("mfcc",), right)["mfcc"].mean(axis=1)
    assert np.abs(legacy.s3_mfcc(wave)[: len(mfcc)] - mfcc).max() > 1


def test_s4_statistics_do_not_depend_on_the_order_of_bands(rng):
    matrix = rng.normal(size=(128, 50)) + np.arange(128)[:, None]
    shuffled = rng.permutation(matrix)
    np.testing.assert_allclose(
        legacy.ravelled_statistics(shuffled), legacy.ravelled_statistics(matrix), rtol=1e-3, atol=1e-4
    )
    assert np.abs(shuffled.mean(axis=1) - matrix.mean(axis=1)).max() > 1
    wave = tone(300, sr=22_050)
    mel = compute(wave, ("mel",), legacy._S4)["mel"]
    start = 4 * legacy.S4_MATRICES.index("mel")
    np.testing.assert_allclose(
        legacy.s4_ravelled(wave)[start : start + 4], legacy.ravelled_statistics(mel[::-1]), rtol=1e-3
    )

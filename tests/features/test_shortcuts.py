"""Quantities that are computed by a shortcut equal their plain definitions."""

import dataclasses
import itertools

import numpy as np
import pytest
import scipy.stats

from sercore import features
from sercore.features import PRESETS, Recipe, Spectrum, functionals, pitch, track_statistics

DEFAULT = PRESETS["default"]
RECIPES = {
    "default": DEFAULT,
    "band limit": PRESETS["robust"],
    "fewer bins than a block": Recipe(
        sr=8000, n_fft=48, win_length=40, hop_length=20, n_mels=8, n_mfcc=4, fmax=4000.0
    ),
}  # fmt: skip


def glide(seconds=1.5, seed=1, noise=0.02):
    """Two glides with a pause between them, in noise."""
    t = np.arange(round(16_000 * seconds)) / 16_000
    wave = sum(np.sin(2 * np.pi * k * (140 * t + 60 * t**2)) / k for k in range(1, 20))
    wave = 0.2 * wave * (np.abs(t - 0.7) > 0.15)
    return (wave + noise * np.random.default_rng(seed).standard_normal(t.size)).astype(np.float32)


@pytest.mark.parametrize(
    "wave", [glide(), glide(0.005), np.zeros(500, np.float32)], ids=["glide", "short", "silence"]
)
@pytest.mark.parametrize("proportion", [0.0, 0.2, 0.5, 0.85, 0.99, 1.0])
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_quantile_is_where_the_cumulative_sum_reaches_it(recipe, proportion, wave):
    spectrum = Spectrum(wave, recipe)
    found = spectrum.quantile(proportion)
    total = np.cumsum(spectrum.magnitude, axis=1, dtype=np.float64)
    total = np.concatenate([np.zeros((len(total), 1)), total], axis=1)
    frame, limit = np.arange(len(total)), proportion * total[:, -1]
    tolerance = 1e-5 * total[:, -1]
    assert found.shape == (spectrum.n_frames,)
    assert 0 <= found.min() <= found.max() < recipe.n_bins
    assert (total[frame, found + 1] >= limit - tolerance).all()
    assert ((total[frame, found] < limit + tolerance) | (found == 0)).all()


def test_rolloff_equals_search_in_all_bins():
    spectrum = Spectrum(glide(), DEFAULT)
    total = np.cumsum(spectrum.magnitude, axis=1, dtype=np.float64)
    expected = spectrum.frequencies[np.argmax(total >= 0.85 * total[:, -1:], axis=1)]
    np.testing.assert_array_equal(features.DESCRIPTORS["rolloff"](spectrum), expected)


@pytest.mark.parametrize("n_fft", [1024, 640])  # 25 Hz apart: an edge at 200 Hz belongs to two octaves
def test_contrast_equals_means_of_sorted_octaves(n_fft):
    recipe = dataclasses.replace(DEFAULT, n_fft=n_fft, win_length=320)
    spectrum = Spectrum(glide(), recipe)
    levels = np.empty((2, spectrum.n_frames, 7))
    octaves = features.descriptors._octaves(recipe)
    overlaps = [first[1] - second[0] for first, second in itertools.pairwise(octaves)]
    assert max(overlaps) == (n_fft == 640)
    for k, (low, high, n_edge) in enumerate(octaves):
        ordered = np.sort(spectrum.magnitude[:, low:high], axis=1)
        levels[:, :, k] = ordered[:, -n_edge:].mean(axis=1), ordered[:, :n_edge].mean(axis=1)
    levels = 10 * np.log10(np.maximum(levels, 1e-10))
    peaks, valleys = np.maximum(levels, levels.max(axis=(1, 2), keepdims=True) - 80)
    np.testing.assert_allclose(features.DESCRIPTORS["contrast"](spectrum), peaks - valleys, atol=1e-4)


@pytest.mark.parametrize("n_samples", [1, 150, 161, 500, 16_000])
def test_zcr_counts_changes_of_sign_within_each_window(n_samples):
    wave = np.random.default_rng(n_samples).standard_normal(n_samples).astype(np.float32) / 4
    found = features.compute(wave, ("zcr",))["zcr"][0]
    for t, value in enumerate(found):
        inside = wave[max(0, 160 * t - 200) : max(0, 160 * t + 200)] < 0
        assert value == pytest.approx(np.count_nonzero(inside[1:] != inside[:-1]) / 400)


def test_second_pass_of_pitch_equals_search_in_all_frames(monkeypatch):
    """Frames whose best lag is within the range of the clip are not searched again."""
    passes = []
    refine = pitch._refine
    monkeypatch.setattr(
        pitch,
        "_refine",
        lambda score, best, low: passes.append((score, best.copy(), low)) or refine(score, best, low),
    )
    low_voice = sum(np.sin(2 * np.pi * 80 * k * np.arange(3000) / 16_000) / k for k in range(1, 20))
    wave = np.concatenate([glide(), 0.2 * low_voice])
    assert np.isfinite(Spectrum(wave, DEFAULT).pitch[0]).any()
    (score, first, lowest), (_, second, shortest) = passes
    favoured = score - pitch._OCTAVE * np.log2(np.maximum(1, np.arange(score.shape[1])))
    np.testing.assert_array_equal(first, lowest + np.argmax(favoured[:, lowest:-1], axis=1))
    longest = second.max()
    assert longest < first.max()
    np.testing.assert_array_equal(second, shortest + np.argmax(favoured[:, shortest : longest + 1], axis=1))


def test_statistics_of_rows_far_from_zero_and_of_tiny_rows():
    noise = np.random.default_rng(0).gamma(2.0, size=(3, 300))
    rows = np.stack([noise[0] + 2000, 1e-14 * noise[1], noise[2] - 300]).astype(np.float32)
    exact = rows.astype(np.float64)
    functions = (np.mean, np.std, scipy.stats.skew, scipy.stats.kurtosis)
    expected = np.stack([function(exact, axis=1) for function in functions], axis=1)
    found = track_statistics.statistics(rows, ("mean", "std", "skewness", "kurtosis"))
    np.testing.assert_allclose(found, expected, rtol=5e-6)


@pytest.mark.parametrize("n_frames", [3, 350, 1000])
@pytest.mark.parametrize("frame_s", [0.01, 0.035])
def test_modulation_equals_means_of_bins(n_frames, frame_s):
    log_mel = 10 * np.random.default_rng(2).standard_normal((64, n_frames)).astype(np.float32)
    groups = log_mel.astype(np.float64).reshape(8, 8, n_frames).mean(axis=1)
    groups -= groups.mean(axis=1, keepdims=True)
    n_fft = 2 ** int(np.ceil(np.log2(max(n_frames, 4 / frame_s))))
    power, hertz = np.abs(np.fft.rfft(groups, n_fft)) ** 2 / n_frames, np.fft.rfftfreq(n_fft, frame_s)
    edges = functionals.MODULATION_HZ
    bands = [
        power[:, (hertz >= low) & (hertz < high)].mean(axis=1) for low, high in itertools.pairwise(edges)
    ]
    found = functionals.modulation(log_mel, frame_s=frame_s)
    np.testing.assert_allclose(found, np.log(np.stack(bands, axis=1) + 1e-3), atol=1e-4)


def test_quantile_does_not_depend_on_level():
    wave = glide()
    np.testing.assert_array_equal(
        Spectrum(wave, DEFAULT).quantile(0.85), Spectrum(wave / 4, DEFAULT).quantile(0.85)
    )


@pytest.mark.parametrize("n_mels", [1, 8, 16, 17, 64, 80, 400])  # of 400 bands, some contain no bin
def test_mel_equals_product_with_all_filters(n_mels):
    recipe = dataclasses.replace(DEFAULT, n_mels=n_mels, n_mfcc=1, timing=False)
    spectrum = Spectrum(glide(), recipe)
    expected = spectrum.power @ features.mel_filters(recipe)
    assert spectrum.mel.shape == (spectrum.n_frames, n_mels)
    np.testing.assert_allclose(spectrum.mel, expected, rtol=1e-5)


@pytest.mark.parametrize("n_rows", [1, 2, 5, 16, 117])
def test_statistics_of_a_row_do_not_depend_on_the_others(n_rows):
    rows = np.random.default_rng(4).gamma(2.0, size=(117, 341)).astype(np.float32)
    np.testing.assert_array_equal(
        track_statistics.statistics(rows)[:n_rows], track_statistics.statistics(rows[:n_rows])
    )


@pytest.mark.parametrize("n_frames", range(1, 12))
def test_equal_frames_have_equal_descriptors(n_frames):
    """Slopes of silence are 0, not rounding errors of sums that depend on the place of a frame."""
    tracks = features.compute(np.zeros(160 * (n_frames - 1) + 1), tuple(DEFAULT.descriptors))
    for track in tracks.values():
        np.testing.assert_array_equal(track, np.repeat(track[:, :1], n_frames, axis=1))

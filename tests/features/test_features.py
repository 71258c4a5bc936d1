"""Descriptors, functionals, pitch and recipes."""

import dataclasses
import itertools
import json
import subprocess
import sys

import librosa
import numpy as np
import pandas as pd
import pytest
import scipy.signal
import scipy.stats
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sercore import audio, features, synth
from sercore.audio.augment import Augmentation
from sercore.errors import AudioError, RecipeError
from sercore.features import DESCRIPTORS, PRESETS, Recipe, Spectrum, functionals, pitch, track_statistics
from sercore.features.spectrum import mel_filters

DEFAULT = PRESETS["default"]
LEGACY_RECIPE = dataclasses.replace(PRESETS["s0_mfcc"], timing=False, descriptors=("mfcc", "contrast"))
LIBROSA = tuple(name for name in DESCRIPTORS if name not in ("f0", "voicing"))


def voice(seconds=1.0, sr=16_000, f0=180.0, glide=0.2, noise=0.01, seed=7):
    """Harmonic glide with amplitude modulation and noise."""
    t = np.arange(round(seconds * sr)) / sr
    phase = 2 * np.pi * np.cumsum(f0 * (1 + glide * np.sin(2 * np.pi * 1.3 * t))) / sr
    n_harmonics = int(0.45 * sr / (f0 * (1 + glide)))
    wave = sum(np.sin(k * phase) / k for k in range(1, n_harmonics + 1))
    wave = 0.2 * wave * (0.6 + 0.4 * np.sin(2 * np.pi * 2.1 * t))
    return (wave + noise * np.random.default_rng(seed).standard_normal(t.size)).astype(np.float32)


def click(seconds=1.0, sr=16_000):
    wave = np.zeros(round(seconds * sr), dtype=np.float32)
    wave[wave.size // 3] = 0.9
    return wave


WAVES = {
    "voice": voice,
    "noise": lambda sr: (0.1 * np.random.default_rng(3).standard_normal(sr)).astype(np.float32),
    "click": lambda sr: click(1.0, sr),
    "faint": lambda sr: 1e-3 * voice(1.0, sr),
    "short": lambda sr: voice(0.13, sr),
}  # fmt: skip


def wave_named(name, recipe):
    return WAVES[name](sr=recipe.sr)


# --- agreement with librosa --------------------------------------------------------------------------


def magnitude(wave, recipe):
    return np.abs(
        librosa.stft(wave, n_fft=recipe.n_fft, win_length=recipe.win_length, hop_length=recipe.hop_length)
    )


def mel(wave, recipe):
    options = {"n_mels": recipe.n_mels, "fmin": recipe.fmin, "fmax": recipe.fmax}
    return librosa.feature.melspectrogram(S=magnitude(wave, recipe) ** 2, sr=recipe.sr, **options)


def mfcc(wave, recipe):
    return librosa.feature.mfcc(S=librosa.power_to_db(mel(wave, recipe)), n_mfcc=recipe.n_mfcc)


def delta(rows, order):
    width = min(9, rows.shape[1] - (rows.shape[1] + 1) % 2)
    return librosa.feature.delta(rows, width=width, order=order)


def chroma(wave, recipe):
    return librosa.feature.chroma_stft(S=magnitude(wave, recipe) ** 2, sr=recipe.sr, tuning=0.0)


def rms(wave, recipe):
    return librosa.feature.rms(y=wave, frame_length=recipe.win_length, hop_length=recipe.hop_length)


def of_magnitude(function):
    return lambda wave, recipe: function(S=magnitude(wave, recipe), sr=recipe.sr)


REFERENCE = {
    "mel": (mel, {"rtol": 1e-3, "atol": 1e-9}),
    "log_mel": (lambda w, r: librosa.power_to_db(mel(w, r)), {"atol": 2e-3}),
    "mfcc": (mfcc, {"atol": 5e-3}),
    "mfcc_delta": (lambda w, r: delta(mfcc(w, r), 1), {"atol": 1e-3}),
    "mfcc_delta2": (lambda w, r: delta(mfcc(w, r), 2), {"atol": 1e-3}),
    "chroma": (chroma, {"atol": 1e-4}),
    "tonnetz": (lambda w, r: librosa.feature.tonnetz(chroma=chroma(w, r)), {"atol": 1e-4}),
    "centroid": (of_magnitude(librosa.feature.spectral_centroid), {"rtol": 1e-4}),
    "bandwidth": (of_magnitude(librosa.feature.spectral_bandwidth), {"rtol": 1e-4, "atol": 1e-2}),
    "rolloff": (of_magnitude(librosa.feature.spectral_rolloff), {"rtol": 1e-6}),
    "contrast": (of_magnitude(librosa.feature.spectral_contrast), {"atol": 1e-2}),
    "flatness": (lambda w, r: librosa.feature.spectral_flatness(S=magnitude(w, r)), {"rtol": 1e-3}),
    "rms": (rms, {"rtol": 1e-4, "atol": 1e-8}),
    "rms_db": (lambda w, r: librosa.power_to_db(rms(w, r) ** 2), {"atol": 1e-3}),
    "zcr": (
        lambda w, r: librosa.feature.zero_crossing_rate(
            w, frame_length=r.win_length, hop_length=r.hop_length
        ),
        {"atol": 1e-6},
    ),
}


@pytest.mark.parametrize("recipe", [DEFAULT, LEGACY_RECIPE], ids=["16k", "22k"])
@pytest.mark.parametrize("wave", WAVES)
@pytest.mark.parametrize("name", LIBROSA)
def test_descriptors_agree_with_librosa(name, wave, recipe):
    wave = wave_named(wave, recipe)
    reference, tolerance = REFERENCE[name]  # raises KeyError for a descriptor without a reference
    ours = features.compute(wave, (name,), recipe)[name]
    np.testing.assert_allclose(ours, reference(wave, recipe), **({"rtol": 0} | tolerance))


def test_contrast_at_8_khz():
    recipe = dataclasses.replace(DEFAULT, sr=8000, fmax=4000.0, win_length=200, hop_length=80)
    wave = voice(sr=8000)
    theirs = librosa.feature.spectral_contrast(S=magnitude(wave, recipe), sr=8000, n_bands=5)
    ours = features.compute(wave, ("contrast",), recipe)["contrast"]
    np.testing.assert_allclose(ours, theirs, atol=1e-2)


def test_voicing_equals_corrected_autocorrelation_at_period():
    wave = voice()
    spectrum = Spectrum(wave, DEFAULT)
    hertz, voicing = spectrum.pitch
    window = scipy.signal.get_window("hann", 400)
    padded = np.pad(wave.astype(np.float64), 200)
    of_window = np.correlate(window, window, "full")[399:]

    def periodicity(frame, lag):
        piece = padded[frame * 160 : frame * 160 + 400] * window
        found = np.correlate(piece, piece, "full")[399:]
        return found[lag] / found[0] / (of_window[lag] / of_window[0])

    for frame in range(5, 95, 10):
        lag = round(DEFAULT.sr / hertz[frame])
        expected = np.mean([periodicity(near, lag) for near in (frame - 1, frame, frame + 1)])
        assert voicing[frame] == pytest.approx(expected, abs=2e-3)


def test_autocorrelation_equals_direct_computation():
    wave = voice()
    found = Spectrum(wave, DEFAULT).autocorrelation[40]
    piece = wave[40 * 160 - 200 : 40 * 160 + 200] * scipy.signal.get_window("hann", 400)
    expected = np.correlate(piece, piece, "full")[399:]
    np.testing.assert_allclose(found[:400], expected, atol=1e-5 * expected[0])


@pytest.mark.slow
def test_f0_agrees_with_pyin():
    wave = voice(f0=150.0, glide=0.05)  # slow glide, because pyin's window is longer
    theirs = pitch.semitones(
        librosa.pyin(wave, fmin=65, fmax=600, sr=16_000, frame_length=1024, hop_length=160)[0]
    )
    ours = features.compute(wave, ("f0",))["f0"][0]
    assert np.isfinite(ours + theirs).mean() > 0.9
    assert np.nanmax(np.abs(ours - theirs)) < 0.25


# --- one Fourier transform ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [features.table_row, features.frames])
def test_one_fourier_transform_per_frame(monkeypatch, make):
    recipe = dataclasses.replace(DEFAULT, descriptors=tuple(DESCRIPTORS))
    features.column_names(recipe)
    n_frames, transformed = features.frames(voice(), recipe).shape[1], []
    rfft = scipy.fft.rfft
    monkeypatch.setattr("scipy.fft.rfft", lambda x, **k: transformed.append(len(x)) or rfft(x, **k))
    make(voice(), recipe)
    assert sum(transformed) == n_frames > transformed[0]  # in parts


# --- pitch -------------------------------------------------------------------------------------------


def f0_of(wave, recipe=DEFAULT):
    return Spectrum(wave, recipe).pitch[0]


@settings(deadline=None, max_examples=40)
@given(f0=st.floats(70, 550), tilt=st.floats(0.6, 1.5), n=st.integers(3, 12))
def test_pitch_of_harmonic_tones(f0, tilt, n):
    """Harmonics with a slope of -4 to -9 dB per octave, as in voices."""
    t = np.arange(8000) / 16_000
    wave = sum(np.sin(2 * np.pi * k * f0 * t) / k**tilt for k in range(1, n + 1))
    found = f0_of((0.1 * wave).astype(np.float32))[3:-3]
    np.testing.assert_allclose(np.median(found), f0, rtol=0.01)
    np.testing.assert_allclose(found, f0, rtol=0.02)  # the window is as long as two periods of a low voice


@pytest.mark.parametrize("samples", [29.5, 32.5, 34.5, 36.5, 30 + 1 / 3])
def test_pitch_of_fractional_periods(samples):
    """Twice the period of these tones is closer to a whole number of samples than the period."""
    t = np.arange(8000)
    wave = sum(np.sin(2 * np.pi * k * t / samples) / k**0.6 for k in range(1, 13))
    found = f0_of((0.1 * wave).astype(np.float32))[3:-3]
    np.testing.assert_allclose(found, 16_000 / samples, rtol=0.01)


@pytest.mark.parametrize("f0", [80.0, 150.0, 300.0])
def test_pitch_at_other_sample_rates(f0):
    recipe = dataclasses.replace(
        DEFAULT, sr=22_050, win_length=551, hop_length=220, n_fft=2048, fmax=11_025.0
    )
    found = f0_of(voice(sr=22_050, f0=f0, glide=0.0), recipe)[3:-3]
    np.testing.assert_allclose(found, f0, rtol=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_unvoiced(seed):
    wave = 0.1 * np.random.default_rng(seed).standard_normal(16_000).astype(np.float32)
    assert np.isfinite(f0_of(wave)).mean() < 0.03


@pytest.mark.parametrize("gain", [1e-4, 0.1, 5.0])
def test_pitch_does_not_depend_on_loudness(gain):
    spectrum, louder = Spectrum(voice(), DEFAULT), Spectrum(gain * voice(), DEFAULT)
    np.testing.assert_allclose(louder.pitch[0], spectrum.pitch[0], rtol=1e-4)
    np.testing.assert_allclose(louder.pitch[1], spectrum.pitch[1], atol=1e-4)


def test_silence_has_no_pitch():
    hertz, voicing = Spectrum(np.zeros(16_000, np.float32), DEFAULT).pitch
    assert np.isnan(hertz).all()
    assert not voicing.any()


@pytest.mark.parametrize("change", [{"n_fft": 512}, {"win_length": 160}])
@pytest.mark.parametrize(
    "call",
    [
        lambda r: features.compute(voice(), ("f0",), r),
        features.column_names,
        lambda r: features.column_names(dataclasses.replace(r, descriptors=("mfcc",))),
    ],
)
def test_window_too_short_for_pitch_raises(change, call):
    with pytest.raises(RecipeError, match=r"pitch cannot be estimated .* at least 16 ms"):
        call(dataclasses.replace(DEFAULT, **change))


def test_short_window_without_pitch():
    recipe = dataclasses.replace(DEFAULT, win_length=80)
    assert features.compute(voice(), ("log_mel",), recipe)["log_mel"].shape == (64, 101)


def test_semitones():
    np.testing.assert_allclose(pitch.semitones([27.5, 55.0, 440.0]), [0, 12, 48])


def test_bridge_gaps():
    nan = np.nan
    np.testing.assert_allclose(pitch.bridge_gaps(np.array([nan, 1, nan, nan, 4, nan])), [1, 1, 2, 3, 4, 4])
    np.testing.assert_array_equal(pitch.bridge_gaps(np.full(3, nan)), np.zeros(3))


# --- functionals -------------------------------------------------------------------------------------


def scipy_statistics(tracks, names):
    tracks = np.asarray(tracks, dtype=np.float64)
    by_name = {
        "mean": tracks.mean(axis=1),
        "std": tracks.std(axis=1),
        "skewness": scipy.stats.skew(tracks, axis=1),
        "kurtosis": scipy.stats.kurtosis(tracks, axis=1),
    } | {f"p{q}": np.percentile(tracks, q, axis=1) for q in (5, 25, 50, 75, 95)}
    return np.stack([by_name[name] for name in names], axis=1)


@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(1, 6), st.integers(5, 500)), seed=st.integers(0, 999),
    scale=st.sampled_from([1e-12, 1e-5, 1.0, 1e6]), offset=st.floats(-50, 50),
)  # fmt: skip
def test_statistics_agree_with_scipy(shape, seed, scale, offset):
    tracks = np.random.default_rng(seed).gamma(2.0, size=shape) + offset
    tracks = (scale * tracks).astype(np.float32)
    ours = track_statistics.statistics(tracks)
    theirs = scipy_statistics(tracks, track_statistics.STATISTICS)
    size = np.abs(tracks).max()
    np.testing.assert_allclose(
        ours[:, [0, 1, 4, 5, 6, 7, 8]], theirs[:, [0, 1, 4, 5, 6, 7, 8]], atol=2e-6 * size
    )
    np.testing.assert_allclose(ours[:, 2:4], theirs[:, 2:4], rtol=5e-3, atol=5e-3)


def test_order_of_statistics():
    tracks = voice().reshape(10, -1)
    names = ("p95", "kurtosis", "mean")
    np.testing.assert_allclose(
        track_statistics.statistics(tracks, names), scipy_statistics(tracks, names), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("value", [0.0, -80.0, 1e-9, 12345.678])
def test_statistics_of_a_constant(value):
    row = track_statistics.statistics(np.full((1, 50), value, dtype=np.float32))[0]
    found = dict(zip(track_statistics.STATISTICS, row, strict=True))
    assert found["mean"] == pytest.approx(value, rel=1e-6)
    assert found["std"] == pytest.approx(0.0, abs=1e-6 * abs(value))
    assert found["skewness"] == found["kurtosis"] == 0.0


def test_parts():
    voiced = np.array([False, True, True, True, False, True, False, False, True])
    found = functionals.parts(voiced)
    np.testing.assert_array_equal(found["voiced"], [1, 2, 3, 5, 8])
    np.testing.assert_array_equal(found["unvoiced"], [0, 4, 6, 7])
    np.testing.assert_array_equal(found["middle"], [3, 4, 5])
    assert len(functionals.parts(np.ones(9, bool))["unvoiced"]) == 9  # too few: the whole clip


@pytest.mark.parametrize("hertz", [1.0, 4.0, 10.0])
def test_modulation_of_tremolo(hertz):
    t = np.arange(0, 3, 0.01)
    found = functionals.modulation(np.tile(10 * np.sin(2 * np.pi * hertz * t), (64, 1)), frame_s=0.01)
    low, high = list(itertools.pairwise(functionals.MODULATION_HZ))[int(found.mean(axis=0).argmax())]
    assert low <= hertz < high


def test_timing():
    rms = np.concatenate(
        [np.full(100, 1e-4), np.hanning(50), np.full(50, 1e-4), np.hanning(50), np.zeros(50)]
    )
    voiced = rms > 0.1
    found = dict(zip(functionals.TIMING, functionals.timing(rms, voiced, frame_s=0.01), strict=True))
    assert found["duration_s"] == pytest.approx(3.0)
    assert found["voiced_share"] == pytest.approx(voiced.mean())
    assert found["pauses_per_s"] == pytest.approx(3 / 3.0)
    assert found["peaks_per_s"] == pytest.approx(2 / 3.0)
    assert found["voiced_run_s"] == pytest.approx(voiced.sum() * 0.01 / 2)
    assert 0.66 < found["pause_share"] < 0.75


# --- any waveform ------------------------------------------------------------------------------------

samples = st.floats(-1, 1, width=32)
any_wave = arrays(np.float32, st.integers(1600, 6000), elements=samples, fill=samples)


@settings(deadline=None, max_examples=60)
@given(wave=any_wave, exponent=st.integers(-30, 0), recipe=st.sampled_from(sorted(PRESETS)))
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_features_of_any_wave_are_finite(recipe, wave, exponent):
    wave = wave * np.float32(10.0**exponent)
    assert np.isfinite(features.table_row(wave, recipe)).all()
    assert np.isfinite(features.frames(wave, recipe)).all()


@pytest.mark.parametrize("recipe", PRESETS)
@pytest.mark.parametrize("value", [0.0, 1e-30, 0.5, 1.0])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_features_of_constant_wave_are_finite(recipe, value):
    wave = np.full(4000, value, dtype=np.float32)
    assert np.isfinite(features.table_row(wave, recipe)).all()
    assert np.isfinite(features.frames(wave, recipe)).all()


@pytest.mark.parametrize(
    ("wave", "reason"),
    [
        (np.zeros((2, 8000), np.float32), "not-mono"),
        (np.zeros(8000, np.int16), "not-mono"),
        (np.full(8000, np.nan, np.float32), "not-finite"),
        (np.zeros(0, np.float32), "empty"),
    ],
)
@pytest.mark.parametrize(
    "make", [features.table_row, features.frames, lambda wave: features.compute(wave, ("rms",))]
)
def test_invalid_wave_raises(make, wave, reason):
    with pytest.raises(AudioError) as caught:
        make(wave)
    assert caught.value.reason == reason


# --- gain, trimming, order ------------------------------------------------------------------------------


def test_gain_of_6_db_shifts_levels_only():
    wave, names = voice(), ("log_mel", "mfcc", "rms_db", "centroid", "flatness", "zcr", "f0")
    soft, loud = features.compute(0.5 * wave, names), features.compute(wave, names)
    step = 20 * np.log10(2)
    np.testing.assert_allclose(loud["log_mel"] - soft["log_mel"], step, atol=1e-3)
    np.testing.assert_allclose(loud["rms_db"] - soft["rms_db"], step, atol=1e-3)
    np.testing.assert_allclose(loud["mfcc"][0] - soft["mfcc"][0], step * np.sqrt(64), atol=1e-2)
    np.testing.assert_allclose(loud["mfcc"][1:], soft["mfcc"][1:], atol=1e-2)
    for name in ("centroid", "flatness", "zcr", "f0"):
        np.testing.assert_allclose(loud[name], soft[name], rtol=1e-3)


def test_trimming_follows_recipe():
    wave = np.concatenate([np.zeros(8000), voice(noise=0.0), np.zeros(8000)]).astype(np.float32)
    untrimmed = dataclasses.replace(DEFAULT, trim_db=None)
    assert features.frames(wave).shape[1] < 110
    assert features.frames(wave, untrimmed).shape[1] == 201


def test_frames_are_stacked_in_recipe_order():
    wave = voice()
    recipe = dataclasses.replace(DEFAULT, descriptors=("f0", "mfcc", "rms"), trim_db=None)
    stacked = features.frames(wave, recipe)
    tracks = features.compute(wave, ("f0", "mfcc", "rms"), recipe)
    assert stacked.shape == (1 + 20 + 1, 1 + wave.size // 160)
    assert stacked.dtype == np.float32
    np.testing.assert_array_equal(stacked[1:21], tracks["mfcc"])
    np.testing.assert_array_equal(stacked[0], np.nan_to_num(tracks["f0"][0]))


# --- tables, column names and legacy recipes -----------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.1, 0.4, 1.7])
@pytest.mark.parametrize("recipe", PRESETS)
def test_row_length_matches_column_names(recipe, seconds):
    row = features.table_row(voice(seconds, PRESETS[recipe].sr), recipe)
    names = features.column_names(recipe)
    assert row.dtype == np.float32
    assert row.shape == (len(names),)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "recipe", [DEFAULT, dataclasses.replace(DEFAULT, trim_db=None), PRESETS["s4_statistics"]]
)
def test_column_names_match_values(recipe):
    hiss = 0.02 * np.random.default_rng(1).standard_normal(recipe.sr // 2)
    wave = np.concatenate([voice(1.0, recipe.sr, glide=0.3), hiss]).astype(np.float32)
    kept = wave if recipe.trim_db is None else audio.trim(wave, recipe.sr, top_db=recipe.trim_db)
    row = dict(zip(features.column_names(recipe), features.table_row(wave, recipe), strict=True))
    tracks = features.compute(kept, ("mfcc", "zcr"), recipe)
    assert row["mfcc[3].mean"] == pytest.approx(tracks["mfcc"][3].mean(), rel=1e-4)
    assert row["zcr.std"] == pytest.approx(tracks["zcr"][0].std(), rel=1e-3)
    if recipe.timing:
        f0 = features.compute(kept, ("f0",), recipe)["f0"][0]
        assert row["f0.mean"] == pytest.approx(np.nanmean(f0), rel=1e-4)
        third = np.array_split(np.arange(len(f0)), 3)[1]
        assert row["f0.p95"] == pytest.approx(np.nanpercentile(f0, 95), rel=1e-4)
        assert row["mfcc[1].middle.mean"] == pytest.approx(
            tracks["mfcc"][1][third].mean(), rel=1e-4, abs=1e-4
        )
        assert row["mfcc[2].voiced.std"] == pytest.approx(tracks["mfcc"][2][np.isfinite(f0)].std(), rel=1e-3)
        slope = librosa.feature.delta(tracks["zcr"])[0]
        assert row["zcr.slope.std"] == pytest.approx(slope.std(), rel=1e-3)
        assert row["timing.duration_s"] == pytest.approx(len(f0) * 0.01)


def test_column_groups_partition_columns():
    groups = features.column_groups()
    assert set(groups) == {*DEFAULT.descriptors, "modulation", "timing"}
    assert sorted(itertools.chain(*groups.values())) == list(range(len(features.column_names())))
    names = features.column_names()
    assert {names[k].split(".")[0] for k in groups["f0"]} == {"f0"}


LEGACY = {
    "s0_mfcc": (40, ["mfcc[0].mean", "mfcc[1].mean"]),
    "s0_mfcc_chroma": (52, ["mfcc[0].mean", "mfcc[1].mean"]),
    "s0_mfcc_chroma_mel": (180, ["mfcc[0].mean", "mfcc[1].mean"]),
    "s1_mel": (128, ["mel[0].mean", "mel[1].mean"]),
    "s1_mel_chroma_mfcc": (182, ["mel[0].mean", "mel[1].mean"]),
    "s4_statistics": (44, ["mfcc[0].mean", "mfcc[0].std"]),
}


@pytest.mark.parametrize("preset", sorted(name for name in PRESETS if name[0] == "s"))
def test_legacy_recipes_have_documented_length(preset):
    n_columns, first = LEGACY[preset]
    names = features.column_names(preset)
    assert len(names) == n_columns
    assert names[:2] == first
    assert not any("actor" in name or "speaker" in name for name in names)


def test_s0_vector_agrees_with_librosa():
    """Except chroma, which S0 computed from magnitudes (see PRESETS)."""
    wave = voice(1.5, 22_050)
    row = features.table_row(wave, "s0_mfcc_chroma_mel")
    np.testing.assert_allclose(
        row[:40], librosa.feature.mfcc(y=wave, sr=22_050, n_mfcc=40).mean(axis=1), atol=1e-3
    )
    theirs = librosa.feature.chroma_stft(y=wave, sr=22_050, tuning=0.0).mean(axis=1)
    np.testing.assert_allclose(row[40:52], theirs, atol=1e-4)
    theirs = librosa.feature.melspectrogram(y=wave, sr=22_050).mean(axis=1)
    np.testing.assert_allclose(row[52:], theirs, rtol=1e-3)


# --- recipes -----------------------------------------------------------------------------------------

CHANGES = {
    "level_db": -20.0, "band_limit": 8000.0,
    "sr": 22_050, "win_length": 401, "hop_length": 161, "n_fft": 2048, "n_mels": 63, "fmin": 51.0,
    "fmax": 7999.0, "n_mfcc": 19, "descriptors": ("mfcc",), "statistics": ("mean",),
    "slope_statistics": (), "parts": ("first",), "timing": False, "trim_db": None,
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Recipe)])
def test_key_depends_on_every_setting(name):
    changed = dataclasses.replace(DEFAULT, **{name: CHANGES[name]})
    assert changed.key != DEFAULT.key
    assert len(changed.key) == 12
    assert int(changed.key, 16)


def test_key_depends_on_version(monkeypatch):
    before = DEFAULT.key
    monkeypatch.setattr("sercore.features.recipe.VERSION", 10_000)
    assert DEFAULT.key != before


def test_key_depends_on_order_of_descriptors():
    changed = dataclasses.replace(DEFAULT, descriptors=DEFAULT.descriptors[::-1])
    assert changed.key != DEFAULT.key


def test_equal_recipes_have_equal_json():
    numbers = dataclasses.replace(
        DEFAULT, fmin=np.float32(50), fmax=8000, trim_db=30, sr=np.int64(16_000), parts=list(DEFAULT.parts)
    )
    assert numbers == DEFAULT
    assert numbers.to_json() == DEFAULT.to_json()
    assert hash(numbers) == hash(DEFAULT)


@pytest.mark.parametrize("preset", PRESETS)
def test_json_round_trip(preset):
    recipe = PRESETS[preset]
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe
    assert again.key == recipe.key


BAD_SETTINGS = [
    ("sr", "x", "sr='x'; it must be a positive integer"),
    ("sr", 16000.5, "must be a positive integer"),
    ("sr", 0, "must be a positive integer"),
    ("hop_length", 0, "hop_length=0"),
    ("hop_length", -160, "hop_length=-160"),
    ("hop_length", None, "hop_length=None"),
    ("hop_length", 600, "hop of at most 35 ms"),
    ("n_mels", 0, "n_mels=0"),
    ("n_mels", 10, "20 MFCCs from 10 mel bands"),
    ("n_mfcc", 65, "65 MFCCs from 64 mel bands"),
    ("win_length", 2000, "longer than n_fft"),
    ("n_fft", 64, "longer than n_fft"),
    ("n_fft", 1023, "must be even"),
    ("sr", 400_000, r"bins \d+ Hz apart"),
    ("fmin", "50", "must be a number"),
    ("fmin", -1, "mel range"),
    ("fmin", 9000, "mel range"),
    ("fmin", float("nan"), "must be a number"),
    ("fmax", 8001, "half the sample rate"),
    ("descriptors", "mfcc", "must be a list of names"),
    ("descriptors", ["mfccs"], r"unknown descriptors \['mfccs'\]; available are mel"),
    ("descriptors", [], "no descriptors"),
    ("descriptors", ["mfcc", "mfcc"], "repeated"),
    ("descriptors", [["mfcc"]], "must be a list of names"),
    ("statistics", [], "no statistics"),
    ("statistics", ["p50", "median"], r"unknown statistics \['median'\]"),
    ("slope_statistics", ["max"], "unknown slope_statistics"),
    ("parts", ["end"], "unknown parts"),
    ("timing", 1, "must be True or False"),
    ("trim_db", -30, "trim_db=-30"),
    ("trim_db", 0, "trim_db=0"),
    ("trim_db", "30", "must be a number or None"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD_SETTINGS)
def test_invalid_setting_raises(name, value, message):
    with pytest.raises(RecipeError, match=message):
        dataclasses.replace(DEFAULT, **{name: value})


@pytest.mark.parametrize(("name", "value", "message"), BAD_SETTINGS)
def test_invalid_setting_in_json_raises(name, value, message):
    written = json.loads(DEFAULT.to_json()) | {name: value}
    with pytest.raises(RecipeError, match="not a recipe of this version"):
        Recipe.from_json(json.dumps(written))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a recipe"),
        ("{", "not a recipe"),
        ("null", "not a recipe"),
        ("[1, 2]", "missing descriptors"),
        ('"default"', "missing descriptors"),
        ("{}", "missing descriptors, fmax"),
        (DEFAULT.to_json().replace('"sr"', '"rate"'), "missing sr"),
        (DEFAULT.to_json().replace("{", '{"colour": 1, ', 1), "colour"),
    ],
)
def test_invalid_json_raises(text, message):
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json(text)


@given(st.text(max_size=40))
def test_random_text_raises(text):
    with pytest.raises(RecipeError, match="not a recipe of this version"):
        Recipe.from_json(text)


def test_peaks_of_a_scaled_waveform_are_no_error(rng):
    """One click in a quiet recording: at the level of speech its peak is far above full scale."""
    wave = 2e-4 * rng.standard_normal(10 * 16_000).astype(np.float32)
    wave[80_000] = 0.9
    recipe = features.get_recipe("level_free")
    assert np.abs(features.prepare(wave, recipe)).max() > 8
    assert np.isfinite(features.table_row(wave, recipe)).all()
    with pytest.raises(AudioError, match="divide integers by their full scale"):
        features.table_row(100 * wave, recipe)


def test_get_recipe():
    assert features.get_recipe("default") is DEFAULT
    assert features.get_recipe(LEGACY_RECIPE) is LEGACY_RECIPE
    with pytest.raises(RecipeError, match="no recipe named 'mfcc'; available are: default, log_mel, s0_mfcc"):
        features.get_recipe("mfcc")


# --- no constant columns ------------------------------------------------------------------------------------


def constant_columns(rows, recipe):
    constant = np.ptp(rows, axis=0) <= 1e-6 * np.abs(rows).max(axis=0)
    return [
        name for name, is_constant in zip(features.column_names(recipe), constant, strict=True) if is_constant
    ]


def sentence(rng, sr):
    """Harmonic sounds with pauses of background noise."""
    words = []
    for _ in range(rng.integers(2, 5)):
        f0, glide, noise = rng.uniform(80, 400), rng.uniform(0, 0.3), rng.uniform(0.001, 0.02)
        words += [voice(rng.uniform(0.3, 0.8), sr, f0, glide, noise)]
        words += [rng.uniform(1e-3, 1e-2) * rng.standard_normal(rng.integers(sr // 50, sr // 4))]
    return np.concatenate(words).astype(np.float32)


@pytest.mark.parametrize("recipe", PRESETS)
def test_no_constant_column_on_synthetic_voices(recipe):
    rng = np.random.default_rng(5)
    rows = [features.table_row(sentence(rng, PRESETS[recipe].sr), recipe) for _ in range(8)]
    assert constant_columns(np.stack(rows), recipe) == []


@pytest.fixture(scope="module")
def real_files(real_corpora):
    """About 100 clips of all speakers of RAVDESS and TESS."""
    ravdess, tess = (
        sorted(p for p in (real_corpora / name).rglob("*") if p.suffix in audio.AUDIO_SUFFIXES)
        for name in ("ravdess", "tess")
    )
    if not (ravdess and tess):
        pytest.skip("RAVDESS or TESS is missing in SERCORE_CORPORA")
    return ravdess[:: len(ravdess) // 60] + tess[:: len(tess) // 40]


@pytest.mark.real
@pytest.mark.parametrize("recipe", PRESETS)
def test_no_constant_column_on_real_speech(recipe, real_files):
    sr = PRESETS[recipe].sr
    rows = np.stack([features.table_row(audio.load(path, sr=sr), recipe) for path in real_files])
    assert len(rows) >= 95
    assert np.isfinite(rows).all()
    assert constant_columns(rows, recipe) == []


@pytest.mark.slow
@pytest.mark.real
def test_pitch_of_real_speech_agrees_with_pyin(real_files):
    """A gross error is more than 20 % difference in a frame that is voiced for both."""
    errors, n_both, agree, n = 0, 0, 0, 0
    for path in real_files[3::13]:
        wave = audio.load(path)
        theirs = librosa.pyin(wave, fmin=65, fmax=600, sr=16_000, frame_length=1024, hop_length=160)[0]
        ours = f0_of(wave)
        both = np.isfinite(theirs) & np.isfinite(ours)
        errors += np.count_nonzero(np.abs(ours[both] / theirs[both] - 1) > 0.2)
        n_both += both.sum()
        agree += np.count_nonzero(np.isfinite(theirs) == np.isfinite(ours))
        n += len(ours)
    assert n_both > 300
    assert errors / n_both < 0.05
    assert agree / n > 0.8


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_mel_filters_equal_librosa(preset):
    recipe = PRESETS[preset]
    bank = librosa.filters.mel(
        sr=recipe.sr, n_fft=recipe.n_fft, n_mels=recipe.n_mels, fmin=recipe.fmin, fmax=recipe.fmax
    )
    np.testing.assert_array_equal(mel_filters(recipe), bank.T)


def test_features_of_a_clip_need_no_slow_imports():
    code = (
        "import sys, numpy; from sercore import audio, features; from sercore.bundle import Predictor;"
        "wave = numpy.random.default_rng(0).standard_normal(16000).astype('f4') / 9;"
        "features.frames(wave, 'log_mel'), features.table_row(wave);"
        "slow = 'pandas', 'librosa', 'scipy.signal', 'sklearn', 'joblib', 'keras';"
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------------------------- level


@pytest.mark.parametrize("gain_db", [-20.0, -7.3, 20.0])
@pytest.mark.parametrize(
    ("function", "recipe", "rounding"),  # of the low-pass filter, in the lowest band of contrast
    [
        ("table_row", "level_free", 5e-4),
        ("table_row", "robust", 1e-2),
        ("frames", "log_mel_level_free", 5e-4),
    ],
)
def test_gain_does_not_change_level_free_features(function, recipe, rounding, gain_db):
    wave = 0.03 * synth.Voice().speak()[0]
    louder = (wave * 10 ** (gain_db / 20)).astype(np.float32)
    compute = getattr(features, function)
    here, there = compute(wave, recipe), compute(louder, recipe)
    assert (np.abs(here - there) <= rounding * np.maximum(1.0, np.abs(here))).all()
    recorded = compute(louder, "default") - compute(wave, "default")
    assert np.abs(recorded).max() > 7


def test_level_free_rows_are_those_of_a_scaled_clip():
    wave = synth.Voice().speak()[0]
    scaled = features.prepare(wave, features.get_recipe("level_free"))
    assert 10 * np.log10(np.mean(np.square(scaled))) == pytest.approx(-26.0, abs=1e-3)
    silence = np.zeros(16_000, dtype=np.float32)
    np.testing.assert_array_equal(features.prepare(silence, features.get_recipe("level_free")), silence)


# ---------------------------------------------------------------------------------- band limit

NARROW = PRESETS["robust"]


@pytest.mark.parametrize("limit", [6400.0, 6405.0, 6410.0])
def test_band_limit_at_the_edge_of_an_octave(limit):
    recipe = features.Recipe(fmax=6400.0, band_limit=limit)
    bands = {name.partition("]")[0] for name in features.row_names(recipe) if name.startswith("contrast[")}
    assert len(bands) >= 6


def stored_versions(wave, tmp_path):
    """The clip of 48 kHz as files of 48, 44.1, 22.05 and 16 kHz, made by different resamplers."""
    halves = scipy.signal.resample_poly(wave, 1, 3)
    versions = {
        "48 kHz": (wave, 48_000, "FLOAT"),
        "44.1 kHz": (soxr.resample(wave, 48_000, 44_100, quality="VHQ"), 44_100, "FLOAT"),
        "22.05 kHz": (soxr.resample(wave, 48_000, 22_050, quality="HQ"), 22_050, "FLOAT"),
        "16 kHz, soxr": (soxr.resample(wave, 48_000, 16_000, quality="VHQ"), 16_000, "FLOAT"),
        "16 kHz, scipy": (halves, 16_000, "FLOAT"),
        "16 kHz, 16 bits": (halves, 16_000, "PCM_16"),
    }
    for name, (samples, sr, subtype) in versions.items():
        path = tmp_path / f"{name}.{'flac' if subtype == 'PCM_16' else 'wav'}"
        soundfile.write(path, samples, sr, subtype=subtype)
        yield name, audio.load(path)


def resampling_error(recipe, wave, tmp_path):
    """Differences between versions of a clip, in standard deviations over six sentences, by version."""
    rng = np.random.default_rng(5)
    spread = np.std([features.table_row(sentence(rng, 16_000), recipe) for _ in range(6)], axis=0)
    rows = {name: features.table_row(made, recipe) for name, made in stored_versions(wave, tmp_path)}
    original = rows.pop("48 kHz")
    return {name: np.abs(row - original) / np.maximum(spread, 1e-9) for name, row in rows.items()}


def test_sample_rate_of_a_file_does_not_change_the_row_below_the_band_limit(tmp_path):
    wave = 0.5 * sentence(np.random.default_rng(9), 48_000)
    for name, error in resampling_error(NARROW, wave, tmp_path).items():
        assert error.max() < 1, name
        assert np.percentile(error, 99) < 0.1, name
    changed = resampling_error(DEFAULT, wave, tmp_path)
    assert changed["44.1 kHz"].max() > 1
    assert changed["16 kHz, scipy"].max() > 10


@pytest.mark.real
def test_sample_rate_of_a_real_recording_does_not_change_the_row(real_corpora, real_files, tmp_path):
    """Recordings of 48 kHz; the standard deviations are over 20 clips of RAVDESS and TESS."""
    files = sorted((real_corpora / "ravdess").rglob("*.wav"))
    originals = [path for path in files if soundfile.info(path).samplerate == 48_000]
    if not originals:
        pytest.skip("no recording of 48 kHz in SERCORE_CORPORA")
    spread = np.std([features.table_row(audio.load(path), "robust") for path in real_files[::5]], axis=0)
    for path in originals[:3]:
        wave = audio.read(path)[0].mean(axis=1)
        versions = dict(stored_versions(wave, tmp_path))
        rows = {name: features.table_row(made, "robust") for name, made in versions.items()}
        original = rows.pop("48 kHz")
        for name, row in rows.items():
            error = np.abs(row - original) / np.maximum(spread, 1e-9)
            careful = name not in ("16 kHz, scipy", "16 kHz, 16 bits")
            assert np.percentile(error, 99) < (0.05 if careful else 0.5), (path.name, name)
            assert error.max() < (0.2 if careful else 5), (path.name, name)


def test_frequencies_above_the_band_limit_do_not_change_features():
    wave = 0.3 * synth.Voice().speak()[0]
    whistle = 0.1 * np.sin(2 * np.pi * 7200 * np.arange(len(wave)) / 16_000) * np.hanning(len(wave))
    whistle = whistle.astype(np.float32)
    for function in (features.table_row, features.frames):
        here, there = function(wave, NARROW), function(wave + whistle, NARROW)
        np.testing.assert_allclose(there, here, rtol=0.02, atol=0.02)
    unlimited = [features.table_row(each, "default") for each in (wave, wave + whistle)]
    assert np.abs(unlimited[1] - unlimited[0]).max() > 10


def test_band_limit_ends_with_whole_octaves_and_leaves_other_recipes_alone():
    rows = features.row_names(NARROW)
    assert [name for name in rows if name.startswith("contrast")] == [f"contrast[{k}]" for k in range(6)]
    assert NARROW.n_bins == 410
    assert DEFAULT.n_bins == 513
    assert features.Recipe.from_json(NARROW.to_json()) == NARROW
    assert "band_limit" not in DEFAULT.to_json()
    with pytest.raises(RecipeError, match=r"band_limit=6400.0; it must be between fmax=8000.0 and 8000.0 Hz"):
        features.Recipe(band_limit=6400.0)


def test_keys_of_recipes_without_a_level_are_unchanged():
    assert features.Recipe().key == "6ce35fd02cd4"
    assert "level_db" not in features.Recipe().to_json()
    scaled = features.get_recipe("level_free")
    assert features.Recipe.from_json(scaled.to_json()) == scaled
    assert features.Recipe(level_db=0).key == features.Recipe(level_db=0.0).key
    with pytest.raises(RecipeError, match="level_db=6"):
        features.Recipe(level_db=6.0)


def test_table_of_no_clips_has_its_columns(tmp_path):
    index = pd.DataFrame({"clip_id": [], "path": [], "corpus": [], "speaker": [], "emotion": []}, dtype=str)
    made = features.extract_table(index, "s0_mfcc", cache=tmp_path, progress=False)
    assert made.X.shape == (0, len(made.columns)) == (0, 40)


def test_loud_waves_can_be_filtered(rng):
    wave = (7 * np.sign(rng.normal(size=4000))).astype(np.float32)
    assert np.isfinite(features.table_row(wave, "robust")).all()


def test_a_change_of_level_changes_no_feature_of_one_level(tmp_path):
    """Augmentation ends at full scale, and clips are scaled after it."""
    wave, sr = synth.Voice().preset("angry").speak()
    soundfile.write(tmp_path / "a.wav", 0.5 * wave / np.abs(wave).max(), sr, subtype="FLOAT")
    columns = {"clip_id": ["x/a"], "path": [str(tmp_path / "a.wav")], "corpus": "x", "emotion": "sad"}
    index = pd.DataFrame(columns | {"speaker": "s"})
    louder = Augmentation(tract=None, speed=None, snr_db=None, gain_db=(6, 6), probability=1.0)
    recipe, options = (
        features.Recipe(level_db=-12.0),
        {"cache": tmp_path / "cache", "progress": False, "n_jobs": 1},
    )
    plain = features.extract_table(index, recipe, **options).X
    changed = features.extract_table(index, recipe, augmentation=louder, **options).X
    np.testing.assert_allclose(changed, plain, rtol=1e-3, atol=1e-2)

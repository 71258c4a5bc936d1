"""Augmentation: each change does what its name says; copies are repeatable and cached by themselves."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from sercore import features, synth
from sercore.audio import augment
from sercore.audio.augment import Augmentation
from sercore.errors import RecipeError
from sercore.features import store

SR = 16_000
NOTHING = Augmentation(tract=None, speed=None, snr_db=None, gain_db=None, probability=1.0)
"""Changes nothing; tests switch on what they are about."""
SMALL = features.Recipe(descriptors=("log_mel",), n_mels=12, n_mfcc=12, parts=(), timing=False)


@pytest.fixture(scope="module")
def voice():
    """A synthetic man, neutral, steady level: 1.5 to 3 s of speech."""
    wave, _ = synth.render(synth.EMOTION_PROSODY["neutral"], speaker=synth.SPEAKERS["M1"], seed=1)
    return wave


def sine(hz, *, seconds=1.0):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * SR)) / SR)).astype(np.float32)


def vowel(*, f0=100, formant=1500, seconds=1.0):
    """Pulses at one pitch through one resonance, 80 Hz wide."""
    pulses = np.zeros(round(seconds * SR))
    pulses[:: SR // f0] = 1.0
    radius, angle = np.exp(-np.pi * 80 / SR), 2 * np.pi * formant / SR
    wave = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], pulses)
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


def strongest(wave):
    """Hertz of the highest peak of the spectrum of the middle of a wave."""
    middle = wave[len(wave) // 4 : -len(wave) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8 * SR))
    return spectrum.argmax() / 8


def resonance(wave):
    """Hertz of the only resonance of a vowel: the pole of a linear prediction of order 2."""
    lags = np.array([np.dot(wave[k:], wave[: len(wave) - k]) for k in range(3)], dtype=float)
    pole = np.roots([1.0, *-solve_toeplitz(lags[:2], lags[1:])])[0]
    return abs(np.angle(pole)) * SR / (2 * np.pi)


def pitch_of(wave):
    """Median pitch of the voiced frames in hertz."""
    semitones = np.nanmedian(features.compute(wave, ("f0",))["f0"])
    return 27.5 * 2 ** (semitones / 12)


def centroid_of(wave):
    return np.mean(features.compute(wave, ("centroid",))["centroid"])


def power(wave):
    return np.mean(np.square(wave, dtype=float))


# single changes


@pytest.mark.parametrize("snr_db", [0.0, 15.0, 40.0])
def test_noise_has_the_ratio_that_was_asked_for(voice, snr_db, rng):
    added = augment.add_noise(voice, snr_db, rng=rng) - voice
    assert 10 * np.log10(power(voice) / power(added)) == pytest.approx(snr_db, abs=0.01)
    spectrum = np.abs(np.fft.rfft(added)) ** 2
    low, high = np.array_split(spectrum, 2)
    assert low.mean() == pytest.approx(high.mean(), rel=0.1), "white noise has no colour"


@pytest.mark.parametrize("db", [-12.0, 6.0])
def test_gain_is_in_decibels_and_changes_nothing_else(voice, db):
    louder = augment.change_gain(voice, db)
    assert 10 * np.log10(power(louder) / power(voice)) == pytest.approx(db, abs=1e-3)
    np.testing.assert_allclose(louder / 10 ** (db / 20), voice, atol=1e-6)


@pytest.mark.parametrize("seconds", [0.1, -0.1, 9.0, -9.0])
def test_shift_moves_by_so_many_samples_and_fills_with_silence(voice, seconds):
    moved, n = augment.time_shift(voice, seconds, sr=SR), round(seconds * SR)
    assert len(moved) == len(voice)
    for k in (0, 100, len(voice) // 2, len(voice) - 1):
        came_from = k - n
        assert moved[k] == (voice[came_from] if 0 <= came_from < len(voice) else 0.0)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_speed_changes_duration_and_pitch_by_the_factor(factor):
    tone = sine(440)
    faster = augment.change_speed(tone, factor, sr=SR)
    assert len(faster) == pytest.approx(len(tone) / factor, abs=1)
    assert strongest(faster) == pytest.approx(440 * factor, rel=1e-3)
    assert resonance(augment.change_speed(vowel(), factor, sr=SR)) == pytest.approx(1500 * factor, rel=0.03)


@pytest.mark.parametrize("semitones", [-4.0, 3.0, 12.0])
def test_pitch_moves_by_semitones_and_keeps_the_duration(voice, semitones):
    ratio = 2 ** (semitones / 12)
    tone = sine(440)
    assert len(augment.pitch_shift(tone, semitones, sr=SR)) == len(tone)
    assert strongest(augment.pitch_shift(tone, semitones, sr=SR)) == pytest.approx(440 * ratio, rel=0.005)
    higher = augment.pitch_shift(voice, semitones, sr=SR)
    assert len(higher) == len(voice)
    assert pitch_of(higher) == pytest.approx(pitch_of(voice) * ratio, rel=0.03)


@pytest.mark.parametrize("factor", [0.85, 1.18])
def test_tract_moves_formants_and_keeps_pitch_and_duration(voice, factor):
    changed = augment.perturb_vocal_tract(vowel(), factor, sr=SR)
    assert len(changed) == SR
    assert resonance(changed) == pytest.approx(1500 / factor, rel=0.04)
    assert pitch_of(changed) == pytest.approx(pitch_of(vowel()), rel=0.01)
    spoken = augment.perturb_vocal_tract(voice, factor, sr=SR)
    assert len(spoken) == len(voice)
    assert pitch_of(spoken) == pytest.approx(pitch_of(voice), rel=0.02)
    assert centroid_of(spoken) / centroid_of(voice) == pytest.approx(1 / factor, abs=0.1)


def test_neutral_values_change_nothing(voice, rng):
    for same in (
        augment.add_noise(voice, np.inf, rng=rng),
        augment.change_gain(voice, 0.0),
        augment.time_shift(voice, 0.0, sr=SR),
        augment.change_speed(voice, 1.0, sr=SR),
        augment.pitch_shift(voice, 0.0, sr=SR),
        augment.perturb_vocal_tract(voice, 1.0, sr=SR),
    ):
        np.testing.assert_array_equal(same, voice)


@pytest.mark.parametrize("change", [augment.change_speed, augment.perturb_vocal_tract])
def test_values_next_to_neutral_change_next_to_nothing(voice, change):
    """No step hides at the neutral value. Pitch is left out: a phase vocoder smears at every value."""
    near = change(voice, 1.001, sr=SR)
    loudness = features.compute(voice, ("rms_db",))["rms_db"], features.compute(near, ("rms_db",))["rms_db"]
    n_frames = min(row.shape[1] for row in loudness)
    apart = np.abs(loudness[0][:, :n_frames] - loudness[1][:, :n_frames])
    assert np.median(apart) < 0.5


# copies


def copy_of(augmentation, wave, *, clip_id="demo/a", version=0):
    return augmentation(wave, sr=SR, clip_id=clip_id, version=version)


def test_a_copy_is_the_same_every_time_and_another_number_or_clip_is_another(voice):
    usual = Augmentation(probability=1.0)
    first = copy_of(usual, voice)
    np.testing.assert_array_equal(first, copy_of(Augmentation(probability=1.0), voice))
    others = [copy_of(usual, voice, version=1), copy_of(usual, voice, clip_id="demo/b"), voice]
    for other in others:
        assert len(other) != len(first) or np.abs(other - first).max() > 1e-3


def test_copies_are_float32_within_full_scale(voice):
    loud = replace(NOTHING, gain_db=(40.0, 40.0))
    copy = copy_of(loud, voice)
    assert copy.dtype == np.float32
    assert np.abs(copy).max() == 1.0


@pytest.mark.parametrize(
    ("name", "value", "change"),
    [
        ("tract", 1.1, augment.perturb_vocal_tract),
        ("speed", 0.9, augment.change_speed),
        ("pitch", 2.0, augment.pitch_shift),
        ("shift", 0.2, augment.time_shift),
    ],
)
def test_a_range_of_one_value_is_that_change(voice, name, value, change):
    copy = copy_of(replace(NOTHING, **{name: (value, value)}), voice)
    np.testing.assert_array_equal(copy, np.clip(change(voice, value, sr=SR), -1, 1))


def test_snr_and_gain_of_a_copy_are_those_that_were_asked_for(voice):
    noisy = copy_of(replace(NOTHING, snr_db=(20.0, 20.0)), voice)
    assert 10 * np.log10(power(voice) / power(noisy - voice)) == pytest.approx(20, abs=0.05)
    softer = copy_of(replace(NOTHING, gain_db=(-6.0, -6.0)), voice)
    np.testing.assert_allclose(softer, augment.change_gain(voice, -6.0))


def test_without_any_change_a_copy_is_the_clip(voice):
    np.testing.assert_array_equal(copy_of(NOTHING, voice), voice)


def test_drawn_values_fill_their_ranges_and_happen_as_often_as_said(rng):
    usual = Augmentation(pitch=(-2.0, 2.0))
    drawn = pd.DataFrame([usual.draw(rng) for _ in range(2000)])
    assert sorted(drawn) == ["gain_db", "pitch", "snr_db", "speed", "tract"]
    for name in drawn:
        low, high = getattr(usual, name)
        assert drawn[name].notna().mean() == pytest.approx(0.8, abs=0.04)
        assert low <= drawn[name].min() < low + 0.02 * (high - low)
        assert high >= drawn[name].max() > high - 0.02 * (high - low)
        assert drawn[name].mean() == pytest.approx((low + high) / 2, abs=0.04 * (high - low))


def test_leaving_one_change_out_leaves_the_others_as_they_were():
    """So that a comparison with and without one change differs in nothing else."""
    both, without = Augmentation(), Augmentation(tract=None)
    for seed in range(20):
        drawn = both.draw(np.random.default_rng(seed))
        drawn.pop("tract", None)
        assert without.draw(np.random.default_rng(seed)) == drawn


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"speed": (1.2, 0.8)}, r"speed=\(1.2, 0.8\), but a range is \(low, high\)"),
        ({"gain_db": (0.0, np.inf)}, r"gain_db=.*but a range is \(low, high\)"),
        ({"pitch": (1.0, 2.0, 3.0)}, r"pitch=.*but a range is \(low, high\)"),
        ({"snr_db": 20.0}, r"snr_db=20.0, but a range is \(low, high\)"),
        ({"shift": ("a", "b")}, r"shift=\('a', 'b'\), but a range is \(low, high\)"),
        ({"tract": (0.1, 1.0)}, "factors lie between 0.5 and 2"),
        ({"speed": (1.0, 3.0)}, "factors lie between 0.5 and 2"),
        ({"probability": 0.0}, "probability=0.0, not above 0 and at most 1"),
        ({"probability": 1.5}, "probability=1.5, not above 0 and at most 1"),
    ],
)
def test_impossible_settings_are_refused(setting, message):
    with pytest.raises(RecipeError, match=message):
        Augmentation(**setting)


def test_the_key_follows_the_settings():
    keys = [Augmentation().key, Augmentation(speed=None).key, Augmentation(gain_db=(-6, 5)).key]
    assert len(set(keys)) == 3
    assert Augmentation(gain_db=(-6, 6)).key == Augmentation(gain_db=[-6.0, 6.0]).key == keys[0]


# cache


@pytest.fixture
def index(tmp_path, voice):
    """Three clips on disk."""
    rows = []
    for n in range(3):
        soundfile.write(tmp_path / f"clip{n}.wav", voice[: 16_000 - 800 * n], SR)
        rows.append({"clip_id": f"toy/clip{n}", "path": str(tmp_path / f"clip{n}.wav"), "corpus": "toy"})
    return pd.DataFrame(rows)


def extract(index, cache, **options):
    return store.extract_frames(index, SMALL, cache=cache, n_jobs=1, progress=False, **options).X


def alike(some, others):
    return all(a.shape == b.shape and (a == b).all() for a, b in zip(some, others, strict=True))


def test_copies_are_cached_apart_from_originals_and_from_each_other(index, tmp_path, monkeypatch):
    made = {}
    wanted = [(None, 0), (Augmentation(probability=1.0), 0), (Augmentation(probability=1.0), 1),
              (Augmentation(tract=None, probability=1.0), 0)]  # fmt: skip
    for usual in (False, True):  # the second time in the other order, from the cache alone
        for augmentation, copy in wanted if usual else wanted[::-1]:
            X = extract(index, tmp_path / "cache", augmentation=augmentation, version=copy)
            if usual:
                assert alike(X, made[augmentation, copy])
            made[augmentation, copy] = X
        monkeypatch.setattr(store, "frames", lambda *_: pytest.fail("a cached clip was computed again"))
    versions = list(made.values())
    for k, some in enumerate(versions):
        for others in versions[:k]:
            assert not any(alike([a], [b]) for a, b in zip(some, others, strict=True))


def test_cached_copies_are_copies_of_the_trimmed_clip(index, tmp_path):
    usual = Augmentation(probability=1.0)
    made = extract(index, tmp_path / "cache", augmentation=usual, version=3)
    from sercore import audio

    for clip_id, path, frames in zip(index["clip_id"], index["path"], made, strict=True):
        wave = features.prepare(audio.load(path, sr=SR), SMALL)
        copy = usual(wave, sr=SR, clip_id=clip_id, version=3)
        np.testing.assert_array_equal(frames, features.frames(copy, SMALL))


def test_a_copy_does_not_depend_on_who_else_is_extracted(index, tmp_path):
    usual = Augmentation(probability=1.0)
    together = extract(index, tmp_path / "one", augmentation=usual)
    alone = extract(index.iloc[1:2], tmp_path / "two", augmentation=usual)
    assert alike(alone, together[1:2])

"""Augmentation: every change has the effect that it describes; versions are reproducible and cached."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from sercore import audio, features, synth
from sercore.audio import augment
from sercore.audio.augment import Augmentation
from sercore.errors import RecipeError
from sercore.features import store, tasks

SR = 16_000
NOTHING = Augmentation(tract=None, speed=None, snr_db=None, gain_db=None, probability=1.0)
"""Changes nothing; each test enables the change it checks."""
SMALL = features.Recipe(descriptors=("log_mel",), n_mels=12, n_mfcc=12, parts=(), timing=False)


@pytest.fixture(scope="module")
def voice():
    """A neutral sentence of a synthetic male voice, 1.5 to 3 s."""
    wave, _ = synth.render(synth.EMOTION_PROSODY["neutral"], speaker=synth.SPEAKERS["M1"], seed=1)
    return wave


def sine(hz, *, seconds=1.0):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * SR)) / SR)).astype(np.float32)


def vowel(*, f0=100, formant=1500, seconds=1.0):
    """Pulses at a constant pitch, filtered by one resonance with a bandwidth of 80 Hz."""
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
def test_noise_is_white_and_has_the_given_snr(voice, snr_db, rng):
    added = augment.add_noise(voice, snr_db, rng=rng) - voice
    assert 10 * np.log10(power(voice) / power(added)) == pytest.approx(snr_db, abs=0.01)
    spectrum = np.abs(np.fft.rfft(added)) ** 2
    low, high = np.array_split(spectrum, 2)
    assert low.mean() == pytest.approx(high.mean(), rel=0.1), "the spectrum of white noise is flat"


@pytest.mark.parametrize("db", [-12.0, 6.0])
def test_gain_is_in_decibels(voice, db):
    louder = augment.change_gain(voice, db)
    assert 10 * np.log10(power(louder) / power(voice)) == pytest.approx(db, abs=1e-3)
    np.testing.assert_allclose(louder / 10 ** (db / 20), voice, atol=1e-6)


@pytest.mark.parametrize("seconds", [0.1, -0.1, 9.0, -9.0])
def test_time_shift_moves_samples_and_pads_with_silence(voice, seconds):
    moved, n = augment.time_shift(voice, seconds, sr=SR), round(seconds * SR)
    assert len(moved) == len(voice)
    for k in (0, 100, len(voice) // 2, len(voice) - 1):
        came_from = k - n
        assert moved[k] == (voice[came_from] if 0 <= came_from < len(voice) else 0.0)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_speed_changes_duration_pitch_and_formants(factor):
    tone = sine(440)
    faster = augment.change_speed(tone, factor, sr=SR)
    assert len(faster) == pytest.approx(len(tone) / factor, abs=1)
    assert strongest(faster) == pytest.approx(440 * factor, rel=1e-3)
    assert resonance(augment.change_speed(vowel(), factor, sr=SR)) == pytest.approx(1500 * factor, rel=0.03)


@pytest.mark.parametrize("semitones", [-4.0, 3.0, 12.0])
def test_pitch_shift_is_in_semitones_and_keeps_duration(voice, semitones):
    ratio = 2 ** (semitones / 12)
    tone = sine(440)
    assert len(augment.pitch_shift(tone, semitones, sr=SR)) == len(tone)
    assert strongest(augment.pitch_shift(tone, semitones, sr=SR)) == pytest.approx(440 * ratio, rel=0.005)
    higher = augment.pitch_shift(voice, semitones, sr=SR)
    assert len(higher) == len(voice)
    assert pitch_of(higher) == pytest.approx(pitch_of(voice) * ratio, rel=0.03)


@pytest.mark.parametrize("factor", [0.85, 1.18])
def test_vocal_tract_changes_formants_but_not_pitch_or_duration(voice, factor):
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
def test_effect_is_continuous_at_neutral_value(voice, change):
    """Pitch is left out: a phase vocoder smears at every value."""
    near = change(voice, 1.001, sr=SR)
    loudness = features.compute(voice, ("rms_db",))["rms_db"], features.compute(near, ("rms_db",))["rms_db"]
    n_frames = min(row.shape[1] for row in loudness)
    apart = np.abs(loudness[0][:, :n_frames] - loudness[1][:, :n_frames])
    assert np.median(apart) < 0.5


# augmented versions


def augmented(augmentation, wave, *, clip_id="demo/a", version=0):
    return augmentation(wave, sr=SR, clip_id=clip_id, version=version)


def test_augmentation_is_determined_by_clip_and_version(voice):
    augmentation = Augmentation(probability=1.0)
    first = augmented(augmentation, voice)
    np.testing.assert_array_equal(first, augmented(Augmentation(probability=1.0), voice))
    others = [
        augmented(augmentation, voice, version=1),
        augmented(augmentation, voice, clip_id="demo/b"),
        voice,
    ]
    for other in others:
        assert len(other) != len(first) or np.abs(other - first).max() > 1e-3


def test_augmented_wave_is_float32_within_full_scale(voice):
    loud = replace(NOTHING, gain_db=(40.0, 40.0))
    wave = augmented(loud, voice)
    assert wave.dtype == np.float32
    assert np.abs(wave).max() == 1.0


@pytest.mark.parametrize(
    ("name", "value", "change"),
    [
        ("tract", 1.1, augment.perturb_vocal_tract),
        ("speed", 0.9, augment.change_speed),
        ("pitch", 2.0, augment.pitch_shift),
        ("shift", 0.2, augment.time_shift),
        ("band_hz", 3400.0, augment.narrow_band),
    ],
)
def test_range_of_one_value_applies_that_change(voice, name, value, change):
    wave = augmented(replace(NOTHING, **{name: (value, value)}), voice)
    np.testing.assert_array_equal(wave, np.clip(change(voice, value, sr=SR), -1, 1))


@pytest.mark.parametrize("name", ["snr_db", "babble_db"])
def test_range_of_one_value_for_what_is_added(voice, name):
    noisy = augmented(replace(NOTHING, **{name: (20.0, 20.0)}), voice)
    assert 10 * np.log10(power(voice) / power(noisy - voice)) == pytest.approx(20, abs=0.05)


def test_babble_has_the_spectrum_of_voices_and_white_noise_has_not(voice, rng):
    babble = augment.add_own_babble(voice, 0.0, rng=rng) - voice
    noise = augment.add_noise(voice, 0.0, rng=rng) - voice
    assert centroid_of(babble) == pytest.approx(centroid_of(voice), rel=0.3)
    assert centroid_of(noise) > 1.5 * centroid_of(voice)


def test_narrow_band_keeps_300_hz_to_the_given_frequency(rng):
    noise = rng.normal(size=SR).astype(np.float32)
    level = np.abs(np.fft.rfft(augment.narrow_band(noise, 3400.0, sr=SR))) / np.abs(np.fft.rfft(noise))
    assert np.median(level[500:3000]) == pytest.approx(1.0, abs=0.02)
    assert max(np.median(level[:150]), np.median(level[5000:])) < 0.15
    np.testing.assert_array_equal(
        augment.narrow_band(noise, 1e5, sr=SR), augment.narrow_band(noise, 7840.0, sr=SR)
    )  # the highest that half the sample rate allows


def test_range_of_one_value_for_gain(voice):
    softer = augmented(replace(NOTHING, gain_db=(-6.0, -6.0)), voice)
    np.testing.assert_allclose(softer, augment.change_gain(voice, -6.0))


def test_augmentation_without_changes_returns_the_clip(voice):
    np.testing.assert_array_equal(augmented(NOTHING, voice), voice)


def test_draws_are_uniform_and_have_the_given_probability(rng):
    augmentation = Augmentation(pitch=(-2.0, 2.0))
    drawn = pd.DataFrame([augmentation.draw(rng) for _ in range(2000)])
    assert sorted(drawn) == ["gain_db", "pitch", "snr_db", "speed", "tract"]
    for name in drawn:
        low, high = getattr(augmentation, name)
        assert drawn[name].notna().mean() == pytest.approx(0.8, abs=0.04)
        assert low <= drawn[name].min() < low + 0.02 * (high - low)
        assert high >= drawn[name].max() > high - 0.02 * (high - low)
        assert drawn[name].mean() == pytest.approx((low + high) / 2, abs=0.04 * (high - low))


def test_noise_of_published_versions_is_still_the_same(voice):
    """It is drawn after the amounts of the six first changes, two numbers each, and of no later one."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(b"demo/a 0").digest()[:8], "big"))
    rng.random(12)
    expected = np.clip(augment.add_noise(voice, 20.0, rng=rng), -1, 1)
    np.testing.assert_array_equal(augmented(replace(NOTHING, snr_db=(20.0, 20.0)), voice), expected)


@pytest.mark.parametrize(
    ("name", "with_it", "without"),
    [
        ("tract", Augmentation(), Augmentation(tract=None)),
        ("babble_db", Augmentation(babble_db=(5.0, 25.0)), Augmentation()),
    ],
)
def test_disabling_one_change_does_not_affect_others(name, with_it, without):
    """Comparisons with and without one change differ only in that change."""
    for seed in range(20):
        drawn = with_it.draw(np.random.default_rng(seed))
        drawn.pop(name, None)
        assert without.draw(np.random.default_rng(seed)) == drawn


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"speed": (1.2, 0.8)}, r"speed=\(1.2, 0.8\), but a range must be \(low, high\)"),
        ({"gain_db": (0.0, np.inf)}, r"gain_db=.*but a range must be \(low, high\)"),
        ({"pitch": (1.0, 2.0, 3.0)}, r"pitch=.*but a range must be \(low, high\)"),
        ({"snr_db": 20.0}, r"snr_db=20.0, but a range must be \(low, high\)"),
        ({"shift": ("a", "b")}, r"shift=\('a', 'b'\), but a range must be \(low, high\)"),
        ({"tract": (0.1, 1.0)}, "factors must be between 0.5 and 2"),
        ({"speed": (1.0, 3.0)}, "factors must be between 0.5 and 2"),
        ({"band_hz": (300.0, 3400.0)}, "the upper frequency is 600 Hz or more"),
        ({"probability": 0.0}, "probability=0.0, but it must be above 0 and at most 1"),
        ({"probability": 1.5}, "probability=1.5, but it must be above 0 and at most 1"),
    ],
)
def test_invalid_settings_are_refused(setting, message):
    with pytest.raises(RecipeError, match=message):
        Augmentation(**setting)


def test_key_depends_on_settings():
    keys = [Augmentation().key, Augmentation(speed=None).key, Augmentation(gain_db=(-6, 5)).key]
    keys += [Augmentation(band_hz=(3000, 7500)).key, Augmentation(babble_db=(5, 25)).key]
    assert len(set(keys)) == 5
    assert keys[0] == "86df509aa246", "features that are cached would be computed again: was VERSION raised?"
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


def test_cache_separates_augmented_versions(index, tmp_path, monkeypatch):
    made = {}
    wanted = [(None, 0), (Augmentation(probability=1.0), 0), (Augmentation(probability=1.0), 1),
              (Augmentation(tract=None, probability=1.0), 0)]  # fmt: skip
    for cached in (False, True):  # the second time in the other order, from the cache only
        for key in wanted if cached else wanted[::-1]:
            X = extract(index, tmp_path / "cache", augmentation=key[0], version=key[1])
            if cached:
                assert alike(X, made[key])
            made[key] = X
        monkeypatch.setattr(tasks, "frames", lambda *_: pytest.fail("a cached clip was computed again"))
    versions = list(made.values())
    for k, some in enumerate(versions):
        for others in versions[:k]:
            assert not any(alike([a], [b]) for a, b in zip(some, others, strict=True))


def test_cached_versions_are_made_from_trimmed_clip(index, tmp_path):
    augmentation = Augmentation(probability=1.0)
    made = extract(index, tmp_path / "cache", augmentation=augmentation, version=3)
    from sercore import audio

    for clip_id, path, frames in zip(index["clip_id"], index["path"], made, strict=True):
        wave = features.prepare(audio.load(path, sr=SR), SMALL)
        version = augmentation(wave, sr=SR, clip_id=clip_id, version=3)
        np.testing.assert_array_equal(frames, features.frames(version, SMALL))


def test_augmented_version_does_not_depend_on_other_clips(index, tmp_path):
    augmentation = Augmentation(probability=1.0)
    together = extract(index, tmp_path / "one", augmentation=augmentation)
    alone = extract(index.iloc[1:2], tmp_path / "two", augmentation=augmentation)
    assert alike(alone, together[1:2])


def test_babble_is_added_before_silence_is_trimmed(tmp_path, voice, rng):
    """Trimmed first, it would end with the voice; in a recording from a loud room nothing is trimmed."""
    quiet = 1e-5 * rng.standard_normal(SR).astype(np.float32)
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.concatenate([quiet, voice, quiet]), SR, subtype="FLOAT")
    index = pd.DataFrame([{"clip_id": "toy/clip", "path": str(path), "corpus": "toy"}])
    room = replace(NOTHING, babble_db=(10.0, 10.0))
    found = store.extract_table(
        index, "level_free", augmentation=room, cache=tmp_path / "cache", n_jobs=1, progress=False
    )
    heard = augmented(room, audio.load(path), clip_id="toy/clip")
    np.testing.assert_allclose(found.X[0], features.table_row(heard, "level_free"), rtol=1e-4, atol=1e-4)
    seconds = found.X[0][features.column_names("level_free").index("timing.duration_s")]
    assert seconds > voice.size / SR + 1.5

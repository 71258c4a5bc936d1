"""Degraded recordings: aligned with the original, and degraded in the intended way only."""

import numpy as np
import pytest

from sercore import audio, synth
from sercore.audio import degrade


@pytest.fixture(scope="module")
def voice():
    return synth.Voice().speak()[0]


def snr(wave, degraded):
    return 10 * np.log10(np.mean(np.square(wave)) / np.mean(np.square(degraded - wave)))


@pytest.mark.parametrize("db", [30, 0])
def test_noise_has_the_ratio(voice, rng, db):
    others = [rng.normal(size=5000), np.sin(np.arange(30_000))]
    assert snr(voice, degrade.add_hum(voice, db)) == pytest.approx(db, abs=0.01)
    assert snr(voice, degrade.add_babble(voice, others, db, rng=rng)) == pytest.approx(db, abs=0.01)


def test_voices_of_a_babble_begin_anywhere(rng):
    click = np.zeros(16_000, dtype=np.float32)
    click[0] = 1.0
    babble = degrade.add_babble(np.ones(16_000, dtype=np.float32), [click], 0.0, rng=rng, n_voices=6) - 1
    assert len(np.flatnonzero(babble > 0.1)) == 6


def test_silent_background_changes_nothing(voice):
    np.testing.assert_array_equal(degrade.mix(voice, np.zeros(10), 0.0), voice)


@pytest.mark.parametrize(
    "name", ["limit_band", "encode_gsm", "encode_mulaw", "encode_opus", "add_echo", "clip_peaks"]
)
def test_length_type_and_alignment(voice, name):
    degraded = getattr(degrade, name)(voice)
    assert (degraded.shape, degraded.dtype) == (voice.shape, np.float32)
    assert not np.array_equal(degraded, voice)
    lags = range(-40, 41)
    similar = [np.dot(np.roll(degraded, lag), voice) for lag in lags]
    assert abs(lags[int(np.argmax(similar))]) <= 2


@pytest.mark.parametrize("name", ["limit_band", "encode_gsm", "encode_mulaw"])
def test_telephone_has_no_high_frequencies(voice, rng, name):
    noise = (0.1 * rng.normal(size=32_000)).astype(np.float32)
    power = np.abs(np.fft.rfft(getattr(degrade, name)(noise))) ** 2
    hertz = np.fft.rfftfreq(32_000, 1 / 16_000)
    assert power[hertz > 4200].mean() < 1e-3 * power[(hertz > 500) & (hertz < 3000)].mean()


@pytest.mark.parametrize("name", ["limit_band", "encode_mulaw"])
def test_telephone_has_no_low_frequencies(rng, name):
    noise = (0.1 * rng.normal(size=32_000)).astype(np.float32)
    power = np.abs(np.fft.rfft(getattr(degrade, name)(noise))) ** 2
    hertz = np.fft.rfftfreq(32_000, 1 / 16_000)
    assert power[hertz < 100].mean() < 0.02 * power[(hertz > 500) & (hertz < 3000)].mean()


def test_opus_compression(voice):
    fine, coarse = (degrade.encode_opus(voice, compression=c) for c in (0.0, 1.0))
    assert snr(voice, fine) > snr(voice, coarse) + 6


@pytest.fixture
def impulse():
    wave = np.zeros(16_000, dtype=np.float32)
    wave[0] = 0.5
    return wave


def test_echo_decays_after_an_impulse(impulse):
    echo = degrade.add_echo(impulse, seconds=0.4)
    energy = [np.sum(echo[k : k + 1600] ** 2) for k in (1600, 3200)]
    assert 10 * np.log10(energy[0] / energy[1]) == pytest.approx(15, abs=2)  # 60 dB in 0.4 s
    assert np.mean(echo**2) == pytest.approx(np.mean(impulse**2))


def test_direct_sound_is_louder_by_the_given_ratio(impulse):
    echo = degrade.add_echo(impulse, direct_db=12.0)
    assert 10 * np.log10(echo[0] ** 2 / np.sum(echo[1:] ** 2)) == pytest.approx(12, abs=0.05)


@pytest.mark.parametrize("seconds", [0.0, 0.002, 0.005])
def test_echo_that_ends_before_it_begins_changes_nothing(voice, seconds):
    np.testing.assert_array_equal(degrade.add_echo(voice, seconds=seconds), voice)


def test_cut_removes_speech_not_silence(voice):
    silence = np.zeros(8000, dtype=np.float32)
    padded = np.concatenate([silence, voice, silence])
    spoken = audio.trim(padded, 16_000)
    assert degrade.cut(padded, start=0.2).size == pytest.approx(0.8 * spoken.size, abs=1)
    kept = spoken[: spoken.size - round(0.5 * spoken.size)]
    np.testing.assert_array_equal(degrade.cut(padded, end=0.5), kept)


def test_clipping_keeps_soft_samples(voice):
    clipped = degrade.clip_peaks(voice, 0.1)
    assert np.mean(clipped != voice) == pytest.approx(0.1, abs=0.01)
    assert np.abs(clipped).max() < np.abs(voice).max()


def test_clipping_every_sample_leaves_the_level_of_the_softest():
    wave = np.array([0.1, -0.2, 0.3, -0.9])
    for proportion in (0.75, 1.0):
        assert degrade.clip_peaks(wave, proportion).tolist() == [0.1, -0.1, 0.1, -0.1]


@pytest.mark.parametrize("size", [0, 1, 20])
def test_telephone_of_a_few_samples(size):
    wave = np.full(size, 0.1, np.float32)
    assert degrade.limit_band(wave).shape == (size,)

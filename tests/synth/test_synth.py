"""Every cue of the synthetic voice changes the acoustics that it describes."""

from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore import features, synth
from sercore.errors import SercoreError

LAB = synth.Speaker("lab", "female", 205.0, 14.6)


def render(speaker=LAB, sentence=0, seed=0, variation=0.0, **cues):
    """Neutral voice with some cues changed."""
    prosody = replace(synth.Prosody(), **cues)
    wave, _ = synth.render(prosody, speaker=speaker, sentence=sentence, seed=seed, variation=variation)
    return wave


def median_f0(wave):
    """Median pitch in semitones, measured by the package's tracker."""
    _, semitones = features.compute(wave, ("voicing", "f0")).values()
    return np.nanmedian(semitones)


def level_db(wave):
    return 20.0 * np.log10(np.sqrt(np.mean(wave**2)))


def slope_db(wave):
    """Level between 2 and 6 kHz minus level between 200 Hz and 1 kHz."""
    power = np.abs(np.fft.rfft(wave)) ** 2
    f = np.fft.rfftfreq(len(wave), 1.0 / synth.SR)
    return 10.0 * np.log10(power[(f > 2000) & (f < 6000)].sum() / power[(f > 200) & (f < 1000)].sum())


def harmonicity(wave):
    """Median periodicity of voiced frames, 0 to 1."""
    voicing = features.compute(wave, ("voicing",))["voicing"]
    return np.median(voicing[voicing > 0.4])


# --- waveforms ----------------------------------------------------------------------------------


def test_same_arguments_give_same_samples():
    seed = (3, 1)
    waves = [render(seed=seed, variation=1.0).tobytes() for _ in range(2)]
    assert waves[0] == waves[1]
    assert render(seed=(3, 2), variation=1.0).tobytes() != waves[0]


def test_length_and_peak_for_all_emotions_and_speakers():
    for k, (emotion, prosody) in enumerate(synth.EMOTION_PROSODY.items()):
        for speaker in list(synth.SPEAKERS.values())[k % 2 :: 2]:
            wave, sr = synth.render(prosody, speaker=speaker, sentence=k % 3, seed=k)
            assert (wave.dtype, wave.ndim, sr) == (np.float32, 1, 16_000)
            assert 1.5 <= len(wave) / sr <= 3.0, (emotion, speaker.name)
            assert np.isfinite(wave).all()
            assert 0.02 < np.abs(wave).max() < 1.0


any_prosody = st.builds(synth.Prosody, *(st.floats(-50, 50) for _ in synth.CUES))
syllable = st.sampled_from([c + v for c in "bdgklmnst" for v in "aeiou"])
any_sentence = st.lists(st.one_of(syllable, syllable.map(str.upper)), min_size=1, max_size=10).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(prosody=any_prosody, sentence=any_sentence, speaker=st.sampled_from(list(synth.SPEAKERS)))
def test_any_prosody_gives_a_valid_wave(prosody, sentence, speaker):
    wave, sr = synth.render(prosody, speaker=synth.SPEAKERS[speaker], sentence=sentence)
    assert np.isfinite(wave).all()
    assert 0.0 < np.abs(wave).max() < 1.0
    assert len(wave) / sr > 2 * 0.15


def test_unknown_syllables_and_sentences_are_refused():
    with pytest.raises(SercoreError, match=r"unknown syllable 'hello'.*one of m n l"):
        render(sentence="ba hello")
    with pytest.raises(SercoreError, match="unknown syllable ''"):
        render(sentence="")
    with pytest.raises(SercoreError, match="no sentence 3; choose 0 to 2"):
        render(sentence=3)


# --- cues ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaker", [LAB, synth.Speaker("lab", "male", 118.0, 17.2)])
def test_f0_level_changes_measured_f0(speaker):
    neutral = median_f0(render(speaker))
    expected = 12.0 * np.log2(speaker.f0 / 27.5)
    assert neutral == pytest.approx(expected, abs=1.5)
    for step in (-4.0, 5.0):
        assert median_f0(render(speaker, f0_level=step)) - neutral == pytest.approx(step, abs=0.3)


def test_rate_changes_duration():
    for rate in (3.5, 5.5):
        assert len(render(rate=rate)) / synth.SR == pytest.approx(8 / rate + 0.3, abs=0.01)


def test_loudness_is_in_decibels():
    assert level_db(render(loudness=6.0)) - level_db(render()) == pytest.approx(6.0, abs=0.05)


def test_tilt_changes_spectral_slope_but_not_level():
    bright, dark = render(tilt=3.0), render(tilt=-3.0)
    assert slope_db(bright) > slope_db(render()) + 3.0
    assert slope_db(dark) < slope_db(render()) - 3.0
    assert level_db(bright) == pytest.approx(level_db(dark), abs=0.05)


def test_breathiness_jitter_and_shimmer_reduce_periodicity():
    clear = harmonicity(render(breathiness=-40.0, jitter=0.0, shimmer=0.0))
    assert clear > 0.95
    for cues in ({"breathiness": 0.0}, {"jitter": 5.0}, {"shimmer": 3.0}):
        rough = harmonicity(render(**{"breathiness": -40.0, "jitter": 0.0, "shimmer": 0.0} | cues))
        assert rough < clear - 0.01, cues


def test_formants_raises_first_formant():
    def first_formant(wave):
        """Frequency of the strongest band below 1.2 kHz of the smoothed spectrum."""
        power = np.abs(np.fft.rfft(wave)) ** 2
        f = np.fft.rfftfreq(len(wave), 1.0 / synth.SR)
        inside = (f > 300) & (f < 1300)
        return np.average(f[inside], weights=power[inside])

    held = {"sentence": "ba ba ba", "articulation": 1.0, "f0_level": -6.0}
    assert first_formant(render(**held, formants=10.0)) > 1.08 * first_formant(render(**held, formants=-5.0))


def contour(**cues):
    """Pitch of the voiced frames of a sentence without consonants that stop the voice."""
    f0 = features.compute(render(sentence="la MA na lo LE ma", **cues), ("f0",))["f0"][0]
    return f0[np.isfinite(f0)]


def test_f0_cues_shape_the_contour():
    flat = {"f0_range": 0.0, "f0_slope": 0.0, "f0_final": 0.0, "tremor": 0.0}
    assert contour(**flat | {"f0_range": 8.0}).std() > contour(**flat).std() + 1.5
    line = contour(**flat | {"f0_slope": 6.0})
    assert line[-20:].mean() - line[:20].mean() == pytest.approx(6.0 * 5 / 6, abs=1.2)
    assert contour(**flat | {"f0_final": 8.0})[-8:].mean() > contour(**flat)[-8:].mean() + 3.0

    def wobble(f0):
        """Depth of what moves faster than a syllable."""
        return np.std(f0[8:-8] - np.convolve(f0, np.ones(17) / 17, mode="valid"))

    assert wobble(contour(**flat | {"tremor": 1.5})) > wobble(contour(**flat)) + 0.5


def test_stress_raises_level_of_stressed_syllables():
    def lift(stress):
        wave = render(sentence="la la LA la la", stress=stress, rate=4.0)
        parts = [wave[int(t * synth.SR) :][:1600] for t in (0.15 + 0.15, 0.15 + 0.25 * 5 * 0.5)]
        return level_db(parts[1]) - level_db(parts[0])

    assert lift(9.0) - lift(0.0) == pytest.approx(9.0, abs=1.5)


def test_articulation_separates_vowels():
    def apart(articulation):
        a, i = (slope_db(render(sentence=f"{v} {v} {v}", articulation=articulation)) for v in ("la", "li"))
        return abs(a - i)

    assert apart(1.1) > apart(0.2) + 3.0


def test_consonants_hiss_hum_or_stop():
    # the first consonant lasts 80 ms, from 0.15 s on
    hissing, humming = (slope_db(render(sentence=f"{c}a {c}a {c}a")[2400:3600]) for c in "sm")
    assert hissing > humming + 20.0

    def quietest(consonant):
        """Peak of the quietest 15 ms around the second consonant."""
        wave = render(sentence=f"ba {consonant}a ba")
        return min(np.abs(wave[k : k + 240]).max() for k in range(6000, 8000, 40))

    assert quietest("t") < 0.05 * quietest("l")


def test_loudest_voice_is_not_clipped():
    wave = render(sentence="la la la la la la LA la la la", loudness=15.0, stress=12.0)
    assert np.abs(wave).max() == pytest.approx(0.99)
    assert np.count_nonzero(np.abs(wave) > 0.985) < 3


def test_anger_is_louder_than_sadness_for_all_speakers():
    for speaker in synth.SPEAKERS.values():
        angry, sad = (
            level_db(synth.render(synth.EMOTION_PROSODY[e], speaker=speaker, seed=5)[0])
            for e in ("angry", "sad")
        )
        assert angry > sad + 3.0, speaker.name


# --- tables -------------------------------------------------------------------------------------


def test_emotion_prosody_is_within_limits():
    assert synth.EMOTION_PROSODY["neutral"] == synth.Prosody()
    assert set(synth.LIMITS) == set(synth.CUES)
    for prosody in synth.EMOTION_PROSODY.values():
        for cue, value in zip(synth.CUES, astuple(prosody), strict=True):
            low, high = synth.LIMITS[cue]
            assert low <= value <= high, cue


def test_speaker_without_habits_uses_the_table(rng):
    sad = synth.EMOTION_PROSODY["sad"]
    spoken = synth.as_spoken(sad, speaker=LAB, rng=rng, variation=0.0)
    assert astuple(spoken) == pytest.approx(astuple(sad))
    mute = replace(LAB, gain=synth.Prosody(*(0.0 for _ in synth.CUES)))
    assert astuple(synth.as_spoken(sad, speaker=mute, rng=rng, variation=0.0)) == astuple(synth.Prosody())


def test_drawn_speakers_are_new_people_and_can_express_less():
    assert synth.draw_speakers(seed=2003) == synth.SPEAKERS
    others, reserved = synth.draw_speakers(seed=7), synth.draw_speakers(seed=7, expression=0.5)
    assert others["F1"].f0 != synth.SPEAKERS["F1"].f0
    assert others["F1"].offset == reserved["F1"].offset
    full, half = (np.array(astuple(group["M3"].gain)) for group in (others, reserved))
    np.testing.assert_allclose(half, full / 2)

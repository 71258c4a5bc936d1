"""The synthetic voice does what its cues say, and the demo corpus teaches what it should."""

import hashlib
import subprocess
import sys
from dataclasses import astuple, replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from sercore import features, synth
from sercore.corpora import demo, load_index
from sercore.errors import CorpusError, SercoreError
from sercore.labels import EMOTIONS, apply_scheme
from sercore.splits import make_folds

LAB = synth.Speaker("lab", "female", 205.0, 14.6)


def say(speaker=LAB, sentence=0, seed=0, variation=0.0, **cues):
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


# --- what a wave is -----------------------------------------------------------------------------


def test_same_arguments_same_samples():
    seed = (3, 1)
    waves = [say(seed=seed, variation=1.0).tobytes() for _ in range(2)]
    assert waves[0] == waves[1]
    assert say(seed=(3, 2), variation=1.0).tobytes() != waves[0]


def test_every_emotion_and_speaker_stays_in_bounds():
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
def test_any_knob_position_is_a_usable_wave(prosody, sentence, speaker):
    wave, sr = synth.render(prosody, speaker=synth.SPEAKERS[speaker], sentence=sentence)
    assert np.isfinite(wave).all()
    assert 0.0 < np.abs(wave).max() < 1.0
    assert len(wave) / sr > 2 * 0.15


def test_a_syllable_nobody_can_say_is_refused():
    with pytest.raises(SercoreError, match=r"cannot say 'hello'.*one of m n l"):
        say(sentence="ba hello")
    with pytest.raises(SercoreError, match="cannot say ''"):
        say(sentence="")
    with pytest.raises(SercoreError, match="no sentence 3: there are 0 to 2"):
        say(sentence=3)


# --- what a knob does ---------------------------------------------------------------------------


@pytest.mark.parametrize("speaker", [LAB, synth.Speaker("lab", "male", 118.0, 17.2)])
def test_f0_knob_moves_measured_f0(speaker):
    neutral = median_f0(say(speaker))
    expected = 12.0 * np.log2(speaker.f0 / 27.5)
    assert neutral == pytest.approx(expected, abs=1.5)
    for step in (-4.0, 5.0):
        assert median_f0(say(speaker, f0_level=step)) - neutral == pytest.approx(step, abs=0.3)


def test_rate_knob_changes_duration():
    for rate in (3.5, 5.5):
        assert len(say(rate=rate)) / synth.SR == pytest.approx(8 / rate + 0.3, abs=0.01)


def test_loudness_knob_is_in_decibels():
    assert level_db(say(loudness=6.0)) - level_db(say()) == pytest.approx(6.0, abs=0.05)


def test_tilt_knob_changes_spectral_slope_and_not_level():
    bright, dark = say(tilt=3.0), say(tilt=-3.0)
    assert slope_db(bright) > slope_db(say()) + 3.0
    assert slope_db(dark) < slope_db(say()) - 3.0
    assert level_db(bright) == pytest.approx(level_db(dark), abs=0.05)


def test_breath_jitter_and_shimmer_make_the_voice_less_periodic():
    clear = harmonicity(say(breathiness=-40.0, jitter=0.0, shimmer=0.0))
    assert clear > 0.95
    for knob in ({"breathiness": 0.0}, {"jitter": 5.0}, {"shimmer": 3.0}):
        rough = harmonicity(say(**{"breathiness": -40.0, "jitter": 0.0, "shimmer": 0.0} | knob))
        assert rough < clear - 0.01, knob


def test_formant_knob_raises_the_first_formant():
    def first_formant(wave):
        """Frequency of the strongest band below 1.2 kHz of the smoothed spectrum."""
        power = np.abs(np.fft.rfft(wave)) ** 2
        f = np.fft.rfftfreq(len(wave), 1.0 / synth.SR)
        inside = (f > 300) & (f < 1300)
        return np.average(f[inside], weights=power[inside])

    held = {"sentence": "ba ba ba", "articulation": 1.0, "f0_level": -6.0}
    assert first_formant(say(**held, formants=10.0)) > 1.08 * first_formant(say(**held, formants=-5.0))


def contour(**cues):
    """Pitch of the voiced frames of a sentence without consonants that stop the voice."""
    f0 = features.compute(say(sentence="la MA na lo LE ma", **cues), ("f0",))["f0"][0]
    return f0[np.isfinite(f0)]


def test_melody_knobs_shape_the_contour():
    flat = {"f0_range": 0.0, "f0_slope": 0.0, "f0_final": 0.0, "tremor": 0.0}
    assert contour(**flat | {"f0_range": 8.0}).std() > contour(**flat).std() + 1.5
    line = contour(**flat | {"f0_slope": 6.0})
    assert line[-20:].mean() - line[:20].mean() == pytest.approx(6.0 * 5 / 6, abs=1.2)
    assert contour(**flat | {"f0_final": 8.0})[-8:].mean() > contour(**flat)[-8:].mean() + 3.0

    def wobble(f0):
        """Depth of what moves faster than a syllable."""
        return np.std(f0[8:-8] - np.convolve(f0, np.ones(17) / 17, mode="valid"))

    assert wobble(contour(**flat | {"tremor": 1.5})) > wobble(contour(**flat)) + 0.5


def test_stress_knob_lifts_stressed_syllables():
    def lift(stress):
        wave = say(sentence="la la LA la la", stress=stress, rate=4.0)
        parts = [wave[int(t * synth.SR) :][:1600] for t in (0.15 + 0.15, 0.15 + 0.25 * 5 * 0.5)]
        return level_db(parts[1]) - level_db(parts[0])

    assert lift(9.0) - lift(0.0) == pytest.approx(9.0, abs=1.5)


def test_articulation_knob_keeps_vowels_apart():
    def apart(articulation):
        a, i = (slope_db(say(sentence=f"{v} {v} {v}", articulation=articulation)) for v in ("la", "li"))
        return abs(a - i)

    assert apart(1.1) > apart(0.2) + 3.0


def test_consonants_sound():
    # the first consonant lasts 80 ms, from 0.15 s on
    hissing, humming = (slope_db(say(sentence=f"{c}a {c}a {c}a")[2400:3600]) for c in "sm")
    assert hissing > humming + 20.0

    def quietest(consonant):
        """Peak of the quietest 15 ms around the second consonant."""
        wave = say(sentence=f"ba {consonant}a ba")
        return min(np.abs(wave[k : k + 240]).max() for k in range(6000, 8000, 40))

    assert quietest("t") < 0.05 * quietest("l")


def test_the_loudest_voice_is_turned_down_not_clipped():
    wave = say(sentence="la la la la la la LA la la la", loudness=15.0, stress=12.0)
    assert np.abs(wave).max() == pytest.approx(0.99)
    assert np.count_nonzero(np.abs(wave) > 0.985) < 3


def test_anger_is_louder_than_sadness_for_everybody():
    for speaker in synth.SPEAKERS.values():
        angry, sad = (
            level_db(synth.render(synth.EMOTION_PROSODY[e], speaker=speaker, seed=5)[0])
            for e in ("angry", "sad")
        )
        assert angry > sad + 3.0, speaker.name


# --- the tables ---------------------------------------------------------------------------------


def test_tables_are_complete_and_speakable():
    assert tuple(synth.EMOTION_PROSODY) == EMOTIONS[:8] == demo.EMOTIONS
    assert tuple(synth.SPEAKERS) == demo.SPEAKERS
    assert len(synth.SENTENCES) == len(demo.SENTENCES)
    assert synth.EMOTION_PROSODY["neutral"] == synth.Prosody()
    assert set(synth.LIMITS) == set(synth.CUES)
    for prosody in synth.EMOTION_PROSODY.values():
        for cue, value in zip(synth.CUES, astuple(prosody), strict=True):
            low, high = synth.LIMITS[cue]
            assert low <= value <= high, cue


def test_a_speaker_without_habits_does_what_the_table_says(rng):
    sad = synth.EMOTION_PROSODY["sad"]
    spoken = synth.as_spoken(sad, speaker=LAB, rng=rng, variation=0.0)
    assert astuple(spoken) == pytest.approx(astuple(sad))
    mute = replace(LAB, gain=synth.Prosody(*(0.0 for _ in synth.CUES)))
    assert astuple(synth.as_spoken(sad, speaker=mute, rng=rng, variation=0.0)) == astuple(synth.Prosody())


# --- the corpus ---------------------------------------------------------------------------------


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.glob("*.wav"))}


@pytest.fixture
def small(monkeypatch):
    """A demo corpus of 26 clips, so that building it takes a moment."""
    names = demo.stems()[::23]
    monkeypatch.setattr(demo, "stems", lambda: names)
    return names


def test_names_can_be_read():
    names = demo.stems()
    assert len(set(names)) == demo.N_CLIPS == 576
    clips = [demo.parse(f"{name}.wav") for name in names]
    assert {clip["stem"] for clip in clips} == set(names)
    assert len({clip["speaker"] for clip in clips}) == demo.N_SPEAKERS
    assert demo.parse("somewhere/demo_M6_surprised_3_2.flac") == {
        "stem": "demo_M6_surprised_3_2", "speaker": "M6", "sex": "male", "emotion": "surprised",
        "intensity": "normal", "sentence": "3", "repetition": "2",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["demo_F1_angry_1.wav", "x_F1_angry_1_1.wav", "demo_F１_angry_1_1.wav"])
def test_other_names_are_refused(name):
    with pytest.raises(CorpusError, match="not demo_<speaker>"):
        demo.parse(name)


@pytest.mark.parametrize("fields", ["F7_angry_1_1", "F1_boredom_1_1", "F1_angry_4_1", "F1_angry_1_0"])
def test_fields_out_of_range_are_refused(fields):
    with pytest.raises(CorpusError, match="outside the demo corpus's range"):
        demo.parse(f"demo_{fields}.wav")


def test_build_is_the_same_with_one_and_two_workers(tmp_path, small):
    one = demo.build(tmp_path / "one", n_jobs=1, progress=False)
    two = demo.build(tmp_path / "two", n_jobs=2, progress=False)
    assert hashes(one) == hashes(two)
    assert [name + ".wav" for name in small] == list(hashes(one))
    assert "SYNTHETIC" in (one / "README.txt").read_text(encoding="utf-8")
    assert not list(one.glob(".part-*"))
    assert soundfile.info(one / f"{small[0]}.wav").subtype == "PCM_16"


def test_files_hold_what_render_clip_returns(tmp_path, small):
    demo.build(tmp_path, n_jobs=1, progress=False)
    wave, sr = soundfile.read(tmp_path / f"{small[3]}.wav", dtype="float32")
    rendered, rendered_sr = demo.render_clip(small[3])
    assert sr == rendered_sr == demo.SAMPLE_RATE
    np.testing.assert_allclose(wave, rendered, atol=1 / 32768)


def test_build_does_nothing_when_current(tmp_path, small, monkeypatch):
    demo.build(tmp_path, n_jobs=1, progress=False)
    monkeypatch.setattr(demo, "_render_all", lambda *a, **k: pytest.fail("rendered again"))
    assert demo.build(tmp_path) == tmp_path


def test_another_version_or_a_lost_clip_is_rendered_again(tmp_path, small, monkeypatch):
    demo.build(tmp_path, n_jobs=1, progress=False)
    before = hashes(tmp_path)
    (tmp_path / f"{small[5]}.wav").unlink()
    demo.build(tmp_path, n_jobs=1, progress=False)
    assert hashes(tmp_path) == before
    (tmp_path / f"{small[0]}.wav").write_bytes(b"old")
    (tmp_path / "demo_F1_old_1_1.wav").write_bytes(b"name of an older version")
    monkeypatch.setattr(demo, "_version", lambda: "newer code")
    demo.build(tmp_path, n_jobs=1, progress=False)
    assert hashes(tmp_path) == before


def test_a_folder_in_other_use_is_left_alone(tmp_path, small):
    (tmp_path / "03-01-05-01-02-01-12.wav").write_bytes(b"mine")
    with pytest.raises(CorpusError, match=r"holds something else \(03-01-05-01-02-01-12.wav\)"):
        demo.build(tmp_path, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["03-01-05-01-02-01-12.wav"]


def test_a_folder_that_cannot_be_written_is_explained(tmp_path, small):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CorpusError, match=r"cannot write to .*SERCORE_DATA"):
        demo.build(tmp_path / "file" / "demo", progress=False)


def test_two_programs_may_build_at_once(tmp_path):
    code = (
        "import sys; from sercore.corpora import demo; names = demo.stems()[::48];"
        "demo.stems = lambda: names; demo.build(sys.argv[1], n_jobs=1, progress=False);"
        "import soundfile; print(sum(soundfile.info(f'{sys.argv[1]}/{n}.wav').frames for n in names))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "demo")]
    programs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    answers = [program.communicate(timeout=120) for program in programs]
    assert [program.returncode for program in programs] == [0, 0], answers
    assert answers[0][0] == answers[1][0] != ""
    assert len(list((tmp_path / "demo").glob("*.wav"))) == 12
    assert not list((tmp_path / "demo").glob(".part-*"))


def test_the_package_loads_synth_only_when_it_renders():
    code = "import sys, sercore.corpora.demo; print('sercore.synth' in sys.modules, 'joblib' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "False"]


@pytest.mark.slow
def test_the_corpus_is_neither_too_easy_nor_too_hard(tmp_path):
    """A plain SVC: 60–85 % UA on new speakers, and at least 8 points more on the random split."""
    import joblib
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    index = load_index("demo", demo.build(tmp_path / "demo", n_jobs=2, progress=False))
    index, classes = apply_scheme(index, "eight")
    assert len(index) == demo.N_CLIPS
    assert len(classes) == 8
    assert (index["duplicate_of"] == "").all()
    assert index.groupby("speaker")["label"].value_counts().eq(6).all()
    X = np.stack(joblib.Parallel(n_jobs=2)(joblib.delayed(_row)(path) for path in index["path"]))
    y = index["label"].to_numpy()
    for C in (1.0, 10.0):
        model = make_pipeline(StandardScaler(), SVC(C=C, gamma="scale"))
        ua = {}
        for split in ("speaker", "random"):
            folds = make_folds(index, split)
            truth = np.concatenate([y[fold.test] for fold in folds])
            told = np.concatenate(
                [model.fit(X[fold.train], y[fold.train]).predict(X[fold.test]) for fold in folds]
            )
            ua[split] = 100.0 * balanced_accuracy_score(truth, told)
        assert 60.0 <= ua["speaker"] <= 85.0, (C, ua)
        assert ua["random"] >= ua["speaker"] + 8.0, (C, ua)


def _row(path):
    wave, _ = soundfile.read(path, dtype="float32")
    return features.table_row(wave)

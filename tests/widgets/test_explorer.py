"""The spectrogram explorer without a browser: pictures, controls, formants, speed."""

import asyncio
import io
from dataclasses import fields, replace

import ipywidgets
import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from sercore import audio, synth
from sercore.corpora import demo
from sercore.course.benchmarks import widgets as redraws
from sercore.errors import AudioError, CorpusError, RecipeError, SercoreError
from sercore.features.formants import formants
from sercore.pictures import Clip, Settings, analysis
from sercore.pictures.analysis import VIEWS, empty_bands
from sercore.pictures.canvas import CURVES, N_SHADES, box_of, palette
from sercore.pictures.views import pictures
from sercore.synth import syllables, voice
from sercore.widgets import Explorer, wav_bytes
from sercore.widgets import explorer as module

SR = audio.SAMPLE_RATE


@pytest.fixture(scope="module")
def clip():
    return redraws.synthetic(2.0)


@pytest.fixture
def few(tmp_path, monkeypatch):
    """The demo corpus, of which four clips are enough here."""
    rows = []
    for stem in ("demo_F1_angry_1_1", "demo_F1_sad_1_1", "demo_F1_sad_1_2", "demo_M1_angry_1_1"):
        path = tmp_path / f"{stem}.wav"
        soundfile.write(path, *demo.render_clip(stem))
        speaker, emotion = stem.split("_")[1:3]
        rows.append([str(path), f"demo/{stem}", f"demo-{speaker}", emotion])
    index = pd.DataFrame(rows, columns=["path", "clip_id", "speaker", "emotion"])
    monkeypatch.setattr(module, "_index", lambda corpus: index)
    monkeypatch.setattr(module, "_found", lambda corpus: ["demo", "tess"])
    return index


@pytest.fixture
def explorer(few):
    return Explorer()


def numbers(drawn) -> np.ndarray:
    """Numbers of the colours of a picture, [shape=(height, width)]."""
    return np.asarray(Image.open(io.BytesIO(drawn.png))).astype(int)


def shades(drawn) -> np.ndarray:
    """Colours of the image within the axes, 0 the darkest, [shape=(height, width)]."""
    found = numbers(drawn)
    box = box_of((found.shape[1], found.shape[0]), 15, True)
    return found[box.top + 1 : box.bottom - 1, box.left + 1 : box.right - 1]


# pictures


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_picture_over_the_clips_time(clip, view):
    (drawn,) = pictures([clip], Settings(view=view), size=(800, 300))
    assert numbers(drawn).shape == (300, 800)
    assert (drawn.start, drawn.stop) == (0.0, pytest.approx(2.0))
    assert 0.05 < drawn.left < drawn.right < 1.0
    assert drawn.png != pictures([clip], Settings(view=VIEWS[VIEWS.index(view) - 1]), size=(800, 300))[0].png


@pytest.mark.parametrize("setting", [f.name for f in fields(Settings) if f.name not in ("view", "overlays")])
def test_every_setting_changes_a_picture(clip, setting):
    other = {"window_ms": 60, "step_ms": 5, "n_mels": 40, "fmin": 500, "fmax": 4000, "range_db": 40}
    other |= {"pre_emphasis": 0.9, "font_size": 20}
    changed = replace(Settings(), **{setting: other[setting]})
    assert pictures([clip], changed)[0].png != pictures([clip], Settings())[0].png


def test_a_tone_lies_at_its_frequency_in_both_views():
    tone = Clip((0.3 * np.sin(2 * np.pi * 3000 * np.arange(SR) / SR)).astype(np.float32))
    linear, mel = (shades(pictures([tone], Settings(view=view))[0]) for view in ("spectrogram", "mel"))
    row = np.nonzero(linear[:, 500] >= N_SHADES - 8)[0].mean()
    assert 1 - row / len(linear) == pytest.approx(3000 / 8000, abs=0.01)
    import librosa

    row = np.nonzero(mel[:, 500] >= N_SHADES - 8)[0].mean()
    assert 1 - row / len(mel) == pytest.approx(librosa.hz_to_mel(3000) / librosa.hz_to_mel(8000), abs=0.02)


def test_two_clips_share_their_axes_and_the_softer_one_looks_softer(clip):
    soft = Clip(0.1 * clip.wave[:SR], "soft")
    for view in ("spectrogram", "mel"):
        settings = Settings(view=view, range_db=80)
        loud_one, soft_one = pictures([clip, soft], settings)
        assert (soft_one.start, soft_one.stop) == (loud_one.start, loud_one.stop)
        half = shades(loud_one).shape[1] // 2
        loud_shades, soft_shades = shades(loud_one)[:, 50 : half - 50], shades(soft_one)[:, 50 : half - 50]
        top = (shades(loud_one) == N_SHADES - 1).mean()
        assert top < 0.02  # nothing is louder than 0 dB,
        assert view == "spectrogram" or top > 0  # which a mel band, several pixels high, reaches
        bright = loud_shades > 150
        drop = (loud_shades[bright] - soft_shades[bright]).mean() * 80 / (N_SHADES - 1)
        assert drop == pytest.approx(20, abs=1.0)  # decibels
        assert (shades(soft_one)[:, half + 10 :] == N_SHADES).all()  # it ends; the rest is white


def test_pitch_is_drawn_at_its_frequency_and_dots_at_formants(clip):
    settings = Settings(view="spectrogram", fmax=4000, overlays=("F0", "formants"))
    found = shades(pictures([clip], settings)[0])
    hertz = (1 - (np.nonzero(found == CURVES["F0"].index)[0] + 0.5) / len(found)) * 4000
    assert np.median(hertz) == pytest.approx(np.nanmedian(analysis.f0(clip)), abs=25)
    assert (found == CURVES["formants"].index).sum() > 500
    assert not (shades(pictures([clip], Settings())[0]) > N_SHADES).any()


def test_only_window_step_and_emphasis_need_another_fourier_transform(clip):
    pictures([clip], Settings())
    done = analysis.power.cache_info().misses
    for change in ({"n_mels": 40}, {"fmax": 5000.0}, {"range_db": 33}, {"view": "MFCC"}, {"view": "chroma"}):
        pictures([clip], replace(Settings(), **change))
    assert analysis.power.cache_info().misses == done
    assert analysis.spectrum(clip, Settings(n_mels=40)).power is analysis.power(clip, 25.0, 10.0, 0.0)
    pictures([clip], Settings(window_ms=31))
    assert analysis.power.cache_info().misses == done + 1


def test_levels_are_those_of_the_features(clip):
    from sercore import features

    recipe = Settings(window_ms=25, n_mels=64, fmin=50.0).recipe
    expected = features.Spectrum(clip.wave, recipe).log_mel
    np.testing.assert_array_equal(analysis.spectrum(clip, Settings(fmin=50.0)).log_mel, expected)


def test_settings_that_cannot_be_are_typed_errors(clip):
    with pytest.raises(SercoreError, match="views are waveform"):
        Settings(view="wavelet")
    with pytest.raises(SercoreError, match="overlays F0"):
        Settings(overlays=("jitter",))
    with pytest.raises(RecipeError, match="mel range"):
        pictures([clip], Settings(fmin=3000, fmax=3000))


def test_too_many_bands_are_counted_as_empty():
    assert empty_bands(Settings()) == 0
    assert empty_bands(Settings(n_mels=128, fmin=1000, fmax=1500)) > 50


# formants


@pytest.mark.parametrize("f0", [100.0, 150.0])
@pytest.mark.parametrize("vowel", syllables.VOWELS)
def test_formants_of_a_synthetic_vowel_are_found(vowel, f0):
    n, expected = 100, np.array(syllables.VOWELS[vowel], float)
    still = np.tile(expected[:, None], n)
    tracks = syllables.Tracks(np.ones(n), np.zeros(n), np.full(n, 1e3), still, np.zeros(n), np.ones(n))
    rng = np.random.default_rng(0)
    source = voice.glottal_source(np.full(n, f0), synth.EMOTION_PROSODY["neutral"], rng=rng)
    wave = voice.vocal_tract(source, tracks, tilt=0.0, scale=1.0, rng=rng)
    wave = (0.3 * wave / np.abs(wave).max()).astype(np.float32)
    found = formants(wave, SR)
    assert found.shape == (3, 80)
    middle = np.nanmedian(found[:, 10:-10], axis=1)
    assert middle[0] == pytest.approx(expected[0], rel=0.06)  # harmonics lie far apart down there
    assert middle[1:] == pytest.approx(expected[1:], rel=0.025)
    np.testing.assert_allclose(formants(0.1 * wave, SR), found, rtol=1e-3)


def test_formants_of_silence_are_none_and_of_no_wave_an_error(rng):
    assert np.isnan(formants(np.zeros(SR, np.float32), SR)).all()
    burst = np.concatenate([rng.normal(0, 0.1, SR), np.zeros(SR)]).astype(np.float32)
    assert np.isnan(formants(burst, SR)[:, 110:]).all()
    with pytest.raises(AudioError, match="mono float"):
        formants(np.zeros((2, SR), np.float32), SR)


# the widget


def test_every_slider_changes_the_picture(explorer):
    player = explorer.players[0]
    for name, slider in explorer.sliders.items():
        before = player.picture
        slider.value = (500, 4000) if name == "frequency" else slider.max
        assert player.picture != before, name
    assert explorer.settings == Settings(
        window_ms=100, step_ms=20, n_mels=128, fmin=500, fmax=4000, range_db=80, pre_emphasis=0.97
    )


def test_views_overlays_and_text_size_change_the_picture(explorer):
    player, seen = explorer.players[0], set()
    for change in (
        lambda: setattr(explorer.view, "value", "spectrogram"),
        lambda: setattr(explorer.overlays["F0"], "value", True),
        lambda: setattr(explorer.overlays["formants"], "value", True),
        lambda: setattr(explorer.text, "value", "projector"),
        lambda: setattr(player, "width", 900),
    ):
        change()
        assert player.picture not in seen
        seen.add(player.picture)
    assert Image.open(io.BytesIO(player.picture)).width == 900
    assert "sercore-projector" in explorer._dom_classes
    assert "sercore-normal" not in explorer._dom_classes


def test_pictures_of_the_widget_are_those_of_the_function(explorer, few):
    clip = Clip(audio.load(few["path"][1]), "A: sad, demo_F1_sad_1_1")
    assert explorer.players[0].picture == pictures([clip], explorer.settings, size=(1200, 300))[0].png
    np.testing.assert_allclose(
        soundfile.read(io.BytesIO(explorer.players[0].sound))[0], clip.wave, atol=2 / 2**15
    )


def test_lists_follow_each_other_and_the_clip_follows_the_lists(explorer):
    chooser, player = explorer.choosers[0], explorer.players[0]
    assert chooser.speaker.options == ("demo-F1", "demo-M1")
    assert chooser.emotion.options == ("sad", "angry")
    chooser.emotion.value = "sad"
    assert [text for text, _ in chooser.clip.options] == ["demo_F1_sad_1_1", "demo_F1_sad_1_2"]
    before = player.sound
    chooser.clip.value = "demo/demo_F1_sad_1_2"
    assert player.sound != before
    assert player.description == "clip A: sad, demo_F1_sad_1_2"
    chooser.speaker.value = "demo-M1"  # who has no sad clip here
    assert player.description == "clip A: angry, demo_M1_angry_1_1"


def test_a_broken_upload_is_told_and_the_explorer_lives_on(explorer, clip):
    own, player = explorer.choosers[0].own, explorer.players[0]
    before = player.sound
    own.upload._handle_custom_msg({"step": "begin", "name": "broken.wav"}, [])
    own.upload._handle_custom_msg({"step": "piece"}, [b"RIFF and nothing more"])
    own.upload._handle_custom_msg({"step": "end"}, [])
    assert "broken.wav: cut off" in own.message.value
    assert player.sound == before
    picture = player.picture
    explorer.sliders["range_db"].value = 30
    assert player.picture != picture
    own.take("mine.wav", wav_bytes(clip.wave, SR))
    assert own.message.value == ""
    assert player.description == "clip A: mine.wav"


def test_a_corpus_that_is_not_there_is_told_and_the_clip_stays(explorer, monkeypatch):
    def missing(corpus):
        raise CorpusError("TESS: not found; download it")

    chooser, picture = explorer.choosers[0], explorer.players[0].picture
    monkeypatch.setattr(module, "_index", missing)
    chooser.corpus.value = "tess"
    assert "TESS: not found; download it" in chooser.own.message.value
    assert explorer.players[0].picture == picture
    with pytest.raises(CorpusError, match="no corpus named 'nothing'"):
        Explorer("nothing")
    with pytest.raises(SercoreError, match="sizes are normal, large, projector"):
        Explorer(text="huge")


def test_a_long_recording_is_cut_and_says_so(explorer, rng):
    own = explorer.choosers[0].own
    own.take("long.wav", wav_bytes((0.1 * rng.standard_normal(31 * SR)).astype(np.float32), SR))
    assert explorer.players[0].duration == 30.0
    assert "the first 30 s are shown" in own.message.value


def test_comparing_shows_a_second_clip_on_the_same_axes(explorer):
    first, second = explorer.players
    assert second.layout.display == "none"
    explorer.compare.value = True
    assert second.layout.display is None
    explorer.choosers[1].speaker.value = "demo-M1"
    assert (first.start, first.stop) == (second.start, second.stop)
    assert second.stop == pytest.approx(max(first.duration, second.duration))
    assert second.description == "clip B: angry, demo_M1_angry_1_1"
    explorer.compare.value = False
    assert second.layout.display == "none"
    assert first.stop == pytest.approx(first.duration)


def test_a_burst_of_slider_events_is_drawn_once(few, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "pictures", lambda clips, settings, size: drawn.append(settings.n_mels) or [])

    async def drag():
        explorer = Explorer()
        while explorer.later.waiting:
            await asyncio.sleep(0.001)
        drawn.clear()
        for value in range(30, 60):
            explorer.sliders["n_mels"].value = value
        while explorer.later.waiting:
            await asyncio.sleep(0.001)

    monkeypatch.setattr(module, "zip", lambda *_, strict: [], raising=False)
    asyncio.run(drag())
    assert drawn == [59]


def test_a_range_without_width_is_widened(explorer):
    explorer.sliders["frequency"].value = (8000, 8000)
    assert (explorer.settings.fmin, explorer.settings.fmax) == (7500, 8000)
    explorer.sliders["frequency"].value = (2000, 2000)
    assert (explorer.settings.fmin, explorer.settings.fmax) == (2000, 2500)
    explorer.sliders["n_mels"].value = 128
    assert "bands hold no frequency" in explorer.note.value
    explorer.view.value, explorer.overlays["F0"].value = "chroma", True
    assert "drawn where the vertical axis is frequency" in explorer.note.value


def controls(widget) -> list:
    """Controls in the order of the page, which is that of the tabulator key."""
    if isinstance(widget, ipywidgets.Box):
        return [control for child in widget.children for control in controls(child)]
    return [] if isinstance(widget, ipywidgets.HTML) else [widget]


def test_every_control_says_what_it_is_in_the_order_of_use(explorer):
    found = controls(explorer)
    words = [getattr(control, "description", type(control).__name__) for control in found]
    sources, sliders = words[:6], words[6:12]
    assert sources == ["Corpus A", "Speaker", "Emotion", "Clip", "Upload a recording", "Recorder"]
    assert sliders[:3] == ["window (ms)", "step (ms)", "mel bands"]
    assert sliders[3:] == ["range (Hz)", "range (dB)", "pre-emphasis"]
    assert words[12:17] == ["View", "F0", "formants", "compare two", "Text size"]
    assert words[17:] == ["clip A: sad, demo_F1_sad_1_1", "the sound"]


def test_a_notebook_can_show_it(explorer):
    assert "application/vnd.jupyter.widget-view+json" in explorer._repr_mimebundle_()


# speed


def test_timing_measures_all_three_ways(few, monkeypatch):
    monkeypatch.setattr(redraws, "SECONDS", 0.5)
    rows = redraws.time_redraws(n_steps=2)
    assert [unit for _, _, unit in rows] == ["ms"] * 3
    assert all(value > 0 for _, value, _ in rows)
    events = int(rows[0][0].split()[-2])
    assert len(VIEWS) < events < 2 * 6 * len(VIEWS)  # some sliders change nothing in some views


def test_the_usual_ways_draw_what_is_timed(clip):
    kept = redraws.keep_figure(clip.wave)
    narrow = Settings(range_db=20)
    for draw in (kept, lambda settings: redraws.draw_anew(clip.wave, settings)):
        first, second = (np.asarray(Image.open(io.BytesIO(draw(s)))) for s in (Settings(), narrow))
        assert first.shape[:2] == (300, 1200)
        assert (first != second).any()
    assert len(palette("magma")) == 768

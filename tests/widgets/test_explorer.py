"""The spectrogram explorer without a browser."""

import asyncio
import io

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from toys.controls import controls
from toys.voices import small_predictor

from sercore import audio
from sercore.corpora import demo
from sercore.errors import BundleError, CorpusError, SercoreError
from sercore.pictures import Clip, Settings, pictures
from sercore.widgets import Explorer, wav_bytes
from sercore.widgets import explorer as module

SR = audio.SAMPLE_RATE


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Four clips of the demo corpus."""
    rows = []
    for stem in ("demo_F1_angry_1_1", "demo_F1_sad_1_1", "demo_F1_sad_1_2", "demo_M1_angry_1_1"):
        path = tmp_path / f"{stem}.wav"
        soundfile.write(path, *demo.render_clip(stem))
        speaker, emotion = stem.split("_")[1:3]
        rows.append([str(path), f"demo/{stem}", f"demo-{speaker}", emotion])
    index = pd.DataFrame(rows, columns=["path", "clip_id", "speaker", "emotion"])
    monkeypatch.setattr(module, "_load_index", lambda corpus: index)
    monkeypatch.setattr(module, "_available_corpora", lambda corpus: ["demo", "tess"])
    return index


def test_second_clip_is_silent_when_it_is_hidden(corpus):
    explorer = Explorer()
    explorer.compare.value = True
    explorer.players[1].playing = True
    explorer.compare.value = False
    assert not explorer.players[1].playing


@pytest.fixture
def explorer(corpus):
    return Explorer()


def test_every_slider_changes_picture(explorer):
    player = explorer.players[0]
    for name, slider in explorer.sliders.items():
        before = player.picture
        slider.value = (500, 4000) if name == "frequency" else slider.max
        assert player.picture != before, name
    assert explorer.settings == Settings(
        window_ms=100, step_ms=20, n_mels=128, fmin=500, fmax=4000, range_db=80, pre_emphasis=0.97
    )


def test_views_overlays_and_text_size_change_picture(explorer):
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


def test_widget_shows_pictures_and_plays_clip(explorer, corpus):
    clip = Clip(audio.load(corpus["path"][1]), "A: sad, demo_F1_sad_1_1")
    assert explorer.players[0].picture == pictures([clip], explorer.settings, size=(1200, 300))[0].png
    np.testing.assert_allclose(
        soundfile.read(io.BytesIO(explorer.players[0].sound))[0], clip.wave, atol=2 / 2**15
    )


def test_lists_determine_clip(explorer):
    chooser, player = explorer.choosers[0], explorer.players[0]
    assert chooser.speaker.options == ("demo-F1", "demo-M1")
    assert chooser.emotion.options == ("sad", "angry")
    chooser.emotion.value = "sad"
    assert [text for text, _ in chooser.clip.options] == ["demo_F1_sad_1_1", "demo_F1_sad_1_2"]
    before = player.sound
    chooser.clip.value = "demo/demo_F1_sad_1_2"
    assert player.sound != before
    assert player.description == "clip A: sad, demo_F1_sad_1_2"
    chooser.speaker.value = "demo-M1"  # has no sad clip
    assert player.description == "clip A: angry, demo_M1_angry_1_1"


def test_own_recordings_come_and_go(corpus, monkeypatch):
    """Takes are added while the explorer is open, and deleted when a person withdraws."""
    monkeypatch.undo()
    recorded = corpus.copy()
    monkeypatch.setattr(module, "_available_corpora", lambda corpus: ["demo", "folder"])
    monkeypatch.setattr(
        module.corpora, "load_index", lambda name: corpus if name == "demo" else recorded.copy()
    )
    module._load_fixed.cache_clear()
    chooser = Explorer().choosers[0]
    chooser.corpus.value = "folder"
    chooser.emotion.value = "angry"
    assert "anna" not in chooser.speaker.options
    recorded.loc[2, "speaker"] = "anna"
    chooser.emotion.value = "sad"
    assert "anna" in chooser.speaker.options
    recorded.loc[2, "speaker"] = "demo-F1"
    chooser.emotion.value = "angry"
    assert "anna" not in chooser.speaker.options
    module._load_fixed.cache_clear()


def test_broken_upload_shows_error(explorer, rng):
    own, player = explorer.choosers[0].own, explorer.players[0]
    before = player.sound
    own.upload._handle_custom_msg({"step": "begin", "name": "broken.wav"}, [])
    own.upload._handle_custom_msg({"step": "part"}, [b"RIFF and nothing more"])
    own.upload._handle_custom_msg({"step": "end"}, [])
    assert "broken.wav: cut off" in own.message.value
    assert player.sound == before
    picture = player.picture
    explorer.sliders["range_db"].value = 30
    assert player.picture != picture
    own.take("mine.wav", wav_bytes(0.1 * rng.standard_normal(SR).astype(np.float32), SR))
    assert own.message.value == ""
    assert player.description == "clip A: mine.wav"


def test_missing_corpus_shows_error(explorer, monkeypatch):
    def missing(corpus):
        raise CorpusError("TESS: not found; download it")

    chooser, picture = explorer.choosers[0], explorer.players[0].picture
    monkeypatch.setattr(module, "_load_index", missing)
    chooser.corpus.value = "tess"
    assert "TESS: not found; download it" in chooser.own.message.value
    assert explorer.players[0].picture == picture
    with pytest.raises(CorpusError, match="'nothing'"):
        Explorer("nothing")
    with pytest.raises(SercoreError, match="must be one of normal, large, projector"):
        Explorer(text="huge")


def test_long_recording_is_truncated(explorer, rng):
    own = explorer.choosers[0].own
    own.take("long.wav", wav_bytes((0.1 * rng.standard_normal(31 * SR)).astype(np.float32), SR))
    assert explorer.players[0].duration == 30.0
    assert "the first 30 s are shown" in own.message.value


def test_two_clips_have_same_axes(explorer):
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


def test_series_of_events_is_drawn_once(corpus, monkeypatch):
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


def test_empty_range_is_widened_and_hints_are_shown(explorer):
    explorer.sliders["frequency"].value = (8000, 8000)
    assert (explorer.settings.fmin, explorer.settings.fmax) == (7500, 8000)
    explorer.sliders["frequency"].value = (2000, 2000)
    assert (explorer.settings.fmin, explorer.settings.fmax) == (2000, 2500)
    explorer.sliders["n_mels"].value = 128
    assert "bands contain no frequency bin" in explorer.note.value
    explorer.view.value, explorer.overlays["F0"].value = "chroma", True
    assert "only drawn in the views spectrogram and mel" in explorer.note.value


def test_controls_are_labelled_in_order(explorer):
    found = controls(explorer)
    words = [getattr(control, "description", type(control).__name__) for control in found]
    sources, sliders = words[:6], words[6:12]
    assert sources == ["Corpus A", "Speaker", "Emotion", "Clip", "Upload a recording", "Recorder"]
    assert sliders[:3] == ["window (ms)", "step (ms)", "mel bands"]
    assert sliders[3:] == ["range (Hz)", "range (dB)", "pre-emphasis"]
    assert words[12:17] == ["View", "F0", "formants", "compare two clips", "predict clip A"]
    assert words[17:] == ["Text size", "clip A: sad, demo_F1_sad_1_1", "the sound"]


def test_widget_has_notebook_representation(explorer):
    assert "application/vnd.jupyter.widget-view+json" in explorer._repr_mimebundle_()


def test_level_of_clip_changes_its_prediction(explorer, monkeypatch, rng):
    monkeypatch.setattr("sercore.widgets.level.get_predictor", lambda bundle: small_predictor())
    monkeypatch.setattr("sercore.widgets.level.speech_predictor", lambda bundle: small_predictor())
    explorer.predict.value = True
    probe, whole = explorer.probe, explorer.players[0].sound
    assert probe.synthetic
    assert explorer._below.children == (probe,)
    probe.level.value = -20.0
    assert explorer.players[0].sound != whole
    assert probe.proba != probe.original
    explorer.predict.value = False
    assert explorer._below.children == ()
    assert explorer.players[0].sound == whole
    explorer.predict.value = True
    mine = wav_bytes((0.1 * rng.standard_normal(SR)).astype(np.float32), SR)
    explorer.choosers[0].own.take("mine.wav", mine)
    assert not explorer.probe.synthetic  # an upload is predicted by the model for people
    assert explorer.players[0].description == "clip A: mine.wav"


def test_probes_are_made_once_for_each_kind_of_voice(explorer, monkeypatch):
    """Widgets are never freed, so a change between own recordings and the demo corpus must not add any."""
    for name in ("get_predictor", "speech_predictor"):
        monkeypatch.setattr(f"sercore.widgets.level.{name}", lambda bundle: small_predictor())
    explorer.predict.value = True
    chooser, probes = explorer.choosers[0], []
    for _ in range(3):
        probes.append(explorer.probe)
        chooser._choose(0.1 * np.sin(np.arange(SR, dtype=np.float32)), "mine")
        probes.append(explorer.probe)
        chooser._changed({"owner": chooser.clip})
    assert [probe.synthetic for probe in probes] == [True, False] * 3
    assert len(set(map(id, probes))) == 2


def test_prediction_without_model_shows_why(explorer, monkeypatch):
    def missing(bundle):
        raise BundleError("no model")

    monkeypatch.setattr("sercore.widgets.level.get_predictor", missing)
    explorer.predict.value = True
    assert "no model" in explorer.note.value
    assert explorer._below.children == ()

"""Occlusion with sliders, without a browser."""

import io

import numpy as np
import pytest
import soundfile
from toys.voices import small_predictor

from sercore import features
from sercore.synth.knobs import Voice
from sercore.widgets import Occluding


@pytest.fixture(scope="module")
def predictor():
    return small_predictor()


def test_sliders_change_picture_sound_and_probabilities(predictor):
    widget = Occluding(bundle=predictor)
    whole = features.prepare(Voice().preset("surprised").speak()[0], widget.recipe)
    np.testing.assert_array_equal(widget.wave, whole)
    widget.time.value, before = (0.5, 1.0), widget.player.picture
    heard = soundfile.read(io.BytesIO(widget.player.sound))[0]
    assert np.abs(heard[9000:15000]).max() < 0.02 * np.abs(whole[9000:15000]).max()
    np.testing.assert_allclose(heard[:7000], whole[:7000], atol=1e-3)
    before_bands = widget.proba
    widget.bands.value = (0, 20)
    cover = widget.cover
    assert (cover.start, cover.end, cover.lowest, cover.highest) == (0.5, 1.0, 0, 20)
    assert widget.player.picture != before
    widget.mode.value = True
    assert widget.cover.keep
    assert widget.proba != before_bands


def test_synthetic_sentence_at_another_sample_rate():
    options = {"answer": lambda mask: np.array([0.5, 0.5]), "classes": ("a", "b")}
    wave, sr = Voice().preset("surprised").speak()
    assert Occluding(recipe="s1_mel", **options).player.duration == pytest.approx(len(wave) / sr, abs=0.02)


def test_opens_on_the_third_that_matters_most():
    """A model that needs the second third of the clip."""

    def answer(mask):
        thirds = np.array_split(mask.mean(axis=1), 3)
        lost = 0.8 * thirds[1].mean() + 0.1 * thirds[0].mean()
        return np.array([0.9 - lost, 0.1 + lost])

    widget = Occluding(answer=answer, classes=("calm", "happy"))
    start, end = widget.time.value
    assert start == pytest.approx(widget.time.max / 3, abs=0.01)
    assert end == pytest.approx(2 * widget.time.max / 3, abs=0.01)
    assert widget.proba["calm"] < 0.2 < widget.whole["calm"]


def test_default_model_is_named_and_is_for_people_if_the_clip_is(predictor, monkeypatch):
    asked = []
    for name in ("get_predictor", "speech_predictor"):
        monkeypatch.setattr(
            f"sercore.widgets.occluding.{name}", lambda _, name=name: asked.append(name) or predictor
        )
    assert "Trained on" in Occluding().about.value
    Occluding(Voice().speak()[0])
    assert asked == ["get_predictor", "speech_predictor"]


def test_occluding_everything_shows_error(predictor):
    widget = Occluding(bundle=predictor)
    widget.time.value = (0.0, widget.time.max)
    assert 'role="alert"' in widget.message.value
    assert "silent" in widget.message.value
    widget.time.value = (0.0, 0.2)
    assert 'role="alert"' not in widget.message.value
    assert "percent" in widget.bars.value


def test_own_model_receives_mask():
    masks = []

    def answer(mask):
        masks.append(mask)
        return np.array([mask.mean(), 1 - mask.mean()])

    recipe = features.Recipe(n_mels=40, hop_length=320, descriptors=("log_mel",))
    wave = Voice().speak()[0]
    widget = Occluding(wave, answer, classes=("gone", "left"), recipe=recipe, title="mine")
    n_frames = 1 + len(features.prepare(wave, recipe)) // 320
    assert {mask.shape for mask in masks} == {(n_frames, 40)}
    assert widget.whole == {"gone": 0.0, "left": 1.0}
    widget.mode.value = True
    assert widget.proba["gone"] == pytest.approx(masks[-1].mean())
    assert 0.5 < widget.proba["gone"] < 0.8

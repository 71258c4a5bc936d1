"""Pictures of the widgets: views of clips, the synthetic voice, and their settings."""

import io
from dataclasses import fields, replace

import librosa
import numpy as np
import pytest
from PIL import Image

from sercore import features
from sercore.audio import SAMPLE_RATE, convert
from sercore.course.benchmarks import widgets as redraws
from sercore.errors import RecipeError, SercoreError
from sercore.features.spectrum import mel_centres
from sercore.interpret.sonification import OcclusionBox
from sercore.pictures import Clip, Settings, analysis, pictures, views, voice_picture
from sercore.pictures.analysis import VIEWS, empty_bands
from sercore.pictures.canvas import CURVES, N_SHADES, box_of
from sercore.synth.knobs import BODIES, KNOBS, Voice

SR = SAMPLE_RATE


@pytest.fixture(scope="module")
def clip():
    return redraws.synthetic(2.0)


def indices(drawn) -> np.ndarray:
    """Palette indices of a picture, [shape=(height, width)]."""
    return np.asarray(Image.open(io.BytesIO(drawn.png))).astype(int)


def shades(drawn) -> np.ndarray:
    """Palette indices inside the axes, 0 is darkest, [shape=(height, width)]."""
    found = indices(drawn)
    box = box_of((found.shape[1], found.shape[0]), 15, True)
    return found[box.top + 1 : box.bottom - 1, box.left + 1 : box.right - 1]


@pytest.mark.parametrize("view", VIEWS)
def test_time_axis_of_every_view(clip, view):
    (drawn,) = pictures([clip], Settings(view=view), size=(800, 300))
    assert indices(drawn).shape == (300, 800)
    assert (drawn.start, drawn.stop) == (0.0, pytest.approx(2.0))
    assert 0.05 < drawn.left < drawn.right < 1.0
    assert drawn.png != pictures([clip], Settings(view=VIEWS[VIEWS.index(view) - 1]), size=(800, 300))[0].png


@pytest.mark.parametrize("setting", [f.name for f in fields(Settings) if f.name not in ("view", "overlays")])
def test_every_setting_changes_picture(clip, setting):
    other = {"window_ms": 60, "step_ms": 5, "n_mels": 40, "fmin": 500, "fmax": 4000, "range_db": 40}
    other |= {"pre_emphasis": 0.9, "font_size": 20}
    changed = replace(Settings(), **{setting: other[setting]})
    assert pictures([clip], changed)[0].png != pictures([clip], Settings())[0].png


def test_tone_is_drawn_at_its_frequency():
    tone = Clip((0.3 * np.sin(2 * np.pi * 3000 * np.arange(SR) / SR)).astype(np.float32))
    linear, mel = (shades(pictures([tone], Settings(view=view))[0]) for view in ("spectrogram", "mel"))
    row = np.nonzero(linear[:, 500] >= N_SHADES - 8)[0].mean()
    assert 1 - row / len(linear) == pytest.approx(3000 / 8000, abs=0.01)
    row = np.nonzero(mel[:, 500] >= N_SHADES - 8)[0].mean()
    assert 1 - row / len(mel) == pytest.approx(librosa.hz_to_mel(3000) / librosa.hz_to_mel(8000), abs=0.02)


def test_two_clips_have_common_axes_and_levels(clip):
    soft = Clip(0.1 * clip.wave[:SR], "soft")
    for view in ("spectrogram", "mel"):
        settings = Settings(view=view, range_db=80)
        loud_one, soft_one = pictures([clip, soft], settings)
        assert (soft_one.start, soft_one.stop) == (loud_one.start, loud_one.stop)
        half = shades(loud_one).shape[1] // 2
        loud_shades, soft_shades = shades(loud_one)[:, 50 : half - 50], shades(soft_one)[:, 50 : half - 50]
        top = (shades(loud_one) == N_SHADES - 1).mean()
        assert top < 0.02  # no level is above 0 dB
        assert view == "spectrogram" or top > 0  # a mel band is several pixels high
        bright = loud_shades > 150
        drop = (loud_shades[bright] - soft_shades[bright]).mean() * 80 / (N_SHADES - 1)
        assert drop == pytest.approx(20, abs=1.0)  # decibels
        assert (shades(soft_one)[:, half + 10 :] == N_SHADES).all()  # white after its end


def test_overlays_are_drawn_at_their_frequency(clip):
    settings = Settings(view="spectrogram", fmax=4000, overlays=("F0", "formants"))
    found = shades(pictures([clip], settings)[0])
    hertz = (1 - (np.nonzero(found == CURVES["F0"].index)[0] + 0.5) / len(found)) * 4000
    assert np.median(hertz) == pytest.approx(np.nanmedian(analysis.f0(clip)), abs=25)
    assert (found == CURVES["formants"].index).sum() > 500
    assert not (shades(pictures([clip], Settings())[0]) > N_SHADES).any()


def test_fourier_transform_is_cached(clip):
    pictures([clip], Settings())
    done = analysis.power.cache_info().misses
    for change in ({"n_mels": 40}, {"fmax": 5000.0}, {"range_db": 33}, {"view": "MFCC"}, {"view": "chroma"}):
        pictures([clip], replace(Settings(), **change))
    assert analysis.power.cache_info().misses == done
    assert analysis.spectrum(clip, Settings(n_mels=40)).power is analysis.power(clip, 25.0, 10.0, 0.0)
    pictures([clip], Settings(window_ms=31))
    assert analysis.power.cache_info().misses == done + 1


def test_levels_equal_those_of_features(clip):
    recipe = Settings(window_ms=25, n_mels=64, fmin=50.0).recipe
    expected = features.Spectrum(clip.wave, recipe).log_mel
    np.testing.assert_array_equal(analysis.spectrum(clip, Settings(fmin=50.0)).log_mel, expected)


def test_invalid_settings(clip):
    with pytest.raises(SercoreError, match="view must be one of waveform"):
        Settings(view="wavelet")
    with pytest.raises(SercoreError, match="overlays must be among F0"):
        Settings(overlays=("jitter",))
    with pytest.raises(RecipeError, match="mel range"):
        pictures([clip], Settings(fmin=3000, fmax=3000))


def test_empty_bands():
    assert empty_bands(Settings()) == 0
    assert empty_bands(Settings(n_mels=128, fmin=1000, fmax=1500)) > 50


@pytest.mark.parametrize("body", BODIES)
def test_lowest_pitch_of_the_voice_lab_is_on_the_axis(body):
    lowest = {name: KNOBS[name].low for name in ("f0_level", "f0_slope", "f0_final")}
    wave, sr = Voice().body(body).turn(**lowest).speak()
    f0 = features.Spectrum(convert(wave, sr), features.get_recipe("default")).pitch[0]
    assert np.nanmin(f0) >= views.HERTZ[0]


@pytest.mark.parametrize("band", [(50.0, 8000.0), (300.0, 3000.0)])
def test_frequencies_of_the_occlusion_picture_are_those_of_its_bands(band, monkeypatch):
    recipe = replace(features.get_recipe("log_mel"), fmin=band[0], fmax=band[1])
    axes, picture = [], views.Picture
    monkeypatch.setattr(views, "Picture", lambda x, y, **options: axes.append(y) or picture(x, y, **options))
    spectrum = features.Spectrum(np.random.default_rng(0).normal(size=16_000).astype("f4") / 9, recipe)
    views.cover_picture(spectrum, OcclusionBox(0.2, 0.4, 3, 9))
    (bands,) = axes
    centres = mel_centres(recipe)
    assert len(bands.ticks) > 1
    for place, label in bands.ticks:
        np.testing.assert_allclose(np.interp(place, np.arange(len(centres)), centres), float(label))


def test_voice_picture_shows_level_pitch_and_rate():
    voice = Voice()
    plain, loud, high, fast = (
        voice_picture(*v.speak())
        for v in (voice, voice.turn(loudness=15), voice.turn(f0_level=10), voice.turn(rate=6.2))
    )
    assert len({(d.left, d.right, d.start, d.stop) for d in (plain, loud, high, fast)}) == 1
    grey = [
        np.asarray(Image.open(io.BytesIO(d.png)).convert("L")).astype(int) for d in (plain, loud, high, fast)
    ]
    width, height = 900, 270
    assert all(g.shape == (height, width) for g in grey)
    inside = np.s_[30:220, 80:500]
    assert grey[1][inside].mean() > 1.3 * grey[0][inside].mean()

    def rows_of_pitch(drawn):
        rgb = np.asarray(Image.open(io.BytesIO(drawn.png)).convert("RGB")).astype(int)
        line = (np.abs(rgb - (0, 229, 255)).sum(axis=2) < 60)[30:220]
        return np.nonzero(line)[0].mean()

    assert rows_of_pitch(high) < rows_of_pitch(plain) - 15
    spoken = [(g[30:220, 80:800] < 250).mean() for g in (grey[0], grey[3])]
    assert spoken[1] < 0.85 * spoken[0]

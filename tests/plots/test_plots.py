"""Figures of clips and corpora, colours, and style."""

import itertools
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib_inline import backend_inline

from sercore import features, labels, plots
from sercore.labels import EMOTIONS
from sercore.plots.style import SERIES
from sercore.splits import Fold

mpl.use("Agg")
SR = 16_000


@pytest.fixture(scope="module")
def wave():
    """One second of a loud, then a soft tone of 220 Hz with overtones."""
    t = np.arange(SR) / SR
    tone = sum(np.sin(2 * np.pi * 220 * k * t) / k for k in range(1, 8))
    return (0.3 * tone * np.where(t < 0.5, 1.0, 0.1)).astype(np.float32)


@pytest.fixture(scope="module")
def tracks(wave):
    return features.compute(wave, tuple(features.DESCRIPTORS))


@pytest.fixture(scope="module")
def index():
    """Three speakers, one of unknown sex, and three emotions."""
    rows = [
        {
            "speaker": f"demo-{who}",
            "sex": sex,
            "emotion": emotion,
            "intensity": "",
        }
        for who, sex in (("F1", "female"), ("M1", "male"), ("X1", ""))
        for emotion in ("surprised", "angry", "neutral")
        for _ in range(3 if emotion == "angry" else 2)
    ]
    return pd.DataFrame(rows)


def drawn(name, ax, wave, tracks, index):
    """Call a function with toy data."""
    spectrum = features.Spectrum(wave, features.get_recipe("default"))
    values = np.arange(len(index), dtype=float)
    calls = {
        "waveform": lambda: plots.waveform(wave, SR, ax=ax),
        "spectrum": lambda: plots.spectrum(spectrum, ax=ax),
        "spectrogram": lambda: plots.spectrogram(spectrum, fmax=4000, ax=ax),
        "pitch": lambda: plots.pitch(tracks["f0"], ax=ax),
        "descriptor-image": lambda: plots.descriptor(tracks["log_mel"], "log_mel", ax=ax),
        "descriptor-curve": lambda: plots.descriptor(tracks["centroid"], "centroid", ax=ax),
        "class_counts": lambda: plots.class_counts(index, ax=ax),
        "class_counts-by": lambda: plots.class_counts(index, by="sex", ax=ax),
        "speaker_counts": lambda: plots.speaker_counts(index, ax=ax),
        "by_emotion": lambda: plots.by_emotion(values, index["emotion"], label="level (dB)", ax=ax),
        "by_speaker": lambda: plots.by_speaker(values, index, label="level (dB)", ax=ax),
        "split_map": lambda: plots.split_map(index, FOLD, ax=ax),
    }
    return calls[name]()


FOLD = Fold("fold-1", np.arange(7, 21), np.arange(7))
LABELS = {
    "waveform": ("(s)", "full scale"),
    "spectrum": ("(Hz)", "(dB"),
    "spectrogram": ("(s)", "(Hz)"),
    "pitch": ("(s)", "(Hz)"),
    "descriptor-image": ("(s)", "(Hz)"),
    "descriptor-curve": ("(s)", "(Hz)"),
    "class_counts": ("clips", ""),
    "class_counts-by": ("clips", ""),
    "speaker_counts": ("speaker", ""),
    "by_emotion": ("(dB)", ""),
    "by_speaker": ("speaker", ""),
    "split_map": ("clips", "speaker"),
}


@pytest.mark.parametrize("name", LABELS)
def test_axes_and_units(name, wave, tracks, index):
    import matplotlib.pyplot as plt

    plt.close("all")
    settings = dict(mpl.rcParams)
    ax = Figure().subplots()
    assert drawn(name, ax, wave, tracks, index) is ax
    assert ax.has_data()
    assert LABELS[name][0] in ax.get_xlabel()
    assert LABELS[name][1] in ax.get_ylabel()
    ax.figure.canvas.draw()
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == settings


@pytest.mark.parametrize("name", LABELS)
def test_new_figure_without_axes(name, wave, tracks, index):
    import matplotlib.pyplot as plt

    plt.close("all")
    ax = drawn(name, None, wave, tracks, index)
    assert plt.get_fignums() == [ax.figure.number]
    plt.close("all")


@pytest.mark.parametrize("name", list(features.DESCRIPTORS))
def test_every_descriptor(name, tracks):
    ax = plots.descriptor(tracks[name], name, ax=Figure().subplots())
    assert bool(ax.images) == (len(tracks[name]) > 1)
    assert ax.get_ylabel() not in ("", name), "an axis label with a unit or a name"


@pytest.mark.parametrize("name", ["wave", "log_mel", "mfcc", "f0", "rms_db"])
def test_side_by_side_has_common_range(name, wave):
    waves = {"angry": wave, "sad": 0.01 * wave[: SR // 2]}
    if name != "wave":
        waves = {key: features.compute(w, (name,))[name] for key, w in waves.items()}
    axes = plots.side_by_side(waves, name, axes=Figure().subplots(1, 2))
    assert [ax.get_title(loc="center") or ax.get_title(loc="left") for ax in axes] == ["angry", "sad"]
    assert axes[0].get_xlim() == axes[1].get_xlim()
    if axes[0].images:
        assert axes[0].images[0].get_clim() == axes[1].images[0].get_clim()
    else:
        assert axes[0].get_ylim() == axes[1].get_ylim()


def test_side_by_side_grid_has_no_empty_panels(wave):
    import matplotlib.pyplot as plt

    axes = plots.side_by_side({name: wave for name in "abcde"}, "wave", n_columns=3)
    assert len(axes) == 5
    plt.close("all")


def test_spectrogram_cells_are_centred(wave):
    spectrum = features.Spectrum(wave, features.get_recipe("default"))
    ax = plots.spectrogram(spectrum, fmax=2000, ax=Figure().subplots())
    left, right, bottom, top = ax.images[0].get_extent()
    n_bins, n_frames = ax.images[0].get_array().shape
    bin_hz, hop_s = SR / 1024, 0.01
    assert (left, bottom) == pytest.approx((-hop_s / 2, -bin_hz / 2), rel=1e-5)
    assert (right, top) == pytest.approx(((n_frames - 0.5) * hop_s, (n_bins - 0.5) * bin_hz), rel=1e-5)


def test_pitch_in_hertz(tracks):
    line = plots.pitch(tracks["f0"], ax=Figure().subplots()).lines[0]
    assert np.nanmedian(line.get_ydata()) == pytest.approx(220, rel=0.01)


def test_class_counts(index):
    ax = plots.class_counts(index, by="sex", ax=Figure().subplots())
    assert sum(bar.get_width() for bar in ax.patches) == len(index)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["neutral", "angry", "surprised"]
    assert [text.get_text() for text in ax.texts] == ["6", "9", "6"]
    assert "not given" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_by_speaker_groups_by_sex(index):
    values = index["speaker"].map({"demo-F1": 1.0, "demo-M1": 2.0, "demo-X1": np.nan})
    values[0] = 5.0  # an outlier does not change the median of three clips
    ax = plots.by_speaker(values, index.assign(emotion="angry"), label="x (s)", ax=Figure().subplots())
    np.testing.assert_allclose(ax.images[0].get_array(), [[1.0, 2.0]])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["F1", "M1"]
    assert [text.get_text() for text in ax.texts] == ["female", "male"]


def test_split_map(index):
    cells = plots.split_map(index, FOLD, ax=Figure().subplots()).collections[0].get_array()
    np.testing.assert_array_equal(np.ma.filled(cells, np.nan), [[1] * 7, [0] * 7, [0] * 7])


def test_by_emotion_ignores_nan(index):
    values = np.where(index["emotion"] == "angry", np.nan, 1.0)
    ax = plots.by_emotion(values, index["emotion"], label="x (s)", ax=Figure().subplots())
    assert [text.get_text() for text in ax.get_yticklabels()] == ["neutral", "surprised"]


def test_limits_of_track_without_values():
    assert plots.limits_of([np.full((1, 5), np.nan)], "f0") == (0.0, 1.0)


def test_sort_emotions():
    assert labels.sort_emotions(["surprised", "other", "neutral", "neutral"]) == [
        "neutral",
        "surprised",
        "other",
    ]


# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB
COLOR_VISION = {
    "full": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def cielab(color, vision):
    """CIELAB values of a colour as seen with a kind of colour vision."""
    rgb = np.array(mpl.colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(COLOR_VISION[vision]) @ linear, 0, 1)
    x, y, z = np.cbrt(_TO_XYZ @ seen / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", COLOR_VISION)
@pytest.mark.parametrize(
    "palette",
    [plots.EMOTION_COLORS, plots.SEX_COLORS, {color: color for color, _, _ in SERIES}],
    ids=["emotion", "sex", "series"],
)
def test_colors_are_distinct_for_color_vision(palette, vision):
    distances = {
        (a, b): np.linalg.norm(cielab(palette[a], vision) - cielab(palette[b], vision))
        for a, b in itertools.combinations(palette, 2)
    }
    assert min(distances.values()) > 20, min(distances, key=distances.get)


def test_series_differ_in_grey_prints():
    assert len({marker for _, marker, _ in SERIES}) == len({line for _, _, line in SERIES}) == len(SERIES)


def test_every_figure_is_drawn_by_a_test():
    """So that the fixture of this folder sees the colours of all of them."""
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    helpers = {"color_of", "limits_of", "new_axes", "use_course_style"}
    names = [name for name in plots.__all__ if callable(getattr(plots, name)) and name not in helpers]
    assert len(names) > 40
    assert [name for name in names if f"plots.{name}(" not in text] == []


def test_all_emotions_have_colors_and_descriptors_labels():
    assert tuple(plots.EMOTION_COLORS) == EMOTIONS
    assert set(features.DESCRIPTORS) <= set(plots.LABELS)


def test_course_style():
    with mpl.rc_context():
        plots.use_course_style()
        width = mpl.rcParams["figure.dpi"] * mpl.rcParams["figure.figsize"][0]
        assert 900 <= width <= 1000
        assert mpl.rcParams["font.size"] * mpl.rcParams["figure.dpi"] / 72 > 16  # pixels
        cycle = [one["color"] for one in mpl.rcParams["axes.prop_cycle"]]
        assert cycle == [color for color, _, _ in SERIES]


@pytest.mark.parametrize("kernel", [True, False])
def test_images_in_notebooks_have_two_pixels_per_displayed_pixel(monkeypatch, kernel):
    formats = []
    monkeypatch.setattr(backend_inline, "set_matplotlib_formats", formats.append)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if kernel:
        monkeypatch.setitem(sys.modules, "ipykernel", sys)
    with mpl.rc_context():
        plots.use_course_style()
    assert formats == (["retina"] if kernel else [])


def test_import_is_light():
    code = (
        "import sys, sercore.plots.style; print([m for m in ('tensorflow', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_counts_include_clips_without_a_value():
    index = pd.DataFrame({"emotion": ["sad"] * 3 + ["happy"] * 2, "age": [30, np.nan, 30, np.nan, 40]})
    ax = plots.class_counts(index, by="age")
    assert sorted(text.get_text() for text in ax.texts) == ["2", "3"]
    assert "not given" in [text.get_text() for text in ax.get_legend().get_texts()]

"""Figures of feature extraction and of feature tables."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color, to_hex

from sercore import features, plots
from sercore.plots.style import BLUE

SR = 16_000
RECIPE = features.get_recipe("default")
HOP_S = RECIPE.hop_length / RECIPE.sr


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def axes():
    return plt.subplots(3, 1)[1]


def voice(f0, *, seconds=0.6):
    """A harmonic tone."""
    t = np.arange(int(seconds * SR)) / SR
    return (0.1 * sum(np.sin(2 * np.pi * k * f0 * t) / k for k in range(1, 8))).astype(np.float32)


SHARES = pd.DataFrame({"emotion": [0.1, 0.5], "speaker": [0.3, 0.2]}, index=["f0", "mfcc"])
DRAWINGS = {
    "stft_window": lambda ax: plots.stft_window(voice(200), SR, ax=ax),
    "mel_bank": lambda ax: plots.mel_bank(ax=ax),
    "cepstral_envelope": lambda ax: plots.cepstral_envelope(np.arange(64.0), ax=ax),
    "chroma_and_pitch": lambda ax: plots.chroma_and_pitch(voice(200), ax=ax),
    "track_functionals": lambda ax: plots.track_functionals(np.arange(9.0), HOP_S, label="pitch (Hz)", ax=ax),
    "scatter_by": lambda ax: plots.scatter_by(np.eye(2), ["happy", "sad"], ax=ax),
    "explained_shares": lambda ax: plots.explained_shares(SHARES, ax=ax),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_axes_and_labels(name, axes):
    n_figures = len(plt.get_fignums())
    returned = DRAWINGS[name](axes[0])
    assert returned is axes[0]
    assert returned.has_data()
    assert returned.get_xlabel()
    assert len(plt.get_fignums()) == n_figures


@pytest.mark.parametrize("name", DRAWINGS)
def test_new_figure_without_axes(name):
    assert DRAWINGS[name](None).figure.number in plt.get_fignums()


def n_ridges(ax):
    """Number of horizontal lines of a spectrogram: peaks within 20 dB of the maximum."""
    level = np.asarray(ax.images[0].get_array()).mean(axis=1)
    inner = level[1:-1]
    return np.count_nonzero((inner > level[:-2]) & (inner >= level[2:]) & (inner > level.max() - 20))


def test_long_windows_resolve_frequency_and_short_windows_time():
    t = np.arange(SR // 2) / SR
    two_tones = (0.1 * np.sin(2 * np.pi * 1000 * t) + 0.1 * np.sin(2 * np.pi * 1060 * t)).astype(np.float32)
    two_tones[SR // 4 : SR // 4 + 160] = 0  # 10 ms of silence
    long, short = (plots.stft_window(two_tones, SR, window_ms=ms, hop_ms=2) for ms in (100, 5))
    assert n_ridges(long) == 2
    assert n_ridges(short) == 1

    def dip(ax):
        level = np.asarray(ax.images[0].get_array()).max(axis=0)
        middle = len(level) // 2
        return level[middle - 50 : middle - 25].mean() - level[middle - 2 : middle + 8].min()

    assert dip(short) > dip(long) + 20


def test_stft_window_title_and_limits():
    ax = plots.stft_window(voice(200), SR, window_ms=12.5, hop_ms=3, fmax=2000)
    assert "12.5 ms" in ax.get_title()
    assert "3 ms" in ax.get_title()
    assert ax.get_ylim()[1] == pytest.approx(2000, abs=10)
    assert ax.images[0].get_array().shape[1] == 1 + len(voice(200)) // 48
    assert ax.images[0].get_cmap().N == 14, "one shade per 5 dB"
    assert ax.images[0].get_interpolation() == "nearest", "no smoothing"


def test_stft_window_longer_than_default_fft():
    assert plots.stft_window(voice(200), SR, window_ms=200).has_data()


def test_mel_filters_are_ordered_and_normalised():
    ax = plots.mel_bank(every=8)
    lines = [line for line in ax.get_lines() if same_color(line.get_color(), BLUE)]
    assert len(ax.get_lines()) - len(lines) == RECIPE.n_mels
    assert len(lines) == RECIPE.n_mels // 8
    peaks = [line.get_xdata()[np.argmax(line.get_ydata())] for line in lines]
    assert np.all(np.diff(peaks) > 0)
    assert [line.get_ydata().max() for line in lines] == pytest.approx([1.0] * len(lines))
    assert [line.get_ydata()[[0, -1]].max() for line in lines[1:]] == pytest.approx([0.0] * (len(lines) - 1))
    assert ax.get_title() == f"{RECIPE.n_mels} mel filters, every 8th in blue"


def test_cepstral_envelope_of_all_and_of_one_coefficient(rng):
    frame = rng.normal(-40, 10, RECIPE.n_mels)
    drawn, whole, flat = plots.cepstral_envelope(frame, n_mfcc=(RECIPE.n_mels, 1)).get_lines()
    np.testing.assert_allclose(drawn.get_ydata(), frame)
    np.testing.assert_allclose(whole.get_ydata(), frame)
    np.testing.assert_allclose(flat.get_ydata(), frame.mean())


def test_cepstral_envelope_tick_labels():
    ax = plots.cepstral_envelope(np.zeros(RECIPE.n_mels))
    written = [float(tick.get_text()) for tick in ax.get_xticklabels()]
    assert np.all(np.diff(written) > 0)
    assert RECIPE.fmin < written[0] < written[-1] < RECIPE.fmax


def test_feature_tracks_equal_compute(axes):
    names = ("log_mel", "centroid", "zcr")
    drawn = plots.feature_tracks(voice(200), names, axes=axes)
    tracks = features.compute(voice(200), names)
    assert drawn is axes
    np.testing.assert_array_equal(axes[0].images[0].get_array(), tracks["log_mel"])
    for ax, name in zip(axes[1:], names[1:], strict=True):
        np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), tracks[name][0])
        assert ax.get_title() == plots.LABELS[name].replace("\n", " ")
    assert [bool(ax.get_xlabel()) for ax in axes] == [False, False, True]


def test_feature_tracks_panels_of_images_are_higher():
    image, curve = plots.feature_tracks(voice(200), ("mfcc", "rms_db"))
    image.figure.draw_without_rendering()
    assert image.get_position().height > 1.5 * curve.get_position().height


def test_autocorrelation_marks_period_of_voiced_frame(rng):
    frame = 30
    recipe = features.get_recipe("default")
    wave, noise = voice(200), rng.normal(0, 0.1, SR // 2).astype(np.float32)
    left, right = plots.autocorrelation(features.Spectrum(voice(200), recipe), frame)
    start = frame * recipe.hop_length - recipe.win_length // 2
    np.testing.assert_array_equal(left.get_lines()[0].get_ydata(), wave[start : start + recipe.win_length])
    assert right.get_lines()[1].get_ydata()[0] == 1.0
    marked = right.get_lines()[2]
    assert marked.get_xdata()[0] == pytest.approx(5.0, abs=0.05)
    assert "200 Hz" in marked.get_label()
    _, right = plots.autocorrelation(features.Spectrum(noise, recipe), frame)
    assert len(right.get_lines()) == 2


@pytest.mark.parametrize(("f0", "row"), [(220.0, 9), (261.6, 0), (130.8, 0), (246.9, 11)])
def test_chroma_and_pitch_folds_pitch(f0, row):
    ax = plots.chroma_and_pitch(voice(f0))
    dots = ax.get_lines()[0].get_ydata()
    assert np.nanmedian(dots) == pytest.approx(row, abs=0.3)
    assert np.nanmin(dots) >= -0.5
    assert np.nanmax(dots) < 11.5


def test_functionals_ignore_nan(rng):
    track = np.concatenate([[np.nan] * 5, rng.normal(200, 20, 50), [np.nan] * 5])
    ax = plots.track_functionals(track, HOP_S, label="pitch (Hz)")
    at = {line.get_label().split(" = ")[0]: line.get_ydata()[0] for line in ax.get_lines()[1:]}
    known = track[np.isfinite(track)]
    assert at == pytest.approx(
        {"mean": known.mean(), "p5": np.percentile(known, 5), "p95": np.percentile(known, 95)}
    )
    assert ax.get_ylabel() == "pitch (Hz)"
    assert ax.get_xlim()[1] == pytest.approx(len(track) * HOP_S)


def test_functionals_of_track_without_values():
    ax = plots.track_functionals(np.full(20, np.nan), HOP_S)
    assert len(ax.get_lines()) == 1
    assert ax.get_legend() is None


def test_scatter_by_emotion(rng):
    emotions = np.array(["sad", "happy", "sad", "angry"])
    points = rng.normal(size=(4, 2))
    ax = plots.scatter_by(points, emotions)
    drawn = {c.get_label(): c for c in ax.collections if len(c.get_offsets())}
    assert list(drawn) == ["happy", "sad", "angry"]
    np.testing.assert_allclose(drawn["sad"].get_offsets(), points[emotions == "sad"])
    assert to_hex(drawn["sad"].get_facecolor()[0]) == plots.EMOTION_COLORS["sad"]


def test_scatter_by_many_speakers(rng):
    speakers = [f"crema_d-{k}" for k in range(1001, 1031)] * 2
    ax = plots.scatter_by(rng.normal(size=(60, 2)), speakers, max_groups=5, title="by speaker")
    assert len(ax.get_legend().get_texts()) == 5
    assert sum(len(c.get_offsets()) for c in ax.collections) == 60
    assert len({to_hex(c.get_facecolor()[0]) for c in ax.collections}) == 6
    assert ax.get_title() == "by speaker"


def test_explained_shares():
    ax = plots.explained_shares(SHARES)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.1, 0.5, 0.3, 0.2])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["emotion", "speaker"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["f0", "mfcc"]

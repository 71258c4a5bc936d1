"""Figures of predictions over a long recording."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from toys.voices import CLASSES, small_predictor

from sercore import plots
from sercore.bundle import Recording, Windows

mpl.use("Agg")


def window(start, end, *proba):
    return {"start": start, "end": end, "label": "a", "proba": dict(zip("abc", proba, strict=True))}


def test_timeline_stacks_probabilities():
    rows = [
        {"start": 0, "end": 2, "proba": {"happy": 1.0, "sad": 0.0}},
        {"start": 1, "end": 3, "proba": {"happy": 0.0, "sad": 1.0}},
    ]
    ax = plots.timeline(rows, ("happy", "sad"))
    happy, sad = ax.collections
    assert [tuple(c.get_facecolor()[0][:3]) for c in (happy, sad)] == [
        to_rgb(plots.color_of(name)) for name in ("happy", "sad")
    ]
    assert happy.get_paths()[0].contains_point((1.5, 49))
    assert sad.get_paths()[0].contains_point((1.5, 51))
    assert not happy.get_paths()[0].contains_point((2.5, 1))
    assert ax.get_ylim() == (0, 100)
    assert "s)" in ax.get_xlabel()
    assert plots.timeline(rows[:1], ("happy", "sad"), ax=ax) is ax
    assert len(ax.collections) == 2


def test_timeline_is_empty_without_prediction():
    silent = {"start": 2, "end": 4, "error": "silent", "message": "…"}
    rows = [window(0, 2, 1.0, 0, 0), window(1, 3, 0, 1.0, 0), silent]
    ax = plots.timeline(rows, ("a", "b", "c"))
    assert not any(path.contains_point((3.5, 50)) for c in ax.collections for path in c.get_paths())
    assert any(path.contains_point((2.5, 50)) for c in ax.collections for path in c.get_paths())


def test_recording_shows_wave_probabilities_and_truth():
    predictor, short = small_predictor(), Recording.synthetic(("sad", "angry"), sentences=1)
    rows = short.predict(predictor, Windows(1.5, 0.5))
    above, below = plots.recording(short.wave, short.sr, rows, CLASSES, truth=short.truth)
    assert above.get_xlim() == below.get_xlim() == (0, pytest.approx(len(short.wave) / short.sr))
    meant = [text.get_text() for text in below.texts]
    assert meant[:2] == ["sad", "angry"]
    names = [text.get_text() for text in below.get_legend().get_texts()]
    assert names == list(CLASSES)[::-1]
    extent = above.collections[0].get_paths()[0].get_extents()
    np.testing.assert_allclose([extent.y0, extent.y1], [short.wave.min(), short.wave.max()], rtol=1e-5)

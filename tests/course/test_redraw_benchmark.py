"""The benchmark of the explorer's redraws."""

import io

import numpy as np
import pytest
from PIL import Image

from sercore.course.benchmarks import widgets as redraws
from sercore.pictures import Settings
from sercore.pictures.analysis import VIEWS


@pytest.mark.slow
def test_redraws_are_timed(monkeypatch):
    monkeypatch.setattr(redraws, "SECONDS", 0.5)
    rows = redraws.time_redraws(n_steps=2)
    assert [unit for _, _, unit in rows] == ["ms"] * 3 + ["× faster"] * 2
    assert all(value > 0 for _, value, _ in rows)
    events = int(rows[0][0].split()[-2])
    assert len(VIEWS) < events < 2 * 6 * len(VIEWS)  # some sliders have no effect in some views


@pytest.mark.slow
def test_live_picture_is_timed():
    ((what, value, unit),) = redraws.time_live(n_blocks=8)
    assert "last 3 s" in what
    assert value > 0
    assert unit == "ms"


def test_baselines_draw_pictures():
    clip = redraws.synthetic(2.0)
    kept = redraws.keep_figure(clip.wave)
    narrow = Settings(range_db=20)
    for draw in (kept, lambda settings: redraws.draw_anew(clip.wave, settings)):
        first, second = (np.asarray(Image.open(io.BytesIO(draw(s)))) for s in (Settings(), narrow))
        assert first.shape[:2] == (300, 1200)
        assert (first != second).any()

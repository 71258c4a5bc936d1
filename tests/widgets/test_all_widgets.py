"""Properties of several widgets: labels, text size, width of pictures."""

import io

import pytest
from PIL import Image
from toys.controls import controls
from toys.voices import small_predictor

from sercore.course.benchmarks.ensembles import synthetic
from sercore.widgets import Occluding, VoiceLab, Voting

MEMBERS = synthetic(200, 4, 3)
MAKERS = {
    "VoiceLab": lambda text="normal": VoiceLab(small_predictor(), text=text),
    "Voting": lambda text="normal": Voting(MEMBERS, closed=MEMBERS, text=text),
    "Occluding": lambda text="normal": Occluding(bundle=small_predictor(), text=text),
}


@pytest.mark.parametrize("name", MAKERS)
def test_controls_are_labelled_and_text_size_grows(name):
    widget = MAKERS[name]("projector")
    assert len(controls(widget)) >= 3
    assert all(control.description for control in controls(widget))
    assert {"sercore-app", "sercore-projector"} <= set(widget._dom_classes)
    if hasattr(widget, "player"):
        assert widget.player.left > 1.2 * MAKERS[name]().player.left  # space for larger text


@pytest.mark.parametrize("name", ["VoiceLab", "Occluding"])
def test_picture_has_width_of_page_and_sound_continues(name):
    widget = MAKERS[name]()
    widget.player.position = 1.0
    widget.player.width = 777
    assert Image.open(io.BytesIO(widget.player.picture)).width == 777
    assert widget.player.position == 1.0

"""One widget in Notebook 7, whose front end is that of JupyterLab but for its keys."""

import pytest
from browser.acting import Widget
from browser.opening import opened, write_cells

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown(chromium, servers, tmp_path_factory):
    """A page with the voice lab."""
    path = tmp_path_factory.mktemp("notebook") / "lab.ipynb"
    cells = ["from sercore import widgets", "widgets.VoiceLab()"]
    write_cells(cells, path)
    with opened("notebook", servers("notebook"), path, chromium) as shown:
        yield shown


def test_slider_by_keyboard_changes_picture(shown):
    lab = Widget(shown, "Which single knob")
    before = lab.settled()
    lab.press(lab.slider("Rate"), "PageUp")  # the arrow keys move between cells
    lab.until(lambda: lab.picture() != before, seconds=30)

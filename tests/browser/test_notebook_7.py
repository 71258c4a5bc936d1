"""One widget in Notebook 7, whose front end is that of JupyterLab but for its keys."""

import nbformat
import pytest
from browser.acting import Widget
from browser.opening import opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown(chromium, servers, tmp_path_factory):
    """A page with the voice lab."""
    path = tmp_path_factory.mktemp("notebook") / "lab.ipynb"
    cells = ["from sercore import widgets", "widgets.VoiceLab()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(notebook, path)
    with opened("notebook", servers("notebook"), path, chromium) as shown:
        yield shown


def test_slider_by_keyboard_changes_picture(shown):
    lab = Widget(shown, "Which single knob")
    before = lab.settled()
    lab.press(lab.slider("Rate"), "PageUp")  # the arrow keys move between cells
    lab.until(lambda: lab.picture() != before, seconds=30)

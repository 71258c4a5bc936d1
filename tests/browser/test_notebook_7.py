"""One widget and a quiz in Notebook 7, whose front end is that of JupyterLab but for its keys."""

import pytest
from browser.acting import Widget
from browser.opening import opened, write_cells
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown(chromium, servers, tmp_path_factory):
    """A page with the voice lab and a quiz."""
    path = tmp_path_factory.mktemp("notebook") / "lab.ipynb"
    cells = ["from sercore.exercises import quiz\n\nquiz('03')"]
    cells += ["from sercore import widgets", "widgets.VoiceLab()"]
    write_cells(cells, path)
    with opened("notebook", servers("notebook"), path, chromium) as shown:
        yield shown


def test_slider_by_keyboard_changes_picture(shown):
    lab = Widget(shown, "Which single knob")
    before = lab.settled()
    lab.press(lab.slider("Rate"), "PageUp")  # the arrow keys move between cells
    lab.until(lambda: lab.picture() != before, seconds=30)


def test_quiz_by_keyboard_shows_explanations(shown):
    options = shown.page.locator(".sercore-quiz details")
    expect(options).to_have_count(15)
    expect(shown.page.locator(".sercore-quiz .right").first).to_be_hidden()
    options.nth(0).locator("summary").focus()
    cells = shown.page.locator(".jp-CodeCell")
    n_cells = cells.count()
    for key in ("Enter", "Tab", "Space", "Tab", "Enter", "b"):  # the front end inserts a cell at "b"
        shown.page.keyboard.press(key)
    for k in range(3):
        expect(options.nth(k)).to_have_attribute("open", "")
        expect(options.nth(k).locator("div")).to_be_visible()
    expect(options.nth(3)).not_to_have_attribute("open", "")
    expect(cells).to_have_count(n_cells)

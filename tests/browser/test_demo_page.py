"""``notebooks/demo.ipynb`` in a real browser: it runs, follows the hand, sounds, and survives mistakes.

Every test uses the page as the one before left it, so that one server and one kernel serve all.
"""

import io
import re

import numpy as np
import pytest
import soundfile
from browser.acting import Widget
from browser.opening import DEMO, ERRORS, count_widgets
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

FOLLOWS = 30.0
"""Seconds within which something must follow here, where other tests keep the cores busy. How quickly it
follows when they do not is measured by ``sercore bench``."""

ALLOWED = {
    "fontawesome": "Voilà's template links an icon font on the network; without it, its own copy shows",
    "@jupyter-notebook/lab-extension": "Notebook 7's extension, which Voilà offers to load but cannot",
    "(reading 'schema')": "Notebook 7 throws it at every notebook, also at one with no cells",
}
"""What the console may complain of, and why."""

ROOM = """app => {
  const scrolls = panel => ["auto", "scroll"].includes(getComputedStyle(panel).overflowY)
    && panel.scrollHeight > panel.clientHeight + 1;
  let panel = app;
  while (panel && !scrolls(panel)) panel = panel.parentElement;
  return (panel ?? document.documentElement).clientHeight;
}"""
"""Height of the part of the window in which the page scrolls, in pixels."""

CUT = "labels => labels.filter(x => x.scrollWidth > x.clientWidth + 1).map(x => x.textContent)"


@pytest.fixture
def explorer(shown):
    return Widget(shown, "pre-emphasis")


@pytest.fixture
def voice_lab(shown):
    return Widget(shown, "Which single knob")


@pytest.fixture
def timeline(shown):
    return Widget(shown, "Window (s)")


def test_every_cell_shows_its_widget_and_no_error(shown):
    n_widgets = count_widgets(DEMO)
    assert n_widgets >= 3
    assert shown.page.locator(".sercore-app").count() == n_widgets
    assert shown.page.locator(ERRORS).all_inner_texts() == []


def test_every_widget_fits_a_projector(shown):
    """1280×720, and of that only what the front end leaves to the page; no label is cut."""
    for app in shown.page.locator(".sercore-app").all():
        app.evaluate("app => app.scrollIntoView({block: 'nearest'})")
        box = app.bounding_box()
        assert box["height"] <= app.evaluate(ROOM), app.inner_text()[:200]
        for part in app.locator("button, select, input, img, [role=slider]").filter(visible=True).all():
            inner = part.bounding_box()
            assert inner["x"] >= box["x"] - 1
            assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
        assert app.locator(".widget-label").filter(visible=True).evaluate_all(CUT) == []


def test_the_picture_follows_a_slider_moved_by_keyboard(explorer, shown):
    # Notebook 7 keeps the arrow keys for itself and moves between cells, whatever slider has the focus
    up, down = ("PageUp", "PageDown") if shown.front_end == "notebook" else ("ArrowRight", "ArrowLeft")
    before = explorer.settled()
    explorer.press(explorer.slider("window (ms)"), up)
    explorer.until(lambda: explorer.picture() != before, seconds=FOLLOWS)
    explorer.press(explorer.slider("window (ms)"), down)
    explorer.until(lambda: explorer.picture() == before, seconds=FOLLOWS)


def test_play_sounds_and_moves_the_line(explorer):
    heard = explorer.heard()
    assert heard["seconds"] > 1
    assert heard["rms"] > 0.005
    line = explorer.cursor()
    explorer.root.get_by_role("button", name="Play").first.click()
    explorer.until(lambda: explorer.position() > 0.3, seconds=FOLLOWS)
    assert explorer.cursor() > line + 10
    ended = heard["seconds"] + FOLLOWS
    explorer.until(lambda: explorer.audio.evaluate("audio => audio.ended"), seconds=ended)


def test_a_broken_upload_is_told_and_the_app_lives_on(explorer):
    before, choose = explorer.settled(), explorer.root.locator("input[type=file]").first
    choose.set_input_files({"name": "letter.wav", "mimeType": "audio/wav", "buffer": b"Dear reader, " * 50})
    expect(explorer.root.get_by_role("alert")).to_contain_text("letter.wav: not readable as audio")
    assert explorer.picture() == before
    explorer.root.locator(".sercore-emotion select").first.select_option("angry")
    explorer.until(lambda: explorer.picture() != before, seconds=FOLLOWS)
    expect(explorer.root.get_by_role("alert")).to_have_count(0)


def test_an_uploaded_recording_is_seen_and_heard(explorer):
    before, file = explorer.settled(), io.BytesIO()
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * 22_050) / 22_050)
    soundfile.write(file, tone, 22_050, format="WAV")
    choose = explorer.root.locator("input[type=file]").first
    choose.set_input_files({"name": "tone.wav", "mimeType": "audio/wav", "buffer": file.getvalue()})
    explorer.until(lambda: explorer.picture() != before, seconds=FOLLOWS)
    heard = explorer.heard()
    assert heard["seconds"] == pytest.approx(3, abs=0.01)
    assert heard["rms"] == pytest.approx(0.3 / np.sqrt(2), rel=0.02)


def test_the_microphone_refused_then_allowed(explorer):
    record = explorer.root.get_by_role("button", name="Record from the microphone")
    explorer.page.context.clear_permissions()
    record.click()
    expect(explorer.root.get_by_text("was not allowed to use the microphone")).to_be_visible()
    before = explorer.settled()
    explorer.page.context.grant_permissions(["microphone"])
    record.click()
    expect(explorer.root.get_by_text(re.compile(r"[1-9]\.\d s of at most"))).to_be_visible()
    explorer.root.get_by_role("button", name="Stop recording").click()
    explorer.until(lambda: explorer.picture() != before, seconds=FOLLOWS)
    heard = explorer.heard()
    assert 1 < heard["seconds"] < 10
    assert heard["rms"] > 0.005  # the browser's pretended microphone beeps once a second


@pytest.mark.parametrize(
    ("words", "slider", "key", "answer"),
    [
        ("Which single knob", "Pitch level", "End", "probabilities"),
        ("cover the box", "Time (s)", "End", "probabilities"),
        ("Climb from here", "knn", "Home", "shares"),
    ],
    ids=["voice lab", "occlusion", "ensemble"],
)
def test_the_answer_follows_a_slider(shown, words, slider, key, answer):
    widget = Widget(shown, words)
    bars = widget.root.get_by_role("img", name=answer)
    before = bars.inner_text()
    widget.press(widget.slider(slider), key)
    widget.until(lambda: bars.inner_text() != before, seconds=FOLLOWS)


def test_the_voice_is_seen_to_change(voice_lab):
    before = voice_lab.settled()
    voice_lab.press(voice_lab.slider("Rate"), "End")
    voice_lab.until(lambda: voice_lab.picture() != before, seconds=FOLLOWS)


def test_a_click_in_the_timeline_plays_from_there(timeline):
    length = timeline.heard()["seconds"]
    assert length > 5
    stage = timeline.root.locator(".sercore-stage").first
    box = stage.bounding_box()
    stage.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    timeline.until(lambda: timeline.position() > 0.25 * length, seconds=FOLLOWS)
    line = timeline.cursor()
    assert line > box["x"] + 0.4 * box["width"]
    assert timeline.began() == pytest.approx(length / 2, abs=0.1 * length)
    timeline.until(lambda: timeline.cursor() > line, seconds=FOLLOWS)
    timeline.root.get_by_role("button", name="Pause").first.click()


def test_tab_reaches_every_control_in_order_and_shows_where_it_is(shown):
    for words in ("pre-emphasis", "Which single knob", "Window (s)"):
        n_controls, stops = Widget(shown, words).tab_through()
        assert n_controls >= 6
        assert [stop["stop"] for stop in stops] == list(range(n_controls)), stops
        assert [stop["html"] for stop in stops if stop["outline"] == "none"] == []


def test_nothing_was_complained_of_and_nobody_else_asked(shown):
    """Last, after all that was done to the page."""
    assert shown.hosts <= ({"cdn.jsdelivr.net"} if shown.front_end == "voila" else set())
    assert [words for words in shown.complaints if not any(known in words for known in ALLOWED)] == []
    assert shown.page.locator(ERRORS).all_inner_texts() == []

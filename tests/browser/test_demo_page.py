"""``notebooks/demo.ipynb`` in a browser: controls, sound, errors, keyboard and layout.

The tests share a page, which is opened once per front end, and do not depend on its state.
"""

import io
import re

import numpy as np
import pytest
import soundfile
from browser.acting import Widget, until
from browser.opening import DEMO, count_widgets
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

TIMEOUT = 30.0
"""Seconds; other tests may use the same cores. ``sercore bench`` measures the speed of the widgets."""

ROOM = """app => {
  const scrolls = panel => ["auto", "scroll"].includes(getComputedStyle(panel).overflowY)
    && panel.scrollHeight > panel.clientHeight + 1;
  let panel = app;
  while (panel && !scrolls(panel)) panel = panel.parentElement;
  return (panel ?? document.documentElement).clientHeight;
}"""
"""Height of the scrolling part of the window in pixels."""

HIDDEN = """app => [app, ...app.children].flatMap(
  part => [part.scrollHeight - part.clientHeight, part.scrollWidth - part.clientWidth]
)"""
"""Hidden pixels of a widget and of its parts."""

CUT = "labels => labels.filter(x => x.scrollWidth > x.clientWidth + 1).map(x => x.textContent)"


def settled_heights(shown) -> list[float]:
    """Heights of all widgets in pixels, once unchanged for a second: pictures follow the page."""
    apps, last = shown.page.locator(".sercore-app"), []
    for _ in range(int(TIMEOUT)):
        heights = [app.bounding_box()["height"] for app in apps.all()]
        if heights == last:
            break
        last = heights
        shown.page.wait_for_timeout(1000)
    return heights


@pytest.fixture
def explorer(shown):
    return Widget(shown, "pre-emphasis")


@pytest.fixture
def voice_lab(shown):
    return Widget(shown, "Which single knob")


@pytest.fixture
def timeline(shown):
    return Widget(shown, "Window (s)")


def test_every_cell_shows_its_widget(shown):
    n_widgets = count_widgets(DEMO)
    assert n_widgets >= 3
    assert shown.page.locator(".sercore-app").count() == n_widgets


def test_widgets_fit_projector(shown):
    """Every widget fits into the scrolling part of a window of 1280×720 pixels; no label is truncated."""
    settled_heights(shown)
    for app in shown.page.locator(".sercore-app").all():
        app.evaluate("app => app.scrollIntoView({block: 'nearest'})")
        box = app.bounding_box()
        assert box["height"] <= app.evaluate(ROOM), app.inner_text()[:200]
        for part in app.locator("button, select, input, img, [role=slider]").filter(visible=True).all():
            inner = part.bounding_box()
            assert inner["x"] >= box["x"] - 1
            assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
        assert app.locator(".widget-label").filter(visible=True).evaluate_all(CUT) == []


def test_text_size_applies_to_all_widgets(shown):
    page, apps = shown.page, shown.page.locator(".sercore-app")
    before = settled_heights(shown)
    page.get_by_role("button", name="large text").click()
    try:
        expect(page.get_by_role("button", name="large text")).to_have_attribute("aria-pressed", "true")
        zoom = apps.evaluate_all("apps => apps.map(app => getComputedStyle(app).zoom)")
        assert zoom == ["1.25"] * len(before)
    finally:
        page.get_by_role("button", name="normal text").click()
        expect(page.get_by_role("button", name="normal text")).to_have_attribute("aria-pressed", "true")
    assert settled_heights(shown) == pytest.approx(before, abs=8)


def test_full_screen_needs_no_scrolling(shown):
    """Each widget is scaled to 1280×720 pixels, nearly all of them enlarged, and nothing is truncated."""
    for app in shown.page.locator(".sercore-app").all():
        app.get_by_role("button", name="Full screen").click()
        try:
            shown.page.wait_for_function("() => document.fullscreenElement")
            until(shown.page, lambda app=app: max(app.evaluate(HIDDEN)) <= 2, seconds=TIMEOUT)
            assert float(app.evaluate("app => app.style.zoom")) > 0.85
            assert app.locator(".widget-label").filter(visible=True).evaluate_all(CUT) == []
        finally:
            shown.page.evaluate("document.exitFullscreen()")
            shown.page.wait_for_function("() => !document.fullscreenElement")


def test_slider_by_keyboard_changes_picture(explorer):
    before = explorer.settled()
    explorer.press(explorer.slider("window (ms)"), "ArrowRight")
    explorer.until(lambda: explorer.picture() != before, seconds=TIMEOUT)
    explorer.press(explorer.slider("window (ms)"), "ArrowLeft")
    explorer.until(lambda: explorer.picture() == before, seconds=TIMEOUT)


def test_play_moves_line(explorer):
    sound = explorer.sound()
    assert sound["seconds"] > 1
    assert sound["rms"] > 0.005
    explorer.press(explorer.root.locator(".sercore-stage").first, "Home")
    line = explorer.cursor()
    explorer.root.get_by_role("button", name="Play").first.click()
    explorer.until(lambda: explorer.position() > 0.3, seconds=TIMEOUT)
    assert explorer.cursor() > line + 10
    ended = sound["seconds"] + TIMEOUT
    explorer.until(lambda: explorer.audio.evaluate("audio => audio.ended"), seconds=ended)


def test_broken_upload_shows_error(explorer):
    before, choose = explorer.settled(), explorer.root.locator("input[type=file]").first
    choose.set_input_files({"name": "letter.wav", "mimeType": "audio/wav", "buffer": b"Dear reader, " * 50})
    expect(explorer.root.get_by_role("alert")).to_contain_text("letter.wav: not readable as audio")
    assert explorer.picture() == before
    emotion = explorer.root.locator(".sercore-emotion select").first
    emotion.select_option("sad" if emotion.input_value() == "angry" else "angry")
    explorer.until(lambda: explorer.picture() != before, seconds=TIMEOUT)
    expect(explorer.root.get_by_role("alert")).to_have_count(0)


def test_uploaded_recording_is_shown_and_played(explorer):
    before, file = explorer.settled(), io.BytesIO()
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * 22_050) / 22_050)
    soundfile.write(file, tone, 22_050, format="WAV")
    choose = explorer.root.locator("input[type=file]").first
    choose.set_input_files({"name": "tone.wav", "mimeType": "audio/wav", "buffer": file.getvalue()})
    explorer.until(lambda: explorer.picture() != before, seconds=TIMEOUT)
    sound = explorer.sound()
    assert sound["seconds"] == pytest.approx(3, abs=0.01)
    assert sound["rms"] == pytest.approx(0.3 / np.sqrt(2), rel=0.02)


def test_microphone_denied_then_allowed(explorer):
    record = explorer.root.get_by_role("button", name="Record from the microphone")
    explorer.page.context.clear_permissions()
    record.click()
    expect(explorer.root.get_by_text("Microphone access was denied")).to_be_visible()
    before = explorer.settled()
    explorer.page.context.grant_permissions(["microphone"])
    record.click()
    expect(explorer.root.get_by_text(re.compile(r"[1-9]\.\d s of at most"))).to_be_visible()
    explorer.root.get_by_role("button", name="Stop recording").click()
    explorer.until(lambda: explorer.picture() != before, seconds=TIMEOUT)
    sound = explorer.sound()
    assert 1 < sound["seconds"] < 10
    assert sound["rms"] > 0.005  # the fake microphone beeps once per second


@pytest.mark.parametrize(
    ("text", "slider", "key", "values"),
    [
        ("Which single knob", "Pitch level", "End", "probabilities"),
        ("occlude the box", "Time (s)", "End", "probabilities"),
        ("Hill climbing", "knn", "End", "weights"),
    ],
    ids=["voice lab", "occlusion", "ensemble"],
)
def test_slider_changes_bars(shown, text, slider, key, values):
    widget = Widget(shown, text)
    bars = widget.root.get_by_role("img", name=f"{values}: ")
    before = bars.inner_text()
    widget.press(widget.slider(slider), key)
    widget.until(lambda: bars.inner_text() != before, seconds=TIMEOUT)


def test_slider_changes_picture_of_voice(voice_lab):
    before = voice_lab.settled()
    voice_lab.press(voice_lab.slider("Rate"), "End")
    voice_lab.until(lambda: voice_lab.picture() != before, seconds=TIMEOUT)


def test_click_in_timeline_plays_from_there(timeline):
    length = timeline.sound()["seconds"]
    assert length > 5
    stage = timeline.root.locator(".sercore-stage").first
    box = stage.bounding_box()
    stage.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    timeline.until(lambda: timeline.position() > 0.25 * length, seconds=TIMEOUT)
    line = timeline.cursor()
    assert line > box["x"] + 0.4 * box["width"]
    assert timeline.start() == pytest.approx(length / 2, abs=0.1 * length)
    timeline.until(lambda: timeline.cursor() > line, seconds=TIMEOUT)
    timeline.root.get_by_role("button", name="Pause").first.click()


def test_tab_key_focuses_every_control_in_order(shown):
    for text in ("pre-emphasis", "Which single knob", "Window (s)"):
        n_controls, stops = Widget(shown, text).tab_through()
        assert n_controls >= 6
        assert [stop["stop"] for stop in stops] == list(range(n_controls)), stops
        assert [stop["html"] for stop in stops if stop["outline"] == "none"] == []

"""Operation of a widget on the page with mouse and keyboard, and its state."""

import time
from collections.abc import Callable

from playwright.sync_api import Locator

DIGEST = """async image => {
  const bytes = await (await fetch(image.src)).arrayBuffer();
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join();
}"""

SOUND = """async audio => {
  const bytes = await (await fetch(audio.src)).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(bytes);
  const squares = sound.getChannelData(0).reduce((sum, sample) => sum + sample * sample, 0);
  return {seconds: sound.duration, rms: Math.sqrt(squares / sound.length)};
}"""

CONTROLS = """root => {
  const native = "button, select, input, a[href], [contenteditable=true]";
  const all = [...root.querySelectorAll(`${native}, [role=slider], [tabindex]:not([tabindex="-1"])`)];
  const open = all.filter(control => control.checkVisibility() && !control.disabled);
  open.forEach((control, k) => control.setAttribute("data-stop", k));
  return open.length;
}"""
"""Number the visible controls in document order."""

FITS = "image => image.complete && Math.abs(image.naturalWidth - image.parentElement.clientWidth) <= 8"
"""The picture has the width of the page, which the kernel knows after the first picture."""

STOP = """() => {
  const here = document.activeElement;
  const outline = getComputedStyle(here).outlineStyle;
  return {stop: Number(here.dataset.stop ?? -1), outline, html: here.outerHTML};
}"""


def until(page, condition: Callable[[], bool], *, seconds: float) -> float:
    """Wait until a condition is true and return the seconds; AssertionError after ``seconds``."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"condition not met within {seconds} s"
        page.wait_for_timeout(20)
    return time.monotonic() - start


class Widget:
    """A widget of the page.

    Parameters
    ----------
    shown : opening.OpenPage
    text : str
        Text that only this widget contains.
    """

    def __init__(self, shown, text: str):
        self.page = shown.page
        self.root = shown.page.locator(".sercore-app").filter(has_text=text)
        self.root.evaluate("app => app.scrollIntoView({block: 'nearest'})")

    def slider(self, label: str) -> Locator:
        """The handle of the slider with a label."""
        return self.root.locator(".widget-slider").filter(has_text=label).get_by_role("slider").first

    def press(self, place: Locator, key: str) -> None:
        """Press a key while ``place`` has the focus."""
        place.focus()
        self.page.keyboard.press(key)

    @property
    def audio(self) -> Locator:
        return self.root.locator("audio").first

    def picture(self) -> str:
        """Digest of the PNG file."""
        return self.root.locator(".sercore-stage img").first.evaluate(DIGEST)

    def settled(self) -> str:
        """The same, after it has had the width of the page and no changes for half a second."""
        last, since = "", time.monotonic()
        image = self.root.locator(".sercore-stage img").first

        def is_stable() -> bool:
            nonlocal last, since
            if (now := self.picture()) != last or not image.evaluate(FITS):
                last, since = now, time.monotonic()
            return time.monotonic() - since > 0.5

        self.until(is_stable, seconds=30)
        return last

    def sound(self) -> dict[str, float]:
        """Duration in seconds and RMS amplitude of the sound, as decoded by the browser."""
        return self.audio.evaluate(SOUND)

    def position(self) -> float:
        """Position in the sound in seconds."""
        return self.audio.evaluate("audio => audio.currentTime")

    def start(self) -> float:
        """Position in seconds at which playback last started."""
        return self.audio.evaluate("audio => audio.played.start(audio.played.length - 1)")

    def cursor(self) -> float:
        """Position of the line in pixels from the left edge of the window."""
        return self.root.locator(".sercore-cursor").first.bounding_box()["x"]

    def until(self, condition: Callable[[], bool], *, seconds: float) -> float:
        """As the function of this name, on the page of the widget."""
        return until(self.page, condition, seconds=seconds)

    def tab_through(self) -> tuple[int, list[dict]]:
        """Number of controls, and the focused elements while pressing Tab from the first one."""
        n_controls = self.root.evaluate(CONTROLS)
        self.root.locator("[data-stop='1']").focus()
        self.page.keyboard.press("Shift+Tab")  # the focus is visible after keyboard use
        stops = [self.page.evaluate(STOP)]
        for _ in range(n_controls - 1):
            self.page.keyboard.press("Tab")
            stops.append(self.page.evaluate(STOP))
        return n_controls, stops

"""What a person does with one widget on the page, and what that person then sees and hears."""

import time
from collections.abc import Callable

from playwright.sync_api import Locator

DIGEST = """async image => {
  const bytes = await (await fetch(image.src)).arrayBuffer();
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join();
}"""

HEARD = """async audio => {
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
"""Number the visible controls in the order of the document."""

FITS = "image => image.complete && Math.abs(image.naturalWidth - image.parentElement.clientWidth) <= 8"
"""The picture was drawn for the width that it has: the kernel learns of it after the first picture."""

STOP = """() => {
  const here = document.activeElement;
  const outline = getComputedStyle(here).outlineStyle;
  return {stop: Number(here.dataset.stop ?? -1), outline, html: here.outerHTML};
}"""


class Widget:
    """One widget of the page.

    Parameters
    ----------
    shown : opening.OpenPage
    words : str
        Text that only this widget shows.
    """

    def __init__(self, shown, words: str):
        self.page = shown.page
        self.root = shown.page.locator(".sercore-app").filter(has_text=words)
        self.root.evaluate("app => app.scrollIntoView({block: 'nearest'})")

    def slider(self, words: str) -> Locator:
        """The handle of the slider beside ``words``."""
        return self.root.locator(".widget-slider").filter(has_text=words).get_by_role("slider").first

    def press(self, place: Locator, key: str) -> None:
        """Press a key where the keyboard is at ``place``."""
        place.focus()
        self.page.keyboard.press(key)

    @property
    def audio(self) -> Locator:
        return self.root.locator("audio").first

    def picture(self) -> str:
        """Digest of the PNG file that is shown."""
        return self.root.locator(".sercore-stage img").first.evaluate(DIGEST)

    def settled(self) -> str:
        """The same, once it fits the window's width and stayed the same for half a second."""
        last, since = "", time.monotonic()
        image = self.root.locator(".sercore-stage img").first

        def stays() -> bool:
            nonlocal last, since
            if (now := self.picture()) != last or not image.evaluate(FITS):
                last, since = now, time.monotonic()
            return time.monotonic() - since > 0.5

        self.until(stays, seconds=30)
        return last

    def heard(self) -> dict[str, float]:
        """Length of the sound in seconds and its root mean square, after the browser decoded it."""
        return self.audio.evaluate(HEARD)

    def position(self) -> float:
        """Seconds into the sound."""
        return self.audio.evaluate("audio => audio.currentTime")

    def began(self) -> float:
        """Seconds into the sound at which it last began to play."""
        return self.audio.evaluate("audio => audio.played.start(audio.played.length - 1)")

    def cursor(self) -> float:
        """Where the line stands, in pixels from the left of the window."""
        return self.root.locator(".sercore-cursor").first.bounding_box()["x"]

    def until(self, condition: Callable[[], bool], *, seconds: float) -> float:
        """Seconds until the condition holds; an AssertionError where it never does."""
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < seconds, f"nothing happened in {seconds} s"
            self.page.wait_for_timeout(20)
        return time.monotonic() - start

    def tab_through(self) -> tuple[int, list[dict]]:
        """How many controls there are, and where the Tab key stops from the first one on."""
        n_controls = self.root.evaluate(CONTROLS)
        self.root.locator("[data-stop='1']").focus()
        self.page.keyboard.press("Shift+Tab")  # browsers show focus once the keyboard was used
        stops = [self.page.evaluate(STOP)]
        for _ in range(n_controls - 1):
            self.page.keyboard.press("Tab")
            stops.append(self.page.evaluate(STOP))
        return n_controls, stops

"""Write images/demo_*.png, the screenshots of the README: ``python tests/browser/screenshots.py``."""

import io

from browser.acting import Widget
from browser.opening import DEMO, find_chromium, opened
from PIL import Image

from sercore.course import clone

WIDGETS = {
    "explorer": "pre-emphasis",
    "voice_lab": "Which single knob",
    "timeline": "Window (s)",
    "occlusion": "cover the box",
    "ensemble": "Climb from here",
}
"""Name of the picture, and words that only this widget shows."""


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on the PATH")
    with opened("voila", DEMO, chromium) as shown:
        arrange(Widget(shown, WIDGETS["explorer"]))
        for name, words in WIDGETS.items():
            app = Widget(shown, words)
            app.page.wait_for_timeout(1000)
            path = clone.repository() / "images" / f"demo_{name}.png"
            light(Image.open(io.BytesIO(app.root.screenshot()))).save(path, optimize=True)
            print(f"{path.relative_to(clone.repository())}: {path.stat().st_size / 1000:.0f} kB")


def arrange(explorer: Widget) -> None:
    """A clip worth looking at, with its pitch and formants."""
    explorer.root.locator(".sercore-emotion select").first.select_option("surprised")
    for words in ("F0", "formants"):
        explorer.root.get_by_label(words, exact=True).check()


def light(image: Image.Image) -> Image.Image:
    """The picture with 128 colours: a third of the size, no difference to the eye."""
    return image.convert("RGB").quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


if __name__ == "__main__":
    main()

"""Write the screenshots images/demo_*.png: ``python tests/browser/screenshots.py``."""

import io
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of the tests

from browser.acting import Widget
from browser.opening import DEMO, find_chromium, opened
from PIL import Image

from sercore.course import clone

WIDGETS = {
    "explorer": "pre-emphasis",
    "voice_lab": "Which single knob",
    "timeline": "Window (s)",
    "occlusion": "occlude the box",
    "ensemble": "Hill climbing",
}
"""Name of the picture, and text that only this widget contains."""


def main() -> None:
    """Open the demo page and take a screenshot of every widget."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on the PATH")
    with opened("voila", DEMO, chromium) as shown:
        arrange(Widget(shown, WIDGETS["explorer"]))
        for name, text in WIDGETS.items():
            app = Widget(shown, text)
            app.page.wait_for_timeout(1000)
            path = clone.repository() / "images" / f"demo_{name}.png"
            light(Image.open(io.BytesIO(app.root.screenshot()))).save(path, optimize=True)
            print(f"{path.relative_to(clone.repository())}: {path.stat().st_size / 1000:.0f} kB")


def arrange(explorer: Widget) -> None:
    """Show a clip of surprise with its pitch and formants."""
    explorer.root.locator(".sercore-emotion select").first.select_option("surprised")
    for name in ("F0", "formants"):
        explorer.root.get_by_label(name, exact=True).check()


def light(image: Image.Image) -> Image.Image:
    """The picture with 128 colours, a third of the file size."""
    return image.convert("RGB").quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


if __name__ == "__main__":
    main()

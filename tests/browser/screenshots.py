"""Write the screenshots images/demo_*.png: ``python tests/browser/screenshots.py [people]``.

With ``people``, only those of the widgets that record people or ask them.
"""

import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of the tests

from browser.acting import Widget
from browser.opening import DEMO, find_chromium, opened, write_cells
from browser.people import enter, say, write_voice
from browser.serving import serve
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

PEOPLE = (
    "from sercore import widgets",
    "widgets.HearMe(text='large')",
    "widgets.Live(text='large')",
    "widgets.Booth('class')",
    "widgets.ListeningTest(folder='votes')",
)
"""Cells with the widgets that record and ask people; the folders are relative, so that no path is shown."""


def main() -> None:
    """Open the demo page and take a screenshot of every widget."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on the PATH")
    if "people" not in sys.argv[1:]:
        with serve("voila") as address, opened("voila", address, DEMO, chromium) as shown:
            arrange(Widget(shown, WIDGETS["explorer"]))
            for name, text in WIDGETS.items():
                save(name, Widget(shown, text))
    with tempfile.TemporaryDirectory() as folder:
        voice = write_voice(Path(folder) / "voice.wav")
        notebook = write_cells(PEOPLE, Path(folder) / "people.ipynb")
        with (
            serve("voila") as address,
            opened("voila", address, notebook, chromium, microphone=voice) as shown,
        ):
            shown.page.context.grant_permissions(["microphone"])
            hear = Widget(shown, "compare two voices")
            say(hear)
            hear.root.get_by_role("img", name="Picture of voice A").wait_for()
            save("hear_me", hear)
            live = Widget(shown, "−3 s")
            live.root.get_by_role("button", name="Listen to the microphone").click()
            live.root.get_by_role("img", name="probabilities: ").wait_for()
            live.page.wait_for_timeout(4000)
            save("live", live)
            live.root.get_by_role("button", name="Stop listening").click()
            booth = Widget(shown, "No recording leaves this folder")
            enter(booth, "anna")
            say(booth)
            booth.root.get_by_role("button", name="Keep (K)").wait_for()
            save("booth", booth)
            test = Widget(shown, "was the speaker asked to act")
            test.root.get_by_label("Name or pseudonym").fill("ben")
            test.root.get_by_label("Name or pseudonym").press("Tab")
            test.root.get_by_text("clip 1 of").wait_for()
            save("listening_test", test)


def save(name: str, app: Widget) -> None:
    """Write the screenshot of a widget."""
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

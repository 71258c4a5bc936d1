"""How long does a class take in the booth? ``python tests/browser/class_of_twenty.py FOLDER [PEOPLE]``.

Every person of a simulated class enters a name, consents, and speaks all default prompts in *Fast* mode into
the fake microphone, which repeats one sentence of the synthetic voice. FOLDER becomes a corpus, so ``sercore
corpora check FOLDER`` and ``sercore train --corpus folder --root FOLDER`` read it. People who read and act
need longer than the page; :data:`READING` allows for it.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of the tests

from browser.acting import Widget
from browser.opening import find_chromium, opened, write_cells
from browser.people import enter, write_voice
from browser.serving import serve

SPEAKING, READING = 2.0, 0.5
"""Seconds of each take, and before it."""


def main() -> None:
    """Fill a folder and print the times."""
    folder, n_people = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as temporary:
        voice = write_voice(Path(temporary) / "voice.wav")
        cells = ("from sercore import widgets", f"widgets.Booth({str(folder)!r})")
        notebook = write_cells(cells, Path(temporary) / "class.ipynb")
        with (
            serve("voila") as address,
            opened("voila", address, notebook, find_chromium(), microphone=voice) as shown,
        ):
            shown.page.context.grant_permissions(["microphone"])
            booth = Widget(shown, "No recording leaves this folder")
            booth.page.set_default_timeout(60_000)
            start = time.monotonic()
            n_takes = sum(speak_all(booth, f"person{k + 1:02}") for k in range(n_people))
            seconds = time.monotonic() - start
    print(f"{n_people} people, {n_takes} takes in {seconds / 60:.1f} min; {seconds / n_takes:.1f} s per take")


def speak_all(booth: Widget, name: str) -> int:
    """One person speaks every prompt; returns the number of takes."""
    enter(booth, name)
    booth.root.get_by_role("checkbox", name="Fast").check()
    n_prompts = int(booth.root.locator(".sercore-count").inner_text().split(":")[0].split()[-1])
    for k in range(n_prompts):
        if k == 0:  # the next recordings start by themselves
            booth.page.keyboard.press("r")
        booth.root.get_by_role("button", name="Stop recording").wait_for()
        booth.page.wait_for_timeout(1000 * (READING + SPEAKING))
        booth.page.keyboard.press("r")
        done = f"{name}: {k + 1} of {n_prompts}"
        booth.root.get_by_text(done).wait_for()
    return n_prompts


if __name__ == "__main__":
    main()

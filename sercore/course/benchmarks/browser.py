"""Latency of the explorer as seen in a browser: from a key on a slider to the new picture on the screen.

The server, the page and the way to operate a widget are those of ``tests/browser``.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

import numpy as np

from .. import clone
from .measuring import skip

CELLS = ("from sercore import widgets", "widgets.Explorer()")
"""The page: one explorer, with a clip of the demo corpus."""

WATCH = """app => {
  window.sercoreTimes = [];
  document.addEventListener("keydown", () => { window.sercorePressed = performance.now(); }, true);
  const changed = async () => {
    const pressed = window.sercorePressed;
    await app.querySelector(".sercore-stage img").decode();
    requestAnimationFrame(() => window.sercoreTimes.push(performance.now() - pressed));
  };
  new MutationObserver(changed).observe(
    app.querySelector(".sercore-stage"),
    {attributes: true, attributeFilter: ["src"], childList: true, subtree: true});
}"""
"""Record the milliseconds from every key to the frame that shows the decoded new picture."""

N_KEYS = 12
"""Number of keys per repetition."""


def measure(repeats: int) -> list[tuple[str, float, str]]:
    """Rows ``(what, value, unit)``: median and 95th percentile; nothing without a browser."""
    missing = [name for name in ("playwright", "voila") if importlib.util.find_spec(name) is None]
    if missing:
        skip("explorer in a browser", f"pip install {' '.join(missing)}")
        return []
    sys.path.insert(0, str(clone.repository() / "tests"))
    try:
        from browser.opening import find_chromium

        chromium = find_chromium()
        if chromium is None:
            skip("explorer in a browser", "no Chromium on the PATH")
            return []
        taken = milliseconds(chromium, N_KEYS * repeats)
    finally:
        sys.path.pop(0)
    what = f"explorer in Chromium, from key to new picture, {len(taken)} events"
    return [
        (f"{what}, median", float(np.median(taken)), "ms"),
        (f"{what}, 95th percentile", float(np.percentile(taken, 95)), "ms"),
    ]


def milliseconds(chromium: str, n_keys: int) -> list[float]:
    """Milliseconds of each key on the slider of the window length, in Voilà."""
    from browser.acting import Widget
    from browser.opening import opened, write_cells
    from browser.serving import serve

    with tempfile.TemporaryDirectory() as folder:
        notebook = write_cells(CELLS, Path(folder) / "explorer.ipynb")
        with serve("voila") as address, opened("voila", address, notebook, chromium) as shown:
            explorer = Widget(shown, "pre-emphasis")
            explorer.settled()
            explorer.root.evaluate(WATCH)
            slider = explorer.slider("window (ms)")
            for k in range(n_keys):
                explorer.press(slider, "ArrowLeft" if k % 2 else "ArrowRight")
                shown.page.wait_for_function("n => window.sercoreTimes.length >= n", arg=k + 1)
                shown.page.wait_for_timeout(100)  # until a second picture of the same key would be counted
            return shown.page.evaluate("window.sercoreTimes")[:n_keys]

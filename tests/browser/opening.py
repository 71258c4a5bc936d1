"""A headless Chromium that opens a notebook in a front end and records errors and requests."""

import shutil
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import Page, sync_playwright

from sercore.course import clone

DEMO = clone.notebooks_dir() / "demo.ipynb"

SIZE = {"width": 1280, "height": 720}
"""Window size in pixels, that of a projector."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone with a beep every second
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other host can be reached
)

ERRORS = '.jp-OutputArea-output[data-mime-type$="error"], .jp-OutputArea-output[data-mime-type$="stderr"]'
"""Output of cells that raise an error or a warning."""

ALLOWED = {
    "fontawesome": "the template of Voilà links an icon font on the network and has a local fallback",
    "@jupyter-notebook/lab-extension": "an extension of Notebook 7 that Voilà lists but cannot load",
    "(reading 'schema')": "raised by Notebook 7 for every notebook, including empty ones",
}
"""Parts of console errors that do not come from the widgets, and their cause."""


def find_chromium() -> str | None:
    """Path of an installed Chromium or Chrome."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class OpenPage:
    """A notebook in a browser.

    Attributes
    ----------
    page : Page
    front_end : str
        A name from :data:`serving.FRONT_ENDS`.
    errors : list of str
        Errors of the console, uncaught exceptions, failed requests.
    hosts : set of str
        Hosts other than this machine that the page sent requests to.
    pictures : list of str
        ``asked`` and ``sent``, one for each picture that :class:`sercore.widgets.Live` asked for, and that
        the kernel sent.
    """

    def __init__(self, page: Page, front_end: str):
        self.page, self.front_end, self.errors, self.hosts = page, front_end, [], set()
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("request", self._note_host)
        self.pictures: list[str] = []
        page.on("websocket", self._watch)

    def _note_console(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location['url'].split('?')[0]})")

    def _note_host(self, request) -> None:
        host = urlsplit(request.url).hostname
        if host not in (None, "127.0.0.1"):
            self.hosts.add(host)

    def _watch(self, socket) -> None:
        socket.on("framesent", lambda frame: self._note_picture(frame, b'"answer":true', "asked"))
        socket.on("framereceived", lambda frame: self._note_picture(frame, b'"step": "view"', "sent"))

    def _note_picture(self, frame: str | bytes, part: bytes, name: str) -> None:
        if part in (frame.encode() if isinstance(frame, str) else frame):
            self.pictures.append(name)

    def wait_for(self, n_widgets: int) -> None:
        """Wait until the cells have run and show as many widgets."""
        # on first use, a corpus and a model are made
        self.page.locator(".sercore-app").nth(n_widgets - 1).wait_for(timeout=400_000)

    def run_all(self) -> None:
        """Run all cells when the kernel is ready; Voilà runs them by itself."""
        if self.front_end == "voila":
            return
        self.page.locator(".jp-KernelName", has_text="Python 3").wait_for(timeout=120_000)
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=120_000)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def check(self) -> None:
        """Fail if the page reported an error, showed one, or contacted another host."""
        assert self.hosts <= ({"cdn.jsdelivr.net"} if self.front_end == "voila" else set())
        assert [error for error in self.errors if not any(known in error for known in ALLOWED)] == []
        assert self.page.locator(ERRORS).all_inner_texts() == []


def count_widgets(notebook: Path) -> int:
    """Number of cells that show a widget."""
    cells = nbformat.read(notebook, as_version=4).cells
    return sum(cell.cell_type == "code" and cell.source.startswith("widgets.") for cell in cells)


def write_cells(cells: Iterable[str], path: Path) -> Path:
    """Write code cells as a notebook; JupyterLab would ask for its kernel if it named none."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(notebook, path)
    return path


@contextmanager
def opened(
    front_end: str,
    address: Callable[[Path], str],
    notebook: Path,
    chromium: str,
    *,
    microphone: Path | None = None,
):
    """Open a notebook and run all cells; yield an :class:`OpenPage` with all its widgets.

    ``address`` is from :func:`serving.serve`. The fake microphone plays the WAV file ``microphone`` in a
    loop, or beeps once per second.
    """
    used = [*FLAGS, *([f"--use-file-for-fake-audio-capture={microphone}"] if microphone else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=used)
        try:
            page = browser.new_page(viewport=SIZE)
            page.set_default_timeout(30_000)
            shown = OpenPage(page, front_end)
            # Voilà runs the cells before the page is complete
            page.goto(address(notebook), wait_until="commit", timeout=120_000)
            shown.run_all()
            shown.wait_for(count_widgets(notebook))
            yield shown
        finally:
            browser.close()

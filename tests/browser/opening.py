"""A headless Chromium that opens a notebook in a front end and notes everything it complains about."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from browser.serving import serve
from playwright.sync_api import Page, sync_playwright

from sercore.course import clone

DEMO = clone.notebooks_dir() / "demo.ipynb"

SIZE = {"width": 1280, "height": 720}
"""Of the window in pixels: a projector's."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",  # CI runs as root, and the page is ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nobody else can be asked
)

ERRORS = '.jp-OutputArea-output[data-mime-type$="error"], .jp-OutputArea-output[data-mime-type$="stderr"]'
"""What a cell shows when it failed or warned."""


def find_chromium() -> str | None:
    """Path of an installed Chromium or Chrome."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class OpenPage:
    """An executed notebook in a browser.

    Attributes
    ----------
    page : Page
    front_end : str
        A name from :data:`serving.FRONT_ENDS`.
    complaints : list of str
        Errors of the console, uncaught exceptions, failed requests.
    hosts : set of str
        Hosts other than this machine that the page asked for something.
    """

    def __init__(self, page: Page, front_end: str):
        self.page, self.front_end, self.complaints, self.hosts = page, front_end, [], set()
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", self._note_host)

    def _note_console(self, message) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location['url'].split('?')[0]})")

    def _note_host(self, request) -> None:
        host = urlsplit(request.url).hostname
        if host not in (None, "127.0.0.1"):
            self.hosts.add(host)

    def wait_for(self, n_widgets: int) -> None:
        """Until as many widgets are there: until then the kernel runs cells and answers to nothing."""
        # the first time, a corpus and a model are made
        self.page.locator(".sercore-app").nth(n_widgets - 1).wait_for(timeout=400_000)

    def run_all(self) -> None:
        """Press Run All Cells once the kernel is there; Voilà runs without being asked."""
        if self.front_end == "voila":
            return
        self.page.locator(".jp-KernelName", has_text="Python 3").wait_for(timeout=120_000)
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=120_000)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def count_widgets(notebook: Path) -> int:
    """How many cells show a widget of ours."""
    cells = nbformat.read(notebook, as_version=4).cells
    return sum(cell.cell_type == "code" and cell.source.startswith("widgets.") for cell in cells)


@contextmanager
def opened(front_end: str, notebook: Path, chromium: str):
    """Serve ``notebook``, open it, run all cells; yield an :class:`OpenPage` with all its widgets."""
    with serve(front_end, notebook) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            page = browser.new_page(viewport=SIZE)
            page.set_default_timeout(30_000)
            shown = OpenPage(page, front_end)
            page.goto(url, wait_until="commit")  # the rest may take long: Voilà runs the cells meanwhile
            shown.run_all()
            shown.wait_for(count_widgets(notebook))
            yield shown
        finally:
            browser.close()

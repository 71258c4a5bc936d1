"""The demo page in a front end, opened once for all tests of a front end."""

import os

import pytest
from browser.opening import BROWSERS, DEMO, find_chromium, opened
from playwright.sync_api import expect

expect.set_options(timeout=30_000)  # milliseconds; other tests may use the same cores


FRONT_ENDS = [
    pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("lab", "voila", "notebook")
]
"""With ``--dist loadgroup``, the tests of a front end run in one process, which opens the page once."""


@pytest.fixture(scope="session")
def chromium():
    """Path of the browser. Without one, tests are skipped, or fail if SERCORE_BROWSER is "required"."""
    path = find_chromium()
    if path is None:
        reason = f"no browser: none of {', '.join(BROWSERS)} on the PATH (Debian: apt install chromium)"
        if os.environ.get("SERCORE_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="module", params=FRONT_ENDS)
def shown(request, chromium):
    """``notebooks/demo.ipynb`` after all cells have run."""
    with opened(request.param, DEMO, chromium) as shown:
        yield shown


@pytest.fixture(autouse=True)
def no_console_errors(shown):
    """Every test fails if the page reports an error or contacts another host while it runs."""
    yield
    shown.check()

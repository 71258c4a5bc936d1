"""The page in a front end, opened once for all tests of a module."""

import os

import pytest
from browser.opening import BROWSERS, DEMO, find_chromium, opened
from playwright.sync_api import expect

expect.set_options(timeout=30_000)  # milliseconds; other tests keep the cores busy


@pytest.fixture(scope="session")
def chromium():
    """Path of the browser; without one tests skip, or fail where SERCORE_BROWSER is "required"."""
    path = find_chromium()
    if path is None:
        words = f"no browser: none of {', '.join(BROWSERS)} on the PATH (Debian: apt install chromium)"
        if os.environ.get("SERCORE_BROWSER") == "required":
            pytest.fail(words)
        pytest.skip(words)
    return path


@pytest.fixture(scope="module", params=["lab", "voila", "notebook"])
def shown(request, chromium):
    """``notebooks/demo.ipynb`` after all its cells ran."""
    with opened(request.param, DEMO, chromium) as shown:
        yield shown

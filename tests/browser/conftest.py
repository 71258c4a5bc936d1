"""The demo page in a front end, opened once for all tests of a front end."""

import os
from contextlib import ExitStack
from functools import cache

import pytest
from browser.opening import BROWSERS, DEMO, find_chromium, opened
from browser.serving import serve
from playwright.sync_api import expect

expect.set_options(timeout=30_000)  # milliseconds; other tests may use the same cores


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


@pytest.fixture(scope="session")
def servers():
    """Function from the name of a front end to that of :func:`serving.serve`; one server each per process."""
    with ExitStack() as stack:
        yield cache(lambda front_end: stack.enter_context(serve(front_end)))


@pytest.fixture(scope="module", params=["lab", "voila"])
def shown(request, chromium, servers):
    """``notebooks/demo.ipynb`` after all cells have run.

    pytest runs the tests of one front end in succession, so a process opens each page once. With several
    processes, ``--dist worksteal`` distributes successive tests to the same process.
    """
    with opened(request.param, servers(request.param), DEMO, chromium) as shown:
        yield shown


@pytest.fixture(autouse=True)
def no_console_errors(shown):
    """Every test fails if the page reports an error or contacts another host while it runs."""
    yield
    shown.check()

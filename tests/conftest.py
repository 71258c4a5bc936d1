"""Fixtures shared by all tests."""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # two processes that compile the same function at once can read half a cache file, and crash
    os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix=f"numba-{worker}-")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads than cores spend their time waiting


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Workers take tests in the order below; those that share something costly stay together.

    These are the tests of one page, and the cases of one test.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            name, _, parameters = nodeid.partition("[")
            if "test_demo_page" in name:
                return parameters.rstrip("]").split("-")[0]  # the front end
            return nodeid if "test_solutions_run" in name else name

    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(items):
    """The longest test first, so that several processes end at about the same time; solutions last.

    Solutions read folds that notebooks have trained and kept by then.
    """

    def rank(item):
        if "main_job" in item.name:
            return 0
        if "test_solutions_run" in item.name:
            return 4
        if item.path.parent.name == "browser":
            return 2
        return 1 if "slow" in item.keywords else 3

    items.sort(key=rank)


@pytest.fixture
def rng():
    """One seeded source of randomness for every test."""
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def real_corpora():
    """Folder of real corpora; tests that need one are skipped, and say so, where it is unset."""
    folder = os.environ.get("SERCORE_CORPORA")
    if not folder:
        pytest.skip("SERCORE_CORPORA is not set: no real recordings to test on")
    return Path(folder)


if sys.platform == "win32":

    def _skip(*_, **__):
        pytest.skip("Windows has no such pipes, and links only for administrators")

    os.mkfifo = Path.symlink_to = _skip

"""Fixtures shared by all tests."""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # processes that compile the same function at the same time can read an incomplete cache file and crash
    os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix=f"numba-{worker}-")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of several workers would compete for the cores


@pytest.fixture
def rng():
    """A random generator with a fixed seed."""
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def real_corpora():
    """Folder of real corpora; tests that need it are skipped if SERCORE_CORPORA is not set."""
    folder = os.environ.get("SERCORE_CORPORA")
    if not folder:
        pytest.skip("SERCORE_CORPORA is not set: no real recordings to test on")
    return Path(folder)


def pytest_collection_modifyitems(items):
    """The longest test begins first; solutions come last, when it has filled the caches that they read."""

    def place(item) -> int:
        if item.name == "test_run_on_the_demo_corpus":
            return -1
        return 1 if item.name.startswith("test_solutions_run") else 0

    items.sort(key=place)


if sys.platform == "win32":

    def _skip(*_, **__):
        pytest.skip("Windows has no named pipes of this kind, and links only for administrators")

    os.mkfifo = Path.symlink_to = _skip

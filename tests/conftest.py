"""Fixtures shared by all tests."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # two processes that compile the same function at once can read half a cache file, and crash
    os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix=f"numba-{worker}-")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads than cores spend their time waiting


def pytest_configure(config):
    """With ``--dist loadgroup``, keep the order below; xdist would begin with the largest group."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """The longest test first, then slow ones, then pages, each a group of tests that stay on one worker,
    then quick ones: so processes end at about the same time."""

    def rank(item):
        browser = item.get_closest_marker("xdist_group") is not None
        return "main_job" not in item.name, "slow" not in item.keywords, browser

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

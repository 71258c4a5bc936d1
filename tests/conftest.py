"""Fixtures shared by all tests."""

import os
from pathlib import Path

import numpy as np
import pytest


def pytest_collection_modifyitems(items):
    """Slow tests first, so that several processes end at about the same time."""
    items.sort(key=lambda item: "slow" not in item.keywords)


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

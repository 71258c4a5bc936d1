"""Members shared by the tests of ensembles."""

import pytest
from toys.predictions import N_CLIPS, long_table

from sercore.course.benchmarks.ensembles import synthetic


@pytest.fixture(scope="module")
def members():
    """Four members, five classes, three folds of speakers."""
    return synthetic(N_CLIPS, 5, 4, n_folds=3)


@pytest.fixture(scope="module")
def oof(members):
    return long_table(members)

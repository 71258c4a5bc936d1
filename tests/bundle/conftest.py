"""A small corpus, its features and a bundle, made once for all tests of this folder."""

import pytest
from toys import bundles as small


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="session")
def index(folder):
    return small.write_corpus(folder / "wav")


@pytest.fixture(scope="session")
def X(index, folder):
    return small.features(index, folder)


@pytest.fixture(scope="session")
def bundle(index, X, folder):
    """One linear discriminant analysis; some modules have a bundle of their own."""
    return small.save_small(folder / "lda.bundle", index, X)


@pytest.fixture
def copied(bundle, tmp_path):
    return small.copy_bundle(bundle, tmp_path / "copy")

"""Scores of single blocks of an encoder."""

import numpy as np
import pandas as pd
import pytest
from toys.tables import CLASSES, make_index

from sercore import training
from sercore.encoders import EncoderRecipe
from sercore.errors import SercoreError

RECIPE = EncoderRecipe(statistics=("mean",))
WIDTH = 384


@pytest.fixture
def index():
    return make_index(n_speakers=4)


@pytest.fixture
def X(index, rng):
    """Four blocks of noise; the second one also contains the class."""
    X = rng.normal(size=(len(index), 4 * WIDTH)).astype(np.float32)
    directions = rng.normal(size=(len(CLASSES), WIDTH))
    X[:, WIDTH : 2 * WIDTH] += directions[pd.Categorical(index["label"], categories=CLASSES).codes]
    return X


def test_each_block_is_scored_on_its_own_columns(index, X):
    options = {"model": "logistic", "n_folds": 2, "progress": False}
    table = training.score_blocks(index, RECIPE, X, CLASSES, scheme="three", n_boot=20, **options)
    assert table["model"].tolist() == ["block1", "block2", "block3", "block4", "all"]
    second = table.set_index("model").loc["block2"]
    assert second["ua"] > 0.9
    assert (table["ua"][[0, 2, 3]] < 0.6).all()
    assert second["ua_low"] <= second["ua"] <= second["ua_high"]
    alone = training.out_of_fold(index, X[:, WIDTH : 2 * WIDTH], CLASSES, **options)
    expected = training.summarise([alone], corpus="demo", scheme="three", n_boot=20)
    assert second["ua"] == expected["ua"][0]


def test_versions_are_divided_like_the_table(index, X, rng):
    noisy = X + 0.1 * rng.normal(size=X.shape)
    options = {"model": "logistic", "n_folds": 2, "progress": False, "augmented": [noisy]}
    table = training.score_blocks(index, RECIPE, X, CLASSES, scheme="three", n_boot=20, **options)
    assert table["ua"][1] > 0.9
    assert (table["ua"][[0, 2, 3]] < 0.6).all()
    with pytest.raises(SercoreError, match="augmented version 0 has another number of columns than X, "):
        training.out_of_fold(index, X, CLASSES, model="lda", augmented=[noisy[:, :9]], progress=False)


def test_other_columns_raise(index, X):
    with pytest.raises(SercoreError, match="the recipe makes 3072 columns in the groups block1, block2"):
        training.score_blocks(index, EncoderRecipe(), X, CLASSES, scheme="three")

"""The head on the frames of all blocks of an encoder."""

import numpy as np
import pytest

from sercore import models
from sercore.errors import SercoreError


@pytest.fixture
def head():
    return models.build("encoder_attention", 12, 3, n_blocks=3, units=6, attention_units=4, dropout=0.0)


def test_blocks_are_mixed_with_softmax_weights(head, rng):
    from sercore.models.encoder_heads import block_weights

    np.testing.assert_allclose(block_weights(head), 1 / 3, atol=1e-6)
    mixture, x = head.get_layer("blocks"), rng.normal(size=(2, 5, 12)).astype("float32")
    mixture.scores.assign([0.0, 1.0, -2.0])
    weights = np.exp([0.0, 1.0, -2.0]) / np.exp([0.0, 1.0, -2.0]).sum()
    np.testing.assert_allclose(block_weights(head), weights, atol=1e-6)
    by_hand = np.einsum("btkw,k->btw", x.reshape(2, 5, 3, 4), weights)
    np.testing.assert_allclose(np.asarray(mixture(x)), by_hand, atol=1e-5)


def test_informative_block_gets_the_largest_weight(head, rng):
    import keras

    from sercore.models.encoder_heads import block_weights

    y = np.arange(48) % 3
    clips = [rng.normal(size=(12, 8)).astype("float32") for _ in y]
    for clip, label in zip(clips, y, strict=True):
        clip[4 + label] += 2  # a unit of block 2
    head.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy", jit_compile=False)
    X = models.pad_clips(clips)
    for _ in range(40):
        head.train_on_batch(X, y)
    weights = block_weights(head)
    assert weights.argmax() == 1
    assert weights[1] > 0.5


def test_blocks_must_divide_the_features():
    with pytest.raises(SercoreError, match="13 features cannot be 4 blocks of one width"):
        models.build("encoder_attention", 13, 3)


def test_frame_statistics_equal_the_pooled_row(rng):
    from sercore.encoders import pool
    from sercore.models.layers import FrameStatistics

    frames = rng.normal(3, 2, size=(1, 9, 5)).astype("float32")
    mask = np.arange(9)[None] < 6
    found = np.asarray(FrameStatistics()(frames, mask=mask))[0]
    np.testing.assert_allclose(found, pool(frames[:, :6]), rtol=1e-5)

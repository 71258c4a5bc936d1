"""What the networks in :mod:`sercore.models.earlier` share: their inputs and their blocks of layers.

Notebook: 05_cnn_transformer.ipynb
"""

from __future__ import annotations

import keras
from keras import layers, ops

from ..errors import SercoreError
from .layers import SplitPadding, as_image


def fixed_frames(n_features: int, n_frames: int):
    """Input (batch, any number of frames, n_features), and it cut or filled with zeros to ``n_frames``."""
    inputs = keras.Input((None, n_features), name="frames")
    x, _ = SplitPadding(name="padding")(inputs)
    x = ops.pad(x, [[0, 0], [0, n_frames], [0, 0]])[:, :n_frames]
    return inputs, layers.Reshape((n_frames, n_features))(x)


def row(n_features: int):
    """Input (batch, n_features), and the row as steps of one number (batch, n_features, 1)."""
    inputs = keras.Input((n_features,), name="row")
    return inputs, layers.Reshape((n_features, 1))(inputs)


def conv(x, filters: int, size: int, pool: int):
    """Convolution, batch normalisation, ELU, maximum of ``pool`` neighbours; in one dimension or two."""
    if min(x.shape[1:-1]) < pool:
        raise SercoreError(
            f"an earlier network pools {pool} frames or features to one where only {min(x.shape[1:-1])} are "
            "left; give it a larger n_frames or more features"
        )
    image = len(x.shape) == 4
    convolution = layers.Conv2D if image else layers.Conv1D
    maximum = layers.MaxPooling2D if image else layers.MaxPooling1D
    x = layers.BatchNormalization()(convolution(filters, size, padding="same")(x))
    return maximum(pool)(layers.ELU()(x))


def cnn2d_lstm(x, filters):
    """Convolutions over the image of a clip, and all they found as the one step of an LSTM."""
    x = as_image(x)
    for width, pool in zip(filters, (2, 4, 4), strict=True):
        x = conv(x, width, 5, pool)
    return layers.LSTM(48, name="lstm")(layers.Reshape((1, -1), name="one_step")(x))


def cnn1d_lstm(x):
    """Convolutions over a row, and an LSTM over all their channels as single numbers."""
    for width in (64, 128):
        x = layers.LeakyReLU(0.3)(layers.Conv1D(width, 3, padding="same")(x))
        x = layers.Dropout(0.5)(layers.BatchNormalization()(x))
    x = layers.Reshape((-1, 1), name="single_numbers")(x)
    return layers.Dropout(0.4)(layers.LSTM(48, name="lstm_1d")(x))


def encode(x, *, heads: int, hidden: int):
    """Attention and a hidden layer, each added and normalised after (Vaswani 2017); heads as wide as x."""
    width = x.shape[-1]
    seen = layers.Dropout(0.1)(layers.MultiHeadAttention(heads, width, name="attention")(x, x))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, seen]))
    mixed = layers.Dense(width)(layers.Dense(hidden, activation="relu")(x))
    return layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dropout(0.1)(mixed)]))

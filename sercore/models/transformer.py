"""Transformers: attention between all frames of a clip, which are told where they stand.

Attention costs the square of the number of steps, so frames are first averaged or convolved to a
quarter of their number.

Notebook: 05_cnn_transformer.ipynb
"""

from __future__ import annotations

import keras
from keras import layers

from .assembly import classify, frame_inputs, seeded
from .hybrid import cnn2d
from .layers import MaskedPool, Position


@seeded
def build_transformer(
    n_features: int,
    n_classes: int,
    *,
    width: int = 64,
    blocks: int = 2,
    heads: int = 4,
    pool: int = 4,
    dropout: float = 0.2,
    seed: int = 0,
) -> keras.Model:
    """Transformer encoder on frames, averaged over the clip.

    Parameters
    ----------
    width : int
        Of each step inside the encoder; its hidden layers are twice as wide.
    blocks, heads : int
        Depth of the encoder and attention heads of each block (Vaswani 2017, normalised first).
    pool : int
        Frames that are averaged to one step.
    dropout : float
        Rate of dropout before the output, and inside the network.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_frames, n_features)], standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output [shape=(batch, n_classes)], probabilities.

    See Also
    --------
    sercore.models.build : the same by name.
    """
    inputs, x, mask = frame_inputs(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    summary = _encode(x, mask, width, blocks, heads, dropout)
    return classify(inputs, summary, n_classes, dropout=dropout, name="transformer")


@seeded
def build_cnn2d_transformer(
    n_features: int,
    n_classes: int,
    *,
    filters: tuple[int, ...] = (16, 32, 32),
    kernel_size: tuple[int, int] = (3, 3),
    width: int = 64,
    blocks: int = 2,
    heads: int = 4,
    pool: int = 2,
    dropout: float = 0.2,
    seed: int = 0,
) -> keras.Model:
    """2D convolutions find local patterns, a Transformer encoder relates them over the clip.

    Parameters
    ----------
    filters, kernel_size, pool
        As in :func:`sercore.models.hybrid.build_cnn2d_lstm`.
    width, blocks, heads
        As in :func:`build_transformer`.
    dropout : float
        Rate of dropout before the output, and inside the network.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_frames, n_features)], standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output [shape=(batch, n_classes)], probabilities.

    See Also
    --------
    sercore.models.build : the same by name.
    """
    inputs, x, mask = frame_inputs(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x, mask = cnn2d(x, mask, filters, kernel_size, dropout)
    summary = _encode(x, mask, width, blocks, heads, dropout)
    return classify(inputs, summary, n_classes, dropout=dropout, name="cnn2d_transformer")


def _encode(x, mask, width, blocks, heads, dropout):
    """Mean over the clip of the last block of an encoder."""
    x = Position(name="position")(layers.Dense(width)(x))
    for k in range(blocks):
        x = _block(x, mask, heads, dropout, name=f"attention_{k}")
    return layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x), mask=mask)


def _block(x, mask, heads, dropout, name):
    """Attention between frames, then a hidden layer on each; both are added to what came in."""
    width = x.shape[-1]
    seen = layers.LayerNormalization()(x)
    seen = layers.MultiHeadAttention(heads, max(1, width // heads), name=name)(seen, seen, value_mask=mask)
    x = layers.Add()([x, layers.Dropout(dropout)(seen)])
    hidden = layers.Dense(2 * width, activation="relu")(layers.LayerNormalization()(x))
    hidden = layers.Dense(width)(layers.Dropout(dropout)(hidden))
    return layers.Add()([x, hidden])

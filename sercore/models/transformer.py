"""Transformer encoders on frames, with sinusoidal positions.

Self-attention costs the square of the number of time steps, so frames are first averaged, or convolved
with strides, to a quarter of their number. Blocks normalise before attention (pre-norm). Input, output
and seed are described in :mod:`sercore.models`.

References
----------
Vaswani et al.: Attention is all you need. NeurIPS 2017.

Xiong et al.: On layer normalization in the transformer architecture. ICML 2020.
"""

from __future__ import annotations

import keras
from keras import layers

from .assembly import average, classify, frame_inputs, seeded
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
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.2,
    seed: int = 0,
) -> keras.Model:
    """Transformer encoder on frames; its output is averaged over the clip.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    width : int
        Model dimension of the encoder; its feed-forward layers are twice as wide.
    blocks : int
        Encoder blocks.
    heads : int
        Attention heads per block.
    pool : int
        Frames averaged into one time step.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate inside the blocks and before the output layer.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_cnn2d_transformer : Convolutions before the encoder.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    x, mask = MaskedPool(pool)(x, mask=mask)
    summary = _encode(x, mask, width, blocks, heads, dropout, statistics)
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
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.2,
    seed: int = 0,
) -> keras.Model:
    """2D convolutions extract local patterns; a Transformer encoder relates them over the clip.

    Features must be ordered by frequency, such as mel bands.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    filters : tuple of int
        Filters of each convolution; each halves the bands, the first two halve the frames.
    kernel_size : (int, int)
        Frames and bands covered by a filter, odd.
    width, blocks, heads : int
        Encoder, as in :func:`build_transformer`.
    pool : int
        Frames averaged into one before the convolutions.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate inside the blocks and before the output layer; half of it after each convolution.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    sercore.models.hybrid.build_cnn2d_lstm : The same convolutions before an LSTM.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x, mask = cnn2d(x, mask, filters, kernel_size, dropout, deltas=deltas)
    summary = _encode(x, mask, width, blocks, heads, dropout, statistics)
    return classify(inputs, summary, n_classes, dropout=dropout, name="cnn2d_transformer")


def _encode(x, mask, width, blocks, heads, dropout, statistics):
    """Output of the encoder, averaged over the clip."""
    x = Position(name="position")(layers.Dense(width)(x))
    for k in range(blocks):
        x = _block(x, mask, heads, dropout, name=f"attention_{k}")
    return average(layers.LayerNormalization()(x), mask, statistics=statistics)


def _block(x, mask, heads, dropout, name):
    """Self-attention and a feed-forward layer, each with a residual connection."""
    width = x.shape[-1]
    normed = layers.LayerNormalization()(x)
    attended = layers.MultiHeadAttention(heads, max(1, width // heads), name=name)(
        normed, normed, value_mask=mask
    )
    x = layers.Add()([x, layers.Dropout(dropout)(attended)])
    hidden = layers.Dense(2 * width, activation="relu")(layers.LayerNormalization()(x))
    hidden = layers.Dense(width)(layers.Dropout(dropout)(hidden))
    return layers.Add()([x, hidden])

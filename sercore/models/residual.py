"""A compact residual network with a recurrent layer and attention, under 60 000 weights.

Small corpora of acted speech hold a few dozen speakers; a network that reaches good scores on them
from scratch is small. This one follows the idea of residual convolutions that feed an LSTM whose
states are weighted by attention.

Notebook: 05_cnn_transformer.ipynb
"""

from __future__ import annotations

from keras import layers

from .assembly import reads_frames
from .layers import AttentionPool, MaskedConv, MaskedPool, as_frames, as_image


@reads_frames
def build_res_lstm(
    x,
    mask,
    *,
    filters: tuple[int, ...] = (12, 24, 24),
    units: int = 24,
    attention_units: int = 24,
    pool: int = 2,
    dropout: float = 0.3,
):
    """Residual 2D convolutions, a BiLSTM, and attention over its states.

    Features must be neighbours in frequency, such as mel bands. The weights of each step are the second
    output of the layer ``attention``.

    Parameters
    ----------
    filters : tuple of int
        Of each residual block; each halves the bands, the first two halve the frames.
    units : int
        Of the BiLSTM in each direction, and half the width of what it reads.
    attention_units : int
        Width of the layer that scores a step.
    pool : int
        Frames that are averaged to one before.
    """
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = as_image(x)
    for depth, width in enumerate(filters):
        size = (2 if depth < 2 else 1, min(2, x.shape[2]))
        x, mask = _block(x, mask, width, size)
        x = layers.SpatialDropout2D(dropout / 2)(x)
    x = layers.Dense(2 * units, activation="relu")(as_frames(x))
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x, mask=mask)
    return AttentionPool(attention_units, name="attention")(x, mask=mask)[0]


def _block(x, mask, width, size):
    """A convolution that pools, then two more, added to what came in (He 2016)."""
    x, mask = MaskedConv(width, (3, 3), strides=size)(x, mask=mask)
    inner, _ = MaskedConv(width, (3, 3))(x, mask=mask)
    inner, _ = MaskedConv(width, (3, 3), activation=None)(inner, mask=mask)
    return layers.ReLU()(layers.Add()([x, inner])), mask

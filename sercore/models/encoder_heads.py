"""A network on the frames of all blocks of a frozen encoder: weighted blocks, then weighted frames.

The weights of the blocks are a softmax over one learned number per block, as in the SUPERB benchmark. They
show which blocks a task uses; they are comparable only if the blocks have the same scale, which standardising
every unit on the training clips ensures.

References
----------
Yang et al.: SUPERB: speech processing universal performance benchmark. Interspeech 2021.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from ..errors import SercoreError
from .assembly import classify, frame_inputs, seeded
from .layers import AttentionPool, register


@register
class BlockMixture(layers.Layer):
    """Weighted mean of the blocks of an encoder, with weights that sum to 1.

    Input [shape=(batch, n_frames, n_blocks * width)], block by block; output [shape=(batch, n_frames,
    width)]. All weights are equal before training.

    Parameters
    ----------
    n_blocks : int
        Must divide the number of features.
    """

    def __init__(self, n_blocks, **kwargs):
        super().__init__(**kwargs)
        self.n_blocks = n_blocks

    def build(self, input_shape):
        if input_shape[-1] % self.n_blocks:
            raise SercoreError(
                f"{input_shape[-1]} features cannot be {self.n_blocks} blocks of one width; pass the "
                "n_blocks of the recipe that made the frames"
            )
        self.scores = self.add_weight(shape=(self.n_blocks,), initializer="zeros", name="scores")

    def call(self, x):
        width = x.shape[-1] // self.n_blocks
        weights = ops.repeat(ops.softmax(self.scores), width)
        blocks = ops.split(x * weights, self.n_blocks, axis=-1)
        return sum(blocks[1:], blocks[0])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // self.n_blocks)

    def get_config(self):
        return {**super().get_config(), "n_blocks": self.n_blocks}


@seeded
def build_encoder_attention(
    n_features: int,
    n_classes: int,
    *,
    n_blocks: int = 4,
    units: int = 128,
    attention_units: int = 64,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """Learned mean of the blocks, a dense layer on every frame, and attention over the frames.

    The weights of the blocks are :func:`block_weights`, those of the frames the second output of the layer
    ``attention``. The order of the frames has no influence beyond what the encoder has put into them.

    Parameters
    ----------
    n_features, n_classes : int
        Blocks times width of the encoder, 1536 for Whisper tiny.en, and classes.
    n_blocks : int
        Blocks of the encoder; must divide ``n_features``.
    units : int
        Units of the dense layer on every frame.
    attention_units : int
        Hidden units of the layer that scores a frame.
    dropout : float
        Dropout rate before and after the dense layer.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)] from :func:`sercore.features.extract_frames` with an
        encoder recipe; output [shape=(batch, n_classes)].

    Raises
    ------
    SercoreError
        ``n_blocks`` does not divide ``n_features``.

    See Also
    --------
    sercore.training.fine_tune : Also trains the encoder.
    """
    inputs, x, mask = frame_inputs(n_features)
    x = BlockMixture(n_blocks, name="blocks")(x)
    x = layers.Dense(units, activation="relu")(layers.Dropout(dropout)(x))
    summary = AttentionPool(attention_units, name="attention")(x, mask=mask)[0]
    return classify(inputs, summary, n_classes, dropout=dropout, name="encoder_attention")


def block_weights(network: keras.Model) -> np.ndarray:
    """Weights of the blocks [shape=(n_blocks,)] of :func:`build_encoder_attention`; they sum to 1."""
    scores = network.get_layer("blocks").scores
    return ops.convert_to_numpy(ops.softmax(scores))

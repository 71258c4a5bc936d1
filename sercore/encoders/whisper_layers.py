"""Layers of Whisper's encoder.

Each is registered with Keras under the name of this package, so that a saved model can be loaded without
running code from the file.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from ..errors import EncoderError

register = keras.saving.register_keras_serializable(package="sercore")


def sinusoids(n_positions: int, width: int) -> np.ndarray:
    """Whisper's position table: sines, then cosines, of `width` / 2 frequencies.

    Returns
    -------
    np.ndarray [shape=(n_positions, width), dtype=float32]
    """
    step = np.log(10_000) / (width // 2 - 1)
    angle = np.arange(n_positions)[:, None] * np.exp(-step * np.arange(width // 2))
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


def gelu(x):
    """Gaussian error linear unit, exact: written with ``erf``, which ONNX has."""
    return 0.5 * x * (1.0 + ops.erf(x * 0.5**0.5))


@register
class PositionTable(layers.Layer):
    """Frames plus the first rows of a stored position table.

    Parameters
    ----------
    n_positions : int
        Rows of the table.
    """

    def __init__(self, n_positions, **kwargs):
        super().__init__(**kwargs)
        self.n_positions = n_positions

    def build(self, input_shape):
        shape = (self.n_positions, input_shape[-1])
        self.table = self.add_weight(shape=shape, name="table", trainable=False)
        self.table.assign(sinusoids(*shape))

    def call(self, x):
        return x + ops.convert_to_tensor(self.table)[: ops.shape(x)[1]]

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "n_positions": self.n_positions}


@register
class EncoderBlock(layers.Layer):
    """Self-attention and a two-layer network, each on normalised frames and added to its input.

    Input and output (batch, n_frames, width).

    Parameters
    ----------
    n_heads : int
        Must divide the width.
    """

    def __init__(self, n_heads, **kwargs):
        super().__init__(**kwargs)
        self.n_heads = n_heads

    def build(self, input_shape):
        width = input_shape[-1]
        if width % self.n_heads:
            raise EncoderError(f"{self.n_heads} heads do not divide a width of {width}")
        self.attention_norm = layers.LayerNormalization(epsilon=1e-5, name="attention_norm")
        self.qkv = layers.Dense(3 * width, name="qkv")
        self.project = layers.Dense(width, name="project")
        self.ffn_norm = layers.LayerNormalization(epsilon=1e-5, name="ffn_norm")
        self.expand = layers.Dense(4 * width, name="expand")
        self.contract = layers.Dense(width, name="contract")
        for part in (self.attention_norm, self.qkv, self.project, self.ffn_norm, self.expand):
            part.build(input_shape)
        self.contract.build((*input_shape[:-1], 4 * width))

    def call(self, x):
        x = x + self.attend(self.attention_norm(x))
        hidden = gelu(self.expand(self.ffn_norm(x)))
        return x + self.contract(hidden)

    def attend(self, x):
        """Self-attention of normalised frames, (batch, n_frames, width)."""
        query, key, value = (self._split(part) for part in ops.split(self.qkv(x), 3, axis=-1))
        mixed = ops.matmul(self._weights(query, key), value)
        return self.project(self._join(mixed))

    def attention(self, x):
        """Attention weights for the input of the block, (batch, n_heads, n_frames, n_frames)."""
        query, key, _ = ops.split(self.qkv(self.attention_norm(x)), 3, axis=-1)
        return self._weights(self._split(query), self._split(key))

    def _weights(self, query, key):
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        return ops.softmax(scores * float(query.shape[-1]) ** -0.5, axis=-1)

    def _split(self, x):
        """(batch, n_frames, width) to (batch, n_heads, n_frames, width / n_heads)."""
        x = ops.reshape(x, (*ops.shape(x)[:2], self.n_heads, x.shape[-1] // self.n_heads))
        return ops.transpose(x, (0, 2, 1, 3))

    def _join(self, x):
        x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (*ops.shape(x)[:2], self.n_heads * x.shape[3]))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "n_heads": self.n_heads}


@register
class StackBlocks(layers.Layer):
    """Outputs of all blocks, a list of (batch, n_frames, width), as (batch, n_blocks, n_frames, width)."""

    def call(self, blocks):
        return ops.stack(blocks, axis=1)

"""Whisper's encoder as a Keras model that returns the output of every block.

Two convolutions halve the frame rate to 50 per second, a table of sines and cosines adds the position, and
transformer blocks with layer normalisation before each part follow. The model has no mask: Whisper was
trained on clips padded with zeros and processes the padding as silence.

Layers are registered with Keras under the name of this package, so that a saved model can be loaded without
running code from the file.

References
----------
Radford et al.: Robust speech recognition via large-scale weak supervision. ICML 2023.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers, ops

from ..errors import EncoderError
from .mel import N_MELS
from .sources import TINY, WhisperSize

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


def build_whisper(
    size: WhisperSize = TINY, *, n_frames: int | None = None, seed: int = 0, name: str = "whisper"
) -> keras.Model:
    """Whisper's encoder with random weights.

    Parameters
    ----------
    size : WhisperSize
    n_frames : int, optional
        Log-mel frames of the input, two per position; by default any number.
    seed : int
        Seed of the initial weights.

    Returns
    -------
    keras.Model
        Input (batch, n_frames, 80) from :func:`whisper_log_mel`; output
        (batch, n_blocks, n_frames / 2, width). The output of the last block is normalised, as the
        decoder of Whisper receives it.

    Raises
    ------
    EncoderError
        More frames than the position table covers.
    """
    if n_frames is not None and not 0 < n_frames <= 2 * size.n_positions:
        raise EncoderError(f"n_frames={n_frames}; the encoder accepts 1 to {2 * size.n_positions} frames")
    keras_seeds = iter(np.random.default_rng(seed).integers(2**31, size=2 + 4 * size.n_blocks).tolist())

    def initializer():
        return keras.initializers.GlorotUniform(seed=next(keras_seeds))

    inputs = keras.Input((n_frames, N_MELS), name="log_mel")
    x = inputs
    for number, stride in ((1, 1), (2, 2)):
        x = layers.ZeroPadding1D(1, name=f"pad_{number}")(x)  # on both sides, for every stride
        conv = layers.Conv1D(
            size.width, 3, strides=stride, kernel_initializer=initializer(), name=f"conv_{number}"
        )
        x = gelu(conv(x))
    x = PositionTable(size.n_positions, name="position")(x)
    outputs = []
    for number in range(1, size.n_blocks + 1):
        block = EncoderBlock(size.n_heads, name=f"block_{number}")
        x = block(x)
        for part in (block.qkv, block.project, block.expand, block.contract):
            part.kernel.assign(initializer()(part.kernel.shape))
        outputs.append(x)
    outputs[-1] = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
    return keras.Model(inputs, StackBlocks(name="blocks")(outputs), name=name)


def set_weights(model: keras.Model, tensors: Mapping[str, np.ndarray]) -> None:
    """Copy the weights of a CTranslate2 file into a model of :func:`build_whisper`.

    Parameters
    ----------
    model : keras.Model
    tensors : mapping of str to np.ndarray
        From :func:`sercore.encoders.weights.read_ctranslate2`.

    Raises
    ------
    EncoderError
        A tensor is missing or has another shape than the model.
    """
    for variable, name, axes in _pairs(model):
        if name not in tensors:
            raise EncoderError(f"the weights lack {name!r}; they are not those of a Whisper encoder")
        value = np.asarray(tensors[name], dtype=np.float32)
        value = value.transpose(axes) if axes and value.ndim == len(axes) else value
        if value.shape != tuple(variable.shape):
            raise EncoderError(f"{name!r} has shape {value.shape}, the encoder needs {tuple(variable.shape)}")
        variable.assign(value)


def get_tensors(model: keras.Model) -> dict[str, np.ndarray]:
    """The weights of a model under the names of a CTranslate2 file: the inverse of :func:`set_weights`."""
    block = next(layer for layer in model.layers if isinstance(layer, EncoderBlock))
    tensors = {"encoder/num_heads": np.int32(block.n_heads)}
    for variable, name, axes in _pairs(model):
        value = ops.convert_to_numpy(variable)
        tensors[name] = value.transpose(axes) if axes else value  # every order of axes is its own inverse
    return tensors


def _pairs(model: keras.Model):
    """Every variable of the encoder, its name in a CTranslate2 file, and the order of the axes there."""
    for number in (1, 2):
        conv = model.get_layer(f"conv_{number}")
        yield conv.kernel, f"encoder/conv{number}/weight", (2, 1, 0)
        yield conv.bias, f"encoder/conv{number}/bias", None
    yield model.get_layer("position").table, "encoder/position_encodings/encodings", None
    blocks = [layer for layer in model.layers if isinstance(layer, EncoderBlock)]
    for number, block in enumerate(blocks):
        for norm, first, second, part in (
            (block.attention_norm, block.qkv, block.project, "self_attention"),
            (block.ffn_norm, block.expand, block.contract, "ffn"),
        ):
            prefix = f"encoder/layer_{number}/{part}"
            yield norm.gamma, f"{prefix}/layer_norm/gamma", None
            yield norm.beta, f"{prefix}/layer_norm/beta", None
            for k, dense in enumerate((first, second)):
                yield dense.kernel, f"{prefix}/linear_{k}/weight", (1, 0)
                yield dense.bias, f"{prefix}/linear_{k}/bias", None
    yield model.get_layer("norm").gamma, "encoder/layer_norm/gamma", None
    yield model.get_layer("norm").beta, "encoder/layer_norm/beta", None

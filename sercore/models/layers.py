"""Layers that never let padding speak, and the parts that all networks share.

Clips differ in length, a batch does not: frames after the end of a clip are NaN
(:func:`sercore.models.pad_clips`). NaN is not a level or a pitch, and standardising, scaling or
adding noise leave it NaN, so padding cannot be mistaken for silence. :class:`SplitPadding` turns it
into zeros and a mask, once; from there on **every layer that looks at more than one frame takes the
mask**: convolutions (:class:`MaskedConv`), pooling (:class:`MaskedPool`), recurrent layers,
attention and averages. What stands in padded frames is then without influence, in training too.
A frame with any NaN counts as padding; ``pad_clips`` refuses clips that hold one before their end.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from ..errors import SercoreError

register = keras.saving.register_keras_serializable(package="sercore")


class _Frames(layers.Layer):
    """A layer that hands no implicit Keras mask on; every mask in this package is passed in sight."""

    def compute_mask(self, inputs, previous_mask):
        return None


@register
class SplitPadding(_Frames):
    """Frames with padding set to 0, and a mask that is True where the clip is.

    Input (batch, n_frames, n_features) with NaN after the end of each clip; output the same shape,
    and bool (batch, n_frames).
    """

    def call(self, frames):
        missing = ops.isnan(frames)
        # asked this way round, where() stays a choice in ONNX; else it becomes a product, and 0 * NaN is NaN
        return ops.where(missing, 0.0, frames), ops.logical_not(ops.any(missing, axis=-1))


@register
class MaskedConv(_Frames):
    """Convolution, batch normalisation, activation; frames after the clip count as zeros.

    Gives the result and the mask of the frames that are left. Filters stand on the first frame and
    every ``strides``-th after it, so padding moves none.

    Parameters
    ----------
    filters : int
    kernel_size : int or (int, int)
        Odd. One number: frames (input [shape=(batch, n_frames, n_features)]); two: frames and bands
        (input [shape=(batch, n_frames, n_bands, n_channels)]).
    strides : int or (int, int)
        Frames, or frames and bands, from one place of the filter to the next.
    activation : str or None
        Name of a Keras activation.
    momentum : float
        Of the running mean and variance. They converge within an epoch of forty steps, which Keras's
        own 0.99 does not.
    """

    def __init__(self, filters, kernel_size, *, strides=1, activation="relu", momentum=0.9, **kwargs):
        super().__init__(**kwargs)
        sizes = tuple(np.atleast_1d(kernel_size).tolist())
        strides = tuple(np.broadcast_to(strides, len(sizes)).tolist())
        if any(size % 2 == 0 for size in sizes):  # an even kernel would look further to one side
            raise SercoreError(f"MaskedConv: kernel_size must be odd, not {kernel_size}")
        self.filters, self.kernel_size, self.strides = filters, sizes, strides
        self.activation, self.momentum = activation, momentum
        conv = layers.Conv1D if len(sizes) == 1 else layers.Conv2D
        self.conv = conv(filters, sizes, strides=strides, use_bias=False, kernel_initializer="he_normal")
        self.norm = layers.BatchNormalization(momentum=momentum)
        self.activate = keras.activations.get(activation)

    def build(self, input_shape):
        batch, _, *bands, channels = input_shape
        padded = [size + 2 * (reach // 2) for size, reach in zip(bands, self.kernel_size[1:], strict=True)]
        self.conv.build((batch, None, *padded, channels))
        self.norm.build((*input_shape[:-1], self.filters))

    def call(self, x, mask, training=None):
        around = [[0, 0], *([size // 2, size // 2] for size in self.kernel_size), [0, 0]]
        x = self.conv(ops.pad(ops.where(_beside(mask, x), x, 0.0), around))
        mask = mask[:, :: self.strides[0]]
        return self.activate(self.norm(x, training=training, mask=_beside(mask, x)[..., 0])), mask

    def get_config(self):
        names = ("filters", "kernel_size", "strides", "activation", "momentum")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register
class MaskedPool(_Frames):
    """Mean over neighbouring frames of the clip, and the mask that is left.

    Windows start at the first frame, so padding shifts none; the last one may hold fewer frames.

    Parameters
    ----------
    size : int
        Frames that become one.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, x, mask):
        share = self._pool(ops.cast(mask, x.dtype)[..., None])
        x = self._pool(ops.where(mask[..., None], x, 0.0))
        return x / ops.maximum(share, 1e-6), share[..., 0] > 0

    def _pool(self, x):
        """Means from the first frame on; zeros after the last let its window be incomplete."""
        x = ops.pad(x, [[0, 0], [0, self.size - 1], [0, 0]])
        return ops.average_pool(x, self.size, self.size, padding="valid", data_format="channels_last")

    def get_config(self):
        return {**super().get_config(), "size": self.size}


@register
class AttentionPool(_Frames):
    """Weighted mean over the frames of a clip, and the weights (additive attention, Bahdanau 2015).

    Input (batch, n_frames, n_features); output (batch, n_features), and weights (batch, n_frames)
    that sum to 1 over the clip and are 0 in its padding.

    Parameters
    ----------
    units : int
        Width of the hidden layer that scores a frame.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hidden = layers.Dense(units, activation="tanh")
        self.score = layers.Dense(1, use_bias=False)

    def build(self, input_shape):
        self.hidden.build(input_shape)
        self.score.build((*input_shape[:-1], self.units))

    def call(self, x, mask):
        scores = self.score(self.hidden(x))[..., 0]
        weights = ops.softmax(ops.where(mask, scores, _LOW), axis=-1)
        return ops.sum(x * weights[..., None], axis=1), weights

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@register
class Position(_Frames):
    """Frames plus sines and cosines of their position (Vaswani 2017); needs no weights.

    Attention alone cannot tell a sentence from the same frames in another order.
    """

    def call(self, x):
        step = ops.cumsum(ops.ones_like(x[:1, :, :1]), axis=1) - 1.0  # counts without asking the length
        width = x.shape[-1]
        angle = step * ops.cast(10000.0 ** (-np.arange(0, width, 2) / width), x.dtype)
        return x + ops.concatenate([ops.sin(angle), ops.cos(angle)], axis=-1)[..., :width]


@register
class SpecAugment(_Frames):
    """In training, bands and stretches of time set to 0, the mean of standardised frames (Park 2019).

    Input and output (batch, n_frames, n_features); NaN stays NaN. Outside training nothing changes.
    Places are drawn over the frames of the batch: in company of longer clips, a short clip may be spared.

    Parameters
    ----------
    bands, frames : int
        Widest mask along each axis; the width of each is drawn from 0 to this.
    n_masks : int
        Along each axis.
    seed : int, optional
    """

    def __init__(self, bands=10, frames=24, n_masks=2, *, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.bands, self.frames, self.n_masks, self.seed = bands, frames, n_masks, seed
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, x, training=None):
        if not training:
            return x
        shape = ops.shape(x)
        for axis, widest in ((1, self.frames), (2, self.bands)):
            hidden = self._hidden(shape[0], shape[axis], widest)
            x = ops.where(ops.isnan(x), x, ops.where(ops.expand_dims(hidden, 3 - axis), 0.0, x))
        return x

    def _hidden(self, n_clips, n_steps, widest):
        """Bool (n_clips, n_steps), True under a mask."""
        place = ops.cumsum(ops.ones((n_clips, n_steps, 1)), axis=1) - 1
        drawn = keras.random.uniform((2, n_clips, 1, self.n_masks), seed=self.seeds)
        width = ops.floor(drawn[0] * (widest + 1))
        places = ops.maximum(ops.cast(n_steps, "float32") - width, 0.0) + 1.0
        first = ops.floor(drawn[1] * places)
        return ops.any((place >= first) & (place < first + width), axis=-1)

    def get_config(self):
        names = ("bands", "frames", "n_masks", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


_LOW = -1e9
"""Below every score; a softmax makes 0 of it."""


def _beside(mask, x):
    """The mask with as many axes as x."""
    return mask[..., None] if len(x.shape) == 3 else mask[..., None, None]

"""Keras layers whose output does not depend on padding, and SpecAugment.

Clips in a batch differ in length: frames after the end of a clip are NaN
(:func:`sercore.models.pad_clips`). Standardising, scaling or adding noise leaves NaN as it is, so
padding cannot be mistaken for silence. :class:`SplitPadding` turns NaN into zeros and a mask; from
there on **every layer that combines frames takes the mask**: convolutions (:class:`MaskedConv`),
pooling (:class:`MaskedPool`), recurrent layers, attention and averages. Padding thus has no
influence, in training either. A frame with any NaN counts as padding; ``pad_clips`` rejects clips
that contain NaN before their end.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from ..errors import SercoreError

register = keras.saving.register_keras_serializable(package="sercore")


class _Frames(layers.Layer):
    """Base layer that propagates no implicit Keras mask; masks in this package are passed explicitly."""

    def compute_mask(self, inputs, previous_mask):
        return None


@register
class SplitPadding(_Frames):
    """Frames with padding set to 0, and a mask that is True inside the clip.

    Input [shape=(batch, n_frames, n_features)] with NaN after the end of each clip; output of the same
    shape, and a bool mask [shape=(batch, n_frames)].
    """

    def call(self, frames):
        missing = ops.isnan(frames)
        # with this order of arguments ONNX keeps a selection; otherwise it multiplies, and 0 * NaN is NaN
        return ops.where(missing, 0.0, frames), ops.logical_not(ops.any(missing, axis=-1))


@register
class MaskedConv(_Frames):
    """Convolution, batch normalisation and activation; frames after the end of a clip count as zeros.

    Returns the result and the mask of the remaining frames. Filters are centred on the first frame and
    every ``strides``-th after it, so their positions do not depend on the amount of padding. Batch
    statistics are computed over valid frames only.

    Parameters
    ----------
    filters : int
        Number of output channels.
    kernel_size : int or (int, int)
        Odd. One number: frames (input [shape=(batch, n_frames, n_features)]); two: frames and bands
        (input [shape=(batch, n_frames, n_bands, n_channels)]).
    strides : int or (int, int)
        Step of the filter in frames, or in frames and bands.
    activation : str or None
        Name of a Keras activation.
    momentum : float
        Momentum of the running mean and variance. With 0.9 they converge within an epoch of forty
        steps; with Keras's default of 0.99 they do not.

    Raises
    ------
    SercoreError
        A kernel size is even.
    """

    def __init__(self, filters, kernel_size, *, strides=1, activation="relu", momentum=0.9, **kwargs):
        super().__init__(**kwargs)
        sizes = tuple(np.atleast_1d(kernel_size).tolist())
        strides = tuple(np.broadcast_to(strides, len(sizes)).tolist())
        if any(size % 2 == 0 for size in sizes):  # an even kernel would reach further to one side
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
        x = self.conv(ops.pad(ops.where(_expand_mask(mask, x), x, 0.0), around))
        mask = mask[:, :: self.strides[0]]
        return self.activate(self.norm(x, training=training, mask=_expand_mask(mask, x)[..., 0])), mask

    def get_config(self):
        names = ("filters", "kernel_size", "strides", "activation", "momentum")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register
class MaskedPool(_Frames):
    """Mean or maximum over windows of frames, and the mask of the windows inside the clip.

    Windows start at the first frame, so padding does not shift them; the last may contain fewer frames.

    Parameters
    ----------
    size : int
        Frames combined into one.
    mode : str
        ``mean`` or ``max``.
    """

    def __init__(self, size, mode="mean", **kwargs):
        super().__init__(**kwargs)
        self.size, self.mode = size, mode

    def call(self, x, mask):
        valid = self._pool(ops.cast(mask, x.dtype)[..., None])  # proportion of valid frames in each window
        inside = valid > 0
        if self.mode == "max":
            x = self._pool(ops.where(mask[..., None], x, _LOW), ops.max_pool)
            return ops.where(inside, x, 0.0), inside[..., 0]
        x = self._pool(ops.where(mask[..., None], x, 0.0))
        return x / ops.maximum(valid, 1e-6), inside[..., 0]

    def _pool(self, x, pool=ops.average_pool):
        """Pooling from the first frame on, with padding appended to fill the last window."""
        x = ops.pad(
            x, [[0, 0], [0, self.size - 1], [0, 0]], constant_values=_LOW if pool is ops.max_pool else 0
        )
        return pool(x, self.size, self.size, padding="valid", data_format="channels_last")

    def get_config(self):
        return {**super().get_config(), "size": self.size, "mode": self.mode}


@register
class AttentionPool(_Frames):
    """Weighted mean over the frames of a clip, and the weights (additive attention, Bahdanau 2015).

    Input [shape=(batch, n_frames, n_features)]; output [shape=(batch, n_features)], and weights
    [shape=(batch, n_frames)] that sum to 1 over the clip and are 0 in the padding.

    Parameters
    ----------
    units : int
        Units of the hidden layer that scores a frame.
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
class AttentionStatistics(AttentionPool):
    """Weighted mean and standard deviation over the frames of a clip, and the weights (Okabe 2018).

    As :class:`AttentionPool`; output [shape=(batch, 2 * n_features)], means first.
    """

    def call(self, x, mask):
        mean, weights = super().call(x, mask)
        variance = ops.sum(ops.square(x - mean[:, None]) * weights[..., None], axis=1)
        return ops.concatenate([mean, ops.sqrt(ops.maximum(variance, 1e-6))], axis=-1), weights


@register
class Deltas(_Frames):
    """Frames with their slopes, and the slopes of these, appended (Furui 1986).

    Input [shape=(batch, n_frames, n_features)]; output [shape=(batch, n_frames, 3 * n_features)]. A slope is
    that of the least-squares line through a frame and its neighbours, as in ``librosa.feature.delta``; a
    neighbour before or after the clip is replaced by the frame itself. Slopes are normalised over the valid
    frames of a batch (batch normalisation without scale and offset, which the next layer has), because they
    are much smaller than the standardised frames. Its constant of 0.001 is about the variance of the second
    slopes, whose standard deviation is therefore nearer to 0.7 than to 1. With mixed precision, pass
    ``dtype="float32"``: slopes are small differences of large numbers.

    Parameters
    ----------
    reach : int
        Neighbours on each side.
    """

    def __init__(self, reach=4, **kwargs):
        super().__init__(**kwargs)
        self.reach = reach
        self.norm = layers.BatchNormalization(momentum=0.9, center=False, scale=False)

    def build(self, input_shape):
        self.norm.build((*input_shape[:-1], 2 * input_shape[-1]))

    def call(self, x, mask, training=None):
        slope = self._slope(x, mask)
        slopes = ops.concatenate([slope, self._slope(slope, mask)], axis=-1)
        slopes = self.norm(slopes, training=training, mask=mask)
        return ops.concatenate([x, ops.where(mask[..., None], slopes, 0.0)], axis=-1)

    def _slope(self, x, mask):
        steps = ops.cast(np.arange(-self.reach, self.reach + 1)[:, None, None], x.dtype)
        valid = ops.cast(mask, x.dtype)[..., None]
        of_frames = ops.depthwise_conv(x * valid, ops.repeat(steps, x.shape[-1], axis=1), padding="same")
        of_mask = ops.conv(valid, steps, padding="same")  # not 0 where neighbours are missing
        return (of_frames - x * of_mask) / float(2 * np.square(np.arange(self.reach + 1)).sum())

    def get_config(self):
        return {**super().get_config(), "reach": self.reach}


@register
class FrameStatistics(_Frames):
    """Mean and standard deviation over the frames of a clip (statistics pooling, Snyder 2017).

    Input [shape=(batch, n_frames, n_features)]; output [shape=(batch, 2 * n_features)], means first. Without
    padding it is what :func:`sercore.encoders.pool` returns for one block.
    """

    def call(self, x, mask):
        weight = ops.cast(mask, x.dtype)[..., None]
        n_frames = ops.maximum(ops.sum(weight, axis=1), 1.0)
        mean = ops.sum(x * weight, axis=1) / n_frames
        variance = ops.sum(ops.square(x - mean[:, None]) * weight, axis=1) / n_frames
        return ops.concatenate([mean, ops.sqrt(ops.maximum(variance, 1e-12))], axis=-1)


@register
class Position(_Frames):
    """Frames plus sinusoidal position encodings (Vaswani 2017); it has no weights.

    Without positions, self-attention cannot distinguish a sentence from the same frames in another order.

    Notebook: 05_cnn_transformer.ipynb
    """

    def call(self, x):
        # the length may be unknown here; 16 bits cannot count to 300
        step = ops.cumsum(ops.ones_like(x[:1, :, :1], dtype="float32"), axis=1) - 1.0
        width = x.shape[-1]
        angle = step * ops.cast(10000.0 ** (-np.arange(0, width, 2) / width), "float32")
        encoding = ops.concatenate([ops.sin(angle), ops.cos(angle)], axis=-1)[..., :width]
        return x + ops.cast(encoding, x.dtype)


@register
class SpecAugment(_Frames):
    """In training, random bands and time spans set to 0, the mean of standardised frames (Park 2019).

    Input and output [shape=(batch, n_frames, n_features)]; NaN stays NaN. At inference the input is
    returned unchanged. Positions are drawn over the frames of the batch, so a time mask may miss a short
    clip that is batched with longer ones. With JAX, for which batches are padded further, they are drawn over
    the frames of the longest clip, rounded up to a multiple of 16.

    Parameters
    ----------
    bands, frames : int
        Maximum width of a mask along each axis; each width is drawn uniformly from 0 to this.
    n_masks : int
        Masks along each axis.
    seed : int, optional
        Seed of widths and positions.

    Notebook: 05_cnn_transformer.ipynb
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
            within = _longest(x) if axis == 1 and keras.backend.backend() == "jax" else shape[axis]
            hidden = self._hidden(shape[0], shape[axis], widest, within)
            x = ops.where(ops.isnan(x), x, ops.where(ops.expand_dims(hidden, 3 - axis), 0.0, x))
        return x

    def _hidden(self, n_clips, n_steps, widest, within):
        """Bool array [shape=(n_clips, n_steps)], True under a mask in the first `within` steps."""
        step = ops.cumsum(ops.ones((n_clips, n_steps, 1)), axis=1) - 1
        drawn = keras.random.uniform((2, n_clips, 1, self.n_masks), seed=self.seeds)
        width = ops.floor(drawn[0] * (widest + 1))
        n_starts = ops.maximum(ops.cast(within, "float32") - width, 0.0) + 1.0
        first = ops.floor(drawn[1] * n_starts)
        return ops.any((step >= first) & (step < first + width), axis=-1)

    def get_config(self):
        names = ("bands", "frames", "n_masks", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


_LOW = -1e9
"""Attention score of padded frames; the softmax turns it into 0."""


def _longest(x):
    """Number of frames of the longest clip, rounded up to a multiple of 16."""
    inside = ops.any(ops.logical_not(ops.isnan(x)), axis=(0, 2))
    return 16 * ((ops.sum(ops.cast(inside, "int32")) + 15) // 16)


def _expand_mask(mask, x):
    """The mask with as many axes as x, for broadcasting."""
    return mask[..., None] if len(x.shape) == 3 else mask[..., None, None]

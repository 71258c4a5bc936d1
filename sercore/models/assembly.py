"""Parts shared by all networks: input with padding mask, output, seed, and compiled prediction."""

from __future__ import annotations

import functools
import logging
import random
import weakref
from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from ..errors import SercoreError
from .layers import AttentionStatistics, Deltas, SplitPadding


def seeded(build: Callable[..., keras.Model]) -> Callable[..., keras.Model]:
    """Decorator of builders: checks sizes and makes ``seed`` alone determine weights and dropout.

    On every backend, Keras seeds layers and initialisers that have no seed from Python's ``random``. It
    is seeded while the network is built, and its state is restored afterwards.
    """

    @functools.wraps(build)
    def checked(n_features, n_classes, *, seed=0, **options):
        if n_features < 1 or n_classes < 2:
            raise SercoreError(
                f"{build.__name__}: a network needs at least 1 feature and 2 classes, "
                f"not {n_features} and {n_classes}"
            )
        state = random.getstate()
        random.seed(seed)
        try:
            return build(n_features, n_classes, seed=seed, **options)
        finally:
            random.setstate(state)

    return checked


def frame_inputs(n_features: int, *, deltas: bool = False) -> tuple:
    """Input layer for frames, the frames with padding set to 0, and the mask of valid frames.

    With `deltas`, slopes of the frames, and slopes of these, are appended to each frame.
    """
    inputs = keras.Input((None, n_features), name="frames", dtype="float32")
    x, mask = SplitPadding(dtype="float32", name="padding")(inputs)
    if deltas:
        x = Deltas(dtype="float32", name="deltas")(x, mask=mask)  # differences, also with mixed precision
    return inputs, x, mask


def fixed_frames(n_features: int, n_frames: int):
    """Input for frames, and the clip cut or zero-padded to ``n_frames`` frames, as in earlier projects."""
    inputs = keras.Input((None, n_features), name="frames")
    x, _ = SplitPadding(name="padding")(inputs)
    x = ops.pad(x, [[0, 0], [0, n_frames], [0, 0]])[:, :n_frames]
    return inputs, layers.Reshape((n_frames, n_features))(x)


def row_as_sequence(n_features: int):
    """Input for rows, and the row as a sequence of scalars [shape=(batch, n_features, 1)]."""
    inputs = keras.Input((n_features,), name="row")
    return inputs, layers.Reshape((n_features, 1))(inputs)


def classify(inputs, summary, n_classes: int, *, dropout: float, name: str) -> keras.Model:
    """Network from its inputs and a summary of the clip [shape=(batch, units)] to class probabilities.

    Probabilities are always float32, also with mixed precision (``keras.config.set_dtype_policy``).
    """
    x = layers.Dropout(dropout)(summary)
    proba = layers.Dense(n_classes, activation="softmax", dtype="float32", name="proba")(x)
    return keras.Model(inputs, proba, name=name)


def average(x, mask, *, statistics: bool = False):
    """Mean over the frames of a clip, or attention-weighted mean and standard deviation."""
    if statistics:
        return AttentionStatistics(64)(x, mask=mask)[0]
    return layers.GlobalAveragePooling1D()(x, mask=mask)


def as_image(x, *, deltas: bool = False):
    """Frames [shape=(batch, n_frames, n_features)] as an image with one channel, or one for each delta."""
    if not deltas:
        return ops.expand_dims(x, axis=-1)
    return layers.Permute((1, 3, 2))(layers.Reshape((-1, 3, x.shape[-1] // 3))(x))


def as_frames(x):
    """Image [shape=(batch, n_frames, n_bands, n_channels)] as frames with bands and channels flattened."""
    return layers.Reshape((-1, x.shape[2] * x.shape[3]))(x)


_COMPILED = weakref.WeakKeyDictionary()
"""Compiled clone of each network that has predicted, so that its graph is traced once."""


def compiled_predict(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Prediction function of a network as a compiled graph that accepts clips of any length.

    Calling a network directly runs it eagerly, an LSTM even step by step; XLA would recompile for every new
    length, so TensorFlow predicts without it.

    Returns
    -------
    callable
        From np.ndarray [shape=(batch, n_frames, n_features)], NaN after the end of a clip, or rows
        [shape=(batch, n_features)], to probabilities [shape=(batch, n_classes), dtype=float32]. It uses
        the network's current weights.
    """
    drop_retracing_warning()
    if network not in _COMPILED:
        clone = keras.Model(network.input, network.output)  # the same layers and weights
        clone.jit_compile = keras.backend.backend() == "jax"
        _COMPILED[network] = clone
    return _COMPILED[network].predict_on_batch


def drop_retracing_warning() -> None:
    """Keep TensorFlow's retracing warning away: a false alarm when several networks predict in turn."""
    logging.getLogger("tensorflow").addFilter(_is_other_message)


def _is_other_message(record: logging.LogRecord) -> bool:
    return "retracing" not in record.getMessage()

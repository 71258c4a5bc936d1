"""What all networks share: input with padding mask, output, seed, and prediction as one compiled graph.

Notebook: 04_lstm_bilstm.ipynb
"""

from __future__ import annotations

import functools
import logging
import random
import weakref

import keras
from keras import layers, ops

from ..errors import SercoreError
from .layers import SplitPadding


def seeded(build):
    """Make a builder check its sizes and draw initial weights and dropout from its ``seed`` alone.

    Keras draws the seed of whatever is given none from ``random``, on every backend. The state of
    ``random`` is put back afterwards.
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


def frame_inputs(n_features: int):
    """Input of a network on frames: the input itself, frames with padding set to 0, and the mask."""
    inputs = keras.Input((None, n_features), name="frames")
    x, mask = SplitPadding(name="padding")(inputs)
    return inputs, x, mask


def classify(inputs, summary, n_classes: int, *, dropout: float, name: str) -> keras.Model:
    """Network from its input and a summary of the clip (batch, units) to class probabilities.

    These stay in 32 bits where all else is computed in 16 (``keras.config.set_dtype_policy``).
    """
    x = layers.Dropout(dropout)(summary)
    proba = layers.Dense(n_classes, activation="softmax", dtype="float32", name="proba")(x)
    return keras.Model(inputs, proba, name=name)


def as_image(x):
    """Frames (batch, n_frames, n_features) as an image with one channel."""
    return ops.expand_dims(x, axis=-1)


def as_frames(x):
    """An image (batch, n_frames, n_bands, n_channels) as frames again: all that one moment holds."""
    return layers.Reshape((-1, x.shape[2] * x.shape[3]))(x)


_COMPILED = weakref.WeakKeyDictionary()
"""Compiled copy of each network that has predicted; a new copy would build its graph again."""


def compiled_predict(network: keras.Model):
    """A function from a batch to the network's outputs, as a graph that serves every length.

    Calling a network runs its layers one by one, an LSTM even step by step; XLA, which Keras takes where
    there is a GPU, would compile anew for every length.

    Returns
    -------
    callable
        From np.ndarray (batch, n_frames, n_features), or (batch, n_columns) for a table, NaN after the end
        of a clip, to np.ndarray of float32 (batch, n_classes). Weights changed later are used.
    """
    logging.getLogger("tensorflow").addFilter(_drop_retracing_warning)
    if network not in _COMPILED:
        copy = keras.Model(network.input, network.output)  # the same layers and weights
        copy.jit_compile = False
        _COMPILED[network] = copy
    return _COMPILED[network].predict_on_batch


def _drop_retracing_warning(record: logging.LogRecord) -> bool:
    """TensorFlow warns where many networks answer one after the other; each has its own graph."""
    return "retracing" not in record.getMessage()

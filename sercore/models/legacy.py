"""Networks of earlier projects, rebuilt for comparison.

The project VoiceVibes (GitHub ``codiceSpaghetti/VoiceVibes``, "S0") combined six networks. They are
rebuilt here from their description with the same layers, sizes and order; :data:`LEGACY` lists them with
their original input shapes and numbers of weights. Each contains a design error, which the docstring of
its builder names; the networks in :data:`sercore.models.NETWORKS` are the corrected counterparts. Networks of
three more projects (S2, S3, S4) are in :mod:`sercore.models.legacy_others`, and listed here too.

One of S0's six, ``s0_cnn2d_lstm``, reads frames as our networks do; it is trained as a baseline under the
same name (:data:`sercore.models.LEGACY_NETWORKS`).

S0's images were mel bands × frames. Here time comes first, which transposes the image and its square
filters and changes nothing else. Clips are standardised, of any length, with NaN after their end; they
are cut or filled with zeros to ``n_frames`` (S0 appended silence to the waveform), without a mask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import layers

from ..errors import SercoreError
from . import legacy_others as others
from .assembly import as_image, classify, fixed_frames, row_as_sequence, seeded


@seeded
def build_s0_cnn2d_lstm(
    n_features: int,
    n_classes: int,
    *,
    n_frames: int = 251,
    filters: tuple[int, int, int] = (128, 256, 256),
    seed: int = 0,
) -> keras.Model:
    """VoiceVibes's best single network: three large convolutions, then an LSTM over **one time step**.

    The output of the convolutions for all times and bands is flattened into a single step of 7168 values.
    An LSTM over one step has nothing to remember: its recurrent kernel and forget gate have no influence,
    and it acts as a dense layer with gates. Over a third of the weights are in that layer.

    The number of weights depends on the input: 3.85 million for VoiceVibes's own, 128 mel bands × 251
    frames. With the 64 bands of this package it is 3.16 million in the published comparison (251 frames) and
    3.36 million in the benchmark of speed (300 frames).

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output. Features must be ordered by frequency, such as mel bands; at least 32.
    n_frames : int
        Length to which every clip is cut or zero-padded; at least 32.
    filters : (int, int, int)
        Filters of the convolutions. VoiceVibes's seven one-vs-rest experts have ``(128, 128, 256)``.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, any number of frames, n_features)], output [shape=(batch, n_classes)].

    Raises
    ------
    SercoreError
        Fewer than 32 frames or features, which the pooling needs.

    See Also
    --------
    sercore.models.hybrid.build_cnn2d_lstm : Keeps the time axis for the LSTM.
    """
    inputs, x = fixed_frames(n_features, n_frames)
    return classify(inputs, _cnn2d_lstm(x, filters), n_classes, dropout=0.0, name="s0_cnn2d_lstm")


@seeded
def build_s0_cnn1d_lstm(n_features: int, n_classes: int, *, seed: int = 0) -> keras.Model:
    """Convolutions over 40 average MFCCs, then an LSTM over their **channels**, one number per step.

    Averages over a clip have no time axis. The LSTM reads the 128 channels of the first coefficient, then
    those of the second, and so on for 5120 steps, and returns its last state.

    Input [shape=(batch, n_features)]: one row per clip. Parameters as in :func:`build_s0_cnn2d_lstm`.

    See Also
    --------
    sercore.models.hybrid.build_cnn1d_lstm : Reads frames in time order.
    """
    inputs, x = row_as_sequence(n_features)
    return classify(inputs, _cnn1d_lstm(x), n_classes, dropout=0.0, name="s0_cnn1d_lstm")


@seeded
def build_s0_fused(
    n_features: int, n_classes: int, *, n_frames: int = 251, n_averages: int = 40, seed: int = 0
) -> keras.Model:
    """The two networks above in parallel, joined by self-attention over **one time step**.

    Both summaries form a single step of 96 values. A softmax over one step is 1 for any input, so queries
    and keys, half of the attention weights, have no influence.

    Two inputs: rows [shape=(batch, n_averages)], and frames as in :func:`build_s0_cnn2d_lstm`, which
    also describes the other parameters.

    See Also
    --------
    sercore.models.hybrid.build_cnn_fused : Concatenates the two summaries.
    """
    averages, x = row_as_sequence(n_averages)
    frames, image = fixed_frames(n_features, n_frames)
    x = layers.Concatenate()([_cnn1d_lstm(x), _cnn2d_lstm(image, (128, 256, 256))])
    x = _encode(layers.Reshape((1, -1), name="both")(x), heads=5, hidden=48)
    return classify([averages, frames], layers.Flatten()(x), n_classes, dropout=0.0, name="s0_fused")


@seeded
def build_s0_lstm_cnn1d(n_features: int, n_classes: int, *, seed: int = 0) -> keras.Model:
    """LSTM over **40 average MFCCs** as if each were a time step, then a convolution over its states.

    Input [shape=(batch, n_features)]: one row per clip. Parameters as in :func:`build_s0_cnn2d_lstm`.

    See Also
    --------
    sercore.models.hybrid.build_lstm_cnn1d : Reads frames in time order.
    """
    inputs, x = row_as_sequence(n_features)
    x = _conv(layers.LSTM(52, return_sequences=True, name="lstm")(x), 128, 3, 2)
    x = layers.GlobalMaxPooling1D()(layers.Dropout(0.2)(x))
    return classify(inputs, x, n_classes, dropout=0.0, name="s0_lstm_cnn1d")


@seeded
def build_s0_lstm_cnn2d(
    n_features: int, n_classes: int, *, n_frames: int = 251, seed: int = 0
) -> keras.Model:
    """LSTM over **mel bands**, each step being one band of the whole clip, then 1D convolutions.

    The sequence runs from the lowest band to the highest instead of through time, and every frame has its
    own weights, so the same word a little later is a different input. As published, the LSTM returns only
    its last state, and the convolution after it cannot be built; here it returns all states.

    Needs at least 4 features. Parameters as in :func:`build_s0_cnn2d_lstm`.

    See Also
    --------
    sercore.models.hybrid.build_lstm_cnn2d : Reads frames in time order.
    """
    inputs, x = fixed_frames(n_features, n_frames)
    x = layers.LSTM(64, return_sequences=True, name="lstm")(layers.Permute((2, 1))(x))
    x = layers.GlobalMaxPooling1D()(_conv(_conv(x, 128, 3, 2), 256, 3, 2))
    return classify(inputs, x, n_classes, dropout=0.0, name="s0_lstm_cnn2d")


@seeded
def build_s0_cnn2d_transformer(
    n_features: int, n_classes: int, *, n_frames: int = 251, seed: int = 0
) -> keras.Model:
    """Four convolutions, then self-attention between 120 positions **without position encodings**.

    Shuffling the output of the convolutions over time and bands does not change the prediction.

    Needs at least 16 frames and features. Parameters as in :func:`build_s0_cnn2d_lstm`.

    See Also
    --------
    sercore.models.transformer.build_cnn2d_transformer : Adds position encodings.
    """
    inputs, x = fixed_frames(n_features, n_frames)
    x = as_image(x)
    for width in (32, 64, 128, 256):
        x = _conv(x, width, 5, 2)
    x = layers.Dropout(0.5)(layers.Reshape((-1, 256), name="places")(x))
    x = layers.GlobalMaxPooling1D()(layers.Dropout(0.5)(_encode(x, heads=3, hidden=64)))
    return classify(inputs, x, n_classes, dropout=0.0, name="s0_cnn2d_transformer")


class Preset(NamedTuple):
    """Builder of a network, its original input shapes, and its number of weights with these.

    Parameters
    ----------
    build : callable
        The builder.
    shapes : tuple of tuple
        One shape per input: (n_features,) for rows, (n_frames, n_features) for frames.
    n_weights : int
        Number of weights, including the moving averages of batch normalisation.
    n_classes : int
        Classes of the project.
    """

    build: Callable[..., keras.Model]
    shapes: tuple[tuple[int, ...], ...]
    n_weights: int
    n_classes: int = 7


LEGACY = {
    "s0_cnn2d_lstm": Preset(build_s0_cnn2d_lstm, ((251, 128),), 3_850_007),
    "s0_cnn1d_lstm": Preset(build_s0_cnn1d_lstm, ((40,),), 35_671),
    "s0_fused": Preset(build_s0_fused, ((40,), (251, 128)), 4_081_271),
    "s0_lstm_cnn1d": Preset(build_s0_lstm_cnn1d, ((40,),), 32_743),
    "s0_lstm_cnn2d": Preset(build_s0_lstm_cnn2d, ((251, 128),), 207_495),
    "s0_cnn2d_transformer": Preset(build_s0_cnn2d_transformer, ((251, 128),), 1_903_303),
    "s2_cnn_bilstm": Preset(others.build_s2_cnn_bilstm, ((87, 128),), 582_215, 6),
    "s3_lstm1": Preset(others.build_s3_lstm1, ((40,),), 71_780, 8),
    "s3_lstm2": Preset(others.build_s3_lstm2, ((40,),), 107_848, 8),
    "s3_lstm3": Preset(others.build_s3_lstm3, ((40,),), 72_380, 8),
    "s3_lstm4": Preset(others.build_s3_lstm4, ((40,),), 109_672, 8),
    "s4_picture_cnn": Preset(others.build_s4_picture_cnn, ((251, 128),), 78_851_142, 6),
    "s4_mobilenet": Preset(others.build_s4_mobilenet, ((251, 128),), 66_490_438, 6),
}
"""All networks of earlier projects. Numbers of weights are computed from the published layer sizes; those of
the one-vs-rest experts of S0, of S3 and of S4's CNN are also the published ones."""


def build(name: str, n_features: int, n_classes: int, *, seed: int = 0, **settings) -> keras.Model:
    """Untrained, uncompiled network of an earlier project.

    Parameters
    ----------
    name : str
        A key of :data:`LEGACY`.
    n_features, n_classes, seed, **settings
        Arguments of its builder, such as ``n_frames=300``.

    Raises
    ------
    SercoreError
        No network has this name, or the input is too small for its pooling.

    See Also
    --------
    sercore.models.build : The networks of this package.

    Notebook: 05_cnn_transformer.ipynb
    """
    if name not in LEGACY:
        raise SercoreError(f"no legacy network named {name!r}; there are: {', '.join(LEGACY)}")
    return LEGACY[name].build(n_features, n_classes, seed=seed, **settings)


def _conv(x, filters: int, size: int, pool: int):
    """Convolution, batch normalisation, ELU and max pooling, in one or two dimensions."""
    if min(x.shape[1:-1]) < pool:
        raise SercoreError(
            f"this network pools {pool} frames or features into one, but only {min(x.shape[1:-1])} are left "
            "at this layer; pass a larger n_frames or more features"
        )
    image = len(x.shape) == 4
    convolution = layers.Conv2D if image else layers.Conv1D
    maximum = layers.MaxPooling2D if image else layers.MaxPooling1D
    x = layers.BatchNormalization()(convolution(filters, size, padding="same")(x))
    return maximum(pool)(layers.ELU()(x))


def _cnn2d_lstm(x, filters):
    """Convolutions over the image of a clip; their flattened output is the single time step of an LSTM."""
    x = as_image(x)
    for width, pool in zip(filters, (2, 4, 4), strict=True):
        x = _conv(x, width, 5, pool)
    return layers.LSTM(48, name="lstm")(layers.Reshape((1, -1), name="one_step")(x))


def _cnn1d_lstm(x):
    """Convolutions over a row, then an LSTM that reads all channels as a sequence of scalars."""
    for width in (64, 128):
        x = layers.LeakyReLU(0.3)(layers.Conv1D(width, 3, padding="same")(x))
        x = layers.Dropout(0.5)(layers.BatchNormalization()(x))
    x = layers.Reshape((-1, 1), name="single_numbers")(x)
    return layers.Dropout(0.4)(layers.LSTM(48, name="lstm_1d")(x))


def _encode(x, *, heads: int, hidden: int):
    """Post-norm Transformer block (Vaswani 2017); each head is as wide as x."""
    width = x.shape[-1]
    attended = layers.Dropout(0.1)(layers.MultiHeadAttention(heads, width, name="attention")(x, x))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, attended]))
    mixed = layers.Dense(width)(layers.Dense(hidden, activation="relu")(x))
    return layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dropout(0.1)(mixed)]))

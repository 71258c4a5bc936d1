"""What the networks in :mod:`sercore.models.legacy` share: their inputs and their blocks of layers.

Notebook: 05_cnn_transformer.ipynb
"""
# MERGED DOC: Networks of VoiceVibes, an earlier project, as they were: for comparison, not for use.
#
#   VoiceVibes (GitHub ``codiceSpaghetti/VoiceVibes``, "S0") combined six networks. They are rebuilt here
#   from their description with the same layers, sizes and order; :data:`LEGACY` holds the input that each
#   was made for and its weights there. Each holds a mistake, which its builder names; the networks in
#   :data:`sercore.models.NETWORKS` are their corrected relatives. Of the other four projects' networks (an
#   MLP, a CNN-BiLSTM, an LSTM on average MFCCs, pretrained nets) no description with all sizes was at hand:
#   they could only be guessed.
#
#   S0 read mel bands × frames. Here frames come first, which transposes the image and its square filters
#   and changes nothing else. Clips are standardised, of any length, with NaN after their end. A clip is cut
#   or filled with zeros to ``n_frames`` (S0 filled the wave with silence), and no layer knows where it ends.

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import layers, ops

from ..errors import SercoreError
from .assembly import as_image, classify, seeded
from .layers import SplitPadding


def fixed_frames(n_features: int, n_frames: int):
    """Input (batch, any number of frames, n_features), and it cut or filled with zeros to ``n_frames``."""
    inputs = keras.Input((None, n_features), name="frames")
    x, _ = SplitPadding(name="padding")(inputs)
    x = ops.pad(x, [[0, 0], [0, n_frames], [0, 0]])[:, :n_frames]
    return inputs, layers.Reshape((n_frames, n_features))(x)


def row(n_features: int):
    """Input (batch, n_features), and the row as steps of one number (batch, n_features, 1)."""
    inputs = keras.Input((n_features,), name="row")
    return inputs, layers.Reshape((n_features, 1))(inputs)


def conv(x, filters: int, size: int, pool: int):
    """Convolution, batch normalisation, ELU, maximum of ``pool`` neighbours; in one dimension or two."""
    if min(x.shape[1:-1]) < pool:
        raise SercoreError(
            f"an earlier network pools {pool} frames or features to one where only {min(x.shape[1:-1])} are "
            "left; give it a larger n_frames or more features"
        )
    image = len(x.shape) == 4
    convolution = layers.Conv2D if image else layers.Conv1D
    maximum = layers.MaxPooling2D if image else layers.MaxPooling1D
    x = layers.BatchNormalization()(convolution(filters, size, padding="same")(x))
    return maximum(pool)(layers.ELU()(x))


def cnn2d_lstm(x, filters):
    """Convolutions over the image of a clip, and all they found as the one step of an LSTM."""
    x = as_image(x)
    for width, pool in zip(filters, (2, 4, 4), strict=True):
        x = conv(x, width, 5, pool)
    return layers.LSTM(48, name="lstm")(layers.Reshape((1, -1), name="one_step")(x))


def cnn1d_lstm(x):
    """Convolutions over a row, and an LSTM over all their channels as single numbers."""
    for width in (64, 128):
        x = layers.LeakyReLU(0.3)(layers.Conv1D(width, 3, padding="same")(x))
        x = layers.Dropout(0.5)(layers.BatchNormalization()(x))
    x = layers.Reshape((-1, 1), name="single_numbers")(x)
    return layers.Dropout(0.4)(layers.LSTM(48, name="lstm_1d")(x))


def encode(x, *, heads: int, hidden: int):
    """Attention and a hidden layer, each added and normalised after (Vaswani 2017); heads as wide as x."""
    width = x.shape[-1]
    seen = layers.Dropout(0.1)(layers.MultiHeadAttention(heads, width, name="attention")(x, x))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, seen]))
    mixed = layers.Dense(width)(layers.Dense(hidden, activation="relu")(x))
    return layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dropout(0.1)(mixed)]))


@seeded
def build_s0_cnn2d_lstm(
    n_features: int,
    n_classes: int,
    *,
    n_frames: int = 251,
    filters: tuple[int, int, int] = (128, 256, 256),
    seed: int = 0,
) -> keras.Model:
    """VoiceVibes's best single network: three large convolutions, then an LSTM over **one step**.

    What the convolutions found, at every moment and band, is laid flat into one step of 7168 values. An
    LSTM that takes one step remembers nothing: its recurrent kernel and its forget gate have no
    influence, and it is a dense layer with gates. Over a third of the weights are in that layer.

    Parameters
    ----------
    n_features, n_classes : int
        Width of input and output. Features must be neighbours in frequency, such as mel bands.
    n_frames : int
        Length to which every clip is cut or filled with zeros; at least 32, and so many features.
    filters : (int, int, int)
        Of the convolutions. ``(128, 128, 256)`` are those of VoiceVibes's seven train_experts, each for one
        class against the rest.
    seed : int
        Of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input (batch, any number of frames, n_features), output (batch, n_classes) that sums
        to 1.

    Raises
    ------
    SercoreError
        Fewer frames or features than the pooling takes together.
    """
    inputs, x = fixed_frames(n_features, n_frames)
    return classify(inputs, cnn2d_lstm(x, filters), n_classes, dropout=0.0, name="s0_cnn2d_lstm")


@seeded
def build_s0_cnn1d_lstm(n_features: int, n_classes: int, *, seed: int = 0) -> keras.Model:
    """Convolutions over 40 average MFCCs, then an LSTM over their **channels**, one number a step.

    Averages over a clip have no time. The LSTM walks over the 128 channels of the first coefficient,
    then of the second, and so on for 5120 steps, and keeps its last state.

    Input (batch, n_features): one row per clip. All else as in :func:`build_s0_cnn2d_lstm`.
    """
    inputs, x = row(n_features)
    return classify(inputs, cnn1d_lstm(x), n_classes, dropout=0.0, name="s0_cnn1d_lstm")


@seeded
def build_s0_fused(
    n_features: int, n_classes: int, *, n_frames: int = 251, n_averages: int = 40, seed: int = 0
) -> keras.Model:
    """The two networks above side by side, joined by an attention over **one step**.

    Both summaries form one step of 96 values. Its attention weight is 1 whatever it holds, so queries
    and keys, half of the attention's weights, have no influence.

    Two inputs: rows (batch, n_averages), and frames as in :func:`build_s0_cnn2d_lstm`, like all else.
    """
    averages, x = row(n_averages)
    frames, image = fixed_frames(n_features, n_frames)
    x = layers.Concatenate()([cnn1d_lstm(x), cnn2d_lstm(image, (128, 256, 256))])
    x = encode(layers.Reshape((1, -1), name="both")(x), heads=5, hidden=48)
    return classify([averages, frames], layers.Flatten()(x), n_classes, dropout=0.0, name="s0_fused")


@seeded
def build_s0_lstm_cnn1d(n_features: int, n_classes: int, *, seed: int = 0) -> keras.Model:
    """An LSTM over **40 average MFCCs**, as if each were a moment, then a convolution over its states.

    Input (batch, n_features): one row per clip. All else as in :func:`build_s0_cnn2d_lstm`.
    """
    inputs, x = row(n_features)
    x = conv(layers.LSTM(52, return_sequences=True, name="lstm")(x), 128, 3, 2)
    x = layers.GlobalMaxPooling1D()(layers.Dropout(0.2)(x))
    return classify(inputs, x, n_classes, dropout=0.0, name="s0_lstm_cnn1d")


@seeded
def build_s0_lstm_cnn2d(
    n_features: int, n_classes: int, *, n_frames: int = 251, seed: int = 0
) -> keras.Model:
    """An LSTM over **mel bands**, each with all its frames, then convolutions (of one dimension).

    Its first state knows the lowest band of the whole clip, its last state all bands. Nothing is read
    in the order in which it was said, and every frame has weights of its own: the same word a little
    later is another input. As published, the LSTM keeps its last state only, and the convolution after
    it cannot be built; here it returns all states, the one reading that can.

    Needs at least 4 features. All else as in :func:`build_s0_cnn2d_lstm`.
    """
    inputs, x = fixed_frames(n_features, n_frames)
    x = layers.LSTM(64, return_sequences=True, name="lstm")(layers.Permute((2, 1))(x))
    x = layers.GlobalMaxPooling1D()(conv(conv(x, 128, 3, 2), 256, 3, 2))
    return classify(inputs, x, n_classes, dropout=0.0, name="s0_lstm_cnn2d")


@seeded
def build_s0_cnn2d_transformer(
    n_features: int, n_classes: int, *, n_frames: int = 251, seed: int = 0
) -> keras.Model:
    """Four convolutions, then attention between 120 places that are **not told where they stand**.

    What leaves the convolutions may be shuffled over time and bands without any change of the output.

    Needs at least 16 frames and features. All else as in :func:`build_s0_cnn2d_lstm`.
    """
    inputs, x = fixed_frames(n_features, n_frames)
    x = as_image(x)
    for width in (32, 64, 128, 256):
        x = conv(x, width, 5, 2)
    x = layers.Dropout(0.5)(layers.Reshape((-1, 256), name="places")(x))
    x = layers.GlobalMaxPooling1D()(layers.Dropout(0.5)(encode(x, heads=3, hidden=64)))
    return classify(inputs, x, n_classes, dropout=0.0, name="s0_cnn2d_transformer")


class Preset(NamedTuple):
    """A builder, the shapes of the inputs that the original was made for, its weights there.

    Parameters
    ----------
    build : callable
    shapes : tuple of tuple
        One per input: (n_features,) for rows, (n_frames, n_features) for frames.
    n_weights : int
        With the 7 classes of VoiceVibes, averages and variances of batch normalisation included.
    """

    build: Callable[..., keras.Model]
    shapes: tuple[tuple[int, ...], ...]
    n_weights: int


LEGACY = {
    "s0_cnn2d_lstm": Preset(build_s0_cnn2d_lstm, ((251, 128),), 3_850_007),
    "s0_cnn1d_lstm": Preset(build_s0_cnn1d_lstm, ((40,),), 35_671),
    "s0_fused": Preset(build_s0_fused, ((40,), (251, 128)), 4_081_271),
    "s0_lstm_cnn1d": Preset(build_s0_lstm_cnn1d, ((40,),), 32_743),
    "s0_lstm_cnn2d": Preset(build_s0_lstm_cnn2d, ((251, 128),), 207_495),
    "s0_cnn2d_transformer": Preset(build_s0_cnn2d_transformer, ((251, 128),), 1_903_303),
}
"""Name of each network. Weights follow from sizes of layers; S0's own print is of its train_experts only."""


def build(name: str, n_features: int, n_classes: int, *, seed: int = 0, **settings) -> keras.Model:
    """An earlier network, untrained and uncompiled.

    Parameters
    ----------
    name : str
        From :data:`LEGACY`.
    n_features, n_classes, seed, **settings
        Of its builder, such as ``n_frames=300``.
    """
    if name not in LEGACY:
        raise SercoreError(f"no earlier network named {name!r}; there are: {', '.join(LEGACY)}")
    return LEGACY[name].build(n_features, n_classes, seed=seed, **settings)

"""Networks of the earlier projects S2, S3 and S4, rebuilt with their layers and sizes.

S2 is a CNN-BiLSTM with attention on log-mel chunks, S3 four LSTMs on average MFCCs, S4 a CNN and MobileNetV2
on pictures of spectrograms. The docstring of each builder names its design error. Input, cutting and padding
are those of :mod:`sercore.models.legacy`, which lists them in ``LEGACY``.

Two errors were not in the layers. S3 stopped with ``EarlyStopping(monitor="accuracy", mode="min")``, which
restores the epoch with the *lowest* accuracy, and saved the model before it was trained. S4 set ``trainable``
after ``compile`` and did not compile again, so the unfrozen layers were not trained: Keras 3 goes on with the
function it compiled first, or, if it has to trace again (another batch size), raises an error about an
unknown variable. :func:`sercore.models.pictures.unfreeze` compiles.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from ..errors import SercoreError
from .assembly import as_image, classify, fixed_frames, row_as_sequence, seeded

CHUNK, STRIDE = 128, 64
"""Frames of a chunk of S2, and its step."""


@seeded
def build_s2_cnn_bilstm(n_features: int, n_classes: int, *, n_frames: int = 87, seed: int = 0) -> keras.Model:
    """CNN on chunks of 128 frames, BiLSTM over the chunks, and attention over **one time step**.

    S2 used the first second of each clip, 87 frames, which fill less than one chunk. The BiLSTM therefore has
    one step, and a softmax over one step is 1: the weights of the attention layer have no influence.

    Parameters
    ----------
    n_features, n_classes : int
        Mel bands, at least 32, and classes.
    n_frames : int
        Frames that are read; the rest of the clip is ignored. More than 128 give several chunks.
    seed : int
        Seed of initial weights and dropout.

    Raises
    ------
    SercoreError
        Fewer than 32 features, which the pooling needs.

    See Also
    --------
    sercore.models.recurrent.build_bilstm_attention : Attention over the frames of the whole clip.
    """
    if n_features < 32:
        raise SercoreError(f"s2_cnn_bilstm pools 32 mel bands into one, but there are {n_features}")
    inputs, x = fixed_frames(n_features, n_frames)
    n_chunks = 1 + max(0, -(-(n_frames - CHUNK) // STRIDE))
    missing = CHUNK + STRIDE * (n_chunks - 1) - n_frames
    x = as_image(ops.pad(x, [[0, 0], [0, missing], [0, 0]]))
    x = ops.stack([x[:, k * STRIDE : k * STRIDE + CHUNK] for k in range(n_chunks)], axis=1)
    for width, pool in ((16, 2), (32, 4), (64, 4)):
        for layer in (layers.Conv2D(width, 3, padding="same"), layers.BatchNormalization(), layers.ReLU(),
                      layers.MaxPooling2D(pool), layers.Dropout(0.3)):  # fmt: skip
            x = layers.TimeDistributed(layer)(x)
    x = layers.Reshape((n_chunks, -1), name="chunks")(x)
    x = layers.Dropout(0.4)(layers.Bidirectional(layers.LSTM(64, return_sequences=True), name="lstm")(x))
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(1, name="attention")(x))
    summary = ops.sum(x * weights, axis=1)
    return classify(inputs, summary, n_classes, dropout=0.0, name="s2_cnn_bilstm")


@seeded
def build_s3_lstm1(n_features: int, n_classes: int, *, seed: int = 0) -> keras.Model:
    """LSTM over the **index of 40 average MFCCs**, as if each coefficient were a time step; two dense layers.

    An average over a clip has no time axis. The audio had 22.05 kHz, but the MFCCs were computed as if it had
    30 kHz, so the mel bands are too low by a quarter.

    Input [shape=(batch, n_features)]: one row per clip. Parameters as in :func:`build_s2_cnn_bilstm`.

    See Also
    --------
    sercore.models.recurrent.build_lstm : Reads frames in time order.
    """
    return _s3(n_features, n_classes, "s3_lstm1", units=123, dense=((64, 0.2), (32, 0.2)))


@seeded
def build_s3_lstm2(n_features: int, n_classes: int, *, seed: int = 0) -> keras.Model:
    """:func:`build_s3_lstm1` with a convolution over coefficients first, and one dense layer."""
    return _s3(n_features, n_classes, "s3_lstm2", units=128, dense=((64, 0.2),), convolution=True)


@seeded
def build_s3_lstm3(n_features: int, n_classes: int, *, seed: int = 0) -> keras.Model:
    """:func:`build_s3_lstm1` with other sizes."""
    return _s3(n_features, n_classes, "s3_lstm3", units=123, dense=((72, 0.2), (24, 0.3)))


@seeded
def build_s3_lstm4(n_features: int, n_classes: int, *, seed: int = 0) -> keras.Model:
    """:func:`build_s3_lstm2` with a second dense layer."""
    return _s3(n_features, n_classes, "s3_lstm4", units=128, dense=((64, 0.2), (32, 0.2)), convolution=True)


def _s3(n_features: int, n_classes: int, name: str, *, units: int, dense, convolution: bool = False):
    inputs, x = row_as_sequence(n_features)
    if convolution:
        x = layers.Conv1D(64, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling1D(2, padding="same")(x)
    x = layers.LSTM(units, name="lstm")(x)
    for width, dropout in dense:
        x = layers.Dropout(dropout)(layers.Dense(width, activation="relu")(x))
    return classify(inputs, x, n_classes, dropout=0.0, name=name)


@seeded
def build_s4_picture_cnn(
    n_features: int, n_classes: int, *, n_frames: int = 251, size: int = 100, seed: int = 0
) -> keras.Model:
    """One convolution on a picture of the clip, flattened into a dense layer of **78.7 million weights**.

    Every pixel of every filter has its own weight, so the same sound a little later is a different input, and
    there are more than ten thousand weights per clip of CREMA-D. The pictures were screenshots of plots, in
    three equal channels; here the spectrogram itself is resized.

    Parameters
    ----------
    n_features, n_classes : int
        Mel bands and classes.
    n_frames : int
        Length to which every clip is cut or zero-padded.
    size : int
        Height and width of the picture in pixels.
    seed : int
        Seed of initial weights and dropout.

    See Also
    --------
    sercore.models.hybrid.build_cnn2d_lstm : Shares its filters over time and pools.
    """
    inputs, x = _picture(n_features, n_frames, size)
    x = layers.MaxPooling2D(2)(layers.Conv2D(64, 3, activation="relu", name="conv")(x))
    x = layers.Flatten(name="flat")(x)
    for width in (512, 256, 128, 64):
        x = layers.Dense(width, activation="relu")(x)
    return classify(inputs, x, n_classes, dropout=0.0, name="s4_picture_cnn")


@seeded
def build_s4_mobilenet(
    n_features: int, n_classes: int, *, n_frames: int = 251, size: int = 224, seed: int = 0
) -> keras.Model:
    """Frozen MobileNetV2 whose feature map is flattened into a dense layer of **64 million weights**.

    The weights of the network itself, 2.3 million, are random here; S4 had those of ImageNet. Average pooling
    of the feature map would need a fiftieth of the weights of the dense layer.

    Parameters as in :func:`build_s4_picture_cnn`; ``size`` is at least 32.

    See Also
    --------
    sercore.models.pictures.build_picture : Pools the feature map, preprocesses, and can be unfrozen.
    """
    inputs, x = _picture(n_features, n_frames, size)
    backbone = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(size, size, 3))
    backbone.trainable = False
    x = layers.Flatten(name="flat")(backbone(x, training=False))
    x = layers.Dense(1024, activation="relu")(x)
    return classify(inputs, x, n_classes, dropout=0.0, name="s4_mobilenet")


def _picture(n_features: int, n_frames: int, size: int):
    """Input for frames, and the clip as a square picture with three equal channels."""
    inputs, x = fixed_frames(n_features, n_frames)
    picture = ops.image.resize(as_image(x), (size, size), data_format="channels_last")
    return inputs, layers.Concatenate()([picture, picture, picture])

"""Hybrids of convolution and LSTM: CNN first, LSTM first, and both kinds of CNN side by side.

A 1D convolution slides over time and sees all features at once; a 2D convolution slides over bands
too, so that a pattern learned at one pitch is known at another. All keep time until the LSTM has read
it. For 2D the features must be neighbours in frequency, such as mel bands.

Notebook: 05_cnn_transformer.ipynb
"""
# MERGED DOC: A compact residual network with a recurrent layer and attention, under 60 000 weights.
#
#   Small corpora of acted speech hold a few dozen speakers; a network that reaches good scores on them
#   from scratch is small. This one follows the idea of residual convolutions that feed an LSTM whose
#   states are weighted by attention.

from __future__ import annotations

import keras
from keras import layers

from .assembly import as_frames, as_image, classify, frame_inputs, seeded
from .layers import AttentionPool, MaskedConv, MaskedPool


@seeded
def build_cnn1d_lstm(
    n_features: int,
    n_classes: int,
    *,
    filters: tuple[int, ...] = (128, 128),
    kernel_size: int = 5,
    units: int = 96,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """1D convolutions over time, then an LSTM over what they found.

    Parameters
    ----------
    filters : tuple of int
        Of each convolution; each halves the number of frames.
    kernel_size : int
        Frames that a filter sees, odd.
    units : int
        Of the LSTM.
    dropout : float
        Rate of dropout before the output, and inside the network.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_frames, n_features)], standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output [shape=(batch, n_classes)], probabilities.

    See Also
    --------
    sercore.models.build : the same by name.
    """
    inputs, x, mask = frame_inputs(n_features)
    summary = _cnn1d_lstm(x, mask, filters, kernel_size, units, dropout)
    return classify(inputs, summary, n_classes, dropout=dropout, name="cnn1d_lstm")


@seeded
def build_cnn2d_lstm(
    n_features: int,
    n_classes: int,
    *,
    filters: tuple[int, ...] = (16, 32, 32),
    kernel_size: tuple[int, int] = (3, 3),
    units: int = 64,
    pool: int = 2,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """2D convolutions over time and frequency, then an LSTM over time.

    Parameters
    ----------
    filters : tuple of int
        Of each convolution; each halves the bands, the first two halve the frames.
    kernel_size : (int, int)
        Frames and bands that a filter sees, odd.
    units : int
        Of the LSTM.
    pool : int
        Frames that are averaged to one before: an image of 20 ms costs half of one of 10 ms.
    dropout : float
        Rate of dropout before the output, and inside the network.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_frames, n_features)], standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output [shape=(batch, n_classes)], probabilities.

    See Also
    --------
    sercore.models.build : the same by name.
    """
    inputs, x, mask = frame_inputs(n_features)
    summary = _cnn2d_lstm(x, mask, filters, kernel_size, units, pool, dropout)
    return classify(inputs, summary, n_classes, dropout=dropout, name="cnn2d_lstm")


@seeded
def build_cnn_fused(
    n_features: int,
    n_classes: int,
    *,
    filters_1d: tuple[int, ...] = (64, 64),
    filters_2d: tuple[int, ...] = (16, 32, 32),
    units: int = 48,
    pool: int = 2,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """A 1D and a 2D CNN-LSTM side by side; both summaries are classified together.

    Parameters
    ----------
    filters_1d, filters_2d : tuple of int
        As ``filters`` in :func:`build_cnn1d_lstm` and :func:`build_cnn2d_lstm`.
    units : int
        Of each of the two LSTMs.
    pool : int
        Frames that are averaged to one before the 2D half.
    dropout : float
        Rate of dropout before the output, and inside the network.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_frames, n_features)], standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output [shape=(batch, n_classes)], probabilities.

    See Also
    --------
    sercore.models.build : the same by name.
    """
    inputs, x, mask = frame_inputs(n_features)
    flat = _cnn1d_lstm(x, mask, filters_1d, 5, units, dropout)
    deep = _cnn2d_lstm(x, mask, filters_2d, (3, 3), units, pool, dropout)
    summary = layers.Concatenate()([flat, deep])
    return classify(inputs, summary, n_classes, dropout=dropout, name="cnn_fused")


@seeded
def build_lstm_cnn1d(
    n_features: int,
    n_classes: int,
    *,
    units: int = 64,
    filters: tuple[int, ...] = (64, 64),
    kernel_size: int = 5,
    pool: int = 4,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """An LSTM over time, then 1D convolutions over its states, averaged over the clip.

    Parameters
    ----------
    units, filters, kernel_size
        As in :func:`build_cnn1d_lstm`.
    pool : int
        Frames that are averaged to one step of the LSTM.
    dropout : float
        Rate of dropout before the output, and inside the network.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_frames, n_features)], standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output [shape=(batch, n_classes)], probabilities.

    See Also
    --------
    sercore.models.build : the same by name.
    """
    inputs, x, mask = frame_inputs(n_features)
    x, mask = _steps(x, mask, units, pool)
    x, mask = _cnn1d(x, mask, filters, kernel_size, dropout)
    summary = layers.GlobalAveragePooling1D()(x, mask=mask)
    return classify(inputs, summary, n_classes, dropout=dropout, name="lstm_cnn1d")


@seeded
def build_lstm_cnn2d(
    n_features: int,
    n_classes: int,
    *,
    units: int = 64,
    filters: tuple[int, ...] = (16, 32),
    kernel_size: tuple[int, int] = (3, 3),
    pool: int = 4,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """An LSTM over time, then 2D convolutions over time and its units, averaged over the clip.

    For comparison: the units of an LSTM have no order, so there are no neighbours among them for a
    2D filter to find.

    Parameters
    ----------
    units, filters, kernel_size
        As in :func:`build_cnn2d_lstm`.
    pool : int
        Frames that are averaged to one step of the LSTM.
    dropout : float
        Rate of dropout before the output, and inside the network.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_frames, n_features)], standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output [shape=(batch, n_classes)], probabilities.

    See Also
    --------
    sercore.models.build : the same by name.
    """
    inputs, x, mask = frame_inputs(n_features)
    x, mask = _steps(x, mask, units, pool)
    x, mask = cnn2d(x, mask, filters, kernel_size, dropout)
    summary = layers.GlobalAveragePooling1D()(x, mask=mask)
    return classify(inputs, summary, n_classes, dropout=dropout, name="lstm_cnn2d")


def cnn2d(x, mask, filters, kernel_size, dropout):
    """2D convolutions; frames with all channels of all bands, at a quarter of the rate, and their mask."""
    x = as_image(x)
    for depth, width in enumerate(filters):
        strides = (2 if depth < 2 else 1, min(2, x.shape[2]))
        x, mask = MaskedConv(width, kernel_size, strides=strides)(x, mask=mask)
        x = layers.SpatialDropout2D(dropout / 2)(x)
    return as_frames(x), mask


def _cnn1d(x, mask, filters, kernel_size, dropout):
    """1D convolutions, each at half the rate of the one before, and the mask."""
    for width in filters:
        x, mask = MaskedConv(width, kernel_size, strides=2)(x, mask=mask)
        x = layers.SpatialDropout1D(dropout / 2)(x)
    return x, mask


def _cnn1d_lstm(x, mask, filters, kernel_size, units, dropout):
    """Last state of an LSTM over 1D convolutions."""
    x, mask = _cnn1d(x, mask, filters, kernel_size, dropout)
    return layers.LSTM(units)(x, mask=mask)


def _cnn2d_lstm(x, mask, filters, kernel_size, units, pool, dropout):
    """Last state of an LSTM over 2D convolutions."""
    x, mask = MaskedPool(pool)(x, mask=mask)
    x, mask = cnn2d(x, mask, filters, kernel_size, dropout)
    return layers.LSTM(units)(x, mask=mask)


def _steps(x, mask, units, pool):
    """States of an LSTM over pooled frames, and the mask."""
    x, mask = MaskedPool(pool)(x, mask=mask)
    return layers.LSTM(units, return_sequences=True)(x, mask=mask), mask


@seeded
def build_res_lstm(
    n_features: int,
    n_classes: int,
    *,
    filters: tuple[int, ...] = (12, 24, 24),
    units: int = 24,
    attention_units: int = 24,
    pool: int = 2,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """Residual 2D convolutions, a BiLSTM, and attention over its states.

    Features must be neighbours in frequency, such as mel bands. The weights of each step are the second
    output of the layer ``attention``.

    Parameters
    ----------
    filters : tuple of int
        Of each residual block; each halves the bands, the first two halve the frames.
    units : int
        Of the BiLSTM in each direction, and half the width of what it reads.
    attention_units : int
        Width of the layer that scores a step.
    pool : int
        Frames that are averaged to one before.
    dropout : float
        Rate of dropout before the output, and inside the network.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_frames, n_features)], standardised, NaN after the end of a clip
        (:func:`sercore.models.pad_clips`); output [shape=(batch, n_classes)], probabilities.

    See Also
    --------
    sercore.models.build : the same by name.
    """
    inputs, x, mask = frame_inputs(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = as_image(x)
    for depth, width in enumerate(filters):
        size = (2 if depth < 2 else 1, min(2, x.shape[2]))
        x, mask = _block(x, mask, width, size)
        x = layers.SpatialDropout2D(dropout / 2)(x)
    x = layers.Dense(2 * units, activation="relu")(as_frames(x))
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x, mask=mask)
    summary = AttentionPool(attention_units, name="attention")(x, mask=mask)[0]
    return classify(inputs, summary, n_classes, dropout=dropout, name="res_lstm")


def _block(x, mask, width, size):
    """A convolution that pools, then two more, added to what came in (He 2016)."""
    x, mask = MaskedConv(width, (3, 3), strides=size)(x, mask=mask)
    inner, _ = MaskedConv(width, (3, 3))(x, mask=mask)
    inner, _ = MaskedConv(width, (3, 3), activation=None)(inner, mask=mask)
    return layers.ReLU()(layers.Add()([x, inner])), mask

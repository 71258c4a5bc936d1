"""Hybrids of convolutional and recurrent layers: CNN-LSTM, LSTM-CNN, fused and residual CNN-LSTM.

A 1D convolution slides over time and sees all features at once; a 2D convolution slides over time and
bands, so a pattern learned at one frequency is recognised at others. For 2D networks the features must
be ordered by frequency, such as mel bands. Recurrent layers read the sequence that the convolutions
return, at a quarter of the frame rate. Input, output and seed are described in :mod:`sercore.models`.

:func:`build_res_lstm` is the smallest network here (under 60 000 weights), meant for corpora of acted
speech with a few dozen speakers: residual convolutions feed a BiLSTM whose states are weighted by
attention.

References
----------
He et al.: Deep residual learning for image recognition. CVPR 2016.
"""

from __future__ import annotations

import keras
from keras import layers

from .assembly import as_frames, as_image, average, classify, frame_inputs, seeded
from .layers import AttentionPool, AttentionStatistics, MaskedConv, MaskedPool


@seeded
def build_cnn1d_lstm(
    n_features: int,
    n_classes: int,
    *,
    filters: tuple[int, ...] = (128, 128),
    kernel_size: int = 5,
    units: int = 96,
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """1D convolutions over time, then an LSTM whose last state is classified.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    filters : tuple of int
        Filters of each convolution; each halves the number of frames.
    kernel_size : int
        Frames covered by a filter, odd.
    units : int
        Units of the LSTM.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer; half of it after each convolution.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_lstm_cnn1d : The same parts in the opposite order.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    summary = _cnn1d_lstm(x, mask, filters, kernel_size, units, dropout, statistics)
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
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """2D convolutions over time and frequency, then an LSTM whose last state is classified.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    filters : tuple of int
        Filters of each convolution; each halves the bands, the first two halve the frames.
    kernel_size : (int, int)
        Frames and bands covered by a filter, odd.
    units : int
        Units of the LSTM.
    pool : int
        Frames averaged into one before the convolutions.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer; half of it after each convolution.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_lstm_cnn2d : The same parts in the opposite order.
    build_cnn_fused : Together with a 1D branch.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    summary = _cnn2d_lstm(x, mask, filters, kernel_size, units, pool, dropout, deltas, statistics)
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
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """A 1D and a 2D CNN-LSTM in parallel; their last states are concatenated and classified.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    filters_1d, filters_2d : tuple of int
        ``filters`` of :func:`build_cnn1d_lstm` and :func:`build_cnn2d_lstm`.
    units : int
        Units of each of the two LSTMs.
    pool : int
        Frames averaged into one before the 2D convolutions.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer; half of it after each convolution.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_cnn1d_lstm, build_cnn2d_lstm : The two branches.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    flat = _cnn1d_lstm(x, mask, filters_1d, 5, units, dropout, statistics)
    deep = _cnn2d_lstm(x, mask, filters_2d, (3, 3), units, pool, dropout, deltas, statistics)
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
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """LSTM over time, then 1D convolutions over its states, averaged over the clip.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    units, filters, kernel_size
        As in :func:`build_cnn1d_lstm`.
    pool : int
        Frames averaged into one time step of the LSTM.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer; half of it after each convolution.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_cnn1d_lstm : The same parts in the opposite order.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    x, mask = _steps(x, mask, units, pool)
    x, mask = _cnn1d(x, mask, filters, kernel_size, dropout)
    summary = average(x, mask, statistics=statistics)
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
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """LSTM over time, then 2D convolutions over time and LSTM units, averaged over the clip.

    For comparison only: LSTM units have no order, so a 2D filter over them has no local structure to find.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    units, filters, kernel_size
        As in :func:`build_cnn2d_lstm`.
    pool : int
        Frames averaged into one time step of the LSTM.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer; half of it after each convolution.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_cnn2d_lstm : The same parts in the opposite order.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    x, mask = _steps(x, mask, units, pool)
    x, mask = cnn2d(x, mask, filters, kernel_size, dropout)
    summary = average(x, mask, statistics=statistics)
    return classify(inputs, summary, n_classes, dropout=dropout, name="lstm_cnn2d")


@seeded
def build_res_lstm(
    n_features: int,
    n_classes: int,
    *,
    filters: tuple[int, ...] = (12, 24, 24),
    units: int = 24,
    attention_units: int = 24,
    pool: int = 2,
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """Residual 2D convolutions, a BiLSTM, and attention over its states.

    The attention weight of each time step is the second output of the layer ``attention``.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    filters : tuple of int
        Filters of each residual block; each halves the bands, the first two halve the frames.
    units : int
        Units of the BiLSTM per direction, and half the width of its input.
    attention_units : int
        Hidden units of the layer that scores a time step.
    pool : int
        Frames averaged into one before the convolutions.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer; half of it after each block.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_cnn2d_lstm : Plain convolutions and the last state of an LSTM.
    sercore.models.recurrent.build_bilstm_attention : The recurrent part alone.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = as_image(x, deltas=deltas)
    for depth, width in enumerate(filters):
        size = (2 if depth < 2 else 1, min(2, x.shape[2]))
        x, mask = _block(x, mask, width, size)
        x = layers.SpatialDropout2D(dropout / 2)(x)
    x = layers.Dense(2 * units, activation="relu")(as_frames(x))
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x, mask=mask)
    attention = AttentionStatistics if statistics else AttentionPool
    summary = attention(attention_units, name="attention")(x, mask=mask)[0]
    return classify(inputs, summary, n_classes, dropout=dropout, name="res_lstm")


def cnn2d(x, mask, filters, kernel_size, dropout, *, deltas=False):
    """2D convolutions; frames at a quarter of the rate with all bands and channels, and their mask."""
    x = as_image(x, deltas=deltas)
    for depth, width in enumerate(filters):
        strides = (2 if depth < 2 else 1, min(2, x.shape[2]))
        x, mask = MaskedConv(width, kernel_size, strides=strides)(x, mask=mask)
        x = layers.SpatialDropout2D(dropout / 2)(x)
    return as_frames(x), mask


def _cnn1d(x, mask, filters, kernel_size, dropout):
    """1D convolutions, each halving the frame rate, and the mask."""
    for width in filters:
        x, mask = MaskedConv(width, kernel_size, strides=2)(x, mask=mask)
        x = layers.SpatialDropout1D(dropout / 2)(x)
    return x, mask


def _cnn1d_lstm(x, mask, filters, kernel_size, units, dropout, statistics):
    """Summary of an LSTM over 1D convolutions."""
    x, mask = _cnn1d(x, mask, filters, kernel_size, dropout)
    return _summary(x, mask, units, statistics)


def _cnn2d_lstm(x, mask, filters, kernel_size, units, pool, dropout, deltas, statistics):
    """Summary of an LSTM over 2D convolutions."""
    x, mask = MaskedPool(pool)(x, mask=mask)
    x, mask = cnn2d(x, mask, filters, kernel_size, dropout, deltas=deltas)
    return _summary(x, mask, units, statistics)


def _summary(x, mask, units, statistics):
    """Last state of an LSTM, or statistics of all its states."""
    x = layers.LSTM(units, return_sequences=statistics)(x, mask=mask)
    return average(x, mask, statistics=True) if statistics else x


def _steps(x, mask, units, pool):
    """States of an LSTM over pooled frames, and the mask."""
    x, mask = MaskedPool(pool)(x, mask=mask)
    return layers.LSTM(units, return_sequences=True)(x, mask=mask), mask


def _block(x, mask, width, size):
    """A strided convolution, then a residual block of two convolutions."""
    x, mask = MaskedConv(width, (3, 3), strides=size)(x, mask=mask)
    inner, _ = MaskedConv(width, (3, 3))(x, mask=mask)
    inner, _ = MaskedConv(width, (3, 3), activation=None)(inner, mask=mask)
    return layers.ReLU()(layers.Add()([x, inner])), mask

"""Hybrids of convolution and LSTM: CNN first, LSTM first, and both kinds of CNN side by side.

A 1D convolution slides over time and sees all features at once; a 2D convolution slides over bands
too, so that a pattern learned at one pitch is known at another. All read frames
(batch, n_frames, n_features), standardised, NaN after the end of a clip
(:mod:`sercore.models.layers`), and keep time until the LSTM has read it. For 2D the features must be
neighbours in frequency, such as mel bands.
"""

from __future__ import annotations

import keras
from keras import layers

from .layers import MaskedConv, MaskedPool, as_frames, as_image, classify, read_frames, seeded


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
    n_features, n_classes : int
        Width of input and output.
    filters : tuple of int
        Of each convolution; each halves the number of frames.
    kernel_size : int
        Frames that a filter sees, odd.
    units : int
        Of the LSTM.
    dropout : float
        Share of channels after each convolution, and of the summary, switched off in training.
    seed : int
        Of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input (batch, n_frames, n_features), output (batch, n_classes) that sums to 1.
    """
    inputs, x, mask = read_frames(n_features)
    x = _cnn1d_lstm(x, mask, filters, kernel_size, units, dropout)
    return classify(inputs, x, n_classes, dropout=dropout, name="cnn1d_lstm")


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
    pool : int
        Frames that are averaged to one before: an image of 20 ms costs half of one of 10 ms.
    n_features, n_classes, units, dropout, seed
        As in :func:`build_cnn1d_lstm`.

    Returns
    -------
    keras.Model
        As :func:`build_cnn1d_lstm`.
    """
    inputs, x, mask = read_frames(n_features)
    x = _cnn2d_lstm(x, mask, filters, kernel_size, units, pool, dropout)
    return classify(inputs, x, n_classes, dropout=dropout, name="cnn2d_lstm")


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
    n_features, n_classes, dropout, seed
        As in :func:`build_cnn1d_lstm`.

    Returns
    -------
    keras.Model
        As :func:`build_cnn1d_lstm`.
    """
    inputs, x, mask = read_frames(n_features)
    flat = _cnn1d_lstm(x, mask, filters_1d, 5, units, dropout)
    deep = _cnn2d_lstm(x, mask, filters_2d, (3, 3), units, pool, dropout)
    x = layers.Concatenate()([flat, deep])
    return classify(inputs, x, n_classes, dropout=dropout, name="cnn_fused")


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
    pool : int
        Frames that are averaged to one step of the LSTM.
    n_features, n_classes, units, filters, kernel_size, dropout, seed
        As in :func:`build_cnn1d_lstm`.

    Returns
    -------
    keras.Model
        As :func:`build_cnn1d_lstm`.
    """
    inputs, x, mask = read_frames(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = layers.LSTM(units, return_sequences=True)(x, mask=mask)
    x, mask = _cnn1d(x, mask, filters, kernel_size, dropout)
    x = layers.GlobalAveragePooling1D()(x, mask=mask)
    return classify(inputs, x, n_classes, dropout=dropout, name="lstm_cnn1d")


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
    n_features, n_classes, units, filters, kernel_size, pool, dropout, seed
        As in :func:`build_lstm_cnn1d` and :func:`build_cnn2d_lstm`.

    Returns
    -------
    keras.Model
        As :func:`build_cnn1d_lstm`.
    """
    inputs, x, mask = read_frames(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = layers.LSTM(units, return_sequences=True)(x, mask=mask)
    x, mask = cnn2d(x, mask, filters, kernel_size, dropout)
    x = layers.GlobalAveragePooling1D()(x, mask=mask)
    return classify(inputs, x, n_classes, dropout=dropout, name="lstm_cnn2d")


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

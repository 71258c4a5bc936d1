"""Recurrent networks: LSTM, BiLSTM, and BiLSTM with attention, on frames in the order they were said.

All read frames (batch, n_frames, n_features), standardised, NaN after the end of a clip
(:mod:`sercore.models.layers`). Frames come every 10 ms, much faster than a voice changes; the mean of
``pool`` frames makes one step, which costs a quarter and forgets less on the way.
"""

from __future__ import annotations

import keras
from keras import layers

from .layers import AttentionPool, MaskedPool, classify, read_frames, seeded


@seeded
def build_lstm(
    n_features: int,
    n_classes: int,
    *,
    units: tuple[int, ...] = (64,),
    pool: int = 4,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """LSTM whose last state, after the last frame of the clip, is classified.

    Parameters
    ----------
    n_features, n_classes : int
        Width of input and output.
    units : tuple of int
        Units of each LSTM layer (Hochreiter & Schmidhuber 1997).
    pool : int
        Frames that are averaged to one step.
    dropout : float
        Share of the summary switched off at each training step.
    seed : int
        Of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input (batch, n_frames, n_features), output (batch, n_classes) that sums to 1.
    """
    inputs, x, mask = read_frames(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = _stack(x, mask, units, bidirectional=False, sequences=False)
    return classify(inputs, x, n_classes, dropout=dropout, name="lstm")


@seeded
def build_bilstm(
    n_features: int,
    n_classes: int,
    *,
    units: tuple[int, ...] = (64,),
    pool: int = 4,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """Two LSTMs, one from each end of the clip; their last states are classified.

    Parameters
    ----------
    units : tuple of int
        Units of each layer, in each direction.
    n_features, n_classes, pool, dropout, seed
        As in :func:`build_lstm`.

    Returns
    -------
    keras.Model
        As :func:`build_lstm`.
    """
    inputs, x, mask = read_frames(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = _stack(x, mask, units, bidirectional=True, sequences=False)
    return classify(inputs, x, n_classes, dropout=dropout, name="bilstm")


@seeded
def build_bilstm_attention(
    n_features: int,
    n_classes: int,
    *,
    units: tuple[int, ...] = (64,),
    attention_units: int = 32,
    pool: int = 4,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """BiLSTM whose states are averaged with learned weights: where in the clip it listens.

    The weights are the second output of the layer ``attention``::

        keras.Model(model.input, model.get_layer("attention").output[1])

    Parameters
    ----------
    attention_units : int
        Width of the layer that scores a step.
    n_features, n_classes, units, pool, dropout, seed
        As in :func:`build_bilstm`.

    Returns
    -------
    keras.Model
        As :func:`build_lstm`.
    """
    inputs, x, mask = read_frames(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = _stack(x, mask, units, bidirectional=True, sequences=True)
    x, _ = AttentionPool(attention_units, name="attention")(x, mask=mask)
    return classify(inputs, x, n_classes, dropout=dropout, name="bilstm_attention")


@seeded
def build_bilstm_multihead(
    n_features: int,
    n_classes: int,
    *,
    units: tuple[int, ...] = (64,),
    heads: int = 4,
    pool: int = 4,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """BiLSTM whose states look at each other (multi-head attention) and are then averaged.

    Parameters
    ----------
    heads : int
        Attention heads; each is as wide as its share of the states.
    n_features, n_classes, units, pool, dropout, seed
        As in :func:`build_bilstm`.

    Returns
    -------
    keras.Model
        As :func:`build_lstm`.
    """
    inputs, x, mask = read_frames(n_features)
    x, mask = MaskedPool(pool)(x, mask=mask)
    x = _stack(x, mask, units, bidirectional=True, sequences=True)
    seen = layers.MultiHeadAttention(heads, max(1, x.shape[-1] // heads), name="attention")(
        x, x, value_mask=mask
    )
    x = layers.LayerNormalization()(layers.Add()([x, seen]))
    x = layers.GlobalAveragePooling1D()(x, mask=mask)
    return classify(inputs, x, n_classes, dropout=dropout, name="bilstm_multihead")


def _stack(x, mask, units, *, bidirectional, sequences):
    """LSTM layers on top of each other; only the last may return a state instead of a sequence."""
    for depth, width in enumerate(units, start=1):
        layer = layers.LSTM(width, return_sequences=sequences or depth < len(units))
        x = (layers.Bidirectional(layer) if bidirectional else layer)(x, mask=mask)
    return x

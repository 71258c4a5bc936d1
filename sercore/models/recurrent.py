"""Recurrent networks on frames: LSTM, BiLSTM, and BiLSTM with attention.

Frames come every 10 ms, much faster than speech changes, so ``pool`` neighbouring frames are first
averaged into one time step. Four times fewer steps cost a quarter and shorten the path that gradients
travel. Input, output and seed are described in :mod:`sercore.models`.

References
----------
Hochreiter & Schmidhuber: Long short-term memory. Neural Computation 9, 1735–1780, 1997.
"""

from __future__ import annotations

import keras
from keras import layers

from .assembly import average, classify, frame_inputs, seeded
from .layers import AttentionPool, AttentionStatistics, MaskedPool


@seeded
def build_lstm(
    n_features: int,
    n_classes: int,
    *,
    units: tuple[int, ...] = (64,),
    pool: int = 4,
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """LSTM whose state after the last frame of the clip is classified.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    units : tuple of int
        Units of each LSTM layer.
    pool : int
        Frames averaged into one time step.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_bilstm : Reads the clip in both directions.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    summary = _summary(x, mask, units, pool, bidirectional=False, statistics=statistics)
    return classify(inputs, summary, n_classes, dropout=dropout, name="lstm")


@seeded
def build_bilstm(
    n_features: int,
    n_classes: int,
    *,
    units: tuple[int, ...] = (64,),
    pool: int = 4,
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """Bidirectional LSTM; the last states of both directions are classified together.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    units : tuple of int
        Units of each layer, per direction.
    pool : int
        Frames averaged into one time step.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    build_bilstm_attention : Uses the states at all time steps.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    summary = _summary(x, mask, units, pool, bidirectional=True, statistics=statistics)
    return classify(inputs, summary, n_classes, dropout=dropout, name="bilstm")


@seeded
def build_bilstm_attention(
    n_features: int,
    n_classes: int,
    *,
    units: tuple[int, ...] = (64,),
    attention_units: int = 32,
    pool: int = 4,
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """BiLSTM whose states are averaged over time with learned attention weights.

    The weights [shape=(batch, n_steps)] are the second output of the layer ``attention``::

        keras.Model(model.input, model.get_layer("attention").output[1])

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    units : tuple of int
        Units of each layer, per direction.
    attention_units : int
        Hidden units of the layer that scores a time step.
    pool : int
        Frames averaged into one time step.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    sercore.models.layers.AttentionPool : The attention layer.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    x, mask = _stack(x, mask, units, pool, bidirectional=True, sequences=True)
    attention = AttentionStatistics if statistics else AttentionPool
    summary = attention(attention_units, name="attention")(x, mask=mask)[0]
    return classify(inputs, summary, n_classes, dropout=dropout, name="bilstm_attention")


@seeded
def build_bilstm_multihead(
    n_features: int,
    n_classes: int,
    *,
    units: tuple[int, ...] = (64,),
    heads: int = 4,
    pool: int = 4,
    deltas: bool = False,
    statistics: bool = False,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """BiLSTM with multi-head self-attention over its states, averaged over the clip.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    units : tuple of int
        Units of each layer, per direction.
    heads : int
        Attention heads, which divide the state between them.
    pool : int
        Frames averaged into one time step.
    deltas, statistics : bool
        See :mod:`sercore.models`.
    dropout : float
        Dropout rate before the output layer.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], output [shape=(batch, n_classes)].

    See Also
    --------
    sercore.models.transformer.build_transformer : Self-attention without recurrence.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    x, mask = _stack(x, mask, units, pool, bidirectional=True, sequences=True)
    attended = layers.MultiHeadAttention(heads, max(1, x.shape[-1] // heads), name="attention")(
        x, x, value_mask=mask
    )
    x = layers.LayerNormalization()(layers.Add()([x, attended]))
    summary = average(x, mask, statistics=statistics)
    return classify(inputs, summary, n_classes, dropout=dropout, name="bilstm_multihead")


def _summary(x, mask, units, pool, *, bidirectional, statistics):
    """Last state of LSTM layers on pooled frames, or statistics of all states."""
    x, mask = _stack(x, mask, units, pool, bidirectional=bidirectional, sequences=statistics)
    return average(x, mask, statistics=True) if statistics else x


def _stack(x, mask, units, pool, *, bidirectional, sequences):
    """LSTM layers on pooled frames, and the mask; without ``sequences`` the last returns its last state."""
    x, mask = MaskedPool(pool)(x, mask=mask)
    for depth, width in enumerate(units, start=1):
        layer = layers.LSTM(width, return_sequences=sequences or depth < len(units))
        x = (layers.Bidirectional(layer) if bidirectional else layer)(x, mask=mask)
    return x, mask

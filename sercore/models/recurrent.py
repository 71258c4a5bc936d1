"""Recurrent networks: LSTM, BiLSTM, and BiLSTM with attention, on frames in the order they were said.

Frames come every 10 ms, much faster than a voice changes; the mean of ``pool`` frames makes one
step, which costs a quarter and forgets less on the way.

Notebook: 04_lstm_bilstm.ipynb
"""

from __future__ import annotations

import keras
from keras import layers

from .assembly import classify, frame_inputs, seeded
from .layers import AttentionPool, MaskedPool


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
    units : tuple of int
        Units of each LSTM layer (Hochreiter & Schmidhuber 1997).
    pool : int
        Frames that are averaged to one step.
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
    summary = _stack(x, mask, units, pool, bidirectional=False, sequences=False)[0]
    return classify(inputs, summary, n_classes, dropout=dropout, name="lstm")


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
    pool : int
        Frames that are averaged to one step.
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
    summary = _stack(x, mask, units, pool, bidirectional=True, sequences=False)[0]
    return classify(inputs, summary, n_classes, dropout=dropout, name="bilstm")


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
    units, pool
        As in :func:`build_bilstm`.
    attention_units : int
        Width of the layer that scores a step.
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
    x, mask = _stack(x, mask, units, pool, bidirectional=True, sequences=True)
    summary = AttentionPool(attention_units, name="attention")(x, mask=mask)[0]
    return classify(inputs, summary, n_classes, dropout=dropout, name="bilstm_attention")


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
    units, pool
        As in :func:`build_bilstm`.
    heads : int
        Attention heads; each is as wide as its share of the states.
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
    x, mask = _stack(x, mask, units, pool, bidirectional=True, sequences=True)
    seen = layers.MultiHeadAttention(heads, max(1, x.shape[-1] // heads), name="attention")(
        x, x, value_mask=mask
    )
    x = layers.LayerNormalization()(layers.Add()([x, seen]))
    summary = layers.GlobalAveragePooling1D()(x, mask=mask)
    return classify(inputs, summary, n_classes, dropout=dropout, name="bilstm_multihead")


def _stack(x, mask, units, pool, *, bidirectional, sequences):
    """LSTM layers on steps of pooled frames, and the mask; only the last may return a state."""
    x, mask = MaskedPool(pool)(x, mask=mask)
    for depth, width in enumerate(units, start=1):
        layer = layers.LSTM(width, return_sequences=sequences or depth < len(units))
        x = (layers.Bidirectional(layer) if bidirectional else layer)(x, mask=mask)
    return x, mask

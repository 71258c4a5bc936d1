"""Recurrent networks: LSTM, BiLSTM, and BiLSTM with attention, on frames in the order they were said.

Frames come every 10 ms, much faster than a voice changes; the mean of ``pool`` frames makes one
step, which costs a quarter and forgets less on the way.

Notebook: 04_lstm_bilstm.ipynb
"""

from __future__ import annotations

from keras import layers

from .assembly import reads_frames
from .layers import AttentionPool, MaskedPool


@reads_frames
def build_lstm(x, mask, *, units: tuple[int, ...] = (64,), pool: int = 4, dropout: float = 0.3):
    """LSTM whose last state, after the last frame of the clip, is classified.

    Parameters
    ----------
    units : tuple of int
        Units of each LSTM layer (Hochreiter & Schmidhuber 1997).
    pool : int
        Frames that are averaged to one step.
    """
    return _stack(x, mask, units, pool, bidirectional=False, sequences=False)[0]


@reads_frames
def build_bilstm(x, mask, *, units: tuple[int, ...] = (64,), pool: int = 4, dropout: float = 0.3):
    """Two LSTMs, one from each end of the clip; their last states are classified.

    Parameters
    ----------
    units : tuple of int
        Units of each layer, in each direction.
    pool : int
        Frames that are averaged to one step.
    """
    return _stack(x, mask, units, pool, bidirectional=True, sequences=False)[0]


@reads_frames
def build_bilstm_attention(
    x, mask, *, units: tuple[int, ...] = (64,), attention_units: int = 32, pool: int = 4, dropout: float = 0.3
):
    """BiLSTM whose states are averaged with learned weights: where in the clip it listens.

    The weights are the second output of the layer ``attention``::

        keras.Model(model.input, model.get_layer("attention").output[1])

    Parameters
    ----------
    units, pool
        As in :func:`build_bilstm`.
    attention_units : int
        Width of the layer that scores a step.
    """
    x, mask = _stack(x, mask, units, pool, bidirectional=True, sequences=True)
    return AttentionPool(attention_units, name="attention")(x, mask=mask)[0]


@reads_frames
def build_bilstm_multihead(
    x, mask, *, units: tuple[int, ...] = (64,), heads: int = 4, pool: int = 4, dropout: float = 0.3
):
    """BiLSTM whose states look at each other (multi-head attention) and are then averaged.

    Parameters
    ----------
    units, pool
        As in :func:`build_bilstm`.
    heads : int
        Attention heads; each is as wide as its share of the states.
    """
    x, mask = _stack(x, mask, units, pool, bidirectional=True, sequences=True)
    seen = layers.MultiHeadAttention(heads, max(1, x.shape[-1] // heads), name="attention")(
        x, x, value_mask=mask
    )
    x = layers.LayerNormalization()(layers.Add()([x, seen]))
    return layers.GlobalAveragePooling1D()(x, mask=mask)


def _stack(x, mask, units, pool, *, bidirectional, sequences):
    """LSTM layers on steps of pooled frames, and the mask; only the last may return a state."""
    x, mask = MaskedPool(pool)(x, mask=mask)
    for depth, width in enumerate(units, start=1):
        layer = layers.LSTM(width, return_sequences=sequences or depth < len(units))
        x = (layers.Bidirectional(layer) if bidirectional else layer)(x, mask=mask)
    return x, mask

"""Time-delay network: convolutions over time, then statistics of their outputs over the whole clip.

Each layer sees a longer stretch of speech than the one before, but none sees the whole clip; that is left to
the pooling, which keeps for every channel how large it is on average **and how much it varies**. Networks of
this kind made the x-vectors of speaker recognition. Input, output and seed are described in
:mod:`sercore.models`.

References
----------
Waibel et al.: Phoneme recognition using time-delay neural networks. IEEE Trans. ASSP 37, 328–339, 1989.
Snyder et al.: X-vectors: robust DNN embeddings for speaker recognition. ICASSP 2018.
Okabe et al.: Attentive statistics pooling for deep speaker embedding. Interspeech 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from .assembly import classify, frame_inputs, seeded
from .layers import AttentionStatistics, MaskedConv, MaskedPool


@seeded
def build_tdnn(
    n_features: int,
    n_classes: int,
    *,
    filters: Sequence[int] = (256, 256, 256, 256),
    kernel_sizes: Sequence[int] = (5, 5, 5, 3),
    units: int = 128,
    attention_units: int = 64,
    pool: int = 2,
    deltas: bool = True,
    conv_dropout: float = 0.1,
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """Time-delay network with attentive statistics pooling.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    filters : sequence of int
        Filters of each convolution over time. All but the last are followed by max pooling.
    kernel_sizes : sequence of int
        Frames covered by each filter, odd.
    units : int
        Units of the dense layer, the same for every frame, before the statistics.
    attention_units : int
        Units of the layer that scores a frame.
    pool : int
        Frames combined by each max pooling.
    deltas : bool
        Whether slopes of the frames, and slopes of these, are computed and read as well.
    conv_dropout : float
        Dropout rate after each convolution.
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
    sercore.models.recurrent.build_bilstm_attention : Attention over the states of a recurrent layer.
    sercore.training.fit : Its argument ``auxiliary`` also trains the pooled vector on other labels.
    """
    inputs, x, mask = frame_inputs(n_features, deltas=deltas)
    for number, (n_filters, size) in enumerate(zip(filters, kernel_sizes, strict=True), 1):
        x, mask = MaskedConv(n_filters, size)(x, mask=mask)
        x = layers.Dropout(conv_dropout)(x)
        if number < len(filters):
            x, mask = MaskedPool(pool, "max")(x, mask=mask)
    x = layers.Dense(units, activation="relu")(x)
    summary, _ = AttentionStatistics(attention_units, name="statistics")(x, mask=mask)
    return classify(inputs, summary, n_classes, dropout=dropout, name="tdnn")

"""The small network of the exam, and of notebook 07: one to which every method of attribution applies.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

    from .planted import Pairs


def probe(n_features: int, *, n_classes: int = 2, seed: int = 0) -> keras.Model:
    """Two convolutions, then attention over time; untrained.

    Parameters
    ----------
    n_features : int
        Neighbours in frequency, such as mel bands; at least 10.
    n_classes, seed : int
        As in :func:`sercore.models.build`.
    """
    from keras import layers

    from ..models.layers import AttentionPool, MaskedConv, as_frames, as_image, classify, read_frames, seeded

    @seeded
    def build_probe(n_features, n_classes):
        inputs, x, mask = read_frames(n_features)
        x = as_image(x)
        for filters in (8, 16):
            x, mask = MaskedConv(filters, (5, 5), strides=2)(x, mask=mask)
        x = layers.Dense(32, activation="relu")(as_frames(x))
        x, _ = AttentionPool(16, name="attention")(x, mask=mask)
        return classify(inputs, x, n_classes, dropout=0.2, name="probe")

    return build_probe(n_features, n_classes, seed=seed)


def learn(pairs: Pairs, *, epochs: int = 20, seed: int = 0) -> keras.Model:
    """A :func:`probe` that has learned to tell the two ways apart, from half of the speakers."""
    from ..training import fit

    network = probe(pairs.X.shape[2], seed=seed)
    clips = [clip[~np.isnan(clip[:, 0])].T for clip in pairs.X[pairs.learned]]
    fit(
        network, clips, pairs.y[pairs.learned],
        epochs=epochs, batch_size=16, learning_rate=3e-3, decay=True, seed=seed,
    )  # fmt: skip
    return network

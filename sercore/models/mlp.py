"""A multilayer perceptron (MLP) on a table of features, one row per clip."""

from __future__ import annotations

import keras
from keras import layers

from .assembly import seeded


@seeded
def build_mlp(
    n_features: int,
    n_classes: int,
    *,
    hidden: tuple[int, ...] = (128,),
    dropout: float = 0.5,
    input_dropout: float = 0.2,
    weight_decay: float = 1e-3,
    seed: int = 0,
) -> keras.Model:
    """Multilayer perceptron with batch normalisation, dropout and weight decay.

    Parameters
    ----------
    n_features, n_classes : int
        Size of input and output.
    hidden : tuple of int
        Units of each hidden layer.
    dropout, input_dropout : float
        Dropout rate of the hidden layers and of the input.
    weight_decay : float
        L2 penalty on the weights of the hidden layers.
    seed : int
        Seed of initial weights and dropout.

    Returns
    -------
    keras.Model
        Uncompiled. Input [shape=(batch, n_features)], standardised; output [shape=(batch, n_classes)],
        probabilities.

    See Also
    --------
    sercore.models.build : Builds a network by name.

    Notebook: 03_mlp_baseline.ipynb
    """
    seeds = iter(range(1000 * seed, 1000 * seed + 999))
    inputs = keras.Input((n_features,), name="features")
    x = layers.Dropout(input_dropout, seed=next(seeds))(inputs)
    for units in hidden:
        x = layers.Dense(
            units,
            kernel_initializer=keras.initializers.HeNormal(seed=next(seeds)),
            kernel_regularizer=keras.regularizers.L2(weight_decay),
        )(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.Dropout(dropout, seed=next(seeds))(x)
    initial = keras.initializers.GlorotUniform(seed=next(seeds))
    outputs = layers.Dense(
        n_classes, activation="softmax", kernel_initializer=initial, dtype="float32", name="proba"
    )(x)
    return keras.Model(inputs, outputs, name="mlp")

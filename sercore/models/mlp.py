"""A multilayer perceptron on a table of features, in Keras.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import keras
from keras import layers


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
    """An uncompiled network from standardised features to class probabilities.

    Parameters
    ----------
    n_features, n_classes : int
        Width of input and output.
    hidden : tuple of int
        Units of each hidden layer.
    dropout, input_dropout : float
        Share of hidden units and of input columns switched off at each training step.
    weight_decay : float
        L2 penalty on the weights of hidden layers.
    seed : int
        Of initial weights and dropout.

    Returns
    -------
    keras.Model
        Input (batch, n_features), output (batch, n_classes) that sums to 1.
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
    outputs = layers.Dense(n_classes, activation="softmax", kernel_initializer=initial, name="proba")(x)
    return keras.Model(inputs, outputs, name="mlp")

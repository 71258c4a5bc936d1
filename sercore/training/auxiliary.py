"""Auxiliary outputs: a network learns intensity or sentence beside the emotion, and predicts emotion only.

Each auxiliary output is one dense layer on the vector from which the main output is computed. Its labels are
used in training only, and a clip without a label does not contribute to its loss.

References
----------
Caruana: Multitask learning. Machine Learning 28, 41–75, 1997.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..errors import SercoreError

MAIN = "proba"
"""Name of the output layer of every network of :mod:`sercore.models`."""


def auxiliary_targets(index: pd.DataFrame, names: Sequence[str]) -> dict[str, np.ndarray]:
    """One-hot labels of some columns of an index; the row of a missing label is zero.

    Parameters
    ----------
    index : pd.DataFrame
        Rows on which a network is fitted.
    names : sequence of str
        Columns with labels, such as ``intensity`` and ``sentence``. Missing are NaN and ``""``.

    Returns
    -------
    dict of str to np.ndarray [shape=(n_clips, n_values), dtype=float32]
        Values in alphabetical order.

    Raises
    ------
    SercoreError
        There is no such column, it is that of the class, or it has fewer than two values.

    Examples
    --------
    >>> index = pd.DataFrame({"intensity": ["strong", "", "normal"]})
    >>> auxiliary_targets(index, ["intensity"])["intensity"].tolist()
    [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]
    """
    if isinstance(names, str):
        raise SercoreError(f"auxiliary={names!r} must be a list of columns, such as ({names!r},)")
    targets = {}
    for name in names:
        if name not in index.columns or name == "label":
            raise SercoreError(
                f"auxiliary label {name!r} must be a column of the index other than the class; there are: "
                f"{', '.join(column for column in index.columns if column != 'label')}"
            )
        labels = index[name].astype(object).where(index[name].notna(), "").astype(str)
        values = sorted(set(labels) - {""})
        if len(values) < 2:
            raise SercoreError(
                f"auxiliary label {name!r} has {len(values)} value(s) {values} in the training clips; an "
                "auxiliary output needs two or more"
            )
        targets[name] = (labels.to_numpy()[:, None] == np.array(values)).astype(np.float32)
    return targets


def add_outputs(network, targets: Mapping[str, np.ndarray], *, seed: int = 0):
    """The same network with one more softmax output per auxiliary label.

    Parameters
    ----------
    network : keras.Model
        With an output layer ``proba``; it is not changed, and shares its layers with the result.
    targets : mapping of str to np.ndarray [shape=(n_clips, n_values)]
        From :func:`auxiliary_targets`.
    seed : int
        Seed of the initial weights.

    Returns
    -------
    keras.Model
        With a dict of outputs: ``proba`` and the names of the labels.

    Raises
    ------
    SercoreError
        The network has no layer ``proba``.
    """
    import keras

    if MAIN not in {layer.name for layer in network.layers}:
        raise SercoreError(
            f"{network.name!r} has no output layer named {MAIN!r}, so auxiliary outputs cannot be added; "
            "name the output layer, or train without auxiliary labels"
        )
    pooled, outputs = network.get_layer(MAIN).input, {MAIN: network.outputs[0]}
    for number, (name, target) in enumerate(targets.items()):
        initializer = keras.initializers.GlorotUniform(seed=int(seed) + number)
        dense = keras.layers.Dense(
            target.shape[1], activation="softmax", kernel_initializer=initializer, dtype="float32",
            name=f"auxiliary_{name}",
        )  # fmt: skip
        outputs[name] = dense(pooled)
    return keras.Model(network.inputs, outputs)


def main_history(history: Mapping[str, list], names: Sequence[str]) -> dict[str, list]:
    """History with the columns of a network without auxiliary outputs, and ``<name>_loss`` for each."""
    columns = {
        "loss": history[f"{MAIN}_loss"],
        "accuracy": history[f"{MAIN}_accuracy"],
        **{f"{name}_loss": history[f"{name}_loss"] for name in names},
        "seconds": history["seconds"],
    }
    for column in ("loss", "accuracy"):
        if f"val_{MAIN}_{column}" in history:
            columns[f"val_{column}"] = history[f"val_{MAIN}_{column}"]
    return columns

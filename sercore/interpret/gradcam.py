"""Grad-CAM: what the last layer that still has time holds, weighted by what it does for a class.

References
----------
Selvaraju et al.: Grad-CAM: visual explanations from deep networks via gradient-based localization.
ICCV 2017.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import SercoreError
from .grid import lengthened, spread
from .scoring import score_gradients

if TYPE_CHECKING:
    import keras


def grad_cam(
    model: keras.Model, X: np.ndarray, targets: np.ndarray, *, layer: str | None = None
) -> np.ndarray:
    """Positive evidence as the chosen layer sees it, spread evenly over the frames and bands of each cell.

    A layer without bands cannot tell frequencies apart; its evidence is spread over all features.

    Parameters
    ----------
    model : keras.Model
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
    targets : np.ndarray of int [shape=(n_clips,)]
    layer : str, optional
        Name of a layer with the axis of time; by default :func:`last_map_layer`.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_frames, n_features)]

    Raises
    ------
    SercoreError
        The model has no such layer.
    """
    import keras
    from keras import ops

    layer = model.get_layer(layer) if layer else last_map_layer(model)
    if layer is None or len(_output(layer).shape) < 3:
        raise SercoreError(
            f"{model.name}: no layer with the axis of time, which Grad-CAM needs; try occlusion"
        )
    longer = lengthened(X)
    # the model is cut at the layer: what comes before it is computed, what comes after is differentiated
    cut = keras.tree.flatten(layer.output)
    head, tail = keras.Model(model.inputs[0], cut), keras.Model([*cut, model.inputs[0]], model.output)
    parts = [keras.tree.flatten(head(longer[k : k + 32])) for k in range(0, len(X), 32)]
    seen = [
        np.concatenate([ops.convert_to_numpy(piece) for piece in part]) for part in zip(*parts, strict=True)
    ]
    gradients = score_gradients(tail, [*seen, longer], targets)
    weights = gradients.mean(axis=tuple(range(1, gradients.ndim - 1)), keepdims=True)
    cells = np.maximum((weights * seen[0]).sum(axis=-1), 0.0)
    if cells.ndim == 3 and not _keeps_bands(model, layer):
        cells = cells.sum(axis=2)
    maps = spread(cells if cells.ndim == 3 else cells[:, :, None], *longer.shape[1:])
    return np.where(np.isnan(X), 0.0, maps[:, : X.shape[1]])


def last_map_layer(model: keras.Model) -> keras.layers.Layer | None:
    """The last layer with bands and time, else the last with time; None where there is none.

    Layers whose "bands" are no frequencies (they come after a layer that mixed the features) count
    as layers with time only.
    """
    by_rank = {3: None, 4: None}
    for layer in model.layers[1:]:
        rank = len(_output(layer).shape)
        if rank == 3 or (rank == 4 and not _keeps_bands(model, layer)):
            by_rank[3] = layer
        elif rank == 4:
            by_rank[4] = layer
    return by_rank[4] or by_rank[3]


def _output(layer):
    """A layer's output; the first where it has several, such as frames and their mask."""
    output = layer.output
    return output[0] if isinstance(output, list | tuple) else output


def _keeps_bands(model, layer) -> bool:
    """Whether nothing before a layer has mixed the features: no weights on frames without bands."""
    import keras

    before = keras.Model(model.inputs[0], _output(layer)).layers
    return not any(part.weights and len(_output(part).shape) == 3 for part in before)

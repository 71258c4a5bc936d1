"""Grad-CAM: what the last layer that still has time holds, weighted by what it does for a class.

References
----------
Selvaraju et al.: Grad-CAM: visual explanations from deep networks via gradient-based localization.
ICCV 2017.

Notebook: 07_interpretability.ipynb
"""
# MERGED DOC: Attention rollout: how much of each step reaches the summary of the clip.
#
#   The matrices of all attention layers are multiplied, each mixed half and half with the step itself
#   because a residual connection carries it on (Abnar & Zuidema 2020). Pooling by attention weights, or
#   evenly, ends the chain. Attention is where a network *can* look; what it does with it is not in these
#   weights, and neither is the class.
#
#   References
#   ----------
#   Abnar & Zuidema: Quantifying attention flow in transformers. ACL 2020.
#
#   Jain & Wallace: Attention is not explanation. NAACL 2019.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import SercoreError
from .gradients import score_gradients
from .regions import pad_to_stride, upsample_cells

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
    longer = pad_to_stride(X)
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
    maps = upsample_cells(cells if cells.ndim == 3 else cells[:, :, None], *longer.shape[1:])
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


def attention_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Attention layers of a network in the order in which they act."""
    import keras

    from ..models.layers import AttentionPool

    return [
        layer for layer in model.layers if isinstance(layer, keras.layers.MultiHeadAttention | AttentionPool)
    ]


def attention_rollout(model: keras.Model, X: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
    """Share of each frame in the summary by attention, spread evenly over its features.

    Parameters
    ----------
    model : keras.Model
        With at least one MultiHeadAttention or AttentionPool layer.
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
    targets : ignored
        Attention does not depend on the class that is asked about.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_frames, n_features)]
        The values of a clip sum to 1.

    Raises
    ------
    SercoreError
        The model has no attention layer.
    """
    layers = attention_layers(model)
    if not layers:
        raise SercoreError(f"{model.name}: no attention layer; try integrated_gradients or occlusion")
    longer = pad_to_stride(X)
    steps = np.concatenate([_rollout(model, layers, longer[k : k + 32]) for k in range(0, len(X), 32)])
    maps = np.where(np.isnan(X), 0.0, upsample_cells(steps[:, :, None], *longer.shape[1:])[:, : X.shape[1]])
    return maps / maps.sum(axis=(1, 2), keepdims=True)


def _rollout(model, layers, X):
    """Weight of every step in the summary [shape=(n_clips, n_steps)]."""
    import keras
    from keras import ops

    flow = summary = None
    for layer in layers:
        if isinstance(layer, keras.layers.MultiHeadAttention):
            query, value, mask = keras.Model(model.inputs[0], layer.input)(X)
            _, weights = layer(query, value, value_mask=mask, return_attention_scores=True)
            weights = ops.convert_to_numpy(weights).mean(axis=1)
            weights = 0.5 * weights + 0.5 * np.eye(weights.shape[-1])
            flow = weights if flow is None else weights @ flow
            inside = ops.convert_to_numpy(mask)
            summary = inside / inside.sum(axis=1, keepdims=True)
        else:
            summary = ops.convert_to_numpy(keras.Model(model.inputs[0], layer.output[1])(X))
    return summary if flow is None else np.einsum("bq,bqk->bk", summary, flow)

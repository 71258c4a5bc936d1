"""Relevance from inner layers of a network: Grad-CAM and attention rollout.

*Grad-CAM* weights the channels of the last layer that has a time axis by their mean gradient for a class.
*Attention rollout* multiplies the attention matrices of all layers, each averaged with the identity matrix
to account for the residual connection, and ends with the weights of the pooling layer. Attention weights
show which frames a network *can* use; they depend neither on how it uses them nor on the class.

References
----------
Selvaraju et al.: Grad-CAM: visual explanations from deep networks via gradient-based localization.
ICCV 2017.

Abnar & Zuidema: Quantifying attention flow in transformers. ACL 2020.

Jain & Wallace: Attention is not explanation. NAACL 2019.
"""

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
    """Positive evidence at a layer, distributed evenly over the frames and bands of each of its cells.

    A layer without a frequency axis cannot distinguish bands; its evidence is distributed over all
    features.

    Parameters
    ----------
    model : keras.Model
        Network with softmax output.
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        Standardised, NaN after the end of a clip.
    targets : np.ndarray of int [shape=(n_clips,)]
        Target class of each clip.
    layer : str, optional
        Name of a layer with a time axis; by default :func:`last_map_layer`. A cell of a strided convolution
        is centred on the first of the frames over which it is spread, so that maps come up to half a cell
        late.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_frames, n_features)]

    Raises
    ------
    SercoreError
        The model has no such layer.

    See Also
    --------
    sercore.interpret.attribute : Grad-CAM and other methods by name.
    """
    import keras
    from keras import ops

    layer = model.get_layer(layer) if layer else last_map_layer(model)
    if layer is None or not _has_time(layer):
        raise SercoreError(
            f"{model.name}: no layer whose time axis is that of the clip, which Grad-CAM needs; try occlusion"
        )
    longer = pad_to_stride(X)
    # split the model at the layer: evaluate the part before it, differentiate the part after it
    cut = keras.tree.flatten(layer.output)
    head, tail = keras.Model(model.inputs[0], cut), keras.Model([*cut, model.inputs[0]], model.output)
    batches = [keras.tree.flatten(head(longer[k : k + 32])) for k in range(0, len(X), 32)]
    outputs = [
        np.concatenate([ops.convert_to_numpy(array) for array in arrays])
        for arrays in zip(*batches, strict=True)
    ]
    gradients = score_gradients(tail, [*outputs, longer], targets)
    inside = 1.0 - np.isnan(longer[:, :, 0]).mean(axis=1)  # padding has no gradient: not part of the mean
    weights = gradients.mean(axis=tuple(range(1, gradients.ndim - 1)), keepdims=True)
    weights /= inside.reshape(-1, *[1] * (weights.ndim - 1))
    cells = np.maximum((weights * outputs[0]).sum(axis=-1), 0.0)
    if cells.ndim == 3 and not _keeps_bands(model, layer):
        cells = cells.sum(axis=2)
    maps = upsample_cells(cells if cells.ndim == 3 else cells[:, :, None], *longer.shape[1:])
    return np.where(np.isnan(X), 0.0, maps[:, : X.shape[1]])


def last_map_layer(model: keras.Model) -> keras.layers.Layer | None:
    """The last layer with time and frequency axes, else the last with a time axis; None if there is none.

    Layers after one that mixes the features count as layers with a time axis only, as their second axis
    does not represent frequency. A fixed number of steps, as in networks that cut clips to one length, is not
    the time of the clip.

    Notebook: 07_interpretability.ipynb
    """
    by_rank = {3: None, 4: None}
    learned = False
    for layer in model.layers[1:]:
        learned |= _learns(layer)
        if not (learned and _has_time(layer)):
            continue
        rank = len(_output(layer).shape)
        if rank == 3 or (rank == 4 and not _keeps_bands(model, layer)):
            by_rank[3] = layer
        elif rank == 4:
            by_rank[4] = layer
    return by_rank[4] or by_rank[3]


def _output(layer):
    """A layer's first output; some layers also return a mask."""
    output = layer.output
    return output[0] if isinstance(output, list | tuple) else output


def _has_time(layer) -> bool:
    """Whether the output has the time axis of the clip."""
    shape = _output(layer).shape
    return len(shape) >= 3 and shape[1] is None


def _keeps_bands(model, layer) -> bool:
    """Whether no layer up to this one mixes the features: has weights and an output without bands."""
    import keras

    before = keras.Model(model.inputs[0], _output(layer)).layers
    return not any(_learns(part) and len(_output(part).shape) == 3 for part in before)


def _learns(layer) -> bool:
    """Whether a layer has weights that are learned; slopes are only normalised."""
    from ..models.layers import Deltas

    return bool(layer.weights) and not isinstance(layer, Deltas)


def attention_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Attention layers of a network that know which frames are padding, in the order of computation."""
    import keras

    from ..models.layers import AttentionPool

    def has_mask(layer):  # queries, values and the mask
        return len(keras.tree.flatten(layer.input)) == 3

    return [
        layer
        for layer in model.layers
        if isinstance(layer, AttentionPool)
        or (isinstance(layer, keras.layers.MultiHeadAttention) and has_mask(layer))
    ]


def attention_rollout(model: keras.Model, X: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
    """Weight of each frame in the summary of the clip by attention, distributed evenly over its features.

    Of several summaries of different branches, it is the mean.

    Parameters
    ----------
    model : keras.Model
        Network with at least one MultiHeadAttention or AttentionPool layer.
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        Standardised, NaN after the end of a clip.
    targets : ignored
        Attention does not depend on the target class.

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
    longer, maps = pad_to_stride(X), 0.0
    for way in _ways(layers):
        steps = np.concatenate([_rollout(model, way, longer[k : k + 32]) for k in range(0, len(X), 32)])
        cells = upsample_cells(steps[:, :, None], *longer.shape[1:])[:, : X.shape[1]]
        one = np.where(np.isnan(X), 0.0, cells)
        maps = maps + one / one.sum(axis=(1, 2), keepdims=True)
    return maps / maps.sum(axis=(1, 2), keepdims=True)


def _ways(layers: list[keras.layers.Layer]) -> list[list[keras.layers.Layer]]:
    """Attention layers of each way to the summary: branches that are summarised by themselves are several."""
    from ..models.layers import AttentionPool

    pools = [layer for layer in layers if isinstance(layer, AttentionPool)]
    return [[pool] for pool in pools] if len(pools) > 1 and len(pools) == len(layers) else [layers]


def _rollout(model, layers, X):
    """Weight of each time step in the summary [shape=(n_clips, n_steps)]."""
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

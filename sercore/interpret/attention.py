"""Attention rollout: how much of each step reaches the summary of the clip.

The matrices of all attention layers are multiplied, each mixed half and half with the step itself
because a residual connection carries it on (Abnar & Zuidema 2020). Pooling by attention weights, or
evenly, ends the chain. Attention is where a network *can* look; what it does with it is not in these
weights, and neither is the class.

References
----------
Abnar & Zuidema: Quantifying attention flow in transformers. ACL 2020.

Jain & Wallace: Attention is not explanation. NAACL 2019.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import SercoreError
from .grid import lengthened, spread

if TYPE_CHECKING:
    import keras


def attention_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Attention layers of a network in the order in which they act."""
    import keras

    from ..models.layers import AttentionPool

    return [
        layer for layer in model.layers if isinstance(layer, keras.layers.MultiHeadAttention | AttentionPool)
    ]


def attention(model: keras.Model, X: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
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
    longer = lengthened(X)
    steps = np.concatenate([_rollout(model, layers, longer[k : k + 32]) for k in range(0, len(X), 32)])
    maps = np.where(np.isnan(X), 0.0, spread(steps[:, :, None], *longer.shape[1:])[:, : X.shape[1]])
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

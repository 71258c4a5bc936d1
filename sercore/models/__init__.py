"""Models: one file per family, each a function that returns a fresh, untrained model.

``classical`` holds scikit-learn pipelines that scale inside the fold; the other families are Keras
networks, listed in :data:`NETWORKS`: ``mlp`` on a table, ``recurrent``, ``hybrid`` and
``transformer`` on frames. Importing a family imports its library, nothing else does::

    X = pad_clips(clips)                                # NaN after the end of each clip
    model = build("bilstm", X.shape[2], len(classes), seed=0)

To add a network, write its builder and add a line to :data:`NETWORKS`; the tests then cover it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SercoreError

if TYPE_CHECKING:
    import keras

NETWORKS = {
    "mlp": "mlp:build_mlp",
    "lstm": "recurrent:build_lstm",
    "bilstm": "recurrent:build_bilstm",
    "bilstm_attention": "recurrent:build_bilstm_attention",
    "bilstm_multihead": "recurrent:build_bilstm_multihead",
    "cnn1d_lstm": "hybrid:build_cnn1d_lstm",
    "cnn2d_lstm": "hybrid:build_cnn2d_lstm",
    "lstm_cnn1d": "hybrid:build_lstm_cnn1d",
    "lstm_cnn2d": "hybrid:build_lstm_cnn2d",
    "cnn_fused": "hybrid:build_cnn_fused",
    "transformer": "transformer:build_transformer",
    "cnn2d_transformer": "transformer:build_cnn2d_transformer",
    "res_lstm": "hybrid:build_res_lstm",
}
"""Name of each network and where its builder is, as ``module:function`` in this package."""

TABLE_NETWORKS = ("mlp",)
"""Networks that read one row per clip; all others read frames."""

LEGACY_NETWORKS = {"s0_cnn2d_lstm": "legacy:build_s0_cnn2d_lstm"}
"""Networks of earlier projects that are trained beside ours (:mod:`sercore.models.legacy` has them all)."""


def is_network(name: str) -> bool:
    """Whether a model is a Keras network; the others are scikit-learn's."""
    return name in NETWORKS or name in LEGACY_NETWORKS


def reads_frames(name: str) -> bool:
    """Whether a model reads frames, and not one row per clip."""
    return is_network(name) and name not in TABLE_NETWORKS


def builder(name: str) -> Callable[..., keras.Model]:
    """The function that builds the network of that name.

    Parameters
    ----------
    name : str
        From :data:`NETWORKS` or :data:`LEGACY_NETWORKS`.

    Returns
    -------
    callable
        ``build_x(n_features, n_classes, *, seed=0, …) -> keras.Model``.
    """
    if not is_network(name):
        raise SercoreError(f"no network named {name!r}; there are: {', '.join(NETWORKS)}")
    module, function = (NETWORKS | LEGACY_NETWORKS)[name].split(":")
    return getattr(import_module(f".{module}", __name__), function)


def build(name: str, n_features: int, n_classes: int, *, seed: int = 0, **settings) -> keras.Model:
    """An untrained, uncompiled network.

    Parameters
    ----------
    name : str
        From :data:`NETWORKS`.
    n_features, n_classes : int
        Width of input and output.
    seed : int
        Of initial weights and dropout.
    **settings
        What differs from the builder's defaults, such as ``dropout=0.5``.

    Returns
    -------
    keras.Model
        Input (batch, n_frames, n_features), or (batch, n_features) for :data:`TABLE_NETWORKS`;
        output (batch, n_classes) that sums to 1.
    """
    return builder(name)(n_features, n_classes, seed=seed, **settings)


def pad_clips(clips: Sequence[np.ndarray], *, n_frames: int | None = None) -> np.ndarray:
    """Clips of different lengths as one array, time first, NaN after the end of each clip.

    Standardise before or after: NaN stays NaN, and scikit-learn's scalers leave it out. No network
    here lets padding change a prediction, so any ``n_frames`` that cuts no clip gives the same.

    Parameters
    ----------
    clips : sequence of np.ndarray [shape=(n_features, n_frames)]
        Time last, as from :func:`sercore.features.frames`.
    n_frames : int, optional
        Length of the result; by default that of the longest clip. Longer clips lose their end.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_frames, n_features), dtype=float32]

    Raises
    ------
    SercoreError
        No clip, a clip without frames or with values that are not finite, or clips with different
        numbers of features.
    """
    shapes = [np.shape(clip) for clip in clips]
    if not shapes or any(len(shape) != 2 or 0 in shape for shape in shapes):
        raise SercoreError(f"pad_clips needs clips of shape (n_features, n_frames), not {shapes[:3]}")
    if len({n_features for n_features, _ in shapes}) > 1:
        raise SercoreError(
            f"clips have {sorted({n for n, _ in shapes})} features; extract all of them with one recipe"
        )
    broken = [k for k, clip in enumerate(clips) if not np.isfinite(clip).all()]
    if broken:
        raise SercoreError(f"clips {broken[:10]} hold NaN or infinity, which would count as padding")
    n_frames = n_frames or max(length for _, length in shapes)
    padded = np.full((len(shapes), n_frames, shapes[0][0]), np.nan, dtype=np.float32)
    for row, clip in zip(padded, clips, strict=True):
        row[: clip.shape[1]] = clip.T[:n_frames]
    return padded

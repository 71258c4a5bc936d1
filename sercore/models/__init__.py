"""Emotion classifiers: scikit-learn pipelines and Keras networks, all untrained.

:mod:`~sercore.models.classical` holds scikit-learn pipelines that scale inside the fold. The other modules
hold the builders of Keras networks, one module per family: ``mlp``, ``recurrent``, ``hybrid``,
``transformer`` and ``tdnn``; ``encoder_heads`` for frames of a pretrained encoder, ``pictures`` for networks
trained on photographs, and ``legacy`` and ``legacy_features`` for networks and inputs of earlier projects.
:data:`NETWORKS` lists the first five by name. Importing this package does not import Keras; building a
network does::

    X = pad_clips(clips)                                # NaN after the end of each clip
    model = build("bilstm", X.shape[2], len(classes), seed=0)

Every builder has the signature ``build_x(n_features, n_classes, *, ..., seed=0) -> keras.Model``:

- The model is not compiled and not trained.
- Input are standardised frames [shape=(batch, n_frames, n_features)] with NaN after the end of each
  clip, or one row per clip [shape=(batch, n_features)] for :data:`TABLE_NETWORKS`. Padding does not
  change a prediction.
- Output are class probabilities [shape=(batch, n_classes)].
- ``seed`` alone determines initial weights and dropout.
- Networks on frames have two options, off by default, with which all read and summarise a clip as ``tdnn``
  does: ``deltas`` appends slopes of the frames, and slopes of these (:class:`~.layers.Deltas`; channels of an
  image for 2D convolutions), and ``statistics`` replaces the last state or mean over the clip by
  attention-weighted mean and standard deviation (:class:`~.layers.AttentionStatistics`).

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

__all__ = [
    "ENCODER_HEADS",
    "LEGACY_NETWORKS",
    "NETWORKS",
    "PICTURE_NETWORKS",
    "TABLE_NETWORKS",
    "build",
    "builder",
    "check_keras",
    "is_network",
    "pad_clips",
    "reads_frames",
]

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
    "tdnn": "tdnn:build_tdnn",
}
"""Builder of each network, as ``module:function`` in this package."""

ENCODER_HEADS = {"encoder_attention": "encoder_heads:build_encoder_attention"}
"""Networks that read the frames of all blocks of an encoder (:class:`sercore.encoders.EncoderRecipe`)."""

PICTURE_NETWORKS = {"picture": "pictures:build_picture"}
"""Networks from ``keras.applications`` that read log-mel frames as a picture."""

LEGACY_NETWORKS = {
    "s0_cnn2d_lstm": "legacy:build_s0_cnn2d_lstm",
    "s2_cnn_bilstm": "legacy_others:build_s2_cnn_bilstm",
    **{f"s3_lstm{k}": f"legacy_others:build_s3_lstm{k}" for k in (1, 2, 3, 4)},
    "s4_picture_cnn": "legacy_others:build_s4_picture_cnn",
    "s4_mobilenet": "legacy_others:build_s4_mobilenet",
}
"""Networks of earlier projects that have the inputs of :data:`NETWORKS` and can be trained as baselines.

All networks of earlier projects, also those with other inputs, are in :mod:`sercore.models.legacy`."""

TABLE_NETWORKS = ("mlp", "s3_lstm1", "s3_lstm2", "s3_lstm3", "s3_lstm4")
"""Networks that read one row per clip; all others read frames."""

_ALL = NETWORKS | ENCODER_HEADS | PICTURE_NETWORKS | LEGACY_NETWORKS


def is_network(name: str) -> bool:
    """Whether a model name is that of a Keras network, not of a scikit-learn pipeline.

    Examples
    --------
    >>> is_network("bilstm"), is_network("rbf_svc")
    (True, False)
    """
    return name in _ALL


def reads_frames(name: str) -> bool:
    """Whether a model reads frames rather than one row per clip.

    Examples
    --------
    >>> [name for name in ("bilstm", "mlp", "rbf_svc") if reads_frames(name)]
    ['bilstm']
    """
    return is_network(name) and name not in TABLE_NETWORKS


def check_keras() -> None:
    """Import Keras with its backend, or raise an error that says how to repair the installation.

    Raises
    ------
    SercoreError
        Keras or TensorFlow is not installed, or is installed and cannot be imported. Models without them,
        :data:`sercore.models.classical.CLASSICAL`, are not affected.
    """
    try:
        import keras  # noqa: F401
    except Exception as error:  # of any type: a missing library, another version of NumPy, a wrong backend
        raise SercoreError(
            f"networks need Keras and TensorFlow, which cannot be imported ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}); reinstall them with 'pip install --force-reinstall "
            "tensorflow keras', set KERAS_BACKEND=jax if JAX is installed, or choose a model without them "
            "(--model lda). There is no current TensorFlow for Intel Macs and for Python on ARM under Windows"
        ) from error


def builder(name: str) -> Callable[..., keras.Model]:
    """Builder function of a network.

    Parameters
    ----------
    name : str
        A key of :data:`NETWORKS`, :data:`ENCODER_HEADS`, :data:`PICTURE_NETWORKS` or
        :data:`LEGACY_NETWORKS`.

    Returns
    -------
    callable
        ``build_x(n_features, n_classes, *, ..., seed=0) -> keras.Model``.

    Raises
    ------
    SercoreError
        No network has this name, or Keras cannot be imported.

    See Also
    --------
    build : Calls the builder.
    """
    if not is_network(name):
        raise SercoreError(f"no network named {name!r}; there are: {', '.join(NETWORKS)}")
    check_keras()
    module, function = _ALL[name].split(":")
    return getattr(import_module(f".{module}", __name__), function)


def build(name: str, n_features: int, n_classes: int, *, seed: int = 0, **settings) -> keras.Model:
    """Untrained, uncompiled network.

    Parameters
    ----------
    name : str
        A key of :data:`NETWORKS`, :data:`ENCODER_HEADS`, :data:`PICTURE_NETWORKS` or
        :data:`LEGACY_NETWORKS`.
    n_features, n_classes : int
        Size of input and output.
    seed : int
        Seed of initial weights and dropout.
    **settings
        Arguments of the builder that differ from its defaults, such as ``dropout=0.5``.

    Returns
    -------
    keras.Model
        Input [shape=(batch, n_frames, n_features)], or [shape=(batch, n_features)] for
        :data:`TABLE_NETWORKS`; output [shape=(batch, n_classes)], which sums to 1.

    Raises
    ------
    SercoreError
        No network has this name, or a size is too small.

    See Also
    --------
    sercore.models.classical.build_classical : Pipelines of scikit-learn.

    Notebook: 04_lstm_bilstm.ipynb
    """
    return builder(name)(n_features, n_classes, seed=seed, **settings)


def pad_clips(clips: Sequence[np.ndarray], *, n_frames: int | None = None) -> np.ndarray:
    """Clips of different lengths as one array, time first, with NaN after the end of each clip.

    NaN survives standardisation, and scikit-learn's scalers ignore it. Padding does not change the
    prediction of any network here, so every ``n_frames`` that cuts no clip gives the same result.

    Parameters
    ----------
    clips : sequence of np.ndarray [shape=(n_features, n_frames)]
        Time last, as from :func:`sercore.features.frames`.
    n_frames : int, optional
        Length of the result; by default that of the longest clip. Longer clips are cut at the end.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_frames, n_features), dtype=float32]

    Raises
    ------
    SercoreError
        There are no clips, a clip has no frames or non-finite values, or the numbers of features differ.

    Examples
    --------
    >>> X = pad_clips([np.ones((2, 3)), np.ones((2, 1))])
    >>> X.shape
    (2, 3, 2)
    >>> X[1, :, 0].tolist()
    [1.0, nan, nan]

    Notebook: 04_lstm_bilstm.ipynb
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
        raise SercoreError(f"clips {broken[:10]} contain NaN or infinity, which would be taken for padding")
    n_frames = n_frames or max(length for _, length in shapes)
    padded = np.full((len(shapes), n_frames, shapes[0][0]), np.nan, dtype=np.float32)
    for row, clip in zip(padded, clips, strict=True):
        row[: clip.shape[1]] = clip.T[:n_frames]
    return padded

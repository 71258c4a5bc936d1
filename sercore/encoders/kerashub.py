"""Weights of KerasHub's Whisper presets, under the names of a CTranslate2 file.

A preset is downloaded by KerasHub the first time and needs a network then. KerasHub checks what it
downloads; no hash is pinned here.
"""

from __future__ import annotations

import numpy as np

from ..errors import EncoderError


def read_preset(name: str) -> dict[str, np.ndarray]:
    """Tensors of the encoder of a preset such as ``whisper_base_en``.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict of str to np.ndarray
        See :func:`sercore.encoders.weights.read_ctranslate2`.

    Raises
    ------
    EncoderError
        KerasHub is not installed, has no such preset, or cannot download it.
    """
    try:
        from keras_hub.models import WhisperBackbone
    except ImportError as error:
        raise EncoderError(
            f"no encoder named {name!r}; there are whisper_tiny_en, ONNX files, and, after "
            "pip install keras-hub, its Whisper presets"
        ) from error
    if name not in WhisperBackbone.presets:
        raise EncoderError(f"no encoder named {name!r}; KerasHub has {', '.join(WhisperBackbone.presets)}")
    try:
        return tensors_of(WhisperBackbone.from_preset(name))
    except Exception as error:  # what a download can raise has no common type
        raise EncoderError(f"KerasHub cannot load {name!r} ({str(error)[:200]})") from error


def tensors_of(backbone) -> dict[str, np.ndarray]:
    """Tensors of the encoder of a ``keras_hub.models.WhisperBackbone``."""
    values = {variable.path: np.asarray(variable, dtype=np.float32) for variable in backbone.variables}
    tensors = {
        "encoder/position_encodings/encodings": values["encoder_position_embedding/embeddings"],
        "encoder/num_heads": np.int32(backbone.num_heads),
    }
    for number in (1, 2):
        conv = f"encoder_token_embedding_conv_layer_{number}"
        tensors[f"encoder/conv{number}/weight"] = values[f"{conv}/kernel"].transpose(2, 1, 0)
        tensors[f"encoder/conv{number}/bias"] = values[f"{conv}/bias"]
    for part in ("gamma", "beta"):
        tensors[f"encoder/layer_norm/{part}"] = values[f"encoder_layer_norm/{part}"]
    for number in range(backbone.num_layers):
        ours, theirs = f"encoder/layer_{number}", f"transformer_encoder_layer_{number}"
        tensors |= {f"{ours}/{name}": value for name, value in _block(values, theirs).items()}
    return tensors


def _block(values: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """Tensors of one block."""
    attention = f"{name}/self_attention_layer"
    width = values[f"{attention}_norm/gamma"].size
    kernels = [
        values[f"{attention}/{part}/kernel"].reshape(width, width) for part in ("query", "key", "value")
    ]
    query, value = (values[f"{attention}/{part}/bias"].ravel() for part in ("query", "value"))
    block = {
        "self_attention/linear_0/weight": np.concatenate(kernels, axis=1).T,
        "self_attention/linear_0/bias": np.concatenate(
            [query, np.zeros_like(query), value]
        ),  # keys have none
        "self_attention/linear_1/weight": values[f"{attention}/attention_output/kernel"]
        .reshape(width, width)
        .T,
        "self_attention/linear_1/bias": values[f"{attention}/attention_output/bias"],
    }
    for k, part in enumerate(("intermediate", "output")):
        block[f"ffn/linear_{k}/weight"] = values[f"{name}/feedforward_{part}_dense/kernel"].T
        block[f"ffn/linear_{k}/bias"] = values[f"{name}/feedforward_{part}_dense/bias"]
    for part in ("gamma", "beta"):
        block[f"self_attention/layer_norm/{part}"] = values[f"{attention}_norm/{part}"]
        block[f"ffn/layer_norm/{part}"] = values[f"{name}/feedforward_layer_norm/{part}"]
    return block

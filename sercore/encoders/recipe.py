"""Encoder recipes: everything that decides how embeddings are made, and the encoder of a recipe.

A recipe names the cache it fills and is saved with the model that was trained on it, as
:class:`sercore.features.Recipe` does for features. :func:`sercore.features.store.extract_table` and
``extract_frames`` accept both.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache, partial
from math import isfinite
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from ..errors import EncoderError, RecipeError
from .encoder import Encoder, keras_encoder, whisper_model
from .sources import TINY
from .weights import sha256_of

VERSION = 1
"""Raised whenever a change of code changes embeddings; part of every recipe's hash."""

STATISTICS = ("mean", "std")
WEIGHTS = ("pretrained", "permuted", "random")
MAX_SECONDS = 30.0
RUNTIMES = ("keras", "onnx")


@dataclass(frozen=True)
class EncoderRecipe:
    """How a waveform becomes embeddings.

    A clip is padded with zeros to `seconds`; a longer one is divided into equal parts of at most that
    length first. Only the frames of the clip itself are pooled, all parts together.

    Parameters
    ----------
    encoder : str
        ``whisper_tiny_en``, ``onnx`` for an encoder in an ONNX file, or the name of a Whisper preset of
        KerasHub (``whisper_base_en``).
    weights : {"pretrained", "permuted", "random"}
        The last two are controls: the pretrained values of each weight array in random order, and the
        initial values of an untrained network.
    seed : int
        Seed of these controls.
    seconds : float
        Length that clips are padded to, at most 30.
    blocks : tuple of int
        Numbers of the blocks to use, from 1; empty for all of them.
    statistics : tuple of str
        Functionals over the frames of the clip, ``mean`` and ``std``, for each block.
    standardise : bool
        Whether the waveform is scaled to mean 0 and standard deviation 1 first, as most encoders of
        the wav2vec 2.0 family expect. Only for ``onnx``.
    sha256 : str
        Hash of the file with the weights; empty for the pinned file of ``whisper_tiny_en``.
    path : str
        Where that file is; empty for the installed package or, with `sha256`, for the folder
        ``encoders`` in the data folder (:func:`sercore.encoders.sources.locate_weights`). Not part of
        the key.

    Examples
    --------
    >>> recipe = EncoderRecipe(blocks=(2, 3))
    >>> recipe.n_samples, len(recipe.column_names())
    (128000, 1536)
    >>> recipe.key == EncoderRecipe(blocks=(2, 3), weights="random").key
    False

    Notebook: 08_pretrained_encoder.ipynb
    """

    encoder: str = "whisper_tiny_en"
    weights: str = "pretrained"
    seed: int = 0
    seconds: float = 8.0
    blocks: tuple[int, ...] = ()
    statistics: tuple[str, ...] = STATISTICS
    standardise: bool = False
    sha256: str = ""
    path: str = field(default="", compare=False)

    def __post_init__(self):
        for name in ("blocks", "statistics"):
            if not isinstance(getattr(self, name), list | tuple):
                _refuse(f"{name}={getattr(self, name)!r}, which is not a list")
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not isinstance(self.seconds, Real) or not isfinite(self.seconds):
            _refuse(f"seconds={self.seconds!r}, which is not a number")
        object.__setattr__(self, "seconds", float(self.seconds))
        if not 1.0 <= self.seconds <= MAX_SECONDS:
            _refuse(f"seconds={self.seconds}; at least 1 and at most {MAX_SECONDS:.0f}")
        if round(self.seconds * 50) != self.seconds * 50:
            _refuse(f"seconds={self.seconds}, which is not a multiple of 20 ms")
        if self.weights not in WEIGHTS:
            _refuse(f"weights={self.weights!r}; must be one of {', '.join(WEIGHTS)}")
        if not _whole(self.seed) or self.seed < 0:
            _refuse(f"seed={self.seed!r}, which is not a whole number from 0")
        if not all(_whole(number) and number > 0 for number in self.blocks):
            _refuse(f"blocks={self.blocks}; blocks are numbered from 1")
        if len(set(self.blocks)) < len(self.blocks) or len(set(self.statistics)) < len(self.statistics):
            _refuse(f"a block or statistic is named twice: {self.blocks}, {self.statistics}")
        if not self.statistics or not set(self.statistics) <= set(STATISTICS):
            _refuse(f"statistics={self.statistics}; choose from {', '.join(STATISTICS)}")
        for name in ("encoder", "sha256", "path"):
            if not isinstance(getattr(self, name), str):
                _refuse(f"{name}={getattr(self, name)!r}, which is not a string")
        if self.standardise not in (True, False):
            _refuse(f"standardise={self.standardise!r}; must be True or False")
        object.__setattr__(self, "standardise", bool(self.standardise))
        object.__setattr__(self, "seed", int(self.seed))
        object.__setattr__(self, "blocks", tuple(map(int, self.blocks)))
        if self.sha256 and not _is_sha256(self.sha256):
            _refuse(f"sha256={self.sha256!r:.80}, which is not 64 hexadecimal digits")
        if self.encoder == "onnx" and not (self.sha256 and self.weights == "pretrained"):
            _refuse("an ONNX encoder needs the sha256 of its file and has no other weights")
        if self.standardise and self.encoder != "onnx":
            _refuse(f"{self.encoder} standardises its own input")

    @property
    def sr(self) -> int:
        """Sample rate in Hz."""
        return 16_000

    @property
    def trim_db(self) -> None:
        """Silence around the speech is kept: encoders are trained on it."""
        return None

    @property
    def n_samples(self) -> int:
        """Length that clips are padded to."""
        return round(self.seconds * self.sr)

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that change whenever any setting but `path` does."""
        version = f"{VERSION} masked" if self.encoder == "onnx" else VERSION  # padding is masked since then
        return hashlib.sha256(f"encoder {version} {self.to_json()}".encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The recipe as one line of JSON, without `path`; the same for equal recipes."""
        settings = {name: value for name, value in asdict(self).items() if name != "path"}
        return json.dumps(settings, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, *, path: str = "") -> EncoderRecipe:
        """Rebuild a recipe.

        Raises
        ------
        RecipeError
            The text is not JSON, or its settings are not those of this version.
        """
        try:
            settings = json.loads(text)
            if missing := {item.name for item in fields(cls)} - {"path"} - set(settings):
                raise ValueError(f"without {', '.join(sorted(missing))}")
            return cls(**settings, path=path)
        except (ValueError, TypeError, RecursionError) as error:
            raise RecipeError(f"not an encoder recipe of this version ({error}): {text!r:.80}") from error

    def extractor(self, kind: str) -> Callable[[np.ndarray], np.ndarray]:
        """The function that makes rows (``"table"``) or frames (``"frames"``) of a waveform."""
        return partial(_extract, recipe=self, kind=kind)

    def column_names(self) -> list[str]:
        """Names of the columns of a row: ``block1[0].mean``, …, ``block1[0].std``, …."""
        n_blocks, width = self._sizes()
        return [
            f"block{number}[{unit}].{statistic}"
            for number in self.blocks or range(1, n_blocks + 1)
            for statistic in self.statistics
            for unit in range(width)
        ]

    def _sizes(self) -> tuple[int, int]:
        """Number of blocks and width, without loading an encoder of known size."""
        if self.encoder == "whisper_tiny_en" and not self.sha256:
            return TINY.n_blocks, TINY.width
        encoder = load_encoder(self)
        return encoder.n_blocks, encoder.width


def get_encoder(
    encoder: str | os.PathLike | EncoderRecipe = "whisper_tiny_en", *, runtime: str = "keras", **settings
) -> Encoder:
    """Load an encoder.

    Parameters
    ----------
    encoder : str, path or EncoderRecipe
        ``whisper_tiny_en`` (extra ``pretrained``), the path of an ONNX file with waves in and hidden states
        out (:mod:`sercore.encoders.onnx`), the name of a Whisper preset of KerasHub, or a recipe. With
        ``path`` and ``sha256``, any name for the Whisper encoder in a local CTranslate2 file.
    runtime : {"keras", "onnx"}
        Which library runs Whisper. ``onnx`` needs no TensorFlow: the network is built from the weights
        once, and stored in ``cache/encoders`` in the data folder.
    **settings
        Fields of :class:`EncoderRecipe`, such as ``weights="random"`` or ``blocks=(2, 3)``.

    Returns
    -------
    Encoder

    Raises
    ------
    EncoderError
        The weights or a library are not installed, or a file has another hash than the recipe.
    RecipeError
        Settings that do not fit together.

    Examples
    --------
    >>> encoder = get_encoder("whisper_tiny_en", weights="random")  # doctest: +SKIP
    >>> encoder.frames(np.full(16_000, 0.1, dtype=np.float32)).shape  # doctest: +SKIP
    (4, 50, 384)

    Notebook: 08_pretrained_encoder.ipynb
    """
    return load_encoder(encoder_recipe(encoder, **settings), runtime)


@lru_cache(maxsize=4)
def load_encoder(recipe: EncoderRecipe, runtime: str = "keras") -> Encoder:
    """The encoder of a recipe; the last four stay in memory."""
    if runtime not in RUNTIMES:
        raise EncoderError(f"runtime={runtime!r}; must be one of {', '.join(RUNTIMES)}")
    if recipe.encoder == "onnx":
        from .onnx import wave_encoder

        return wave_encoder(recipe)
    if runtime == "onnx":
        from .onnx import exported_whisper, whisper_encoder

        return whisper_encoder(exported_whisper(recipe), recipe)
    return keras_encoder(whisper_model(recipe), recipe)


def encoder_recipe(encoder: str | os.PathLike | EncoderRecipe, **settings) -> EncoderRecipe:
    """The recipe of an encoder, without loading it.

    Parameters
    ----------
    encoder, **settings
        As in :func:`get_encoder`.

    Examples
    --------
    >>> encoder_recipe("whisper_tiny_en", blocks=(2, 3)) == EncoderRecipe(blocks=(2, 3))
    True
    """
    if isinstance(encoder, EncoderRecipe):
        return replace(encoder, **settings)
    if isinstance(encoder, str) and not encoder.endswith(".onnx"):
        return EncoderRecipe(encoder, **settings)
    path = Path(encoder)
    return EncoderRecipe("onnx", path=str(path), **{"sha256": sha256_of(path), **settings})


def _extract(wave: np.ndarray, recipe: EncoderRecipe, kind: str) -> np.ndarray:
    """A row, or frames as (n_blocks * width, n_frames), of one waveform."""
    encoder = load_encoder(recipe)
    if kind == "table":
        return encoder.row(wave)
    blocks = encoder.frames(wave)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1).reshape(-1, blocks.shape[1]))


def _whole(value) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _refuse(problem: str):
    raise RecipeError(f"invalid encoder recipe: {problem}")

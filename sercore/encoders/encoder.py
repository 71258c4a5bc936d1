"""One interface for every encoder: a waveform in, frames of every block or one pooled row out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..audio import check_array
from ..errors import EncoderError
from .mel import HOP_LENGTH, whisper_log_mel
from .pooling import own_frames, pad_windows, pool, split_evenly
from .recipe import EncoderRecipe

RUNTIMES = ("keras", "onnx")


@dataclass(frozen=True, eq=False)
class Encoder:
    """A loaded encoder.

    Parameters
    ----------
    recipe : EncoderRecipe
    n_blocks, width : int
        Blocks of the network, and units of every frame.
    encode : callable
        From parts of a clip, a list of np.ndarray [shape=(n_samples,)] of at most ``recipe.n_samples``, to
        their own frames, a list of np.ndarray [shape=(n_blocks, n_frames, width)].
    model : keras.Model, optional
        The network, when Keras runs it.

    See Also
    --------
    get_encoder : load one by name.
    """

    recipe: EncoderRecipe
    n_blocks: int
    width: int
    encode: Callable[[list[np.ndarray]], list[np.ndarray]]
    model: object = None

    def __post_init__(self):
        if missing := [number for number in self.recipe.blocks if number > self.n_blocks]:
            raise EncoderError(f"the encoder has blocks 1 to {self.n_blocks}, not {missing}")

    @property
    def blocks(self) -> tuple[int, ...]:
        """Numbers of the blocks in use, from 1."""
        return self.recipe.blocks or tuple(range(1, self.n_blocks + 1))

    def frames(self, wave: np.ndarray) -> np.ndarray:
        """Output of each block for the frames of a clip, without padding.

        Parameters
        ----------
        wave : np.ndarray [shape=(n_samples,)]
            Mono waveform at 16 kHz.

        Returns
        -------
        np.ndarray [shape=(n_blocks, n_frames, width), dtype=float32]
            For Whisper 50 frames per second. A clip longer than ``recipe.seconds`` is divided into equal
            parts, which are encoded one by one and joined.

        Raises
        ------
        AudioError
            The waveform is not mono float, empty, not finite or out of range.
        """
        check_array(wave)
        wave = np.asarray(wave, dtype=np.float32)
        if self.recipe.standardise:
            wave = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
        parts = self.encode(split_evenly(wave, self.recipe.n_samples))
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        return whole[[number - 1 for number in self.recipe.blocks]] if self.recipe.blocks else whole

    def row(self, wave: np.ndarray) -> np.ndarray:
        """Mean and standard deviation of each block over the frames of a clip.

        Parameters
        ----------
        wave : np.ndarray [shape=(n_samples,)]
            Mono waveform at 16 kHz.

        Returns
        -------
        np.ndarray [shape=(n_blocks * n_statistics * width,), dtype=float32]
            In the order of :meth:`EncoderRecipe.column_names`.
        """
        return pool(self.frames(wave), self.recipe.statistics)


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
        Which library runs Whisper. ``onnx`` exports the network once, to ``cache/encoders`` in the data
        folder, and needs no TensorFlow after that.
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
    >>> encoder = get_encoder("whisper_tiny_en", weights="random")
    >>> encoder.frames(np.full(16_000, 0.1, dtype=np.float32)).shape
    (4, 50, 384)
    """
    recipe = encoder if isinstance(encoder, EncoderRecipe) else _recipe_of(encoder, settings)
    if isinstance(encoder, EncoderRecipe) and settings:
        recipe = replace(recipe, **settings)
    return load_encoder(recipe, runtime)


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


def whisper_model(recipe: EncoderRecipe):
    """The Keras model of a Whisper recipe, with its weights.

    Parameters
    ----------
    recipe : EncoderRecipe

    Returns
    -------
    keras.Model
        See :func:`sercore.encoders.whisper.build_whisper`; reads windows of ``recipe.seconds``.
    """
    from . import sources, whisper
    from .sizes import size_of

    n_frames = recipe.n_samples // HOP_LENGTH
    if recipe.weights == "random":
        if recipe.encoder != "whisper_tiny_en":
            raise EncoderError(f"random weights are for whisper_tiny_en, not {recipe.encoder!r}")
        return whisper.build_whisper(n_frames=n_frames, seed=recipe.seed, name=recipe.encoder)
    tensors = sources.load(recipe)
    model = whisper.build_whisper(size_of(tensors), n_frames=n_frames, name=recipe.encoder)
    whisper.set_weights(model, tensors)
    return model


def keras_encoder(model, recipe: EncoderRecipe) -> Encoder:
    """An encoder that runs a model of :func:`sercore.encoders.whisper.build_whisper`.

    Parameters
    ----------
    model : keras.Model
        For example a fine-tuned one.
    recipe : EncoderRecipe
    """
    model.jit_compile = False  # XLA compiles for longer than a corpus takes
    _, n_blocks, _, width = model.output_shape
    encode = whisper_parts(model.predict_on_batch, recipe.n_samples)
    return Encoder(recipe, n_blocks, width, encode, model)


def whisper_parts(run: Callable[[np.ndarray], np.ndarray], n_samples: int) -> Callable:
    """The function ``encode`` of an :class:`Encoder` whose network reads the log-mel frames of Whisper.

    Parameters
    ----------
    run : callable
        From (1, n_mel_frames, 80) to (1, n_blocks, n_frames, width).
    n_samples : int
        Length that parts are padded to.
    """

    def encode(parts: list[np.ndarray]) -> list[np.ndarray]:
        encoded = []
        for part, padded in zip(parts, pad_windows(parts, n_samples), strict=True):
            # one window at a time: no other clip can influence a frame, and every shape is the same
            blocks = np.asarray(run(whisper_log_mel(padded)[None]))[0]
            encoded.append(blocks[:, : own_frames(part.size, blocks.shape[1], n_samples)])
        return encoded

    return encode


def _recipe_of(encoder: str | os.PathLike, settings: dict) -> EncoderRecipe:
    """Recipe of a named encoder or of an ONNX file."""
    if isinstance(encoder, str) and not encoder.endswith(".onnx"):
        return EncoderRecipe(encoder, **settings)
    from .weights import sha256_of

    path = Path(encoder)
    return EncoderRecipe("onnx", path=str(path), **{"sha256": sha256_of(path), **settings})

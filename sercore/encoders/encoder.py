"""One interface for every encoder: a waveform in, frames of every block or one pooled row out.

A waveform of any length becomes windows of one length, and frames become one row per clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..audio import check_array, fit_length
from ..errors import EncoderError
from .mel import HOP_LENGTH, whisper_log_mel

if TYPE_CHECKING:
    from .recipe import EncoderRecipe


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


def whisper_model(recipe: EncoderRecipe):
    """The Keras model of a Whisper recipe, with its weights.

    Parameters
    ----------
    recipe : EncoderRecipe

    Returns
    -------
    keras.Model
        See :func:`sercore.encoders.whisper.build_whisper`; its input is a window of ``recipe.seconds``.
    """
    from . import sources, whisper

    n_frames = recipe.n_samples // HOP_LENGTH
    if recipe.weights == "random":
        if recipe.encoder != "whisper_tiny_en":
            raise EncoderError(f"random weights are for whisper_tiny_en, not {recipe.encoder!r}")
        return whisper.build_whisper(n_frames=n_frames, seed=recipe.seed, name=recipe.encoder)
    tensors = sources.load(recipe)
    model = whisper.build_whisper(sources.size_of(tensors), n_frames=n_frames, name=recipe.encoder)
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
    """The function ``encode`` of an :class:`Encoder` whose network takes Whisper's log-mel frames.

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


def split_evenly(wave: np.ndarray, n_samples: int) -> list[np.ndarray]:
    """Equal parts of a waveform, as few as possible, of at most `n_samples` each.

    Parameters
    ----------
    wave : np.ndarray [shape=(n,)]
    n_samples : int

    Returns
    -------
    list of np.ndarray
        The waveform itself when it is short enough. Lengths differ by one sample at most.

    Examples
    --------
    >>> [part.size for part in split_evenly(np.zeros(10), 4)]
    [4, 3, 3]
    """
    return np.array_split(wave, max(1, -(-wave.size // n_samples)))


def pad_windows(parts: list[np.ndarray], n_samples: int) -> np.ndarray:
    """Parts with zeros after their end, [shape=(n_parts, n_samples), dtype=float32]."""
    return np.stack([fit_length(np.asarray(part, dtype=np.float32), n_samples) for part in parts])


def own_frames(n_samples: int, n_frames: int, n_padded: int) -> int:
    """Number of frames that a part of `n_samples` fills when `n_frames` frames cover `n_padded` samples.

    Examples
    --------
    >>> own_frames(16_000, 400, 128_000)
    50
    """
    return min(n_frames, max(1, -(-n_samples * n_frames // n_padded)))


def pool(frames: np.ndarray, statistics: tuple[str, ...] = ("mean", "std")) -> np.ndarray:
    """Functionals over the frames of one clip.

    Parameters
    ----------
    frames : np.ndarray [shape=(n_blocks, n_frames, width)]
        Frames of the clip itself, without padding.
    statistics : tuple of str
        ``mean`` and ``std``, in any order.

    Returns
    -------
    np.ndarray [shape=(n_blocks * n_statistics * width,), dtype=float32]
        Block by block, and statistic by statistic in each block.

    Examples
    --------
    >>> pool(np.array([[[0.0, 1.0], [2.0, 1.0]]])).tolist()
    [1.0, 1.0, 1.0, 0.0]
    """
    functionals = {"mean": np.mean, "std": np.std}
    rows = [functionals[name](frames, axis=1, dtype=np.float64) for name in statistics]
    return np.stack(rows, axis=1).ravel().astype(np.float32)

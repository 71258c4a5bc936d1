"""Encoders in ONNX files: Whisper without TensorFlow, and any other network with waves in, frames out.

A file of another encoder (WavLM, HuBERT, wav2vec 2.0, …) must have one input of waves (batch, n_samples) at
16 kHz, and may have an ``attention_mask``. Its blocks are its outputs (batch, n_frames, width), in the order
of the file, or one output (batch, n_blocks, n_frames, width). If any output is named ``hidden_states…``,
only those are used. If a network accepts waves of any length, clips are not padded.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import paths, quiet
from ..errors import EncoderError
from ..onnx_runtime import MAX_BYTES, needs_more_memory, run_options, session_options
from .encoder import Encoder, own_frames, pad_windows, whisper_model, whisper_parts
from .mel import HOP_LENGTH
from .sources import load as load_tensors
from .sources import locate_weights
from .weights import read_verified, sha256_of
from .whisper_graph import whisper_graph

if TYPE_CHECKING:
    from .recipe import EncoderRecipe

_NUMPY = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_,
          "tensor(float)": np.float32}  # fmt: skip


def session(content: bytes, *, where: str, n_threads: int = 1):
    """An ONNX Runtime session.

    Parameters
    ----------
    content : bytes
        An ONNX file that contains its own weights.
    where : str
        Name used in error messages.
    n_threads : int
        One by default, because clips are short and several processes share a corpus.

    Raises
    ------
    EncoderError
        The runtime is not installed; the file is not a valid network, refers to other files, or needs more
        memory than :data:`sercore.onnx_runtime.MAX_BYTES`.
    """
    if b"\n\x08location" in content:  # the key of every pointer to external data
        raise EncoderError(f"{where}: its weights are in other files; save the network as one file")
    quiet.disable_telemetry()
    try:
        import onnxruntime
    except ImportError as error:
        raise EncoderError("ONNX encoders need: pip install onnxruntime") from error
    options = session_options(n_threads=n_threads)
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common type
        _refuse_size(error, where)
        raise EncoderError(f"{where}: not a valid ONNX network ({str(error)[:200]})") from error


def whisper_encoder(content: bytes, recipe: EncoderRecipe, *, n_threads: int = 1) -> Encoder:
    """Whisper's encoder from a file of :func:`exported_whisper` or :func:`export_whisper`.

    Parameters
    ----------
    content : bytes
        The ONNX file.
    recipe : EncoderRecipe
        Of the model that was exported.
    n_threads : int

    Returns
    -------
    Encoder

    Raises
    ------
    EncoderError
        The file is not a valid network, or its input is not a window of ``recipe.seconds``.
    """
    where = f"{recipe.encoder}.onnx"
    loaded = session(content, where=where, n_threads=n_threads)
    (shape, *others), outputs = [item.shape for item in loaded.get_inputs()], loaded.get_outputs()
    if others or len(outputs) != 1 or shape[1:] != [recipe.n_samples // HOP_LENGTH, 80]:
        raise EncoderError(
            f"{where}: its input is not {recipe.n_samples // HOP_LENGTH} log-mel frames of 80 bands"
        )
    name = loaded.get_inputs()[0].name

    def run(log_mel):
        return loaded.run(None, {name: log_mel})[0]

    _, n_blocks, _, width = run(np.zeros((1, *shape[1:]), dtype=np.float32)).shape
    return Encoder(recipe, n_blocks, width, whisper_parts(run, recipe.n_samples))


def export_whisper(model) -> bytes:
    """A model of :func:`sercore.encoders.whisper.build_whisper`, such as a fine-tuned one, as an ONNX file.

    Parameters
    ----------
    model : keras.Model
        Built with ``n_frames``.

    Returns
    -------
    bytes

    Raises
    ------
    EncoderError
        The package ``onnx`` is not installed, or the number of frames is open.
    """
    from .whisper import get_tensors

    n_frames = model.input_shape[1]
    if n_frames is None:
        raise EncoderError("only an encoder with a fixed number of frames is exported: pass n_frames")
    return whisper_graph(get_tensors(model), n_frames=n_frames)


def exported_whisper(recipe: EncoderRecipe, *, folder: Path | None = None) -> bytes:
    """The ONNX file of a recipe from the cache, or made from the weights if it is not there.

    Making it takes half a second and no TensorFlow, except for random weights, which Keras draws.

    Parameters
    ----------
    recipe : EncoderRecipe
    folder : path, optional
        By default ``cache/encoders`` in the data folder. A file whose hash is not that in its name is
        replaced; a folder that cannot be written is not used.

    Raises
    ------
    EncoderError
        The weights are not installed, or the file has another hash than the recipe.
    """
    folder = Path(folder or paths.cache_dir() / "encoders")
    for path in sorted(folder.glob(f"{recipe.key}-*.onnx")):
        if sha256_of(path)[:32] == path.stem.split("-")[1]:
            return path.read_bytes()
        path.unlink(missing_ok=True)
    if recipe.weights == "random":
        content = export_whisper(whisper_model(recipe))
    else:
        content = whisper_graph(load_tensors(recipe), n_frames=recipe.n_samples // HOP_LENGTH)
    part = folder / f".{uuid.uuid4().hex}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(folder / f"{recipe.key}-{sha256_of(part)[:32]}.onnx")
    except OSError:  # made again next time
        with contextlib.suppress(OSError):
            part.unlink()
    return content


def wave_encoder(recipe: EncoderRecipe, *, n_threads: int = 1) -> Encoder:
    """An encoder from any ONNX file with waves in and hidden states out.

    Parameters
    ----------
    recipe : EncoderRecipe
        With ``sha256`` of the file, and its ``path`` unless it is in the data folder.
    n_threads : int

    Returns
    -------
    Encoder

    Raises
    ------
    EncoderError
        The file has another hash, is not a valid network, or has other inputs and outputs.
    """
    path = locate_weights(recipe)
    loaded = session(read_verified(path, recipe.sha256), where=str(path), n_threads=n_threads)
    fixed = _fixed_length(loaded, recipe)
    run = _runner(loaded, str(path))

    def encode(parts: list[np.ndarray]) -> list[np.ndarray]:
        if fixed is None:
            return [run(part) for part in parts]
        padded = pad_windows(parts, fixed)
        whole = [run(wave, part.size) for wave, part in zip(padded, parts, strict=True)]
        counts = [
            own_frames(part.size, blocks.shape[1], fixed) for part, blocks in zip(parts, whole, strict=True)
        ]
        return [blocks[:, :count] for blocks, count in zip(whole, counts, strict=True)]

    noise = np.random.default_rng(0).normal(scale=0.01, size=fixed or recipe.sr).astype(np.float32)
    n_blocks, _, width = run(noise).shape
    return Encoder(recipe, n_blocks, width, encode)


def _fixed_length(loaded, recipe: EncoderRecipe) -> int | None:
    """Number of samples that a network accepts, None for any number."""
    waves = [item for item in loaded.get_inputs() if item.type == "tensor(float)" and len(item.shape) == 2]
    others = [item.name for item in loaded.get_inputs() if item not in waves]
    if len(waves) != 1 or set(others) - {"attention_mask"}:
        shapes = {item.name: item.shape for item in loaded.get_inputs()}
        raise EncoderError(f"{recipe.encoder}: one input of waves (batch, n_samples) is needed, not {shapes}")
    length = waves[0].shape[1]
    if not isinstance(length, int):
        return None
    if length != recipe.n_samples:
        seconds = length / recipe.sr
        raise EncoderError(f"{recipe.encoder}: its input has {length} samples; pass seconds={seconds:g}")
    return length


def _runner(loaded, where: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function from one wave, and its number of samples without padding, to (n_blocks, n_frames, width)."""
    outputs = loaded.get_outputs()
    named = [item for item in outputs if item.name.startswith("hidden_states")] or outputs
    stacked = [item.name for item in named if len(item.shape) == 4]
    names = stacked or [item.name for item in named if len(item.shape) == 3]
    if not names or len(stacked) > 1:
        shapes = {item.name: item.shape for item in outputs}
        raise EncoderError(f"{where}: outputs (batch, n_frames, width) are needed, not {shapes}")

    def run(wave: np.ndarray, n_own: int | None = None) -> np.ndarray:
        own = np.arange(wave.size)[None] < (wave.size if n_own is None else n_own)
        feed = {item.name: wave[None] if item.name != "attention_mask" else
                own.astype(_NUMPY[item.type]) for item in loaded.get_inputs()}  # fmt: skip
        try:
            with run_options() as options:
                values = loaded.run(names, feed, options)
            return np.asarray(values[0][0] if stacked else np.concatenate(values), dtype=np.float32)
        except Exception as error:  # the runtime's errors have no common type
            _refuse_size(error, where)
            raise EncoderError(f"{where}: cannot encode {wave.size} samples ({str(error)[:200]})") from error

    return run


def _refuse_size(error: Exception, where: str) -> None:
    """Raise EncoderError for an error of ONNX Runtime about memory."""
    if needs_more_memory(error):
        raise EncoderError(
            f"{where}: the network needs more than {MAX_BYTES / 2**30:g} GiB of memory; refused. Choose a "
            "smaller encoder, or fewer seconds"
        ) from error

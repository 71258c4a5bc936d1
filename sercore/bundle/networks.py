"""What a ``.keras`` file may hold, looked at before Keras is.

A ``.keras`` file is a zip of a JSON tree, which names the class of every layer, and of an HDF5 file
with the weights, which could point to other files. Names are compared with :data:`ALLOWED`, so a
Lambda, a TFSMLayer or a function of some module is refused whatever Keras thinks of it.

Notebook: 00_start_here.ipynb
"""
# MERGED DOC: Keras networks: the ``.keras`` file, its ONNX twin and the scaler; nothing in them can run code.
#
#   :mod:`sercore.bundle.networks` looks at a ``.keras`` file before Keras does. Keras itself must be 3.14
#   or newer: the versions before can be made to run code, or to read and write other files, in spite of
#   its safe mode
#   (CVE-2025-1550 until 3.8, -8747 and -9906 until 3.10, -9905 until 3.11.2, CVE-2026-1462 and -1669 until
#   3.13.1, GHSA-hqp4-2352-xf5r until 3.13).

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..errors import BundleError
from ..models import pad_clips
from . import reproducible_zip
from .safe_json import read_json, read_member

_ENTRIES = ("config.json", "metadata.json", "model.weights.h5")

_MAX_ITEMS = 10_000

ALLOWED = {
    "": ("__keras_tensor__",),
    "keras": ("DTypePolicy",),
    "keras.initializers": ("GlorotUniform", "HeNormal", "Ones", "Orthogonal", "Zeros"),
    "keras.layers": (
        "Activation", "Add", "BatchNormalization", "Bidirectional", "Concatenate", "Dense", "Dropout",
        "GlobalAveragePooling1D", "InputLayer", "LSTM", "LayerNormalization", "MultiHeadAttention", "ReLU",
        "Reshape", "SpatialDropout1D", "SpatialDropout2D",
    ),
    "keras.regularizers": ("L2",),
    "keras.src.models.functional": ("Functional",),
    "keras.src.ops.numpy": ("ExpandDims",),
    "sercore": ("AttentionPool", "MaskedConv", "MaskedPool", "Position", "SplitPadding"),
}  # fmt: skip
"""Classes that a network may be made of, by module; those of ``sercore.models.layers`` as ``sercore``."""


def check_keras(content: bytes, *, where: str) -> None:
    """Raise BundleError unless a ``.keras`` file holds allowed classes and its own weights only."""
    config = read_json(
        read_member(content, "config.json", where=where, only=_ENTRIES), where=f"{where}, config.json"
    )
    waiting = [config]
    while waiting:
        part = waiting.pop()
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and {"class_name", "registered_name", "module"} & set(part):
            check_class(part, where)
    if config.get("class_name") != "Functional":
        raise BundleError(f"{where}: not a network of layers; refused")
    _check_weights(read_member(content, "model.weights.h5", where=where), where)


def check_class(part: dict, where: str) -> None:
    name, module, registered = (part.get(key) for key in ("class_name", "module", "registered_name"))
    if isinstance(registered, str) and registered == f"sercore>{name}":
        module = "sercore"
    elif registered not in (None, name):
        module = "?"
    known = ALLOWED.get(module or "", ()) if isinstance(module, str | None) else ()
    if name not in known:
        raise BundleError(
            f"{where}: holds {part.get('module')}.{name} ({registered}), which no network of sercore "
            "has; refused"
        )


def _check_weights(content: bytes, where: str) -> None:
    """Refuse weights that lie in other files."""
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            waiting, n_items = [file], 0
            while waiting:
                group = waiting.pop()
                n_items += 1 + len(group)
                if n_items > _MAX_ITEMS:  # groups may hold each other in a ring
                    raise BundleError(f"{where}: more than {_MAX_ITEMS} arrays; refused")
                for name in group:
                    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                        raise BundleError(f"{where}: its weights point to other files; refused")
                    item = group[name]
                    if isinstance(item, h5py.Group):
                        waiting.append(item)
                    elif item.external or item.is_virtual:
                        raise BundleError(f"{where}: its weights point to other files; refused")
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise BundleError(f"{where}: the weights are not sound ({error})") from error


MIN_KERAS = (3, 14)


def dump(network, *, onnx: bool = True) -> dict[str, bytes]:
    """A network, without its optimizer, as ``network.keras`` and ``network.onnx``.

    Parameters
    ----------
    network : keras.Model
        Of layers in :data:`ALLOWED`.
    onnx : bool
        False leaves the ONNX file out; such a bundle needs Keras to predict.

    Raises
    ------
    BundleError
        A layer is not allowed, or the ONNX exporter is not installed.
    """
    _keras()
    bare = type(network).from_config(network.get_config())
    bare.set_weights(network.get_weights())
    bare(np.zeros([1, *(size or 16 for size in bare.input_shape[1:])], dtype=np.float32))
    with tempfile.TemporaryDirectory() as folder:
        bare.save(Path(folder) / "network.keras")
        contents = {"network.keras": reproducible_zip.keras((Path(folder) / "network.keras").read_bytes())}
        check_keras(contents["network.keras"], where=network.name)
        if onnx:
            try:
                bare.export(Path(folder) / "network.onnx", format="onnx", verbose=False)
            except ImportError as error:
                raise BundleError("ONNX export needs: pip install -e '.[onnx]'") from error
            contents["network.onnx"] = (Path(folder) / "network.onnx").read_bytes()
            check_onnx(contents["network.onnx"], where=network.name)
    return contents


def dump_scaler(mean: np.ndarray, std: np.ndarray) -> bytes:
    """``scaler.npz`` with ``mean`` and ``std`` [shape=(n_features,)]."""
    buffer = io.BytesIO()
    np.savez(buffer, mean=np.asarray(mean, np.float64), std=np.asarray(std, np.float64))
    return buffer.getvalue()


def load_scaler(content: bytes, *, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of every feature.

    Raises
    ------
    BundleError
        Not two vectors of the same length, finite, the spread above 0.
    """
    read_member(content, "mean.npy", where=where, only=("mean.npy", "std.npy"))
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            mean, std = map(np.asarray, (arrays["mean"], arrays["std"]))  # bytes, where it is no array
    except Exception as error:  # numpy parses the header as Python tokens: errors of many kinds
        raise BundleError(f"{where}: not a scaler ({error})") from error
    sound = mean.dtype == std.dtype == np.float64 and mean.ndim == 1 and mean.shape == std.shape
    if not (sound and mean.size and np.isfinite([mean, std]).all() and (std > 0).all()):
        raise BundleError(
            f"{where}: mean and spread must be finite vectors of one length, the spread above 0"
        )
    return mean, std


def load_keras(content: bytes, *, where: str):
    """The network of a ``.keras`` file, checked first; see the top of this module.

    Raises
    ------
    BundleError
        Keras is missing or too old, or the file holds what no network of sercore has.
    """
    check_keras(content, where=where)
    keras = _keras()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        path.write_bytes(content)
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # settings or weights that do not fit the layers
            raise BundleError(f"{where}: the network cannot be rebuilt ({error})") from error


def load_onnx(content: bytes, *, where: str):
    """An ONNX Runtime session on one thread: clips are small, and files are what runs in parallel.

    Raises
    ------
    BundleError
        The runtime is missing, or the file is not sound or points to other files.
    """
    check_onnx(content, where=where)
    try:
        import onnxruntime
    except ImportError as error:
        raise BundleError("prediction without Keras needs: pip install -e '.[serve]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has no common type for what it finds wrong
        raise BundleError(f"{where}: not a sound ONNX network ({str(error)[:200]})") from error


def run_onnx(content: bytes, *, where: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function from one clip, standardised and time-last, to probabilities [shape=(n_classes,)]."""
    session = load_onnx(content, where=where)
    if len(session.get_inputs()) != 1:
        raise BundleError(f"{where}: {len(session.get_inputs())} inputs; a network of sercore has one")
    name = session.get_inputs()[0].name
    return _guarded(lambda batch: session.run(None, {name: batch})[0], where)


def run_keras(content: bytes, *, where: str) -> Callable[[np.ndarray], np.ndarray]:
    """As :func:`run_onnx`, by Keras."""
    network = load_keras(content, where=where)
    from ..models.assembly import compiled_predict

    return _guarded(compiled_predict(network), where)


def _guarded(run, where: str):
    def proba(clip: np.ndarray) -> np.ndarray:
        batch = clip[None] if clip.ndim == 1 else pad_clips([clip])
        try:
            return run(batch.astype(np.float32))[0]
        except Exception as error:  # shapes that do not fit; no common type for it
            raise BundleError(
                f"{where}: the network does not fit its features ({str(error)[:200]})"
            ) from error

    return proba


def check_onnx(content: bytes, *, where: str) -> None:
    """Raise BundleError where weights may lie in another file: each pointer has the key ``location``."""
    if b"location" in content:
        raise BundleError(f"{where}: its weights point to other files; refused")


def _keras():
    try:
        import keras
    except ImportError as error:
        raise BundleError("this needs Keras: pip install -r requirements.txt") from error
    if tuple(int(part) for part in keras.__version__.split(".")[:2]) < MIN_KERAS:
        raise BundleError(f"Keras {keras.__version__} has known holes: pip install 'keras>=3.14'")
    from ..models import layers  # noqa: F401 - registers what sercore's networks are made of

    return keras

"""Keras networks in bundles: the ``.keras`` file, its ONNX export and the scaler; none can run code.

A ``.keras`` file is a zip archive of a JSON tree, which names the class of every layer, and an HDF5 file
with the weights, which could point to other files. Both are checked before Keras opens the file: names
are compared with :data:`ALLOWED`, so a Lambda, a TFSMLayer or a function of another module is refused.
Keras itself must be 3.14 or newer, because earlier versions can be made to run code or to read and write
other files in spite of their safe mode (CVE-2025-1550 until 3.8, -8747 and -9906 until 3.10, -9905 until
3.11.2, CVE-2026-1462 and -1669 until 3.13.1, GHSA-hqp4-2352-xf5r until 3.13).
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import BundleError, SercoreError
from ..models import pad_clips
from ..onnx_runtime import MAX_BYTES, MAX_SECONDS, needs_more_memory, run_options, session_options
from .archives import brief, read_json, read_member, reproducible_keras, walk_objects
from .onnx_graph import check_onnx

if TYPE_CHECKING:
    import keras
    import onnxruntime

MIN_KERAS = (3, 14)
_ENTRIES = ("config.json", "metadata.json", "model.weights.h5")
_MAX_ITEMS, _MAX_LAYERS = 10_000, 500

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
    "sercore": (
        "AttentionPool", "AttentionStatistics", "Deltas", "MaskedConv", "MaskedPool", "Position",
        "SplitPadding",
    ),
}  # fmt: skip
"""Classes that a network may contain, by module; those of :mod:`sercore.models.layers` as ``sercore``."""


def check_keras(content: bytes, *, where: str) -> tuple[dict, int]:
    """The configuration in a ``.keras`` file and the number of its weights, after checking both.

    Raises
    ------
    BundleError
        The file contains a class outside :data:`ALLOWED`, weights in other files, or is too large.
    """
    data = read_member(content, "config.json", where=where, only=_ENTRIES)
    config = read_json(data, where=f"{where}, config.json")
    for part in walk_objects(config):
        if {"class_name", "registered_name", "module"} & set(part):
            check_class(part, where)
    if config.get("class_name") != "Functional":
        raise BundleError(f"{where}: not a functional Keras model; refused")
    layers = config["config"].get("layers") if isinstance(config.get("config"), dict) else None
    if not isinstance(layers, list) or len(layers) > _MAX_LAYERS:
        raise BundleError(f"{where}: no list of at most {_MAX_LAYERS} layers; refused")
    return config, _check_weights(read_member(content, "model.weights.h5", where=where), where)


def check_class(part: dict, where: str) -> None:
    """Raise BundleError if an object of the JSON tree names a class outside :data:`ALLOWED`."""
    name, module, registered = (part.get(key) for key in ("class_name", "module", "registered_name"))
    if isinstance(registered, str) and registered == f"sercore>{name}":
        module = "sercore"
    elif registered not in (None, name):
        module = "?"
    known = ALLOWED.get(module or "", ()) if isinstance(module, str | None) else ()
    if name not in known:
        raise BundleError(
            f"{where}: contains {part.get('module')}.{name} ({registered}), not used by sercore "
            "networks; refused"
        )


def _check_weights(content: bytes, where: str) -> int:
    """Number of the weights; BundleError if they are stored in other files or unpack to more bytes."""
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            pending, n_items, n_values, n_bytes = [file], 0, 0, 0
            while pending:
                group = pending.pop()
                n_items += 1 + len(group)
                if n_items > _MAX_ITEMS:  # groups may contain each other in a cycle
                    raise BundleError(f"{where}: more than {_MAX_ITEMS} arrays; refused")
                for name in group:
                    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                        raise BundleError(f"{where}: its weights point to other files; refused")
                    item = group[name]
                    if isinstance(item, h5py.Group):
                        pending.append(item)
                    elif item.external or item.is_virtual:
                        raise BundleError(f"{where}: its weights point to other files; refused")
                    else:
                        n_values, n_bytes = n_values + item.size, n_bytes + item.nbytes
            if n_bytes > len(content):
                raise BundleError(f"{where}: its weights unpack to {n_bytes} bytes; refused")
            return n_values
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise BundleError(f"{where}: the weights are not valid ({brief(error)})") from error


def dump(network: keras.Model, *, onnx: bool = True) -> dict[str, bytes]:
    """Contents of ``network.keras``, without the optimizer, and ``network.onnx``.

    Parameters
    ----------
    network : keras.Model
        With layers in :data:`ALLOWED`.
    onnx : bool
        Whether to export to ONNX; without it, the bundle needs Keras for prediction.

    Returns
    -------
    dict of str to bytes
        Content by file name.

    Raises
    ------
    BundleError
        A layer is not allowed, or the ONNX exporter is not installed.
    """
    _keras()
    bare = type(network).from_config(network.get_config())
    bare.set_weights(network.get_weights())
    bare(np.zeros([1, *(size or 16 for size in bare.input_shape[1:])], dtype=np.float32))
    with _temporary_folder(network.name) as folder:
        bare.save(folder / "network.keras")
        contents = {"network.keras": reproducible_keras((folder / "network.keras").read_bytes())}
        check_keras(contents["network.keras"], where=network.name)
        if onnx:
            try:
                bare.export(folder / "network.onnx", format="onnx", verbose=False)
            except ImportError as error:
                raise BundleError('ONNX export needs: pip install -e ".[onnx]"') from error
            contents["network.onnx"] = (folder / "network.onnx").read_bytes()
            check_onnx(contents["network.onnx"], where=network.name)
    return contents


@contextlib.contextmanager
def _temporary_folder(where: str) -> Iterator[Path]:
    """A temporary folder for a file of Keras; a full disk raises BundleError."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    except OSError as error:
        raise BundleError(
            f"{where}: the temporary folder cannot be written ({brief(error)}); free space there, or set "
            "TMPDIR to another folder"
        ) from error


def dump_scaler(mean: np.ndarray, std: np.ndarray) -> bytes:
    """Content of ``scaler.npz``: mean and standard deviation [shape=(n_features,)] of every feature."""
    buffer = io.BytesIO()
    np.savez(buffer, mean=np.asarray(mean, np.float64), std=np.asarray(std, np.float64))
    return buffer.getvalue()


def load_scaler(content: bytes, *, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every feature, from ``scaler.npz``.

    Returns
    -------
    mean, std : np.ndarray [shape=(n_features,)]

    Raises
    ------
    BundleError
        Not two finite vectors of the same length with positive standard deviations.

    Examples
    --------
    >>> load_scaler(dump_scaler([0.0, 1.0], [1.0, 2.0]), where="scaler.npz")
    (array([0., 1.]), array([1., 2.]))
    """
    read_member(content, "mean.npy", where=where, only=("mean.npy", "std.npy"))
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            mean, std = map(np.asarray, (arrays["mean"], arrays["std"]))  # bytes if it is not an array
    except Exception as error:  # the header is parsed as Python tokens, with many kinds of errors
        raise BundleError(f"{where}: not a scaler ({brief(error)})") from error
    valid = mean.dtype == std.dtype == np.float64 and mean.ndim == 1 and mean.shape == std.shape
    if not (valid and mean.size and np.isfinite([mean, std]).all() and (std > 0).all()):
        raise BundleError(
            f"{where}: mean and std must be finite vectors of the same length, with std above 0"
        )
    return mean, std


def load_keras(content: bytes, *, where: str) -> keras.Model:
    """The network in a ``.keras`` file, which is checked first by :func:`check_keras`.

    Returns
    -------
    keras.Model

    Raises
    ------
    BundleError
        Keras is missing or too old, or the file contains a class that sercore networks do not use.
    """
    config, n_values = check_keras(content, where=where)
    keras = _keras()
    needed = _count_weights(keras, config, where)
    if needed > n_values:  # they would be allocated before Keras compares them with the file
        raise BundleError(f"{where}: its layers need {needed} weights, but the file has {n_values}; refused")
    with _temporary_folder(where) as folder:
        path = folder / "network.keras"
        path.write_bytes(content)
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # arguments or weights that do not fit the layers
            raise BundleError(f"{where}: the network cannot be rebuilt ({brief(error)})") from error


def _count_weights(keras, config: dict, where: str) -> int:
    """Number of weights of the layers of a configuration, without allocating them."""
    from keras.src.backend.common import global_state

    key = "uninitialized_variables"  # Keras would allocate these later
    before = list(global_state.get_global_attribute(key) or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            return keras.saving.deserialize_keras_object(config, safe_mode=True).count_params()
    except Exception as error:  # arguments that do not fit the layers
        raise BundleError(f"{where}: the network cannot be rebuilt ({brief(error)})") from error
    finally:
        global_state.set_global_attribute(key, before)


def load_onnx(content: bytes, *, where: str) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session with one thread; parallel processing is over files, not within a clip.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    BundleError
        The runtime is missing, the file is not valid, or :func:`check_onnx` refuses it.
    """
    check_onnx(content, where=where)
    try:
        import onnxruntime
    except ImportError as error:
        raise BundleError("prediction without Keras needs: pip install onnxruntime") from error
    try:
        return onnxruntime.InferenceSession(content, session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has no common error type
        _refuse_size(error, where)
        raise BundleError(f"{where}: not a valid ONNX network ({brief(error)})") from error


def run_onnx(content: bytes, *, where: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function from a standardised clip, time-last, to probabilities [shape=(n_classes,)]."""
    session = load_onnx(content, where=where)
    if len(session.get_inputs()) != 1:
        raise BundleError(f"{where}: {len(session.get_inputs())} inputs; sercore networks have one")
    name = session.get_inputs()[0].name

    def run(batch: np.ndarray) -> np.ndarray:
        try:
            with run_options(MAX_SECONDS) as options:
                return session.run(None, {name: batch}, options)[0]
        except Exception as error:
            _refuse_size(error, where)
            raise

    return _guarded(run, where)


def _refuse_size(error: Exception, where: str) -> None:
    """Raise BundleError for an error of ONNX Runtime about memory."""
    if needs_more_memory(error):
        raise BundleError(
            f"{where}: the network needs more than {MAX_BYTES / 2**30:g} GiB of memory; refused. Divide long "
            "recordings into windows (--timeline)"
        ) from error


def run_keras(content: bytes, *, where: str) -> Callable[[np.ndarray], np.ndarray]:
    """The same function as :func:`run_onnx`, by Keras."""
    network = load_keras(content, where=where)
    from ..models.assembly import compiled_predict

    return _guarded(compiled_predict(network), where)


def _guarded(run, where: str):
    def proba(clip: np.ndarray) -> np.ndarray:
        batch = clip[None] if clip.ndim == 1 else pad_clips([clip])
        try:
            return run(batch.astype(np.float32))[0]
        except BundleError:
            raise
        except Exception as error:  # mismatched shapes; neither backend has a common error type
            raise BundleError(f"{where}: the network does not fit its features ({brief(error)})") from error

    return proba


def _keras():
    from ..models import check_keras

    try:
        check_keras()
    except SercoreError as error:
        raise BundleError(str(error)) from error
    import keras

    if tuple(int(part) for part in keras.__version__.split(".")[:2]) < MIN_KERAS:
        raise BundleError(f'Keras {keras.__version__} has known vulnerabilities: pip install "keras>=3.14"')
    from ..models import layers  # noqa: F401 - registers the layers of sercore

    return keras

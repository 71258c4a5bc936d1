"""What a ``.keras`` file may hold, looked at before Keras is.

A ``.keras`` file is a zip of a JSON tree, which names the class of every layer, and of an HDF5 file
with the weights, which could point to other files. Names are compared with :data:`ALLOWED`, so a
Lambda, a TFSMLayer or a function of some module is refused whatever Keras thinks of it.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import io

from ..errors import BundleError
from .strict import read_json, read_member

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

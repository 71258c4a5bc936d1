"""Write a bundle: fitted models with everything that is needed to use and to judge them.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from .. import __version__, features
from ..errors import BundleError
from ..features import Recipe, get_recipe
from . import estimators, networks
from .folder import MANIFEST, digest_of, write_folder
from .manifest import Manifest, Member, member_name
from .predictor import Predictor
from .reference_signal import reference_signal

SAME = 1e-4
"""How near the answers of the written files must be to those of the fitted models."""

_LIBRARIES = (
    "numpy",
    "scipy",
    "librosa",
    "soxr",
    "soundfile",
    "scikit-learn",
    "skops",
    "keras",
    "tensorflow",
)


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted model and the recipe of its features.

    Parameters
    ----------
    model : sklearn estimator or sercore.training.FittedNetwork
        From :func:`sercore.training.fit_classical` or :func:`sercore.training.fit_network`.
    recipe : str or Recipe
    """

    model: object
    recipe: str | Recipe

    @property
    def kind(self) -> str:
        return "keras" if hasattr(self.model, "network") else "sklearn"

    @property
    def features(self) -> str:
        """``frames`` for a network whose input has a time axis, else ``table``."""
        return "frames" if self.kind == "keras" and len(self.model.network.input_shape) == 3 else "table"

    def answer(self, classes: Sequence[str]) -> np.ndarray:
        """Probabilities [shape=(n_classes,)] for the probe, by the functions of training."""
        from ..training import predict_proba

        recipe = get_recipe(self.recipe)
        make = features.frames if self.features == "frames" else features.table_row
        clip = make(reference_signal(recipe.sr), recipe)
        return (
            self.model([clip])[0]
            if self.kind == "keras"
            else predict_proba(self.model, clip[None], classes)[0]
        )

    def contents(self, *, onnx: bool) -> dict[str, bytes]:
        """The member's files by name."""
        if self.kind == "sklearn":
            return {"model.skops": estimators.dump(self.model)}
        scaler = networks.dump_scaler(self.model.mean, self.model.std)
        return networks.dump(self.model.network, onnx=onnx) | {"scaler.npz": scaler}


def save(
    path: str | os.PathLike,
    members: Mapping[str, FittedModel],
    classes: Sequence[str],
    *,
    weights: Mapping[str, float] | None = None,
    training: Mapping | None = None,
    evaluation: Mapping | None = None,
    onnx: bool = True,
    overwrite: bool = False,
) -> Path:
    """Write a bundle, and read it back to see that it answers as the models do.

    Parameters
    ----------
    path : path
        The folder to write. It appears when it is whole.
    members : mapping of str to FittedModel
        One model, or several that vote.
    classes : sequence of str
        Order of the probabilities.
    weights : mapping of str to float, optional
        Weight of each member by name; equal by default.
    training : mapping, optional
        What the models were fitted on (:func:`sercore.bundle.training.describe_training`).
    evaluation : mapping, optional
        A row of the result table (:func:`sercore.training.summarise`) of models trained the same way.
    onnx : bool
        Whether networks get an ONNX file, by which they run without Keras.
    overwrite : bool
        Whether an older bundle there may be replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BundleError
        Something is there already, a model cannot be written without pickle, or what was written does
        not answer as the fitted models do.
    """
    shares = _shares(members, weights)
    about = {
        name: Member(part.kind, part.features, get_recipe(part.recipe), shares[name])
        for name, part in members.items()
    }
    contents = {
        f"{name}/{file}": data
        for name, part in members.items()
        for file, data in part.contents(onnx=onnx).items()
    }
    votes = sum(shares[name] * part.answer(classes) for name, part in members.items())
    manifest = Manifest(
        classes=tuple(classes),
        members=about,
        training=dict(training or {}),
        evaluation=plain(evaluation) if evaluation is not None else None,
        versions=versions(),
        probe=tuple(map(float, votes)),
        files={name: {"bytes": len(data), "sha256": digest_of(data)} for name, data in contents.items()},
    )
    contents[MANIFEST] = manifest.to_json()

    def check(folder: Path) -> None:
        kinds = {part.kind for part in members.values()}
        for backend in ["keras", *(["onnx"] if onnx else [])] if "keras" in kinds else ["auto"]:
            Predictor.load(folder, backend=backend, tolerance=SAME)

    return write_folder(path, contents, check=check, overwrite=overwrite)


def versions() -> dict[str, str]:
    """Of sercore, Python and the libraries that decide a prediction, where installed."""
    found = {"sercore": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def plain(row: Mapping) -> dict:
    """A row of a result table with values that JSON has; None for NaN."""
    values = {key: value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
    return {
        key: None if isinstance(value, float) and value != value else value for key, value in values.items()
    }


def _shares(members: Mapping[str, FittedModel], weights: Mapping[str, float] | None) -> dict[str, float]:
    """Weights by name, summing to 1."""
    try:
        names = [member_name(name) for name in members]
    except ValueError as error:
        raise BundleError(str(error)) from error
    weights = dict(weights or dict.fromkeys(names, 1.0))
    try:
        values = np.array(list(weights.values()), dtype=float)
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if (
        set(weights) != set(names)
        or not names
        or not np.isfinite(values).all()
        or values.min() < 0
        or not values.any()
    ):
        raise BundleError(f"weights {weights} for the members {names}; one each, 0 or more, not all 0")
    return {name: float(weights[name] / values.sum()) for name in names}

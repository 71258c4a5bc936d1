"""Writing bundles: fitted models with everything needed to use and to assess them."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__, features
from ..encoders import EncoderRecipe
from ..encoders.sources import keep_weights, weights_sha256
from ..errors import BundleError
from ..features import Recipe, get_recipe
from . import estimators, linear, networks
from .folder import MANIFEST, digest_of, write_folder
from .manifest import SPEAKER_FILE, Manifest, Member, member_name
from .predictor import Predictor, reference_signal
from .rejection import dump as dump_detector

if TYPE_CHECKING:
    from ..evaluation import NoveltyDetector

TOLERANCE = 1e-4
"""Largest difference between the probabilities of the written files and those of the fitted models."""

_LIBRARIES = (
    "numpy", "scipy", "librosa", "soxr", "soundfile", "scikit-learn", "skops", "keras", "tensorflow",
    "onnxruntime",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fitted model and the recipe of its features.

    Parameters
    ----------
    model : sklearn estimator or sercore.training.FittedNetwork
        From :func:`sercore.training.fit_classical` or :func:`sercore.training.fit_network`.
    recipe : str, Recipe or EncoderRecipe
        The weights of an encoder are not copied: the bundle names them by their SHA-256, and a computer that
        predicts needs the same file (for ``whisper_tiny_en`` the extra ``pretrained``).
    speaker_norm : tuple of np.ndarray [shape=(n_features,)], optional
        If the model was fitted to features standardised per speaker: mean and standard deviation of the
        features of all training clips, which apply to a speaker who is not known yet.

    See Also
    --------
    save : Write fitted models to a bundle.

    Notebook: 03_mlp_baseline.ipynb
    """

    model: object
    recipe: str | Recipe | EncoderRecipe
    speaker_norm: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def kind(self) -> str:
        """``keras`` or ``sklearn``; :func:`save` writes a logistic regression as ``linear``."""
        return "keras" if hasattr(self.model, "network") else "sklearn"

    @property
    def features(self) -> str:
        """``frames`` if the input of the model has a time axis, else ``embeddings`` or ``table``."""
        if self.kind == "keras" and len(self.model.network.input_shape) == 3:
            return "frames"
        return "embeddings" if isinstance(self.recipe, EncoderRecipe) else "table"

    def _reference(self, classes: Sequence[str]) -> np.ndarray:
        """Probabilities [shape=(n_classes,)] for the reference signal, by the functions of training."""
        from ..training import predict_proba, standardise

        recipe = get_recipe(self.recipe)
        signal = reference_signal(recipe.sr)
        if self.features == "embeddings":
            clip = recipe.extractor("table")(signal)
        else:
            clip = (features.frames if self.features == "frames" else features.table_row)(signal, recipe)
        if self.speaker_norm:
            clip = standardise([clip], *self.speaker_norm)[0]
        if self.kind == "keras":
            return self.model([clip])[0]
        return predict_proba(self.model, clip[None], classes)[0]

    def _stored_kind(self, classes: Sequence[str]) -> str:
        """A key of :data:`sercore.bundle.manifest.KINDS`."""
        return "linear" if self.kind == "sklearn" and linear.is_linear(self.model, classes) else self.kind

    def _contents(self, classes: Sequence[str], *, onnx: bool) -> dict[str, bytes]:
        """Contents of the member's files by name."""
        contents = self._model_contents(classes, onnx)
        if self.speaker_norm:
            contents[SPEAKER_FILE] = networks.dump_scaler(*self.speaker_norm)
        return contents

    def _model_contents(self, classes: Sequence[str], onnx: bool) -> dict[str, bytes]:
        """Contents of the files of the model itself."""
        if self._stored_kind(classes) == "linear":
            return {"linear.npz": linear.dump(self.model, classes)}
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
    temperature: float = 1.0,
    detector: NoveltyDetector | None = None,
    onnx: bool = True,
    overwrite: bool = False,
) -> Path:
    """Write a bundle, then load it to check that it predicts as the fitted models do.

    Parameters
    ----------
    path : path
        Folder to write. It is created only if writing succeeds.
    members : mapping of str to FittedModel
        Models by name; several are combined by soft voting.
    classes : sequence of str
        Emotions in the order of the probabilities.
    weights : mapping of str to float, optional
        Weight of each member by name; equal by default.
    training : mapping, optional
        Description of the training data (:func:`sercore.bundle.training.describe_training`).
    evaluation : mapping, optional
        A row of the result table (:func:`sercore.training.summarise`) for models trained the same way.
    temperature : float
        Divides the logits of the vote; from :func:`sercore.evaluation.fit_temperature`.
    detector : sercore.evaluation.NoveltyDetector, optional
        Fitted to the features of the first member (:func:`sercore.bundle.rejection.row_of`). With it,
        clips that are not speech or unlike the training clips are rejected.
    onnx : bool
        Whether to export networks to ONNX, so that they run without Keras.
    overwrite : bool
        Whether to replace an existing bundle.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BundleError
        The folder exists already, a model cannot be written without pickle, its encoder is not in a file,
        or the written bundle does not predict as the fitted models do.

    See Also
    --------
    Predictor.load : Load the bundle.
    sercore.bundle.training.train : From a corpus to a bundle.

    Notebook: 03_mlp_baseline.ipynb
    """
    weights = _normalised(members, weights)
    for part in members.values():
        _check_encoder(part)
    about = {
        name: Member(
            part._stored_kind(classes),
            part.features,
            get_recipe(part.recipe),
            weights[name],
            part.speaker_norm is not None,
        )
        for name, part in members.items()
    }
    contents = {
        f"{name}/{file}": data
        for name, part in members.items()
        for file, data in part._contents(classes, onnx=onnx).items()
    }
    reference = sum(weights[name] * part._reference(classes) for name, part in members.items())
    if temperature != 1.0:
        from ..evaluation import apply_temperature

        reference = apply_temperature(reference, temperature)
    rejection = None
    if detector is not None:
        rejection = {"member": next(iter(members)), "threshold": float(detector.threshold)}
        contents |= dump_detector(detector)
    manifest = Manifest(
        classes=tuple(classes),
        members=about,
        training=dict(training or {}),
        evaluation=plain(evaluation) if evaluation is not None else None,
        versions=versions(),
        reference=dict(zip(classes, map(float, reference), strict=True)),
        temperature=float(temperature),
        rejection=rejection,
        files={name: {"bytes": len(data), "sha256": digest_of(data)} for name, data in contents.items()},
    )
    contents[MANIFEST] = manifest.to_json()

    def check(folder: Path) -> None:
        kinds = {part.kind for part in members.values()}
        for backend in ["keras", *(["onnx"] if onnx else [])] if "keras" in kinds else ["auto"]:
            Predictor.load(folder, backend=backend, tolerance=TOLERANCE)

    return write_folder(path, contents, check=check, overwrite=overwrite)


def _check_encoder(part: FittedModel) -> None:
    """Raise BundleError for an encoder that another computer could not verify; copy its file otherwise."""
    if not isinstance(part.recipe, EncoderRecipe):
        if not isinstance(get_recipe(part.recipe), Recipe):
            raise BundleError(
                f"features of {type(part.recipe).__name__} cannot be part of a bundle; use a Recipe, or an "
                "EncoderRecipe"
            )
        return
    if part.features == "frames":
        raise BundleError("networks on the frames of an encoder cannot be saved; use pooled embeddings")
    if part.recipe.weights != "pretrained" or not weights_sha256(part.recipe):
        raise BundleError(
            f"encoder {part.recipe.encoder!r} with {part.recipe.weights} weights cannot be part of a bundle; "
            "use whisper_tiny_en, or a file given by path and sha256"
        )
    keep_weights(part.recipe)


def versions() -> dict[str, str]:
    """Versions of sercore, Python and the installed libraries that affect predictions."""
    found = {"sercore": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def plain(row: Mapping) -> dict:
    """A row of a result table with JSON values: numpy scalars as numbers, NaN as None.

    Examples
    --------
    >>> plain({"ua": np.float64(0.5), "ua_low": np.nan})
    {'ua': 0.5, 'ua_low': None}
    """
    return {key: _plain(value) for key, value in row.items()}


def _plain(value):
    if isinstance(value, list):
        return [plain(row) for row in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and value != value else value


def _normalised(members: Mapping[str, FittedModel], weights: Mapping[str, float] | None) -> dict[str, float]:
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
    valid = names and set(weights) == set(names) and np.isfinite(values).all()
    if not (valid and values.min() >= 0 and values.any()):
        raise BundleError(
            f"weights {weights} for the members {names}: one per member, each 0 or more, not all 0"
        )
    return {name: float(weights[name] / values.sum()) for name in names}

"""Members of a bundle as functions: from a waveform to features, and from features to probabilities.

Features are computed by the same functions as in training: :func:`sercore.features.table_row` or
:func:`sercore.features.frames` with the bundle's recipe, then :func:`sercore.training.standardise`.
Embeddings are computed by ONNX Runtime instead of Keras, so that a prediction does not import TensorFlow;
:func:`sercore.bundle.save` compares both.

To add a kind of features, add its name to ``sercore.bundle.manifest.FEATURES`` and its function to
``_EXTRACT``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from .. import features
from ..errors import BundleError
from ..training.normalisation import standardise
from . import estimators, linear, networks
from .archives import brief
from .manifest import Member

if TYPE_CHECKING:
    from ..encoders import EncoderRecipe


def embeddings(wave: np.ndarray, recipe: EncoderRecipe) -> np.ndarray:
    """Pooled embeddings [shape=(n_columns,)] of one clip, by ONNX Runtime.

    Raises
    ------
    EncoderError
        The weights of the encoder or a library are not installed.
    """
    from ..encoders import load_encoder

    return load_encoder(recipe, "onnx").row(wave)


_EXTRACT = {"table": features.table_row, "frames": features.frames, "embeddings": embeddings}


def extract(member: Member, wave: np.ndarray) -> np.ndarray:
    """Features that a member reads, of a waveform [shape=(n_samples,)] at the rate of its recipe."""
    return _EXTRACT[member.features](wave, member.recipe)


def features_key(member: Member) -> tuple:
    """Kind and recipe of its features; members with the same key share them."""
    return member.features, member.recipe


def load_member(member: Member, contents: dict, classes, backend: str, where: str) -> Callable:
    """A function from the features of one clip to probabilities [shape=(n_classes,)].

    Parameters
    ----------
    member : Member
    contents : dict of str to bytes
        Files of the member by name.
    classes : sequence of str
    backend : {"auto", "onnx", "keras"}
        See :meth:`sercore.bundle.Predictor.load`.
    where : str
        Folder of the member in error messages.

    Raises
    ------
    BundleError
        A file is damaged, or does not fit the features or classes.
    """
    if member.kind == "linear":
        return linear.load(contents["linear.npz"], n_classes=len(classes), where=f"{where}/linear.npz")
    if member.kind == "sklearn":
        return _estimator(
            estimators.load(contents["model.skops"], where=f"{where}/model.skops"), classes, where
        )
    mean, std = networks.load_scaler(contents["scaler.npz"], where=f"{where}/scaler.npz")
    use_onnx = "network.onnx" in contents and (
        backend == "onnx" or (backend == "auto" and find_spec("onnxruntime") is not None)
    )
    if backend == "onnx" and not use_onnx:
        raise BundleError(f"{where}: has no network.onnx; load it with backend='keras'")
    if use_onnx:
        run = networks.run_onnx(contents["network.onnx"], where=f"{where}/network.onnx")
    else:
        run = networks.run_keras(contents["network.keras"], where=f"{where}/network.keras")

    def proba(clip: np.ndarray) -> np.ndarray:
        if clip.shape[0] != mean.size:
            raise BundleError(f"{where}: expected {mean.size} features, but the recipe has {clip.shape[0]}")
        return _checked(run(standardise([clip], mean, std)[0]), classes, where)

    return proba


def _estimator(model, classes, where: str) -> Callable:
    from ..training.classical import predict_proba

    def proba(row: np.ndarray) -> np.ndarray:
        try:
            return _checked(predict_proba(model, row[None], classes)[0], classes, where)
        except BundleError:
            raise
        except Exception as error:  # attributes of a forged model can make scikit-learn raise anything
            raise BundleError(
                f"{where}: the model does not fit its features or classes ({brief(error)})"
            ) from error

    return proba


def _checked(proba: np.ndarray, classes, where: str) -> np.ndarray:
    proba = np.asarray(proba)
    if proba.shape != (len(classes),) or proba.dtype.kind != "f":
        raise BundleError(
            f"{where}: {proba.dtype} values of shape {proba.shape}; expected {len(classes)} probabilities, "
            "one per class"
        )
    return proba

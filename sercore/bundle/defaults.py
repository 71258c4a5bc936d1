"""The default models: one for the synthetic voice, one for recordings of people.

:func:`get_predictor` trains a small model on the demo corpus when it is first needed. It knows a synthetic
voice only, so whatever predicts for real voices asks :func:`speech_predictor`, and shows :func:`model_note`
beside the predictions.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from .. import __version__, paths
from ..errors import BundleError
from ..features import Recipe
from .files import load_cached
from .predictor import Predictor
from .saving import FittedModel, save
from .shipping import bundle_path

MODEL = "lda"
RECIPE = Recipe(statistics=("p75", "p95"), slope_statistics=("std", "p95"), parts=("voiced",), timing=False)
"""Statistics of loud and voiced frames only, which also apply to a window cut out of a long recording;
duration and pauses, which identify whole sentences, do not."""

SYNTHETIC_WARNING = "Trained on a synthetic voice; says nothing about people."


def get_predictor(bundle: Predictor | str | os.PathLike | None = None) -> Predictor:
    """A loaded bundle, by default a small model trained on the demo corpus.

    The default model is trained on the first call, which takes some seconds, or about twice as long if
    the demo corpus has not been rendered yet, and is stored in the cache folder. It is trained on a
    synthetic voice, so its predictions for real voices mean nothing.

    Parameters
    ----------
    bundle : Predictor or path, optional
        A folder written by ``sercore train``. A predictor is returned unchanged.

    Raises
    ------
    BundleError
        The bundle cannot be used; see :meth:`Predictor.load`.

    See Also
    --------
    Predictor.load : Load a bundle with a given backend or digest.

    Notebook: 00_start_here.ipynb
    """
    if isinstance(bundle, Predictor):
        return bundle
    return _of_demo(demo_bundle()) if bundle is None else Predictor.load(bundle)


def speech_predictor(bundle: Predictor | str | os.PathLike | None = None) -> Predictor:
    """A loaded bundle, by default the best model of the package for recordings of people.

    :func:`model_note` names it, with what it was trained on and its scores on other corpora.

    Parameters
    ----------
    bundle : Predictor or path, optional
        A folder written by ``sercore train``, or the name of a model of the package
        (:data:`sercore.bundle.shipping.MODELS`). A predictor is returned unchanged.

    Raises
    ------
    BundleError
        The bundle cannot be used; see :meth:`Predictor.load`.

    See Also
    --------
    get_predictor : The default model for a synthetic voice.
    shipped_bundle : The folder of the default model.

    Notebook: 10_your_own_voice.ipynb
    """
    if isinstance(bundle, Predictor):
        return bundle
    return load_cached(bundle_path(bundle))


def is_synthetic(predictor: Predictor) -> bool:
    """Whether a model was trained on the synthetic demo corpus only, or does not name its recordings."""
    names = {corpus.get("name") for corpus in predictor.manifest.training.get("corpora", [])}
    return names <= {"demo"}


def model_note(predictor: Predictor) -> str:
    """What a model was trained on and its scores, in short lines.

    With a warning if it knows a synthetic voice only.

    Notebook: 10_your_own_voice.ipynb
    """
    note = f"Model: {predictor.about()}"
    return f"{note}\n{SYNTHETIC_WARNING}" if is_synthetic(predictor) else note


def demo_bundle() -> Path:
    """Folder of the default model, which :func:`get_predictor` writes."""
    return paths.cache_dir() / "widgets" / f"demo-{MODEL}-{__version__}-{RECIPE.key}.bundle"


@lru_cache(maxsize=2)
def _of_demo(path: Path) -> Predictor:
    """The default model; trained if it is missing, damaged, or from other library versions."""
    try:
        return Predictor.load(path)
    except BundleError:
        _train(path)
        return Predictor.load(path)


def _train(path: Path) -> None:
    """Train and write the default model, with its metrics on held-out speakers."""
    from ..corpora import load_index
    from ..features.store import extract_table
    from ..labels import apply_scheme
    from ..training import fit_classical, out_of_fold, summarise
    from .scores import evaluation_details
    from .training import describe_training, fit_detector, temperature_of

    index, classes = apply_scheme(load_index("demo"), "all")
    table = extract_table(index, RECIPE, progress=False)
    oof = out_of_fold(table.index, table.X, classes, model=MODEL, seeds=(0,), progress=False)
    model = fit_classical(table.index, table.X, np.arange(len(table.X)), model=MODEL)
    save(
        path,
        {MODEL: FittedModel(model, RECIPE)},
        classes,
        training=describe_training(table.index, scheme="all", seed=0),
        evaluation=summarise([oof], corpus="demo", scheme="all").iloc[0].to_dict()
        | evaluation_details(oof, table.index, classes),
        temperature=temperature_of(oof, classes),
        detector=fit_detector(table.index, table.X),
        overwrite=True,
    )

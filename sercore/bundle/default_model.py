"""The model that answers in a demonstration: any bundle, or a small one trained on the demo corpus.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from .. import __version__, paths
from ..errors import BundleError
from ..features import Recipe
from .predictor import Predictor
from .saving import FittedModel, save

MODEL = "lda"
RECIPE = Recipe(statistics=("p75", "p95"), slope_statistics=("std", "p95"), parts=("voiced",), timing=False)
"""Looks at the louder and the voiced moments only. Whole sentences would also be known by their length
and their pauses, but a window that is cut out of a long recording has others."""


def get_predictor(bundle: Predictor | str | os.PathLike | None = None) -> Predictor:
    """A loaded bundle; by default a small model of the demo corpus, trained the first time.

    That takes some seconds, and as long again where the demo corpus must be rendered first. It is kept
    in the cache folder. It has learned from a synthetic voice, and says nothing about people.

    Parameters
    ----------
    bundle : Predictor or path, optional
        A folder that ``sercore train`` wrote.

    Raises
    ------
    BundleError
        The bundle cannot be used; see :meth:`sercore.bundle.Predictor.load`.
    """
    if isinstance(bundle, Predictor):
        return bundle
    return _of_demo(demo_bundle()) if bundle is None else Predictor.load(bundle)


def demo_bundle() -> Path:
    """Folder of the default model, which is there after :func:`get_predictor` was asked for it."""
    return paths.cache_dir() / "widgets" / f"demo-{MODEL}-{__version__}-{RECIPE.key}.bundle"


@lru_cache(maxsize=2)
def _of_demo(path: Path) -> Predictor:
    """The default model, trained where it is missing, damaged, or of other library versions."""
    try:
        return Predictor.load(path)
    except BundleError:
        _train(path)
        return Predictor.load(path)


def _train(path: Path) -> None:
    """Write the default model, with its figures for speakers that it had not met."""
    from ..corpora import load_index
    from ..features.store import extract_table
    from ..labels import apply_scheme
    from ..training import fit_classical, out_of_fold, summarise
    from .training import describe_training

    index, classes = apply_scheme(load_index("demo"), "all")
    made = extract_table(index, RECIPE, progress=False)
    oof = out_of_fold(made.index, made.X, classes, model=MODEL, seeds=(0,), progress=False)
    save(
        path,
        {MODEL: FittedModel(fit_classical(made.index, made.X, np.arange(len(made.X)), model=MODEL), RECIPE)},
        classes,
        training=describe_training(made.index, scheme="all", seed=0),
        evaluation=summarise([oof], corpus="demo", scheme="all").iloc[0].to_dict(),
        overwrite=True,
    )

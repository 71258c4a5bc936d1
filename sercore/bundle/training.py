"""From a corpus to a bundle: out-of-fold figures first, then the model on all speakers.

The figures are those of models trained the same way without the speakers they were tested on. The
model in the bundle has heard everybody; nobody is left to test it, and its figures cannot be better
known than that.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from .. import ensemble, paths
from ..corpora import get_corpus, load_index
from ..errors import BundleError
from ..features.store import extract_frames, extract_table
from ..labels import apply_scheme
from ..models import NETWORKS, classical, is_network, reads_frames
from ..training import fit_classical, fit_network, out_of_fold, summarise
from .saving import FittedModel, save

RECIPES = {"table": "default", "frames": "log_mel"}


def train(
    corpus: str,
    models: Sequence[str],
    out: str | os.PathLike,
    *,
    root: str | os.PathLike | None = None,
    scheme: str = "all",
    split: str = "speaker",
    n_folds: int | None = None,
    seed: int = 0,
    n_jobs: int = 1,
    onnx: bool = True,
    overwrite: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Evaluate models out of fold, fit them on all clips, and write the bundle.

    Finished folds are kept in the cache folder, so a stopped run goes on where it was.

    Parameters
    ----------
    corpus : str
        See :func:`sercore.corpora.load_index`; ``ravdess+tess`` pools.
    models : sequence of str
        Classical models or networks by name; several vote with equal weights.
    out : path
        The bundle's folder.
    root : path, optional
        The corpus's own folder.
    scheme, split : str
        Which emotions are told apart; how clips are divided for the evaluation.
    n_folds : int, optional
        See :func:`sercore.splits.make_folds`.
    seed : int
    n_jobs : int
        Processes for the folds.
    onnx, overwrite
        See :func:`sercore.bundle.save`.
    progress : bool

    Returns
    -------
    pd.DataFrame
        Result table: one row per model and, where there are several, one of their vote, which is the
        last and goes into the bundle.

    Raises
    ------
    BundleError
        Something is there already, or a model cannot be kept in a bundle; said before anything is trained.
    """
    out, models = Path(out), list(models)
    if not models or len(set(models)) < len(models):
        raise BundleError(f"name each model once, not {models}")
    _check_savable(models, onnx)
    if out.exists() and not overwrite:
        raise BundleError(f"{out} is there already; choose another folder with --out, or say --overwrite")
    index, classes = apply_scheme(load_index(corpus, root), scheme)
    index, made = _extract(index, [_kind(model) for model in models], progress)
    oofs, members = [], {}
    for model in models:
        X = made[_kind(model)]
        oof = out_of_fold(
            index, X, classes, model=model, split=split, seeds=(seed,), n_folds=n_folds, n_jobs=n_jobs,
            folder=paths.cache_dir() / "train", progress=progress,
        )  # fmt: skip
        oofs.append(oof)
        members[model] = FittedModel(_fit_all(index, X, classes, model, seed), RECIPES[_kind(model)])
    if len(models) > 1:
        vote = pd.concat(oofs, ignore_index=True)
        oofs.append(ensemble.soft_vote(vote, name="+".join(models)))
    table = summarise(oofs, corpus="+".join(sorted(set(index["corpus"]))), scheme=scheme)
    save(
        out, members, classes, training=describe_training(index, scheme=scheme, seed=seed),
        evaluation=table.iloc[-1].to_dict(), onnx=onnx, overwrite=overwrite,
    )  # fmt: skip
    return table


def describe_training(index: pd.DataFrame, *, scheme: str, seed: int) -> dict:
    """What a model was fitted on, for its bundle: corpora with licence and source, clips, speakers."""
    corpora = []
    for name, part in index.groupby("corpus"):
        module = get_corpus(name)
        corpora.append(
            {
                "name": name,
                "title": module.TITLE,
                "licence": module.LICENCE,
                "redistributable": module.REDISTRIBUTABLE,
                "citation": module.CITATION,
                "url": module.URL,
                "n_clips": len(part),
                "n_speakers": int(part["speaker"].nunique()),
            }
        )
    return {"corpora": corpora, "scheme": scheme, "seed": seed, "n_clips": len(index)}


def _check_savable(models: Sequence[str], onnx: bool) -> None:
    if "xgboost" in models:
        raise BundleError("xgboost keeps its trees in a form that only pickle writes; choose another model")
    for model in models:
        if not is_network(model) and model not in classical.available():
            raise BundleError(
                f"unknown model {model!r}; there are: {', '.join([*classical.available(), *NETWORKS])}"
            )
    if onnx and not find_spec("tf2onnx") and any(map(is_network, models)):
        raise BundleError("the ONNX twin of a network needs: pip install -e '.[onnx]'; or say --no-onnx")


def _kind(model: str) -> str:
    return "frames" if reads_frames(model) else "table"


def _extract(index: pd.DataFrame, kinds, progress: bool) -> tuple[pd.DataFrame, dict]:
    """Features of every kind for the clips that all kinds can use."""
    extract = {"table": extract_table, "frames": extract_frames}
    made = {kind: extract[kind](index, RECIPES[kind], progress=progress) for kind in dict.fromkeys(kinds)}
    usable = set.intersection(*(set(part.index["clip_id"]) for part in made.values()))
    features = {}
    for kind, part in made.items():
        rows = np.flatnonzero(part.index["clip_id"].isin(usable))
        features[kind] = part.X[rows] if kind == "table" else [part.X[row] for row in rows]
    return part.index.iloc[rows].reset_index(drop=True), features


def _fit_all(index: pd.DataFrame, X, classes, model: str, seed: int):
    """One model fitted on every clip; networks keep some speakers apart for early stopping."""
    everything = np.arange(len(index))
    if is_network(model):
        return fit_network(index, X, everything, classes, model=model, seed=seed)
    return fit_classical(index, X, everything, model=model, seed=seed)

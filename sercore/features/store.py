"""Features of a whole corpus, extracted in parallel and cached in shards.

The cache is a folder, local or any fsspec URL. One shard is one task of at most
:data:`sercore.features.tasks.SHARD_CLIPS` clips. The worker that computed it writes it, complete or not at
all, and the next run computes what is missing. The name of a shard contains the SHA-256 of its content; a
damaged shard is detected, removed and computed again. Clips are identified by id, file size and modification
time, so a replaced recording is read again, and a subset of a corpus uses the cache of the whole.

Clips that cannot be read are listed in the result and in ``bad_clips.csv`` of the cache; above a threshold,
extraction stops. A clip that could not be opened, for lack of a permission or because of a faulty disk, is
tried again in the next run.

No large array passes through the parent process, so the same call runs on a cluster
(:mod:`sercore.features.cluster`).
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import audio
from ..errors import StoreError
from .functionals import column_names
from .recipe import Recipe, get_recipe
from .tasks import Plan

MAX_BAD = 0.01
"""Proportion of unusable clips above which a corpus seems broken, as after an incomplete download."""

FEW_BAD = 4
"""So many unusable clips are accepted in any corpus, unless they are more than a quarter of it."""


@dataclass(frozen=True)
class Extracted:
    """Features of the usable clips, in the order of the index.

    Parameters
    ----------
    index : pd.DataFrame
        The rows of the usable clips, renumbered from 0.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        A table, or one array per clip.
    columns : list of str
        Names of the columns of a table; empty for frames.
    bad : pd.DataFrame
        ``clip_id path reason message`` of every unusable clip.
    recipe : Recipe
        Settings of the extraction.
    """

    index: pd.DataFrame
    X: np.ndarray | list[np.ndarray]
    columns: list[str]
    bad: pd.DataFrame
    recipe: Recipe


def extract_table(
    index: pd.DataFrame,
    recipe: str | Recipe = "default",
    *,
    cache: str | os.PathLike | None = None,
    scheduler=None,
    n_jobs: int = -1,
    max_bad: float = MAX_BAD,
    progress: bool = True,
    augmentation: audio.augment.Augmentation | None = None,
    version: int = 0,
) -> Extracted:
    """Table of functionals of a corpus, one row per clip, cached.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.
    recipe : str, Recipe or sercore.encoders.EncoderRecipe
        Rows of an encoder recipe are pooled embeddings.
    cache : str or path, optional
        Folder or fsspec URL; by default ``cache/features`` in the data folder. ``memory://`` belongs to one
        process, which then computes alone.
    scheduler : str or distributed.Client, optional
        Dask scheduler whose workers compute (:mod:`sercore.features.cluster`); they must see the recordings
        and the cache as this process does.
    n_jobs : int
        Number of worker processes without a scheduler; -1 for one per core. The result depends on neither.
    max_bad : float
        Proportion of unusable clips above which extraction stops. Below, they are left out with a warning
        that names them. In a small corpus four clips may be unusable, up to a quarter of it.
    progress : bool
        Whether to show a progress bar.
    augmentation : sercore.audio.augment.Augmentation, optional
        Use an augmented version of each clip instead of the clip; silence is trimmed before, if the recipe
        does so.
    version : int
        Number of the augmented version; every number gives a different one.

    Returns
    -------
    Extracted
        ``X`` has the shape (n_clips, n_columns).

    Raises
    ------
    StoreError
        More than ``max_bad`` of the clips are unusable, or the cache cannot be read or written.
    ClusterError
        The scheduler or its workers cannot be reached, or the workers end.

    See Also
    --------
    extract_frames : frames for networks.
    fill_cache : only the cache, without reading it.
    table_row : the same for one clip.

    Notebook: 01_eda.ipynb
    """
    return _extract(
        index, get_recipe(recipe), "table", cache=cache, scheduler=scheduler, n_jobs=n_jobs, max_bad=max_bad,
        progress=progress, augmentation=augmentation, version=version,
    )  # fmt: skip


def extract_frames(
    index: pd.DataFrame,
    recipe: str | Recipe = "default",
    *,
    cache: str | os.PathLike | None = None,
    scheduler=None,
    n_jobs: int = -1,
    max_bad: float = MAX_BAD,
    progress: bool = True,
    augmentation: audio.augment.Augmentation | None = None,
    version: int = 0,
) -> Extracted:
    """Frame features of a corpus, one array [shape=(n_features, n_frames)] per clip, cached.

    Parameters
    ----------
    index, recipe, cache, scheduler, n_jobs, max_bad, progress, augmentation, version
        As in :func:`extract_table`.

    Returns
    -------
    Extracted
        ``X`` is a list of arrays, and ``columns`` is empty.

    See Also
    --------
    frames : the same for one clip.
    row_names : names of the rows.

    Notebook: 04_lstm_bilstm.ipynb
    """
    return _extract(
        index, get_recipe(recipe), "frames", cache=cache, scheduler=scheduler, n_jobs=n_jobs, max_bad=max_bad,
        progress=progress, augmentation=augmentation, version=version,
    )  # fmt: skip


def fill_cache(
    index: pd.DataFrame,
    recipe: str | Recipe = "default",
    kind: str = "table",
    *,
    cache: str | os.PathLike | None = None,
    scheduler=None,
    n_jobs: int = -1,
    max_bad: float = MAX_BAD,
    progress: bool = True,
    augmentation: audio.augment.Augmentation | None = None,
    version: int = 0,
) -> pd.DataFrame:
    """Extract a corpus into the cache, and return its unusable clips.

    No features are read, so the memory of this process does not grow with them. It stops as soon as too many
    clips are unusable, as they are if a machine does not see the recordings.

    Parameters
    ----------
    index, recipe, cache, scheduler, n_jobs, max_bad, progress, augmentation, version
        As in :func:`extract_table`.
    kind : {"table", "frames"}
        For :func:`extract_table` or for :func:`extract_frames`.

    Returns
    -------
    pd.DataFrame
        ``clip_id path reason message``, as in :class:`Extracted`.

    Raises
    ------
    StoreError
        More than ``max_bad`` of the clips are unusable, the cache cannot be read or written, or this process
        does not see what the workers write.
    ClusterError
        The scheduler or its workers cannot be reached, or the workers end.

    See Also
    --------
    sercore.features.cluster : how to start a cluster.
    """
    plan = Plan.of(index, get_recipe(recipe), kind, cache=cache, augmentation=augmentation, version=version)
    bad = _fill(plan, scheduler, n_jobs, max_bad, progress)
    _report(bad, plan, max_bad)
    return bad


def _fill(plan: Plan, scheduler, n_jobs, max_bad, progress) -> pd.DataFrame:
    """Compute what the cache lacks; returns the unusable clips."""
    done, bad = plan.cached()
    names = []
    for name, unusable in plan.run(plan.tasks(done), scheduler=scheduler, n_jobs=n_jobs, progress=progress):
        names.append(name)
        bad |= unusable
        if len(names) == 1:
            plan.shards.check_seen(names)
        if len(bad) > _allowed(len(plan.keys), max_bad):
            break
    plan.shards.check_seen(names)
    rows = [row for row, key in enumerate(plan.keys) if key in bad]
    return _bad_clips(plan.index.iloc[rows], [bad[plan.keys[row]] for row in rows])


def _extract(
    index, recipe, kind, *, cache, scheduler, n_jobs, max_bad, progress, augmentation, version
) -> Extracted:
    plan = Plan.of(index, recipe, kind, cache=cache, augmentation=augmentation, version=version)
    if scheduler is not None:
        _report(_fill(plan, scheduler, n_jobs, max_bad, progress), plan, max_bad, warn=False)
    found = plan.shards.read_all(set(plan.keys), corpora=set(index["corpus"]))
    for name, _ in plan.run(plan.tasks(found), n_jobs=n_jobs, progress=progress):
        found.update(plan.shards.read(name))
    return _assemble(plan, found, max_bad)


def _assemble(plan: Plan, found: dict, max_bad: float) -> Extracted:
    """Rows in the order of the index, without those of unusable clips."""
    values = [found[key] for key in plan.keys]
    good = np.array([isinstance(value, np.ndarray) for value in values], dtype=bool)
    bad = _bad_clips(plan.index[~good], [value for value in values if not isinstance(value, np.ndarray)])
    _report(bad, plan, max_bad)
    usable = [value for value in values if isinstance(value, np.ndarray)]
    table = plan.kind == "table"
    columns = column_names(plan.recipe) if table else []
    if table:
        usable = np.stack(usable) if usable else np.empty((0, len(columns)), np.float32)
    return Extracted(plan.index[good].reset_index(drop=True), usable, columns, bad, plan.recipe)


def _bad_clips(rows: pd.DataFrame, reasons: list[tuple[str, str]]) -> pd.DataFrame:
    """Table of unusable clips."""
    table = pd.DataFrame(reasons, columns=["reason", "message"], dtype=str)
    return pd.concat([rows[["clip_id", "path"]].reset_index(drop=True), table], axis=1)


def _allowed(n_clips: int, max_bad: float) -> int:
    """So many clips may be unusable."""
    return int(max(max_bad * n_clips, min(FEW_BAD, n_clips / 4)))


def _report(bad: pd.DataFrame, plan: Plan, max_bad: float, *, warn: bool = True) -> None:
    """List unusable clips in the cache and in a warning; too many of them raise an error."""
    if bad.empty and not plan.shards.has_text("bad_clips.csv"):
        return
    try:
        where = plan.shards.write_text("bad_clips.csv", bad.to_csv(index=False))  # of the last extraction
    except StoreError:  # on Windows, a spreadsheet program may have it open
        where = "bad_clips.csv, which could not be written"
    if bad.empty:
        return
    listed = "".join(f"\n  {message}" for message in bad["message"].head(10))
    listed += f"\n  … {len(bad) - 10} more in {where}" if len(bad) > 10 else ""
    n_clips, allowed = len(plan.keys), _allowed(len(plan.keys), max_bad)
    if len(bad) > allowed:
        raise StoreError(
            f"{len(bad)} of {n_clips} clips are unusable, more than the {allowed} allowed:"
            f"{listed}\nall are listed in {where}; fix or remove them (in Python, max_bad=0.5 allows "
            "half of the clips)"
        )
    if warn:
        warnings.warn(f"{len(bad)} of {n_clips} clips are unusable and left out:{listed}", stacklevel=3)

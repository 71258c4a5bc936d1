"""Tasks of an extraction: which clips a cache lacks, and the computation of one shard of them.

A task computes at most :data:`SHARD_CLIPS` clips and writes them to the cache itself. It returns the name of
its shard and the clips that it could not use, so features never travel between processes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from .. import audio, quiet
from ..errors import AudioError, ClusterError
from . import cluster
from .extraction import frames, prepare, table_row
from .recipe import Recipe
from .shards import Shards, clip_key, is_final, task_hash

SHARD_CLIPS = 64
"""Maximum number of clips per cache file."""

_ONE_SHARD = threading.Lock()
"""The number of BLAS threads, which changes rounding, belongs to the process: its threads take turns."""


@dataclass(frozen=True)
class Plan:
    """The clips of an index, and where their features are cached.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.
    recipe : Recipe or sercore.encoders.EncoderRecipe
        Settings of the extraction.
    kind : {"table", "frames"}
        What is extracted.
    shards : Shards
        The folder of the cache for this recipe.
    keys : list of str
        Identity of each clip in the cache.
    change : callable, optional
        Augmentation of each waveform.
    title : str
        For the progress bar.
    """

    index: pd.DataFrame
    recipe: Recipe
    kind: str
    shards: Shards
    keys: list[str]
    change: partial | None
    title: str

    @classmethod
    def of(cls, index, recipe, kind, *, cache, augmentation, version) -> Plan:
        """The plan of :func:`sercore.features.extract_table` and its relatives."""
        name = f"{kind}-{recipe.key}" + (f"-{augmentation.key}-{version}" if augmentation else "")
        keys = [clip_key(*clip) for clip in zip(index["clip_id"], index["path"], strict=True)]
        return cls(
            index, recipe, kind, Shards(cache, name), keys,
            augmentation and partial(augmentation, version=version),
            f"augmented version {version}" if augmentation else "features",
        )  # fmt: skip

    def tasks(self, done: Container[str] = ()) -> list[tuple[str, np.ndarray]]:
        """Corpus and rows of each task that computes what is not done."""
        tasks = []
        for corpus, rows in self.index.groupby("corpus").indices.items():
            rows = np.array([row for row in rows if self.keys[row] not in done], dtype=int)
            tasks += [(corpus, rows[k : k + SHARD_CLIPS]) for k in range(0, len(rows), SHARD_CLIPS)]
        return tasks

    def keys_of(self, rows: np.ndarray) -> list[str]:
        """Keys of some rows of the index."""
        return [self.keys[row] for row in rows]

    def cached(self, *, final: bool = True) -> tuple[set[str], dict[str, tuple[str, str]]]:
        """Keys of the clips in the cache, and reason and message of those among them that are unusable.

        Shards whose name is that of a task are not read.

        Parameters
        ----------
        final : bool
            Whether only those are named that will not be tried again (:func:`is_final`).
        """
        names = {name.rpartition("-")[0]: name for name in self.shards.names(set(self.index["corpus"]))}
        done, bad, wanted, usable = set(), {}, set(self.keys), set()
        for corpus, rows in self.tasks():
            if names.pop(f"{corpus}-{task_hash(self.keys_of(rows))}", None):
                done.update(self.keys_of(rows))
                usable.update(self.keys_of(rows))
        for name in names.values():
            for key, value in self.shards.read(name).items():
                if key not in wanted:
                    continue
                if is_final(key, value):
                    done.add(key)
                if isinstance(value, tuple) and (not final or is_final(key, value)):
                    bad[key] = value
                elif isinstance(value, np.ndarray):
                    usable.add(key)
        return done, {key: value for key, value in bad.items() if key not in usable}

    def run(self, tasks, *, scheduler=None, n_jobs: int, progress: bool) -> Iterator[tuple[str, dict]]:
        """Name of the shard of each task, when it is written, and its unusable clips."""
        import joblib
        from tqdm.auto import tqdm

        where = os.path.abspath if scheduler else str  # workers have another current folder
        files = self.index["path"].tolist()
        jobs = (
            joblib.delayed(_compute_shard)(
                self.shards, corpus, self.keys_of(rows), [where(files[row]) for row in rows], self.recipe,
                self.kind, self.change,
            )
            for corpus, rows in tasks
        )  # fmt: skip
        if scheduler is None and "memory" in self.shards.protocols:  # which other processes cannot see
            n_jobs = 1
        n_clips = sum(len(rows) for _, rows in tasks)
        with (
            tqdm(total=n_clips, desc=self.title, unit="clip", disable=not (progress and tasks)) as bar,
            cluster.parallel(scheduler, n_jobs=n_jobs) as parallel,
        ):
            for (_, rows), result in zip(tasks, parallel(jobs), strict=True):
                yield result
                bar.update(len(rows))


def _extractor(recipe, kind: str):
    """The function from a wave to what is stored of it; an encoder's recipe brings its own."""
    if not isinstance(recipe, Recipe):
        return recipe.extractor(kind)
    return partial(table_row if kind == "table" else frames, recipe=recipe)


def _compute_shard(
    shards: Shards, corpus: str, keys: list[str], files: list[str], recipe: Recipe, kind: str, change
) -> tuple[str, dict]:
    """Name of the shard with the features of a few clips, which is written here, and the unusable clips."""
    quiet.end_with_parent()
    if recipe.key not in shards.folder:
        raise ClusterError(
            f"a worker computes recipe {recipe.key} for {shards.folder.rpartition('/')[2]}: its version of "
            "sercore is another; install the same version on all machines"
        )
    make = _extractor(recipe, kind)
    values, bad = [], {}
    with _ONE_SHARD:
        for key, path in zip(keys, files, strict=True):
            try:
                with quiet.one_thread():
                    wave = audio.load(path, sr=recipe.sr)
                    if change:
                        # trimmed, if rooms are not changed, but not scaled: changes end at full scale
                        if isinstance(recipe, Recipe) and not change.func.as_recorded:
                            wave = prepare(wave, replace(recipe, level_db=None))
                        wave = change(wave, sr=recipe.sr, clip_id=key.split("|")[0])
                    values.append(make(wave))
            except AudioError as error:
                bad[key] = (error.reason, str(error))
            except Exception as error:
                error.add_note(f"while extracting {path}")
                raise
    return shards.write(corpus, [key for key in keys if key not in bad], values, bad), bad

"""Features of a whole corpus, extracted in parallel and cached in shards.

The cache is a folder, local or any fsspec URL. One shard is one task of at most :data:`SHARD_CLIPS` clips.
The worker that computed it writes it under a temporary name and moves it into place, so an interrupted run
leaves no incomplete shard, and the next run computes what is missing. The name of a shard contains the
SHA-256 of its content; a damaged shard is detected, removed and computed again. Clips are identified by id,
file size and modification time, so a replaced recording is read again, and a subset of a corpus uses the
cache of the whole.

Clips that cannot be read are listed in the result and in ``bad_clips.csv`` of the cache; above a threshold,
extraction stops. A clip that could not be opened, for lack of a permission or because of a faulty disk, is
tried again in the next run.

No large array passes through the parent process, so the same call runs on a cluster:
``with joblib.parallel_config(backend="dask"): extract_table(index, cache="s3://…")``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import uuid
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from .. import audio, paths, quiet
from ..errors import AudioError, StoreError
from ..files import worker_folder
from .extraction import frames, prepare, table_row
from .functionals import column_names
from .recipe import Recipe, get_recipe

SHARD_CLIPS = 64
"""Maximum number of clips per cache file."""

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
        Folder or fsspec URL; by default ``cache/features`` in the data folder.
    n_jobs : int
        Number of worker processes; -1 for one per core. The result does not depend on it.
    max_bad : float
        Proportion of unusable clips above which extraction stops. Below, they are left out with a warning
        that names them. In a small corpus four clips may be unusable, up to a quarter of it.
    progress : bool
        Whether to show a progress bar.
    augmentation : sercore.audio.augment.Augmentation, optional
        Use an augmented version of each clip instead of the clip; silence is trimmed before.
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

    See Also
    --------
    extract_frames : frames for networks.
    table_row : the same for one clip.

    Notebook: 01_eda.ipynb
    """
    return _extract(
        index, get_recipe(recipe), "table", cache=cache, n_jobs=n_jobs, max_bad=max_bad, progress=progress,
        augmentation=augmentation, version=version,
    )  # fmt: skip


def extract_frames(
    index: pd.DataFrame,
    recipe: str | Recipe = "default",
    *,
    cache: str | os.PathLike | None = None,
    n_jobs: int = -1,
    max_bad: float = MAX_BAD,
    progress: bool = True,
    augmentation: audio.augment.Augmentation | None = None,
    version: int = 0,
) -> Extracted:
    """Frame features of a corpus, one array [shape=(n_features, n_frames)] per clip, cached.

    Parameters
    ----------
    index, recipe, cache, n_jobs, max_bad, progress, augmentation, version
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
        index, get_recipe(recipe), "frames", cache=cache, n_jobs=n_jobs, max_bad=max_bad, progress=progress,
        augmentation=augmentation, version=version,
    )  # fmt: skip


def _extract(index, recipe, kind, *, cache, n_jobs, max_bad, progress, augmentation, version) -> Extracted:
    import joblib
    from tqdm.auto import tqdm

    change = augmentation and partial(augmentation, version=version)
    shards = _Shards(
        cache, f"{kind}-{recipe.key}" + (f"-{augmentation.key}-{version}" if augmentation else "")
    )
    files = index["path"].tolist()
    keys = [_clip_key(clip_id, path) for clip_id, path in zip(index["clip_id"], files, strict=True)]
    found = shards.read_all(set(keys), corpora=set(index["corpus"]))
    tasks = []
    for corpus, numbers in index.reset_index(drop=True).groupby("corpus").groups.items():
        missing = [n for n in numbers if keys[n] not in found]
        tasks += [(corpus, missing[k : k + SHARD_CLIPS]) for k in range(0, len(missing), SHARD_CLIPS)]
    jobs = (
        joblib.delayed(_compute_shard)(
            shards, corpus, [keys[n] for n in task], [files[n] for n in task], recipe, kind, change
        )
        for corpus, task in tasks
    )
    n_missing = sum(len(task) for _, task in tasks)
    workers = joblib.Parallel(n_jobs=n_jobs, return_as="generator", temp_folder=worker_folder())
    what = f"augmented version {version}" if augmentation else "features"
    with tqdm(total=n_missing, desc=what, unit="clip", disable=not (progress and tasks)) as bar:
        for (_, task), name in zip(tasks, workers(jobs), strict=True):
            found.update(shards.read(name))
            bar.update(len(task))
    return _assemble(index, keys, found, recipe, kind, max_bad, shards)


def _assemble(index, keys, found, recipe, kind, max_bad, shards) -> Extracted:
    """Rows in the order of the index; bad clips are listed, and too many of them raise an error."""
    values = [found[key] for key in keys]
    good = np.array([isinstance(value, np.ndarray) for value in values], dtype=bool)
    bad = index.loc[~good, ["clip_id", "path"]].reset_index(drop=True)
    bad["reason"] = [value[0] for value in values if not isinstance(value, np.ndarray)]
    bad["message"] = [value[1] for value in values if not isinstance(value, np.ndarray)]
    if len(bad):
        where = shards.write_text("bad_clips.csv", bad.to_csv(index=False))
        listed = "".join(f"\n  {message}" for message in bad["message"].head(10))
        listed += f"\n  … {len(bad) - 10} more in {where}" if len(bad) > 10 else ""
        allowed = int(max(max_bad * len(index), min(FEW_BAD, len(index) / 4)))
        if len(bad) > allowed:
            raise StoreError(
                f"{len(bad)} of {len(index)} clips are unusable, more than the {allowed} allowed:"
                f"{listed}\nall are listed in {where}; fix or remove them (in Python, max_bad=0.5 allows "
                "half of the clips)"
            )
        warnings.warn(f"{len(bad)} of {len(index)} clips are unusable and left out:{listed}", stacklevel=2)
    usable = [value for value in values if isinstance(value, np.ndarray)]
    columns = column_names(recipe) if kind == "table" else []
    X = np.stack(usable) if kind == "table" and usable else usable
    return Extracted(index[good].reset_index(drop=True), X, columns, bad, recipe)


def _extractor(recipe, kind: str):
    """The function from a wave to what is stored of it; an encoder's recipe brings its own."""
    if not isinstance(recipe, Recipe):
        return recipe.extractor(kind)
    return partial(table_row if kind == "table" else frames, recipe=recipe)


def _clip_key(clip_id: str, path: str) -> str:
    """Identity of a cached clip: id, file size and modification time."""
    try:
        info = os.stat(path)
        return f"{clip_id}|{info.st_size}|{info.st_mtime_ns}"
    except OSError:
        return f"{clip_id}|missing"


def _compute_shard(
    shards: _Shards, corpus: str, keys: list[str], files: list[str], recipe: Recipe, kind: str, change
) -> str:
    """Compute the features of a few clips and write them as one shard; returns its name."""
    quiet.end_with_parent()
    make = _extractor(recipe, kind)
    values, bad = [], {}
    for key, path in zip(keys, files, strict=True):
        try:
            with quiet.one_thread():
                wave = audio.load(path, sr=recipe.sr)
                if change:
                    wave = change(prepare(wave, recipe), sr=recipe.sr, clip_id=key.split("|")[0])
                values.append(make(wave))
        except AudioError as error:
            bad[key] = (error.reason, str(error))
        except Exception as error:
            error.add_note(f"while extracting {path}")
            raise
    return shards.write(corpus, [key for key in keys if key not in bad], values, bad)


class _Shards:
    """The files of one cache folder."""

    def __init__(self, cache, name: str):
        import fsspec

        base = os.fspath(cache) if cache is not None else str(paths.cache_dir() / "features")
        self.fs, root = fsspec.core.url_to_fs(base)
        self.folder = f"{root.rstrip('/')}/{name}"

    def read_all(self, wanted: set[str], *, corpora: set[str]) -> dict:
        """Cached values of the wanted clips, from the shards of these corpora."""
        try:
            names = sorted(name.rsplit("/", 1)[-1] for name in self.fs.ls(self.folder, detail=False))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise self._unreadable(self.folder, error) from error
        found = {}
        for name in names:
            if name.endswith(".npz") and name.split("-")[0] in corpora:
                found.update(
                    (key, value) for key, value in self.read(name).items()
                    if key in wanted and not (isinstance(value, tuple) and value[0] == "unreadable")
                )  # fmt: skip
        return found

    def read(self, name: str) -> dict:
        """Clips of one shard; a shard whose digest does not match is removed, and gives none."""
        path = f"{self.folder}/{name}"
        try:
            data = self.fs.cat_file(path)
            if hashlib.sha256(data).hexdigest()[:32] != name.split(".")[0].split("-")[-1]:
                self.fs.rm_file(path)
                return {}
        except FileNotFoundError:  # another process found it damaged and removed it
            return {}
        except OSError as error:
            raise self._unreadable(path, error) from error
        with np.load(io.BytesIO(data), allow_pickle=False) as shard:
            content = json.loads(str(shard["content"]))
            pieces = np.split(shard["values"], shard["ends"][:-1]) if len(content["keys"]) else []
        rows = [piece[0] if content["table"] else piece.T for piece in pieces]
        return dict(zip(content["keys"], rows, strict=True)) | {
            k: tuple(v) for k, v in content["bad"].items()
        }

    @staticmethod
    def _unreadable(path: str, error: OSError) -> StoreError:
        return StoreError(
            f"{path}: the feature cache cannot be read ({error}); check its permissions, delete it, or "
            "choose another folder with the cache argument or SERCORE_DATA"
        )

    def write(self, corpus: str, keys: list[str], values: list[np.ndarray], bad: dict) -> str:
        """Write clips to one file and return its name."""
        table = not values or values[0].ndim == 1
        rows = [value[None, :] if table else value.T for value in values] or [np.zeros((0, 0), np.float32)]
        content = json.dumps({"keys": keys, "bad": bad, "table": table})
        ends = np.cumsum([len(row) for row in rows])
        buffer = io.BytesIO()
        np.savez(buffer, values=np.concatenate(rows), ends=ends, content=np.array(content))
        data = buffer.getvalue()
        task = hashlib.sha256("\n".join([*keys, *bad]).encode()).hexdigest()[:12]
        name = f"{corpus}-{task}-{hashlib.sha256(data).hexdigest()[:32]}.npz"
        self._put(name, data)
        return name

    def write_text(self, name: str, text: str) -> str:
        """Write a small text file and return its path."""
        return self._put(name, text.encode())

    def _put(self, name: str, data: bytes) -> str:
        final, part = f"{self.folder}/{name}", f"{self.folder}/.{name}.{uuid.uuid4().hex}.part"
        try:
            self.fs.makedirs(self.folder, exist_ok=True)
            self.fs.pipe_file(part, data)
            self.fs.mv(part, final)
        except OSError as error:
            with contextlib.suppress(OSError):
                self.fs.rm_file(part)
            raise StoreError(
                f"{final}: the feature cache cannot be written ({error}); free space, or choose another "
                "folder with the cache argument or SERCORE_DATA"
            ) from error
        return final

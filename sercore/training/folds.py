"""Folds of one model: fit on the training part, predict the test part, store the rows in the fold cache."""

from __future__ import annotations

import hashlib
import os
import re
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from .. import quiet
from ..files import worker_folder
from ..models import check_keras, is_network
from ..splits import Fold, assert_disjoint, make_folds
from .claims import claim, is_claimed
from .clips import pack, unpack
from .fold_cache import read_fold, write_fold
from .jobs import Job, predict_fold

_POLL_SECONDS = 1.0
"""How often folds that other processes compute are looked for."""

_PROCESS_BYTES = 700 * 2**20  # memory of Python, TensorFlow and a network


def make_tasks(index, split, seeds, n_folds) -> list[tuple[int, Fold]]:
    """Every (seed, fold); folds of splits that are not leaky are checked for leaks."""
    tasks = [(seed, fold) for seed in seeds for fold in make_folds(index, split, n_folds=n_folds, seed=seed)]
    for _, fold in tasks:
        if not fold.leaky:
            assert_disjoint(index, fold)
    return tasks


def run_folds(job: Job, tasks, *, n_jobs: int = 1, wait: bool = True) -> Iterator[pd.DataFrame]:
    """Out-of-fold rows of each task, read from the fold cache or computed and written to it.

    Other processes may compute folds of the same cache (:mod:`sercore.training.claims`). They are waited
    for; without `wait` they are left out.
    """
    import joblib

    job.check()
    files = _files(job, tasks)
    plain = _files(replace(job, test_versions=0), tasks) if job.test_versions else files
    packed = [pack(part) for part in (job.X, *job.augmented)]  # large arrays are shared between processes
    light_job = Job(**{**vars(job), "X": None, "augmented": ()})
    policy = _dtype_policy() if is_network(job.model) else None
    n_jobs = _affordable(n_jobs, sum(values.nbytes for values, _ in packed))
    n_threads = max(1, joblib.cpu_count() // n_jobs) if n_jobs > 1 else None  # None: as in this process
    workers = joblib.Parallel(n_jobs=n_jobs, return_as="generator", temp_folder=worker_folder())

    def run(numbers: list[int]) -> Iterator[pd.DataFrame | None]:
        return workers(
            joblib.delayed(_run)(light_job, packed, files[k], plain[k], *tasks[k], n_threads, policy)
            for k in numbers
        )

    return _in_order(run, files, wait)


def _in_order(run, files: list[Path | None], wait: bool) -> Iterator[pd.DataFrame]:
    """Results in the order of the tasks; those that another process computes are asked for again."""
    done, n_shown, waiting = {}, 0, list(range(len(files)))
    ready = waiting
    while waiting:
        for number, rows in zip(ready, run(ready), strict=True):
            if rows is not None:
                done[number] = rows
                waiting = [k for k in waiting if k != number]
            while n_shown in done:
                yield done.pop(n_shown)
                n_shown += 1
        if not wait:
            break
        while waiting and not (ready := [k for k in waiting if not is_claimed(files[k])]):
            time.sleep(_POLL_SECONDS)
    yield from (done[k] for k in sorted(done))


def _affordable(n_jobs: int, n_bytes: int) -> int:
    """Number of processes: ``n_jobs``, or as many as fit into free memory; each copies the features once."""
    import joblib
    import psutil

    wanted, free = joblib.effective_n_jobs(n_jobs), psutil.virtual_memory().available
    n_jobs = max(1, min(wanted, int(free // (2 * n_bytes + _PROCESS_BYTES))))
    if n_jobs < wanted:
        warnings.warn(
            f"{n_jobs} instead of {wanted} processes: {free / 2**30:.1f} GiB of memory are free, and each "
            f"needs about {(2 * n_bytes + _PROCESS_BYTES) / 2**30:.1f} GiB",
            stacklevel=3,
        )
    return n_jobs


def _dtype_policy() -> str:
    """Name of the dtype policy of Keras in this process."""
    check_keras()
    import keras

    return keras.config.dtype_policy().name


def _files(job: Job, tasks) -> list[Path | None]:
    """File of each task in the fold cache."""
    base = job.digest() if job.folder else ""
    return [_file(job, base, seed, fold) for seed, fold in tasks]


def _file(job: Job, base: str, seed: int, fold: Fold) -> Path | None:
    """File of a fold in the fold cache, without the digest of its content."""
    if not job.folder:
        return None
    key = hashlib.sha256(f"{base} {fold.train.tolist()} {fold.test.tolist()}".encode()).hexdigest()
    name = re.sub(r"[^\w.=+-]", "_", fold.name)[:60]  # of a speaker in a table of anybody; the key is unique
    return Path(job.folder) / f"{job.model}-{job.split}-seed{seed}-{name}-{key[:12]}"


def _run(
    job: Job,
    packed,
    file: Path | None,
    plain_file: Path | None,
    seed: int,
    fold: Fold,
    n_threads: int | None,
    policy: str | None,
) -> pd.DataFrame | None:
    """Out-of-fold rows of one fold, or None while another process computes it.

    A fold with test versions also stores what the model predicts from the clips alone.
    """
    quiet.end_with_parent()
    if n_threads:  # a process of its own; TensorFlow reads it at its first import
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(n_threads))
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX: share the memory of a GPU
    if file is None:
        return _compute(job, packed, seed, fold, policy)[0]
    if (cached := read_fold(file)) is not None:
        return cached
    with claim(file) as mine:
        if not mine:
            return None
        if (cached := read_fold(file)) is not None:  # finished between the first look and the claim
            return cached
        rows, plain = _compute(job, packed, seed, fold, policy)
        if (cached := read_fold(file)) is not None:  # by a process that took this one for dead
            return cached
        if job.test_versions and read_fold(plain_file) is None:
            write_fold(plain, plain_file)
        write_fold(rows, file)
        return rows


def _compute(
    job: Job, packed, seed: int, fold: Fold, policy: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Out-of-fold rows of one fold, from all versions of the test clips and from the clips alone."""
    if policy is not None and policy != _dtype_policy():  # in a process of its own
        import keras

        keras.config.set_dtype_policy(policy)
    X, *augmented = map(unpack, packed)
    start = time.perf_counter()
    predict, costs = job.fit(X, augmented, seed, fold)
    costs["train_seconds"] = time.perf_counter() - start - costs.pop("import_seconds")
    rows = predict_fold(job, predict, (X, *augmented[: job.test_versions]), seed, fold, costs)
    if not job.test_versions:
        return rows, rows
    return rows, predict_fold(replace(job, test_versions=0), predict, (X,), seed, fold, costs)

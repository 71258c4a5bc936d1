"""Folds of one model: fit on the training part, predict the test part, store the rows in the fold cache."""

from __future__ import annotations

import hashlib
import inspect
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from .. import quiet
from ..errors import SercoreError
from ..evaluation import oof_rows
from ..files import worker_folder
from ..models import check_keras, is_network, reads_frames
from ..splits import Fold, assert_disjoint, make_folds
from .auxiliary import auxiliary_targets
from .claims import claim, is_claimed
from .classical import fit_classical, predict_proba
from .fold_cache import read_fold, write_fold
from .networks import fit, fit_network

VERSION = 3
"""Increased whenever a code change alters the predictions of networks or the names of parameters; older files
of the fold cache are then not used."""
COSTS = ("train_seconds", "ms_per_clip", "parameters")
"""Columns of costs that :func:`sercore.training.out_of_fold` adds to the out-of-fold table."""
ORIGIN = ("folds_version", "packages")
"""Columns that state what computed a fold: :data:`VERSION`, and the versions of the libraries that were used.
Folds that were cached before these columns existed do not have them."""

INNER = ("corpus", "sex", "sentence", "duplicate_of")
"""Columns on which the inner folds of a training part depend, beside speaker and label."""

_LATER = ("auxiliary", "auxiliary_weight", "global_clipnorm", "weight_decay")
"""Parameters that earlier files of the fold cache do not have; their defaults change nothing."""

_POLL_SECONDS = 1.0
"""How often folds that other processes compute are looked for."""

_PROCESS_BYTES = 700 * 2**20  # memory of Python, TensorFlow and a network


@dataclass(frozen=True)
class Job:
    """A model and its data; see :func:`sercore.training.out_of_fold` for the fields."""

    index: pd.DataFrame
    X: np.ndarray | Sequence[np.ndarray]
    classes: Sequence[str]
    model: str
    model_params: Mapping = field(default_factory=dict)
    fit_params: Mapping = field(default_factory=dict)
    augmented: Sequence = ()
    test_versions: int = 0
    split: str = "speaker"
    scale: bool = True
    folder: str | os.PathLike | None = None

    @property
    def name(self) -> str:
        """The model with the parameters that differ from its defaults."""
        changed = [f"{key}={value}" for key, value in {**self.model_params, **self.fit_params}.items()]
        changed += [f"test_versions={self.test_versions}"] if self.test_versions else []
        return " ".join([self.model, *changed])

    def check(self) -> None:
        """Raise SercoreError if index, features, labels, classes and model do not belong together."""
        if not is_network(self.model):
            from ..models.classical import build_classical

            build_classical(self.model, model_params=self.model_params)
        for part in (self.X, *self.augmented):
            if len(part) != len(self.index):
                raise SercoreError(
                    f"{len(self.index)} rows in the index but {len(part)} in X or in an augmented version; "
                    "pass the index and the features of the same extraction"
                )
        self._check_values()
        self._check_order()
        if not 0 <= self.test_versions <= len(self.augmented):
            raise SercoreError(
                f"test_versions={self.test_versions} must be between 0 and the number of augmented versions, "
                f"{len(self.augmented)}"
            )
        if reads_frames(self.model) == isinstance(self.X, np.ndarray):
            raise SercoreError(
                f"{self.model!r} reads "
                + ("frames, a list of one array per clip: use extract_frames" if reads_frames(self.model) else
                   "a table with one row per clip: use extract_table")
            )  # fmt: skip
        if not all(isinstance(name, str) for name in self.classes):
            raise SercoreError(
                f"classes must be names, not {list(self.classes)}; convert labels to text, too"
            )
        unknown = sorted(map(str, set(self.index["label"]) - set(self.classes)))  # includes NaN
        if unknown:
            raise SercoreError(
                f"labels {unknown} are not among the classes {list(self.classes)}; "
                "use those that apply_scheme returned"
            )
        if self.fit_params and not is_network(self.model):
            raise SercoreError(
                f"{self.model!r} is not a network and has no fit_params; got {dict(self.fit_params)}"
            )
        auxiliary_targets(self.index, self.fit_params.get("auxiliary", ()))

    def _check_values(self):
        """Raise SercoreError if features of a clip are not finite."""
        for part in (self.X, *self.augmented):
            wrong = [row for row, clip in enumerate(part) if not np.isfinite(clip).all()]
            if wrong:
                raise SercoreError(
                    f"features of {len(wrong)} clips are not finite, such as those of "
                    f"{self.index['clip_id'].iloc[wrong[0]]!r}; extract them again, or leave the clips out"
                )

    def _check_order(self):
        """Raise SercoreError if rows of augmented versions do not resemble the same rows of X."""
        for number, part in enumerate(self.augmented):
            widths = {clip.shape[0] for each in (self.X, part) for clip in each[:1]}
            if len(widths) > 1:
                raise SercoreError(
                    f"augmented version {number} has another number of columns than X, {sorted(widths)}; "
                    "extract both with the same recipe, and select the same columns"
                )
            if not same_order(self.X, part):
                raise SercoreError(
                    f"augmented version {number}: its rows do not resemble the same rows of X, as if they "
                    "were in another order; extract both from the same index, and select the same rows"
                )

    def fit(self, X, augmented, seed: int, fold: Fold) -> tuple[Callable, dict]:
        """A function from features to probabilities, fitted on the training part of the fold."""
        start = time.perf_counter()
        if is_network(self.model):
            check_keras()  # import time is not training time
            loaded = time.perf_counter() - start
            network = fit_network(
                self.index, X, fold.train, self.classes, model=self.model, model_params=self.model_params,
                fit_params=self.fit_params, augmented=augmented, seed=seed, scale=self.scale,
            )  # fmt: skip
            return network, {"parameters": float(network.n_weights), "import_seconds": loaded}
        from ..models import classical  # noqa: F401

        loaded = time.perf_counter() - start
        fitted = fit_classical(
            self.index, X, fold.train, model=self.model, model_params=self.model_params, augmented=augmented,
            seed=seed, scale=self.scale,
        )  # fmt: skip
        return lambda part: predict_proba(fitted, part, self.classes), {
            "parameters": np.nan, "import_seconds": loaded,
        }  # fmt: skip

    def _has_inner_folds(self) -> bool:
        """Whether fitting divides the training part: for early stopping, regularisation or calibration."""
        if is_network(self.model):
            return (
                self.fit_params.get("early_stopping", True) or np.ndim(self.fit_params.get("epochs", 0)) > 0
            )
        from sklearn.calibration import CalibratedClassifierCV

        from ..models.classical import build_classical

        return self.model == "logistic_nested" or isinstance(
            build_classical(self.model), CalibratedClassifierCV
        )

    def digest(self) -> str:
        """Hash of everything except fold and seed that determines a prediction, including the defaults.

        File names of the fold cache depend on it.
        """
        if is_network(self.model):
            from ..models import builder

            check_keras()
            import keras

            of_fit = inspect.signature(fit)
            known = [part for name, part in of_fit.parameters.items() if name not in _LATER]
            defaults = f"{inspect.signature(builder(self.model))} {of_fit.replace(parameters=known)}"
            defaults += f" {VERSION} {keras.__version__} {keras.backend.backend()}"
            defaults += f" {keras.config.dtype_policy().name}"
        else:
            from ..models.classical import build_classical

            defaults = build_classical(self.model).get_params()
        chosen = (
            f"{list(self.classes)} {self.scale} {defaults} {dict(self.model_params)} {dict(self.fit_params)}"
        )
        if self.fit_params.get("mixup"):
            chosen += " mixup of weighted labels"  # folds from before are not used
        if self.test_versions:
            chosen += f" {self.test_versions} test versions"
        digest = hashlib.sha256(chosen.encode())
        used = ["clip_id", "speaker", "label", *self.fit_params.get("auxiliary", ())]
        used += [name for name in INNER if name in self.index and self._has_inner_folds()]
        columns = (self.index[name].astype(str) for name in used)
        digest.update("\n".join(map("=".join, zip(*columns, strict=True))).encode())
        for part in (self.X, *self.augmented):
            values, ends = _pack(part)
            digest.update(f"{values.dtype} {values.shape}".encode())
            digest.update(np.ascontiguousarray(values))
            digest.update(b"" if ends is None else ends.tobytes())
        return digest.hexdigest()


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
    packed = [_pack(part) for part in (job.X, *job.augmented)]  # large arrays are shared between processes
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
    return Path(job.folder) / f"{job.model}-{job.split}-seed{seed}-{fold.name}-{key[:12]}"


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
    X, *augmented = map(_unpack, packed)
    start = time.perf_counter()
    predict, costs = job.fit(X, augmented, seed, fold)
    costs["train_seconds"] = time.perf_counter() - start - costs.pop("import_seconds")
    rows = _predict_fold(job, predict, (X, *augmented[: job.test_versions]), seed, fold, costs)
    if not job.test_versions:
        return rows, rows
    return rows, _predict_fold(replace(job, test_versions=0), predict, (X,), seed, fold, costs)


def _predict_fold(job: Job, predict: Callable, versions, seed: int, fold: Fold, costs: dict) -> pd.DataFrame:
    """Rows of the test clips of a fold, with the time per clip."""
    proba = _predict_average(predict, versions, fold.test)
    batch = fold.test[:64]
    _predict_average(predict, versions, batch)  # the first call with a new shape compiles
    start = time.perf_counter()
    _predict_average(predict, versions, batch)
    taken = {"ms_per_clip": 1e3 * (time.perf_counter() - start) / len(batch)}
    rows = oof_rows(job.index, fold, proba, job.classes, model=job.name, split=job.split, seed=seed)
    return rows.assign(**{name: {**costs, **taken}[name] for name in COSTS}, **origin(job.model))


def origin(model: str) -> dict[str, str]:
    """Values of :data:`ORIGIN` for a fold that is computed now."""
    import sklearn

    used = [f"scikit-learn {sklearn.__version__}", f"numpy {np.__version__}"]
    if is_network(model):
        import keras

        backend = keras.backend.backend()
        used = [f"keras {keras.__version__}", f"{backend} {version(backend)}", *used]
    return dict(zip(ORIGIN, (str(VERSION), ", ".join(used)), strict=True))


def _predict_average(predict: Callable, versions: Sequence, rows: np.ndarray) -> np.ndarray:
    """Mean of the probabilities of several versions of some clips."""
    return np.mean([predict(select_rows(part, rows)) for part in versions], axis=0)


def select_rows(X, rows: np.ndarray) -> np.ndarray | list[np.ndarray]:
    """Rows of a table, or clips of a list of frames."""
    return X[rows] if isinstance(X, np.ndarray) else [X[row] for row in rows]


def same_order(X, other, *, n_rows: int = 256) -> bool:
    """Whether rows of one table, or clips of a list of frames, resemble the same rows of another.

    A row should be closer to its counterpart than to 85 of 100 other rows. In random order it is closer than
    50, in another order within each speaker than 55 to 70; augmented versions in the right order are closer
    than 97 of 100 (demo corpus and RAVDESS). Standardised columns are compared; for frames, means of each
    eighth of the clip relative to the whole, which do not depend on its level and length. At most `n_rows`
    rows are compared; with fewer than ten the answer is True.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(40, 20))
    >>> same_order(X, 1.1 * X + 0.3), same_order(X, X[::-1])
    (True, False)
    """
    rows = np.unique(np.linspace(0, len(X) - 1, n_rows).astype(int))
    if len(rows) < 10:
        return True
    summaries = []
    for part in (X, other):
        kept = np.stack([_course(part[row]) for row in rows])
        std = kept.std(axis=0)
        summaries.append((kept - kept.mean(axis=0)) / np.where(std > 0, std, 1))
    a, b = summaries
    if a.shape != b.shape:
        return False
    apart = (a**2).sum(axis=1) - 2 * b @ a.T  # squared distances of every b to every a, less b squared
    farther = (apart >= np.diag(apart)[:, None]).sum() - len(rows)
    return bool(farther >= 0.85 * len(rows) * (len(rows) - 1))


def _course(clip: np.ndarray) -> np.ndarray:
    """A row as it is; of frames [shape=(n_features, n_frames)], how each feature changes over the clip."""
    if clip.ndim == 1:
        return clip
    ends = np.linspace(0, clip.shape[1], 9)
    parts = [
        clip[:, int(start) : max(int(end), int(start) + 1)].mean(axis=1) for start, end in pairwise(ends)
    ]
    means = np.stack(parts)
    return (means - means.mean()).ravel()


def _pack(X):
    """Frames of all clips as one array, and the end of each clip; a table as it is, and None."""
    if isinstance(X, np.ndarray):
        return X, None
    return np.concatenate([clip.T for clip in X]).astype(np.float32), np.cumsum([clip.shape[1] for clip in X])


def _unpack(packed):
    """Inverse of :func:`_pack`."""
    values, ends = packed
    return values if ends is None else [clip.T for clip in np.split(values, ends[:-1])]

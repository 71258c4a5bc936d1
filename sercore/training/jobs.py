"""A model and its data: what is checked, fitted and predicted in a fold, and what identifies the result."""

from __future__ import annotations

import hashlib
import inspect
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..evaluation import oof_rows
from ..models import check_keras, is_network, reads_frames
from ..splits import Fold
from ..splits.folds import is_known
from .auxiliary import auxiliary_targets
from .classical import fit_classical, predict_proba
from .clips import pack, same_order, select_rows
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
    check_order: bool = True

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
        self._check_values()
        self._check_order()
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
            if self.check_order and not same_order(self.X, part):
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
        if is_known(self.index["speaker"]).nunique() > 1 and self._has_inner_folds():
            chosen += " known speakers stay together"  # folds from before are not used
        if self.test_versions:
            chosen += f" {self.test_versions} test versions"
        digest = hashlib.sha256(chosen.encode())
        used = ["clip_id", "speaker", "label", *self.fit_params.get("auxiliary", ())]
        used += [name for name in INNER if name in self.index and self._has_inner_folds()]
        columns = (self.index[name].astype(str) for name in used)
        digest.update("\n".join(map("=".join, zip(*columns, strict=True))).encode())
        for part in (self.X, *self.augmented):
            values, ends = pack(part)
            digest.update(f"{values.dtype} {values.shape}".encode())
            digest.update(np.ascontiguousarray(values))
            digest.update(b"" if ends is None else ends.tobytes())
        return digest.hexdigest()


def predict_fold(job: Job, predict: Callable, versions, seed: int, fold: Fold, costs: dict) -> pd.DataFrame:
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

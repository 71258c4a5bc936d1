"""Batches (shuffled, grouped by length, augmented, mixed) and callbacks for training a network."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from .. import files
from ..errors import SercoreError, TrainingError
from ..models import pad_clips
from .auxiliary import MAIN

_ROUND = {"jax": 256}  # batches are padded to a multiple of so many frames, so that few shapes are compiled
_NEIGHBOURS = 8  # so many batches of shuffled clips are sorted by length together, so that padding is short


class Batches(keras.utils.PyDataset):
    """Batches of (X, soft labels, sample weights) for ``keras.Model.fit``.

    Each epoch shuffles the clips and draws one version of each (the clip or one of its augmented versions).
    Mixup blends it with another clip of its batch.

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        Standardised features. Frames become (n_batch, n_frames, n_features), padded with NaN.
    y : np.ndarray of int [shape=(n_clips,)]
        Class numbers.
    n_classes : int
    augmented : sequence of the same kind as X
        Augmented versions; ``augmented[k][n]`` belongs to ``X[n]``.
    batch_size : int
    label_smoothing : float
        Probability that is distributed evenly over all classes (Szegedy et al. 2016).
    mixup : float
        Parameter of the beta distribution of the mixing weight (Zhang et al. 2018); 0 disables mixup. A blend
        is as long as the shorter of its clips.
    class_weight : str, optional
        ``"balanced"`` gives every class the same total weight; None gives every clip the same weight.
    auxiliary : mapping of str to np.ndarray [shape=(n_clips, n_values)], optional
        One-hot auxiliary labels. Targets and weights are then dicts, with the classes as ``proba``. The
        weight of an auxiliary label is 1; a clip without one has zeros and the weight 0.
    seed : int
    """

    def __init__(
        self,
        X,
        y: np.ndarray,
        n_classes: int,
        *,
        augmented: Sequence = (),
        batch_size: int = 32,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        class_weight: str | None = "balanced",
        auxiliary: Mapping[str, np.ndarray] | None = None,
        seed: int = 0,
    ):
        super().__init__()
        if class_weight not in (None, "balanced"):
            raise SercoreError(f"class_weight={class_weight!r} must be 'balanced' or None")
        self.versions = [X, *augmented]
        self.soft = np.eye(n_classes) * (1 - label_smoothing) + label_smoothing / n_classes
        counts = np.bincount(y, minlength=n_classes)
        self.weights = len(y) / (np.count_nonzero(counts) * counts[y]) if class_weight else np.ones(len(y))
        batch_size = min(batch_size, -(-len(y) // 2))  # at least two batches, see __getitem__
        self.y, self.batch_size, self.mixup, self.seed = np.asarray(y), batch_size, mixup, seed
        self.auxiliary = dict(auxiliary or {})
        self.epoch = -1
        self.on_epoch_end()

    def __len__(self):
        return len(self.batches)

    def on_epoch_end(self):
        """Draw the versions and batches of the next epoch."""
        self.epoch += 1
        rng = np.random.default_rng((self.seed, self.epoch, 0))
        drawn = rng.integers(len(self.versions), size=len(self.y))
        self.drawn = [self.versions[v][row] for row, v in enumerate(drawn)]
        lengths = np.array([clip.shape[-1] for clip in self.drawn])
        order, span = rng.permutation(len(self.y)), _NEIGHBOURS * self.batch_size
        sorted_parts = [
            part[np.argsort(lengths[part], kind="stable")]
            for part in np.split(order, range(span, len(order), span))
        ]
        batches = np.split(np.concatenate(sorted_parts), range(self.batch_size, len(order), self.batch_size))
        self.batches = [batches[k] for k in rng.permutation(len(batches))]
        self.batches[:2] = sorted(self.batches[:2], key=lambda rows: lengths[rows].max())

    def __getitem__(self, number):
        rows = self.batches[number]
        # with TensorFlow, Keras fixes the number of frames of all batches if it is the same in the first two
        spare = number == 1 and keras.backend.backend() == "tensorflow"
        X = stack([self.drawn[row] for row in rows], spare=spare)
        targets = {MAIN: self.soft[self.y[rows]]}
        targets |= {name: one_hot[rows] for name, one_hot in self.auxiliary.items()}
        weight = self.weights[rows]
        if self.mixup:
            rng = np.random.default_rng((self.seed, self.epoch, 1 + number))
            lam = rng.beta(self.mixup, self.mixup, len(rows)).astype(np.float32)
            lam, other = np.maximum(lam, 1 - lam), rng.permutation(len(rows))
            wide = lam.reshape(-1, *[1] * (X.ndim - 1))
            X = wide * X + (1 - wide) * X[other]
            targets[MAIN] = (
                targets[MAIN] * weight[:, None]
            )  # a label keeps the weight of its class in a blend
            targets = {
                name: lam[:, None] * part + (1 - lam[:, None]) * part[other] for name, part in targets.items()
            }
            weight = lam * weight + (1 - lam) * weight[other]
            targets[MAIN] = targets[MAIN] / weight[:, None]
        targets = {name: part.astype(np.float32) for name, part in targets.items()}
        weight = weight.astype(np.float32)
        if not self.auxiliary:
            return X, targets[MAIN], weight
        weights = {MAIN: weight}
        for name in self.auxiliary:  # the weight of a blend with a clip without a label: the other's share
            weights[name] = targets[name].sum(axis=1)
            targets[name] = targets[name] / np.maximum(weights[name], 1e-12)[:, None]
        return X, targets, weights


def stack(clips: Sequence[np.ndarray], *, spare: bool = False) -> np.ndarray:
    """One array from the rows of a table, or from clips padded to a multiple of 16 frames (JAX: of 256).

    Parameters
    ----------
    clips : list of np.ndarray [shape=(n_columns,) or (n_features, n_frames)]
    spare : bool
        Whether to add as many frames of padding again.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_columns) or (n_clips, n_frames, n_features)]
        See :func:`sercore.models.pad_clips`.

    Examples
    --------
    >>> stack([np.zeros((3, 17)), np.zeros((3, 5))]).shape
    (2, 32, 3)
    """
    if clips[0].ndim == 1:
        return np.stack(clips).astype(np.float32)
    longest, step = max(clip.shape[1] for clip in clips), _ROUND.get(keras.backend.backend(), 16)
    return pad_clips(clips, n_frames=step * (-(-longest // step) + spare))


class BestCheckpoint(keras.callbacks.Callback):
    """Save a network after every epoch, or only if the validation loss is the lowest so far.

    ``keras.callbacks.ModelCheckpoint`` saves the trained model; here it may be a part of it, without the
    augmentation layer. The file is replaced at once, so it is never incomplete.

    Parameters
    ----------
    network : keras.Model
        The network to save.
    path : path
        Ends in ``.keras``.
    """

    def __init__(self, network: keras.Model, path: str | os.PathLike):
        super().__init__()
        self.network, self.path, self.lowest = network, Path(path), np.inf

    def on_epoch_end(self, epoch, logs=None):
        loss = logs.get("val_loss", -epoch)
        if loss < self.lowest or epoch == 0:
            self.lowest = loss
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_name(f".{os.getpid()}.{self.path.name}")
            try:
                self.network.save(part)
                files.replace(part, self.path)
            finally:
                part.unlink(missing_ok=True)


class Epochs(keras.callbacks.Callback):
    """Add the seconds of each epoch to the history, show a progress bar, and stop a training that diverged.

    Parameters
    ----------
    n_epochs : int
    progress : bool

    Raises
    ------
    TrainingError
        The training loss is not finite.
    """

    def __init__(self, n_epochs: int, progress: bool):
        super().__init__()
        from tqdm.auto import tqdm

        self.bar = tqdm(total=n_epochs, unit="epoch", disable=not progress)

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = time.perf_counter() - self.start
        self.bar.set_postfix({name: f"{logs[name]:.3f}" for name in ("loss", "val_loss") if name in logs})
        self.bar.update()
        if not np.isfinite(logs["loss"]):
            raise TrainingError(
                f"training diverged: the loss is {logs['loss']} after epoch {epoch + 1} of {self.bar.total}; "
                "use a lower learning_rate, limit gradients with global_clipnorm=5, or train in float32 "
                f"(now: {keras.config.dtype_policy().name})"
            )

    def on_train_end(self, logs=None):
        self.bar.close()

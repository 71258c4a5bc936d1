"""Training batches: shuffled, of clips about equally long, changed anew at every epoch.

Notebook: 05_cnn_transformer.ipynb
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from ..errors import SercoreError
from ..models import pad_clips

_ROUND = 16
"""Frames to whose multiple batches are padded, so that few different shapes occur."""
_NEIGHBOURS = 8
"""Batches' worth of shuffled clips that are sorted by length, so that little is padding."""


class Batches(keras.utils.PyDataset):
    """Batches of (X, soft labels, weights) for ``keras.Model.fit``.

    Each epoch shuffles the clips, reads one version of each (the clip or one of its copies), and may
    blend it with another clip of its batch.

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        Standardised. Frames become (n_batch, n_frames, n_features), NaN after the end of a clip.
    y : np.ndarray of int [shape=(n_clips,)]
        Class numbers.
    n_classes : int
    augmented : sequence of the same kind as X
        Changed versions; ``augmented[k][n]`` belongs to ``X[n]``.
    batch_size : int
    label_smoothing : float
        Share of each label that is spread over all classes (Szegedy 2016).
    mixup : float
        Parameter of the beta distribution from which the share of a blend is drawn (Zhang 2018); 0
        blends nothing. A blend ends where the shorter of its clips does.
    class_weight : str, optional
        ``"balanced"`` weights clips so that every class counts alike; None weights all clips alike.
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
        seed: int = 0,
    ):
        super().__init__()
        if class_weight not in (None, "balanced"):
            raise SercoreError(f"class_weight={class_weight!r} must be 'balanced' or None")
        self.versions = [X, *augmented]
        self.soft = np.eye(n_classes) * (1 - label_smoothing) + label_smoothing / n_classes
        counts = np.bincount(y, minlength=n_classes)
        self.weights = len(y) / (np.count_nonzero(counts) * counts[y]) if class_weight else np.ones(len(y))
        batch_size = min(batch_size, -(-len(y) // 2))  # two at least: see __getitem__
        self.y, self.batch_size, self.mixup, self.seed = np.asarray(y), batch_size, mixup, seed
        self.epoch = -1
        self.on_epoch_end()

    def __len__(self):
        return len(self.batches)

    def on_epoch_end(self):
        """Draw the next epoch's versions and batches."""
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
        # Keras takes the lengths of the first two batches for a rule unless they differ
        X = stack([self.drawn[row] for row in rows], spare=number == 1)
        target, weight = self.soft[self.y[rows]], self.weights[rows]
        if self.mixup:
            rng = np.random.default_rng((self.seed, self.epoch, 1 + number))
            share = rng.beta(self.mixup, self.mixup, len(rows)).astype(np.float32)
            share, other = np.maximum(share, 1 - share), rng.permutation(len(rows))
            wide = share.reshape(-1, *[1] * (X.ndim - 1))
            X = wide * X + (1 - wide) * X[other]
            target = share[:, None] * target + (1 - share[:, None]) * target[other]
            weight = share * weight + (1 - share) * weight[other]
        return X, target.astype(np.float32), weight.astype(np.float32)


def stack(clips: Sequence[np.ndarray], *, spare: bool = False) -> np.ndarray:
    """Rows of a table as they are; frames padded to a multiple of 16 (:func:`sercore.models.pad_clips`).

    Parameters
    ----------
    spare : bool
        16 more frames of padding.
    """
    if clips[0].ndim == 1:
        return np.stack(clips).astype(np.float32)
    longest = max(clip.shape[1] for clip in clips)
    return pad_clips(clips, n_frames=_ROUND * (-(-longest // _ROUND) + spare))


class BestCheckpoint(keras.callbacks.Callback):
    """Write a network to a file whenever the validation loss is the lowest so far, else every epoch.

    Parameters
    ----------
    network : keras.Model
        What is written; it may be a part of what is trained.
    path : path
        Ends in ``.keras``; always holds a whole network.
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
            self.network.save(part)
            os.replace(part, self.path)


class Epochs(keras.callbacks.Callback):
    """Add each epoch's seconds to the history, and show them on a progress bar.

    Parameters
    ----------
    n_epochs : int
    progress : bool
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

    def on_train_end(self, logs=None):
        self.bar.close()

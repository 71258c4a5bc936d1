"""Training on features that do not fit in memory: batches read from the shards of the feature cache.

The features of a corpus are in shards of a few clips (:mod:`sercore.features.store`). :class:`FeatureStream`
reads each shard once, for the number of frames of every clip, and for mean and standard deviation;
:class:`StreamedBatches` reads them again in every epoch, in a random order.

The shards are divided among *streams*. A stream has a shuffle buffer of a few shards in memory, and every
batch takes the same number of clips of every stream. The batches depend on the number of streams alone: one
process that reads all streams and several that read some of them (:mod:`sercore.training.distributed`) train
on the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import keras
import numpy as np
import pandas as pd

from ..errors import SercoreError, StoreError
from ..features import Recipe, get_recipe
from ..features.shards import Shards, clip_key
from ..features.tasks import Plan
from ..models import pad_clips
from .normalisation import standardise

ROUND = 64
"""Batches of frames are padded to a multiple of so many, so that JAX compiles few shapes."""


def usable(
    index: pd.DataFrame,
    recipe: str | Recipe = "default",
    *,
    kind: str = "table",
    cache: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """The clips of an index that the extraction has not found unusable, renumbered from 0.

    Parameters
    ----------
    index, recipe, kind, cache
        See :class:`FeatureStream`.
    """
    plan = Plan.of(index, get_recipe(recipe), kind, cache=cache, augmentation=None, version=0)
    _, bad = plan.cached(final=False)
    return index[[key not in bad for key in plan.keys]].reset_index(drop=True)


class FeatureStream:
    """Cached features of the clips of an index, read shard by shard.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`; the order of its rows is the number of a clip.
    recipe : str, Recipe or sercore.encoders.EncoderRecipe
    kind : {"table", "frames"}
    cache : str or path, optional
        Folder or fsspec URL, as in :func:`sercore.features.extract_table`.

    Attributes
    ----------
    shard_of : np.ndarray of int [shape=(n_clips,)]
        Number of the shard of each clip.
    n_frames : np.ndarray of int [shape=(n_clips,)]
        Number of frames of each clip; 1 for rows of a table.

    Raises
    ------
    StoreError
        Features of a clip are not in the cache.

    See Also
    --------
    StreamedBatches : batches for ``keras.Model.fit``.
    sercore.features.extract_table : write the cache.
    """

    def __init__(
        self,
        index: pd.DataFrame,
        recipe: str | Recipe = "default",
        *,
        kind: str = "table",
        cache: str | os.PathLike | None = None,
    ):
        if kind not in ("table", "frames"):
            raise SercoreError(f"kind={kind!r} must be 'table' or 'frames'")
        self._shards = Shards(cache, f"{kind}-{get_recipe(recipe).key}")
        keys = [clip_key(clip, path) for clip, path in zip(index["clip_id"], index["path"], strict=True)]
        self._numbers = {key: number for number, key in enumerate(keys)}
        self.shard_of = np.full(len(keys), -1)
        self.n_frames = np.ones(len(keys), int)
        self._names = self._shards.names(set(index["corpus"]))
        for shard, name in enumerate(self._names):
            for number, clip in self._clips(name):
                self.shard_of[number] = shard
                self.n_frames[number] = clip.shape[-1] if clip.ndim == 2 else 1
        if (self.shard_of < 0).any():
            missing = index["clip_id"][self.shard_of < 0]
            raise StoreError(
                f"{self._shards.folder}: no features of {len(missing)} of {len(keys)} clips "
                f"({', '.join(missing.head(3))}, …); write them with sercore.features.extract_{kind}, and "
                "leave out the clips that it reports as unusable"
            )

    def __len__(self) -> int:
        return len(self.shard_of)

    def read(self, shard: int) -> dict[int, np.ndarray]:
        """Features of the clips of one shard, by their number in the index."""
        return {
            number: clip for number, clip in self._clips(self._names[shard]) if self.shard_of[number] == shard
        }

    def mean_and_std(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (1 if it is 0) of every feature over the rows or frames of some clips.

        Parameters
        ----------
        rows : np.ndarray of int [shape=(n_train,)]
            Numbers of the training clips.

        Returns
        -------
        mean, std : np.ndarray [shape=(n_features,)]
        """
        from sklearn.preprocessing import StandardScaler

        wanted, scaler = set(rows.tolist()), StandardScaler()
        for shard in np.unique(self.shard_of[rows]):
            clips = [clip for number, clip in self.read(shard).items() if number in wanted]
            scaler.partial_fit(np.concatenate([clip[None] if clip.ndim == 1 else clip.T for clip in clips]))
        return scaler.mean_, scaler.scale_

    def _clips(self, name: str) -> Iterator[tuple[int, np.ndarray]]:
        """Number and features of the clips of a shard that are in the index."""
        for key, value in self._shards.read(name).items():
            if key in self._numbers and isinstance(value, np.ndarray):
                yield self._numbers[key], value


class StreamedBatches(keras.utils.PyDataset):
    """Batches of (X, one-hot labels, weights) for ``keras.Model.fit``, of which few shards are in memory.

    Every epoch shuffles the shards of each stream, then the clips of as many shards as a buffer holds. The
    last batches are filled up with clips of weight 0, so that all have the same size.

    Parameters
    ----------
    features : FeatureStream
    rows : np.ndarray of int [shape=(n_train,)]
        Numbers of the clips to train on.
    y : np.ndarray of int [shape=(n_clips,)]
        Class number of every clip of the index.
    n_classes : int
    mean, std : np.ndarray [shape=(n_features,)]
        From :meth:`FeatureStream.mean_and_std`.
    batch_size : int
        Clips of a batch of all processes together; a multiple of ``n_streams``.
    n_streams : int
        Number of streams; a multiple of ``n_processes``.
    buffer : int
        Shards of a stream that are shuffled together, and in memory.
    rank, n_processes : int
        Which part of the streams this process reads, of how many.
    shuffle : bool
    class_weight : str, optional
        ``"balanced"`` gives every class the same total weight.
    seed : int

    Raises
    ------
    SercoreError
        The batch or the streams cannot be divided, or there are fewer shards than streams.
    """

    def __init__(
        self,
        features: FeatureStream,
        rows: np.ndarray,
        y: np.ndarray,
        n_classes: int,
        *,
        mean: np.ndarray,
        std: np.ndarray,
        batch_size: int = 32,
        n_streams: int = 2,
        buffer: int = 4,
        rank: int = 0,
        n_processes: int = 1,
        shuffle: bool = True,
        class_weight: str | None = "balanced",
        seed: int = 0,
    ):
        super().__init__()
        if batch_size % n_streams or n_streams % n_processes:
            raise SercoreError(
                f"batch_size={batch_size}, n_streams={n_streams}, n_processes={n_processes}: the batch must "
                "be a multiple of the streams, and these of the processes"
            )
        self.features, self.y, self.mean, self.std = features, np.asarray(y), mean, std
        self.one_hot = np.eye(n_classes, dtype=np.float32)
        counts = np.bincount(self.y[rows], minlength=n_classes)
        self.class_weights = len(rows) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        if class_weight is None:
            self.class_weights = np.ones(n_classes)
        self.part, self.buffer, self.shuffle, self.seed = batch_size // n_streams, buffer, shuffle, seed
        each = n_streams // n_processes
        self.own = range(rank * each, (rank + 1) * each)
        self.streams = _divide(features.shard_of[rows], rows, n_streams)
        self.n_batches = -(-max(sum(map(len, stream)) for stream in self.streams) // self.part)
        self._wanted, self.epoch = set(rows.tolist()), -1
        self.on_epoch_end()

    def __len__(self) -> int:
        return self.n_batches

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self.epoch += 1
        self.order = [self._shuffled(number) for number in range(len(self.streams))]
        self._memory: dict[int, dict[int, np.ndarray]] = {}
        self._last_batch = {
            shard: place // self.part
            for stream in self.own
            for place, shard in enumerate(self.features.shard_of[self.order[stream]].tolist())
        }

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        batch = [order[number * self.part : (number + 1) * self.part] for order in self.order]
        filled = [self._filled(part, stream) for stream, part in enumerate(batch)]
        rows, is_real = (np.concatenate(part) for part in zip(*(filled[k] for k in self.own), strict=True))
        clips = standardise(self._read(rows, number), self.mean, self.std)
        if clips[0].ndim == 1:
            X = np.stack(clips)
        else:  # as long as the longest clip of all processes, fillers included
            longest = max(self.features.n_frames[np.concatenate([part for part, _ in filled])])
            X = pad_clips(clips, n_frames=-(-longest // ROUND) * ROUND)
        labels = self.y[rows]
        weights = np.where(is_real, self.class_weights[labels], 0)
        return X.astype(np.float32), self.one_hot[labels], weights.astype(np.float32)

    def _shuffled(self, stream: int) -> np.ndarray:
        """Numbers of the clips of a stream in the order of this epoch."""
        shards = self.streams[stream]
        if not self.shuffle:
            return np.concatenate(shards)
        rng = np.random.default_rng((self.seed, self.epoch, stream))
        shards = [shards[k] for k in rng.permutation(len(shards))]
        buffers = [shards[k : k + self.buffer] for k in range(0, len(shards), self.buffer)]
        return np.concatenate([rng.permutation(np.concatenate(buffer)) for buffer in buffers])

    def _filled(self, rows: np.ndarray, stream: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the clips of a batch, filled up to its size, and which of them count."""
        real = np.arange(self.part) < len(rows)
        filler = rows[:1] if len(rows) else self.order[stream][-1:]
        return np.concatenate([rows, np.repeat(filler, self.part - len(rows))]), real

    def _read(self, rows: np.ndarray, number: int) -> list[np.ndarray]:
        """Features of the clips of a batch; shards that no later batch needs are forgotten."""
        shards = self.features.shard_of[rows]
        for shard in dict.fromkeys(shards.tolist()):
            if shard not in self._memory:
                found = self.features.read(shard).items()
                self._memory[shard] = {clip: values for clip, values in found if clip in self._wanted}
        clips = [self._memory[shard][row] for shard, row in zip(shards.tolist(), rows.tolist(), strict=True)]
        self._memory = {k: clips for k, clips in self._memory.items() if self._last_batch[k] > number}
        return clips


def fit_streamed(
    network: keras.Model,
    batches: StreamedBatches,
    *,
    validation: StreamedBatches | None = None,
    epochs: int = 20,
    learning_rate: float = 1e-3,
    progress: bool = False,
) -> pd.DataFrame:
    """Train a network on streamed batches for a number of epochs; returns the history.

    Parameters
    ----------
    network : keras.Model
        Uncompiled, with softmax output; trained in place.
    batches : StreamedBatches
    validation : StreamedBatches, optional
        Clips of other speakers, ``shuffle=False``.
    epochs : int
    learning_rate : float
        Of Adam.
    progress : bool

    Returns
    -------
    pd.DataFrame
        One row per epoch: ``loss accuracy seconds``, with validation ``val_loss val_accuracy``. Losses and
        accuracies are weighted means over clips.

    See Also
    --------
    fit : for features in memory, with early stopping and augmentation.
    """
    from .fit_loop import Epochs

    network.compile(
        keras.optimizers.Adam(learning_rate),
        keras.losses.CategoricalCrossentropy(reduction="mean_with_sample_weight"),
        weighted_metrics=["accuracy"],
    )
    history = network.fit(
        batches, validation_data=validation, epochs=epochs, callbacks=[Epochs(epochs, progress)],
        shuffle=False, verbose=0,
    )  # fmt: skip
    return pd.DataFrame(history.history).rename_axis("epoch")


def _divide(shard_of: np.ndarray, rows: np.ndarray, n_streams: int) -> list[list[np.ndarray]]:
    """For each stream a list of shards, each as the numbers of its clips; streams are about equally long."""
    shards = [rows[shard_of == shard] for shard in np.unique(shard_of)]
    if len(shards) < n_streams:
        raise SercoreError(f"{len(shards)} shards are fewer than the {n_streams} streams; use fewer streams")
    streams = [[] for _ in range(n_streams)]
    for shard in sorted(shards, key=len, reverse=True):
        min(streams, key=lambda stream: sum(map(len, stream))).append(shard)
    return streams

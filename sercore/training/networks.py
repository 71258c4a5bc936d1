"""What happens after every epoch of a training run: the best network is kept, the epoch is timed and shown.

Notebook: 04_lstm_bilstm.ipynb
"""
# MERGED DOC: Train a Keras network, on rows of a table or on frames.

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from ..splits import inner_split
from .classical import probabilities
from .normalisation import moments, standardise


class KeepBest(keras.callbacks.Callback):
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


def fit(
    network,
    X,
    y: np.ndarray,
    *,
    validation: tuple | None = None,
    copies: Sequence = (),
    epochs: int = 60,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int = 6,
    decay: bool = False,
    balanced: bool = False,
    label_smoothing: float = 0.0,
    mixup: float = 0.0,
    masks: Mapping | None = None,
    seed: int = 0,
    checkpoint: str | os.PathLike | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Train a Keras network: until the validation loss stops falling, or for a fixed number of epochs.

    Parameters
    ----------
    network : keras.Model
        Uncompiled, with softmax output; trained in place.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        Standardised.
    y : np.ndarray of int [shape=(n_clips,)]
        Class numbers.
    validation : (X, y), optional
        Clips of *other speakers of the training part* (:func:`sercore.splits.inner_split`), unchanged.
        Training stops early and keeps the weights of the best epoch. Without, all epochs are run and
        the last weights kept: use it with ``decay`` and a number of epochs that was chosen before.
    copies : sequence of the same kind as X
        Changed versions of the training clips, ``copies[k][n]`` of ``X[n]``; each epoch reads one
        version of each clip.
    epochs, patience : int
        At most so many; stop after so many without a lower validation loss.
    learning_rate : float
        Of Adam.
    decay : bool
        Let the learning rate rise over two epochs and fall along a cosine over the others.
    balanced, label_smoothing, mixup
        See :class:`sercore.training.batches.Batches`.
    masks : mapping, optional
        Parameters of :class:`sercore.models.layers.SpecAugment`, for frames; ``{}`` takes its defaults.
    seed : int
        Of batches and masks; dropout draws from the seed that the network was built with.
    checkpoint : path, optional
        A ``.keras`` file that always holds the best network so far (the latest, without validation).
    progress : bool
        Whether to show a progress bar over epochs.

    Returns
    -------
    pd.DataFrame
        One row per epoch: ``loss accuracy seconds``, and ``val_loss val_accuracy`` where there is a
        validation. Training figures are of changed clips, so validation may look better.
    """
    import keras

    from .batches import Batches, stack

    pass

    n_classes = network.output_shape[-1]
    batches = Batches(
        X, y, n_classes, copies=copies, batch_size=batch_size, label_smoothing=label_smoothing, mixup=mixup,
        balanced=balanced, seed=seed,
    )  # fmt: skip
    trained = network
    if masks is not None:
        from ..models.layers import SpecAugment

        changed = SpecAugment(**masks, seed=seed)(network.inputs[0])
        trained = keras.Model(network.inputs, network(changed))
    rate = _cosine(learning_rate, len(batches), epochs) if decay else learning_rate
    trained.compile(
        keras.optimizers.Adam(rate),
        "categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=min(8, len(batches)),  # same result; a third less time where batches are small
    )
    watchers, options = [Epochs(epochs, progress)], {}
    if validation is not None:
        watchers.append(
            keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        )
        target = np.eye(n_classes)[validation[1]]
        options = {"validation_data": (stack(list(validation[0])), target), "validation_batch_size": 128}
    if checkpoint:
        watchers.append(KeepBest(network, checkpoint))
    history = trained.fit(batches, epochs=epochs, callbacks=watchers, shuffle=False, verbose=0, **options)
    return pd.DataFrame(history.history).rename_axis("epoch")


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network with the scaling of its features.

    Parameters
    ----------
    network : keras.Model
    mean, spread : np.ndarray [shape=(n_features,)]
        Of the clips that it was fitted on.
    history : pd.DataFrame
        See :func:`fit`.
    """

    network: object
    mean: np.ndarray
    spread: np.ndarray
    history: pd.DataFrame

    @property
    def n_weights(self) -> int:
        return self.network.count_params()

    def __call__(self, X) -> np.ndarray:
        """Class probabilities [shape=(n_clips, n_classes)] of clips as they were extracted."""
        return probabilities(self.network, standardise(X, self.mean, self.spread), ())


def fit_network(
    index: pd.DataFrame,
    X,
    train: np.ndarray,
    classes: Sequence[str],
    *,
    model: str,
    settings: Mapping | None = None,
    fitting: Mapping | None = None,
    copies: Sequence = (),
    seed: int = 0,
    scale: bool = True,
) -> FittedNetwork:
    """A network fitted on some rows, features standardised.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. Copies of other rows are not read.
    index, X, classes, model, settings, copies, seed, scale
        As in :func:`out_of_fold`.
    fitting : mapping, optional
        Arguments of :func:`fit`, and ``stop_early``: True (the default) keeps a fifth of the training
        speakers out for validation, False trains on all for the given number of epochs.
    """
    from ..models import build

    fitting = dict(fitting or {})
    y = pd.Categorical(index["label"], categories=list(classes)).codes.astype(int)
    rows, kept_out = (
        inner_split(index, train, seed=seed) if fitting.pop("stop_early", True) else (train, None)
    )
    inner, *inner_copies = ([part[row] for row in rows] for part in (X, *copies))
    mean, spread = moments(inner) if scale else (np.zeros(len(inner[0])), np.ones(len(inner[0])))
    network = build(model, len(mean), len(classes), seed=seed, **(settings or {}))
    validation = None
    if kept_out is not None:
        validation = standardise([X[row] for row in kept_out], mean, spread), y[kept_out]
    history = fit(
        network,
        standardise(inner, mean, spread),
        y[rows],
        validation=validation,
        copies=[standardise(part, mean, spread) for part in inner_copies],
        seed=seed,
        **fitting,
    )
    return FittedNetwork(network, mean, spread, history)


def _cosine(peak: float, n_batches: int, epochs: int):
    """Learning rate that rises over two epochs and falls to a hundredth over the others."""
    import keras

    rise = min(2, epochs - 1) * n_batches
    return keras.optimizers.schedules.CosineDecay(
        peak / 10, max(1, epochs * n_batches - rise), alpha=0.01, warmup_target=peak, warmup_steps=rise
    )

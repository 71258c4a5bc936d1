"""Train a Keras network on rows of a table or on frames.

Notebook: 04_lstm_bilstm.ipynb
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..splits import inner_split
from .classical import predict_proba
from .normalisation import mean_and_std, standardise


def fit(
    network,
    X,
    y: np.ndarray,
    *,
    validation: tuple | None = None,
    augmented: Sequence = (),
    epochs: int = 60,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int = 6,
    lr_schedule: str | None = None,
    class_weight: str | None = None,
    label_smoothing: float = 0.0,
    mixup: float = 0.0,
    spec_augment: Mapping | None = None,
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
        the last weights kept: use it with ``lr_schedule`` and a number of epochs that was chosen before.
    augmented : sequence of the same kind as X
        Changed versions of the training clips, ``augmented[k][n]`` of ``X[n]``; each epoch reads one
        version of each clip.
    epochs, patience : int
        At most so many; stop after so many without a lower validation loss.
    learning_rate : float
        Of Adam.
    lr_schedule : str, optional
        ``"cosine"``: the learning rate rises over two epochs, then falls along a cosine.
    class_weight, label_smoothing, mixup
        See :class:`sercore.training.fit_loop.Batches`.
    spec_augment : mapping, optional
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

    from .fit_loop import Batches, BestCheckpoint, Epochs, stack

    pass

    n_classes = network.output_shape[-1]
    batches = Batches(
        X, y, n_classes, augmented=augmented, batch_size=batch_size, label_smoothing=label_smoothing,
        mixup=mixup, class_weight=class_weight, seed=seed,
    )  # fmt: skip
    trained = network
    if spec_augment is not None:
        from ..models.layers import SpecAugment

        changed = SpecAugment(**spec_augment, seed=seed)(network.inputs[0])
        trained = keras.Model(network.inputs, network(changed))
    if lr_schedule not in (None, "cosine"):
        raise SercoreError(f"lr_schedule={lr_schedule!r} must be 'cosine' or None")
    rate = _cosine(learning_rate, len(batches), epochs) if lr_schedule else learning_rate
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
        watchers.append(BestCheckpoint(network, checkpoint))
    history = trained.fit(batches, epochs=epochs, callbacks=watchers, shuffle=False, verbose=0, **options)
    return pd.DataFrame(history.history).rename_axis("epoch")


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network with the scaling of its features.

    Parameters
    ----------
    network : keras.Model
    mean, std : np.ndarray [shape=(n_features,)]
        Of the clips that it was fitted on.
    history : pd.DataFrame
        See :func:`fit`.
    """

    network: object
    mean: np.ndarray
    std: np.ndarray
    history: pd.DataFrame

    @property
    def n_weights(self) -> int:
        return self.network.count_params()

    def __call__(self, X) -> np.ndarray:
        """Class probabilities [shape=(n_clips, n_classes)] of clips as they were extracted."""
        return predict_proba(self.network, standardise(X, self.mean, self.std), ())


def fit_network(
    index: pd.DataFrame,
    X,
    train: np.ndarray,
    classes: Sequence[str],
    *,
    model: str,
    model_params: Mapping | None = None,
    fit_params: Mapping | None = None,
    augmented: Sequence = (),
    seed: int = 0,
    scale: bool = True,
) -> FittedNetwork:
    """A network fitted on some rows, features standardised.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. Copies of other rows are not read.
    index, X, classes, model, model_params, augmented, seed, scale
        As in :func:`out_of_fold`.
    fit_params : mapping, optional
        Arguments of :func:`fit`, and ``early_stopping``: True (the default) keeps a fifth of the training
        speakers out for validation, False trains on all for the given number of epochs.
    """
    from ..models import build

    fit_params = dict(fit_params or {})
    y = pd.Categorical(index["label"], categories=list(classes)).codes.astype(int)
    rows, kept_out = (
        inner_split(index, train, seed=seed) if fit_params.pop("early_stopping", True) else (train, None)
    )
    inner, *inner_copies = ([part[row] for row in rows] for part in (X, *augmented))
    mean, std = mean_and_std(inner) if scale else (np.zeros(len(inner[0])), np.ones(len(inner[0])))
    network = build(model, len(mean), len(classes), seed=seed, **(model_params or {}))
    validation = None
    if kept_out is not None:
        validation = standardise([X[row] for row in kept_out], mean, std), y[kept_out]
    history = fit(
        network,
        standardise(inner, mean, std),
        y[rows],
        validation=validation,
        augmented=[standardise(part, mean, std) for part in inner_copies],
        seed=seed,
        **fit_params,
    )
    return FittedNetwork(network, mean, std, history)


def _cosine(peak: float, n_batches: int, epochs: int):
    """Learning rate that rises over two epochs and falls to a hundredth over the others."""
    import keras

    rise = min(2, epochs - 1) * n_batches
    return keras.optimizers.schedules.CosineDecay(
        peak / 10, max(1, epochs * n_batches - rise), alpha=0.01, warmup_target=peak, warmup_steps=rise
    )

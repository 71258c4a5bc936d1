"""Train a Keras network on rows of a table or on frames."""

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
    """Train a Keras network with early stopping, or for a fixed number of epochs; returns the history.

    Parameters
    ----------
    network : keras.Model
        Uncompiled, with softmax output; trained in place.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        Standardised features.
    y : np.ndarray of int [shape=(n_clips,)]
        Class numbers.
    validation : (X, y), optional
        Clips of *other speakers of the training part* (:func:`sercore.splits.inner_split`), not augmented.
        Training stops early and restores the weights of the best epoch. Without it, training runs all epochs
        and ends with the last weights; combine this with ``lr_schedule`` and a number of epochs that was
        chosen beforehand.
    augmented : sequence of the same kind as X
        Augmented versions of the training clips, ``augmented[k][n]`` of ``X[n]``; each epoch uses one version
        of each clip.
    epochs : int
        Maximum number of epochs.
    batch_size : int
    learning_rate : float
        Learning rate of Adam.
    patience : int
        Number of epochs without a lower validation loss after which training stops.
    lr_schedule : str, optional
        ``"cosine"``: linear warm-up over two epochs, then cosine decay.
    class_weight, label_smoothing, mixup
        See :class:`sercore.training.fit_loop.Batches`.
    spec_augment : mapping, optional
        Parameters of :class:`sercore.models.layers.SpecAugment`, for frames; ``{}`` uses its defaults.
    seed : int
        Seed of batches and masks; that of dropout is set when the network is built.
    checkpoint : path, optional
        A ``.keras`` file with the best network so far (without validation, the latest).
    progress : bool
        Whether to show a progress bar over epochs.

    Returns
    -------
    pd.DataFrame
        One row per epoch: ``loss accuracy seconds``, and with validation ``val_loss val_accuracy``. Training
        loss and accuracy include dropout and augmentation, so those of validation may be better.

    Raises
    ------
    SercoreError
        ``class_weight`` or ``lr_schedule`` is unknown.

    See Also
    --------
    fit_network : builds a network and standardises its features.

    Notebook: 03_mlp_baseline.ipynb
    """
    import keras

    from .fit_loop import Batches, BestCheckpoint, Epochs, stack

    n_classes = network.output_shape[-1]
    batches = Batches(
        X, y, n_classes, augmented=augmented, batch_size=batch_size, label_smoothing=label_smoothing,
        mixup=mixup, class_weight=class_weight, seed=seed,
    )  # fmt: skip
    trained = network
    if spec_augment is not None:
        from ..models.layers import SpecAugment

        masked = SpecAugment(**spec_augment, seed=seed)(network.inputs[0])
        trained = keras.Model(network.inputs, network(masked))
    if lr_schedule not in (None, "cosine"):
        raise SercoreError(f"lr_schedule={lr_schedule!r} must be 'cosine' or None")
    rate = _cosine(learning_rate, len(batches), epochs) if lr_schedule else learning_rate
    trained.compile(
        keras.optimizers.Adam(rate),
        "categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=min(8, len(batches)),  # same result; a third less time for small batches
    )
    callbacks, options = [Epochs(epochs, progress)], {}
    if validation is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        )
        target = np.eye(n_classes)[validation[1]]
        options = {"validation_data": (stack(list(validation[0])), target), "validation_batch_size": 128}
    if checkpoint:
        callbacks.append(BestCheckpoint(network, checkpoint))
    history = trained.fit(batches, epochs=epochs, callbacks=callbacks, shuffle=False, verbose=0, **options)
    return pd.DataFrame(history.history).rename_axis("epoch")


@dataclass(frozen=True)
class FittedNetwork:
    """A trained network with the mean and standard deviation for its features.

    Parameters
    ----------
    network : keras.Model
    mean, std : np.ndarray [shape=(n_features,)]
        Mean and standard deviation of the features over the clips on which it was fitted.
    history : pd.DataFrame
        See :func:`fit`.
    """

    network: object
    mean: np.ndarray
    std: np.ndarray
    history: pd.DataFrame

    @property
    def n_weights(self) -> int:
        """Number of parameters."""
        return self.network.count_params()

    def __call__(self, X) -> np.ndarray:
        """Class probabilities [shape=(n_clips, n_classes)] from features that are not standardised."""
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
    """Network fitted on some rows, with standardised features.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. Augmented versions of other rows are not used.
    index, X, classes, model, model_params, augmented, seed, scale
        As in :func:`out_of_fold`.
    fit_params : mapping, optional
        Arguments of :func:`fit`, and ``early_stopping``: True (the default) validates on a fifth of the
        training speakers, False trains on all of them for the given number of epochs.

    See Also
    --------
    fit_classical : the same for scikit-learn models.

    Notebook: 04_lstm_bilstm.ipynb
    """
    from ..models import build

    fit_params = dict(fit_params or {})
    y = pd.Categorical(index["label"], categories=list(classes)).codes.astype(int)
    rows, held_out = (
        inner_split(index, train, seed=seed) if fit_params.pop("early_stopping", True) else (train, None)
    )
    inner, *inner_augmented = ([part[row] for row in rows] for part in (X, *augmented))
    mean, std = mean_and_std(inner) if scale else (np.zeros(len(inner[0])), np.ones(len(inner[0])))
    network = build(model, len(mean), len(classes), seed=seed, **(model_params or {}))
    validation = None
    if held_out is not None:
        validation = standardise([X[row] for row in held_out], mean, std), y[held_out]
    history = fit(
        network,
        standardise(inner, mean, std),
        y[rows],
        validation=validation,
        augmented=[standardise(part, mean, std) for part in inner_augmented],
        seed=seed,
        **fit_params,
    )
    return FittedNetwork(network, mean, std, history)


def _cosine(peak: float, n_batches: int, epochs: int):
    """Schedule with linear warm-up over two epochs and cosine decay to a hundredth of the peak."""
    import keras

    warmup_steps = min(2, epochs - 1) * n_batches
    return keras.optimizers.schedules.CosineDecay(
        peak / 10,
        max(1, epochs * n_batches - warmup_steps),
        alpha=0.01,
        warmup_target=peak,
        warmup_steps=warmup_steps,
    )

"""Train a Keras network on rows of a table or on frames."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..evaluation import uar
from ..splits import inner_split
from .auxiliary import MAIN, add_outputs, auxiliary_targets, main_history
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
    weight_decay: float = 0.0,
    global_clipnorm: float | None = None,
    patience: int = 6,
    lr_schedule: str | None = None,
    class_weight: str | None = None,
    label_smoothing: float = 0.0,
    mixup: float = 0.0,
    spec_augment: Mapping | None = None,
    auxiliary: Mapping[str, np.ndarray] | None = None,
    auxiliary_weight: float = 0.2,
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
    weight_decay : float
        Decoupled weight decay (AdamW, Loshchilov 2019), relative to the learning rate.
    global_clipnorm : float, optional
        Largest norm of the gradient of all weights together; larger ones are scaled down to it.
    patience : int
        Number of epochs without a lower validation loss after which training stops.
    lr_schedule : str, optional
        ``"cosine"``: linear warm-up over two epochs, then cosine decay.
    class_weight, label_smoothing, mixup
        See :class:`sercore.training.fit_loop.Batches`.
    spec_augment : mapping, optional
        Parameters of :class:`sercore.models.layers.SpecAugment`, for frames; ``{}`` uses its defaults.
    auxiliary : mapping of str to np.ndarray [shape=(n_clips, n_values)], optional
        One-hot labels that the network also learns (:func:`sercore.training.auxiliary.auxiliary_targets`).
        The network itself keeps its one output.
    auxiliary_weight : float
        Factor of each auxiliary cross-entropy in the loss.
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
        loss and accuracy include dropout and augmentation, so those of validation may be better. Auxiliary
        labels add ``<label>_loss``; ``loss`` is that of the classes.

    Raises
    ------
    SercoreError
        ``class_weight`` or ``lr_schedule`` is unknown, the network has no layer ``proba`` for auxiliary
        labels, or training diverged.

    See Also
    --------
    fit_network : builds a network and standardises its features.

    Notebook: 03_mlp_baseline.ipynb
    """
    import keras

    from .fit_loop import Batches, BestCheckpoint, Epochs, stack

    n_classes, auxiliary = network.output_shape[-1], auxiliary or {}
    batches = Batches(
        X, y, n_classes, augmented=augmented, batch_size=batch_size, label_smoothing=label_smoothing,
        mixup=mixup, class_weight=class_weight, auxiliary=auxiliary, seed=seed,
    )  # fmt: skip
    trained = add_outputs(network, auxiliary, seed=seed) if auxiliary else network
    if spec_augment is not None:
        from ..models.layers import SpecAugment

        masked = SpecAugment(**spec_augment, seed=seed)(network.inputs[0])
        trained = keras.Model(network.inputs, trained(masked))
    if lr_schedule not in (None, "cosine"):
        raise SercoreError(f"lr_schedule={lr_schedule!r} must be 'cosine' or None")
    rate = _cosine(learning_rate, len(batches), epochs) if lr_schedule else learning_rate
    loss = "categorical_crossentropy"
    trained.compile(
        keras.optimizers.Adam(rate, weight_decay=weight_decay or None, global_clipnorm=global_clipnorm),
        {name: loss for name in (MAIN, *auxiliary)} if auxiliary else loss,
        loss_weights={MAIN: 1.0, **dict.fromkeys(auxiliary, auxiliary_weight)} if auxiliary else None,
        metrics={MAIN: ["accuracy"]} if auxiliary else ["accuracy"],
        steps_per_execution=min(8, len(batches)),  # same result; a third less time for small batches
    )
    callbacks, options = [Epochs(epochs, progress)], {}
    if validation is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        )
        target = np.eye(n_classes)[validation[1]]
        if auxiliary:  # labels of zeros have no loss, so that val_loss is that of the classes
            none = {name: np.zeros((len(target), part.shape[1])) for name, part in auxiliary.items()}
            target = {MAIN: target, **none}
        options = {"validation_data": (stack(list(validation[0])), target), "validation_batch_size": 128}
    if checkpoint:
        callbacks.append(BestCheckpoint(network, checkpoint))
    history = trained.fit(batches, epochs=epochs, callbacks=callbacks, shuffle=False, verbose=0, **options)
    columns = main_history(history.history, list(auxiliary)) if auxiliary else history.history
    return pd.DataFrame(columns).rename_axis("epoch")


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
        training speakers, False trains on all of them for the given number of epochs. ``epochs`` may then be
        several numbers: each is tried on four fifths of the training speakers, and that with the highest UA
        on the other fifth is used (:func:`choose_epochs`). ``auxiliary`` names columns of the index, such as
        ``("intensity", "sentence")``, that the network learns beside the classes; labels of test and
        validation clips are not used.

    Raises
    ------
    SercoreError
        An auxiliary label is not in the index, or has one value only.

    See Also
    --------
    fit_classical : the same for scikit-learn models.

    Notebook: 04_lstm_bilstm.ipynb
    """
    from ..models import build

    fit_params = dict(fit_params or {})
    y = pd.Categorical(index["label"], categories=list(classes)).codes.astype(int)
    rows, held_out = train, None
    early_stopping = fit_params.pop("early_stopping", True)
    if np.ndim(fit_params.get("epochs", 0)):
        if early_stopping:
            raise SercoreError(
                f"epochs={fit_params['epochs']} are several numbers to choose from; early stopping chooses "
                "by itself: pass its maximum, or early_stopping=False"
            )
        fit_params["epochs"] = choose_epochs(
            index, X, train, classes, model=model, model_params=model_params, fit_params=fit_params,
            augmented=augmented, seed=seed, scale=scale,
        )  # fmt: skip
    if early_stopping:
        inner, held_out = inner_split(index, train, seed=seed)
        rows = train[np.isin(train, inner)]  # as often as in the training part
    targets = auxiliary_targets(index.iloc[rows], fit_params.pop("auxiliary", ()))
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
        auxiliary=targets,
        seed=seed,
        **fit_params,
    )
    return FittedNetwork(network, mean, std, history)


def choose_epochs(
    index: pd.DataFrame,
    X,
    train: np.ndarray,
    classes: Sequence[str],
    *,
    fit_params: Mapping,
    seed: int = 0,
    **options,
) -> int:
    """Number of epochs with the highest UA on a fifth of the training speakers.

    A network is trained for each number, because a schedule of the learning rate ends with the last epoch.

    Parameters
    ----------
    fit_params : mapping
        As in :func:`fit_network`, with several numbers as ``epochs``. Of equal ones, the first is used.
    index, X, train, classes, seed, **options
        As in :func:`fit_network`.

    Returns
    -------
    int
    """
    inner, held_out = inner_split(index, train, seed=seed)
    inner = train[np.isin(train, inner)]
    clips, labels = [X[row] for row in held_out], index["label"].to_numpy()[held_out]
    scores = {}
    for epochs in dict.fromkeys(fit_params["epochs"]):
        tried = {**fit_params, "epochs": int(epochs), "early_stopping": False}
        fitted = fit_network(index, X, inner, classes, fit_params=tried, seed=seed, **options)
        scores[int(epochs)] = uar(labels, np.asarray(classes)[fitted(clips).argmax(axis=1)])
    return max(scores, key=scores.get)


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

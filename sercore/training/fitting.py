"""Fit one model on the rows that it may see; standardise per speaker; predict in the order of classes.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..splits import inner_folds, inner_split


def enroll(X: np.ndarray, speakers: Sequence[str]) -> np.ndarray:
    """Features standardised per speaker, with no look at any label.

    Legitimate where an application hears one person for a while; results with it stand in a column
    of their own (``enrolled``).

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_columns)]
    speakers : sequence of str [shape=(n_clips,)]

    Returns
    -------
    np.ndarray [shape=(n_clips, n_columns)]
        Each speaker's columns have mean 0 and standard deviation 1 (0 where constant).
    """
    from sklearn.preprocessing import StandardScaler

    X, speakers = np.array(X, dtype=np.float32), np.asarray(speakers, dtype=str)
    if (speakers == "").any():
        raise SercoreError(
            f"{(speakers == '').sum()} clips have no speaker; features can be standardised per speaker only "
            "where it is known who speaks"
        )
    for speaker in np.unique(speakers):
        X[speakers == speaker] = StandardScaler().fit_transform(X[speakers == speaker])
    return X


def fit(
    network,
    X,
    y: np.ndarray,
    *,
    validation: tuple,
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
    """Train a Keras network, stop when the validation loss stops falling, keep the best weights.

    Parameters
    ----------
    network : keras.Model
        Uncompiled, with softmax output; trained in place.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
        Standardised.
    y : np.ndarray of int [shape=(n_clips,)]
        Class numbers.
    validation : (X, y)
        Clips of *other speakers of the training part* (:func:`sercore.splits.inner_split`), unchanged.
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
        Of batches, masks and dropout.
    checkpoint : path, optional
        A ``.keras`` file that always holds the best network so far.
    progress : bool
        Whether to show a progress bar over epochs.

    Returns
    -------
    pd.DataFrame
        One row per epoch: ``loss accuracy val_loss val_accuracy seconds``. Training
        figures are of changed clips, so validation may look better.
    """
    import keras

    from .batches import Batches, stack
    from .callbacks import Epochs, KeepBest

    keras.utils.set_random_seed(seed)
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
    watchers = [
        Epochs(epochs, progress),
        keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True),
    ]
    history = trained.fit(
        batches,
        validation_data=(stack(list(validation[0])), np.eye(n_classes)[validation[1]]),
        validation_batch_size=128,
        epochs=epochs,
        callbacks=[*watchers, KeepBest(network, checkpoint)] if checkpoint else watchers,
        verbose=0,
    )
    return pd.DataFrame(history.history).rename_axis("epoch")


def _cosine(peak: float, n_batches: int, epochs: int):
    """Learning rate that rises over two epochs and falls to a hundredth over the others."""
    import keras

    rise = min(2, epochs - 1) * n_batches
    return keras.optimizers.schedules.CosineDecay(
        peak / 10, max(1, epochs * n_batches - rise), alpha=0.01, warmup_target=peak, warmup_steps=rise
    )


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
    """A network fitted on some rows, a fifth of their speakers kept for early stopping.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. Copies of other rows are not read.
    index, X, classes, model, settings, fitting, copies, seed, scale
        As in :func:`out_of_fold`.
    """
    from ..models import build

    y = pd.Categorical(index["label"], categories=list(classes)).codes.astype(int)
    rows, validation = inner_split(index, train, seed=seed)
    inner, *inner_copies = ([part[row] for row in rows] for part in (X, *copies))
    mean, spread = _moments(inner) if scale else (np.zeros(len(inner[0])), np.ones(len(inner[0])))
    network = build(model, len(mean), len(classes), seed=seed, **(settings or {}))
    history = fit(
        network,
        standardise(inner, mean, spread),
        y[rows],
        validation=(standardise([X[row] for row in validation], mean, spread), y[validation]),
        copies=[standardise(part, mean, spread) for part in inner_copies],
        seed=seed,
        **(fitting or {}),
    )
    return FittedNetwork(network, mean, spread, history)


def standardise(X, mean: np.ndarray, spread: np.ndarray) -> list[np.ndarray]:
    """Rows or frames, less the mean and divided by the spread of each feature."""
    mean, spread = np.float32(mean), np.float32(spread)
    return [(clip - mean) / spread if clip.ndim == 1 else ((clip.T - mean) / spread).T for clip in X]


def _moments(clips) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every feature over rows, or over the frames of all clips."""
    from sklearn.preprocessing import StandardScaler

    rows = np.stack(clips) if clips[0].ndim == 1 else np.concatenate(clips, axis=1).T
    scaler = StandardScaler().fit(rows)
    return scaler.mean_, scaler.scale_


def fit_classical(
    index: pd.DataFrame,
    X: np.ndarray,
    train: np.ndarray,
    *,
    model: str,
    settings: Mapping | None = None,
    copies: Sequence = (),
    seed: int = 0,
    scale: bool = True,
):
    """A scikit-learn pipeline fitted on some rows, scaler and calibration included.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``. Copies of other rows are not read.
    index, X, model, settings, copies, seed, scale
        As in :func:`out_of_fold`.

    Returns
    -------
    sklearn estimator
        With ``predict_proba`` and ``classes_``; :func:`probabilities` puts its columns in order.
    """
    from sklearn.calibration import CalibratedClassifierCV

    from ..models.classical import build_classical

    pipeline = build_classical(model, seed=seed, scale=scale, settings=settings)
    n_train, n_versions = len(train), 1 + len(copies)
    if isinstance(pipeline, CalibratedClassifierCV):  # its folds, too, keep speakers apart
        divisions = [
            [np.searchsorted(train, part) for part in (inner.train, inner.test)]
            for inner in inner_folds(index, train, n_folds=3, seed=seed)
        ]
        versions = n_train * np.arange(n_versions)[:, None]
        pipeline.set_params(cv=[((versions + fit).ravel(), test) for fit, test in divisions])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stochastic Optimizer")  # stops early on purpose
        y = np.tile(index["label"].to_numpy()[train], n_versions)
        return pipeline.fit(np.concatenate([part[train] for part in (X, *copies)]), y)


def probabilities(model, X: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Class probabilities [shape=(n_clips, n_classes)] of a fitted model, in the order of ``classes``.

    Parameters
    ----------
    model : sklearn estimator or keras.Model
        A network's outputs are taken to be in that order; a scikit-learn model knows its classes, and
        one that it never met gets 0.
    X : np.ndarray [shape=(n_clips, n_columns)] or list of np.ndarray [shape=(n_features, n_frames)]
    classes : sequence of str
    """
    if not hasattr(model, "classes_"):
        import keras

        from .batches import stack

        parts = [model(stack(list(X[k : k + 64])), training=False) for k in range(0, len(X), 64)]
        return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
    proba = np.zeros((len(X), len(classes)))
    proba[:, [list(classes).index(name) for name in model.classes_]] = model.predict_proba(X)
    return proba

"""Fit one model on the rows that it may see; standardise per speaker; predict in the order of classes.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..splits import inner_folds


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
    X: np.ndarray,
    y: np.ndarray,
    *,
    validation: tuple[np.ndarray, np.ndarray],
    epochs: int = 60,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int = 6,
    seed: int = 0,
    verbose: int = 0,
) -> pd.DataFrame:
    """Train a Keras network, stop when the validation loss stops falling, keep the best weights.

    Parameters
    ----------
    network : keras.Model
        Uncompiled, with softmax output; trained in place.
    X : np.ndarray [shape=(n_clips, …)]
    y : np.ndarray of int [shape=(n_clips,)]
        Class numbers.
    validation : (X, y)
        Clips of *other speakers of the training part* (:func:`sercore.splits.inner_split`).
    patience : int
        Epochs without improvement before stopping.

    Returns
    -------
    pd.DataFrame
        One row per epoch: ``loss accuracy val_loss val_accuracy``.
    """
    import keras

    keras.utils.set_random_seed(seed)
    network.compile(
        keras.optimizers.Adam(learning_rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=8,  # same result; a third less time where batches are small
    )
    stop = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    history = network.fit(
        X,
        y,
        validation_data=validation,
        epochs=epochs,
        batch_size=batch_size,
        validation_batch_size=max(batch_size, 256),
        callbacks=[stop],
        verbose=verbose,
    )
    return pd.DataFrame(history.history).rename_axis("epoch")


def fit_classical(
    index: pd.DataFrame,
    X: np.ndarray,
    train: np.ndarray,
    *,
    model: str,
    settings: Mapping | None = None,
    seed: int = 0,
    scale: bool = True,
):
    """A scikit-learn pipeline fitted on some rows, scaler and calibration included.

    Parameters
    ----------
    train : np.ndarray of int [shape=(n_train,)]
        Row positions that may be used: ``fold.train``.
    index, X, model, settings, seed, scale
        As in :func:`out_of_fold`.

    Returns
    -------
    sklearn estimator
        With ``predict_proba`` and ``classes_``; :func:`probabilities` puts its columns in order.
    """
    from sklearn.calibration import CalibratedClassifierCV

    from ..models.classical import build_classical

    pipeline = build_classical(model, seed=seed, scale=scale, settings=settings)
    if isinstance(pipeline, CalibratedClassifierCV):  # its folds, too, keep speakers apart
        pipeline.set_params(
            cv=[
                (np.searchsorted(train, inner.train), np.searchsorted(train, inner.test))
                for inner in inner_folds(index, train, n_folds=3, seed=seed)
            ]
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Stochastic Optimizer")  # stops early on purpose
        return pipeline.fit(X[train], index["label"].to_numpy()[train])


def probabilities(model, X: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Class probabilities [shape=(n_clips, n_classes)] of a fitted model, in the order of ``classes``.

    Parameters
    ----------
    model : sklearn estimator or keras.Model
        A network's outputs are taken to be in that order; a scikit-learn model knows its classes, and
        one that it never met gets 0.
    X : np.ndarray [shape=(n_clips, …)]
    classes : sequence of str
    """
    if not hasattr(model, "classes_"):
        import keras

        parts = [model(X[k : k + 1024], training=False) for k in range(0, len(X), 1024)]
        return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
    proba = np.zeros((len(X), len(classes)))
    proba[:, [list(classes).index(name) for name in model.classes_]] = model.predict_proba(X)
    return proba

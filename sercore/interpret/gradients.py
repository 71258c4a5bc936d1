"""Class scores of a network and their gradients with respect to its input, on TensorFlow and JAX.

The *score* of a class is its logit minus the mean logit of all classes, computed from the probabilities
as the log-probability of the class minus the mean log-probability. Unlike a probability it does not
saturate near 1, and the score of a linear model is linear in its input.

References
----------
Baehrens et al.: How to explain individual classification decisions. JMLR 11, 1803–1831, 2010.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SercoreError

if TYPE_CHECKING:
    import keras

TINY = 1e-30
"""Smaller probabilities are raised to this before the logarithm."""


def class_probabilities(model: keras.Model, X: np.ndarray, *, batch_size: int = 128) -> np.ndarray:
    """Class probabilities of a network [shape=(n_clips, n_classes)].

    Parameters
    ----------
    model : keras.Model
        Network with softmax output.
    X : np.ndarray [shape=(n_clips, n_frames, n_features) or (n_clips, n_features)]
        As the network was trained on: standardised, NaN after the end of a clip.
    batch_size : int
        Clips per batch.

    Notebook: 07_interpretability.ipynb
    """
    from ..models.assembly import drop_retracing_warning

    drop_retracing_warning()
    return np.asarray(model.predict(X, batch_size=batch_size, verbose=0))


def class_scores(
    model: keras.Model, X: np.ndarray, targets: np.ndarray, *, batch_size: int = 128
) -> np.ndarray:
    """Logit of the target class minus the mean logit, in nats [shape=(n_clips,)].

    Parameters
    ----------
    model, X, batch_size
        As in :func:`class_probabilities`.
    targets : np.ndarray of int [shape=(n_clips,)]
        Target class of each clip.

    Raises
    ------
    SercoreError
        The targets are not class numbers of the model.

    See Also
    --------
    score_gradients : The gradient of the score.

    Notebook: 07_interpretability.ipynb
    """
    proba = class_probabilities(model, X, batch_size=batch_size)
    logs = np.log(np.maximum(proba, TINY))
    return (logs * _contrast(targets, proba.shape[1])).sum(axis=1)


def score_gradients(
    model: keras.Model, inputs: Sequence[np.ndarray], targets: np.ndarray, *, batch_size: int = 32
) -> np.ndarray:
    """Gradient of each clip's class score with respect to the first input, of the same shape.

    Padding (NaN) has gradient 0.

    Parameters
    ----------
    model : keras.Model
        Network with softmax output.
    inputs : sequence of np.ndarray
        Inputs of the model.
    targets : np.ndarray of int [shape=(n_clips,)]
        Target class of each clip.
    batch_size : int
        Clips per batch.

    Raises
    ------
    SercoreError
        The Keras backend is neither TensorFlow nor JAX, or the targets are not class numbers.

    See Also
    --------
    class_scores : The score itself.
    """
    contrast = _contrast(targets, model.output_shape[-1])
    step, parts = _gradient_step(model), []
    for k in range(0, len(contrast), batch_size):
        chunk = [_filled(array[k : k + batch_size], batch_size) for array in (contrast, *inputs)]
        chunk[1] = chunk[1].astype(np.float32)
        parts.append(np.asarray(step(*chunk)))
    return np.concatenate(parts)[: len(contrast)]


def _contrast(targets: np.ndarray, n_classes: int) -> np.ndarray:
    """Weights of the log-probabilities whose sum is the score [shape=(n_clips, n_classes)]."""
    targets = np.asarray(targets)
    if not np.issubdtype(targets.dtype, np.integer) or targets.ndim != 1:
        raise SercoreError(
            f"targets must be one class number per clip, not {targets.dtype} of shape {targets.shape}"
        )
    if targets.size and not 0 <= targets.min() <= targets.max() < n_classes:
        raise SercoreError(
            f"targets go from {targets.min()} to {targets.max()}, but classes are numbered from 0 to "
            f"{n_classes - 1}"
        )
    return (np.eye(n_classes)[targets] - 1.0 / n_classes).astype(np.float32)


def _filled(array: np.ndarray, n: int) -> np.ndarray:
    """The array with its last row repeated up to ``n`` rows: a fixed batch size avoids recompilation."""
    return np.concatenate([array, np.repeat(array[-1:], n - len(array), axis=0)])


_STEPS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
"""Compiled gradient function of each model in memory."""


def _gradient_step(model: keras.Model) -> Callable[..., np.ndarray]:
    """Compiled function (contrast, *inputs) -> gradient with respect to the first input."""
    import keras

    builders = {"tensorflow": _tensorflow_step, "jax": _jax_step}
    backend = keras.backend.backend()
    if backend not in builders:
        raise SercoreError(
            f"gradients need the Keras backend {' or '.join(builders)}, not {backend}; "
            "set KERAS_BACKEND before Python starts, or use a method without gradients (occlusion)"
        )
    if model not in _STEPS:
        _STEPS[model] = builders[backend](weakref.ref(model))
    return _STEPS[model]


def _score(proba, contrast):
    from keras import ops

    return ops.sum(contrast * ops.log(ops.maximum(proba, TINY)))


def _unpacked(inputs):
    return inputs[0] if len(inputs) == 1 else list(inputs)


def _tensorflow_step(model):
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def step(contrast, *inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs[0])
            score = _score(model()(_unpacked(inputs), training=False), contrast)
        return tape.gradient(score, inputs[0])

    return lambda *arrays: step(*(tf.convert_to_tensor(array) for array in arrays))


def _jax_step(model):
    import jax

    def score(first, rest, contrast, trained, other):
        proba, _ = model().stateless_call(trained, other, _unpacked((first, *rest)), training=False)
        return _score(proba, contrast)

    gradient = jax.jit(jax.grad(score))

    def step(contrast, first, *rest):
        weights = [
            [v.value for v in part] for part in (model().trainable_variables, model().non_trainable_variables)
        ]
        return gradient(first, rest, contrast, *weights)

    return step

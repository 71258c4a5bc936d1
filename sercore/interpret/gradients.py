"""How strongly a network says a class, and how that changes with what it reads, on any Keras backend.

The *score* of a class is its logit minus the mean logit of all classes, read off the probabilities
as the logarithm of one minus the mean logarithm of all. A probability near 1 hardly moves any more;
a score still does, and that of a linear model is linear in its input.

References
----------
Baehrens et al.: How to explain individual classification decisions. JMLR 11, 1803–1831, 2010.

Notebook: 07_interpretability.ipynb
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
"""Smallest probability whose logarithm is taken."""


def class_probabilities(model: keras.Model, X: np.ndarray, *, batch_size: int = 128) -> np.ndarray:
    """Class probabilities of a network [shape=(n_clips, n_classes)].

    Parameters
    ----------
    model : keras.Model
        With softmax output.
    X : np.ndarray [shape=(n_clips, n_frames, n_features) or (n_clips, n_features)]
        As the network was trained on: standardised, NaN after the end of a clip.
    """
    return np.asarray(model.predict(X, batch_size=batch_size, verbose=0))


def class_scores(
    model: keras.Model, X: np.ndarray, targets: np.ndarray, *, batch_size: int = 128
) -> np.ndarray:
    """Logit of a class above the mean logit, for each clip, in nats [shape=(n_clips,)].

    Parameters
    ----------
    model, X, batch_size
        As in :func:`class_probabilities`.
    targets : np.ndarray of int [shape=(n_clips,)]
        Number of the class that is asked about.
    """
    proba = class_probabilities(model, X, batch_size=batch_size)
    logs = np.log(np.maximum(proba, TINY))
    return (logs * _contrast(targets, proba.shape[1])).sum(axis=1)


def score_gradients(
    model: keras.Model, inputs: Sequence[np.ndarray], targets: np.ndarray, *, batch_size: int = 32
) -> np.ndarray:
    """Change of each clip's class score per unit of each value of the first input, same shape as it.

    Padding (NaN) has gradient 0.

    Parameters
    ----------
    model : keras.Model
        With softmax output.
    inputs : sequence of np.ndarray
        What the model reads; the gradient is taken with respect to the first.
    targets : np.ndarray of int [shape=(n_clips,)]

    Raises
    ------
    SercoreError
        The Keras backend is neither TensorFlow nor JAX.
    """
    contrast = _contrast(targets, model.output_shape[-1])
    step, parts = _gradient_step(model), []
    for k in range(0, len(contrast), batch_size):
        chunk = [_filled(array[k : k + batch_size], batch_size) for array in (contrast, *inputs)]
        chunk[1] = chunk[1].astype(np.float32)
        parts.append(np.asarray(step(*chunk)))
    return np.concatenate(parts)[: len(contrast)]


def _contrast(targets: np.ndarray, n_classes: int) -> np.ndarray:
    """Weights of the log-probabilities that make a score [shape=(n_clips, n_classes)]."""
    targets = np.asarray(targets)
    if not np.issubdtype(targets.dtype, np.integer) or targets.ndim != 1:
        raise SercoreError("targets are class numbers, one whole number per clip")
    if targets.size and not 0 <= targets.min() <= targets.max() < n_classes:
        raise SercoreError(f"targets go up to {targets.max()}, but the model has {n_classes} classes")
    return (np.eye(n_classes)[targets] - 1.0 / n_classes).astype(np.float32)


def _filled(array: np.ndarray, n: int) -> np.ndarray:
    """The array with its last row repeated up to ``n`` rows, so that nothing is compiled twice."""
    return np.concatenate([array, np.repeat(array[-1:], n - len(array), axis=0)])


_STEPS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
"""The compiled gradient of each model that is still alive."""


def _gradient_step(model: keras.Model) -> Callable[..., np.ndarray]:
    """Compiled function (contrast, *inputs) -> gradient with respect to the first input."""
    import keras

    builders = {"tensorflow": _tensorflow_step, "jax": _jax_step}
    backend = keras.backend.backend()
    if backend not in builders:
        raise SercoreError(
            f"gradients are written for the Keras backends {' and '.join(builders)}, not {backend}; "
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

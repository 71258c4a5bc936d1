"""Where in a clip the evidence for a class lies: one value per frame and feature.

Every method returns an array of the shape of its input, 0 in the padding. Positive values speak for
the class that is asked about, negative ones against it.

========================  ============================================================  ==========
method                    what it measures                                              sign
========================  ============================================================  ==========
``gradient_input``        slope of the score times distance from the baseline           both
``integrated_gradients``  the same, averaged on the way from the baseline; sums to      both
                          the difference of the scores
``grad_cam``              channels of the last layer that still has time, weighted by   positive
                          their mean gradient; as coarse as that layer
``occlusion``             loss of score when a box is replaced by the baseline          both
``attention``             how much of each frame reaches the summary by attention;      positive
                          knows neither class nor frequency
========================  ============================================================  ==========

None of them is an explanation by itself: :mod:`.faithfulness`, :mod:`.sanity` and :mod:`.planted` test
whether a map is true.

References
----------
Shrikumar et al.: Not just a black box. arXiv 1605.01713, 2016 (gradient × input).

Sundararajan et al.: Axiomatic attribution for deep networks. ICML 2017 (integrated gradients).

Notebook: 07_interpretability.ipynb
"""
# MERGED DOC: Occlusion: hide one box of time and frequency after the other and see what it costs.
#
#   References
#   ----------
#   Zeiler & Fergus: Visualizing and understanding convolutional networks. ECCV 2014.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import SercoreError
from .gradients import class_probabilities, class_scores, score_gradients
from .regions import BOX, box_numbers, box_sizes

if TYPE_CHECKING:
    import keras


METHODS = ("gradient_input", "integrated_gradients", "grad_cam", "occlusion", "attention")
"""Every method by name, in the order of tables and figures."""


def attribute(
    model: keras.Model, X: np.ndarray, *, method: str, targets: np.ndarray | None = None, **options
) -> np.ndarray:
    """Evidence for a class in each clip, by the named method.

    Parameters
    ----------
    model : keras.Model
        With softmax output.
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        Standardised, NaN after the end of a clip, as the model was trained on. The two methods by
        gradient also take a table [shape=(n_clips, n_features)].
    method : str
        From :data:`METHODS`.
    targets : np.ndarray of int [shape=(n_clips,)], optional
        Class that is asked about; by default the one that the model says.
    **options
        Of :func:`gradient_input`, :func:`integrated_gradients`, :func:`~sercore.interpret.grad_cam`,
        :func:`~sercore.interpret.attribution` or :func:`~sercore.interpret.layer_relevance`.

    Returns
    -------
    np.ndarray [shape of X, dtype=float32]

    Raises
    ------
    SercoreError
        No such method, or the model has no layer for it.
    """
    from .layer_relevance import attention_rollout, grad_cam

    pass

    functions = dict(
        zip(
            METHODS,
            (gradient_input, integrated_gradients, grad_cam, occlusion, attention_rollout),
            strict=True,
        )
    )
    if method not in functions:
        raise SercoreError(f"no method named {method!r}; there are: {', '.join(METHODS)}")
    targets = class_probabilities(model, X).argmax(axis=1) if targets is None else np.asarray(targets)
    return functions[method](model, X, targets, **options).astype(np.float32)


def applicable_methods(model: keras.Model) -> list[str]:
    """Names of the methods that a network has the layers for."""
    from .layer_relevance import attention_layers, last_map_layer

    tests = {"grad_cam": last_map_layer, "attention": attention_layers}
    if len(model.input_shape) == 2:
        return list(METHODS[:2])
    return [name for name in METHODS if name not in tests or tests[name](model)]


def gradient_input(
    model: keras.Model,
    X: np.ndarray,
    targets: np.ndarray,
    *,
    baseline: float | np.ndarray = 0.0,
    batch_size=32,
) -> np.ndarray:
    """Slope of the class score times the distance from the baseline.

    Exact where the score is linear in the input; elsewhere it says what a *small* change would do.

    Parameters
    ----------
    model, X, targets
        As in :func:`attribute`.
    baseline : float or np.ndarray [broadcasts to X]
        What counts as nothing said; 0 is the mean frame of the training clips.
    """
    gradients = score_gradients(model, [X], targets, batch_size=batch_size)
    return _without_padding(gradients * (X - baseline))


def integrated_gradients(
    model: keras.Model,
    X: np.ndarray,
    targets: np.ndarray,
    *,
    baseline: float | np.ndarray = 0.0,
    n_steps: int = 16,
    batch_size=32,
) -> np.ndarray:
    """Mean slope on the straight way from the baseline to the clip, times its length.

    The values of a clip sum to score(clip) − score(baseline), but for the error of ``n_steps``, which
    :func:`completeness_gap` measures. The steps are those of Gauss and Legendre.

    Parameters
    ----------
    model, X, targets, baseline
        As in :func:`gradient_input`.
    n_steps : int
        Places on the way at which the gradient is taken.
    """
    places, weights = np.polynomial.legendre.leggauss(n_steps)
    mean = np.zeros(X.shape)
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        between = baseline + place * (X - baseline)
        mean += weight * score_gradients(model, [between], targets, batch_size=batch_size)
    return _without_padding(mean * (X - baseline))


def completeness_gap(
    model: keras.Model,
    X: np.ndarray,
    targets: np.ndarray,
    maps: np.ndarray,
    *,
    baseline: float | np.ndarray = 0.0,
) -> np.ndarray:
    """Sum of each map minus what it should sum to, score(clip) − score(baseline) [shape=(n_clips,)]."""
    empty = np.where(np.isnan(X), np.nan, baseline).astype(np.float32)
    wanted = class_scores(model, X, targets) - class_scores(model, empty, targets)
    return maps.reshape(len(maps), -1).sum(axis=1) - wanted


def _without_padding(maps: np.ndarray) -> np.ndarray:
    """0 where the clip has ended."""
    return np.nan_to_num(maps, nan=0.0)


def occlusion(
    model: keras.Model,
    X: np.ndarray,
    targets: np.ndarray,
    *,
    box: tuple[int, int] = BOX,
    baseline: float | np.ndarray = 0.0,
    batch_size: int = 128,
) -> np.ndarray:
    """Loss of class score when a box is replaced by the baseline, spread evenly over its cells.

    Of a linear model the values sum to score(clip) − score(baseline).

    Parameters
    ----------
    model : keras.Model
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
    targets : np.ndarray of int [shape=(n_clips,)]
    box : (int, int)
        Frames and features that are hidden together. Smaller boxes cost more time and may hide too
        little to matter, as neighbours say the same.
    baseline : float or np.ndarray [broadcasts to X]
        What is put there; 0 is the mean frame of the training clips.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_frames, n_features)]
    """
    inside = ~np.isnan(X)
    numbers, sizes = box_numbers(*X.shape[1:], box=box), box_sizes(X, box=box)
    hidden = np.where(inside, baseline, np.nan).astype(np.float32)
    whole = class_scores(model, X, targets, batch_size=batch_size)
    losses = np.zeros(sizes.shape)
    clips, hit = np.nonzero(sizes)
    for k in range(0, len(clips), 1024):  # as many masked copies are in memory at once
        clip, number = clips[k : k + 1024], hit[k : k + 1024]
        masked = np.where(numbers == number[:, None, None], hidden[clip], X[clip])
        left = class_scores(model, masked, targets[clip], batch_size=batch_size)
        losses[clip, number] = whole[clip] - left
    return np.where(inside, (losses / np.maximum(sizes, 1))[:, numbers], 0.0)

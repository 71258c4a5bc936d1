"""Attribution maps: evidence for a class at each frame and feature of a clip.

Every method returns an array of the shape of its input, 0 in the padding. Positive values are evidence
for the target class, negative values against it.

========================  ============================================================  ==========
method                    what it measures                                              sign
========================  ============================================================  ==========
``gradient_input``        gradient of the class score times distance from the baseline  both
``integrated_gradients``  the same, averaged along the path from the baseline; sums to  both
                          the difference of the scores
``grad_cam``              channels of the last layer with a time axis, weighted by      positive
                          their mean gradient, at the resolution of that layer
``occlusion``             loss of score when a box is replaced by the baseline          both
``attention``             weight of each frame in the attention layers; independent of  positive
                          class and frequency
========================  ============================================================  ==========

An attribution map is not an explanation by itself: :mod:`~sercore.interpret.faithfulness` and
:mod:`~sercore.interpret.synthetic_benchmark` test whether it is faithful to the model.

References
----------
Shrikumar et al.: Not just a black box. arXiv 1605.01713, 2016 (gradient × input).

Sundararajan et al.: Axiomatic attribution for deep networks. ICML 2017 (integrated gradients).

Zeiler & Fergus: Visualizing and understanding convolutional networks. ECCV 2014 (occlusion).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import SercoreError
from .gradients import class_probabilities, class_scores, score_gradients
from .layer_relevance import attention_layers, attention_rollout, grad_cam, last_map_layer
from .regions import BOX, box_numbers, box_sizes

if TYPE_CHECKING:
    import keras

METHODS = ("gradient_input", "integrated_gradients", "grad_cam", "occlusion", "attention")
"""Names of all methods, in the order of tables and figures."""


def attribute(
    model: keras.Model, X: np.ndarray, *, method: str, targets: np.ndarray | None = None, **options
) -> np.ndarray:
    """Attribution maps of clips by the named method.

    Parameters
    ----------
    model : keras.Model
        Network with softmax output.
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        Standardised, NaN after the end of a clip, as the model was trained on. ``gradient_input`` and
        ``integrated_gradients`` also accept a table [shape=(n_clips, n_features)].
    method : str
        One of :data:`METHODS`.
    targets : np.ndarray of int [shape=(n_clips,)], optional
        Target class of each clip; by default the predicted class.
    **options
        Options of :func:`gradient_input`, :func:`integrated_gradients`,
        :func:`~sercore.interpret.grad_cam` or :func:`occlusion`.

    Returns
    -------
    np.ndarray [shape of X, dtype=float32]

    Raises
    ------
    SercoreError
        The method is unknown, or the model does not have the layers it needs.

    See Also
    --------
    applicable_methods : The methods that suit a network.

    Notebook: 07_interpretability.ipynb
    """
    functions = {
        "gradient_input": gradient_input,
        "integrated_gradients": integrated_gradients,
        "grad_cam": grad_cam,
        "occlusion": occlusion,
        "attention": attention_rollout,
    }
    if method not in functions:
        raise SercoreError(f"no method named {method!r}; there are: {', '.join(METHODS)}")
    targets = class_probabilities(model, X).argmax(axis=1) if targets is None else np.asarray(targets)
    return functions[method](model, X, targets, **options).astype(np.float32)


def applicable_methods(model: keras.Model) -> list[str]:
    """Names of the methods for which a network has the layers.

    Notebook: 07_interpretability.ipynb
    """
    required = {"grad_cam": last_map_layer, "attention": attention_layers}
    if len(model.input_shape) == 2:
        return list(METHODS[:2])
    return [name for name in METHODS if name not in required or required[name](model)]


def gradient_input(
    model: keras.Model,
    X: np.ndarray,
    targets: np.ndarray,
    *,
    baseline: float | np.ndarray = 0.0,
    batch_size: int = 32,
) -> np.ndarray:
    """Gradient of the class score times the distance from the baseline.

    Exact if the score is linear in the input; otherwise a local approximation.

    Parameters
    ----------
    model, X, targets
        As in :func:`attribute`.
    baseline : float or np.ndarray [broadcasts to X]
        Reference input without evidence; 0 is the mean frame of the training clips.
    batch_size : int
        Clips per gradient computation.

    Returns
    -------
    np.ndarray [shape of X]

    See Also
    --------
    integrated_gradients : Averages the gradient along a path.
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
    batch_size: int = 32,
) -> np.ndarray:
    """Mean gradient on the straight path from the baseline to the clip, times their distance.

    The values of a clip sum to score(clip) − score(baseline), except for the error of numerical
    integration (Gauss–Legendre quadrature), which :func:`completeness_gap` returns.

    Parameters
    ----------
    model, X, targets, baseline, batch_size
        As in :func:`gradient_input`.
    n_steps : int
        Quadrature points at which the gradient is computed.

    Returns
    -------
    np.ndarray [shape of X]

    See Also
    --------
    completeness_gap : Checks the sum.
    """
    points, weights = np.polynomial.legendre.leggauss(n_steps)
    mean = np.zeros(X.shape)
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        between = baseline + point * (X - baseline)
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
    """Sum of each attribution map minus score(clip) − score(baseline), in nats [shape=(n_clips,)].

    Parameters
    ----------
    model, X, targets, baseline
        As in :func:`gradient_input`.
    maps : np.ndarray [shape of X]
        Attribution maps, from :func:`integrated_gradients`.

    Notebook: 07_interpretability.ipynb
    """
    empty = np.where(np.isnan(X), np.nan, baseline).astype(np.float32)
    difference = class_scores(model, X, targets) - class_scores(model, empty, targets)
    return maps.reshape(len(maps), -1).sum(axis=1) - difference


def _without_padding(maps: np.ndarray) -> np.ndarray:
    """Attribution maps with 0 instead of NaN in the padding."""
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
    """Loss of class score when a box is replaced by the baseline, distributed evenly over its cells.

    For a linear model the values sum to score(clip) − score(baseline).

    Parameters
    ----------
    model, X, targets, baseline
        As in :func:`gradient_input`; frames only.
    box : (int, int)
        Frames and features that are replaced together. Smaller boxes take more time and may have too
        little effect, as neighbouring cells are redundant.
    batch_size : int
        Clips per prediction.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_frames, n_features)]

    See Also
    --------
    sercore.interpret.sonification.predict_masked : Removes a part of the waveform instead.
    """
    inside = ~np.isnan(X)
    numbers, sizes = box_numbers(*X.shape[1:], box=box), box_sizes(X, box=box)
    hidden = np.where(inside, baseline, np.nan).astype(np.float32)
    whole = class_scores(model, X, targets, batch_size=batch_size)
    losses = np.zeros(sizes.shape)
    clips, boxes = np.nonzero(sizes)
    for k in range(0, len(clips), 1024):  # this many occluded clips are in memory at once
        clip, number = clips[k : k + 1024], boxes[k : k + 1024]
        occluded = np.where(numbers == number[:, None, None], hidden[clip], X[clip])
        losses[clip, number] = whole[clip] - class_scores(
            model, occluded, targets[clip], batch_size=batch_size
        )
    return np.where(inside, (losses / np.maximum(sizes, 1))[:, numbers], 0.0)

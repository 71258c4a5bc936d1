"""Faithfulness of attribution maps: deletion and insertion, weight randomisation, agreement of methods.

*Deletion* replaces the boxes of a clip by the baseline, those with the most evidence first; with a
faithful map the probability falls faster than with a random order. *Insertion* adds them to an empty
clip; with a faithful map the probability rises faster. The score is the area between the two curves.
Partly deleted clips are unlike the training data, so a curve reflects both the map and the model's
behaviour on such clips. Compare it with a random order, which is affected in the same way, not with a
straight line.

:func:`sanity_check` tests whether a map depends on the model: one that stays the same after the weights
are shuffled shows the clip, not the model. :func:`method_agreement` compares methods: two that disagree
cannot both be faithful, but two that agree can both be wrong.

References
----------
Petsiuk et al.: RISE: randomized input sampling for explanation of black-box models. BMVC 2018.

Adebayo et al.: Sanity checks for saliency maps. NeurIPS 2018.

Krishna et al.: The disagreement problem in explainable machine learning. TMLR 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..evaluation.bootstrap import mean_interval
from .attribution import attribute
from .gradients import class_probabilities
from .regions import BOX, box_means, box_numbers

if TYPE_CHECKING:
    import keras

MODES = ("deletion", "insertion")


def deletion_curves(
    model: keras.Model,
    X: np.ndarray,
    order: np.ndarray,
    targets: np.ndarray,
    *,
    mode: str = "deletion",
    box: tuple[int, int] = BOX,
    n_points: int = 11,
    baseline: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """Probability of the target class while boxes are deleted or inserted in a given order.

    Parameters
    ----------
    model : keras.Model
        Network with softmax output.
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        Standardised, NaN after the end of a clip.
    order : np.ndarray [shape=(n_clips, n_frames, n_features)]
        Attribution maps; boxes with the largest mean come first.
    targets : np.ndarray of int [shape=(n_clips,)]
        Target class of each clip.
    mode : str
        ``deletion`` or ``insertion``.
    box : (int, int)
        Frames and features per box.
    n_points : int
        Points of the curve, from no box to all boxes in equal steps.
    baseline : float
        Value of deleted cells; 0 is the mean frame of the training clips.
    seed : int
        Draws the order of boxes with equal means, so that a map without information is a random order.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_points)]

    Raises
    ------
    SercoreError
        The mode is unknown, or a map is not finite inside its clip.

    See Also
    --------
    compare_faithfulness : Areas under these curves for several methods.
    """
    if mode not in MODES:
        raise SercoreError(f"mode is {mode!r}; it must be 'deletion' or 'insertion'")
    if not np.isfinite(order[~np.isnan(X)]).all():
        raise SercoreError("an attribution map is not finite inside its clip")
    means = box_means(order, X, box=box)
    last = -np.where(np.isnan(means), -np.inf, means)
    ranks = np.lexsort((np.random.default_rng(seed).random(means.shape), last)).argsort(axis=1)
    ranks = ranks / np.isfinite(means).sum(axis=1, keepdims=True)
    ranks = ranks[:, box_numbers(*X.shape[1:], box=box)]  # of each cell, 0 (first) to 1
    empty = np.where(np.isnan(X), np.nan, baseline).astype(np.float32)
    points = []
    for fraction in np.linspace(0, 1, n_points):
        selected = ranks < fraction - 1e-9
        changed = np.where(selected == (mode == "deletion"), empty, X)
        points.append(class_probabilities(model, changed)[np.arange(len(X)), targets])
    return np.stack(points, axis=1)


def compare_faithfulness(
    model: keras.Model,
    X: np.ndarray,
    maps: Mapping[str, np.ndarray],
    targets: np.ndarray,
    speakers: Sequence[str],
    *,
    n_random: int = 3,
    seed: int = 0,
    **options,
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Deletion and insertion scores of attribution maps relative to a random order, with intervals.

    Parameters
    ----------
    model, X, targets
        As in :func:`deletion_curves`.
    maps : mapping of str to np.ndarray [shape of X]
        Attribution maps by method.
    speakers : sequence of str [shape=(n_clips,)]
        Speaker of each clip.
    n_random : int
        Random orders, whose mean curve is the reference.
    seed : int
        Seed of the random orders.
    **options
        ``box``, ``n_points`` and ``baseline`` of :func:`deletion_curves`.

    Returns
    -------
    table : pd.DataFrame
        One row per method: ``deletion`` and ``insertion``, the area between the curves of the map and of
        the random order as a mean probability (above 0: faithful), each with the limits of its 95 %
        interval over speakers, ``_low`` and ``_high``.
    mean_curves : dict of str to pd.DataFrame
        For each mode the mean curve of each method and of ``random``; the row index is the fraction of
        boxes.

    See Also
    --------
    sanity_check : Whether a map depends on the learned weights.

    Notebook: 07_interpretability.ipynb
    """
    rng, rows, means = np.random.default_rng(seed), {name: {} for name in maps}, {}
    for mode in MODES:
        orders = (rng.random(X.shape) for _ in range(n_random))
        chance = np.mean(
            [deletion_curves(model, X, order, targets, mode=mode, **options) for order in orders], axis=0
        )
        sign = -1 if mode == "deletion" else 1
        curves = {"random": chance}
        for name, one in maps.items():
            curves[name] = deletion_curves(model, X, one, targets, mode=mode, **options)
            gain = sign * (area(curves[name]) - area(chance))
            value, low, high = mean_interval(gain, speakers)
            rows[name] |= {mode: float(value), f"{mode}_low": float(low), f"{mode}_high": float(high)}
        fractions = np.linspace(0, 1, chance.shape[1])
        means[mode] = pd.DataFrame({name: c.mean(axis=0) for name, c in curves.items()}, index=fractions)
    return pd.DataFrame.from_dict(rows, orient="index"), means


def area(curve: np.ndarray) -> np.ndarray:
    """Area under curves over the interval from 0 to 1, by the trapezoidal rule [shape=(n_clips,)].

    Examples
    --------
    >>> area(np.array([[0.0, 0.5, 1.0]])).tolist()
    [0.5]
    """
    return np.trapezoid(curve, dx=1 / (curve.shape[-1] - 1), axis=-1)


def shuffle_weights(model: keras.Model, *, layers: str = "all", seed: int = 0) -> keras.Model:
    """Clone of a model with the values of each weight array permuted, which removes what it has learned.

    Parameters
    ----------
    model : keras.Model
        It is not changed.
    layers : str
        ``all``, or ``last`` for only the last layer with weights.
    seed : int
        Seed of the permutations.

    Raises
    ------
    SercoreError
        ``layers`` is neither.
    """
    import keras

    if layers not in ("all", "last"):
        raise SercoreError(f"layers is {layers!r}; it must be 'all' or 'last'")
    shuffled, rng = keras.models.clone_model(model), np.random.default_rng(seed)
    shuffled.set_weights(model.get_weights())
    weighted = [layer for layer in shuffled.layers if layer.weights]
    for layer in weighted if layers == "all" else weighted[-1:]:
        layer.set_weights([rng.permuted(array.ravel()).reshape(array.shape) for array in layer.get_weights()])
    return shuffled


def sanity_check(
    model: keras.Model,
    X: np.ndarray,
    targets: np.ndarray,
    methods: Mapping[str, Mapping] | Iterable[str],
    *,
    box: tuple[int, int] = BOX,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank correlation of attribution maps before and after the model's weights are shuffled.

    Parameters
    ----------
    model, X, targets
        As in :func:`sercore.interpret.attribute`.
    methods : iterable of str, or mapping of str to options
        Names from :data:`sercore.interpret.METHODS`.
    box : (int, int)
        Frames and features over which the maps are averaged first.
    seed : int
        Seed of the shuffled weights.

    Returns
    -------
    pd.DataFrame
        One row per method, columns ``last`` (only the last layer shuffled) and ``all``: mean correlation
        over clips. Near 0: the map depends on the learned weights; 1: it does not. NaN if maps are
        constant.

    See Also
    --------
    shuffle_weights : The shuffled model.

    Notebook: 07_interpretability.ipynb
    """
    settings = methods if isinstance(methods, Mapping) else {name: {} for name in methods}
    shuffled = {layers: shuffle_weights(model, layers=layers, seed=seed) for layers in ("last", "all")}
    rows = {}
    for name, options in settings.items():
        before = attribute(model, X, method=name, targets=targets, **options)
        after = {
            layers: attribute(other, X, method=name, targets=targets, **options)
            for layers, other in shuffled.items()
        }
        rows[name] = {layers: _rank_correlation(before, maps, X, box) for layers, maps in after.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def method_agreement(
    maps: Mapping[str, np.ndarray], X: np.ndarray, *, box: tuple[int, int] = BOX
) -> pd.DataFrame:
    """Rank correlation between the attribution maps of each pair of methods, mean over clips.

    Parameters
    ----------
    maps : mapping of str to np.ndarray [shape of X]
        Attribution maps by method.
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        The clips, NaN after their end.
    box : (int, int)
        Frames and features over which the maps are averaged first.

    Returns
    -------
    pd.DataFrame [shape=(n_methods, n_methods)]

    Examples
    --------
    >>> X, one = np.zeros((1, 2, 2)), np.array([[[0.0, 1.0], [2.0, 3.0]]])
    >>> method_agreement({"a": one, "b": -one}, X, box=(1, 1)).round(1).to_numpy().tolist()
    [[1.0, -1.0], [-1.0, 1.0]]

    Notebook: 07_interpretability.ipynb
    """
    names = list(maps)
    table = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for k, first in enumerate(names):
        for second in names[k + 1 :]:
            value = _rank_correlation(maps[first], maps[second], X, box)
            table.loc[first, second] = table.loc[second, first] = value
    return table


def _rank_correlation(first, second, X, box) -> float:
    """Spearman's rank correlation over the boxes of each clip, mean over clips with non-constant maps."""
    from scipy.stats import rankdata

    values = []
    for one, other in zip(box_means(first, X, box=box), box_means(second, X, box=box), strict=True):
        inside = np.isfinite(one)
        a, b = rankdata(one[inside]), rankdata(other[inside])
        if a.std() > 0 and b.std() > 0:
            values.append(np.corrcoef(a, b)[0, 1])
    return float(np.mean(values)) if values else np.nan

"""Is a map true of its model? Take away what it points at, and see whether the model minds.

*Deletion* replaces the boxes of a clip by the baseline, those with the most evidence first; a true
map makes the probability fall faster than a random order does. *Insertion* puts them into an empty
clip; a true map makes it rise faster. What counts is the area between the two curves.

Half-deleted clips are like nothing the model was trained on, so a curve judges the map and the
model's behaviour on such clips together. The random order is deleted in the same way: compare with it,
and not with a straight line.

References
----------
Petsiuk et al.: RISE: randomized input sampling for explanation of black-box models. BMVC 2018.

Notebook: 07_interpretability.ipynb
"""
# MERGED DOC: Does a map depend on what the model learned, and do the methods agree?
#
#   A map that stays the same when the weights are shuffled shows the clip, not the model. Two methods
#   that disagree cannot both be right; two that agree can both be wrong.
#
#   References
#   ----------
#   Adebayo et al.: Sanity checks for saliency maps. NeurIPS 2018.
#
#   Krishna et al.: The disagreement problem in explainable machine learning. TMLR 2024.

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
) -> np.ndarray:
    """Probability of the class while boxes are deleted, or inserted, in a given order.

    Parameters
    ----------
    model : keras.Model
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
    order : np.ndarray [shape=(n_clips, n_frames, n_features)]
        A map; boxes with the largest mean come first.
    targets : np.ndarray of int [shape=(n_clips,)]
    game : str
        ``deletion`` or ``insertion``.
    box : (int, int)
        Frames and features that go together.
    n_points : int
        From nothing (0) to all boxes of the clip (1), in equal steps.
    baseline : float
        What is left where something was deleted; 0 is the mean frame of the training clips.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_points)]
    """
    if mode not in MODES:
        raise SercoreError(f"mode={mode!r} must be {' or '.join(MODES)}")
    means = box_means(order, X, box=box)
    ranks = (-np.where(np.isnan(means), -np.inf, means)).argsort(axis=1, kind="stable").argsort(axis=1)
    shares = ranks / np.isfinite(means).sum(axis=1, keepdims=True)
    shares = shares[:, box_numbers(*X.shape[1:], box=box)]  # when each cell goes, 0 to 1
    empty = np.where(np.isnan(X), np.nan, baseline).astype(np.float32)
    points = []
    for share in np.linspace(0, 1, n_points):
        gone = shares < share - 1e-9
        changed = np.where(gone == (mode == "deletion"), empty, X)
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
    """How much better than a random order the order of each map is, with 95 % intervals over speakers.

    Parameters
    ----------
    model, X, targets
        As in :func:`deletion_curves`.
    maps : mapping of str to np.ndarray [shape of X]
        Maps by method.
    speakers : sequence of str [shape=(n_clips,)]
    n_random : int
        Random orders, whose mean curve the others are compared with.
    seed : int
        Of the random orders.
    **options
        ``box``, ``n_points`` and ``baseline`` of :func:`deletion_curves`.

    Returns
    -------
    table : pd.DataFrame
        One row per method: ``deletion`` and ``insertion``, the area by which the map beats the random
        order as a mean probability (above 0: faithful), each with ``_low`` and ``_high``.
    mean_curves : dict of str to pd.DataFrame
        For each game the mean curve of each method and of ``random``; rows are the share of boxes.
    """
    rng, rows, means = np.random.default_rng(seed), {name: {} for name in maps}, {}
    for mode in MODES:
        chance = np.mean(
            [
                deletion_curves(model, X, rng.random(X.shape), targets, mode=mode, **options)
                for _ in range(n_random)
            ],
            axis=0,
        )
        sign = -1 if mode == "deletion" else 1
        drawn = {"random": chance}
        for name, one in maps.items():
            drawn[name] = deletion_curves(model, X, one, targets, mode=mode, **options)
            better = sign * (area(drawn[name]) - area(chance))
            value, low, high = mean_interval(better, speakers)
            rows[name] |= {mode: float(value), f"{mode}_low": float(low), f"{mode}_high": float(high)}
        shares = np.linspace(0, 1, chance.shape[1])
        means[mode] = pd.DataFrame({name: curve.mean(axis=0) for name, curve in drawn.items()}, index=shares)
    return pd.DataFrame.from_dict(rows, orient="index"), means


def area(curve: np.ndarray) -> np.ndarray:
    """Area under curves from 0 to 1 by trapezoids: a mean probability [shape=(n_clips,)]."""
    return np.trapezoid(curve, dx=1 / (curve.shape[-1] - 1), axis=-1)


def shuffle_weights(model: keras.Model, *, layers: str = "all", seed: int = 0) -> keras.Model:
    """A copy of a model whose weights are exchanged within each array, so that nothing learned is left.

    Parameters
    ----------
    model : keras.Model
    layers : str
        ``all``, or ``last`` for the last layer with weights alone.
    seed : int
    """
    import keras

    if layers not in ("all", "last"):
        raise SercoreError(f"layers is {layers!r}; it is 'all' or 'last'")
    copy, rng = keras.models.clone_model(model), np.random.default_rng(seed)
    copy.set_weights(model.get_weights())
    weighted = [layer for layer in copy.layers if layer.weights]
    for layer in weighted if layers == "all" else weighted[-1:]:
        layer.set_weights([rng.permuted(array.ravel()).reshape(array.shape) for array in layer.get_weights()])
    return copy


def sanity_check(
    model: keras.Model,
    X: np.ndarray,
    targets: np.ndarray,
    methods: Mapping[str, Mapping] | Iterable[str],
    *,
    box: tuple[int, int] = BOX,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank correlation of each method's maps with those of the model after its weights are shuffled.

    Parameters
    ----------
    model, X, targets
        As in :func:`sercore.interpret.attribute`.
    methods : iterable of str, or mapping of str to options
        From :data:`sercore.interpret.METHODS`.
    box : (int, int)
        Frames and features over which maps are averaged first.

    Returns
    -------
    pd.DataFrame
        One row per method, columns ``last`` (only the last layer shuffled) and ``all``: means over clips,
        near 0 for a map of what was learned, 1 for one that did not notice. NaN where a map is constant.
    """
    settings = methods if isinstance(methods, Mapping) else {name: {} for name in methods}
    copies = {layers: shuffle_weights(model, layers=layers, seed=seed) for layers in ("last", "all")}
    rows = {}
    for name, options in settings.items():
        before = attribute(model, X, method=name, targets=targets, **options)
        rows[name] = {
            layers: _rank_correlation(
                before, attribute(copy, X, method=name, targets=targets, **options), X, box
            )
            for layers, copy in copies.items()
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def method_agreement(
    maps: Mapping[str, np.ndarray], X: np.ndarray, *, box: tuple[int, int] = BOX
) -> pd.DataFrame:
    """Rank correlation between the maps of any two methods, mean over clips.

    Parameters
    ----------
    maps : mapping of str to np.ndarray [shape of X]
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        The clips, NaN after their end.
    box : (int, int)
        Frames and features over which maps are averaged first.

    Returns
    -------
    pd.DataFrame [shape=(n_methods, n_methods)]
    """
    names = list(maps)
    table = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for k, first in enumerate(names):
        for second in names[k + 1 :]:
            value = _rank_correlation(maps[first], maps[second], X, box)
            table.loc[first, second] = table.loc[second, first] = value
    return table


def _rank_correlation(first, second, X, box) -> float:
    """Spearman's rank correlation over the boxes of each clip, mean over the clips where it exists."""
    from scipy.stats import rankdata

    values = []
    for one, other in zip(box_means(first, X, box=box), box_means(second, X, box=box), strict=True):
        inside = np.isfinite(one)
        a, b = rankdata(one[inside]), rankdata(other[inside])
        if a.std() > 0 and b.std() > 0:
            values.append(np.corrcoef(a, b)[0, 1])
    return float(np.mean(values)) if values else np.nan

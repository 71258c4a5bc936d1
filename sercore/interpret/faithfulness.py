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

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import SercoreError
from .grid import BOX, box_means, boxes
from .intervals import mean_interval
from .scoring import probabilities

if TYPE_CHECKING:
    import keras

GAMES = ("deletion", "insertion")


def curves(
    model: keras.Model,
    X: np.ndarray,
    order: np.ndarray,
    targets: np.ndarray,
    *,
    game: str = "deletion",
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
    if game not in GAMES:
        raise SercoreError(f"game is {game!r}; it is {' or '.join(GAMES)}")
    means = box_means(order, X, box=box)
    ranks = (-np.where(np.isnan(means), -np.inf, means)).argsort(axis=1, kind="stable").argsort(axis=1)
    shares = ranks / np.isfinite(means).sum(axis=1, keepdims=True)
    shares = shares[:, boxes(*X.shape[1:], box=box)]  # when each cell goes, 0 to 1
    empty = np.where(np.isnan(X), np.nan, baseline).astype(np.float32)
    points = []
    for share in np.linspace(0, 1, n_points):
        gone = shares < share - 1e-9
        changed = np.where(gone == (game == "deletion"), empty, X)
        points.append(probabilities(model, changed)[np.arange(len(X)), targets])
    return np.stack(points, axis=1)


def faithfulness(
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
        As in :func:`curves`.
    maps : mapping of str to np.ndarray [shape of X]
        Maps by method.
    speakers : sequence of str [shape=(n_clips,)]
    n_random : int
        Random orders, whose mean curve the others are compared with.
    seed : int
        Of the random orders.
    **options
        ``box``, ``n_points`` and ``baseline`` of :func:`curves`.

    Returns
    -------
    table : pd.DataFrame
        One row per method: ``deletion`` and ``insertion``, the area by which the map beats the random
        order as a mean probability (above 0: faithful), each with ``_low`` and ``_high``.
    mean_curves : dict of str to pd.DataFrame
        For each game the mean curve of each method and of ``random``; rows are the share of boxes.
    """
    rng, rows, means = np.random.default_rng(seed), {name: {} for name in maps}, {}
    for game in GAMES:
        chance = np.mean(
            [curves(model, X, rng.random(X.shape), targets, game=game, **options) for _ in range(n_random)],
            axis=0,
        )
        sign = -1 if game == "deletion" else 1
        drawn = {"random": chance}
        for name, one in maps.items():
            drawn[name] = curves(model, X, one, targets, game=game, **options)
            better = sign * (area(drawn[name]) - area(chance))
            value, low, high = mean_interval(better, speakers)
            rows[name] |= {game: float(value), f"{game}_low": float(low), f"{game}_high": float(high)}
        shares = np.linspace(0, 1, chance.shape[1])
        means[game] = pd.DataFrame({name: curve.mean(axis=0) for name, curve in drawn.items()}, index=shares)
    return pd.DataFrame.from_dict(rows, orient="index"), means


def area(curve: np.ndarray) -> np.ndarray:
    """Area under curves from 0 to 1 by trapezoids: a mean probability [shape=(n_clips,)]."""
    return np.trapezoid(curve, dx=1 / (curve.shape[-1] - 1), axis=-1)

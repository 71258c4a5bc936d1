"""Means over clips with an interval over speakers, for curves and maps as for single figures.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import EvaluationError
from ..evaluation.bootstrap import bounds


def mean_interval(
    values: np.ndarray, speakers: Sequence[str], *, n_boot: int = 1000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of the speakers' means and the ends of its 95 % interval, had other people been recorded.

    Every speaker counts once, whatever the number of clips. The interval is the expanded percentile
    interval of :mod:`sercore.evaluation.bootstrap`. NaN values are left out; where one of the drawn
    speakers has no value, the others stand for them.

    Parameters
    ----------
    values : np.ndarray [shape=(n_clips, …)]
        One figure, curve or map per clip.
    speakers : sequence of str [shape=(n_clips,)]
    n_boot : int
        Resamples of the speakers.

    Returns
    -------
    mean, low, high : np.ndarray [shape=(…)]
        The limits are NaN with fewer than four speakers.

    Raises
    ------
    EvaluationError
        No clips, or not one speaker per clip.
    """
    values, (names, units) = np.asarray(values, dtype=float), np.unique(speakers, return_inverse=True)
    if len(values) != len(units) or len(values) == 0:
        raise EvaluationError(f"there are {len(units)} speakers for {len(values)} clips")
    means = np.stack([_mean(values[units == unit]) for unit in range(len(names))]).reshape(len(names), -1)
    known = np.isfinite(means)
    filled = np.where(known, means, 0.0)
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), n_boot)
    counts = draws @ known
    sums = draws @ filled
    resampled = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    low, high = np.full((2, means.shape[1]), np.nan)
    for n in set(known.sum(axis=0).tolist()):  # of a figure that fewer speakers have, fewer are drawn
        here = known.sum(axis=0) == n
        tail, _ = bounds(np.linspace(0, 1, 1001), n)  # the share that is cut off at each end
        if np.isfinite(tail):
            low[here], high[here] = np.nanquantile(resampled[:, here], [tail, 1 - tail], axis=0)
    shape = values.shape[1:]
    return _mean(means).reshape(shape), low.reshape(shape), high.reshape(shape)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis without NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.divide(total, known.sum(axis=0), out=np.full(total.shape, np.nan), where=known.any(axis=0))

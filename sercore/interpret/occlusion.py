"""Occlusion: hide one box of time and frequency after the other and see what it costs.

References
----------
Zeiler & Fergus: Visualizing and understanding convolutional networks. ECCV 2014.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .grid import BOX, box_sizes, boxes
from .scoring import class_scores

if TYPE_CHECKING:
    import keras


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
    numbers, sizes = boxes(*X.shape[1:], box=box), box_sizes(X, box=box)
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

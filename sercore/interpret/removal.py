"""Evidence of any model for one clip: parts of the sound are removed, and the model predicts the rest.

:func:`sercore.interpret.occlusion` replaces parts of a network's input. This function needs only the
probabilities of a model, so it also applies to classical models and ensembles.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import AudioError
from .regions import box_numbers
from .sonification import Answer

SOUND_BOX = (30, 16)
"""Frames and mel bands per box: with a hop of 10 ms, 0.3 s and a quarter of 64 bands."""


def sound_occlusion(
    answer: Answer,
    n_frames: int,
    n_mels: int,
    target: int,
    *,
    box: tuple[int, int] = SOUND_BOX,
    progress: Callable[[float], None] = lambda fraction: None,
) -> np.ndarray:
    """Loss of log-probability of a class if a box of the sound is removed.

    Parameters
    ----------
    answer : callable
        From a mask of what is removed to probabilities, such as
        :func:`sercore.interpret.sonification.predict_masked`.
    n_frames, n_mels : int
        Size of the mask.
    target : int
        Index of the class.
    box : (int, int)
        Frames and mel bands that are removed together; one prediction per box.
    progress : callable, optional
        Called after each box with the fraction that is done, 0 to 1.

    Returns
    -------
    np.ndarray [shape=(n_frames, n_mels), dtype=float32]
        Nats, distributed evenly over the cells of a box; positive is evidence for the class. 0 if the
        remaining sound is not usable.

    See Also
    --------
    sercore.plots.evidence : Draws the map over the spectrogram.

    Examples
    --------
    >>> answer = lambda mask: np.array([0.5, 0.5]) if mask[0, 0] else np.array([0.8, 0.2])
    >>> sound_occlusion(answer, 2, 1, target=0, box=(1, 1)).astype(float).round(2).tolist()
    [[0.47], [0.0]]
    """
    numbers = box_numbers(n_frames, n_mels, box=box)
    whole = _log(answer(np.zeros(numbers.shape, bool))[target])
    evidence = np.zeros(numbers.shape, np.float32)
    n_boxes = int(numbers.max()) + 1
    for number in range(n_boxes):
        inside = numbers == number
        try:
            evidence[inside] = (whole - _log(answer(inside)[target])) / inside.sum()
        except AudioError:  # nothing is left without this box
            evidence[inside] = 0.0
        progress((number + 1) / n_boxes)
    return evidence


def _log(probability: float) -> float:
    return float(np.log(max(probability, 1e-6)))

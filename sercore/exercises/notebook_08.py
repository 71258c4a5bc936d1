"""Exercises of notebook 08: columns of a row, pooling without padding, what the training contributed."""

import numpy as np

from .answers import Function, Number


def _pool(frames, n_own):
    own = frames[:n_own]
    return np.concatenate([own.mean(axis=0), own.std(axis=0)])


def _cases():
    rng = np.random.default_rng(8)
    return [(rng.normal(size=(10, 4)) + 1, 6), (rng.normal(size=(7, 3)), 7), (rng.normal(size=(9, 5)) - 2, 1)]


EXERCISES = {
    "08.1": Number(
        solution=6 * 2 * 512,
        because="With more columns than clips, how strongly the regression is regularised decides the score.",
        mistakes=[
            (6 * 512, "Each unit gives two numbers for a clip."),
            (2 * 512, "That is one block. A row has the outputs of all of them."),
            (512, "That is one number for each unit of one block. What else is in a row?"),
            (4 * 2 * 512, "That has as many blocks as the encoder of this notebook."),
        ],
        otherwise="A row has the mean and the standard deviation of each unit in each block.",
    ),
    "08.2": Function(
        solution=_pool,
        because="Pooled over the padding, a row would mostly measure how long somebody spoke.",
        mistakes=[
            (
                lambda frames, n_own: _pool(frames, len(frames)),
                "Padding is pooled, too. Only the first `n_own` frames belong to the clip.",
            ),
            (
                lambda frames, n_own: frames[:n_own].mean(axis=0),
                "The means are right. The standard deviations are missing.",
            ),
            (
                lambda frames, n_own: np.roll(_pool(frames, n_own), frames.shape[1]),
                "The order is reversed: means first, then standard deviations.",
            ),
            (
                lambda frames, n_own: np.concatenate(
                    [frames[:n_own].mean(axis=1), frames[:n_own].std(axis=1)]
                ),
                "These are statistics of each frame. A row needs those of each unit, over the frames.",
            ),
            (
                lambda frames, n_own: np.concatenate(
                    [frames.sum(axis=0) / n_own, frames[:n_own].std(axis=0)]
                ),
                "The sum runs over the padding, too. Cut the frames first.",
            ),
        ],
        otherwise="Keep the clip's own frames, then `mean` and `std` along `axis=0`, one after the other.",
        cases=_cases,
    ),
    "08.3": Number(
        solution=60 - 47,
        because="Only the distance to an untrained network of the same kind is due to the training.",
        mistakes=[
            (60 - 25, "Loudness and spectrum pass through any filter: the controls are above chance, too."),
            (60 - 45, "Both controls are untrained. The stricter one is the other."),
            (60, "That is the score. What would the same columns score without any training?"),
            (45 - 25, "That is what the input alone is worth. What did the training add?"),
            (47 - 25, "That is what the input alone is worth. What did the training add?"),
        ],
        otherwise="Compare the pretrained weights with the better one of the two controls.",
    ),
}

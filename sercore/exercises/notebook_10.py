"""Exercises of notebook 10: a running deviation, headroom, what the studio is worth in class."""

import numpy as np

from .answers import Function, Number


def _deviation(n, total, squares):
    return np.sqrt(np.maximum(squares / n - (total / n) ** 2, 0))


def _cases():
    rows = np.random.default_rng(10).normal(size=(6, 3)) + np.array([0, 2, -1])
    same = np.full((3, 2), 0.1)
    return [(len(x), x.sum(axis=0), (x**2).sum(axis=0)) for x in (rows, same)]


def _score(scores, train, test):
    found = scores[(scores["train"] == train) & (scores["test"] == test)]["ua"]
    return 100 * float(found.iloc[0])


EXERCISES = {
    "10.1": Function(
        solution=_deviation,
        because="Three numbers adapt a model to you, and none of your recordings has to be kept for it.",
        mistakes=[
            (
                lambda n, total, squares: np.sqrt(squares / n - (total / n) ** 2),
                "Right for most columns. For a constant one, rounding makes the difference slightly "
                "negative.",
            ),
            (
                lambda n, total, squares: np.maximum(squares / n - (total / n) ** 2, 0),
                "That is the variance. The deviation is its square root.",
            ),
            (
                lambda n, total, squares: np.sqrt(squares / n),
                "The mean is not subtracted: this is right only for columns with mean zero.",
            ),
            (
                lambda n, total, squares: np.sqrt(np.maximum(squares / n - total / n, 0)),
                "Subtract the square of the mean.",
            ),
            (
                lambda n, total, squares: total / n,
                "That is the mean. The deviation needs the squares, too.",
            ),
        ],
        otherwise="Mean of the squares minus square of the mean, not below zero, then the root.",
        cases=_cases,
    ),
    "10.2": Number(
        solution=20 * np.log10(1 / 0.6),
        because="Beyond it samples are cut off, and a change of the level becomes a change of the sound.",
        mistakes=[
            (10 * np.log10(1 / 0.6), "That would be right for power. Samples are amplitudes."),
            (20 * np.log10(0.6), "Right size. Is the recording raised or lowered?"),
            (1 / 0.6, "That is the factor. How many decibels is it?"),
            (0.4, "Decibels measure ratios, not differences."),
        ],
        otherwise="By which factor may the samples grow until the peak is 1? Convert it into decibels.",
        atol=0.06,
    ),
    "10.3": Number(
        solution=lambda scores, home, away: _score(scores, home, home) - _score(scores, home, away),
        because="A score from a studio promises nothing to your class; only a test with its voices does.",
        mistakes=[
            (
                lambda scores, home, away: (_score(scores, home, home) - _score(scores, home, away)) / 100,
                "Right, but as a proportion. Give it in points.",
            ),
            (
                lambda scores, home, away: _score(scores, home, home) - _score(scores, away, away),
                "That compares two models, each in its own place. Keep the studio's model and change "
                "the test.",
            ),
            (
                lambda scores, home, away: _score(scores, away, away) - _score(scores, home, away),
                "That changes the training, with the class as the test. Keep the studio's model.",
            ),
            (
                lambda scores, home, away: _score(scores, home, away) - _score(scores, home, home),
                "Right size. A loss is positive if the score falls.",
            ),
        ],
        otherwise="Two rows of `scores` have the studio as `train`. Subtract the class from the studio.",
        atol=0.11,
    ),
}

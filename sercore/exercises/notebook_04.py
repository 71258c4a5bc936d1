"""Exercises of notebook 04: an LSTM step, attention under a mask, what several seeds show."""

import numpy as np
from scipy.special import expit

from .answers import Choice, Function, Number

SCORES = np.log([1.0, 2.0, 5.0])
"""Attention scores of 04.2; the last step is padding."""


def _gates(x, h, W, U, b):
    return np.split(x @ W + h @ U + b, 4)


def _step(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    return expit(o) * np.tanh(expit(f) * c + expit(i) * np.tanh(g))


def _order(x, h, c, W, U, b):
    f, i, g, o = _gates(x, h, W, U, b)
    return expit(o) * np.tanh(expit(f) * c + expit(i) * np.tanh(g))


def _open_candidate(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    return expit(o) * np.tanh(expit(f) * c + expit(i) * g)


def _gated_candidate(x, h, c, W, U, b):
    i, f, g, o = map(expit, _gates(x, h, W, U, b))
    return o * np.tanh(f * c + i * g)


def _bare_cell(x, h, c, W, U, b):
    i, f, g, o = _gates(x, h, W, U, b)
    return expit(o) * (expit(f) * c + expit(i) * np.tanh(g))


def _cell(x, h, c, W, U, b):
    i, f, g, _ = _gates(x, h, W, U, b)
    return expit(f) * c + expit(i) * np.tanh(g)


def _forgetful(x, h, c, W, U, b):
    return _step(x, h * 0, c, W, U, b)


def _cases():
    rng = np.random.default_rng(4)
    shapes = ((3,), (2,), (2,), (3, 8), (2, 8), (8,))
    return [tuple(rng.normal(size=shape) for shape in shapes) for _ in range(2)]


EXERCISES = {
    "04.1": Function(
        solution=_step,
        because="The cell is multiplied and added to, never replaced: that is why its gradient "
        "survives many steps.",
        mistakes=[
            (_order, "Input and forget gate are exchanged. In which order does Keras store them?"),
            (
                _gated_candidate,
                "The candidate g is not a gate: it may be negative, so it goes through `np.tanh`.",
            ),
            (_open_candidate, "The candidate g goes through `np.tanh` before it is written."),
            (_bare_cell, "Nearly: the state shows the `np.tanh` of the cell."),
            (_cell, "That is the new cell. The state is the part of it that the output gate shows."),
            (_forgetful, "The old state h has no influence. It is weighted by U."),
        ],
        otherwise="Split `x @ W + h @ U + b` into four, open the gates with `expit`, update the cell, "
        "then the state.",
        cases=_cases,
    ),
    "04.2": Number(
        solution=2 / 3,
        because="Masked steps must weigh exactly nothing, or a prediction depends on how much "
        "silence is appended.",
        mistakes=[
            (2 / 8, "The padding takes part. Which score makes the weight of a step exactly nothing?"),
            (2 / 4, "A score of zero is not a weight of zero: its exponential is one."),
            (1.0, "Weights are not proportional to the scores; they are to their exponentials."),
            (1 / 3, "That is the weight of the first step."),
        ],
        otherwise="Leave the padding out, take the exponential of the scores that remain, divide by "
        "their sum.",
        atol=0.004,
    ),
    "04.3": Choice(
        solution="b",
        because="Seeds answer whether another run agrees, speakers whether other people would; these "
        "are two questions.",
        mistakes=[
            ("a", "Look at the interval over speakers: does it exclude zero?"),
            ("c", "The best seed is a choice made on the test. What do all runs together say?"),
            ("d", "Do the runs disagree? Compare their signs, and how much they differ among themselves."),
        ],
        otherwise="Read two things apart: the runs, and the interval over speakers.",
    ),
}

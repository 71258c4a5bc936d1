"""Exercises of notebook 05: weights of a layer, a convolution by hand, what ignores order."""

import numpy as np
from scipy.signal import correlate2d

from .answers import Choice, Function, Number


def _respond(image, kernel):
    return correlate2d(image, kernel, mode="valid")


def _cases():
    rng = np.random.default_rng(5)
    return [
        (rng.normal(size=(6, 7)), rng.normal(size=(3, 3))),
        (rng.normal(size=(4, 9)), rng.normal(size=(2, 5))),
    ]


EXERCISES = {
    "05.1": Number(
        solution=5 * 5 * 8 * 16 + 16,
        because="The number does not depend on the length of the clip: the same small question is "
        "asked everywhere.",
        mistakes=[
            (5 * 5 * 8 * 16, "Nearly. Each filter also has a bias."),
            (5 * 5 * 16 + 16, "Each filter spans all input channels."),
            (5 * 5 * 16, "Each filter spans all input channels, and has a bias."),
            (5 * 5 * 8 + 1, "That is one filter. How many are there?"),
            (5 * 5 * 8 * 16 + 8, "There is one bias for each filter, not for each input channel."),
        ],
        otherwise="Weights of one filter: height × width × input channels, plus a bias. Then all filters.",
    ),
    "05.2": Function(
        solution=_respond,
        because="Knowing this sum, you can read a learned filter: the response is large where the "
        "picture looks like it.",
        mistakes=[
            (
                lambda image, kernel: _respond(image, kernel[::-1, ::-1]),
                "The filter is flipped. Mathematicians do that; the layers of networks do not.",
            ),
            (
                lambda image, kernel: correlate2d(image, kernel, mode="same"),
                "The result is as large as the image. Only positions at which the whole filter fits "
                "are wanted.",
            ),
            (
                lambda image, kernel: _respond(image, kernel) / kernel.size,
                "That is the mean of the products. A convolution takes their sum.",
            ),
            (
                lambda image, kernel: (
                    _respond(image, kernel.T)
                    if kernel.shape[0] == kernel.shape[1]
                    else _respond(image, kernel)
                ),
                "Rows and columns of the filter are exchanged.",
            ),
        ],
        otherwise="At each position: multiply the values under the filter with it, and sum. Try a "
        "filter of a single 1.",
        cases=_cases,
    ),
    "05.3": Choice(
        solution="a",
        because="If you want a network to use melody, some part of it must know which frame comes first.",
        mistakes=[
            ("b", "Its memory is multiplied at every step, so what came first matters. Which one only sums?"),
            ("c", "A filter of several frames meets other neighbours after shuffling. Which one only sums?"),
            (
                "d",
                "Position gives every moment a pattern of its own. Which one does not know the "
                "number of a frame?",
            ),
        ],
        otherwise="Which network treats each frame alone before it averages?",
    ),
}

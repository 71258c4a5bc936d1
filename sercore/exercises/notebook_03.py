"""Exercises of notebook 03: unweighted accuracy, the leak, and a softmax that survives."""

import numpy as np

from .answers import Function, Number, When

TABLE = np.array([[8, 2, 0], [1, 3, 0], [3, 2, 1]])
"""Confusions of 03.1: rows are true classes."""

_RECALL = TABLE.diagonal() / TABLE.sum(axis=1)
_PRECISION = TABLE.diagonal() / TABLE.sum(axis=0)


def _softmax(logits):
    exp = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def _cases():
    return [
        (np.array([[0.0, 1.0, 2.0], [3.0, 3.0, -1.0]]),),
        (np.array([[1000.0, 999.0], [-2000.0, -2000.0], [5.0, -1000.0]]),),
    ]


def _gaps(leaky, fair):
    return 100 * (leaky.set_index("model")["ua"] - fair.set_index("model")["ua"])


EXERCISES = {
    "03.1": Number(
        solution=_RECALL.mean(),
        because="The class with the fewest hits pulls the score down as much as a frequent one would.",
        mistakes=[
            (
                TABLE.trace() / TABLE.sum(),
                "That is the proportion of all clips (WA): classes with many clips count more in it.",
            ),
            (
                _PRECISION.mean(),
                "You divided by the columns. Recall divides by the clips of the true class, a row.",
            ),
            (When(lambda answer: answer > 1, 57), "In percent? Give it as a number between 0 and 1."),
            (1 / 3, "That is chance level. Compute the recall of each row first."),
        ],
        otherwise="Recall is the diagonal divided by the sum of its row; then the mean over the rows.",
        atol=0.003,
    ),
    "03.2": Number(
        solution=lambda leaky, fair: _gaps(leaky, fair).max(),
        because="Points that a model gains only by having met the speakers are points it loses on "
        "its first user.",
        mistakes=[
            (
                lambda leaky, fair: _gaps(leaky, fair).max() / 100,
                "Right, but as a proportion. Give it in points.",
            ),
            (
                lambda leaky, fair: 100 * (leaky["ua"].max() - fair["ua"].max()),
                "That compares the best of one table with the best of the other. Subtract model by model.",
            ),
            (
                lambda leaky, fair: -_gaps(leaky, fair).max(),
                "Right size. How much does the random split *add*?",
            ),
            (lambda leaky, fair: _gaps(leaky, fair).min(), "That is the model which gains least."),
            (
                lambda leaky, fair: _gaps(leaky, fair).mean(),
                "That is the mean over the models. Which one gains most?",
            ),
        ],
        otherwise='Both tables have the columns "model" and "ua": line the models up, subtract, take '
        "the largest.",
        atol=0.06,
    ),
    "03.3": Function(
        solution=_softmax,
        because="A confident network has large logits; without this step one of them turns a whole "
        "batch into NaN.",
        mistakes=[
            (
                lambda logits: np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True),
                "Right for small logits. The exponential of a thousand overflows: what can be "
                "subtracted from a row "
                "without changing its softmax?",
            ),
            (
                lambda logits: np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum(),
                "All rows together sum to one. Each row, a clip, should do so by itself.",
            ),
            (
                lambda logits: (
                    np.exp(logits - logits.max(axis=0)) / np.exp(logits - logits.max(axis=0)).sum(axis=0)
                ),
                "Columns sum to one. Rows are clips: sum over the classes of each.",
            ),
            (
                lambda logits: np.exp(logits - logits.max(axis=1, keepdims=True)),
                "Positive, but the rows do not sum to one yet.",
            ),
        ],
        otherwise="Section 4 has it in two lines: subtract, exponentiate, divide by the sum of the row.",
        cases=_cases,
    ),
}

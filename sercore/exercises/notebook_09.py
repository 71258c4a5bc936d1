"""Exercises of notebook 09: a temperature, a calibration error, the length of the staircase."""

import numpy as np

from .answers import Function, Number


def _rows(values):
    return values / values.sum(axis=1, keepdims=True)


def _cool(proba, temperature):
    return _rows(np.maximum(proba, 1e-12) ** (1 / temperature))


def _cases():
    proba = np.array([[0.7, 0.2, 0.1], [0.05, 0.9, 0.05], [0.25, 0.35, 0.40]])
    return [(proba, 2.0), (proba[:, ::-1].copy(), 0.5)]


def _between(steps, first, last="new speakers, babble"):
    ua = steps.set_index("step")["ua"]
    return 100 * (ua[first] - ua[last])


EXERCISES = {
    "09.1": Function(
        solution=_cool,
        because="No answer changes, only its confidence: a temperature repairs what is said, not "
        "what is known.",
        mistakes=[
            (
                lambda proba, temperature: _rows(proba**temperature),
                "Logits are multiplied by the temperature. They should be divided by it.",
            ),
            (
                lambda proba, temperature: _rows(proba / temperature),
                "Dividing probabilities changes nothing once they sum to one again. Divide their logarithms.",
            ),
            (
                lambda proba, temperature: proba ** (1 / temperature),
                "The rows do not sum to one any more.",
            ),
            (
                lambda proba, temperature: _rows(np.exp(proba / temperature)),
                "A softmax of probabilities. Take the logarithm first: that gives logits.",
            ),
        ],
        otherwise="Logarithm, division by the temperature, softmax over each row.",
        cases=_cases,
    ),
    "09.2": Number(
        solution=100 * (0.8 * abs(0.9 - 60 / 80) + 0.2 * abs(0.5 - 10 / 20)),
        because="One well calibrated bin does not make up for a crowded one that promises too much.",
        mistakes=[
            (7.5, "That is the plain mean over the two groups. Groups count by their number of answers."),
            (15.0, "That is the error of one group alone. How many of the answers are in it?"),
            (0.12, "Right, but as a proportion. Give it in points."),
            (30.0, "That is the proportion of wrong answers. Compare confidence and accuracy in each group."),
        ],
        otherwise="In each group: confidence minus accuracy, without its sign; then the mean, weighted "
        "by clips.",
        atol=0.06,
    ),
    "09.3": Number(
        solution=lambda steps: _between(steps, "random, all clips twice"),
        because="The distance between a poster and a kitchen: one model, one set of features, another test.",
        mistakes=[
            (
                lambda steps: _between(steps, "random, all clips twice") / 100,
                "Right, but as a proportion. Give it in points.",
            ),
            (
                lambda steps: _between(steps, "random, duplicates removed"),
                "The top of the staircase is the test in which every clip occurs twice.",
            ),
            (
                lambda steps: _between(steps, "new speakers"),
                "That is the price of the babble alone. Start at the top.",
            ),
            (
                lambda steps: _between(steps, "random, all clips twice", "new speakers"),
                "That ends in a quiet room. Which row has new speakers with other people talking?",
            ),
            (
                lambda steps: -_between(steps, "random, all clips twice"),
                "Right size. Give the fall as a positive number.",
            ),
        ],
        otherwise='`steps.set_index("step")["ua"]` has one score for each test. Subtract two of them.',
        atol=0.11,
    ),
}

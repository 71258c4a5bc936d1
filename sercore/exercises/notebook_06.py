"""Exercises of notebook 06: three votes, errors that coincide, what tuned weights give away."""

import numpy as np

from .answers import Function, Names, Number

MEMBERS = np.array([[0.90, 0.01, 0.09], [0.01, 0.55, 0.44], [0.30, 0.40, 0.30]])
"""Probabilities of three members for the clip of 06.1: angry, happy, sad."""


def _wrong(proba, codes):
    return np.asarray(proba).argmax(axis=1) != codes


def _correlation(proba_a, proba_b, codes):
    return np.corrcoef(_wrong(proba_a, codes), _wrong(proba_b, codes))[0, 1]


def _cases():
    rng = np.random.default_rng(6)
    drawn = [(rng.dirichlet(np.ones(3), 40), rng.integers(0, 3, 40)) for _ in range(2)]
    return [(proba, 0.6 * proba + 0.4 * rng.dirichlet(np.ones(3), 40), codes) for proba, codes in drawn]


def _more(means, column):
    return means.loc["genetic", column] - means.loc["equal", column]


EXERCISES = {
    "06.1": Names(
        solution=("angry", "happy", "sad"),
        because="The rule of the vote decides as much as its voters: confidence, number and veto are "
        "three things.",
        mistakes=[
            (
                ("angry", "happy", "angry"),
                "Two are right. In the mean of logits a small probability is a veto.",
            ),
            (
                ("angry", "happy", "happy"),
                "Two are right. In the mean of logits a small probability is a veto.",
            ),
            (
                ("happy", "angry", "sad"),
                "Soft vote and majority are exchanged: the soft vote averages probabilities.",
            ),
            (
                ("angry", "angry", "sad"),
                "The majority counts first choices only, however confident they are.",
            ),
            (
                ("happy", "happy", "sad"),
                "The soft vote averages probabilities; it does not count first choices.",
            ),
            (
                ("angry", "angry", "angry"),
                "One confident member wins everywhere? Only one of the rules lets it.",
            ),
        ],
        otherwise="Columns of `p`: mean; number of first choices; mean of logarithms. Take the largest "
        "of each.",
        allowed=("angry", "happy", "sad"),
    ),
    "06.2": Function(
        solution=_correlation,
        because="Two members with the same score can help each other a lot or not at all, and this "
        "number tells which.",
        mistakes=[
            (
                lambda a, b, codes: np.corrcoef(np.ravel(a), np.ravel(b))[0, 1],
                "These are the probabilities. Make a column of wrong or not for each member first.",
            ),
            (
                lambda a, b, codes: np.mean(_wrong(a, codes) & _wrong(b, codes)),
                "That is how often both are wrong, which also grows when both are weak. Correlate "
                "the two columns.",
            ),
            (
                lambda a, b, codes: np.mean(np.argmax(a, axis=1) == np.argmax(b, axis=1)),
                "That is how often they agree, right or wrong. The label is not used yet.",
            ),
            (
                lambda a, b, codes: np.corrcoef(_wrong(a, codes), _wrong(b, codes)),
                "This is the whole matrix. One number in it compares the two members.",
            ),
            (
                lambda a, b, codes: np.corrcoef(np.argmax(a, axis=1), np.argmax(b, axis=1))[0, 1],
                "Codes of classes are names, not amounts. Compare each with the true code first.",
            ),
        ],
        otherwise="Section 2 has it: `argmax` unequal to the true code for each member, then `np.corrcoef`.",
        cases=_cases,
    ),
    "06.3": Number(
        solution=lambda means: _more(means, "given away"),
        because="This is the part of a reported gain that comes from scoring weights where they were tuned.",
        mistakes=[
            (
                lambda means: means.loc["genetic", "given away"],
                "That contains what folds of unequal size leave over. The equal vote, which tunes "
                "nothing, shows how much.",
            ),
            (
                lambda means: _more(means, "held_out"),
                "That is the gain on other people. How much is *given away*?",
            ),
            (
                lambda means: _more(means, "tuned"),
                "That is the gain on the tuning speakers, part of it luck.",
            ),
            (
                lambda means: -_more(means, "given away"),
                "Right size. Subtract the equal vote from the evolved one.",
            ),
        ],
        otherwise='`means.loc["genetic", "given away"]` is one of the two numbers. Which system has '
        "nothing to tune?",
        atol=0.11,
    ),
}

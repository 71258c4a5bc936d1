"""Exercises of notebook 07: occlusion, an interval that contains zero, completeness."""

import numpy as np

from .answers import Choice, Function, Number

WEIGHTS, INPUT, BIAS = np.array([2.0, -1.0, 3.0]), np.array([1.0, 4.0, 3.0]), 5.0
"""The linear model of 07.3 and its input."""

_PARTS = WEIGHTS * INPUT


def _covered(clip, frames, bands):
    covered = clip.copy()
    covered[frames, bands] = 0
    return covered


def _evidence(score, clip, frames, bands):
    return score(clip) - score(_covered(clip, frames, bands))


def _in_place(score, clip, frames, bands):
    before = score(clip)
    clip[frames, bands] = 0
    return before - score(clip)


def _alias(score, clip, frames, bands):
    clip[frames, bands] = 0
    return score(clip) - score(clip)


def _outside(score, clip, frames, bands):
    return score(clip) - score(clip - _covered(clip, frames, bands))


def _whole_frames(score, clip, frames, bands):
    return _evidence(score, clip, frames, slice(None))


def _score(clip):
    """A score that depends on every cell, and on none in proportion."""
    pattern = np.cos(np.arange(clip.size)).reshape(clip.shape)
    return float(np.tanh((clip * pattern).sum() / 10) + 0.01 * (clip**2).sum())


def _cases():
    clip = np.random.default_rng(7).normal(size=(8, 6))
    boxes = ((slice(1, 4), slice(2, 5)), (slice(2, 7), slice(0, 3)))
    return [(_score, clip, frames, bands) for frames, bands in boxes]  # the same clip twice


EXERCISES = {
    "07.1": Function(
        solution=_evidence,
        because="You can check any heat map this way: cover what it marks, and see whether the score falls.",
        mistakes=[
            (
                lambda score, clip, frames, bands: -_evidence(score, clip, frames, bands),
                "The sign is reversed: a box that supports the class should have a positive value.",
            ),
            (
                _in_place,
                "The first box stays covered when the second one is tried. Change a copy of the clip.",
            ),
            (_alias, "Both scores are of the covered clip. Score it first, or change a copy."),
            (_outside, "Everything *but* the box is covered."),
            (_whole_frames, "All bands of these frames are covered. The box has both frames and bands."),
            (
                lambda score, clip, frames, bands: score(_covered(clip, frames, bands)),
                "That is the score of the covered clip. By how much did it fall?",
            ),
        ],
        otherwise="Copy the clip, set `copy[frames, bands]` to the mean, which is 0 here, and compare "
        "the two scores.",
        cases=_cases,
    ),
    "07.2": Choice(
        solution="c",
        because="A map may still be true; this experiment failed to show it, and a report should say "
        "exactly that.",
        mistakes=[
            ("a", "Is zero in the interval? Then other people could reverse the sign."),
            ("b", "An interval that reaches far above zero does not prove the opposite, either."),
            ("d", "The random order is just as strange, and it is the reference. The comparison is fair."),
        ],
        otherwise="Where is zero: below, inside or above the interval?",
    ),
    "07.3": Number(
        solution=_PARTS.sum(),
        because="A map whose values do not add up to what there is to explain has lost evidence or "
        "invented some.",
        mistakes=[
            (_PARTS.sum() + BIAS, "That is the score itself. The score of an empty clip is not zero here."),
            (np.abs(_PARTS).sum(), "Evidence against the class counts as negative."),
            (WEIGHTS.sum(), "That ignores the clip: each weight is multiplied by its value."),
            (BIAS, "That is the score of the empty clip. Subtract it from the score of the clip."),
            (-_PARTS.sum(), "Right size. Subtract the empty clip from the clip."),
        ],
        otherwise="Section 3: the values sum to the score of the clip minus that of an empty one. "
        "Compute both scores.",
    ),
}

"""Exercises of notebook 01: decibels, speakers, differences between emotions."""

import numpy as np

from .answers import Function, Number


def _relative(level, speaker, middle=np.median):
    """Level minus that of its speaker."""
    level, speaker = np.asarray(level, float), np.asarray(speaker)
    return level - np.array([middle(level[speaker == name]) for name in speaker])


def _cases():
    level = np.array([-30.0, -20.0, -25.0, -50.0, -31.0, -44.0, -12.0])
    return [
        (level, np.array(["a", "a", "a", "b", "b", "b", "b"])),
        (level[::-1].copy(), np.array(["b", "a", "b", "b", "a", "c", "c"])),
    ]


def _by_emotion(clips, middle="median"):
    return clips.groupby("emotion")["level"].agg(middle)


EXERCISES = {
    "01.1": Number(
        solution=20 * np.log10(0.25),
        because="Decibels measure ratios: the same change costs a whisper as many as a shout.",
        mistakes=[
            (
                10 * np.log10(0.25),
                "That holds for a quarter of the power. The level squares the samples first.",
            ),
            (-20 * np.log10(0.25), "Right size. Does the level rise or fall?"),
            (
                20 * np.log(0.25),
                "Decibels use the logarithm to base ten, `np.log10`; `np.log` is the natural one.",
            ),
            (-75.0, "A change in percent is not a change in decibels. Take the logarithm of the ratio."),
        ],
        otherwise="Section 7 computes twice the amplitude. What changes for another ratio?",
        atol=0.05,
    ),
    "01.2": Function(
        solution=_relative,
        because="What remains is how each person changes their voice; whoever sits closer no longer "
        "counts as angry.",
        mistakes=[
            (
                lambda level, speaker: level - np.median(level),
                "One median for everybody is subtracted. Each speaker needs their own.",
            ),
            (
                lambda level, speaker: _relative(level, speaker, np.mean),
                "That is the mean. A median is wanted: one shout does not move it.",
            ),
            (
                lambda level, speaker: -_relative(level, speaker),
                "The sign is reversed: louder than usual should be positive.",
            ),
            (
                lambda level, speaker: level - _relative(level, speaker),
                "These are the speakers' medians themselves. What is left of a clip without its speaker's?",
            ),
        ],
        otherwise="For each clip: select the clips of its speaker, take the median of their levels, "
        "subtract it.",
        cases=_cases,
    ),
    "01.3": Number(
        solution=lambda clips: np.ptp(_by_emotion(clips)),
        because="This difference is a cue, and z-scoring every clip would throw it away.",
        mistakes=[
            (
                lambda clips: np.ptp(clips["level"]),
                "That is the distance of two single clips. Group the clips by emotion first.",
            ),
            (
                lambda clips: np.ptp(_by_emotion(clips, "mean")),
                "Close: these are differences of means. The median of each emotion is asked for.",
            ),
            (lambda clips: -np.ptp(_by_emotion(clips)), "Right size. A distance is positive."),
            (
                lambda clips: _by_emotion(clips).max(),
                "That is the loudest emotion alone. How far is the softest one below it?",
            ),
        ],
        otherwise='`clips.groupby("emotion")["level"].median()` has one level for each emotion.',
        atol=0.02,
    ),
}

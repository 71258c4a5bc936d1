"""Exercises of notebook 02: frames, decibels of a spectrogram, and what may use all clips."""

import numpy as np

from .answers import Choice, Function, Number


def _decibels(power):
    level = 10 * np.log10(np.maximum(power, 1e-10))
    return np.maximum(level, level.max() - 80)


def _cases():
    loud = np.array([[1.0, 1e-3, 0.0], [2e-6, 1e-9, 1e-1], [0.0, 0.0, 0.0]])
    soft = np.array([[1e-4, 3e-6], [0.0, 2e-11], [1e-5, 1e-9]])
    return [(loud,), (soft,)]


EXERCISES = {
    "02.1": Number(
        solution=1 + 32_000 // 160,
        because="With frame t centred on sample t · hop, times of frames are known without asking "
        "for the window.",
        mistakes=[
            (
                1 + (32_000 - 400) // 160,
                "That is the number of windows that fit into the wave. Here the wave is padded by half "
                "a window on both sides, so that frames are centred on sample 0 and every hop after it.",
            ),
            (32_000 // 160, "Nearly. Frames are centred on sample 0, on hop, on 2 · hop, … Count both ends."),
            (32_000 // 400, "Frames are a hop apart, not a window: they overlap."),
            (1 + 32_000 // 400, "Frames are a hop apart, not a window: windows overlap."),
        ],
        otherwise="How many of the samples 0, hop, 2 · hop, … are there up to the end of the wave?",
        atol=0.01,
    ),
    "02.2": Function(
        solution=_decibels,
        because="Silence stays finite, and a soft clip stays soft: the model may still use how loud "
        "somebody spoke.",
        mistakes=[
            (
                lambda power: _decibels(power) - _decibels(power).max(),
                "Every clip's peak is at zero now, which erases how loud the person spoke (see the box).",
            ),
            (
                lambda power: 10 * np.log10(np.maximum(power, 1e-10)),
                "The floor against silence is there. What limits the range below the clip's peak?",
            ),
            (
                lambda power: 10 * np.log10(power),
                "The logarithm of zero is minus infinity: silence needs a floor before the logarithm.",
            ),
            (
                lambda power: 2 * 10 * np.log10(np.maximum(power, 1e-10)),
                "That factor belongs to amplitudes. This input is power already.",
            ),
            (
                lambda power: np.maximum(
                    10 * np.log10(np.maximum(power, 1e-10)),
                    10 * np.log10(np.maximum(power, 1e-10)).max(axis=1, keepdims=True) - 80,
                ),
                "The limit is taken below each frame's own peak. It is the peak of the whole clip "
                "that counts.",
            ),
        ],
        otherwise="Three steps, as in section 5: a floor for the power, the logarithm, a floor below "
        "the clip's peak.",
        cases=_cases,
    ),
    "02.3": Choice(
        solution="c",
        because="What is fixed in advance cannot leak; whatever is computed from clips belongs "
        "inside the fold.",
        mistakes=[
            (
                "a",
                "Mean and standard deviation of all clips include those of the test speakers. Which "
                "item needs no clip?",
            ),
            (
                "b",
                "The directions of PCA are computed from the clips that are passed to it. Which item "
                "needs no clip?",
            ),
            (
                "d",
                "Whoever picks columns by looking at all clips has looked at the test. Which item "
                "needs no clip?",
            ),
        ],
        otherwise="Ask of each item: would its numbers be others if the test speakers were other people?",
    ),
}

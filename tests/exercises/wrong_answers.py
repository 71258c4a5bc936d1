"""Wrong answers as a student might write them: exercise -> (answer, a word of the hint)."""

import numpy as np
from scipy.special import expit


def own_mean(level, speaker):
    return np.array([x - level[speaker == s].mean() for x, s in zip(level, speaker, strict=True)])


def to_peak(power):
    level = 10 * np.log10(np.maximum(power, 1e-10))
    return np.maximum(level - level.max(), -80)


def no_floor(power):
    level = 10 * np.log10(power + 0.0)
    return level


def plain_softmax(logits):
    e = np.exp(logits)
    return e / np.sum(e, axis=-1)[:, None]


def softmax_of_all(logits):
    e = np.exp(logits - logits.max())
    return e / e.sum()


def ifgo(x, h, c, W, U, b):
    f, i, g, o = np.split(x.dot(W) + h.dot(U) + b, 4)
    c = c * expit(f) + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(c)


def only_cell(x, h, c, W, U, b):
    i, f, g, _ = np.split(x.dot(W) + h.dot(U) + b, 4)
    return c * expit(f) + expit(i) * np.tanh(g)


def flipped(image, kernel):
    kernel = np.flip(kernel)
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    out = np.zeros((rows, columns))
    for r in range(rows):
        for k in range(columns):
            out[r, k] = (image[r : r + kernel.shape[0], k : k + kernel.shape[1]] * kernel).sum()
    return out


def averaged(image, kernel):
    return flipped(image, np.flip(kernel)) / (kernel.shape[0] * kernel.shape[1])


def both_wrong(proba_a, proba_b, codes):
    a, b = proba_a.argmax(axis=1), proba_b.argmax(axis=1)
    return ((a != codes) & (b != codes)).mean()


def agreement(proba_a, proba_b, codes):
    return (proba_a.argmax(axis=1) == proba_b.argmax(axis=1)).mean()


def without_copy(score, clip, frames, bands):
    whole = score(clip)
    clip[frames, bands] = 0.0
    return whole - score(clip)


def reversed_sign(score, clip, frames, bands):
    hidden = clip.copy()
    hidden[frames, bands] = 0.0
    return score(hidden) - score(clip)


def over_padding(frames, n_own):
    return np.r_[frames.mean(axis=0), frames.std(axis=0)]


def over_units(frames, n_own):
    return np.r_[frames[:n_own].mean(axis=1), frames[:n_own].std(axis=1)]


def multiplied(proba, temperature):
    p = np.exp(np.log(proba) * temperature)
    return p / p.sum(axis=1, keepdims=True)


def divided(proba, temperature):
    p = proba / temperature
    return p / p.sum(axis=1, keepdims=True)


def variance(n, total, squares):
    return np.clip(squares / n - (total / n) ** 2, 0, None)


def unsafe(n, total, squares):
    return (squares / n - (total / n) ** 2) ** 0.5


WRONG = {
    "01.1": [(-6.02, "power"), (12.04, "rise or fall"), (-75, "percent")],
    "01.2": [(own_mean, "mean"), (lambda level, speaker: level - np.median(level), "everybody")],
    "01.3": [(48.0, "single clips"), (-31.0, "positive")],
    "02.1": [(200, "Count both ends"), (198, "padded"), (80.0, "hop")],
    "02.2": [(to_peak, "erases"), (no_floor, "minus infinity")],
    "02.3": [("a", "Mean"), ("D", "columns")],
    "03.1": [(0.6, "WA"), (57.2, "percent")],
    "03.2": [(0.39, "proportion"), (-39.0, "add"), (21.0, "best")],
    "03.3": [(plain_softmax, "overflow"), (softmax_of_all, "All rows")],
    "04.1": [(ifgo, "order"), (only_cell, "new cell")],
    "04.2": [(0.25, "padding takes part"), (0.5, "exponential is one")],
    "04.3": [("a", "zero"), ("c", "best seed")],
    "05.1": [(3200, "bias"), (416, "channels")],
    "05.2": [(flipped, "flipped"), (averaged, "mean")],
    "05.3": [("B", "memory"), ("c", "neighbours")],
    "06.1": [(("angry", "happy", "angry"), "veto"), (["happy", "angry", "sad"], "exchanged")],
    "06.2": [(both_wrong, "both are weak"), (agreement, "agree")],
    "06.3": [(4.6, "folds"), (2.2, "other people"), (-3.8, "Right size")],
    "07.1": [(without_copy, "copy"), (reversed_sign, "sign")],
    "07.2": [("a", "zero"), ("b", "opposite")],
    "07.3": [(12, "score itself"), (15, "negative")],
    "08.1": [(3072, "two numbers"), (1024, "one block")],
    "08.2": [(over_padding, "Padding"), (over_units, "each frame")],
    "08.3": [(35, "any filter"), (15, "stricter")],
    "09.1": [(multiplied, "divided"), (divided, "logarithms")],
    "09.2": [(7.5, "plain mean"), (0.12, "proportion")],
    "09.3": [(0.55, "proportion"), (47.0, "twice"), (27.0, "quiet")],
    "10.1": [(variance, "root"), (unsafe, "constant")],
    "10.2": [(2.22, "power"), (-4.44, "lowered"), (1.67, "factor")],
    "10.3": [(0.29, "proportion"), (18.0, "two models"), (11.0, "training")],
}

"""All figures of one set of predictions.

Notebook: 03_mlp_baseline.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .bootstrap import bounds, count_speakers, resample, units_of
from .confusions import unit_confusions
from .metrics import figures
from .validation import validate


def evaluate(
    y_true: Sequence[str],
    proba: np.ndarray,
    classes: Sequence[str],
    *,
    speakers: Sequence[str] | None = None,
    interval: str = "speakers",
    n_boot: int = 1000,
    seed: int = 0,
) -> dict:
    """All figures of one set of predictions, with 95 % intervals over speakers.

    The order of the clips makes no difference.

    Parameters
    ----------
    y_true : sequence of str [shape=(n_clips,)]
        True class of each clip.
    proba : np.ndarray [shape=(n_clips, n_classes)]
        Predicted probabilities, columns in the order of `classes`.
    classes : sequence of str
        Class names.
    speakers : sequence of str [shape=(n_clips,)], optional
        Who speaks. Without it the interval is over clips, and too narrow.
    interval : str
        ``"speakers"``, or ``"clips"`` for corpora of two or three people, where it speaks of these
        people alone.
    n_boot : int
        Resamples.

    Returns
    -------
    dict
        The figures of :func:`figures`; ``ua_low``, ``ua_high`` and the same for ``wa`` and
        ``macro_f1`` (NaN with fewer than four speakers); ``n_clips``, ``n_speakers``,
        ``interval`` (what was resampled) and ``note`` (what to know about it, or empty).

    Raises
    ------
    EvaluationError
        See :func:`validate`.

    Examples
    --------
    >>> proba = [[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]]
    >>> evaluate(["sad", "angry", "angry", "angry"], proba, ["sad", "angry"])["ua"]
    0.8333333333333333
    """
    scores = figures(y_true, proba, classes)
    codes, proba = validate(y_true, proba, classes)
    units, interval, note = units_of(speakers, len(codes), interval)
    n_units = units.max() + 1
    confusions = unit_confusions(codes, proba.argmax(axis=1), units, n_units, len(classes))
    for name, values in resample(confusions[None], n_boot=n_boot, seed=seed).items():
        scores[f"{name}_low"], scores[f"{name}_high"] = bounds(values, n_units)
    about = {
        "n_clips": len(codes),
        "n_speakers": count_speakers(speakers),
        "interval": interval,
        "note": note,
    }
    return scores | about

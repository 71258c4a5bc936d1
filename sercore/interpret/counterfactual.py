"""Counterfactual search: the smallest change of a single voice parameter that changes a prediction.

References
----------
Wachter et al.: Counterfactual explanations without opening the black box. Harvard JOLT 31, 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from ..synth.knobs import KNOBS, Knob, Voice, known

Answer = Callable[[np.ndarray, int], Mapping[str, float]]
"""From a waveform and its sample rate to the probability of each emotion."""


def flips(
    voice: Voice,
    answer: Answer,
    *,
    knobs: Iterable[str] = tuple(KNOBS),
    n_steps: int = 12,
    progress: Callable[[str], None] = lambda knob: None,
) -> pd.DataFrame:
    """Smallest change of each knob of a synthetic voice that changes the predicted emotion.

    Knobs are changed one at a time, in both directions, in strides of ``1 / n_steps`` of their range. The
    first change of the prediction is then located by bisection, exactly to one position of the knob. Two
    changes within one stride that cancel each other are not detected.

    Parameters
    ----------
    voice : Voice
        The voice to start from.
    answer : callable
        From ``wave, sr`` to probabilities by emotion; the most probable emotion is the prediction.
    knobs : iterable of str
        Keys of :data:`sercore.synth.knobs.KNOBS`.
    n_steps : int
        Strides that cover the whole range of a knob.
    progress : callable, optional
        Called with the name of each knob before it is searched.

    Returns
    -------
    pd.DataFrame
        One row per knob, the smallest change first: ``knob, now, flips_at, change, unit, share`` (change
        as a fraction of the knob's range) and ``becomes`` (the new prediction). If no position changes
        the prediction, ``becomes`` is empty and the numbers are NaN. ``attrs["answer"]`` is the current
        prediction.

    Examples
    --------
    A toy model that calls a waveform loud if its RMS exceeds 0.1:

    >>> def predict(wave, sr):
    ...     return {"loud": float(np.sqrt(np.mean(wave**2))), "soft": 0.1}
    >>> table = flips(Voice(), predict, knobs=["loudness"])
    >>> print(table.loc[0, ["knob", "change", "unit", "becomes"]].to_string(index=False))
    loudness
        13.0
          dB
        loud

    Notebook: 00_start_here.ipynb
    """

    def predict(v: Voice) -> str:
        proba = answer(*v.speak())
        return max(proba, key=proba.get)

    now, rows = predict(voice), []
    for name in knobs:
        progress(known(name))
        knob = KNOBS[name]
        at, becomes = _nearest(
            knob, voice[name], lambda x, name=name: predict(voice.turn(**{name: x})), now, n_steps
        )
        share = abs(at - voice[name]) / (knob.high - knob.low)
        rows.append([name, voice[name], at, at - voice[name], knob.unit, share, becomes])
    columns = ["knob", "now", "flips_at", "change", "unit", "share", "becomes"]
    table = pd.DataFrame(rows, columns=columns).sort_values("share", kind="stable", ignore_index=True)
    table.attrs["answer"] = now
    return table


def _nearest(knob: Knob, here: float, predict: Callable, now: str, n_steps: int) -> tuple[float, str]:
    """The position nearest to ``here`` at which the prediction differs, and that prediction."""
    positions = knob.positions()
    start = int(np.abs(positions - here).argmin())
    stride = max(1, len(positions) // n_steps)
    for reach in range(stride, len(positions) + stride, stride):
        found = []
        for side in (-1, 1):
            near, far = (np.clip(start + side * r, 0, len(positions) - 1) for r in (reach - stride, reach))
            if far != near and (other := predict(positions[far])) != now:
                found.append(_bisect(positions, int(near), int(far), other, predict, now))
        if found:
            return min(found, key=lambda flip: abs(flip[0] - here))
    return np.nan, ""


def _bisect(positions, near: int, far: int, other: str, predict: Callable, now: str) -> tuple[float, str]:
    """The first position with another prediction, between one with the old prediction and one without."""
    while abs(far - near) > 1:
        middle = (near + far) // 2
        if (found := predict(positions[middle])) == now:
            near = middle
        else:
            far, other = middle, found
    return float(positions[far]), other

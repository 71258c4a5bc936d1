"""Which single knob of a voice changes a model's answer?

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from ..synth.knobs import KNOBS, Knob, Voice, known

Answer = Callable[[np.ndarray, int], Mapping[str, float]]
"""From a waveform and its sample rate to the probability of every emotion."""


def flips(
    voice: Voice,
    answer: Answer,
    *,
    knobs: Iterable[str] = tuple(KNOBS),
    n_steps: int = 12,
    progress: Callable[[str], None] = lambda knob: None,
) -> pd.DataFrame:
    """Which single knob changes the answer, and how little of it is enough?

    Every knob is moved alone, away from where it stands, in both directions at once. Where the answer
    first changes, the place is halved until it is exact to one position of the knob. A change and a
    change back within one of the ``n_steps`` strides is not seen.

    Parameters
    ----------
    voice : Voice
    answer : callable
        From ``wave, sr`` to probabilities by emotion; the most probable one is the answer.
    knobs : iterable of str
        Of :data:`KNOBS`.
    n_steps : int
        Strides in which the whole range of a knob is searched.
    progress : callable, optional
        Told each knob before it is tried.

    Returns
    -------
    pd.DataFrame
        One row per knob, the smallest change (as ``share`` of its range) first: ``knob, now, flips_at,
        change, unit, share, becomes``. Where no position changes the answer, ``becomes`` is empty and
        the numbers are NaN. ``attrs["answer"]`` is the answer now.
    """

    def says(v: Voice) -> str:
        proba = answer(*v.speak())
        return max(proba, key=proba.get)

    now, rows = says(voice), []
    for name in knobs:
        progress(known(name))
        knob = KNOBS[name]
        at, becomes = _nearest(
            knob, voice[name], lambda x, name=name: says(voice.turn(**{name: x})), now, n_steps
        )
        share = abs(at - voice[name]) / (knob.high - knob.low)
        rows.append([name, voice[name], at, at - voice[name], knob.unit, share, becomes])
    columns = ["knob", "now", "flips_at", "change", "unit", "share", "becomes"]
    table = pd.DataFrame(rows, columns=columns).sort_values("share", kind="stable", ignore_index=True)
    table.attrs["answer"] = now
    return table


def _nearest(knob: Knob, here: float, says: Callable, now: str, n_steps: int) -> tuple[float, str]:
    """The position nearest to ``here`` at which the answer is another one, and that answer."""
    positions = knob.positions()
    start = int(np.abs(positions - here).argmin())
    stride = max(1, len(positions) // n_steps)
    for reach in range(stride, len(positions) + stride, stride):
        found = []
        for side in (-1, 1):
            near, far = (np.clip(start + side * r, 0, len(positions) - 1) for r in (reach - stride, reach))
            if far != near and (other := says(positions[far])) != now:
                found.append(_halved(positions, int(near), int(far), other, says, now))
        if found:
            return min(found, key=lambda place: abs(place[0] - here))
    return np.nan, ""


def _halved(positions, near: int, far: int, other: str, says: Callable, now: str) -> tuple[float, str]:
    """Between a position with the old answer and one with another: the first one with another."""
    while abs(far - near) > 1:
        middle = (near + far) // 2
        if (answer := says(positions[middle])) == now:
            near = middle
        else:
            far, other = middle, answer
    return float(positions[far]), other

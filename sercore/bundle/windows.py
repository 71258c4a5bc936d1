"""Long recordings in windows: one answer for every few seconds.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .. import audio
from ..errors import AudioError, SercoreError
from .predictor import Predictor


@dataclass(frozen=True)
class Windows:
    """How a long recording is divided.

    Parameters
    ----------
    seconds, step : float
        Length of a window, and from the start of one to the start of the next.
    """

    seconds: float = 3.0
    step: float = 1.5

    def __post_init__(self):
        if not (
            audio.MIN_SECONDS <= self.seconds <= audio.MAX_SECONDS and 0.05 <= self.step <= audio.MAX_SECONDS
        ):
            raise AudioError(
                f"windows of {self.seconds} s every {self.step} s; windows have at least "
                f"{audio.MIN_SECONDS} s, steps at least 0.05 s",
                reason="too-short",
            )

    def spans(self, seconds: float) -> list[tuple[float, float]]:
        """Start and end of each window in a recording; the last one ends with it."""
        last = seconds - self.seconds
        if last <= 0:
            return [(0.0, seconds)]
        starts = [self.step * k for k in range(int(last / self.step) + 1)]
        if last - starts[-1] > 0.01:
            starts.append(last)
        return [(start, start + self.seconds) for start in starts]


def predict_windows(
    predictor: Predictor, waves: dict[int, np.ndarray], windows: Windows, *, where: str = "the recording"
) -> Iterator[dict]:
    """Rows of one recording, window after window, as they are done.

    Parameters
    ----------
    predictor : Predictor
    waves : dict of int to np.ndarray [shape=(n_samples,)]
        The recording at every sample rate that a member reads: :meth:`Predictor.waves`.
    windows : Windows
    where : str
        What a message calls the recording.

    Yields
    ------
    dict
        ``start, end`` in seconds, and ``label, proba``, or ``error, message`` where nothing is heard.
    """
    seconds = max(wave.size / rate for rate, wave in waves.items())
    for start, end in windows.spans(seconds):
        cut = {rate: wave[round(start * rate) : round(end * rate)] for rate, wave in waves.items()}
        row = {"start": round(start, 3), "end": round(end, 3)}
        try:
            for rate, wave in cut.items():
                audio.check(wave, rate, where=f"{where} at {start:.1f} s")
            yield row | predict_waves(predictor, cut)
        except AudioError as error:
            yield row | {"error": error.reason, "message": str(error)}


def predict_waves(predictor: Predictor, waves: dict[int, np.ndarray]) -> dict:
    """``label`` and ``proba`` of the waves of one clip or window."""
    proba = predictor.as_dict(predictor.proba(waves))
    return {"label": max(proba, key=proba.get), "proba": proba}


def over_time(rows: Sequence[dict], classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities between the edges of windows: at each moment the mean of the windows that hold it.

    Parameters
    ----------
    rows : sequence of dict
        From :func:`sercore.bundle.predict_windows`, or ``predict_clip`` with windows.
    classes : sequence of str

    Returns
    -------
    edges : np.ndarray [shape=(n_pieces + 1,)]
        In seconds.
    proba : np.ndarray [shape=(n_pieces, n_classes)]
        NaN where no window gave an answer, as in silence.

    Raises
    ------
    SercoreError
        There are no windows.
    """
    if not rows or "start" not in rows[0]:
        raise SercoreError(f"no windows in {list(rows)[:1]}; make rows with sercore.bundle.predict_windows")
    edges = np.unique([row[end] for row in rows for end in ("start", "end")])
    total, count = np.zeros((len(edges) - 1, len(classes))), np.zeros(len(edges) - 1)
    for row in rows:
        if "proba" in row:
            held = slice(*np.searchsorted(edges, (row["start"], row["end"])))
            total[held] += [row["proba"][name] for name in classes]
            count[held] += 1
    return edges, total / np.where(count, count, np.nan)[:, None]

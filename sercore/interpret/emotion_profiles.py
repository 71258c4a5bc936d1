"""What an emotion does to a voice on average, and how sure that is for other people.

Clips are brought to one length, averaged per speaker and emotion, and only then over speakers, so
that everyone counts once. A difference is taken within each speaker before averaging: men's and women's
voices then do not stand between an emotion and neutral.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import SercoreError
from ..evaluation.bootstrap import mean_interval
from ..labels import sort_emotions


class MeanInterval(NamedTuple):
    """A mean over speakers and its 95 % interval, each of the shape of one clip's values."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def sure(self) -> np.ndarray:
        """Where the interval leaves out 0, so that the sign would hold for other people."""
        return (self.low > 0) | (self.high < 0)


def normalise_time(track: np.ndarray, *, n_points: int = 40) -> np.ndarray:
    """A track over the course of its clip, beginning to end, in equal parts [shape=(n_rows, n_points)].

    Parameters
    ----------
    track : np.ndarray [shape=(n_rows, n_frames)]
        NaN where there is no value, as pitch in unvoiced frames; NaN comes out only where a part of
        the clip holds nothing else.
    n_points : int
        Parts; each is the mean over its frames (at least the nearest one).
    """
    track = np.atleast_2d(track)
    n_frames = track.shape[1]
    middles = (np.arange(n_frames) + 0.5) / n_frames
    edges = np.linspace(0, 1, n_points + 1)
    inside = (middles >= edges[:-1, None]) & (middles < edges[1:, None])
    empty = np.flatnonzero(~inside.any(axis=1))
    inside[empty, np.abs(middles - (edges[empty, None] + 0.5 / n_points)).argmin(axis=1)] = True
    known = np.isfinite(track)
    sums, counts = np.where(known, track, 0.0) @ inside.T, known @ inside.T.astype(float)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def emotion_means(
    values: np.ndarray, labels: Sequence[str], speakers: Sequence[str]
) -> dict[str, MeanInterval]:
    """Average of each emotion over speakers, with its interval.

    Parameters
    ----------
    values : np.ndarray [shape=(n_clips, …)]
        One contour, map or row per clip; NaN where there is no value.
    labels, speakers : sequence of str [shape=(n_clips,)]

    Returns
    -------
    dict of str to Average
        In the order of :data:`sercore.labels.EMOTIONS`.
    """
    labels, speakers = np.asarray(labels), np.asarray(speakers)
    return {
        emotion: MeanInterval(
            *mean_interval(np.asarray(values)[labels == emotion], speakers[labels == emotion])
        )
        for emotion in sort_emotions(labels)
    }


def emotion_differences(
    values: np.ndarray, labels: Sequence[str], speakers: Sequence[str], *, against: str = "neutral"
) -> dict[str, MeanInterval]:
    """Difference of each emotion to neutral within the same speaker, averaged over speakers.

    Speakers without either are left out. Adding a constant to all values of a speaker changes nothing.

    Parameters
    ----------
    values, labels, speakers
        As in :func:`emotion_means`.
    against : str
        What the others are compared with.

    Returns
    -------
    dict of str to Average

    Raises
    ------
    SercoreError
        No clip has the label ``against``, or no speaker has it and another.
    """
    values, labels, speakers = np.asarray(values, dtype=float), np.asarray(labels), np.asarray(speakers)
    if against not in labels:
        raise SercoreError(f"no clip is {against!r}; there are {', '.join(sort_emotions(labels))}")
    means = {
        (emotion, who): mean_interval(values[here], speakers[here], n_boot=1)[0]
        for emotion in sort_emotions(labels)
        for who in np.unique(speakers)
        if (here := (labels == emotion) & (speakers == who)).any()
    }
    result = {}
    for emotion in sort_emotions(labels):
        both = [who for who in np.unique(speakers) if (emotion, who) in means and (against, who) in means]
        if emotion == against or not both:
            continue
        within = np.stack([means[emotion, who] - means[against, who] for who in both])
        result[emotion] = MeanInterval(*mean_interval(within, both))
    if not result:
        raise SercoreError(f"no speaker has clips of {against!r} and of another emotion")
    return result

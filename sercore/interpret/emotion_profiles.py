"""Average features of each emotion, and their difference to neutral, with intervals over speakers.

Clips are normalised in time, averaged per speaker and emotion, and then over speakers, so that every
speaker has the same weight. Differences are computed within speakers before averaging, which removes
constant differences between voices, such as those of women and men.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import SercoreError
from ..evaluation.bootstrap import mean_interval
from ..labels import sort_emotions


class MeanInterval(NamedTuple):
    """Mean over speakers and its 95 % interval, each of the shape of one clip's values."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def sure(self) -> np.ndarray:
        """Bool array, True where the interval excludes 0."""
        return (self.low > 0) | (self.high < 0)


def normalise_time(track: np.ndarray, *, n_points: int = 40) -> np.ndarray:
    """Track resampled to a fixed number of points from beginning to end of its clip.

    Parameters
    ----------
    track : np.ndarray [shape=(n_rows, n_frames)]
        Values per frame; NaN if undefined, as pitch in unvoiced frames.
    n_points : int
        Equal parts of the clip; each point is the mean over the frames of its part, or the nearest frame.

    Returns
    -------
    np.ndarray [shape=(n_rows, n_points)]
        NaN for parts without a defined value.

    Examples
    --------
    >>> normalise_time(np.array([1.0, 3.0, np.nan, 5.0]), n_points=2).tolist()
    [[2.0, 5.0]]

    Notebook: 07_interpretability.ipynb
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
    """Mean of each emotion over speakers, with its 95 % interval.

    Parameters
    ----------
    values : np.ndarray [shape=(n_clips, …)]
        One contour, spectrogram or row per clip; NaN if undefined.
    labels, speakers : sequence of str [shape=(n_clips,)]
        Emotion and speaker of each clip.

    Returns
    -------
    dict of str to MeanInterval
        In the order of :data:`sercore.labels.EMOTIONS`.

    See Also
    --------
    emotion_differences : The difference to neutral within speakers.

    Examples
    --------
    >>> means = emotion_means([1.0, 3.0, 6.0], ["sad", "sad", "sad"], ["spk1", "spk1", "spk2"])
    >>> float(means["sad"].mean)
    4.0
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
    """Mean difference of each emotion to neutral within speakers, with its 95 % interval.

    Speakers who lack one of the two are left out. Adding a constant to all values of a speaker does not
    change the result.

    Parameters
    ----------
    values, labels, speakers
        As in :func:`emotion_means`.
    against : str
        Emotion that the others are compared with.

    Returns
    -------
    dict of str to MeanInterval
        In the order of :data:`sercore.labels.EMOTIONS`.

    Raises
    ------
    SercoreError
        No clip has the label ``against``, or no speaker has both it and another label.

    See Also
    --------
    emotion_means : The means themselves.

    Notebook: 07_interpretability.ipynb
    """
    values, labels, speakers = np.asarray(values, dtype=float), np.asarray(labels), np.asarray(speakers)
    if against not in labels:
        raise SercoreError(
            f"no clip has the label {against!r}; there are: {', '.join(sort_emotions(labels))}"
        )
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
        raise SercoreError(f"no speaker has clips of both {against!r} and another emotion")
    return result

"""Regions of a clip: boxes of time and frequency, voiced segments, and words.

Neighbouring cells of a spectrogram are redundant, so attribution maps are occluded, ranked and compared by
box. :func:`by_segment` sums the evidence over voiced segments, or over words if they are annotated.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SercoreError

BOX = (10, 8)
"""Frames and features per box: with a hop of 10 ms, a tenth of a second and eight mel bands."""

_STEP = 240  # a multiple of most strides of a network


def box_numbers(n_frames: int, n_features: int, *, box: tuple[int, int] = BOX) -> np.ndarray:
    """Number of the box that each cell belongs to, counted from 0 [shape=(n_frames, n_features)].

    Boxes start at the first frame and feature; those at the end may be smaller.

    Raises
    ------
    SercoreError
        A side of the box is below 1.

    Examples
    --------
    >>> box_numbers(2, 4, box=(1, 3)).tolist()
    [[0, 0, 0, 1], [2, 2, 2, 3]]
    """
    if min(box) < 1:
        raise SercoreError(f"box is {box[0]} frames × {box[1]} features; both must be at least 1")
    rows, columns = np.arange(n_frames) // box[0], np.arange(n_features) // box[1]
    return rows[:, None] * (columns[-1] + 1) + columns


def box_sizes(X: np.ndarray, *, box: tuple[int, int] = BOX) -> np.ndarray:
    """Number of cells of each box inside each clip [shape=(n_clips, n_boxes)].

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        NaN after the end of a clip.
    box : (int, int)
        Frames and features per box.
    """
    numbers = box_numbers(*X.shape[1:], box=box)
    return np.stack([np.bincount(numbers[~np.isnan(clip)], minlength=numbers.max() + 1) for clip in X])


def box_means(maps: np.ndarray, X: np.ndarray, *, box: tuple[int, int] = BOX) -> np.ndarray:
    """Mean of each attribution map over each box [shape=(n_clips, n_boxes)]; NaN for boxes in padding.

    Parameters
    ----------
    maps : np.ndarray [shape=(n_clips, n_frames, n_features)]
        Attribution maps. Values in the padding are ignored.
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        The clips, NaN after their end.
    box : (int, int)
        Frames and features per box.

    Examples
    --------
    >>> maps = np.array([[[1.0, 3.0, 5.0]]])
    >>> box_means(maps, np.zeros(maps.shape), box=(1, 2)).tolist()
    [[2.0, 5.0]]
    """
    numbers, sizes = box_numbers(*X.shape[1:], box=box), box_sizes(X, box=box)
    inside = np.where(np.isnan(X), 0.0, maps)
    sums = [np.bincount(numbers.ravel(), one.ravel(), minlength=sizes.shape[1]) for one in inside]
    return np.where(sizes > 0, np.stack(sums) / np.maximum(sizes, 1), np.nan)


def upsample_cells(cells: np.ndarray, n_frames: int, n_features: int) -> np.ndarray:
    """Cells [shape=(n_clips, n_steps, n_rows)] distributed over frames and features, with the same sum."""
    rows = np.arange(n_frames) * cells.shape[1] // n_frames
    columns = np.arange(n_features) * cells.shape[2] // n_features
    sizes = np.bincount(rows)[rows][:, None] * np.bincount(columns)[columns]
    return cells[:, rows][:, :, columns] / sizes


def pad_to_stride(X: np.ndarray) -> np.ndarray:
    """Clips padded with NaN to a number of frames that all usual strides divide."""
    n_frames = -(-X.shape[1] // _STEP) * _STEP
    longer = np.full((len(X), n_frames, X.shape[2]), np.nan, dtype=np.float32)
    longer[:, : X.shape[1]] = X
    return longer


def voiced_segments(
    voiced: np.ndarray, *, frame_s: float, gap_s: float = 0.03, shortest_s: float = 0.05
) -> pd.DataFrame:
    """Voiced segments of a clip, of one or a few syllables each.

    Parameters
    ----------
    voiced : np.ndarray of bool [shape=(n_frames,)]
        Whether each frame is voiced, such as ``np.isfinite`` of a pitch track.
    frame_s : float
        Frame period in seconds.
    gap_s, shortest_s : float
        Gaps up to ``gap_s`` seconds are bridged, then segments below ``shortest_s`` seconds are dropped.

    Returns
    -------
    pd.DataFrame
        ``start`` and ``end`` in seconds, in order.

    See Also
    --------
    by_segment : Evidence of each segment.

    Examples
    --------
    >>> voiced_segments([False, True, True, True, False], frame_s=0.5)
       start  end
    0    0.5  2.0

    Notebook: 07_interpretability.ipynb
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(voiced, int), [0]])))
    segments = []
    for start, end in edges.reshape(-1, 2):
        if segments and (start - segments[-1][1]) * frame_s <= gap_s + 1e-9:
            segments[-1][1] = end
        else:
            segments.append([start, end])
    table = pd.DataFrame(np.array(segments, float).reshape(-1, 2) * frame_s, columns=["start", "end"])
    return table[table["end"] - table["start"] >= shortest_s - 1e-9].reset_index(drop=True)


def by_segment(evidence: np.ndarray, segments: pd.DataFrame, *, frame_s: float) -> pd.DataFrame:
    """Evidence of each segment of a clip.

    Parameters
    ----------
    evidence : np.ndarray [shape=(n_frames, n_features)]
        Attribution map of one clip, from :func:`sercore.interpret.attribute`.
    segments : pd.DataFrame
        ``start`` and ``end`` in seconds, from :func:`voiced_segments` or from an annotation of words; other
        columns, such as ``word``, are retained.
    frame_s : float
        Frame period in seconds.

    Returns
    -------
    pd.DataFrame
        The segments with ``evidence`` (sum), ``share`` (proportion of the clip's absolute evidence) and
        ``per_second`` (``share`` divided by the duration). The shares of segments that cover the clip
        without overlap sum to 1.

    Raises
    ------
    SercoreError
        The segments lack ``start`` or ``end``, or one does not end after its start.

    See Also
    --------
    voiced_segments : Finds segments.

    Examples
    --------
    >>> words = pd.DataFrame({"start": [0.0, 1.0], "end": [1.0, 2.0], "word": ["oh", "no"]})
    >>> by_segment(np.array([[1.0], [-3.0]]), words, frame_s=1.0)[["word", "evidence", "share"]]
      word  evidence  share
    0   oh       1.0   0.25
    1   no      -3.0   0.75

    Notebook: 07_interpretability.ipynb
    """
    if not {"start", "end"} <= set(segments.columns) or (segments["end"] <= segments["start"]).any():
        raise SercoreError(
            "segments need the columns start and end in seconds, and each must end after its start"
        )
    times = np.arange(len(evidence)) * frame_s
    total = np.abs(evidence).sum()
    rows = []
    for start, end in zip(segments["start"], segments["end"], strict=True):
        part = evidence[(times >= start - 1e-9) & (times < end - 1e-9)]
        share = float(np.abs(part).sum() / total) if total else 0.0
        rows.append({"evidence": float(part.sum()), "share": share, "per_second": share / (end - start)})
    return segments.join(
        pd.DataFrame(rows, index=segments.index, columns=["evidence", "share", "per_second"])
    )

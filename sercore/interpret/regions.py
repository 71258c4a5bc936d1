"""Boxes of time and frequency, in which maps are hidden, ranked and compared.

A single cell of a spectrogram means little: its neighbours say the same. Maps of different methods
are comparable once they are averaged over boxes.

Notebook: 07_interpretability.ipynb
"""
# MERGED DOC: Evidence per voiced segment, or per word where somebody has marked the words.

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SercoreError

BOX = (10, 8)
"""Frames and features of a box: at the course's settings a tenth of a second and eight mel bands."""

_STEP = 240  # a multiple of most strides that a network has


def box_numbers(n_frames: int, n_features: int, *, box: tuple[int, int] = BOX) -> np.ndarray:
    """Number of the box that each cell belongs to [shape=(n_frames, n_features)], counted from 0.

    Boxes tile the plane from the first frame and feature on; the last of a row may be smaller.
    """
    if min(box) < 1:
        raise SercoreError(f"a box of {box[0]} frames and {box[1]} features; both must be at least 1")
    rows, columns = np.arange(n_frames) // box[0], np.arange(n_features) // box[1]
    return rows[:, None] * (columns[-1] + 1) + columns


def box_sizes(X: np.ndarray, *, box: tuple[int, int] = BOX) -> np.ndarray:
    """Number of cells of each box that lie inside each clip [shape=(n_clips, n_boxes)].

    Parameters
    ----------
    X : np.ndarray [shape=(n_clips, n_frames, n_features)]
        NaN after the end of a clip.
    box : (int, int)
        Frames and features.
    """
    numbers = box_numbers(*X.shape[1:], box=box)
    return np.stack([np.bincount(numbers[~np.isnan(clip)], minlength=numbers.max() + 1) for clip in X])


def box_means(maps: np.ndarray, X: np.ndarray, *, box: tuple[int, int] = BOX) -> np.ndarray:
    """Mean of each map over each box [shape=(n_clips, n_boxes)]; NaN where a box is wholly in padding.

    Parameters
    ----------
    maps : np.ndarray [shape=(n_clips, n_frames, n_features)]
        From :func:`sercore.interpret.attribute`, 0 in the padding.
    X : np.ndarray, same shape
        The clips, NaN after their end.
    """
    numbers, sizes = box_numbers(*X.shape[1:], box=box), box_sizes(X, box=box)
    sums = [np.bincount(numbers.ravel(), one.ravel(), minlength=sizes.shape[1]) for one in maps]
    return np.where(sizes > 0, np.stack(sums) / np.maximum(sizes, 1), np.nan)


def upsample_cells(cells: np.ndarray, n_frames: int, n_features: int) -> np.ndarray:
    """Coarse cells [shape=(n_clips, n_steps, n_rows)] over frames and features; sums stay the same."""
    rows = np.arange(n_frames) * cells.shape[1] // n_frames
    columns = np.arange(n_features) * cells.shape[2] // n_features
    sizes = np.bincount(rows)[rows][:, None] * np.bincount(columns)[columns]
    return cells[:, rows][:, :, columns] / sizes


def pad_to_stride(X: np.ndarray) -> np.ndarray:
    """Clips with so much padding that every usual stride divides their number of frames."""
    n_frames = -(-X.shape[1] // _STEP) * _STEP
    longer = np.full((len(X), n_frames, X.shape[2]), np.nan, dtype=np.float32)
    longer[:, : X.shape[1]] = X
    return longer


def voiced_segments(
    voiced: np.ndarray, *, frame_s: float, gap_s: float = 0.03, shortest_s: float = 0.05
) -> pd.DataFrame:
    """Stretches in which the voice sounds, about a syllable or a few each.

    Parameters
    ----------
    voiced : np.ndarray of bool [shape=(n_frames,)]
        As from ``np.isfinite`` of a pitch track.
    frame_s : float
        Seconds from frame to frame.
    gap_s, shortest_s : float
        Pauses up to ``gap_s`` are bridged; segments shorter than ``shortest_s`` are then dropped.

    Returns
    -------
    pd.DataFrame
        ``start`` and ``end`` in seconds, in order.
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
    """What each segment contributes.

    Parameters
    ----------
    evidence : np.ndarray [shape=(n_frames, n_features)]
        Map of one clip, from :func:`sercore.interpret.attribute`.
    segments : pd.DataFrame
        ``start`` and ``end`` in seconds: from :func:`voiced_segments`, or words that you marked by ear;
        other columns, such as ``word``, are kept.
    frame_s : float
        Seconds from frame to frame.

    Returns
    -------
    pd.DataFrame
        The segments with ``evidence`` (sum, for the class where positive), ``share`` (of the absolute
        evidence of the clip) and ``per_second`` (``share`` divided by the segment's length). The
        shares of segments that cover the clip without overlap sum to 1.

    Raises
    ------
    SercoreError
        The segments lack ``start`` or ``end``, or one ends before it starts.
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

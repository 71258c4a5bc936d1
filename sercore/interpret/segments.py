"""Evidence per voiced segment, or per word where somebody has marked the words.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SercoreError


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

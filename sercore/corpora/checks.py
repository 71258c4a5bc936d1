"""Recordings that cannot teach a model what was intended: problems of an index, in one line each."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from ..labels import sort_emotions
from .versions import seconds

LONG = 5.0
"""A clip longer than this many times the median is reported."""


def find_problems(index: pd.DataFrame) -> list[str]:
    """Problems of your own recordings that training would not reveal, one line each with what to do.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.

    Returns
    -------
    list of str
        About speakers with one emotion, rare emotions, duplicates, very long clips, and speakers whose names
        differ in case, blanks or leading zeros only.

    Examples
    --------
    >>> speakers, emotions = ["1", "01", "2", "2"], ["sad", "happy", "sad", "happy"]
    >>> index = pd.DataFrame({"path": "", "clip_id": list("abcd"), "speaker": speakers, "emotion": emotions})
    >>> for line in find_problems(index): print(line)
    2 of 3 speakers have one emotion only, so voice and emotion cannot be told apart: record several emotions of every speaker
    speakers '01' and '1' may be one person, who could then be in training and test data: give both the same name
    """  # noqa: E501
    found = _one_emotion(index), _rare(index), _similar_speakers(index), _duplicates(index), _long(index)
    return [line for lines in found for line in lines]


def lengths(index: pd.DataFrame) -> np.ndarray:
    """Length of each clip in seconds as declared by its header; NaN if it cannot be read."""
    return np.array([seconds(path) for path in index["path"]], dtype=float)


def _one_emotion(index: pd.DataFrame) -> list[str]:
    emotions = index.groupby("speaker")["emotion"].nunique()
    n_single = int((emotions == 1).sum())
    if n_single * 2 <= len(emotions) or index["emotion"].nunique() < 2:
        return []
    return [
        f"{n_single} of {len(emotions)} speakers have one emotion only, so voice and emotion cannot be told "
        "apart: record several emotions of every speaker"
    ]


def _rare(index: pd.DataFrame) -> list[str]:
    speakers = index.groupby("emotion")["speaker"].nunique()
    if index["speaker"].nunique() == 1:
        return [
            f"all clips are of one speaker, {_bare(index['speaker'].iloc[0])!r}, so a model cannot be tested "
            "on others: record more speakers, or correct the pattern or column that names them"
        ]
    rare = [emotion for emotion in sort_emotions(index["emotion"]) if speakers[emotion] == 1]
    if not rare:
        return []
    listed = []
    for emotion in rare:
        who = index.loc[index["emotion"] == emotion, "speaker"]
        listed.append(f"{emotion} ({len(who)} clip{'s' * (len(who) > 1)} of {_bare(who.iloc[0])!r})")
    return [
        f"emotions of one speaker cannot be tested on others: {', '.join(listed)}; record more speakers, or "
        f"leave them out with labels={dict.fromkeys(rare)} (--drop {' '.join(rare)})"
    ]


def _similar_speakers(index: pd.DataFrame) -> list[str]:
    similar = {}
    for name in sorted({_bare(name) for name in index["speaker"]}):
        key = re.sub(r"\.0$|[\s_-]", "", name.casefold())
        similar.setdefault(re.sub(r"(?<!\d)0+(?=\d)", "", key), []).append(name)
    return [
        f"speakers {' and '.join(map(repr, names))} may be one person, who could then be in training and "
        "test data: give both the same name"
        for names in similar.values()
        if len(names) > 1
    ]


def _duplicates(index: pd.DataFrame) -> list[str]:
    if "duplicate_of" not in index or not (copies := index[index["duplicate_of"] != ""]).size:
        return []
    first = index.set_index("clip_id").loc[copies["duplicate_of"]]
    differ = int(
        (first[["speaker", "emotion"]].to_numpy() != copies[["speaker", "emotion"]]).any(axis=1).sum()
    )
    named = ", ".join(f"{row.clip_id} = {row.duplicate_of}" for row in copies.head(3).itertuples())
    return [
        f"{len(copies)} clip(s) have the same bytes as another, {differ} of them with another speaker or "
        f"emotion: {named}{', …' if len(copies) > 3 else ''}; remove them"
    ]


def _long(index: pd.DataFrame) -> list[str]:
    length = lengths(index)
    if np.isnan(length).all():
        return []
    median = np.nanmedian(length)
    found = np.flatnonzero(length > LONG * median)
    if not len(found):
        return []
    named = ", ".join(f"{index['clip_id'].iloc[k]} ({length[k]:.0f} s)" for k in found[:3])
    return [
        f"{len(found)} clip(s) are more than {LONG:g} times as long as the median of {median:.1f} s: {named}"
        f"{', …' if len(found) > 3 else ''}; each counts as one clip with one emotion: cut or remove them"
    ]


def _bare(speaker: str) -> str:
    """Name of a speaker without the name of the corpus."""
    return speaker.removeprefix("folder-")

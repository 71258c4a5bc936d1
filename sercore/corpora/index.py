"""The index: one row per clip, with the same columns and order for every corpus and machine."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import CorpusError
from ..labels import EMOTIONS, sort_emotions
from .description import Corpus
from .identity import find_duplicates, one_file_per_clip, seconds
from .registry import get_corpus, read_options
from .scanning import Scan, count_suffixes, find_scan, report_unknown
from .segments import keep_channel
from .stereo import two_people

COLUMNS = (
    "path",
    "corpus",
    "clip_id",
    "speaker",
    "sex",
    "age",
    "language",
    "emotion",
    "intensity",
    "sentence",
    "repetition",
    "duplicate_of",
)
"""Columns of every index, in this order."""
LONG = 5.0
"""A clip longer than this many times the median is reported."""


def load_index(
    name: str | Sequence[str],
    root: str | os.PathLike | None = None,
    *,
    unknown: str = "raise",
    **options,
) -> pd.DataFrame:
    """Table with one row per clip of a corpus, sorted by ``clip_id``.

    No audio is decoded: an empty file has its row, and reading it raises an error later. A clip that is
    found twice in a folder is counted once.

    Parameters
    ----------
    name : str or sequence of str
        A corpus (:func:`sercore.corpora.list_corpora`), or several: ``["ravdess", "tess"]`` or
        ``"ravdess+tess"``.
    root : path, optional
        The corpus's own folder; for several corpora, the folder that contains theirs. By default the
        folders listed in :mod:`sercore.paths` are searched.
    unknown : {"raise", "warn"}
        What to do about audio files whose name does not follow the corpus's scheme. They are never
        part of the index.
    **options
        For ``folder`` only: ``speaker``, ``emotion``, ``labels``, ``language``
        (:func:`sercore.corpora.folder.parse`), ``on_conflict``
        (:func:`sercore.corpora.tables.read_table`) and ``channel``, the channel to use of recordings with
        several (from 0), instead of their mean. Defaults are in the environment variable
        ``SERCORE_OPTIONS`` (:mod:`sercore.corpora.registry`).

    Returns
    -------
    pd.DataFrame
        Columns :data:`COLUMNS`. ``age`` is in years, NaN if unknown. ``duplicate_of`` is the clip id
        of the first clip with the same bytes, empty if there is none.

    Raises
    ------
    CorpusError
        The corpus is unknown, no clips are found, names cannot be parsed, or a clip exists in two versions.

    Warns
    -----
    UserWarning
        Clips are missing or were not read, or your own recordings cannot teach a model
        (:func:`find_problems`).

    See Also
    --------
    sercore.corpora.check : what was understood of your own recordings.
    sercore.labels.apply_scheme : add the label column of a task.
    sercore.corpora.verify : compare the files with the official list.

    Notebook: 01_eda.ipynb
    """
    if unknown not in ("raise", "warn"):
        raise CorpusError(f"unknown={unknown!r}, but it must be 'raise' or 'warn'")
    names = [part.strip() for part in name.split("+")] if isinstance(name, str) else list(name)
    corpora = [get_corpus(part) for part in names]
    if not corpora or len({corpus.name for corpus in corpora}) < len(corpora):
        raise CorpusError(f"{name!r}: name each corpus once")
    pooled = len(corpora) > 1
    unknown, options = read_options(corpora, unknown, options, root)
    tables = []
    for corpus in corpora:
        found = find_scan(corpus, root, pooled=pooled, **options)
        tables.append(build_index(corpus, found, unknown))
    index = pd.concat(tables, ignore_index=True)
    if pooled:
        index["duplicate_of"] = find_duplicates(index["clip_id"], index["path"])
    return index.sort_values("clip_id", kind="stable", ignore_index=True)


def build_index(corpus: Corpus, found: Scan, unknown: str) -> pd.DataFrame:
    """The index of one scanned folder; remarks about it are raised as warnings."""
    clips, several_formats = one_file_per_clip(found.clips)
    if found.channel is not None:
        clips, without = keep_channel(clips, found.channel)
        found.unknown |= without
    if found.unknown:
        report_unknown(corpus, found, unknown)
    notes = found.notes + several_formats
    if found.unread:
        notes.append(f"{len(found.unread)} recording(s) were not read: {count_suffixes(found.unread)}")
    table = _table(corpus, clips)
    if corpus.n_clips and len(table) != corpus.n_clips:
        notes.append(
            f"{len(table)} clips in {found.folder}, the corpus has {corpus.n_clips}; "
            f"`sercore corpora verify {corpus.name}` lists what is missing"
        )
    if not corpus.n_clips:
        notes += find_problems(table)
    else:
        notes += [line.partition(": ")[0] for line in (*_one_emotion(table), *_similar_speakers(table))]
    for note in notes:
        warnings.warn(f"{corpus.title}: {note}", stacklevel=3)
    return table


def _table(corpus: Corpus, clips: list[dict]) -> pd.DataFrame:
    """One row per clip with all columns."""
    rows = []
    for clip in clips:
        row = {"age": float("nan"), "sex": "", "intensity": "", "sentence": "", "repetition": ""}
        row |= {"corpus": corpus.name, "language": corpus.language} | clip
        row["clip_id"] = f"{corpus.name}/{clip['stem']}"
        row["speaker"] = f"{corpus.name}-{clip['speaker']}"
        rows.append(row)
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "duplicate_of"])
    strange = set(table["emotion"]) - set(EMOTIONS)
    if strange:
        raise CorpusError(
            f"{corpus.title}: {sorted(strange)} are not among the emotions {', '.join(EMOTIONS)}"
        )
    table["duplicate_of"] = find_duplicates(table["clip_id"], table["path"])
    return table.astype({"age": float, "repetition": str, "sentence": str})[list(COLUMNS)]


def find_problems(index: pd.DataFrame) -> list[str]:
    """Problems of your own recordings that training would not reveal, one line each with what to do.

    Parameters
    ----------
    index : pd.DataFrame
        From :func:`sercore.corpora.load_index`.

    Returns
    -------
    list of str
        About speakers with one emotion, rare emotions, duplicates, very long clips, stereo recordings of two
        people, and speakers whose names differ in case, blanks or leading zeros only.

    Examples
    --------
    >>> speakers, emotions = ["1", "01", "2", "2"], ["sad", "happy", "sad", "happy"]
    >>> index = pd.DataFrame({"path": "", "clip_id": list("abcd"), "speaker": speakers, "emotion": emotions})
    >>> for line in find_problems(index): print(line)
    2 of 3 speakers have one emotion only, so voice and emotion cannot be told apart: record several emotions of every speaker
    speakers '01' and '1' may be one person, who could then be in training and test data: give both the same name
    """  # noqa: E501
    found = _one_emotion(index), _rare(index), _similar_speakers(index), _duplicates(index), _long(index)
    return [line for lines in (*found, _two_people(index)) for line in lines]


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


def _two_people(index: pd.DataFrame) -> list[str]:
    found, n_read = two_people(index["path"].tolist())
    if not found:
        return []
    named = index.loc[index["path"].isin(found[:3]), "clip_id"]
    return [
        f"{len(found)} of {n_read} stereo clip(s) examined have one person on each channel: "
        f"{', '.join(named)}; choose one with channel=0 (--channel 0) or channel=1"
    ]


def _bare(speaker: str) -> str:
    """Name of a speaker without the name of the corpus."""
    return speaker.removeprefix("folder-")

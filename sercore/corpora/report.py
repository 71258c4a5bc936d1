"""What was understood of your own recordings, before anything is trained."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ..audio import load, open_pieces, readable_suffixes
from ..errors import AudioError, CorpusError
from ..files import write_atomic
from ..labels import sort_emotions
from .identity import one_file_per_clip
from .index import build_index, lengths
from .registry import get_corpus, read_options
from .scanning import Scan, audio_files, find_scan, unread_suffixes

_ROWS = 30  # speakers listed


@dataclass(frozen=True)
class Check:
    """Result of :func:`check`; printing it shows one table.

    Parameters
    ----------
    title : str
        Title of the corpus.
    found : Scan
        The files of the folder.
    index : pd.DataFrame
        The index of :func:`sercore.corpora.load_index`.
    seconds : np.ndarray [shape=(n_clips,)]
        Length of each clip in seconds; NaN if it cannot be read.
    remarks : list of str
        What is suspicious, with what to do.
    faults : list of str
        The reason for each clip that cannot be read.
    """

    title: str
    found: Scan
    index: pd.DataFrame
    seconds: np.ndarray
    remarks: list[str]
    faults: list[str] = field(default_factory=list)

    @property
    def from_table(self) -> bool:
        """Whether the clips were read from a table."""
        return self.found.source != Scan.source

    def table(self) -> pd.DataFrame:
        """The ``index.csv`` that describes these clips: path below the folder, and the columns known."""
        base = self.found.folder
        whole = {clip["stem"]: clip["path"] for clip in one_file_per_clip(self.found.clips)[0]}
        files = [whole[clip_id.split("/", 1)[1]] for clip_id in self.index["clip_id"]]
        relative = [Path(os.path.relpath(path, base)).as_posix() for path in files]
        own = self.index.assign(path=relative, speaker=self.index["speaker"].str.split("-", n=1).str[1])
        optional = ["sex", "age", "language", "intensity", "sentence", "repetition"]
        given = [name for name in optional if own[name].notna().any() and own[name].ne("").any()]
        return own[["path", "emotion", "speaker", *given]]

    def preview(self) -> str:
        """The first lines that :meth:`write` would write; empty if the clips were read from a table."""
        if self.from_table:
            return ""
        lines = self.table().head(5).to_csv(index=False, lineterminator="\n")
        return f"index.csv that --write would write:\n{lines}" + "…" * (len(self.index) > 5)

    def write(self) -> Path:
        """Write ``index.csv`` into the folder and return its path.

        Raises
        ------
        CorpusError
            The clips were read from a table, or the folder cannot be written.
        """
        target = self.found.folder / "index.csv"
        if self.from_table or target.exists():
            raise CorpusError(f"{target} is not written: the table {self.found.source} is used as it is")
        try:
            write_atomic(target, self.table().to_csv(index=False).encode())
        except OSError as error:
            raise CorpusError(f"{target} cannot be written ({error.strerror or error})") from error
        return target

    def __str__(self) -> str:
        seconds = self.seconds[~np.isnan(self.seconds)]
        lines = [f"{self.title} in {self.found.folder}, from {self.found.source}"]
        counts = pd.crosstab(self.index["speaker"].str.split("-", n=1).str[1], self.index["emotion"])
        counts = counts[sort_emotions(counts.columns)]
        total = counts.sum().rename("all")
        shown = pd.concat([counts.head(_ROWS), total.to_frame().T])
        shown["clips"] = shown.sum(axis=1)
        lines += ["", shown.rename_axis(index="speaker").to_string()]
        lines += [f"… and {len(counts) - _ROWS} more speakers"] * (len(counts) > _ROWS)
        lines += ["", f"{len(self.index)} clips, {len(counts)} speakers, {counts.shape[1]} emotions"]
        if len(seconds):
            lines.append(
                f"{seconds.min():.1f} to {seconds.max():.1f} s long, median {np.median(seconds):.1f} s, "
                f"{seconds.sum() / 60:.1f} min in total"
            )
        if self.found.left_out:
            lines.append(f"{len(self.found.left_out)} file(s) left out on purpose")
        if self.faults:
            more = [f"  … and {len(self.faults) - _ROWS} more"] * (len(self.faults) > _ROWS)
            lines += [f"{len(self.faults)} clip(s) cannot be read:", *(f"  {f}" for f in self.faults[:_ROWS])]
            lines += more
        return "\n".join([*lines, *([""] if self.remarks else []), *(f"! {text}" for text in self.remarks)])


def check(root: str | os.PathLike | None = None, *, corpus: str = "folder", **options) -> Check:
    """Clips, speakers, emotions and lengths of a folder, what was skipped, and what is suspicious.

    Parameters
    ----------
    root : path
        Folder or table, as for :func:`sercore.corpora.load_index`.
    corpus : str
    **options
        As for :func:`sercore.corpora.load_index`.

    Returns
    -------
    Check

    Raises
    ------
    CorpusError
        There are no clips, or the table cannot be read.

    See Also
    --------
    sercore.corpora.verify : compare a published corpus with its official list of files.
    """
    corpus = get_corpus(corpus)
    _, options = read_options([corpus], "warn", options, root)
    found = find_scan(corpus, root, **options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        index = build_index(corpus, found, "warn")
    remarks = [str(warning.message).removeprefix(f"{corpus.title}: ") for warning in caught]
    if found.source != Scan.source:
        listed = {os.path.realpath(path) for path in found.recordings}
        others = [
            path
            for path in audio_files(found.folder, readable_suffixes() + unread_suffixes())
            if os.path.realpath(path) not in listed
        ]
        if others:
            suffixes = ", ".join(f"{n} × {s}" for s, n in sorted(Counter(p.suffix for p in others).items()))
            remarks.append(f"{len(others)} recording(s) in the folder are not in the table: {suffixes}")
    return Check(corpus.title, found, index, lengths(index), remarks, _faults(index["path"]))


def _faults(paths: Iterable[str]) -> list[str]:
    """The reason for each recording that is cut off, joined, or not a recording; samples are not decoded."""
    faults = []
    for path in paths:
        try:
            with open_pieces(path) as pieces:
                whole = pieces is not None
            if not whole:
                load(path)
        except AudioError as error:
            faults.append(str(error))
    return faults

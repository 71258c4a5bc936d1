"""Check that a corpus is complete and that its files are the official ones (:mod:`.identity`)."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import soundfile
from tqdm import tqdm

from .. import audio
from ..errors import AudioError, CorpusError
from ..files import is_lfs_pointer
from .description import Corpus
from .identity import preference, read_digests, same_recording, samples_digest, sha256
from .registry import get_corpus, read_options
from .scanning import find_scan

STATUSES = {
    "verified": "the official file, byte for byte",
    "transcoded": "a known name in another format or at another sample rate; content not checked",
    "unchecked": "readable audio without a known official digest; content not checked",
    "altered": "official name and format, other bytes",
    "repeated": "the same audio under several names",
    "missing": "an official clip without a file",
    "empty": "0 bytes",
    "lfs-pointer": "a Git LFS pointer instead of audio; fetch the file itself with Git LFS",
    "damaged": "cannot be opened as audio",
    "conflict": "one clip in different versions",
    "extra": "a name of the right form that is not in the official list",
    "unknown": "a name that does not follow the corpus's scheme",
}
"""Possible states of a clip and their meaning, best first."""
_USABLE = ("verified", "transcoded", "unchecked")
_NOT_CHECKED = ("transcoded", "unchecked")


@dataclass(frozen=True)
class Verification:
    """Result of :func:`verify`; printing it shows a summary.

    Parameters
    ----------
    corpus, title : str
        Name and title of the corpus.
    folder : Path
        The folder that was checked.
    n_expected : int
        Number of clips of the complete corpus; 0 if unknown.
    table : pd.DataFrame
        One row per clip, official or found: ``clip_id``, ``status`` (:data:`STATUSES`),
        ``detail``, ``path``.
    """

    corpus: str
    title: str
    folder: Path
    n_expected: int
    table: pd.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Number of clips per status, best status first."""
        counted = self.table["status"].value_counts()
        return {status: int(counted[status]) for status in STATUSES if status in counted}

    @property
    def complete(self) -> bool:
        """Whether every clip is there and usable. Of transcoded and unchecked ones only the name is known."""
        usable = sum(self.counts.get(status, 0) for status in _USABLE)
        return set(self.counts) <= set(_USABLE) and usable == (self.n_expected or usable)

    def __str__(self) -> str:
        lines = [f"{self.title} in {self.folder}"]
        lines += [f"  {status:12}{count:6}  {STATUSES[status]}" for status, count in self.counts.items()]
        for status in [s for s in self.counts if s not in _USABLE]:
            rows = self.table[self.table["status"] == status]
            lines += [f"    {status}: {row.clip_id} {row.detail}" for row in rows.head(5).itertuples()]
            lines += [f"    {status}: … and {len(rows) - 5} more"] * (len(rows) > 5)
        expected = f" of {self.n_expected}" if self.n_expected else ""
        usable = sum(self.counts.get(status, 0) for status in _USABLE)
        verdict = "complete" if self.complete else "NOT COMPLETE"
        lines.append(f"{verdict}: {usable}{expected} clips are usable")
        if n_names := sum(self.counts.get(status, 0) for status in _NOT_CHECKED):
            lines.append(
                f"content not checked: {n_names} clips are known by name and format only; any audio with "
                "these names would pass, if no two are the same"
            )
        return "\n".join(lines)


def verify(
    name: str, root: str | os.PathLike | None = None, *, progress: bool = True, **options
) -> Verification:
    """State of every clip of a corpus: verified, transcoded, altered, missing and so on.

    Parameters
    ----------
    name, root, **options
        As for :func:`sercore.corpora.load_index`, one corpus at a time.
    progress : bool
        Show a progress bar in bytes.

    Returns
    -------
    Verification

    Raises
    ------
    CorpusError
        The corpus is unknown, or no clips are found.

    See Also
    --------
    sercore.corpora.download : fetch a corpus and verify it.
    """
    corpus = get_corpus(name)
    _, options = read_options([corpus], "warn", options, root)
    found = find_scan(corpus, root, **options)
    official = {corpus.parse(file)["stem"]: digest for file, digest in read_digests(corpus.name).items()}
    files = defaultdict(list)
    for clip in found.clips:
        files[clip["stem"]].append(clip["path"])
    n_bytes = sum(os.path.getsize(path) for paths in files.values() for path in paths)
    rows = []
    with tqdm(total=n_bytes, unit="B", unit_scale=True, desc=f"verify {name}", disable=not progress) as bar:
        for stem in sorted(files):
            status, detail = _status(corpus, files[stem], official.get(stem))
            bar.update(sum(os.path.getsize(path) for path in files[stem]))
            if status in _USABLE and official and stem not in official:
                status = "extra"
            rows.append((stem, status, detail, min(files[stem], key=preference)))
    rows = _mark_repeated(rows, official)
    rows += [(stem, "missing", "", "") for stem in sorted(set(official) - set(files))]
    rows += [(path, "unknown", reason, path) for path, reason in sorted(found.unknown.items())]
    table = pd.DataFrame(rows, columns=["clip_id", "status", "detail", "path"])
    table["clip_id"] = f"{corpus.name}/" + table["clip_id"]
    return Verification(corpus.name, corpus.title, found.folder, corpus.n_clips, table)


def _mark_repeated(rows: list[tuple], official: dict[str, str]) -> list[tuple]:
    """Rows in which clips without a matching digest are ``repeated`` if several have the same samples.

    Pairs that are the same file in the official corpus, too, stay as they are.
    """
    same = defaultdict(list)
    for stem, status, _, path in rows:
        if status in _NOT_CHECKED and (content := samples_digest(path)):
            same[content].append(stem)
    others = {}
    for stems in same.values():
        if len({official.get(stem, stem) for stem in stems}) > 1:
            others |= {stem: f"same audio as {stems[stem == stems[0]]}" for stem in stems}
    return [
        (stem, "repeated", others[stem], path) if stem in others else (stem, status, detail, path)
        for stem, status, detail, path in rows
    ]


def _status(corpus: Corpus, paths: list[str], digest: str | None) -> tuple[str, str]:
    """Status and detail of one clip, which may have several files; a file that cannot be read is damaged."""
    try:
        return _status_of_readable(corpus, paths, digest)
    except (OSError, CorpusError) as error:
        return "damaged", str(error)


def _status_of_decoded(path: str, digest: str | None) -> tuple[str, str] | None:
    """Status of a file that ffmpeg reads; None for other files and damaged ones."""
    if not path.lower().endswith(audio.DECODED_SUFFIXES):
        return None
    try:
        _, sr = audio.read(Path(path))
    except AudioError:
        return None
    detail = f"{Path(path).suffix[1:].upper()} {sr} Hz"
    return ("unchecked" if digest is None else "transcoded"), detail


def _status_of_readable(corpus: Corpus, paths: list[str], digest: str | None) -> tuple[str, str]:
    if len(paths) > 1 and not same_recording(paths):
        return "conflict", ", ".join(paths)
    path = min(paths, key=preference)
    size = os.path.getsize(path)
    if size == 0:
        return "empty", ""
    with open(path, "rb") as stream:
        if is_lfs_pointer(stream.read(64)):
            return "lfs-pointer", f"{size} bytes"
    if digest and path.lower().endswith(".wav") and sha256(path) == digest:
        return "verified", ""
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        return _status_of_decoded(path, digest) or ("damaged", str(error.error_string))
    detail = f"{info.format} {info.samplerate} Hz"
    if digest is None:
        return "unchecked", detail
    same_format = info.format in ("WAV", "WAVEX") and info.samplerate == corpus.sample_rate
    return ("altered" if same_format else "transcoded"), detail

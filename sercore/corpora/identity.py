"""Which clip a file is: official names and digests, changed names, several files of one clip, and duplicates.

The SHA-256 digests of all official files are part of the package, one ``digests/<corpus>.npz`` per
corpus. An archive holds two arrays, read with ``allow_pickle=False``: ``names`` (official file names,
sorted) and ``sha256`` (uint8 [shape=(n_files, 32)]). :func:`write_digests` made them from ``sha256sum``
lists of the original files.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import CorpusError
from .description import Corpus

_FOLDER = Path(__file__).with_name("digests")
_NUMBERED = re.compile(
    r"(?: ?\(\d+\)| - (?:Copy|Kopie|copie|copia)| copy(?: \d+)?)(?=\.[^.]+$)", re.IGNORECASE
)
_LOSSLESS = (".wav", ".aif", ".aiff", ".flac")  # the first three are uncompressed


def read_digests(name: str) -> dict[str, str]:
    """SHA-256 in hexadecimal of every official file by name; empty if there is no official list."""
    path = _FOLDER / f"{name}.npz"
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as archive:
        names, digests = archive["names"], archive["sha256"]
    return {str(name): digest.tobytes().hex() for name, digest in zip(names, digests, strict=True)}


def write_digests(listing: str | os.PathLike, target: str | os.PathLike) -> None:
    """Convert a list in ``sha256sum`` form (digest, two spaces, base name) to the compact form."""
    pairs = [
        line.split(maxsplit=1) for line in Path(listing).read_text(encoding="utf-8").splitlines() if line
    ]
    pairs.sort(key=lambda pair: pair[1])
    digests = np.array([list(bytes.fromhex(digest)) for digest, _ in pairs], dtype=np.uint8)
    np.savez_compressed(target, names=np.array([name.strip() for _, name in pairs]), sha256=digests)


def parse_changed(corpus: Corpus, path: str) -> dict | None:
    """Fields of a clip as from ``corpus.parse``, also if letter case was lost or the name was numbered.

    Raises
    ------
    CorpusError
        The name is not of this corpus, or what was lost cannot be restored.
    """
    try:
        return corpus.parse(path)
    except CorpusError as error:
        first = error
    whole, plain = path.split("/")[-1], path
    while _NUMBERED.search(plain):  # also a copy of a copy
        plain = _NUMBERED.sub("", plain)
    *folders, name = plain.split("/")
    official = _stems(corpus.name).get(name.rsplit(".", 1)[0].casefold(), "")
    names = (f"{official}.wav" if official else name, *_cases(name), *_cases(whole))
    for candidate in dict.fromkeys(names):
        for above in (
            folders,
            *([change(folder) for folder in folders] for change in (str.upper, str.title)),
        ):
            try:
                return corpus.parse("/".join([*above, candidate]))
            except CorpusError:
                continue
    if plain == path:
        raise first
    speakers = ", ".join(corpus.names.speakers if corpus.names else ())
    raise CorpusError(
        "numbered by a file manager, which merged folders with equal names, so the speaker is lost; unpack "
        f"each folder of the archive{f' ({speakers})' if speakers else ''} into a folder of its own"
    )


def _cases(name: str) -> tuple[str, str, str]:
    return name, name.lower(), name.upper()


@lru_cache
def _stems(name: str) -> dict[str, str]:
    """Official names without suffix, by their form without case; ambiguous ones are left out."""
    stems = [file.rsplit(".", 1)[0] for file in read_digests(name)]
    folded = {}
    for stem in stems:
        folded.setdefault(stem.casefold(), []).append(stem)
    return {key: found[0] for key, found in folded.items() if len(found) == 1}


def one_file_per_clip(clips: list[dict]) -> tuple[list[dict], list[str]]:
    """Clips with each stem once, sorted, and a line about clips that exist in several formats.

    Of several formats the uncompressed one is used, of identical files the least nested one.

    Raises
    ------
    CorpusError
        Two files of one clip differ in content or label.
    """
    by_stem = defaultdict(list)
    for clip in clips:
        by_stem[clip["stem"]].append(clip)
    once, differ, ignored = [], [], defaultdict(int)
    for stem in sorted(by_stem):
        same = sorted(by_stem[stem], key=lambda clip: preference(clip["path"]))
        fields = {str({key: value for key, value in clip.items() if key != "path"}) for clip in same}
        if len(same) > 1 and (len(fields) > 1 or not same_recording([clip["path"] for clip in same])):
            differ.append(f"{stem}: " + ", ".join(clip["path"] for clip in same))
        once.append(same[0])
        for suffix in {Path(clip["path"]).suffix.lower() for clip in same[1:]}:
            ignored[suffix] += suffix != Path(same[0]["path"]).suffix.lower()
    if differ:
        listed = "\n  ".join(differ[:10] + [f"… and {len(differ) - 10} more"] * (len(differ) > 10))
        raise CorpusError(f"{len(differ)} clip(s) exist in different versions; keep one of each:\n  {listed}")
    counts = ", ".join(f"{n} × {suffix}" for suffix, n in sorted(ignored.items()) if n)
    return once, [f"clips that exist in several formats count once; not used: {counts}"] * bool(counts)


def preference(path: str) -> tuple:
    """Sort key of files of one clip: uncompressed formats first, then the least nested file."""
    return (
        not path.lower().endswith(_LOSSLESS[:3]),
        not path.lower().endswith(_LOSSLESS),
        path.count(os.sep),
        path,
    )


def same_recording(paths: Sequence[str]) -> bool:
    """Whether files of equal suffix have the same bytes and files of other suffixes about the same length."""
    by_suffix = defaultdict(list)
    for path in paths:
        by_suffix[Path(path).suffix.lower()].append(path)
    if any(len({sha256(path) for path in same}) > 1 for same in by_suffix.values() if len(same) > 1):
        return False
    lengths = [length for same in by_suffix.values() if (length := seconds(same[0])) is not None]
    return len(lengths) < 2 or max(lengths) - min(lengths) <= 0.2 + 0.1 * max(lengths)


def seconds(path: str | os.PathLike) -> float | None:
    """Length of a recording in seconds as declared by its header; None if it cannot be read."""
    import soundfile

    try:
        info = soundfile.info(path)
        return info.frames / info.samplerate
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError, OSError, ZeroDivisionError):
        return None


def samples_digest(path: str | os.PathLike) -> str | None:
    """SHA-256 of the decoded samples of a recording, whatever its container; None if it cannot be read."""
    import soundfile

    digest = hashlib.sha256()
    try:
        for block in soundfile.blocks(os.fspath(path), blocksize=2**18, dtype="int32"):
            digest.update(block.tobytes())
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError, OSError):
        return None
    return digest.hexdigest()


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises
    ------
    CorpusError
        The file cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error}); check permissions") from error


def find_duplicates(clip_ids: Sequence[str], paths: Sequence[str]) -> list[str]:
    """For each clip the id of the first clip with the same bytes, or ``""``.

    Only files of equal size are read. Empty files are not duplicates of each other.
    """
    by_size = defaultdict(list)
    for clip_id, path in sorted(zip(clip_ids, paths, strict=True)):
        by_size[os.path.getsize(path)].append((clip_id, path))
    first, duplicate_of = {}, {}
    for size, group in by_size.items():
        if size and len(group) > 1:
            for clip_id, path in group:
                leader = first.setdefault(sha256(path), clip_id)
                if leader != clip_id:
                    duplicate_of[clip_id] = leader
    return [duplicate_of.get(clip_id, "") for clip_id in clip_ids]

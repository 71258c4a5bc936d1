"""Official file names and digests of corpora, and names that file systems have changed.

The SHA-256 digests of all official files are part of the package, one ``digests/<corpus>.npz`` per
corpus. An archive holds two arrays, read with ``allow_pickle=False``: ``names`` (official file names,
sorted) and ``sha256`` (uint8 [shape=(n_files, 32)]). :func:`write_digests` made them from ``sha256sum``
lists of the original files.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np

from ..errors import CorpusError

_FOLDER = Path(__file__).with_name("digests")
_NUMBERED = re.compile(
    r"(?: ?\(\d+\)| - (?:Copy|Kopie|copie|copia)| copy(?: \d+)?)(?=\.[^.]+$)", re.IGNORECASE
)


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


def parse_changed(module: ModuleType, path: str) -> dict | None:
    """Fields of a clip as from ``module.parse``, also if letter case was lost or the name was numbered.

    Raises
    ------
    CorpusError
        The name is not of this corpus, or what was lost cannot be restored.
    """
    try:
        return module.parse(path)
    except CorpusError as error:
        first = error
    numbered = _NUMBERED.search(path) is not None
    *folders, name = _NUMBERED.sub("", path).split("/")
    official = _stems(module.NAME).get(name.rsplit(".", 1)[0].casefold(), "")
    for candidate in (f"{official}.wav" if official else name, name, name.lower(), name.upper()):
        for above in (folders, [folder.upper() for folder in folders]):
            try:
                return module.parse("/".join([*above, candidate]))
            except CorpusError:
                continue
    if not numbered:
        raise first
    speakers = ", ".join(getattr(module, "SPEAKERS", ()))
    raise CorpusError(
        "numbered by a file manager, which merged folders with equal names, so the speaker is lost; unpack "
        f"each folder of the archive{f' ({speakers})' if speakers else ''} into a folder of its own"
    )


@lru_cache
def _stems(name: str) -> dict[str, str]:
    """Official names without suffix, by their form without case; ambiguous ones are left out."""
    stems = [file.rsplit(".", 1)[0] for file in read_digests(name)]
    folded = {}
    for stem in stems:
        folded.setdefault(stem.casefold(), []).append(stem)
    return {key: found[0] for key, found in folded.items() if len(found) == 1}

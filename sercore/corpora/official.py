"""SHA-256 of every official file, kept small: one ``digests/<corpus>.npz`` for each corpus.

An archive holds two arrays, read with ``allow_pickle=False``: ``names`` (official file names,
sorted) and ``sha256`` (uint8 [shape=(n_files, 32)], the whole digest, not cut short). They were
made by :func:`write_digests` from lists in ``sha256sum`` form, taken over the originals.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

_FOLDER = Path(__file__).with_name("digests")


def read_digests(name: str) -> dict[str, str]:
    """Official file name -> SHA-256 in hexadecimal; empty where no official list is known."""
    path = _FOLDER / f"{name}.npz"
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as archive:
        names, digests = archive["names"], archive["sha256"]
    return {str(name): digest.tobytes().hex() for name, digest in zip(names, digests, strict=True)}


def write_digests(listing: str | os.PathLike, target: str | os.PathLike) -> None:
    """Turn a list in ``sha256sum`` form (digest, two spaces, base name) into the compact form."""
    pairs = [
        line.split(maxsplit=1) for line in Path(listing).read_text(encoding="utf-8").splitlines() if line
    ]
    pairs.sort(key=lambda pair: pair[1])
    digests = np.array([list(bytes.fromhex(digest)) for digest, _ in pairs], dtype=np.uint8)
    np.savez_compressed(target, names=np.array([name.strip() for _, name in pairs]), sha256=digests)

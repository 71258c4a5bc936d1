"""Where data lives: one order of search, the same for every function.

The data folder is, in this order:

1. the argument of the function that asks,
2. the environment variable ``SERCORE_DATA``,
3. ``data/`` of the repository, when the package is used from a clone,
4. a per-user folder (``pooch.os_cache("sercore")``), when it is installed without one.

A corpus named ``ravdess`` is looked for in the folder given as ``root``, then in
``$SERCORE_CORPORA/ravdess``, then in ``ravdess`` inside the data folder. Where ``SERCORE_CORPUS``
and ``SERCORE_ROOT`` are set (``sercore run --corpus … --root …`` sets them for its notebooks),
they name one corpus and its folder. Caches live in ``cache`` inside the data folder and may be
deleted at any time.
"""

from __future__ import annotations

import os
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parent.parent


def data_dir(root: str | os.PathLike | None = None) -> Path:
    """Folder for downloads, caches and results (not created here)."""
    if root is not None:
        return Path(root).expanduser()
    if os.environ.get("SERCORE_DATA"):
        return Path(os.environ["SERCORE_DATA"]).expanduser()
    if (_REPOSITORY / "data" / "README.md").is_file():
        return _REPOSITORY / "data"
    import pooch

    return Path(pooch.os_cache("sercore"))


def cache_dir(root: str | os.PathLike | None = None) -> Path:
    """Folder for feature caches; deleting it loses only time."""
    return data_dir(root) / "cache"


def corpus_candidates(folder_names: tuple[str, ...], root: str | os.PathLike | None = None) -> list[Path]:
    """Folders where a corpus is looked for, in order.

    Parameters
    ----------
    folder_names : tuple of str
        Accepted folder names, the usual one first: ``("emo_db", "emodb")``.
    root : path, optional
        The corpus folder itself; then no other place is searched.
    """
    if root is not None:
        return [Path(root).expanduser()]
    if os.environ.get("SERCORE_ROOT") and os.environ.get("SERCORE_CORPUS") in folder_names:
        return [Path(os.environ["SERCORE_ROOT"])]
    bases = [data_dir()]
    if os.environ.get("SERCORE_CORPORA"):
        bases.insert(0, Path(os.environ["SERCORE_CORPORA"]).expanduser())
    return [base / name for base in bases for name in folder_names]

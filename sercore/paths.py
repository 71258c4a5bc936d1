"""Data, cache and corpus folders: one search order for every function.

The data folder is the first of

1. the argument ``root``,
2. the environment variable ``SERCORE_DATA``,
3. ``data/`` of the repository, if the package is used from a clone,
4. a per-user folder (``pooch.os_cache("sercore")``).

A corpus such as ``ravdess`` is searched for in the folder given as ``root``, or else in
``$SERCORE_CORPORA/ravdess``, then in ``ravdess`` inside the data folder, then, in a notebook on Kaggle, among
the data sets that were added to it (:data:`KAGGLE`). ``SERCORE_CORPUS`` and ``SERCORE_ROOT``, which
``sercore run --corpus … --root …`` sets for its notebooks, name one corpus and its folder. Caches are stored
in ``cache`` inside the data folder and may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parent.parent

KAGGLE = Path("/kaggle/input")
"""Data sets of a notebook on Kaggle: ``<name>/`` or, in newer sessions, ``datasets/<owner>/<name>/``."""


def data_dir(root: str | os.PathLike | None = None) -> Path:
    """Folder for downloads, caches and results; it is not created.

    Examples
    --------
    >>> data_dir("/tmp/mine").name
    'mine'

    Notebook: 10_your_own_voice.ipynb
    """
    if root is not None:
        return Path(root).expanduser()
    if os.environ.get("SERCORE_DATA"):
        return Path(os.environ["SERCORE_DATA"]).expanduser()
    if (_REPOSITORY / "data" / "README.md").is_file():
        return _REPOSITORY / "data"
    import pooch

    return Path(pooch.os_cache("sercore"))


def cache_dir(root: str | os.PathLike | None = None) -> Path:
    """Folder for feature caches, ``cache`` inside :func:`data_dir`.

    Examples
    --------
    >>> cache_dir("/tmp/mine").parts[-2:]
    ('mine', 'cache')

    Notebook: 03_mlp_baseline.ipynb
    """
    return data_dir(root) / "cache"


def corpus_candidates(folder_names: tuple[str, ...], root: str | os.PathLike | None = None) -> list[Path]:
    """Folders in which a corpus is searched for, in order.

    Parameters
    ----------
    folder_names : tuple of str
        Accepted folder names, the preferred one first: ``("emo_db", "emodb")``.
    root : path, optional
        The corpus folder itself; then no other folder is searched.

    Examples
    --------
    >>> [folder.name for folder in corpus_candidates(("emo_db", "emodb"), "/tmp/mine")]
    ['mine']
    """
    if root is not None:
        return [Path(root).expanduser()]
    if os.environ.get("SERCORE_ROOT") and os.environ.get("SERCORE_CORPUS") in folder_names:
        return [Path(os.environ["SERCORE_ROOT"])]
    bases = [data_dir()]
    if os.environ.get("SERCORE_CORPORA"):
        bases.insert(0, Path(os.environ["SERCORE_CORPORA"]).expanduser())
    if KAGGLE.is_dir():
        bases += [KAGGLE, *sorted(KAGGLE.glob("datasets/*/"))]
    return [folder for base in bases for folder in named_folders(base, folder_names)]


def named_folders(base: Path, names: Sequence[str]) -> list[Path]:
    """Folders of these names in a folder, in any letter case; those that are absent as they are named.

    Examples
    --------
    >>> [folder.name for folder in named_folders(Path("nowhere"), ("TESS", "tess"))]
    ['TESS', 'tess']
    """
    present = defaultdict(list)
    with contextlib.suppress(OSError):
        for entry in sorted(os.listdir(base)):
            present[entry.casefold()].append(entry)
    found = []
    for name in names:
        same = present.get(name.casefold(), [name])
        found += [base / entry for entry in sorted(same, key=lambda entry, name=name: entry != name)]
    return list(dict.fromkeys(found))

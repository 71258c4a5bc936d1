"""The list of corpora: their names, their licences, and their folders on this machine.

A corpus is one module of this package with the same constants as :mod:`sercore.corpora.ravdess` and a
function ``parse``. To add one, add the file and its name to :data:`NAMES`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pandas as pd

from ..errors import CorpusError
from ..paths import corpus_candidates
from .scanning import audio_files

NAMES = ("ravdess", "tess", "savee", "crema_d", "emo_db", "iemocap", "demo", "folder")
"""Names of all corpora, in the order in which they are listed."""


def get_corpus(name: str) -> ModuleType:
    """Module of a corpus by name; case, hyphens and underscores are ignored.

    Raises
    ------
    CorpusError
        No corpus has that name.

    Examples
    --------
    >>> get_corpus("EMO-DB").N_SPEAKERS
    10

    Notebook: 01_eda.ipynb
    """

    def key(text: str) -> str:
        return text.lower().replace("-", "").replace("_", "")

    for known in NAMES:
        if key(str(name)) == key(known):
            return import_module(f".{known}", __package__)
    raise CorpusError(f"no corpus named {name!r}; there are: {', '.join(NAMES)}")


def list_corpora() -> pd.DataFrame:
    """Table of all corpora, one row each, indexed by ``name``.

    Returns
    -------
    pd.DataFrame
        ``title``, ``clips``, ``speakers``, ``language``, ``licence``, ``redistributable``,
        ``size``, ``download`` (``yes`` or ``no``), ``url``, ``citation``, ``found`` (its folder on
        this machine, or empty).

    Examples
    --------
    >>> list_corpora()["licence"]["ravdess"]
    'CC BY-NC-SA 4.0'

    Notebook: 00_start_here.ipynb
    """
    rows = {}
    for name in NAMES:
        module = get_corpus(name)
        folders = corpus_candidates(module.FOLDERS)
        rows[name] = {
            "title": module.TITLE,
            "clips": module.N_CLIPS,
            "speakers": module.N_SPEAKERS,
            "language": module.LANGUAGE,
            "licence": module.LICENCE,
            "redistributable": module.REDISTRIBUTABLE,
            "size": module.SIZE,
            "download": "yes" if module.ARCHIVE or module.FILES else "no",
            "url": module.URL,
            "citation": module.CITATION,
            "found": next((str(folder) for folder in folders if audio_files(folder)), ""),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")

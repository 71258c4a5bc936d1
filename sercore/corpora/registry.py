"""Which corpora there are.

A corpus is one module of this package with the constants that :mod:`sercore.corpora.ravdess`
has and a function ``parse``. To add one, add the file and its name here.

Notebook: 01_eda.ipynb
"""
# MERGED DOC: The table of corpora: what they are, under which terms, and where they lie here.

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pandas as pd

from ..errors import CorpusError
from ..paths import corpus_candidates
from .scanning import audio_files

NAMES = ("ravdess", "tess", "savee", "crema_d", "emo_db", "iemocap", "demo", "folder")


def get_corpus(name: str) -> ModuleType:
    """Module of a corpus; ``emodb``, ``EMO-DB`` and ``emo_db`` are the same.

    Raises
    ------
    CorpusError
        No corpus has that name.
    """

    def key(text: str) -> str:
        return text.lower().replace("-", "").replace("_", "")

    for known in NAMES:
        if key(str(name)) == key(known):
            return import_module(f".{known}", __package__)
    raise CorpusError(f"no corpus named {name!r}; there are: {', '.join(NAMES)}")


def list_corpora() -> pd.DataFrame:
    """One row per corpus, named by its ``name``.

    Returns
    -------
    pd.DataFrame
        ``title``, ``clips``, ``speakers``, ``language``, ``licence``, ``redistributable``,
        ``size``, ``download`` (``yes`` or ``no``), ``url``, ``citation``, ``found`` (the folder
        in which it lies on this machine, or empty).
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

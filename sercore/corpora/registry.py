"""Which corpora there are.

A corpus is one module of this package with the constants that :mod:`sercore.corpora.ravdess`
has and a function ``parse``. To add one, add the file and its name here.

Notebook: 01_eda.ipynb
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from ..errors import CorpusError

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

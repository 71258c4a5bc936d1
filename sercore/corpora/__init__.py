"""Corpora: from a folder of recordings to one table row per clip.

``load_index`` reads a corpus, ``list_corpora`` says which there are and where they lie,
``verify`` compares one with its official list, ``download`` fetches one whose licence allows it.

Notebook: 01_eda.ipynb
"""

from .fetch import download
from .index import COLUMNS, load_index
from .registry import NAMES, get_corpus, list_corpora
from .verification import Verification, verify

__all__ = [
    "COLUMNS",
    "NAMES",
    "Verification",
    "download",
    "get_corpus",
    "list_corpora",
    "load_index",
    "verify",
]

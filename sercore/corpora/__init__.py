"""Corpora: from a folder of recordings to a table with one row per clip.

:func:`load_index` reads a corpus, :func:`list_corpora` lists the corpora and their folders on this
machine, :func:`verify` compares one with its official list of files, and :func:`download` fetches one
whose licence allows it. ``demo`` is synthetic and needs no download; ``folder`` reads your own recordings,
and :func:`check` reports what was understood of them.
"""

from .fetch import download
from .index import COLUMNS, load_index
from .registry import NAMES, get_corpus, list_corpora
from .report import Check, check
from .verification import Verification, verify

__all__ = [
    "COLUMNS",
    "NAMES",
    "Check",
    "Verification",
    "check",
    "download",
    "get_corpus",
    "list_corpora",
    "load_index",
    "verify",
]

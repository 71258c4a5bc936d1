"""Corpora: from a folder of recordings to a table with one row per clip.

:func:`load_index` reads a corpus, :func:`list_corpora` lists the corpora and their folders on this
machine, :func:`verify` compares one with its official list of files, and :func:`download` fetches one
whose licence allows it. ``demo`` is synthetic and needs no download; ``folder`` reads your own recordings,
and :func:`check` reports what was understood of them. :class:`Takes` is a folder that people record into.
"""

from .fetch import download
from .index import COLUMNS, load_index
from .registry import NAMES, get_corpus, list_corpora
from .report import Check, check
from .takes import Prompt, Takes, make_prompts
from .verification import Verification, verify

__all__ = [
    "COLUMNS",
    "NAMES",
    "Check",
    "Prompt",
    "Takes",
    "Verification",
    "check",
    "download",
    "get_corpus",
    "list_corpora",
    "load_index",
    "make_prompts",
    "verify",
]

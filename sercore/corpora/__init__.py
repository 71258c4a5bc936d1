"""Corpora: from a folder of recordings to one table row per clip.

Notebook: 01_eda.ipynb
"""

from .index import COLUMNS, load_index
from .registry import NAMES, get_corpus

__all__ = ["COLUMNS", "NAMES", "get_corpus", "load_index"]

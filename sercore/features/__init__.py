"""Features of speech: one spectrum per clip, descriptors per frame, functionals per clip.

``frames(wave, recipe)`` returns what networks on frames read, ``table_row(wave, recipe)`` what models on
tables read. :func:`extract_frames` and :func:`extract_table` run them over a corpus in parallel and cache
the result.

Notebook: 02_feature_extraction.ipynb
"""

from .descriptors import DESCRIPTORS
from .extraction import compute, frames, prepare, table_row
from .functionals import column_groups, column_names, row_names
from .recipe import PRESETS, Recipe, get_recipe
from .spectrum import Spectrum, mel_centres
from .store import Extracted, extract_frames, extract_table

__all__ = [
    "DESCRIPTORS", "PRESETS", "Extracted", "Recipe", "Spectrum", "column_groups", "column_names", "compute",
    "extract_frames", "extract_table", "frames", "get_recipe", "mel_centres", "prepare", "row_names", "table_row",
]  # fmt: skip

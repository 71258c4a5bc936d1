"""The table of corpora: what they are, under which terms, and where they lie here.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import pandas as pd

from ..paths import corpus_candidates
from .registry import NAMES, get_corpus
from .scanning import audio_files


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

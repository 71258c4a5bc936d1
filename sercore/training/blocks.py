"""Scores of single blocks of an encoder, or of single descriptors of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..errors import SercoreError
from .cross_validation import out_of_fold, summarise

ALL = "all"
"""Name of the row with all columns."""


def score_blocks(
    index: pd.DataFrame,
    recipe,
    X: np.ndarray,
    classes: Sequence[str],
    *,
    scheme: str,
    model: str = "logistic_nested",
    speaker_norm: bool = False,
    augmented: Sequence[np.ndarray] = (),
    n_boot: int = 1000,
    **options,
) -> pd.DataFrame:
    """Cross-validation on the columns of each block alone, and on all columns.

    The scores are those of test speakers: they describe the encoder, and are not for choosing a block. A
    choice belongs to inner speakers of each training part.

    Parameters
    ----------
    index, X, classes, model, augmented
        As in :func:`out_of_fold`.
    recipe : str, Recipe or EncoderRecipe
        The recipe of `X`. Columns of an encoder are grouped by block, those of a table by descriptor
        (:func:`sercore.features.column_groups`).
    scheme : str
        Name of the label scheme, for the result table.
    speaker_norm : bool
        Whether `X` is standardised per speaker (:func:`speaker_normalise`); named in the table.
    n_boot : int
        Number of bootstrap resamples for the intervals.
    **options
        Of :func:`out_of_fold`, such as ``split``, ``folder`` and ``n_jobs``.

    Returns
    -------
    pd.DataFrame
        A result table (:func:`summarise`) with the name of the block in ``model``, the last row ``all``.

    Raises
    ------
    SercoreError
        `X` has other columns than the recipe makes.

    See Also
    --------
    sercore.plots.blocks : Draws the table.
    sercore.models.encoder_heads.block_weights : Weights of the blocks in a network.

    Examples
    --------
    >>> index = pd.DataFrame({"clip_id": list("abcdefgh"), "corpus": "demo", "speaker": list("vvwwxxyy"),
    ...                       "label": ["sad", "angry"] * 4})
    >>> X = np.tile([[0.0], [1.0]], (4, 52))
    >>> table = score_blocks(index, "s0_mfcc_chroma", X, ["sad", "angry"], scheme="two", n_boot=10,
    ...                      model="logistic", n_folds=2, progress=False)
    >>> table["model"].tolist()
    ['mfcc', 'chroma', 'all']
    """
    from ..features import column_groups

    groups = column_groups(recipe)
    n_columns = sum(map(len, groups.values()))
    if np.ndim(X) != 2 or X.shape[1] != n_columns:
        raise SercoreError(
            f"X has shape {np.shape(X)}, but the recipe makes {n_columns} columns in the groups "
            f"{', '.join(groups)}; pass the table and the recipe of the same extraction"
        )
    tables = [
        out_of_fold(
            index, X[:, columns], classes, model=model, augmented=[part[:, columns] for part in augmented],
            **options,
        ).assign(model=name)
        for name, columns in (groups | {ALL: slice(None)}).items()
    ]  # fmt: skip
    corpus = "+".join(sorted(set(index["corpus"])))
    return summarise(tables, corpus=corpus, scheme=scheme, speaker_norm=speaker_norm, n_boot=n_boot)

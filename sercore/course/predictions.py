"""How published predictions are stored: precision, and what computed them.

Probabilities are 32-bit floats with 15 of 23 bits of the mantissa, a relative precision of 1.5e-5 for small
probabilities, too, so that log loss and calibration can be computed from the file. Older rows were rounded to
four decimals, which turned small probabilities into zeros, and those across corpora are rounded to three. The
log loss of such rows is computed with probabilities of at least half of a rounding step (:data:`ROUNDED`).

Three columns state what computed a row: ``folds_version`` (:data:`sercore.training.jobs.VERSION`),
``packages`` and ``recipe``. In rows from before these columns, all are :data:`OLDER`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import SercoreError, StoreError
from ..files import write_atomic

__all__ = [
    "MADE_WITH", "NOTE", "OLDER", "OLD_ROW", "ROUNDED", "dagger", "mark", "raise_rounded",
    "read_predictions", "state_unknown", "stored_precision", "versions", "write_predictions",
]  # fmt: skip

MADE_WITH = ("folds_version", "packages", "recipe")
"""Columns that state what computed a row."""

OLDER = "unknown/older"
"""Value of :data:`MADE_WITH` in rows that were published before these columns existed."""

ROUNDED = 5e-5
"""Half of the rounding step of older rows: the largest probability that became 0."""

DAGGER = "†"
OLD_ROW = "† earlier code; log loss clipped at 0.00005"
"""Note of such a row in a result table."""
NOTE = "† Measured with an earlier, unknown version of the code; the current one can give other values."
"""What a table with older rows says below."""

_BITS = 15  # of the mantissa of a 32-bit float, which has 23
_COSTS = ("train_seconds", "ms_per_clip", "parameters")


def write_predictions(
    oof: pd.DataFrame, path: Path, *, keep: bool = False, order: Sequence[str] = ()
) -> None:
    """Write out-of-fold predictions as they are published.

    Parameters
    ----------
    oof : pd.DataFrame
        From :func:`sercore.training.out_of_fold`. Rows without :data:`MADE_WITH` are marked as :data:`OLDER`.
    path : Path
    keep : bool
        Whether rows of models that `oof` does not contain remain in the file.
    order : sequence of str
        Models in the order of their rows; others follow.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    new = _stated(oof)
    columns = [name for name in new.columns if name.startswith("p_")]
    older = (new["folds_version"] == OLDER).to_numpy()
    new[columns] = new[columns].astype(np.float32)
    new.loc[~older, columns] = stored_precision(new.loc[~older, columns].to_numpy())
    for name in _COSTS:
        if name in new:
            new[name] = new[name].astype(np.float32).round(3)
    if keep and path.is_file():
        before = read_predictions(path)
        order = list(dict.fromkeys([*order, *before["model"], *new["model"]]))
        new = pd.concat([before[~before["model"].isin(set(new["model"]))], new], ignore_index=True)
        new = new.sort_values("model", key=lambda names: names.map(order.index), kind="stable")
    buffer, others = io.BytesIO(), [name for name in new.columns if name not in columns]
    new.to_parquet(
        buffer, index=False, compression="zstd", compression_level=19, use_dictionary=others,
        use_byte_stream_split=columns,
    )  # fmt: skip
    try:
        write_atomic(path, buffer.getvalue())
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error}); free space, or check permissions") from error


def read_predictions(path: Path) -> pd.DataFrame:
    """Published predictions, with :data:`MADE_WITH` in every row."""
    return _stated(pd.read_parquet(path))


def state_unknown(folder: Path) -> list[Path]:
    """Add :data:`MADE_WITH` to the files of a folder that lack it, as :data:`OLDER`; returns these files."""
    lacking = [
        path for path in sorted(folder.glob("*.parquet")) if not set(MADE_WITH) <= set(_column_names(path))
    ]
    for path in lacking:
        write_predictions(pd.read_parquet(path), path)
    return lacking


def _column_names(path: Path) -> list[str]:
    import pyarrow.parquet

    return pyarrow.parquet.read_schema(path).names


def _stated(oof: pd.DataFrame) -> pd.DataFrame:
    """A copy in which every row has the columns that state what computed it."""
    known = {
        name: oof[name] if name in oof else pd.Series(None, oof.index, dtype=object) for name in MADE_WITH
    }
    unknown = known["folds_version"].isna()  # a recipe alone does not date a row
    return oof.assign(
        **{name: values.where(~unknown & values.notna(), OLDER).astype(str) for name, values in known.items()}
    )


def stored_precision(proba: np.ndarray) -> np.ndarray:
    """Probabilities with a mantissa of 15 bits, which compress to about three bytes each.

    Rows whose most probable class would change keep all bits.

    Examples
    --------
    >>> proba = np.array([[0.7, 0.3 - 1e-7, 1e-7]], dtype=np.float32)
    >>> bool(np.allclose(stored_precision(proba), proba, rtol=2e-5, atol=0))
    True
    """
    proba = np.ascontiguousarray(proba, dtype=np.float32)
    cut = 23 - _BITS
    bits = proba.view(np.uint32)
    rounded = ((bits + np.uint32(1 << (cut - 1))) >> np.uint32(cut) << np.uint32(cut)).view(np.float32)
    changed = rounded.argmax(axis=1) != proba.argmax(axis=1)
    return np.where(changed[:, None], proba, rounded)


def versions(oof: pd.DataFrame) -> pd.Series:
    """What computed the rows of each model: a version, or several joined by ``+``."""
    return oof.groupby("model", sort=False)["folds_version"].agg(lambda values: "+".join(sorted(set(values))))


def raise_rounded(oof: pd.DataFrame) -> pd.DataFrame:
    """The table with :data:`ROUNDED` in place of smaller probabilities of older rows, which were rounded."""
    columns = [name for name in oof.columns if name.startswith("p_")]
    rounded = oof["folds_version"] == OLDER
    return oof.assign(**{name: oof[name].mask(rounded, oof[name].clip(lower=ROUNDED)) for name in columns})


def dagger(version: str) -> str:
    """Mark of a row that was not computed with the code of today.

    Examples
    --------
    >>> dagger(OLDER)
    ' †'
    """
    from ..training.jobs import VERSION

    return "" if version == str(VERSION) else f" {DAGGER}"


def mark(markdown: str, shown: Iterable[str]) -> str:
    """A table, with :data:`NOTE` below it if it shows rows of several versions or only of older ones.

    Parameters
    ----------
    markdown : str
        A table in which every older row has the mark of :func:`dagger`.
    shown : iterable of str
        ``folds_version`` of everything that it shows.

    Raises
    ------
    SercoreError
        Rows are older than the code, and no row is marked.
    """
    older = [version for version in shown if dagger(version)]
    if older and DAGGER not in markdown:
        raise SercoreError(
            f"a table shows rows of {len(older)} models that were measured with another version of the code "
            f"({', '.join(sorted(set(older)))}) and marks none; add dagger(version) to them, or measure again"
        )
    return f"{markdown}\n\n{NOTE}" if older else markdown

"""What ``bundle.json`` stores about training and evaluation, read as entries of unknown origin."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from ..bundle.scores import MAX_TEXT
from ..errors import BundleError

MAX_ROWS = 500

CLASSES = {"class": str, "precision": float, "recall": float, "f1": float, "support": int}
GROUPS = {
    "by": str, "group": str, "n_clips": int, "n_speakers": int, "n_classes": int, "ua": float,
    "ua_low": float, "ua_high": float,
}  # fmt: skip
RELIABILITY = {"low": float, "high": float, "n_clips": int, "confidence": float, "accuracy": float}
"""Columns of the tables of :func:`sercore.bundle.scores.evaluation_details`; floats are fractions."""


def read_table(evaluation: Mapping | None, name: str, columns: Mapping[str, type]) -> pd.DataFrame | None:
    """A table of the evaluation entry, or None if the bundle has none.

    Raises
    ------
    BundleError
        It is not a list of rows with these columns, or a value is of the wrong type or size.

    Examples
    --------
    >>> rows = [{"by": "sex", "n": 3}]
    >>> len(read_table({"groups": rows}, "groups", {"by": str, "n": int}))
    1
    >>> read_table({}, "groups", {"by": str}) is None
    True
    """
    rows = (evaluation or {}).get(name)
    if not rows:
        return None
    if not isinstance(rows, list) or len(rows) > MAX_ROWS:
        raise BundleError(f"evaluation.{name}: expected a list of at most {MAX_ROWS} rows")
    for row in rows:
        if not isinstance(row, dict) or set(row) != set(columns):
            raise BundleError(f"evaluation.{name}: expected rows with the entries {', '.join(columns)}")
        for key, kind in columns.items():
            if not _VALID[kind](row[key]):
                raise BundleError(
                    f"evaluation.{name}: {key} is {row[key]!r:.40}, not a valid {kind.__name__}"
                )
    table = pd.DataFrame(rows, columns=list(columns))
    floats = [key for key, kind in columns.items() if kind is float]
    return table.astype(dict.fromkeys(floats, float))


_VALID = {
    str: lambda value: isinstance(value, str) and len(value) <= MAX_TEXT,
    int: lambda value: type(value) is int and 0 <= value < 10**9,
    float: lambda value: value is None or (type(value) in (int, float) and 0 <= value <= 1 + 1e-6),
}


def words(value) -> str:
    """An entry as text of limited length; a dash if there is none.

    Examples
    --------
    >>> words(None), words(3), words("CC BY")
    ('—', '3', 'CC BY')
    """
    if value is None or value == "":
        return "—"
    if isinstance(value, float):
        value = f"{value:.3g}"
    text = str(value)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def percent(value) -> str:
    """A fraction as percent with one decimal; a dash if it is not a finite number.

    Examples
    --------
    >>> percent(0.5), percent(None), percent("<b>")
    ('50.0', '—', '—')
    """
    return f"{100 * value:.1f}" if _is_number(value) else "—"


def interval(value, low, high) -> str:
    """Percent with its interval, if there is one.

    Examples
    --------
    >>> interval(0.5, 0.4, 0.6), interval(0.5, None, None)
    ('50.0 [40.0, 60.0]', '50.0')
    """
    known = _is_number(low) and _is_number(high)
    return f"{percent(value)} [{percent(low)}, {percent(high)}]" if known else percent(value)


def decimals(value) -> str:
    """A number with three decimals; a dash if it is not finite."""
    return f"{value:.3f}" if _is_number(value) else "—"


def _is_number(value) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 10**9  # JSON has integers that are no floats
    return isinstance(value, float) and math.isfinite(value)

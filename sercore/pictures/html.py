"""Probabilities, scores and counterfactuals as HTML that screen readers can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isnan

import pandas as pd

from ..plots.style import color_of
from ..synth.knobs import KNOBS

_ROW = "display:flex;align-items:center;gap:8px"
_TRACK = "position:relative;flex:1;height:1.05em;background:rgba(127,127,127,.18)"


def probability_bars(
    proba: Mapping[str, float],
    *,
    before: Mapping[str, float] | None = None,
    note: str = "",
    what: str = "probabilities",
) -> str:
    """Bars of probabilities as HTML, the most probable class in bold.

    Parameters
    ----------
    proba : mapping of str to float
        Probability of each class, in the order of the bars.
    before : mapping of str to float, optional
        Probabilities to compare with, shown as marks.
    note : str
        Text above the bars.
    what : str
        Name of the values for screen readers.

    See Also
    --------
    score_lines : Scores with intervals.

    Examples
    --------
    >>> "happy 70 percent, sad 30 percent" in probability_bars({"happy": 0.7, "sad": 0.3})
    True
    """
    first = max(proba, key=proba.get)
    rows = [
        _bar(name, value, color_of(name), bold=name == first, mark=before[name] if before else None)
        for name, value in proba.items()
    ]
    words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in proba.items())
    return _picture(f"{what}: {words}", [_line(note), *rows])


def score_lines(scores: Sequence[tuple[str, float, float, float]], *, low: float, high: float) -> str:
    """Scores and intervals as HTML: points with whiskers on an axis from ``low`` to ``high``.

    Parameters
    ----------
    scores : sequence of (str, float, float, float)
        Name, score, and limits of its interval, in percent; the limits are NaN if unknown.
    low, high : float
        Limits of the axis in percent.

    Examples
    --------
    >>> "vote 60.0" in score_lines([("vote", 60.0, 55.0, 65.0)], low=50, high=70)
    True
    """
    rows = []
    for name, score, lower, upper in scores:
        known = not isnan(lower)
        whisker = (
            _mark(lower, upper, low, high, "top:44%;height:12%;background:currentColor") if known else ""
        )
        dot = _mark(score, score, low, high, "top:8%;width:.85em;height:.85em;margin-left:-.42em;"
                    "border-radius:50%;background:currentColor")  # fmt: skip
        interval = f" [{lower:.1f}, {upper:.1f}]" if known else ""
        value = f"<span style='width:11em;text-align:right'>{score:.1f}{interval}</span>"
        track = f"<span style='{_TRACK};background:rgba(127,127,127,.12)'>{whisker}{dot}</span>"
        rows.append(f"<div style='{_ROW}'>{_name(name, width='13em')}{track}{value}</div>")
    words = "; ".join(f"{name} {score:.1f}" for name, score, _, _ in scores)
    return _picture(f"scores in percent: {words}", rows)


def _bar(name: str, value: float, color: str, *, bold: bool, mark: float | None) -> str:
    shape = f"left:0;top:0;bottom:0;width:{100 * value:.1f}%;background:{color}"
    filled = f"<span style='position:absolute;{shape}'></span>"
    if mark is not None:
        filled += _mark(
            100 * mark, 100 * mark, 0, 100, "top:-2px;bottom:-2px;width:3px;background:currentColor"
        )
    track = f"<span style='{_TRACK}'>{filled}</span>"
    percent = f"<span style='width:3.6em;text-align:right;white-space:nowrap'>{100 * value:.0f} %</span>"
    weight = ";font-weight:bold" if bold else ""
    return f"<div style='{_ROW}{weight}'>{_name(name)}{track}{percent}</div>"


def _mark(start: float, end: float, low: float, high: float, style: str) -> str:
    """An element at ``start``, or from ``start`` to ``end``, on the track of a bar."""
    left, right = (100 * min(max((x - low) / (high - low), 0), 1) for x in (start, end))
    width = f"width:{right - left:.2f}%;" if right > left else ""
    return f"<span style='position:absolute;left:{left:.2f}%;{width}{style}'></span>"


def _name(name: str, *, width: str = "9em") -> str:
    cut = "overflow:hidden;text-overflow:ellipsis;white-space:nowrap"
    return f"<span style='width:{width};{cut}'>{escape(name)}</span>"


def _line(text: str) -> str:
    return f"<div>{escape(text)}</div>" if text else ""


def _picture(words: str, rows: Sequence[str]) -> str:
    style = "line-height:1.35;margin:4px 0"
    return f"<div role='img' style='{style}' aria-label='{escape(words)}'>{''.join(rows)}</div>"


def flips_html(table: pd.DataFrame, *, most: int = 5) -> str:
    """Table of counterfactuals as HTML: the ``most`` sensitive knobs, and the names of the others.

    Parameters
    ----------
    table : pd.DataFrame
        From :func:`sercore.interpret.flips`.
    most : int
        Number of knobs in the table.
    """
    found, rest = table[table["becomes"] != ""], table[table["becomes"] == ""]
    head = "".join(f"<th align=left>{name}</th>" for name in ("knob", "smallest change", "to", "prediction"))
    rows = [
        f"<tr><td>{KNOBS[row.knob].label}</td><td align=right>{_signed(row.change)} {row.unit}</td>"
        f"<td>{_signed(row.flips_at)}</td><td><b>{escape(row.becomes)}</b></td></tr>"
        for row in found.head(most).itertuples()
    ]
    lines = [f"Current prediction: <b>{escape(table.attrs['answer'])}</b>."]
    if rows:
        lines.append(f"<table cellpadding=2><tr>{head}</tr>{''.join(rows)}</table>")
    if len(found) > most:
        lines.append(f"Larger changes are needed of: {_named(found['knob'].iloc[most:])}.")
    if len(rest):
        lines.append(f"Alone, these do not change the prediction: {_named(rest['knob'])}.")
    return f"<div style='line-height:1.35'>{''.join(f'<div>{line}</div>' for line in lines)}</div>"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _named(knobs: Iterable[str]) -> str:
    return ", ".join(KNOBS[knob].label.lower() for knob in knobs)

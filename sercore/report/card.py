"""The parts of a model card, without a format: sections of paragraphs, lists, tables and figures.

:mod:`sercore.report.markdown` and :mod:`sercore.report.html` write them. All text may come from a bundle of
unknown origin; the writers escape it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Warn:
    """A paragraph that must not be overlooked."""

    text: str


@dataclass(frozen=True)
class Missing:
    """What a section lacks, and how to get it."""

    what: str
    how: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Cells as text.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence of str
        As many cells in every row as in ``head``.
    caption : str
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """An SVG image, shown by the HTML page only; the tables contain its values.

    Parameters
    ----------
    svg : bytes
    text : str
        What it shows, for screen readers.
    caption : str
    """

    svg: bytes
    text: str
    caption: str = ""


Block = Text | Warn | Missing | Bullets | Table | Figure


@dataclass(frozen=True)
class Section:
    """Blocks under a heading."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Card:
    """A model card.

    Parameters
    ----------
    title : str
    summary : str
        One sentence.
    sections : list of Section
    """

    title: str
    summary: str
    sections: list[Section] = field(default_factory=list)

"""A model card as Markdown."""

from __future__ import annotations

import re
from functools import singledispatch

from . import card

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")


def to_markdown(model_card: card.Card) -> str:
    """The card as GitHub-flavoured Markdown, without figures.

    Examples
    --------
    >>> print(to_markdown(card.Card("my model", "A <b>bold</b> claim.")))
    # my model
    <BLANKLINE>
    A \\<b\\>bold\\</b\\> claim.
    <BLANKLINE>
    """
    parts = [f"# {escaped(model_card.title)}", escaped(model_card.summary)]
    for section in model_card.sections:
        parts += [f"## {escaped(section.title)}", *filter(None, map(_block, section.blocks))]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text in one line, in which no character starts markup; addresses stay readable.

    Examples
    --------
    >>> print(escaped("a | b\\n# c"), escaped("1. d"), escaped("60.9"), sep=", ")
    a \\| b \\# c, 1\\. d, 60.9
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    line = _SPECIAL.sub(r"\\\1", line)
    return re.sub(r"^(\d+(?=[.)](\s|$)))|^(?=[-+=])", r"\1\\", line)  # a list, a rule


@singledispatch
def _block(block) -> str:
    raise TypeError(f"not a block of a card: {type(block).__name__}")


@_block.register
def _(block: card.Text) -> str:
    return escaped(block.text)


@_block.register
def _(block: card.Warn) -> str:
    return f"> **{escaped(block.text)}**"


@_block.register
def _(block: card.Missing) -> str:
    return f"*Not measured.* {escaped(block.what)} {escaped(block.how)}"


@_block.register
def _(block: card.Bullets) -> str:
    return "\n".join(f"* {escaped(line)}" for line in block.lines)


@_block.register
def _(block: card.Table) -> str:
    lines = [block.head, ["---"] * len(block.head), *block.rows]
    rows = [[escaped(cell) if n != 1 else cell for cell in cells] for n, cells in enumerate(lines)]
    caption = f"{escaped(block.caption)}\n\n" if block.caption else ""
    return caption + "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


@_block.register
def _(block: card.Figure) -> str:
    return ""

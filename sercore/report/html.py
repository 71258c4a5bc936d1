"""A model card as one HTML page without scripts or external files."""

from __future__ import annotations

import base64
import re
from functools import singledispatch
from html import escape

from . import card

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: #1c1c1c;
  background: #fff; margin: 0 auto; padding: 0 1.2rem 3rem; max-width: 62rem; overflow-wrap: break-word; }
header { border-bottom: 3px solid #00427b; margin-bottom: 1rem; padding-top: 1.2rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; color: #00427b; }
nav { font-size: .95rem; } nav a { margin-right: 1em; white-space: nowrap; }
a { color: #00427b; }
p, ul { max-width: 48rem; }
.warn { border-left: 5px solid #b52100; background: #fdf1ee; padding: .5rem .8rem; }
.missing { border-left: 5px solid #7e7c78; background: #f4f3f1; padding: .5rem .8rem; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption, figcaption { text-align: left; font-size: .92rem; color: #55524e; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0;
  border-bottom: 1px solid #dcdad6; }
th { border-bottom: 2px solid #7e7c78; }
td.long { min-width: 14rem; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; }
@media print { body { font-size: 10.5pt; max-width: none; padding: 0; } nav { display: none; }
  figure, tr, .warn, .missing { break-inside: avoid; } h2 { break-after: avoid; }
  .wide { overflow: visible; } }
"""

# nothing is loaded or executed, whatever a bundle contains
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def to_html(model_card: card.Card) -> str:
    """The card as an HTML page, with figures; readable on a phone and when printed.

    Examples
    --------
    >>> "<script>" in to_html(card.Card("<script>", "A summary."))
    False
    """
    title = escape(_printable(model_card.title))
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body>",
        f"<header><h1>{title}</h1>{_paragraph(model_card.summary)}</header>",
    ]
    links = [
        f'<a href="#s{number}">{escape(section.title)}</a>'
        for number, section in enumerate(model_card.sections)
    ]
    parts += [f'<nav aria-label="sections">{"".join(links)}</nav><main>']
    for number, section in enumerate(model_card.sections):
        blocks = "\n".join(map(_block, section.blocks))
        parts.append(f'<section><h2 id="s{number}">{escape(section.title)}</h2>\n{blocks}</section>')
    return "\n".join([*parts, "</main></body></html>\n"])


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in str(text))


def _inline(text: str) -> str:
    """Escaped text; a text that is a web address becomes a link."""
    text = _printable(text)
    if re.fullmatch(r"https?://[\w.-]+(/[\w./?=&%+~:@,-]*)?", text, re.ASCII):
        return f'<a href="{escape(text)}" rel="noopener noreferrer nofollow">{escape(text)}</a>'
    return escape(text)


def _paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{_inline(text)}</p>' if kind else f"<p>{_inline(text)}</p>"


@singledispatch
def _block(block) -> str:
    raise TypeError(f"not a block of a card: {type(block).__name__}")


@_block.register
def _(block: card.Text) -> str:
    return _paragraph(block.text)


@_block.register
def _(block: card.Warn) -> str:
    return _paragraph(block.text, "warn")


@_block.register
def _(block: card.Missing) -> str:
    return f'<p class="missing"><b>Not measured.</b> {_inline(block.what)} {_inline(block.how)}</p>'


@_block.register
def _(block: card.Bullets) -> str:
    return f"<ul>{''.join(f'<li>{_inline(line)}</li>' for line in block.lines)}</ul>"


@_block.register
def _(block: card.Table) -> str:
    caption = f"<caption>{_inline(block.caption)}</caption>" if block.caption else ""
    head = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in block.head)
    rows = "\n".join(f"<tr>{''.join(map(_cell, cells))}</tr>" for cells in block.rows)
    return (
        f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _cell(text: str) -> str:
    return f'<td class="long">{_inline(text)}</td>' if len(str(text)) > 60 else f"<td>{_inline(text)}</td>"


@_block.register
def _(block: card.Figure) -> str:
    data = base64.b64encode(block.svg).decode()
    caption = f"<figcaption>{_inline(block.caption)}</figcaption>" if block.caption else ""
    picture = f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(_printable(block.text))}">'
    return f"<figure>{caption}{picture}</figure>"

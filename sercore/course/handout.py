"""A handout of two pages: what each notebook showed, and the mistakes that it warns of."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

from .notebooks import find

__all__ = ["recap", "warnings", "write_handout"]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Speech emotion recognition: handout</title>
<style>
@page {{ size: A4; margin: 0; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: #999; font-family: system-ui, sans-serif; color: #111; }}
section {{ width: 210mm; height: 296.5mm; padding: 12mm 14mm; margin: 0 auto; background: #fff;
  overflow: hidden; break-after: page; display: flex; flex-direction: column; }}
section:last-of-type {{ break-after: auto; }}
h1 {{ font-size: 15pt; margin: 0 0 3mm; color: #00427b; }}
h2 {{ font-size: 1.1em; margin: 0.7em 0 0.1em; color: #00427b; break-after: avoid; }}
h2:first-child {{ margin-top: 0; }}
p {{ margin: 0 0 0.5em; break-inside: avoid; }}
.text {{ flex: 1; min-height: 0; columns: 2; column-gap: 8mm; column-fill: auto;
  line-height: 1.32; font-size: 11pt; }}
footer {{ font-size: 7.5pt; border-top: 0.3mm solid #00427b; padding-top: 1.5mm; margin-top: 2mm; }}
</style></head><body>
{pages}
<script>
// the largest text with which each page holds its columns
for (const text of document.querySelectorAll(".text"))
  for (let size = 11; size >= 6 && text.scrollWidth > text.clientWidth; size -= 0.1)
    text.style.fontSize = `${{size}}pt`;
</script></body></html>
"""
_SECTION = '<section><h1>{title}</h1><div class="text">{text}</div><footer>{note}</footer></section>'
_NOTE = (
    "SER recognises acted emotion in recordings; it does not read minds. Do not judge people with it. The EU "
    "AI Act (2024/1689, Article 5) forbids emotion inference at work and in education, with few exceptions."
)


def write_handout(path: Path, *, only: Sequence[str] = ()) -> Path:
    """Write the handout as one HTML page that prints on two A4 pages, and return its path.

    Parameters
    ----------
    path : Path
        The HTML file.
    only : sequence of str
        Numbers of notebooks; empty for all.
    """
    import nbformat

    texts = {}
    for notebook in find(only):
        cells = nbformat.read(notebook, as_version=4).cells
        texts[notebook] = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    seen = "".join(_entry(text, recap(text)) for text in texts.values())
    beware = "".join(_entry(text, *found) for text in texts.values() if (found := warnings(text)))
    titles = {"Speech emotion recognition: what we did": seen, "Beware: the mistakes of this field": beware}
    pages = [_SECTION.format(title=title, text=text, note=_NOTE) for title, text in titles.items()]
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_PAGE.format(pages="\n".join(pages)), encoding="utf-8")
    return path


def recap(text: str) -> str:
    """The first paragraph of the section "Recap".

    Examples
    --------
    >>> recap("# 00 · Title\\n\\n## Recap\\n\\nYou saw it.\\n\\nTry it.")
    'You saw it.'
    """
    return text.partition("## Recap\n")[2].strip().split("\n\n")[0]


def warnings(text: str) -> list[str]:
    """The boxes that begin with "Beware", without the word.

    Examples
    --------
    >>> warnings("Text.\\n\\n> **Beware of the winner.** It was lucky.\\n\\n> **Lawful use.** None.")
    ['**The winner.** It was lucky.']
    """
    boxes = re.findall(r"^> \*\*Beware(.*(?:\n> ?.+)*)", text, re.M)
    return [_without_beware(re.sub(r"\n> ?", " ", box)) for box in boxes]


def _without_beware(box: str) -> str:
    """The box without its first words: ``" of the winner.** …"`` begins with ``**The winner.**``."""
    found = re.match(r" of (.+?)\*\*(.*)", box, re.S)
    if found:
        return f"**{found[1][0].upper()}{found[1][1:]}**{found[2]}"
    rest = re.sub(r"^\.?\*\* ?(of )?", "", box)
    return rest[0].upper() + rest[1:]


def _entry(text: str, *paragraphs: str) -> str:
    title = text.splitlines()[0].removeprefix("# ")
    return f"<h2>{html.escape(title)}</h2>" + "".join(f"<p>{_inline(p)}</p>" for p in paragraphs)


def _inline(text: str) -> str:
    """HTML of a paragraph of Markdown, without its links."""
    text = html.escape(re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text), quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text))

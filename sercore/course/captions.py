"""Captions of the tagged cells of a notebook, taken from the text around them.

In the course's notebooks, the text before a figure ends in a question in bold, and the text after it says
what to see. Together they are the caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Shown", "shown_cells"]

_STORED = re.compile(r"\bpublished\.(load|table)\b|\bcross_corpus\.(table|curve)\b|\bPUBLISHED\b")

_LOADED = re.compile(r"^published predictions: (?!none)", re.M)  # printed by notebook 06
_SENTENCE_END = re.compile(r"(?<=[.!?]) +(?=[A-Z*`(\[])")


class Shown(NamedTuple):
    """One cell for the summary page."""

    heading: str
    """The section of the notebook, without its number."""
    caption: str
    """Markdown; the heading if there is no text of this kind around the cell."""
    stored: str
    """What comes from the repository instead of this run: ``results``, the ``predictions`` that they are
    computed from, or nothing."""
    outputs: list


def shown_cells(notebook) -> Iterator[Shown]:
    """Cells of a notebook tagged ``summary``, with headings and captions.

    Parameters
    ----------
    notebook : nbformat notebook

    Yields
    ------
    Shown
        Standard error is left out.
    """
    heading = question = observed = loaded = ""
    for k, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            titles = re.findall(r"^#+ (.*)", cell.source, re.M)
            heading = re.sub(r"^\d+ · ", "", titles[-1]) if titles else heading
            question = _question(cell.source)
            continue
        outputs = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
        if any(_LOADED.search(output.get("text", "")) for output in outputs):
            loaded = "predictions"
        if "summary" in cell.metadata.get("tags", []):
            after = notebook.cells[k + 1] if k + 1 < len(notebook.cells) else None
            observation = _observation(after.source) if after and after.cell_type == "markdown" else ""
            question = "" if question == observed else question  # it has been the caption above
            caption = f"{question} {observation}".strip() or heading
            observed = observation
            stored = "results" if _STORED.search(cell.source) else loaded
            yield Shown(heading, caption, stored, outputs)


def _question(source: str) -> str:
    """The last question in bold, else the last question, else the first sentence of the last paragraph.

    Examples
    --------
    >>> _question("**Beware.** Voices differ. **Is it *who* or *how*?** (Twelve people.)")
    'Is it *who* or *how*?'
    >>> _question("Voices differ. Who speaks?")
    'Who speaks?'
    >>> _question("One row per voice. More below.")
    'One row per voice.'
    """
    bold = [text for text in source.split("**")[1::2] if text.endswith("?")]
    paragraphs = [text for text in source.strip().split("\n\n") if text[:1].isalpha()]
    if bold or not paragraphs:
        return bold[-1] if bold else ""
    sentences = _SENTENCE_END.split(paragraphs[-1].replace("\n", " "))
    return next((text for text in reversed(sentences) if text.endswith("?")), sentences[0])


def _observation(source: str) -> str:
    """The first sentence of a plain paragraph, or of one that begins with ``**See:**``.

    Examples
    --------
    >>> _observation("A short bar is a rare class. In RAVDESS it is neutral.")
    'A short bar is a rare class.'
    >>> _observation("**See:** the boxes overlap. So do people.")
    'The boxes overlap.'
    >>> _observation("## 3 · Who speaks?")
    ''
    """
    first = source.strip().split("\n", 1)[0].removeprefix("**See:** ")
    return _SENTENCE_END.split(first[0].upper() + first[1:])[0] if first[:1].isalpha() else ""

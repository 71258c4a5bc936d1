"""Slides from the notebooks: text and figures by rule, without code.

A heading starts a slide. Each figure, and each table tagged ``summary``, is a slide below it, with the text
that follows it in the notebook; so is each box. Everything else is left out, as are exercises and reading.
The slides are made by nbconvert and shown by reveal.js, and load nothing from the network.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import SercoreError
from .notebooks import find

__all__ = ["choose_slides", "write_slides"]

_TEMPLATE = """{% extends "reveal/index.html.j2" %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_css %}<style>
:root { --jp-content-font-size1: 25px; --jp-ui-font-size1: 20px; }
.reveal section { text-align: left; }
.reveal :is(h1, h2, h4) { text-transform: none; }
.reveal h4 { font-size: 22px; opacity: 0.7; }
.reveal section img { display: block; margin: 0; width: 100%; max-height: 420px; object-fit: contain; }
.reveal blockquote { width: auto; border-left: 8px solid #d77c18; padding: 4px 20px; font-style: normal; }
.reveal .jp-RenderedHTMLCommon table { font-size: 16px; margin: 0 auto; }
.jp-InputPrompt, .jp-OutputPrompt { display: none; }
@media print { .reveal section { break-inside: avoid; } }
</style>{% endblock %}
{% block footer_js %}
<script src="reveal/dist/reveal.js"></script>
<script>Reveal.initialize({ width: 1280, height: 720, margin: 0.04, hash: true,
  slideNumber: "c/t", center: false });
function fit({ currentSlide: slide }) {
  for (let zoom = 1; zoom > 0.5; zoom -= 0.05) {
    slide.style.zoom = zoom;
    if (slide.getBoundingClientRect().height <= 700 * Reveal.getScale()) return;
  }
}
Reveal.on("ready", fit);
Reveal.on("slidechanged", fit);
</script>
{% endblock %}
"""
_LAST = re.compile(r"^## (Exercises|Further reading|Quiz)", re.M)
_MATH = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.S)


def write_slides(out: Path, *, only: Sequence[str] = ()) -> list[Path]:
    """Write ``<notebook>.slides.html`` for each numbered notebook and ``reveal/``, and return the pages.

    Parameters
    ----------
    out : Path
        Folder for the slides.
    only : sequence of str
        Numbers of notebooks; empty for all.

    Raises
    ------
    SercoreError
        The packages that carry reveal.js and convert formulas are not installed, or there is no clone.
    """
    import nbformat
    from nbconvert import SlidesExporter

    notebooks, out = find(only), Path(out)
    _copy_reveal(out)
    exporter = SlidesExporter(
        raw_template=_TEMPLATE, exclude_input=True, exclude_anchor_links=True, embed_images=True,
        reveal_url_prefix="reveal", reveal_theme="white",
    )  # fmt: skip
    pages = []
    for path in notebooks:
        chosen = nbformat.v4.new_notebook(cells=choose_slides(nbformat.read(path, as_version=4).cells))
        body, _ = exporter.from_notebook_node(
            chosen, {"metadata": {"name": path.stem, "path": str(path.parent)}}
        )
        pages.append(out / f"{path.stem}.slides.html")
        pages[-1].write_text(body, encoding="utf-8")
    return pages


def _copy_reveal(out: Path) -> None:
    found = importlib.util.find_spec("sphinx_revealjs")
    if found is None or importlib.util.find_spec("latex2mathml") is None:
        raise SercoreError('slides need reveal.js and a converter of formulas: pip install -e ".[book]"')
    source = Path(found.submodule_search_locations[0], "_static", "revealjs", "dist")
    shutil.copytree(source, out / "reveal" / "dist", dirs_exist_ok=True)


def choose_slides(cells: Sequence) -> list:
    """The cells that become slides, with the metadata that nbconvert expects.

    Parameters
    ----------
    cells : sequence of nbformat cells
        Cells of a notebook in order.

    Returns
    -------
    list of nbformat cells
        New cells; code cells have outputs only.
    """
    return [_mark(*found) for found in _choose(cells)]


def _choose(cells: Sequence) -> Iterator[tuple]:
    """Pairs of a cell and how it is shown: ``slide``, ``subslide``, or ``-`` on the slide before it."""
    from nbformat.v4 import new_code_cell, new_markdown_cell

    explains, heading = False, ""
    for cell in cells:
        if cell.cell_type == "code":
            outputs = _shown(cell)
            if outputs:
                yield new_markdown_cell(f"#### {heading}"), "subslide"
                yield new_code_cell(outputs=outputs), "-"
            explains = bool(outputs)
            continue
        text, *rest = _LAST.split(cell.source, maxsplit=1)
        for part in filter(None, map(str.strip, re.split(r"^(?=## |> \*\*)", text, flags=re.M))):
            if part.startswith("#"):
                heading = part.splitlines()[0].lstrip("# ")
                yield new_markdown_cell(_prepare(part)), "slide"
            elif part.startswith(">"):
                yield new_markdown_cell(_prepare(part)), "subslide"
            elif explains:
                yield new_markdown_cell(_prepare(part)), "-"
        explains = False
        if rest:
            return


def _shown(cell) -> list:
    """Figures of a code cell, and its tables if the cell is tagged ``summary``."""
    kinds = {"image/png", "image/svg+xml"}
    if "summary" in cell.metadata.get("tags", []):
        kinds.add("text/html")
    return [output for output in cell.outputs if kinds & set(output.get("data", ()))]


def _prepare(text: str) -> str:
    """Markdown with formulas as MathML, and links to notebooks as links to slides."""

    def formula(match):
        from latex2mathml.converter import convert

        return convert(match[1] or match[2], display="block" if match[1] else "inline")

    return re.sub(r"\]\((\d\d_\w+)\.ipynb\)", r"](\1.slides.html)", _MATH.sub(formula, text))


def _mark(cell, slide_type: str):
    cell.metadata["slideshow"] = {"slide_type": slide_type}
    return cell

"""Results of a run outside of its notebooks: published tables, and one HTML page.

:func:`publish` writes a table to the run folder. :func:`write_summary` collects the outputs of all cells
tagged ``summary`` under the headings they belong to, with figures embedded, in a single file.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from .. import __version__

__all__ = ["publish", "write_summary"]


def publish(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return ``table`` unchanged; under ``sercore run``, also write it to the run folder.

    Parameters
    ----------
    name : str
        File name without suffix, such as ``"baselines"``.
    table : pd.DataFrame
        A result table (:func:`sercore.evaluation.results_table`) or any other table.

    Returns
    -------
    pd.DataFrame

    Examples
    --------
    >>> publish("baselines", pd.DataFrame({"model": ["lda"], "ua": [0.75]}))
      model    ua
    0   lda  0.75

    Notebook: 01_eda.ipynb
    """
    folder = os.environ.get("SERCORE_RUN")
    if folder:
        path = Path(folder) / "tables" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
    return table


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; }}
h1 {{ font-size: 1.6rem; }} h2 {{ margin-top: 3rem; border-bottom: 1px solid #ccc; }}
img {{ max-width: 100%; height: auto; }} pre {{ background: #f6f6f6; padding: .75rem; overflow-x: auto; }}
.output_html {{ overflow-x: auto; }} table {{ border-collapse: collapse; font-size: .9rem; }}
table, th, td {{ border: 0; }}
th, td {{ padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }}
.note {{ background: #fff6e0; border-left: 4px solid #e0a000; padding: .5rem 1rem; }}
</style></head><body>
<h1>{title}</h1>
<p>sercore {version}. Every score is reported with its split, seeds, number of clips and interval. SER
recognises acted emotion in recordings; it does not read minds. Do not use it to judge people.</p>
{note}{body}
</body></html>
"""
_SYNTHETIC = """<p class="note">The demo corpus is a synthetic voice. Its scores show that the programs
run and how a method is evaluated; they do not say anything about people.</p>
"""


def write_summary(notebooks: Mapping[str, object], path: Path, *, corpus: str) -> Path:
    """Write the summary page and return its path.

    Parameters
    ----------
    notebooks : mapping of str to nbformat notebook
        Executed notebooks by name.
    path : Path
        The HTML file.
    corpus : str
        Name of the corpus for the title; for ``demo``, a note explains that it is synthetic.

    Returns
    -------
    Path
    """
    import nbformat
    from nbconvert import HTMLExporter

    cells = [cell for name, notebook in notebooks.items() for cell in _section(name, notebook)]
    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_output_prompt=True, exclude_anchor_links=True
    )
    body, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    title = f"Speech emotion recognition on {html.escape(corpus)}"
    note = _SYNTHETIC if corpus == "demo" else ""
    page = _PAGE.format(title=title, version=__version__, note=note, body=body)
    path.write_text(page, encoding="utf-8")
    return path


def _section(name: str, notebook) -> Iterator:
    """Outputs of the tagged cells of one notebook, each below the nearest heading."""
    from nbformat.v4 import new_code_cell, new_markdown_cell

    yield new_markdown_cell(f"## {name}")
    heading = shown = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            titles = [line for line in cell.source.splitlines() if line.startswith("#")]
            heading = titles[-1].lstrip("# ") if titles else heading
        elif "summary" in cell.metadata.get("tags", []):
            if heading != shown:
                yield new_markdown_cell(f"### {heading}")
                shown = heading
            outputs = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
            yield new_code_cell(outputs=outputs)

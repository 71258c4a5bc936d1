"""Results that leave a notebook: tables for the run folder and the summary page.

Notebook: 00_start_here.ipynb
"""
# MERGED DOC: One HTML page with the tables and figures of a run.
#
#   It holds the outputs of every notebook cell tagged ``summary`` under the heading they stand below,
#   with pictures embedded, so that the single file can be kept or sent.

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from .. import __version__


def publish(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return ``table`` unchanged; under ``sercore run`` also write it to the run folder.

    Parameters
    ----------
    name : str
        File name without ending, such as ``"baselines"``.
    table : pd.DataFrame
        A result table (:func:`sercore.evaluation.results_table`) or any other.

    Returns
    -------
    pd.DataFrame
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
.scroll {{ overflow-x: auto; }} table {{ border-collapse: collapse; font-size: .9rem; }}
table, th, td {{ border: 0; }}
th, td {{ padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }}
.note {{ background: #fff6e0; border-left: 4px solid #e0a000; padding: .5rem 1rem; }}
</style></head><body>
<h1>{title}</h1>
<p>sercore {version}. Every score stands with its split, seeds, number of clips and interval. SER reads
acted emotion in recordings, not minds; do not use it to judge people.</p>
{note}{body}
</body></html>
"""
_SYNTHETIC = """<p class="note">The demo corpus is a synthetic voice. Its figures show that the programs
run and how a method is judged; they say nothing about people.</p>
"""


def write_summary(notebooks: Mapping[str, object], path: Path, *, corpus: str) -> Path:
    """Write the page and return its path.

    Parameters
    ----------
    notebooks : mapping of str to nbformat notebook
        Executed notebooks by name.
    path : Path
        The HTML file.
    corpus : str
        For the title; ``demo`` adds a note that it is synthetic.
    """
    title = f"Speech emotion recognition on {html.escape(corpus)}"
    body = "\n".join(_section(name, notebook) for name, notebook in notebooks.items())
    note = _SYNTHETIC if corpus == "demo" else ""
    page = _PAGE.format(title=title, version=__version__, note=note, body=body)
    path.write_text(page, encoding="utf-8")
    return path


def _section(name: str, notebook) -> str:
    """Tagged outputs of one notebook, each under its nearest heading."""
    parts, heading, shown = [f"<h2>{html.escape(name)}</h2>"], "", None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            titles = [line for line in cell.source.splitlines() if line.startswith("#")]
            heading = titles[-1].lstrip("# ") if titles else heading
        elif "summary" in cell.metadata.get("tags", []):
            if heading != shown:
                parts.append(f"<h3>{html.escape(heading)}</h3>")
                shown = heading
            parts.extend(_output(output) for output in cell.get("outputs", []))
    return "\n".join(parts)


def _output(output) -> str:
    """One output as HTML; the error stream is left out."""
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>" if output.name == "stdout" else ""
    data = output.get("data", {})
    if "image/png" in data:
        return f'<p><img alt="figure" src="data:image/png;base64,{data["image/png"].strip()}"></p>'
    if "text/html" in data:
        return f'<div class="scroll">{data["text/html"]}</div>'
    return f"<pre>{html.escape(data['text/plain'])}</pre>" if "text/plain" in data else ""

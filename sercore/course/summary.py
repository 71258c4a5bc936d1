"""Results of a run outside of its notebooks: published tables, and one HTML page.

:func:`publish` writes a table to the run folder. :func:`write_summary` writes a page of one file: what the
split changes, in one sentence and one picture, then the outputs of all cells tagged ``summary``.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from html import escape
from pathlib import Path

import pandas as pd

from .. import __version__
from . import headline
from .abstracts import ABSTRACTS
from .captions import shown_cells

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


_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: #1c1c1c;
  background: #fff; margin: 0 auto; padding: 0 1.2rem 3rem; max-width: 64rem; overflow-wrap: break-word; }
header { border-bottom: 3px solid #00427b; padding-top: 1.2rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.35rem; margin: 3rem 0 .5rem; color: #00427b; border-bottom: 1px solid #dcdad6; }
h3 { font-size: 1.1rem; margin: 2rem 0 0; } h3 + figure { margin-top: .2rem; }
a { color: #00427b; }
p, figcaption { max-width: 48rem; }
.result { font-size: 1.25rem; line-height: 1.4; }
nav ol { list-style: none; padding: 0; columns: 20rem; }
.note { max-width: none; border-left: 5px solid #f6ba00; background: #fdf7e3; padding: .5rem .8rem; }
.failed { border: 3px solid #b52100; background: #fdf1ee; padding: .2rem 1rem; margin: 1rem 0; }
.failed pre { background: none; padding: 0; white-space: pre-wrap; }
.failed h2 { color: #b52100; border: 0; margin: .5rem 0; }
.stored { background: #e5edf5; color: #00427b; padding: .1rem .4rem; font-size: .85rem; }
figure { margin: .6rem 0 1.6rem; }
figcaption { color: #55524e; margin-bottom: .4rem; } figcaption b { color: #1c1c1c; }
img { max-width: 100%; height: auto; display: block; }
pre { background: #f4f3f1; padding: .6rem .8rem; overflow-x: auto; font-size: .85rem; line-height: 1.4; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; border: 0; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border: 0;
  border-bottom: 1px solid #dcdad6; }
@media print { body { font-size: 10pt; max-width: none; padding: 0; } nav { display: none; }
  figure, tr, .failed { break-inside: avoid; } h2, h3, figcaption { break-after: avoid; }
  section.notebook { break-before: page; } .wide, pre { overflow: visible; white-space: pre-wrap; }
  a { color: inherit; text-decoration: none; } }
"""
_USE = (
    "Every score is reported with its split, seeds, number of clips and interval. SER recognises acted "
    "emotion in recordings; it does not read minds. Do not use it to judge people."
)
_SYNTHETIC = (
    "The demo corpus is a synthetic voice. Its scores show that the programs run and how a method is "
    "evaluated; they do not say anything about people."
)
_STORED = {
    "results": "Published result, stored in the repository; not measured by this run",
    "predictions": "Computed from published predictions; their models were not trained in this run",
}


def write_summary(
    notebooks: Mapping[str, object],
    path: Path,
    *,
    corpus: str,
    failures: Mapping[str, str] | None = None,
    about: str = "",
) -> Path:
    """Write the summary page and return its path.

    Parameters
    ----------
    notebooks : mapping of str to nbformat notebook
        Executed notebooks by name.
    path : Path
        The HTML file. The sentence and the picture at its top are made from ``tables/results.csv`` beside
        it, if that contains models that were tested with the random and with the speaker split.
    corpus : str
        Name of the corpus for the title; for ``demo``, a note explains that it is synthetic.
    failures : mapping of str to str, optional
        What went wrong, by the name of the notebook; in red at the top of the page.
    about : str
        A remark on what was executed, in Markdown, above the contents.

    Returns
    -------
    Path
    """
    title = escape(f"Speech emotion recognition on {corpus}")
    failures = failures or {}
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body>",
        *(_failure(name, message) for name, message in failures.items()),
        f"<header><h1>{title}</h1>",
        *_result(path.parent),
        "</header>",
        *([f'<p class="note">{_SYNTHETIC}</p>'] if corpus == "demo" else []),
        f"<p>{_USE}</p>",
        _contents(notebooks, about),
        "<main>",
        *(_section(name, notebook, name in failures) for name, notebook in notebooks.items()),
        f"</main><footer><p>sercore {__version__}</p></footer></body></html>\n",
    ]
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _failure(name: str, message: str) -> str:
    """The box of a notebook that did not end."""
    return (
        f'<section class="failed" role="alert"><h2>Notebook {escape(name)} failed</h2>'
        f"<pre>{escape(message)}</pre>"
        f'<p>Its cells up to there: <a href="{escape(name)}.ipynb">{escape(name)}.ipynb</a></p></section>'
    )


def _result(folder: Path) -> Iterator[str]:
    """The sentence and the picture at the top."""
    table = headline.read(folder)
    if table is None:
        return
    text = headline.sentence(table)
    yield f'<p class="result">{escape(text)}</p>'
    yield f"<figure>{_image('image/svg+xml', base64.b64encode(headline.draw(table)).decode(), text)}</figure>"


def _contents(notebooks: Mapping[str, object], about: str) -> str:
    """Links to the sections."""
    links = [
        f'<li><a href="#{name}">{_title(name, notebook)}</a></li>' for name, notebook in notebooks.items()
    ]
    about = f"<p>{_markdown(about)}</p>" if about else ""
    return f'{about}<nav aria-label="Contents"><ol>{"".join(links)}</ol></nav>'


def _title(name: str, notebook) -> str:
    """Title of a notebook, or its name if it has none."""
    first = notebook.cells[0] if notebook.cells else None
    found = first and first.cell_type == "markdown" and re.match(r"# (.*)", first.source)
    return escape(found[1] if found else name)


def _section(name: str, notebook, failed: bool) -> str:
    """One notebook: title, abstract, and each tagged cell below its heading."""
    number = name[:2]
    parts = [f'<section class="notebook" id="{escape(name)}"><h2>{_title(name, notebook)}</h2>']
    parts.append(f"<p>{escape(' '.join(ABSTRACTS.get(number, ())))}</p>")
    if failed:
        parts.append('<p class="failed">This notebook failed; what follows is incomplete.</p>')
    heading = ""
    for k, shown in enumerate(shown_cells(notebook), 1):
        if shown.heading != heading:
            heading = shown.heading
            parts.append(f"<h3>{_markdown(heading)}</h3>")
        bodies = [body for body in map(partial(_output, alt=shown.caption), shown.outputs) if body]
        if bodies:
            stored = f'<span class="stored">{_STORED[shown.stored]}</span>' if shown.stored else ""
            caption = f"<figcaption><b>{number}.{k}</b> {_markdown(shown.caption)} {stored}</figcaption>"
            parts.append("\n".join(["<figure>", caption, *bodies, "</figure>"]))
    parts.append(f'<p><a href="{escape(name)}.ipynb">{escape(name)}.ipynb</a></p></section>')
    return "\n".join(parts)


def _output(output, *, alt: str) -> str:
    """HTML of one output; empty for what is no result, such as a progress bar or the address of an object."""
    if output.output_type == "stream":
        return _text(output.text)
    data = output.get("data", {})
    for kind in ("image/png", "image/svg+xml"):
        if kind in data:
            content = data[kind] if kind == "image/png" else base64.b64encode(data[kind].encode()).decode()
            return _image(kind, content, alt)
    if any("widget" in kind for kind in data):
        return ""
    if "text/html" in data:
        table = _NAN_CELL.sub("<td>–</td>", _TABLE_STYLE.sub("", data["text/html"]))
        return f'<div class="wide">{table}</div>'
    return _text(data.get("text/plain", ""))


_TABLE_STYLE = re.compile(r"<style.*?</style>|<p>\d+ rows × \d+ columns</p>", re.S)
_NAN_CELL = re.compile(r"<td>\s*(NaN|nan|None|&lt;NA&gt;)\s*</td>")
_NAN = re.compile(r"( *)\b(NaN|nan)\b")
_BAR = re.compile(r"\d+%\s*\||\|\s*\d+/\d+ \[|it/s\]")
_OBJECT = re.compile(r"^<[\w.]+.*>$|^\[?<matplotlib|^(Axes|Figure)\(")


def _text(text: str) -> str:
    """Printed text without progress bars, with a dash for what is not a number."""
    from nbconvert.filters import ansi2html

    lines = [line.rsplit("\r", 1)[-1] for line in text.rstrip().split("\n")]
    lines = [line for line in lines if not (_BAR.search(line) or _OBJECT.search(line))]
    text = "\n".join(_NAN.sub(lambda found: "–".rjust(len(found[0])), line) for line in lines)
    return f"<pre>{ansi2html(text)}</pre>" if text.strip() else ""


def _image(kind: str, content: str, alt: str) -> str:
    content = content.replace("\n", "")
    return f'<img src="data:{kind};base64,{content}" alt="{escape(re.sub("[*`]", "", alt))}">'


def _markdown(text: str) -> str:
    """HTML of one line of Markdown, without a paragraph around it."""
    from nbconvert.filters import markdown2html

    return re.sub(r"^<p>|</p>$", "", markdown2html(text).strip())

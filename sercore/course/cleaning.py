"""Clean executed notebooks for the repository: no audio, no widget state, no folders of one machine.

``python -m sercore.course.cleaning FILE …`` cleans notebooks in place, as the pre-commit hook does.
"""

from __future__ import annotations

import base64
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import paths
from . import clone

__all__ = ["MAX_BYTES", "clean", "figures", "is_stderr"]

MAX_BYTES = 600_000
"""Largest size of a committed notebook; above it, the largest figures get fewer pixels and colours."""


def clean(notebook):
    """The notebook without anything that does not belong in a repository, changed in place.

    Removes audio players (they embed recordings), widgets and their state, standard error, execution
    times, all metadata except tags and the displayed size of figures, the text that stands for a figure or
    an object without a name, and folders of this machine. Figures are stored with 256 colours; above the size
    limit :data:`MAX_BYTES`, the largest ones are reduced. Cleaning twice changes nothing more.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook.

    Returns
    -------
    nbformat.NotebookNode
    """
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code":
            outputs = [] if _is_interactive(cell) else map(_clean_output, cell.outputs)
            cell.outputs = [output for output in outputs if output is not None]
    _fit_figures(notebook)
    return notebook


_QUALITIES = ((256, 0.85), (256, 0.7), (256, 0.5), (64, 0.5), (32, 0.4))
"""Number of colours and scale of figures in a notebook that would be too large, best first."""


def _fit_figures(notebook) -> None:
    """Give figures a palette; above :data:`MAX_BYTES`, reduce them step by step, the largest first."""
    import nbformat

    originals = [data["image/png"] for data in figures(notebook)]
    for data in figures(notebook):
        data["image/png"] = _with_palette(data["image/png"], 256, 1.0)
    size = len(nbformat.writes(notebook))
    for quality in _QUALITIES:
        largest_first = sorted(range(len(originals)), key=lambda k: -len(figures(notebook)[k]["image/png"]))
        for k in largest_first:
            if size <= MAX_BYTES:
                return
            data, made = figures(notebook)[k], _with_palette(originals[k], *quality)
            if len(made) < len(data["image/png"]):  # flat areas may grow when they are resized
                size -= len(data["image/png"]) - len(made)
                data["image/png"] = made


def _with_palette(png: str, n_colors: int, scale: float) -> str:
    """A PNG in base64 with at most ``n_colors`` colours; unchanged if it has a palette or gets no smaller."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(png)))
    if image.mode == "P" and len(image.palette.colors) <= n_colors and scale == 1:
        return png
    image = image.convert("RGB")
    if scale < 1:
        image = image.resize([round(scale * side) for side in image.size], Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # the octree preserves single saturated colours that median cut would merge
    palette = image.quantize(n_colors, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette.save(buffer, "png", optimize=True)
    return min(base64.b64encode(buffer.getvalue()).decode(), png, key=len)


_IS_ARTIST = re.compile(r"[\[(]*(array\(\[*)?<(Axes|matplotlib|mpl_toolkits|Figure)\b")
"""Text that a cell shows if its last line returns an object of matplotlib."""


def _is_interactive(cell) -> bool:
    """Whether a cell shows sliders; the cell before it shows the same figure without them."""
    return any(
        output.get("data", {}).get("text/plain", "").startswith("interactive(") for output in cell.outputs
    )


def _clean_output(output):
    """One output as it may be committed, or None."""
    if is_stderr(output):
        return None
    if output.output_type == "stream":
        output.text = _scrub(output.text)
    elif output.output_type in ("display_data", "execute_result"):
        data = output.data
        if "application/vnd.jupyter.widget-view+json" in data or "<audio" in data.get("text/html", ""):
            return None
        for kind in data:
            if kind.startswith("text/") and isinstance(data[kind], str):
                data[kind] = _scrub(data[kind])
        shown = output.metadata.get("image/png")
        output.metadata = {"image/png": shown} if shown else {}
        if "image/png" in data:
            data.pop("text/plain", None)
        elif list(data) == ["text/plain"] and _IS_ARTIST.match(data["text/plain"]):
            return None
    return output


def _scrub(text: str) -> str:
    """Replace folders of this machine by general names, and remove memory addresses."""
    folders = {
        os.environ.get("SERCORE_ROOT"): "<corpus>",
        os.environ.get("SERCORE_CORPORA"): "<corpora>",
        str(paths.data_dir()): "data",
        str(clone.repository()): ".",
        str(Path.home()): "~",
    }
    for folder, name in folders.items():
        if folder and len(folder) > 1:
            text = text.replace(str(Path(folder).resolve()), name).replace(folder, name)
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def figures(notebook) -> list:
    """The data of all outputs that are PNG figures."""
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [data for data in outputs if "image/png" in data]


def is_stderr(output) -> bool:
    """Whether an output is text on standard error."""
    return output.output_type == "stream" and output.name == "stderr"


def _main(names: Sequence[str]) -> int:
    """Clean notebooks in place; returns 1 if one changed, as pre-commit expects."""
    import nbformat

    changed = 0
    for name in names:
        before = Path(name).read_text(encoding="utf-8")
        after = nbformat.writes(clean(nbformat.reads(before, as_version=4))) + "\n"
        if after != before:
            Path(name).write_text(after, encoding="utf-8")
            print(f"cleaned {name}")
            changed = 1
    return changed


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

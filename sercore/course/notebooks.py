"""Run the numbered notebooks, keep what they made, and clean them for the repository.

Every notebook reads one setting, the environment variable ``SERCORE_CORPUS``; :func:`run` sets it,
executes the notebooks in order in fresh kernels and writes a run folder::

    runs/20260101-120000-demo/
        01_eda.ipynb …      executed copies, also of the one that failed
        tables/*.csv        what notebooks published (:func:`sercore.course.summary.publish`)
        summary.html        one page with every cell tagged "summary"

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import base64
import io
import os
import re
import time
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from .. import paths
from ..errors import SercoreError
from . import clone
from .summary import write_summary

MAX_BYTES = 148_000
"""Size of a committed notebook above which its pictures get fewer colours."""


class NotebookError(SercoreError):
    """A notebook stopped; the message names notebook and cell."""


def find(only: Sequence[str] = ()) -> list[Path]:
    """The numbered notebooks, in order.

    Parameters
    ----------
    only : sequence of str
        Numbers (``"01"`` or ``"1"``) or beginnings of names; empty for all.
    """
    folder = clone.notebooks_dir()
    every = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not every:
        raise NotebookError(f"no notebooks in {folder}; run from a clone of the repository (see README)")
    wanted = [number.zfill(2) for number in only]
    for start in wanted:
        if not any(path.name.startswith(start) for path in every):
            raise NotebookError(
                f"no notebook starts with {start!r}; there are: {', '.join(path.stem for path in every)}"
            )
    return [path for path in every if not wanted or path.name.startswith(tuple(wanted))]


def run(
    corpus: str = "demo",
    *,
    root: str | os.PathLike | None = None,
    only: Sequence[str] = (),
    out: str | os.PathLike | None = None,
    in_place: bool = False,
    progress: bool = True,
) -> Path:
    """Execute notebooks on a corpus and return the run folder.

    Parameters
    ----------
    corpus : str
        A name that :func:`sercore.corpora.load_index` knows.
    root : path, optional
        The corpus's own folder.
    only : sequence of str
        Which notebooks (:func:`find`).
    out : path, optional
        The run folder; by default a new one under ``runs`` in the current folder.
    in_place : bool
        Also write cleaned copies back over the notebooks, for a commit.
    progress : bool
        Show a progress bar per notebook.

    Raises
    ------
    NotebookError
        One failed. Those before it are in the run folder, and so is its own copy up to there. Or the run
        folder cannot be written, or the demo corpus was given a folder.
    """
    import nbformat

    from ..corpora import load_index

    if corpus == "demo" and root is not None:
        raise NotebookError("the demo corpus is rendered, not read from a folder: say --corpus beside --root")
    notebooks = find(only)
    environment = {"SERCORE_CORPUS": corpus}
    if root is not None:
        environment["SERCORE_ROOT"] = str(Path(root).expanduser().resolve())
    if os.environ.get("SERCORE_CORPORA"):  # kernels start in another folder
        environment["SERCORE_CORPORA"] = str(Path(os.environ["SERCORE_CORPORA"]).expanduser().resolve())
    with _environment(environment):
        n_clips = len(load_index(corpus))  # a wrong corpus is told at once, not by a failed notebook
    folder = Path(out or Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{corpus}").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotebookError(f"{folder}: results cannot be written there ({error.strerror})") from error
    print(f"{corpus}: {n_clips} clips, {len(notebooks)} notebooks, results in {_shown(folder)}")
    executed = {}
    with _environment(environment | {"SERCORE_RUN": str(folder)}):
        for path in notebooks:
            notebook = nbformat.read(path, as_version=4)
            try:
                executed[path.stem] = _execute(notebook, path, progress=progress)
            finally:
                nbformat.write(notebook, folder / path.name)
                write_summary(executed, folder / "summary.html", corpus=corpus)
            if in_place:
                nbformat.write(clean(notebook), path)
    return folder


def _execute(notebook, path: Path, *, progress: bool):
    """Execute in place with one line of progress; raise NotebookError where a cell fails."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from tqdm.auto import tqdm

    n_code = sum(cell.cell_type == "code" for cell in notebook.cells)
    current, start = 0, time.perf_counter()
    with tqdm(total=n_code, desc=path.stem, unit="cell", disable=not progress) as bar:

        def started(cell, cell_index):
            nonlocal current
            current = cell_index

        client = NotebookClient(
            notebook,
            timeout=3600,  # seconds for one cell; nothing here should come near
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_start=started,
            on_cell_executed=lambda **_: bar.update(1),
        )
        # nbclient answers Output widgets on the socket it waits on; a reply that comes meanwhile can go
        # unseen, and the run stands still for ever (seen with nbclient 0.11, pyzmq 27, ipykernel 7)
        client.comm_open_handlers = {}
        try:
            client.execute()
        except CellExecutionError as error:
            source = notebook.cells[current].source
            raise NotebookError(
                f"{path.name}, cell {current + 1} failed with {error.ename}: {error.evalue}\n"
                f"    {source.strip().splitlines()[0]}\nthe copy in the run folder shows where"
            ) from None
        except (CellTimeoutError, DeadKernelError) as error:
            raise NotebookError(
                f"{path.name}, cell {current + 1}: its kernel died ({error}); too little memory?"
            ) from None
    if not progress:
        print(f"{path.stem}: {n_code} cells, {time.perf_counter() - start:.0f} s", flush=True)
    return notebook


def clean(notebook):
    """The notebook without what a repository should not hold.

    Removed: audio players (they embed recordings), widget states, the error stream (progress bars,
    library chatter), execution times, and folders of this machine. Pictures get as many colours as
    the size limit of :data:`MAX_BYTES` leaves room for.
    """
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code":
            shown = [] if _is_interactive(cell) else map(_clean_output, cell.outputs)
            cell.outputs = [output for output in shown if output is not None]
    return _lightened(notebook)


def _lightened(notebook):
    """Pictures with a palette, the largest that keeps the file within :data:`MAX_BYTES`; at last, smaller."""
    import nbformat

    pictures = [
        (output.data, output.data["image/png"])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    for n_colors, scale in ((128, 1), (64, 1), (48, 1), (32, 1), (32, 0.85), (24, 0.7)):
        for data, original in pictures:
            data["image/png"] = _with_palette(original, n_colors, scale)
        if len(nbformat.writes(notebook)) <= MAX_BYTES:
            break
    return notebook


def _with_palette(png: str, n_colors: int, scale: float = 1) -> str:
    """A PNG in base64 with at most ``n_colors`` colours, or as it was where that is smaller."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    if scale < 1:
        image = image.resize([round(scale * side) for side in image.size], Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # the octree keeps single strong colours that median cut would merge
    palette = image.quantize(n_colors, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette.save(buffer, "png", optimize=True)
    smaller = base64.b64encode(buffer.getvalue()).decode()
    return min(smaller, png, key=len)


def _is_interactive(cell) -> bool:
    """Whether a cell shows sliders; what they drew stands in the cell before it too."""
    return any(
        output.get("data", {}).get("text/plain", "").startswith("interactive(") for output in cell.outputs
    )


def _clean_output(output):
    """One output fit for a commit, or None."""
    if output.output_type == "stream":
        if output.name == "stderr":
            return None
        output.text = _scrub(output.text)
        return output
    if output.output_type in ("display_data", "execute_result"):
        data = output.data
        if "application/vnd.jupyter.widget-view+json" in data or "<audio" in data.get("text/html", ""):
            return None
        for kind in data:
            if kind.startswith("text/") and isinstance(data[kind], str):
                data[kind] = _scrub(data[kind])
        output.metadata = {}
    return output


def _scrub(text: str) -> str:
    """Replace folders of this machine by what they stand for."""
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


@contextmanager
def _environment(values: dict[str, str]):
    """Environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _shown(path: Path) -> str:
    """A path relative to here where it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

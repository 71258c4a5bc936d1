"""Run the numbered notebooks on a corpus.

Every notebook reads its corpus from the environment variable ``SERCORE_CORPUS``. :func:`run` sets it,
executes the notebooks in order, each in a new kernel, and writes a run folder::

    runs/20260101-120000-123456-demo/
        01_eda.ipynb …      executed notebooks, the one that failed included
        tables/*.csv        result tables (:func:`sercore.course.publish`)
        summary.html        the result in one sentence, and the outputs of all cells tagged "summary"
        run.log             warnings and messages of libraries, kernels and worker processes

The short tour consists of the notebooks :data:`TOUR`, each up to its cell tagged ``tour-end``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from . import clone
from .cleaning import clean
from .execution import NotebookError, execute_all
from .summary import write_summary

__all__ = ["TOUR", "NotebookError", "clean", "find", "run"]

TOUR = ("00", "01", "03")
"""Numbers of the notebooks of the short tour."""
_TWO_NOTEBOOKS = 8 * 2**30  # bytes of free memory; two notebooks with two workers each need up to six


def find(only: Sequence[str] = ()) -> list[Path]:
    """Paths of the numbered notebooks, in order.

    Parameters
    ----------
    only : sequence of str
        Numbers (``"01"`` or ``"1"``) or beginnings of file names; empty for all notebooks.

    Returns
    -------
    list of Path

    Raises
    ------
    NotebookError
        No notebook matches.

    Examples
    --------
    >>> [path.name for path in find(["0", "2"])]
    ['00_start_here.ipynb', '02_feature_extraction.ipynb']
    """
    folder = clone.notebooks_dir()
    numbered = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not numbered:
        raise NotebookError(f"{folder}: no numbered notebooks found; run from a clone (see the README)")
    wanted = [number.zfill(2) for number in only]
    for start in wanted:
        if not any(path.name.startswith(start) for path in numbered):
            names = ", ".join(path.stem for path in numbered)
            raise NotebookError(f"no notebook starts with {start!r}; available: {names}")
    return [path for path in numbered if not wanted or path.name.startswith(tuple(wanted))]


def run(
    corpus: str = "demo",
    *,
    root: str | os.PathLike | None = None,
    only: Sequence[str] = (),
    tour: bool = False,
    out: str | os.PathLike | None = None,
    in_place: bool = False,
    n_jobs: int | None = 1,
    progress: bool = True,
) -> Path:
    """Execute notebooks on a corpus and return the run folder.

    Parameters
    ----------
    corpus : str
        Name of a corpus (:func:`sercore.corpora.load_index`).
    root : path, optional
        Folder of the corpus.
    only : sequence of str
        Selects notebooks (:func:`find`).
    tour : bool
        Execute the short tour only.
    out : path, optional
        The run folder; by default a new one under ``runs`` in the current folder.
    in_place : bool
        Also replace the notebooks of the clone by their executed and cleaned versions.
    n_jobs : int, optional
        Number of notebooks that run at the same time; None for two if there are two cores and 8 GB of free
        memory, else one. Results do not depend on it; times that notebooks measure do.
    progress : bool
        Show a progress bar per notebook, if ``n_jobs`` is 1 or standard error is a terminal.

    Returns
    -------
    Path

    Raises
    ------
    NotebookError
        A notebook failed (its executed cells and those of earlier notebooks are in the run folder), the
        run folder cannot be written, ``root`` was given for the demo corpus, or ``in_place`` for the tour.
    """
    import nbformat

    from ..corpora import load_index

    if corpus == "demo" and root is not None:
        raise NotebookError("the demo corpus is synthesised and has no folder: pass --corpus with --root")
    if tour and in_place:
        raise NotebookError("the tour leaves cells out: pass --all or --only with --in-place")
    notebooks = find(TOUR if tour else only)
    n_jobs = _default_jobs() if n_jobs is None else n_jobs
    # notebooks and workers share the cores: with several threads each, small fits can take ten times as long
    environment = {"SERCORE_CORPUS": corpus, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    if root is not None:
        environment["SERCORE_ROOT"] = str(Path(root).expanduser().resolve())
    if os.environ.get("SERCORE_CORPORA"):  # kernels start in another folder
        environment["SERCORE_CORPORA"] = str(Path(os.environ["SERCORE_CORPORA"]).expanduser().resolve())
    with _environment(environment):
        n_clips = len(load_index(corpus))  # a missing corpus is reported before any notebook starts
    folder = Path(out or Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S-%f}-{corpus}").resolve()
    with _explain_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for table in (folder / "tables").glob("*.csv"):  # of an earlier run, perhaps on another corpus
            table.unlink()
    plural = "s" if len(notebooks) > 1 else ""
    counts = f"{n_clips} clips, {len(notebooks)} notebook{plural}"
    print(f"{corpus}: {counts}, results in {_relative(folder)}", flush=True)
    executed, failures = {}, {}
    about = "The short tour. `sercore run --all` executes all notebooks to their end." if tour else ""

    def finished(path, notebook, failure):
        nbformat.write(notebook, folder / path.name)
        executed[path.stem] = notebook
        if failure:
            failures[path.stem] = failure
        ordered = dict(sorted(executed.items()))
        write_summary(ordered, folder / "summary.html", corpus=corpus, failures=failures, about=about)
        if in_place and not failure:
            nbformat.write(clean(notebook), path)

    with (
        _explain_disk_errors(folder),
        _environment(environment | {"SERCORE_RUN": str(folder)}),
        _logging_to(folder / "run.log") as log,
    ):
        execute_all(notebooks, finished, log=log, n_jobs=n_jobs, progress=progress, tour=tour)
    return folder


def _default_jobs() -> int:
    """Two notebooks at a time if there are cores and memory for them."""
    import psutil
    from joblib import cpu_count

    return 2 if cpu_count() >= 2 and psutil.virtual_memory().available >= _TWO_NOTEBOOKS else 1


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables temporarily."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _logging_to(path: Path) -> Iterator[TextIO]:
    """Send log records and warnings of this process to a file, and yield the file."""
    with open(path, "a", encoding="utf-8", errors="backslashreplace", buffering=1) as log:
        handler, root = logging.StreamHandler(log), logging.getLogger()
        root.addHandler(handler)
        logging.captureWarnings(True)
        try:
            yield log
        finally:
            logging.captureWarnings(False)
            root.removeHandler(handler)


@contextmanager
def _explain_disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full or read-only disk into a NotebookError."""
    try:
        yield
    except OSError as error:
        raise NotebookError(
            f"{folder}: results cannot be written there ({error.strerror or error}); free space, or choose "
            "another folder with --out"
        ) from error


def _relative(path: Path) -> Path:
    """The path relative to the current folder if it is below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path

"""Execution of notebooks, each in a new kernel, several at a time, stopped by Ctrl-C in one line."""

from __future__ import annotations

import asyncio
import atexit
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TextIO

from ..errors import SercoreError
from .cleaning import figures, is_stderr

MAX_SECONDS = 3600
"""Most seconds that a cell may run, far more than any cell needs."""
_WAKE_SECONDS = 0.2
_BAR = "{desc:22} {percentage:3.0f}% |{bar:24}| {n_fmt}/{total_fmt} cells, {elapsed}{postfix}"


class NotebookError(SercoreError):
    """A notebook failed; the message names the notebook and the cell."""


def execute_all(
    paths: Sequence[Path],
    finished: Callable[[Path, object, str], None],
    *,
    log: TextIO | None = None,
    n_jobs: int = 1,
    progress: bool = False,
    tour: bool = False,
) -> None:
    """Execute notebooks, and pass each to a function as soon as it has ended.

    Parameters
    ----------
    paths : sequence of Path
        They are started in this order.
    finished : callable
        Called with the path, the executed notebook, and what went wrong, empty if all cells have run.
    log : text file, optional
        Receives everything that is written to standard error.
    n_jobs : int
        Number of notebooks at a time, each in a process of its own; -1 for one per core.
    progress : bool
        Show a bar per notebook, if there is one at a time or standard error is a terminal; else a line
        when one is finished.
    tour : bool
        Leave out the cells after the one tagged ``tour-end``.

    Raises
    ------
    NotebookError
        A cell failed, or a kernel died. Notebooks that run at the same time are stopped.
    """
    import nbformat
    from joblib import effective_n_jobs

    n_jobs = effective_n_jobs(n_jobs)
    progress = progress and (n_jobs == 1 or sys.stderr.isatty())

    async def run(path: Path) -> None:
        async with limit:
            notebook, failure = nbformat.read(path, as_version=4), "It was interrupted."
            if tour:
                notebook.cells = until_tour_end(notebook.cells)
            try:
                await _execute(notebook, path, log, progress=progress)
                failure = ""
            except NotebookError as error:
                failure = str(error)
                raise
            finally:
                finished(path, notebook, failure)

    async def run_all() -> None:
        tasks = [asyncio.ensure_future(run(path)) for path in paths]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    limit = asyncio.Semaphore(n_jobs)
    _run(run_all())


def until_tour_end(cells: Sequence) -> list:
    """Cells of a notebook up to the one tagged ``tour-end``, or all if there is none."""
    ends = [k for k, cell in enumerate(cells) if "tour-end" in cell.metadata.get("tags", [])]
    return list(cells[: ends[0] + 1] if ends else cells)


def execute(notebook, path: Path):
    """Execute one notebook in place, and return it.

    Parameters
    ----------
    notebook : nbformat notebook
    path : Path
        Its file; the kernel runs in the folder.

    Raises
    ------
    NotebookError
        See :func:`execute_all`.
    """
    _run(_execute(notebook, path))
    return notebook


def _run(coroutine: Coroutine) -> None:
    """Run a coroutine in another thread, where nbclient does not replace the handling of Ctrl-C."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(coroutine)
    with ThreadPoolExecutor(1) as executor:
        try:
            future = executor.submit(_run_to_the_end, loop, task)
            while not future.done():  # on Windows, Ctrl-C does not interrupt waiting without a limit
                wait([future], timeout=_WAKE_SECONDS)
            future.result()
        except KeyboardInterrupt:
            loop.call_soon_threadsafe(task.cancel)  # the executor waits until all kernels have ended
            raise


def _run_to_the_end(loop: asyncio.AbstractEventLoop, task: asyncio.Task) -> None:
    """Run a task, and then cancel those that nbclient has left, which would complain at exit."""
    try:
        loop.run_until_complete(task)
    finally:
        loop.run_until_complete(_cancel_others())
        loop.close()


async def _cancel_others() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for other in left:
        other.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _execute(notebook, path: Path, log: TextIO | None = None, *, progress: bool = False) -> None:
    """Execute a notebook in place; everything written to standard error goes to the log."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError
    from tqdm import tqdm

    n_code = sum(cell.cell_type == "code" for cell in notebook.cells)
    current, start = 0, time.perf_counter()

    def started(cell, cell_index):
        nonlocal current
        current = cell_index

    with tqdm(total=n_code, desc=path.stem, disable=not progress, bar_format=_BAR) as bar:
        client = NotebookClient(
            notebook,
            timeout=MAX_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_start=started,
            on_cell_executed=lambda **_: bar.update(1),
        )
        # nbclient mirrors Output widgets over the socket that it waits on, and can miss a reply and hang
        # (seen with nbclient 0.11, pyzmq 27, ipykernel 7)
        client.comm_open_handlers = {}
        try:
            await client.async_execute(stdout=log, stderr=log)
        except CellExecutionError as error:
            line = notebook.cells[current].source.strip().splitlines()[0]
            raise NotebookError(
                f"{path.name}, cell {current + 1} failed with {error.ename}: {error.evalue}\n"
                f"    {line}\nsee the executed notebook in the run folder"
            ) from None
        except CellTimeoutError:
            raise NotebookError(
                f"{path.name}, cell {current + 1}: stopped after {MAX_SECONDS} s; run the notebook by itself "
                f"(--only {path.stem[:2]} --jobs 1), on fewer clips, or on a faster computer"
            ) from None
        except (RuntimeError, AssertionError, TimeoutError) as error:  # of nbclient, about the kernel
            if asyncio.current_task().cancelling():  # nbclient takes it for the death of the kernel
                raise asyncio.CancelledError from None
            found = str(error) or "it was ended from outside"
            raise NotebookError(
                f"{path.name}, cell {current + 1}: the kernel died ({found}); is there enough memory?"
            ) from None
        finally:
            _move_stderr(notebook, path.stem, log)
            atexit.unregister(client._cleanup_kernel)  # it fails if an interrupt came while the kernel ended
            if client.km is not None:
                atexit.register(_end_kernel, client)
        bar.set_postfix_str(f"{len(figures(notebook))} figures")
    if not progress:
        print(f"{path.stem}: {n_code} cells, {time.perf_counter() - start:.0f} s", flush=True)


def _end_kernel(client) -> None:
    """End the kernel of an interrupted notebook when Python exits, unless it has ended."""
    if client.km is not None:
        client._cleanup_kernel()


def _move_stderr(notebook, name: str, log: TextIO | None) -> None:
    """Move what cells wrote to standard error (progress bars, messages of libraries) to the log."""
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if log and is_stderr(output):
                print(f"{name}, cell {number}:\n{output.text}", file=log)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_stderr(output)]

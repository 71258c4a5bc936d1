"""Rows of predictions as a table or as JSON lines, and the exit status that sums them up.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence

from .files import find_files, load_cached, predict_files, standard_input
from .windows import Windows

MAX_WIDTH = 48
OK, SOME_BAD = 0, 3
"""Exit status of ``sercore predict``: all recordings read; some not. 1 and 2: nothing could be done."""


def print_predictions(
    bundle: str | os.PathLike,
    names: Sequence[str],
    *,
    windows: Windows | None = None,
    as_json: bool = False,
    n_jobs: int = -1,
    backend: str = "auto",
    digest: str | None = None,
) -> int:
    """Print the predictions for files, folders or standard input (``-``); returns the exit status.

    Parameters
    ----------
    bundle, windows, n_jobs, backend, digest
        See :func:`sercore.bundle.predict_files`.
    names : sequence of str
        Files and folders; ``-`` is a recording that comes through standard input.
    as_json : bool
        See :func:`print_rows`.

    Raises
    ------
    BundleError, AudioError
        The bundle cannot be used; a folder holds no audio.
    """
    predictor = load_cached(bundle, backend=backend, digest=digest)
    piped = standard_input() if "-" in names else None
    files = find_files([piped if name == "-" else name for name in names])
    if not as_json:
        print(f"{_printable(predictor.about())}\nHow it sounds, not what somebody feels.", file=sys.stderr)
    results = predict_files(
        bundle, files, windows=windows, n_jobs=n_jobs, backend=backend, digest=predictor.digest
    )
    shown = ([_as_piped(row, piped) for row in rows] for rows in results)
    width = min(MAX_WIDTH, max(len(os.fspath(file)) for file in files))
    return print_rows(shown, predictor.classes, as_json=as_json, width=width)


def print_rows(
    results: Iterable[list[dict]], classes: Sequence[str], *, as_json: bool, width: int = 20
) -> int:
    """Print rows as they come and return the exit status.

    Parameters
    ----------
    results : iterable of list of dict
        From :func:`sercore.bundle.predict_files`.
    classes : sequence of str
    as_json : bool
        One JSON object per row on standard output, bad recordings included. Otherwise a table with
        percentages, and bad recordings on standard error.
    width : int
        Of the column with file names.

    Returns
    -------
    int
        :data:`OK`, or :data:`SOME_BAD` where a recording was left out. A silent window is no bad recording.
    """
    status, headed = OK, False
    for rows in results:
        if any("error" in row and "start" not in row for row in rows):
            status = SOME_BAD
        for row in rows:
            if as_json:
                print(json.dumps(row), flush=True)
            elif "error" in row and "start" not in row:
                print(f"left out: {_printable(row['message'])}", file=sys.stderr)
            else:
                if not headed:
                    print(_header(classes, width, "start" in row))
                    headed = True
                print(_line(row, classes, width), flush=True)
    return status


def _as_piped(row: dict, piped: os.PathLike | None) -> dict:
    """The row without the name of the temporary file, where it is about what came through ``-``."""
    if piped is None or row["file"] != os.fspath(piped):
        return row
    row = row | {"file": "-"}
    return row | {"message": row["message"].replace(str(piped), "-")} if "message" in row else row


def _header(classes, width, timed) -> str:
    times = f"{'start':>8}{'end':>8}  " if timed else ""
    return f"{'file':{width}}  {times}{'emotion':10}" + "".join(f"{name:>10.9}" for name in classes)


def _line(row: dict, classes, width) -> str:
    name = _printable(row["file"])
    name = name if len(name) <= width else "…" + name[1 - width :]
    times = f"{row['start']:8.2f}{row['end']:8.2f}  " if "start" in row else ""
    if "error" in row:
        return f"{name:{width}}  {times}({row['error']})"
    shares = "".join(f"{100 * row['proba'][name]:9.1f}%" for name in classes)
    return f"{name:{width}}  {times}{row['label']:10.9}{shares}"


def _printable(text: str) -> str:
    """Without control characters and bytes that are no text, which could steer a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)

"""Predictions printed as a table or as JSON lines, with the exit status of ``sercore predict``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence

from .files import find_files, load_cached, predict_files, standard_input
from .recordings import Windows
from .rejection import NOT_SPEECH
from .shipping import bundle_path

DISCLAIMER = "Predictions describe how a voice sounds, not what a person feels."
UNKNOWN_SPEAKER = (
    "This model normalises by speaker; without --speaker-norm it uses the average of its training speakers, "
    "which is less accurate."
)
ONE_CORPUS = (
    "Rejected although it is speech: this model was trained on one corpus only, and its limit was found on "
    "that corpus, so it refuses other rooms, microphones and languages. Leave out --bundle to use the model "
    "of the package, or train on several corpora: sercore train --corpus ravdess+emo_db --scheme four"
)
MAX_WIDTH = 48
"""Width of the column with file names."""

OK, SOME_SKIPPED = 0, 3
"""Exit status if all recordings were read, and if some were skipped. 1 and 2 are errors of the command."""


def print_predictions(
    bundle: str | os.PathLike | None,
    names: Sequence[str],
    *,
    windows: Windows | None = None,
    channel: int | None = None,
    as_json: bool = False,
    n_jobs: int = -1,
    backend: str = "auto",
    digest: str | None = None,
    speaker_norm: str | os.PathLike | None = None,
) -> int:
    """Print the predictions for files, folders or standard input, and return the exit status.

    Parameters
    ----------
    bundle : path or None
        None for the default model of the package (:func:`sercore.bundle.shipped_bundle`).
    windows, channel, n_jobs, backend, digest, speaker_norm
        See :func:`sercore.bundle.predict_files`.
    names : sequence of str
        Files and folders; ``-`` is a recording read from standard input.
    as_json : bool
        See :func:`print_rows`.

    Returns
    -------
    int
        See :func:`print_rows`.

    Raises
    ------
    BundleError
        The bundle cannot be loaded.
    AudioError
        A folder contains no audio files.
    """
    bundle = bundle_path(bundle)
    predictor = load_cached(bundle, backend=backend, digest=digest)
    piped = standard_input() if "-" in names else None
    files = find_files([piped if name == "-" else name for name in names])
    if not as_json:
        print(f"{_printable(predictor.about())}\n{DISCLAIMER}", file=sys.stderr)
        if predictor.speaker_norm and speaker_norm is None:
            print(UNKNOWN_SPEAKER, file=sys.stderr)
    results = predict_files(
        bundle, files, windows=windows, channel=channel, n_jobs=n_jobs, backend=backend,
        digest=predictor.digest, speaker_norm=speaker_norm,
        row_by_row=windows is not None and len(files) == 1,
    )  # fmt: skip
    reasons = set()

    def shown():
        for rows in results:
            reasons.update(row.get("rejected") for row in rows)
            yield [_as_piped(row, piped) for row in rows]

    width = min(MAX_WIDTH, max(len(os.fspath(file)) for file in files))
    status = print_rows(shown(), predictor.classes, as_json=as_json, width=width)
    if reasons - {None, NOT_SPEECH} and predictor.one_corpus and not as_json:
        print(ONE_CORPUS, file=sys.stderr)
    return status


def print_rows(
    results: Iterable[list[dict]], classes: Sequence[str], *, as_json: bool, width: int = 20
) -> int:
    """Print rows as they are computed and return the exit status.

    Parameters
    ----------
    results : iterable of list of dict
        From :func:`sercore.bundle.predict_files`.
    classes : sequence of str
    as_json : bool
        Whether to print one JSON object per row, including skipped recordings. By default, a table of
        percentages goes to standard output and skipped recordings to standard error.
    width : int
        Width of the column with file names.

    Returns
    -------
    int
        :data:`OK`, or :data:`SOME_SKIPPED` if a recording was skipped. A silent window does not count.
    """
    status, headed = OK, False
    for rows in results:
        if any("error" in row and "start" not in row for row in rows):
            status = SOME_SKIPPED
        for row in rows:
            if as_json:
                print(json.dumps(row), flush=True)
            elif "error" in row and "start" not in row:
                print(f"skipped: {_printable(row['message'])}", file=sys.stderr)
            else:
                if not headed:
                    print(_header(classes, width, "start" in row))
                    headed = True
                print(_line(row, classes, width), flush=True)
    return status


def _as_piped(row: dict, piped: os.PathLike | None) -> dict:
    """The row with ``-`` in place of the temporary file of standard input."""
    if piped is None or row["file"] != os.fspath(piped):
        return row
    row = row | {"file": "-"}
    return (
        row | {"message": row["message"].replace(str(piped), "-").replace(piped.stem, "recording")}
        if "message" in row
        else row
    )


def _header(classes, width, timed) -> str:
    times = f"{'start':>8}{'end':>8}  " if timed else ""
    return f"{'file':{width}}  {times}{'emotion':10}" + "".join(f"{name:>10.9}" for name in classes)


def _line(row: dict, classes, width) -> str:
    name = _printable(row["file"])
    name = name if len(name) <= width else "…" + name[1 - width :]
    times = f"{row['start']:8.2f}{row['end']:8.2f}  " if "start" in row else ""
    if reason := row.get("error") or row.get("rejected"):
        return f"{name:{width}}  {times}({reason})"
    percentages = "".join(f"{100 * row['proba'][name]:9.1f}%" for name in classes)
    return f"{name:{width}}  {times}{row['label']:10.9}{percentages}"


def _printable(text: str) -> str:
    """Text with control characters and invalid bytes escaped, which could change the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)

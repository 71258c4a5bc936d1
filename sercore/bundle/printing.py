"""Predictions printed as a table or as JSON lines, with the exit status of ``sercore predict``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import SercoreError
from .advice import ADVICE, advice
from .files import find_files, load_cached, predict_files, standard_input
from .inputs import is_table
from .model_card import corpus_rows, scores_text, summary
from .output import write_predictions
from .predictor import Predictor
from .recordings import Windows
from .rejection import UNKNOWN_VOICE
from .shipping import FOLDER, bundle_path

DISCLAIMER = "Predictions describe how a voice sounds, not what a person feels."
ENROLLED = 10
"""Number of clips of a speaker for which scores are shown."""

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
    _refuse_tables(names)
    piped = standard_input() if "-" in names else None
    files = find_files([piped if name == "-" else name for name in names])
    if not as_json:
        _explain([*about_model(predictor, bundle), ""])
    results = predict_files(
        bundle, files, windows=windows, channel=channel, n_jobs=n_jobs, backend=backend,
        digest=predictor.digest, speaker_norm=speaker_norm,
        row_by_row=windows is not None and len(files) == 1,
    )  # fmt: skip
    reasons = set()  # None, if there was an answer

    def shown():
        for rows in results:
            reasons.update(row.get("rejected") for row in rows if "error" not in row)
            yield [_as_piped(row, piped) for row in rows]

    width = min(MAX_WIDTH, max(len(os.fspath(file)) for file in files))
    status = print_rows(shown(), predictor.classes, as_json=as_json, width=width)
    if not as_json:
        timeline = windows is not None  # whose speaker is known more and more
        unknown = predictor.speaker_norm and speaker_norm is None and not timeline and None in reasons
        rejected = [reason for reason in ADVICE if reason in reasons]
        if timeline and None in reasons:
            rejected = []  # music and pauses of a recording that was answered otherwise
        steps = next_steps(predictor, bundle, unknown_speaker=unknown, rejected=rejected, timeline=timeline)
        _explain(["", *steps])
    return status


def write_predictions_and_report(
    bundle: str | os.PathLike | None, names: Sequence[str], out: str | os.PathLike, **options
) -> int:
    """Write the predictions to a file, print what was written, and return the exit status.

    Parameters
    ----------
    bundle : path or None
        None for the default model of the package.
    names, out, **options
        See :func:`sercore.bundle.write_predictions`.

    Returns
    -------
    int
        :data:`OK`, or :data:`SOME_SKIPPED` if a recording was skipped.

    Raises
    ------
    SercoreError
        See :func:`sercore.bundle.write_predictions`.
    """
    if "-" in names:
        raise SercoreError("standard input cannot be written to a file with --out; pass files or folders")
    bundle = bundle_path(bundle)
    predictor = load_cached(bundle, backend=options["backend"], digest=options["digest"])
    _explain([*about_model(predictor, bundle), ""])
    written = write_predictions(bundle, names, out, **options)
    print(printable(str(written)))
    return SOME_SKIPPED if written.skipped else OK


def _refuse_tables(names: Sequence[str]) -> None:
    if tables := [name for name in names if is_table(name)]:
        raise SercoreError(
            f"{tables[0]} is a table; to predict the recordings that it lists, add --out predictions.csv "
            "(or .parquet), which keeps its columns"
        )


def about_model(predictor: Predictor, bundle: str | os.PathLike) -> list[str]:
    """Lines about a model before its predictions: trained on what, and how good on strangers."""
    own = Path(bundle).parent == FOLDER
    name, trained, *scores = summary(predictor.manifest)
    lines = [f"{'Model of the package' if own else 'Model'}: {name}"]
    lines.append(trained[:-1] + "; not for commercial use." if own else trained)
    lines += [line for line in scores if line.startswith("Also trained")]
    if scores := [line for line in scores if line.startswith("UA")]:
        lines += [*scores, "UA is the mean recall of the emotions."]
    return [*lines, DISCLAIMER]


def next_steps(
    predictor: Predictor,
    bundle: str | os.PathLike,
    *,
    unknown_speaker: bool,
    rejected: Sequence[str] = (),
    timeline: bool = False,
) -> list[str]:
    """Lines after the predictions: what to do next.

    Parameters
    ----------
    predictor : Predictor
    bundle : path
    unknown_speaker : bool
        Whether features were normalised without recordings of the speaker.
    rejected : sequence of str
        Reasons for which recordings were rejected, of :data:`ADVICE`.
    timeline : bool
        Whether these were the windows of recordings.
    """
    lines = []
    for reason in rejected:
        lines += [*advice(predictor, reason), *_commands(predictor, reason)]
    if unknown_speaker:
        lines.append("All files of one person? Add --speaker-norm all; now the speaker is an average one.")
        if rows := corpus_rows(predictor.manifest, known=False, clips=ENROLLED):
            lines.append(f"UA with {ENROLLED} clips of the speaker: {scores_text(rows)}.")
    bundle = Path(bundle)
    name = bundle.name if bundle.parent == FOLDER else bundle
    long = "" if timeline else "Long recording: --timeline. "
    return [*lines, f"{long}For programs: --json. All scores: sercore report {name}"]


def _commands(predictor: Predictor, reason: str) -> Sequence[str]:
    """Which model would reject less."""
    if reason != UNKNOWN_VOICE:
        return ()
    if predictor.one_corpus:
        return (
            "Leave out --bundle to use the model of the package, or train on several:",
            "sercore train --corpus ravdess+emo_db --scheme four",
        )
    lines = ["Or train a model of voices of your own: sercore train --corpus folder."]
    if not predictor.manifest.training.get("augmentation"):
        lines.append("For telephones and loud rooms: sercore train --augment places.")
    return lines


def _explain(lines: Sequence[str]) -> None:
    """Print lines to standard error, with control characters escaped."""
    print(*map(printable, lines), sep="\n", file=sys.stderr, flush=True)


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
                print(f"skipped: {printable(row['message'])}", file=sys.stderr)
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
    name = printable(row["file"])
    name = name if len(name) <= width else "…" + name[1 - width :]
    times = f"{row['start']:8.2f}{row['end']:8.2f}  " if "start" in row else ""
    if reason := row.get("error") or row.get("rejected"):
        return f"{name:{width}}  {times}({reason})"
    percentages = "".join(f"{100 * row['proba'][name]:9.1f}%" for name in classes)
    return f"{name:{width}}  {times}{row['label']:10.9}{percentages}"


def printable(text: str) -> str:
    """Text with control characters and invalid bytes escaped, which could change the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)

"""Predictions for many recordings as one Parquet or CSV file, which an interrupted run continues.

The recordings are divided into parts. The process that has predicted a part writes it to the folder
``OUT.parts``, under a temporary name, and moves it into place; nothing but its number travels to the parent.
A run that is repeated after an interruption predicts the parts that are missing. At the end the parts are
joined in the order of the recordings. The file is therefore the same for any number of processes and of
interruptions, and memory does not grow with the number of recordings or the length of one.

====================  ==============================================================================
the table's own       all columns of the table of recordings; without a table ``file``
``start, end``        seconds, of windows
``label``             the most probable emotion; empty if the recording is rejected or cannot be used
``confidence``        its probability
``rejected``          why the model gives no emotion: not speech, unlike the voices of the training
``error, message``    why the recording cannot be used
``proba_<emotion>``   the probability of each emotion
====================  ==============================================================================

If the table has one of these columns already, that of the prediction begins with ``predicted_``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import __version__, quiet
from ..errors import SercoreError
from ..files import worker_folder
from ..training.claims import claim
from .archives import brief
from .files import _clip_rows, _loaded, _voices, find_files, in_folder, load_cached
from .inputs import digest_of_files, read_recordings
from .parts import Parts, write_rows
from .recordings import Windows

SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class Written:
    """What :func:`write_predictions` has written.

    Parameters
    ----------
    path : Path
    n_recordings, n_rows : int
    n_rejected : int
        Rows without a label because the model rejects them.
    skipped : dict of str to int
        Number of recordings that cannot be used, by :attr:`sercore.errors.AudioError.reason`; ``failed`` are
        errors that no check foresees. The column ``message`` explains each.
    """

    path: Path
    n_recordings: int
    n_rows: int
    n_rejected: int
    skipped: dict[str, int]

    def __str__(self):
        counts = [f"{self.n_rows} rows of {self.n_recordings} recordings"]
        counts += [f"{self.n_rejected} rejected"] if self.n_rejected else []
        reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(self.skipped.items()))
        counts += [f"{sum(self.skipped.values())} skipped ({reasons})"] if self.skipped else []
        return f"{self.path}: {', '.join(counts)}"


def write_predictions(
    bundle: str | os.PathLike,
    names: Sequence[str | os.PathLike],
    out: str | os.PathLike,
    *,
    windows: Windows | None = None,
    channel: int | None = None,
    n_jobs: int = -1,
    backend: str = "auto",
    digest: str | None = None,
    speaker_norm: str | os.PathLike | None = None,
    overwrite: bool = False,
    progress: bool | None = None,
) -> Written:
    """Predict recordings and write one table; call it again after an interruption to continue.

    A recording that cannot be used becomes a row with its error, and never ends the run.

    Parameters
    ----------
    bundle : path
    names : path or sequence of path
        Files and folders, or a single CSV or Parquet table with a column ``path``, relative to its folder.
    out : path
        Ends in ``.parquet`` or ``.csv``. Until it is complete, its parts are in the folder ``OUT.parts``.
    windows, channel, n_jobs, backend, digest, speaker_norm, progress
        See :func:`sercore.bundle.predict_files`. ``n_jobs`` does not affect the file.
    overwrite : bool
        Replace an existing file, and parts of a run with other recordings, options or another bundle.

    Returns
    -------
    Written

    Raises
    ------
    SercoreError
        ``out`` exists or has another suffix, its parts are of another run, another process writes it, or a
        worker process was killed.
    BundleError, AudioError, CorpusError
        The bundle, a folder or the table cannot be read.

    See Also
    --------
    predict_files : The same rows as Python objects.
    """
    out = Path(out)
    _check_target(out, overwrite)
    predictor = load_cached(bundle, digest=digest, backend=backend)
    recordings = read_recordings(names)
    parts = Parts(out, recordings, predictor.classes, timed=windows is not None)
    parts.open(
        {
            "recordings": recordings.digest,
            "bundle": predictor.digest,
            "backend": backend,
            "windows": None if windows is None else [windows.seconds, windows.step],
            "channel": channel,
            "speaker_norm": _state_of(speaker_norm),
            "sercore": __version__,
        },
        overwrite=overwrite,
    )
    arguments = os.fspath(bundle), predictor.digest, backend, windows, channel
    with claim(parts.run) as mine:
        if not mine:
            raise parts.in_use()
        try:
            _check_target(out, overwrite)  # another run may have finished meanwhile
            missing = parts.missing()
            voices = _voices(predictor, recordings.files, speaker_norm, channel) if missing else []
        except SercoreError:
            parts.discard_empty()
            raise
        if missing:
            _predict_parts(parts, missing, arguments, voices, n_jobs, progress)
        n_rows, counts = parts.join()
    n_rejected = counts.pop(None, 0)
    return Written(out, len(recordings.files), n_rows, n_rejected, dict(counts))


def _state_of(speaker_norm: str | os.PathLike | None) -> str | None:
    """What tells one ``speaker_norm`` from another: of recordings, also their sizes and times."""
    if speaker_norm is None or speaker_norm in ("folder", "all"):
        return speaker_norm
    return f"{os.fspath(speaker_norm)} {digest_of_files(find_files([speaker_norm]))}"


def _check_target(out: Path, overwrite: bool) -> None:
    if out.suffix.lower() not in SUFFIXES:
        raise SercoreError(f"{out}: predictions are written to a file that ends in {' or '.join(SUFFIXES)}")
    if os.path.lexists(out) and not (overwrite and out.is_file()):
        raise SercoreError(
            f"{out} exists already; choose another name, or pass overwrite=True (--overwrite)"
            if out.is_file()
            else f"{out} exists and is not a file; choose another name"
        )


def _predict_parts(parts: Parts, missing: list[int], arguments, voices, n_jobs, progress) -> None:
    """Predict and write the missing parts, in this process or in several."""
    from tqdm import tqdm

    files, total = parts.recordings.files, len(parts.recordings.files)
    rows = [parts.rows(number) for number in missing]
    tasks = (
        (parts.path(number), part.start, files[part], voices[part], parts.columns, arguments)
        for number, part in zip(missing, rows, strict=True)
    )
    n_missing = sum(part.stop - part.start for part in rows)
    hidden = None if progress is None else not progress
    with tqdm(total=total, initial=total - n_missing, unit="file", disable=hidden, delay=1) as bar:
        if n_jobs == 1 or len(missing) == 1:
            for task in tasks:
                write_part(*task, on_row=_follow(bar))
            return
        import joblib
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        workers = joblib.Parallel(
            n_jobs=n_jobs, return_as="generator_unordered", temp_folder=worker_folder(), batch_size=1
        )
        work = joblib.delayed(_write_part_in)
        try:
            for n_files in workers(work(os.getcwd(), *task) for task in tasks):
                bar.update(n_files)
        except TerminatedWorkerError as error:
            raise SercoreError(
                "a worker process was killed, perhaps for lack of memory; repeat the command to continue, "
                "with fewer processes (--jobs)"
            ) from error


def _follow(bar) -> Callable[[int, dict], None]:
    """Update a progress bar, also within a recording that is divided into windows."""

    def on_row(n_files: int, row: dict) -> None:
        if "start" in row:
            bar.set_postfix_str(f"at {row['start']:.0f} s", refresh=False)
        bar.update(n_files)

    return on_row


def _write_part_in(folder: str, *task) -> int:
    """:func:`write_part` in a worker process, whose working folder is that of an earlier task."""
    with in_folder(folder):
        return write_part(*task)


def write_part(
    path: Path,
    first: int,
    files: Sequence[Path],
    voices: Sequence,
    columns: Sequence[str],
    arguments: tuple,
    *,
    on_row: Callable[[int, dict], None] = lambda number, row: None,
) -> int:
    """Predict some recordings and write their rows as one file; returns their number.

    Parameters
    ----------
    path : Path
    first : int
        Number of the first recording.
    files, voices : sequence
        Recordings, and the voice of the speaker of each (or None).
    columns : sequence of str
        Columns of the prediction.
    arguments : tuple
        Bundle, digest, backend, windows and channel.
    on_row : callable, optional
        Called for every row with the number of recordings that it completes, and the row.
    """
    quiet.end_with_parent()
    write_rows(path, columns, _part_rows(first, files, voices, arguments, on_row))
    return len(files)


def _part_rows(first, files, voices, arguments, on_row) -> Iterator[tuple[int, dict]]:
    """Numbers and rows of some recordings; no error of a recording ends them."""
    bundle, digest, backend, windows, channel = arguments
    predictor = _loaded(bundle, digest, backend)
    for number, (file, voice) in enumerate(zip(files, voices, strict=True), start=first):
        own = predictor if voice is None else predictor.with_voice(voice)
        try:
            for row in _clip_rows(own, file, windows, channel):
                yield number, row
                on_row(0, row)
        except Exception as error:  # of any type: the model was checked when it was loaded
            message = f"{file}: {type(error).__name__}: {brief(error)}"
            yield number, {"error": "failed", "message": message}
        on_row(1, {})

"""Prediction for many recordings: files, folders or standard input, whole or in windows, in parallel.

Results are rows. A row is a dict with ``file, label, confidence, proba, rejected`` (and ``start, end`` in
seconds for a window); with ``file, rejected`` if the model does not answer, because the recording is not
speech or unlike the voices it learned from; or with ``file, error, message`` if the recording cannot be used.
The error is :attr:`sercore.errors.AudioError.reason`; ``rejected`` is None if there is a label.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from .. import audio, quiet
from ..errors import AudioError, BundleError
from ..files import expand_patterns, worker_folder
from .folder import digest as digest_of_folder
from .folder import valid_digest
from .predictor import Predictor
from .recordings import Windows, predict_file_windows, predict_waves
from .speakers import Voice

MAX_STDIN_BYTES = 2_000_000_000
_FEW, _CHUNK = 24, 8  # files predicted without worker processes; files per task


def find_files(names: str | os.PathLike | Iterable[str | os.PathLike]) -> list[Path]:
    """Paths of the given files and of the audio files in the given folders.

    Parameters
    ----------
    names : path or iterable of path
        Files are returned whatever their suffix; patterns such as ``*.wav`` are expanded. Folders are
        searched recursively for the suffixes :data:`sercore.audio.AUDIO_SUFFIXES`,
        :data:`~sercore.audio.DECODED_SUFFIXES` and :data:`~sercore.audio.OTHER_SUFFIXES`, without following
        links or reading hidden files and folders.

    Returns
    -------
    list of Path
        In the given order; the files of a folder are sorted. A folder without audio files is returned
        itself, and reported by :func:`predict_clip`, if there are other files.

    Raises
    ------
    AudioError
        A folder cannot be read, or no argument is or contains an audio file.

    Examples
    --------
    >>> [path.name for path in find_files(["speech.wav"])]
    ['speech.wav']
    """
    names = [names] if isinstance(names, str | os.PathLike) else names
    files, suffixes = [], audio.AUDIO_SUFFIXES + audio.DECODED_SUFFIXES + audio.OTHER_SUFFIXES
    for name in expand_patterns(names):
        if not os.path.isdir(name):
            files.append(Path(name))
            continue

        def stop(error, name=name):
            raise AudioError(f"{name}: cannot be read ({error})", reason="unreadable") from error

        found = []
        for where, folders, inside in os.walk(name, onerror=stop):
            folders[:] = [folder for folder in folders if not folder.startswith(".")]
            found += [
                Path(where) / file
                for file in inside
                if file.lower().endswith(suffixes) and (not file.startswith(".") or file.endswith(".icloud"))
            ]
        files += sorted(found) or [Path(name)]
    if files and all(map(os.path.isdir, files)):
        raise _no_audio(files[0])
    return files


def _no_audio(folder: Path) -> AudioError:
    return AudioError(
        f"{folder}: no audio files in this folder ({', '.join(audio.readable_suffixes())})", reason="missing"
    )


def predict_clip(
    predictor: Predictor,
    path: str | os.PathLike,
    windows: Windows | None = None,
    *,
    channel: int | None = None,
) -> list[dict]:
    """Rows of one recording: one row, or one per window.

    Parameters
    ----------
    predictor : Predictor
    path : path
    windows : Windows, optional
        Divide the recording.
    channel : int, optional
        Channel to use of a recording with several, from 0, instead of their mean.

    Returns
    -------
    list of dict
        See :mod:`sercore.bundle.files`. A recording that cannot be used gives a row with ``error`` and
        ``message``; no exception is raised.

    See Also
    --------
    predict_files : Many recordings in parallel.
    """
    return list(_clip_rows(predictor, path, windows, channel))


def _clip_rows(predictor, path, windows, channel) -> Iterator[dict]:
    """The rows of :func:`predict_clip`, as they are computed."""
    name = os.fspath(path)
    try:
        if os.path.isdir(path):
            inside = find_files([path])  # raises if there are none
            raise AudioError(
                f"{name}: a folder, with {len(inside)} recordings, in a row of a table; a row names one "
                "recording, and its path must not be empty",
                reason="missing",
            )
        if windows is None:
            yield {"file": name} | predict_waves(predictor, predictor.waves(path, channel=channel))
        else:
            for row in predict_file_windows(predictor, path, windows, channel=channel):
                yield {"file": name} | row
    except AudioError as error:
        yield {"file": name, "error": error.reason, "message": str(error)}
    except UnicodeEncodeError:  # libsndfile opens only names that are valid text
        message = f"{name}: the name is not valid text; rename the file"
        yield {"file": name, "error": "unreadable", "message": message}


def predict_files(
    bundle: str | os.PathLike,
    files: Sequence[str | os.PathLike],
    *,
    windows: Windows | None = None,
    channel: int | None = None,
    n_jobs: int = -1,
    backend: str = "auto",
    digest: str | None = None,
    speaker_norm: str | os.PathLike | None = None,
    progress: bool | None = None,
    row_by_row: bool = False,
) -> Iterator[list[dict]]:
    """Rows of every recording, yielded in the given order as they are computed.

    Parameters
    ----------
    bundle : path
    files : sequence of path
    windows : Windows, optional
        Divide each recording.
    channel : int, optional
        Channel to use of recordings with several, from 0, instead of their mean.
    n_jobs : int
        Worker processes if there are many files; -1 for one per core. Does not affect the result.
    backend, digest
        See :meth:`Predictor.load`.
    speaker_norm : str or path, optional
        Recordings of the speaker, for bundles that normalise by speaker: ``folder`` if all files of a
        folder are of one person, ``all`` if all files are, or a file or folder of the person. By default
        the average of the training speakers is used, and windows of one recording adapt to it.
    progress : bool, optional
        Whether to show a progress bar; by default only if standard error is a terminal.
    row_by_row : bool
        Yield lists of one row as soon as it is computed, in one process.

    Yields
    ------
    list of dict
        Rows of one recording; see :mod:`sercore.bundle.files`.

    Raises
    ------
    BundleError
        The bundle cannot be loaded, or does not normalise by speaker although ``speaker_norm`` is given.
        Recordings that cannot be used do not raise.

    See Also
    --------
    find_files : Audio files in folders.
    predict_clip : One recording.
    """
    from tqdm import tqdm

    predictor = load_cached(bundle, digest=digest, backend=backend)
    digest = predictor.digest  # the one that workers must load
    voices = _voices(predictor, files, speaker_norm, channel)
    hidden = None if progress is None else not progress
    with tqdm(total=len(files), unit="file", disable=hidden, delay=1) as bar:
        if row_by_row:
            for file, voice in zip(files, voices, strict=True):
                own = predictor if voice is None else predictor.with_voice(voice)
                yield from ([row] for row in _clip_rows(own, file, windows, channel))
                bar.update()
            return
        arguments = os.fspath(bundle), digest, backend, windows, channel
        for rows in _run(arguments, files, voices, n_jobs):
            bar.update()
            yield rows


def standard_input() -> Path:
    """Temporary file with the content of standard input, deleted when the process ends.

    Raises
    ------
    AudioError
        More than 2 GB, or the temporary folder is full.
    """
    import atexit

    n_bytes = 0
    try:
        number, name = tempfile.mkstemp(prefix="stdin-", suffix=".audio")
        atexit.register(lambda: Path(name).unlink(missing_ok=True))
        with os.fdopen(number, "wb") as handle:
            while block := sys.stdin.buffer.read(1 << 20):
                n_bytes += len(block)
                if n_bytes > MAX_STDIN_BYTES:
                    raise AudioError("standard input: more than 2 GB; cut it into pieces", reason="too-long")
                handle.write(block)
    except OSError as error:
        with contextlib.suppress(OSError, UnboundLocalError):
            os.unlink(name)
        raise AudioError(
            f"standard input cannot be copied to the temporary folder ({error}); free space there, or set "
            "TMPDIR to another folder",
            reason="unreadable",
        ) from error
    return Path(name)


def load_cached(bundle: str | os.PathLike, *, digest: str | None = None, backend: str = "auto") -> Predictor:
    """As :meth:`Predictor.load`, but a bundle that has not changed is read only once.

    Raises
    ------
    BundleError
        See :meth:`Predictor.load`.
    """
    expected = digest_of_folder(bundle) if digest is None else valid_digest(digest)
    return _loaded(os.fspath(bundle), expected, backend)


def _voices(predictor: Predictor, files: Sequence, speaker_norm, channel) -> list[Voice | None]:
    """The voice of the speaker of each file, None if it is not known."""
    if speaker_norm is None:
        return [None] * len(files)
    if not predictor.speaker_norm:
        raise BundleError("this bundle does not normalise by speaker; leave out --speaker-norm")
    if speaker_norm not in ("folder", "all"):
        found = find_files([speaker_norm])
        voice = predictor.for_speaker(found, channel=channel).voice
        if not voice.n_clips:
            why = _why_not(predictor, found[0], channel)
            raise AudioError(f"{speaker_norm}: no usable recording of the speaker; {why}", reason="missing")
        return [voice] * len(files)
    groups = [Path(file).parent if speaker_norm == "folder" else None for file in files]
    own: dict[Path | None, dict] = {}
    for group, file in zip(groups, files, strict=True):
        own.setdefault(group, {})[file] = None  # each once, though it may be in several rows
    voices = {group: predictor.for_speaker(list(part), channel=channel).voice for group, part in own.items()}
    return [voices[group] for group in groups]


def _why_not(predictor: Predictor, file: str | os.PathLike, channel: int | None) -> str:
    """Why a recording cannot be used for its speaker."""
    try:
        predictor.waves(file, channel=channel)
    except AudioError as error:
        return str(error)
    return f"{file}: no speech was found in it"


def _run(arguments, files, voices, n_jobs) -> Iterator[list[dict]]:
    if len(files) <= _FEW or n_jobs == 1:
        yield from _predict_chunk(*arguments, files, voices)
        return
    import joblib

    chunks = [slice(k, k + _CHUNK) for k in range(0, len(files), _CHUNK)]
    workers = joblib.Parallel(n_jobs=n_jobs, return_as="generator", temp_folder=worker_folder())
    work = joblib.delayed(_predict_list)
    for done in workers(work(os.getcwd(), *arguments, files[chunk], voices[chunk]) for chunk in chunks):
        yield from done


def _predict_chunk(bundle, digest, backend, windows, channel, files, voices) -> Iterator[list[dict]]:
    predictor = _loaded(bundle, digest, backend)
    for file, voice in zip(files, voices, strict=True):
        own = predictor if voice is None else predictor.with_voice(voice)
        yield predict_clip(own, file, windows, channel=channel)


def _predict_list(folder: str, *arguments) -> list[list[dict]]:
    """Rows of some recordings in a worker process, whose working folder is that of an earlier task."""
    quiet.end_with_parent()
    with in_folder(folder):
        return list(_predict_chunk(*arguments))


@contextlib.contextmanager
def in_folder(folder: str) -> Iterator[None]:
    """Another working folder for a while, also if the present one was deleted."""
    before = None
    with contextlib.suppress(FileNotFoundError):
        before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        if before is not None:
            with contextlib.suppress(FileNotFoundError):
                os.chdir(before)


@lru_cache(maxsize=2)
def _loaded(bundle: str, digest: str, backend: str) -> Predictor:
    return Predictor.load(bundle, backend=backend, digest=digest)

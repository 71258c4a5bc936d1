"""Many recordings through one bundle: files, folders, standard input; whole or in windows; in parallel.

A row is a dict: ``file, label, proba`` (and ``start, end`` in seconds for a window), or ``file, error,
message`` for what cannot be used, the error being :attr:`sercore.errors.AudioError.reason`.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from .. import audio
from ..errors import AudioError
from .folder import digest as digest_of_folder
from .predictor import Predictor
from .windows import Windows, predict_waves, predict_windows

"""File names that count as audio when a folder is searched; a file named on its own is always tried."""

MAX_STDIN_BYTES = 2_000_000_000
_FEW, _CHUNK = 24, 8


def find_files(names: Iterable[str | os.PathLike]) -> list[Path]:
    """The named files, and of every named folder the audio files in it, sorted; linked folders are left out.

    Raises
    ------
    AudioError
        A folder holds no audio file or cannot be read.
    """
    files = []
    for name in names:
        if not os.path.isdir(name):
            files.append(Path(name))
            continue

        def stop(error, name=name):
            raise AudioError(f"{name}: cannot be read ({error})", reason="unreadable") from error

        found = [
            Path(where) / file
            for where, _, inside in os.walk(name, onerror=stop)
            for file in inside
            if file.lower().endswith(audio.AUDIO_SUFFIXES) and not file.startswith(".")
        ]
        if not found:
            raise AudioError(
                f"{name}: no audio file in this folder ({', '.join(audio.AUDIO_SUFFIXES)})", reason="missing"
            )
        files += sorted(found)
    return files


def predict_clip(predictor: Predictor, path: str | os.PathLike, windows: Windows | None = None) -> list[dict]:
    """Rows of one recording: one, or one per window; never an exception of a bad recording."""
    name = os.fspath(path)
    try:
        waves = predictor.waves(path)
        if windows is None:
            return [{"file": name} | predict_waves(predictor, waves)]
    except AudioError as error:
        return [{"file": name, "error": error.reason, "message": str(error)}]
    except UnicodeEncodeError:  # libsndfile takes names that are text only
        return [
            {
                "file": name,
                "error": "unreadable",
                "message": f"{name}: a name that is no text; rename the file",
            }
        ]
    return [{"file": name} | row for row in predict_windows(predictor, waves, windows, where=name)]


def predict_files(
    bundle: str | os.PathLike,
    files: Sequence[str | os.PathLike],
    *,
    windows: Windows | None = None,
    n_jobs: int = -1,
    backend: str = "auto",
    digest: str | None = None,
    progress: bool | None = None,
) -> Iterator[list[dict]]:
    """Rows of every recording, in the order given, as they are done.

    Parameters
    ----------
    bundle : path
    files : sequence of path
    windows : Windows, optional
        Divide each recording.
    n_jobs : int
        Worker processes for many files; -1 for one per core. The result does not depend on it.
    backend, digest
        See :meth:`Predictor.load`.
    progress : bool, optional
        Whether to show a progress bar; by default where standard error is a terminal.

    Yields
    ------
    list of dict
        See the top of this module.

    Raises
    ------
    BundleError
        The bundle cannot be loaded; a bad recording raises nothing.
    """
    from tqdm import tqdm

    digest = load_cached(bundle, digest=digest, backend=backend).digest  # workers must load the same
    hidden = None if progress is None else not progress
    with tqdm(total=len(files), unit="file", disable=hidden, delay=1) as bar:
        for rows in _run(os.fspath(bundle), digest, backend, files, windows, n_jobs):
            bar.update()
            yield rows


def standard_input() -> Path:
    """What comes through standard input, as a file that is gone when the process ends.

    Raises
    ------
    AudioError
        More than 2 GB.
    """
    import atexit

    number, name = tempfile.mkstemp(prefix="stdin-", suffix=".audio")
    atexit.register(lambda: Path(name).unlink(missing_ok=True))
    n_bytes = 0
    with os.fdopen(number, "wb") as handle:
        while block := sys.stdin.buffer.read(1 << 20):
            n_bytes += len(block)
            if n_bytes > MAX_STDIN_BYTES:
                raise AudioError("standard input: more than 2 GB; cut it into pieces", reason="too-long")
            handle.write(block)
    return Path(name)


def load_cached(bundle: str | os.PathLike, *, digest: str | None = None, backend: str = "auto") -> Predictor:
    """The bundle that lies there now; read again only where it is another one than last time.

    Raises
    ------
    BundleError
        See :meth:`Predictor.load`, which explains the parameters.
    """
    return _loaded(os.fspath(bundle), (digest or digest_of_folder(bundle)).lower(), backend)


def _run(bundle, digest, backend, files, windows, n_jobs) -> Iterator[list[dict]]:
    predictor = _loaded(bundle, digest, backend)
    if len(files) <= _FEW or n_jobs == 1:
        for file in files:
            yield predict_clip(predictor, file, windows)
        return
    import joblib

    chunks = [files[k : k + _CHUNK] for k in range(0, len(files), _CHUNK)]
    workers = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    work = joblib.delayed(_predict_chunk)
    for done in workers(work(bundle, digest, backend, chunk, windows) for chunk in chunks):
        yield from done


def _predict_chunk(bundle, digest, backend, files, windows) -> list[list[dict]]:
    predictor = _loaded(bundle, digest, backend)
    return [predict_clip(predictor, file, windows) for file in files]


@lru_cache(maxsize=2)
def _loaded(bundle: str, digest: str, backend: str) -> Predictor:
    return Predictor.load(bundle, backend=backend, digest=digest)

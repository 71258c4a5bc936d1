"""Long recordings, read piece by piece, so that memory does not grow with their length."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AudioError
from . import reading
from .containers import inspect
from .waveform import _to_mono

if TYPE_CHECKING:
    import soundfile


class Pieces:
    """A recording that is read from its beginning to its end.

    Parameters
    ----------
    file : soundfile.SoundFile
    path : Path
    channel : int, optional
        Channel to use, from 0, instead of the mean of all channels.
    """

    def __init__(self, file: soundfile.SoundFile, path: Path, channel: int | None):
        self._file, self._path, self._channel = file, path, channel
        self._kept, self._first = np.zeros((0, file.channels), dtype=np.float32), 0
        self.sr, self.n_samples = file.samplerate, file.frames

    @property
    def seconds(self) -> float:
        """Duration of the recording in seconds."""
        return self.n_samples / self.sr

    def read(self, start: float, end: float) -> np.ndarray:
        """Mono samples between two times in seconds [shape=(n_samples,)]; ``start`` never decreases.

        Raises
        ------
        AudioError
            The file ends before its header says, or its channels cancel each other.
        """
        first, stop = round(start * self.sr), min(round(end * self.sr), self.n_samples)
        while self._first + len(self._kept) < first:  # windows with gaps between them
            self._first, self._kept = self._first + len(self._kept), self._kept[:0]
            self._kept = self._read(min(first - self._first, self.sr * 60))
        self._kept, self._first = self._kept[first - self._first :], first
        new = self._read(max(0, stop - first - len(self._kept)))
        self._kept = np.concatenate([self._kept, new])
        return _to_mono(self._kept[: stop - first], self._channel, where=str(self._path))

    def _read(self, n_samples: int) -> np.ndarray:
        try:
            samples, why = self._file.read(n_samples, dtype="float32", always_2d=True), ""
        except Exception as error:  # of any type: libsndfile, soundfile, memory
            samples, why = [], f" ({reading._one_line(error)})"
        if len(samples) < n_samples:
            begin = (self._first + len(self._kept)) / self.sr
            raise AudioError(
                f"{self._path}: cut off or damaged between {begin:.0f} and "
                f"{begin + n_samples / self.sr:.0f} s of {self.seconds:.0f} s{why}; get it again",
                reason="truncated",
            )
        return samples


@contextlib.contextmanager
def open_pieces(path: str | os.PathLike, *, channel: int | None = None) -> Iterator[Pieces | None]:
    """Open a recording that is read piece by piece.

    Parameters
    ----------
    path : path
    channel : int, optional
        Channel to use, from 0, instead of the mean of all channels.

    Yields
    ------
    Pieces or None
        None if the file must be read at once: its length is not declared, its header is not finished, or
        libsndfile does not read its format.

    Raises
    ------
    AudioError
        See :func:`sercore.audio.load`.

    See Also
    --------
    sercore.audio.load : at once, at most an hour.
    """
    import soundfile

    path = Path(path)
    head, n_bytes = reading._open_head(path)
    try:
        content, n_expected = inspect(path, head, n_bytes)
        file = soundfile.SoundFile(path) if content is None and not n_expected else None
    except AudioError:
        raise
    except Exception:  # of any type; reading at once explains it
        file = None
    if file is None or file.frames >= reading._UNKNOWN:
        yield None
        return
    with file:
        reading._refuse_headers(file, n_bytes, path, bounded=False)
        file.seekable = lambda: False  # as in reading._decode
        yield Pieces(file, path, channel)

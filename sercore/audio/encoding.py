"""Waveforms from and to the content of audio files, without a file on disk."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np

from ..errors import AudioError
from .reading import for_shell
from .waveform import SAMPLE_RATE, check_array, load

_TEMPORARY = "sercore-upload"  # a name that does not occur in messages otherwise


def load_bytes(content: bytes, name: str = "the upload", *, sr: int = SAMPLE_RATE) -> np.ndarray:
    """Checked waveform at ``sr`` Hz from the content of an audio file.

    Parameters
    ----------
    content : bytes
        Content of a file from an untrusted source.
    name : str
        Name of the recording in error messages; no file of this name is read or written.
    sr : int
        Sample rate of the result in Hz.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]

    Raises
    ------
    AudioError
        As from :func:`sercore.audio.load`, or the temporary folder cannot be written.

    See Also
    --------
    wav_bytes : The inverse for mono WAV files.

    Examples
    --------
    >>> tone = 0.1 * np.sin(np.arange(16000, dtype=np.float32))
    >>> load_bytes(wav_bytes(tone, 16000)).shape
    (16000,)
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / _TEMPORARY
            path.write_bytes(content)
            return _load_as(name, path, sr)
    except OSError as error:
        raise AudioError(
            f"{name}: the temporary folder cannot be written ({error.strerror or error}); free space, or set "
            "TMPDIR to another folder",
            reason="unreadable",
        ) from error


def _load_as(name: str, path: Path, sr: int) -> np.ndarray:
    """The waveform of a file, with another name in errors."""
    try:
        return load(path, sr=sr)
    except AudioError as error:
        in_commands = str(error).replace(f" {_TEMPORARY}", f" {for_shell(Path(name).name)}")
        raise AudioError(in_commands.replace(str(path), name), reason=error.reason) from None


def wav_bytes(wave: np.ndarray, sr: int) -> bytes:
    """Content of a 16-bit WAV file with the waveform.

    The level does not change, unlike in ``IPython.display.Audio``, which normalises it by default: loudness
    is an important cue of emotion. Samples beyond full scale are clipped.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform in [-1, 1].
    sr : int
        Sample rate in Hz.

    Raises
    ------
    AudioError
        ``wave`` is not a waveform (see :func:`sercore.audio.check_array`).

    See Also
    --------
    load_bytes : Waveform from the content of a file.

    Examples
    --------
    >>> wav_bytes(np.zeros(16000, np.float32), 16000)[:4]
    b'RIFF'
    """
    import soundfile

    check_array(wave)
    file = io.BytesIO()
    soundfile.write(file, np.clip(wave, -1.0, 1.0), sr, format="WAV", subtype="PCM_16")
    return file.getvalue()

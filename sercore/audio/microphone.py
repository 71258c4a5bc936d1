"""Blocks of samples from an input device of this machine, by the optional package ``sounddevice``."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator

import numpy as np

from ..errors import AudioError

BLOCK_SECONDS = 0.125
TIMEOUT_SECONDS = 2.0
"""Time without samples after which a device counts as disconnected."""


@contextlib.contextmanager
def microphone(device: int | str | None = None) -> Iterator[tuple[int, Iterator[np.ndarray]]]:
    """Open an input device; it is released at the end of the ``with`` block.

    Parameters
    ----------
    device : int or str, optional
        Number or part of the name of the device; by default that of the system.

    Yields
    ------
    sr : int
        Sample rate of the device in Hz.
    blocks : iterator of np.ndarray [shape=(n_samples,), dtype=float32]
        Mono samples in [-1, 1] as they arrive, 0.125 s each; all that arrived since the last block, if the
        program was slower than the device.

    Raises
    ------
    AudioError
        ``sounddevice`` is not installed, there is no such device, or it sends no more samples.

    Examples
    --------
    >>> with microphone() as (sr, blocks):  # doctest: +SKIP
    ...     block = next(blocks)
    """
    sounddevice = _sounddevice()
    arrived: queue.SimpleQueue = queue.SimpleQueue()
    stream = sr = None
    try:
        sr = round(sounddevice.query_devices(device, "input")["default_samplerate"])
        stream = sounddevice.InputStream(
            device=device, samplerate=sr, blocksize=round(BLOCK_SECONDS * sr), channels=1, dtype="float32",
            callback=lambda samples, *_: arrived.put(samples[:, 0].copy()),
        )  # fmt: skip
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        if stream is not None:
            stream.close()
        name = f"input device {device!r}"
        if device is None:
            name = "the default input device cannot be opened" if sr else "no default input device"
        raise AudioError(
            f"{name}: {error}; connect a microphone, allow its use in the settings of the system, or "
            "choose one of 'python -m sounddevice' with --device",
            reason="missing",
        ) from error
    try:
        yield sr, _blocks(arrived)
    finally:
        stream.abort()
        stream.close()


def _blocks(arrived: queue.SimpleQueue) -> Iterator[np.ndarray]:
    while True:
        try:
            blocks = [arrived.get(timeout=TIMEOUT_SECONDS)]
        except queue.Empty:
            raise AudioError(
                f"the microphone sent no samples for {TIMEOUT_SECONDS:.0f} s; it may have been disconnected",
                reason="missing",
            ) from None
        with contextlib.suppress(queue.Empty):
            while True:
                blocks.append(arrived.get_nowait())
        yield np.concatenate(blocks)


def _sounddevice():
    try:
        import sounddevice
    except ImportError as error:
        raise AudioError(
            'the microphone needs the package sounddevice: pip install "sercore[microphone]"',
            reason="missing",
        ) from error
    except OSError as error:  # the package is there, its library is not
        raise AudioError(
            f"sounddevice does not find PortAudio ({error}); on Debian and Ubuntu: apt install libportaudio2",
            reason="missing",
        ) from error
    return sounddevice

"""Recording from the microphone of the person who looks at the page.

Notebook: demo.ipynb
"""
# MERGED DOC: Sounds that come through the browser: files and recordings, which nobody has checked yet.
#
#   ``ipywidgets.FileUpload`` sends a file as one message, and Jupyter closes the connection on messages
#   above 10 MB (two minutes of a stereo recording), so :class:`Upload` sends pieces.

from __future__ import annotations

import html
import tempfile
from collections.abc import Callable
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets

from .. import audio
from ..errors import AudioError
from .player import STATIC

MAX_SECONDS = 30


class Recorder(anywidget.AnyWidget):
    """Button, level meter, and the last recording as a WAV file.

    The browser is asked not to even out loudness or noise, because loudness is a cue. Where it has no
    microphone or may not use it, the widget says so and what to do. Browsers give microphones only to
    pages on ``localhost`` or ``https``.

    Parameters
    ----------
    limit : float
        Seconds after which it stops by itself.

    Attributes
    ----------
    recording : bytes
        WAV file of 16 bits at the browser's rate, empty before the first recording. Comes from a
        browser: read it with :func:`sercore.widgets.load_bytes`.
    """

    _esm = STATIC / "recorder.js"
    _css = STATIC / "blocks.css"
    recording = traitlets.Bytes(b"").tag(sync=True, from_json=lambda value, _: bytes(value))
    limit = traitlets.Float(MAX_SECONDS).tag(sync=True)

    def __init__(self, *, limit: float = MAX_SECONDS):
        super().__init__(limit=limit)


MAX_BYTES = 200_000_000
"""Largest file taken: a quarter of an hour of stereo at 48 kHz, hours of mp3."""


def load_bytes(content: bytes, name: str = "the upload", *, sr: int = audio.SAMPLE_RATE) -> np.ndarray:
    """Checked waveform of a file's bytes; nothing stays on the disk.

    Parameters
    ----------
    content : bytes
        Of any file; it is not trusted.
    name : str
        What error messages call it. No file of this name is touched.
    sr : int
        Sample rate of the result in Hz.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]

    Raises
    ------
    AudioError
        As from :func:`sercore.audio.load`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        try:
            return audio.load(path, sr=sr)
        except AudioError as error:
            raise AudioError(str(error).replace(str(path), name), reason=error.reason) from None


class Upload(anywidget.AnyWidget):
    """Button that sends one file to the kernel.

    Parameters
    ----------
    arrived : callable
        Called with the file's name and its bytes.
    description : str
    limit : int
        Most bytes that are taken.
    """

    _esm = STATIC / "upload.js"
    _css = STATIC / "blocks.css"
    description = traitlets.Unicode().tag(sync=True)
    limit = traitlets.Int(MAX_BYTES).tag(sync=True)

    def __init__(
        self,
        arrived: Callable[[str, bytes], object],
        *,
        description: str = "Upload a recording",
        limit: int = MAX_BYTES,
    ):
        super().__init__(description=description, limit=limit)
        self._arrived = arrived
        self._name, self._pieces = "", bytearray()
        self.on_msg(lambda _, message, buffers: self._hear(message, buffers))

    def _hear(self, message: dict, buffers: list) -> None:
        """Take a piece; at the end, hand on what came. Where some is missing, reading it will tell."""
        step = message.get("step")
        if step == "begin":
            self._name, self._pieces = str(message.get("name", "")), bytearray()
        elif step == "piece" and len(self._pieces) + sum(len(b) for b in buffers) <= self.limit:
            for piece in buffers:
                self._pieces += piece
        elif step == "end":
            content, self._pieces = bytes(self._pieces), bytearray()
            self._arrived(self._name, content)


class SoundInput(ipywidgets.HBox):
    """Upload and microphone in one row, and the reason where a sound cannot be used.

    Parameters
    ----------
    heard : callable
        Called with each waveform and its name.
    microphone : bool
        Whether there is a recorder.
    sr : int
        Sample rate of the waveforms in Hz.
    """

    def __init__(
        self,
        heard: Callable[[np.ndarray, str], object],
        *,
        microphone: bool = True,
        sr: int = audio.SAMPLE_RATE,
    ):
        self._heard, self._sr = heard, sr
        self.upload = Upload(self.take)
        self.message = Message()
        parts = [self.upload]
        if microphone:
            self.recorder = Recorder()
            self.recorder.observe(lambda change: self.take("recording", change.new), "recording")
            parts.append(self.recorder)
        super().__init__([*parts, self.message], layout={"flex_flow": "row wrap", "align_items": "center"})

    def take(self, name: str, content: bytes) -> None:
        """Hand on what ``content`` sounds like, or say why it cannot be heard."""
        try:
            wave = load_bytes(content, name, sr=self._sr)
        except AudioError as error:
            self.message.warn(str(error))
        else:
            self.message.clear()
            self._heard(wave, name)


class Message(ipywidgets.HTML):
    """Text under a widget: what went wrong, or what to know. Screen readers read it out."""

    def __init__(self):
        super().__init__()
        self.add_class("sercore-message")

    def warn(self, text: str) -> None:
        """Show what went wrong and what to do."""
        self.value = f'<div role="alert">{html.escape(text)}</div>'

    def say(self, text: str) -> None:
        """Show what is worth knowing; nothing where the text is empty."""
        self.value = f'<div role="status">{html.escape(text)}</div>' if text else ""

    def clear(self) -> None:
        """Show nothing."""
        self.value = ""

"""Sounds from the browser: uploaded files and recordings of the microphone, checked on arrival.

``ipywidgets.FileUpload`` sends a file as one message, and Jupyter closes the connection on messages above
10 MB (two minutes of stereo), so :class:`Upload` sends a file in parts. Memos of telephones (m4a, WebM and
others that libsndfile does not read) are decoded by the browser, if it can, and sent as WAV.
"""

from __future__ import annotations

import html
from collections.abc import Callable

import anywidget
import ipywidgets
import numpy as np
import traitlets

from ..audio import SAMPLE_RATE
from ..audio.encoding import load_bytes
from ..errors import AudioError
from .notice import SHORT, notice_html
from .player import STATIC, script

MAX_SECONDS = 30

MUTED = "only silence arrived: is the microphone muted, or not allowed in the settings of the system?"
"""What is said of a recording without any sound."""


class Recorder(anywidget.AnyWidget):
    """Record button and level meter; stores the last recording as a WAV file.

    Automatic gain control and noise suppression of the browser are disabled, because loudness is a cue of
    emotion. If there is no microphone or no permission, the widget shows the reason and what to do.
    Browsers allow microphones only on ``localhost`` and ``https`` pages. If the microphone is disconnected,
    the recording up to then is kept.

    Parameters
    ----------
    limit : float
        Maximum length in seconds.

    Attributes
    ----------
    recording : bytes
        16-bit WAV file at the sample rate of the browser, empty before the first recording. It is not
        checked: read it with :func:`sercore.widgets.load_bytes`.
    about : str
        What is to be recorded now, such as the key of a sentence.
    recorded_about : str
        What ``about`` was when the last recording began; a slow kernel may have changed it since.
    """

    _esm = script("recorder.js")
    _css = STATIC / "blocks.css"
    recording = traitlets.Bytes(b"").tag(sync=True, from_json=lambda value, _: bytes(value))
    limit = traitlets.Float(MAX_SECONDS).tag(sync=True)
    about = traitlets.Unicode("").tag(sync=True)
    recorded_about = traitlets.Unicode("").tag(sync=True)

    def __init__(self, *, limit: float = MAX_SECONDS):
        super().__init__(limit=limit)


MAX_BYTES = 200_000_000
"""Maximum size of an upload: 17 minutes of 16-bit stereo at 48 kHz."""


class Upload(anywidget.AnyWidget):
    """Button that sends a file to the kernel, decoded by the browser if only the browser can.

    WAV, FLAC, AIFF, OGG and MP3 are sent as they are, because the kernel notices files that are cut off.
    Of other files, such as m4a and WebM, the browser makes a 16-bit WAV file with all channels, if it knows
    the format and the sound is at most 20 min long; if not, they are sent as they are.

    Parameters
    ----------
    arrived : callable
        Called with the name and the content of the file.
    description : str
    limit : int
        Maximum size in bytes.
    rate : int
        Sample rate in Hz of files that the browser decodes.
    """

    _esm = script("upload.js")
    _css = STATIC / "blocks.css"
    description = traitlets.Unicode().tag(sync=True)
    limit = traitlets.Int(MAX_BYTES).tag(sync=True)
    rate = traitlets.Int(SAMPLE_RATE).tag(sync=True)

    def __init__(
        self,
        arrived: Callable[[str, bytes], object],
        *,
        description: str = "Upload a recording",
        limit: int = MAX_BYTES,
        rate: int = SAMPLE_RATE,
    ):
        super().__init__(description=description, limit=limit, rate=rate)
        self._arrived = arrived
        self._name, self._content = "", bytearray()
        self.on_msg(lambda _, message, buffers: self._receive(message, buffers))

    def _receive(self, message: dict, buffers: list) -> None:
        """Store a part, or pass the file on at its end; reading detects missing parts."""
        step = message.get("step")
        if step == "begin":
            self._name, self._content = str(message.get("name", "")), bytearray()
        elif step == "part" and len(self._content) + sum(len(b) for b in buffers) <= self.limit:
            for part in buffers:
                self._content += part
        elif step == "end":
            content, self._content = bytes(self._content), bytearray()
            self._arrived(self._name, content)


RECORDING = "recording"
"""Name of a sound that was recorded here."""


class SoundInput(ipywidgets.HBox):
    """Upload and microphone in one row, with a message if a sound cannot be used.

    Parameters
    ----------
    heard : callable
        Called with each waveform and its name.
    failed : callable, optional
        Called without arguments when a sound cannot be used, after its message is shown.
    microphone : bool
        Whether to add a recorder.
    notice : bool
        Whether to say beside the recorder what it must not be used for.
    description : str
        Label of the upload.
    sr : int
        Sample rate of the waveforms in Hz.
    """

    def __init__(
        self,
        heard: Callable[[np.ndarray, str], object],
        *,
        failed: Callable[[], object] = lambda: None,
        microphone: bool = True,
        notice: bool = True,
        description: str = "Upload a recording",
        sr: int = SAMPLE_RATE,
    ):
        self._heard, self._failed, self._sr = heard, failed, sr
        self.upload = Upload(self.take, description=description, rate=sr)
        self.message = Message()
        parts = [self.upload]
        if microphone:
            self.recorder = Recorder()
            self.recorder.observe(lambda change: self._record(change.new), "recording")
            parts.append(self.recorder)
            if notice:
                parts.append(ipywidgets.HTML(notice_html(lines=(SHORT,))))
        super().__init__([*parts, self.message], layout={"flex_flow": "row wrap", "align_items": "center"})

    def _record(self, content: bytes) -> None:
        """A recording arrived; it does not stay in the widget, whose state a notebook may store."""
        if content:
            self.take(RECORDING, content)
            self.recorder.recording = b""

    def take(self, name: str, content: bytes) -> None:
        """Pass the waveform of a file on, or show why it cannot be used."""
        try:
            wave = load_bytes(content, name, sr=self._sr)
        except AudioError as error:
            silent = name == RECORDING and error.reason == "silent"
            self.message.warn(MUTED if silent else str(error))
            self._failed()
        else:
            self.message.clear()
            self._heard(wave, name)


class Message(ipywidgets.HTML):
    """A message below a widget, announced by screen readers."""

    def __init__(self):
        super().__init__()
        self.add_class("sercore-message")

    def warn(self, text: str) -> None:
        """Show an error."""
        self.value = f'<div role="alert">{html.escape(text)}</div>'

    def say(self, text: str) -> None:
        """Show a note; nothing if the text is empty."""
        self.value = f'<div role="status">{html.escape(text)}</div>' if text else ""

    def clear(self) -> None:
        """Show nothing."""
        self.value = ""

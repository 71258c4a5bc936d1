"""Recording from the microphone of the person who looks at the page.

Notebook: demo.ipynb
"""

from __future__ import annotations

import anywidget
import traitlets

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

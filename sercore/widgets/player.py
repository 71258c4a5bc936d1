"""A picture with a sound, shared by the other widgets; works without network access."""

from __future__ import annotations

from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ..audio.encoding import wav_bytes
from ..pictures.picture import Drawn

STATIC = Path(__file__).parent / "static"


def script(name: str) -> str:
    """Script of a widget that records or decodes, with the functions of ``sound.mjs`` before it."""
    return "\n".join((STATIC / file).read_text(encoding="utf-8") for file in ("sound.mjs", name))


class Player(anywidget.AnyWidget):
    """Picture with a play button and a line at the position of the sound.

    A click in the picture plays from this position. Keys, if the picture has the focus: space or enter to
    play and pause, arrows to move by 0.1 s (with shift 1 s), home and end to go to the start and the end.
    Starting a player pauses all others on the page.

    Parameters
    ----------
    picture : Drawn, optional
    wave : np.ndarray [shape=(n_samples,)], optional
        Mono waveform in [-1, 1].
    sr : int, optional
        Sample rate in Hz.
    description : str
        Content of picture and sound for screen readers, such as "clip A, angry, speaker F1".
    name : str
        File name of the saved picture, without extension.

    Attributes
    ----------
    position : float
        Position in the sound in seconds, updated several times per second while it plays; may be set.
    playing : bool
        May be set to play or pause. Browsers block playback before the first click on the page.
    width : int
        Width of the picture in the browser in pixels, 0 if not known yet. A picture of another width is
        scaled.

    Examples
    --------
    >>> from sercore import pictures
    >>> wave = np.zeros(16000, np.float32)
    >>> (drawn,) = pictures.pictures([pictures.Clip(wave + 0.1)], pictures.Settings(view="waveform"))
    >>> Player(drawn, wave, 16000).duration
    1.0
    """

    _esm = STATIC / "player.js"
    _css = STATIC / "blocks.css"
    picture = traitlets.Bytes(b"").tag(sync=True)
    sound = traitlets.Bytes(b"").tag(sync=True)
    left = traitlets.Float(0.0).tag(sync=True)
    right = traitlets.Float(1.0).tag(sync=True)
    start = traitlets.Float(0.0).tag(sync=True)
    stop = traitlets.Float(1.0).tag(sync=True)
    duration = traitlets.Float(0.0).tag(sync=True)
    width = traitlets.Int(0).tag(sync=True)
    position = traitlets.Float(0.0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    description = traitlets.Unicode("the sound").tag(sync=True)
    name = traitlets.Unicode("picture").tag(sync=True)

    def __init__(
        self,
        picture: Drawn | None = None,
        wave: np.ndarray | None = None,
        sr: int | None = None,
        *,
        description: str = "the sound",
        name: str = "picture",
    ):
        super().__init__(description=description, name=name)
        if wave is not None:
            self.hear(wave, sr)
        if picture is not None:
            self.show(picture)

    def show(self, picture: Drawn) -> None:
        """Change the picture; the sound continues."""
        with self.hold_sync():
            self.picture = picture.png
            self.left, self.right = picture.left, picture.right
            self.start, self.stop = picture.start, picture.stop

    def clear(self) -> None:
        """Remove picture and sound."""
        with self.hold_sync():
            self.picture = self.sound = b""
            self.duration, self.position, self.playing = 0.0, 0.0, False

    def hear(self, wave: np.ndarray, sr: int) -> None:
        """Change the sound and set the position to its start.

        Raises
        ------
        AudioError
            ``wave`` is not a waveform.
        """
        with self.hold_sync():
            self.sound = wav_bytes(wave, sr)
            self.duration = len(wave) / sr
            self.position, self.playing = 0.0, False

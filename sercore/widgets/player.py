"""A picture with a sound: a line moves with the sound, a click plays from there.

It is shared by the explorer, the voice lab and the timeline, and needs nothing from the network.

Notebook: demo.ipynb
"""

from __future__ import annotations

import io
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ..audio import check_array
from ..pictures.picture import Drawn

STATIC = Path(__file__).parent / "static"


class Player(anywidget.AnyWidget):
    """Picture, play button, and a line that shows where the sound is.

    Mouse: click in the picture to play from there. Keys, with the picture in focus: space or enter
    plays and pauses, arrows move by 0.1 s (with shift 1 s), home and end go to the ends. Starting one
    player pauses every other one on the page.

    Parameters
    ----------
    picture : Drawn, optional
    wave : np.ndarray [shape=(n_samples,)], optional
        Mono waveform in [-1, 1].
    sr : int, optional
        Its sample rate in Hz.
    description : str
        What is seen and heard, for screen readers: "clip A, angry, speaker F1".
    name : str
        File name, without ending, under which the browser saves the picture.

    Attributes
    ----------
    position : float
        Seconds into the sound. Reported a few times a second while it plays; setting it moves there.
    playing : bool
        Setting it plays or pauses. Browsers refuse to play before the page was first clicked.
    width : int
        Pixels that the picture has in the browser; 0 until the browser has said so. A picture of another
        width is stretched to fit.
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
        """Change the picture; the sound plays on."""
        with self.hold_sync():
            self.picture = picture.png
            self.left, self.right = picture.left, picture.right
            self.start, self.stop = picture.start, picture.stop

    def hear(self, wave: np.ndarray, sr: int) -> None:
        """Change the sound and go back to its beginning.

        Raises
        ------
        AudioError
            ``wave`` is no waveform.
        """
        with self.hold_sync():
            self.sound = wav_bytes(wave, sr)
            self.duration = len(wave) / sr
            self.position, self.playing = 0.0, False


def wav_bytes(wave: np.ndarray, sr: int) -> bytes:
    """The waveform as a WAV file of 16 bits.

    The level stays as it is: ``IPython.display.Audio`` makes every clip equally loud by default, and
    loudness is a main cue of emotion. What lies beyond full scale is clipped.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)]
        Mono waveform in [-1, 1].
    sr : int
        Sample rate in Hz.

    Raises
    ------
    AudioError
        ``wave`` is no waveform (see :func:`sercore.audio.check_array`).
    """
    import soundfile

    check_array(wave)
    file = io.BytesIO()
    soundfile.write(file, np.clip(wave, -1.0, 1.0), sr, format="WAV", subtype="PCM_16")
    return file.getvalue()

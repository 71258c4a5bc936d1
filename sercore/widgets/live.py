"""Live predictions: spectrogram and probabilities that follow the microphone.

Without the widget, use :class:`sercore.bundle.Listener`, or ``sercore listen`` in a terminal.
"""

from __future__ import annotations

import os
from collections import deque

import anywidget
import ipywidgets
import numpy as np
import traitlets

from ..audio import SAMPLE_RATE
from ..bundle import Listener, Predictor, model_note, speech_predictor
from ..bundle.advice import advice
from ..errors import SercoreError
from ..features import Spectrum, get_recipe
from ..features.spectrum import mel_centres
from ..pictures.canvas import N_SHADES, palette
from ..plots.style import color_of
from .notice import notice_html
from .page_style import apply_style, font_px
from .player import STATIC, script

SECONDS, STEP = 3.0, 0.25
"""Length of the window and time between predictions in seconds."""

LEVELS = (-60.0, 20.0)
"""Levels of a mel band in decibels at the ends of the colours, the same for every picture."""

_TICKS = (100, 500, 1000, 2000, 4000, 7000)


class LiveMicrophone(anywidget.AnyWidget):
    """Button, spectrogram and bars; sends blocks of samples and receives shades and probabilities."""

    _esm = script("live.js")
    _css = STATIC / "blocks.css"
    n_bands = traitlets.Int().tag(sync=True)
    n_frames = traitlets.Int().tag(sync=True)
    seconds = traitlets.Float(SECONDS).tag(sync=True)
    palette = traitlets.Bytes(b"").tag(sync=True)
    ticks = traitlets.List().tag(sync=True)
    classes = traitlets.List().tag(sync=True)
    description = traitlets.Unicode("microphone")


class Live(ipywidgets.VBox):
    """Spectrogram of the last seconds of the microphone, and the predicted emotion, none in pauses.

    The picture changes eight times and the prediction four times per second. The page asks for a picture only
    when it has the last one, so a slow machine skips pictures and the delay does not grow. Colours show
    absolute levels, so soft speech is darker. Sound is not stored: only the last seconds are in memory.

    Parameters
    ----------
    bundle : Predictor or path, optional
        Model; see :func:`sercore.bundle.speech_predictor`.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    moment : Moment or None
        The last prediction.
    latencies : deque of float
        Milliseconds from the arrival of the newest sample of a block in the browser to the painted picture,
        for the last 1000 pictures. The oldest sample of a block is 125 ms older; the delay of the sound card
        is not included.
    skipped : int
        Number of blocks without a picture since the start, because the last picture was not finished.

    Raises
    ------
    BundleError
        The model cannot be used.

    See Also
    --------
    sercore.bundle.Listener : The same without a widget.

    Examples
    --------
    >>> Live()  # doctest: +SKIP

    Notebook: 10_your_own_voice.ipynb
    """

    def __init__(self, bundle: Predictor | str | os.PathLike | None = None, *, text: str = "normal"):
        self.predictor, self._recipe = speech_predictor(bundle), get_recipe("log_mel")
        font_px(text)
        self.moment, self.latencies, self.skipped = None, deque(maxlen=1000), 0
        self._listener, self._session, self._number = None, 0, 0
        self._n_frames = 1 + round(SECONDS * SAMPLE_RATE) // self._recipe.hop_length
        centres = mel_centres(self._recipe)
        places = (np.interp(_TICKS, centres, np.arange(len(centres))) + 0.5) / len(centres)
        self.microphone = LiveMicrophone(
            n_bands=self._recipe.n_mels,
            n_frames=self._n_frames,
            palette=bytes(palette("magma")[: 3 * N_SHADES]),
            ticks=[(float(place), f"{hertz} Hz") for place, hertz in zip(places, _TICKS, strict=True)],
            classes=[(name, color_of(name)) for name in self.predictor.classes],
        )
        self.microphone.on_msg(lambda _, message, buffers: self._receive(message, buffers))
        super().__init__([ipywidgets.HTML(notice_html(model_note(self.predictor))), self.microphone])
        apply_style(self, text)

    def stop(self) -> None:
        """Stop listening and release the microphone."""
        self._listener = None
        self.microphone.send({"step": "stop"})

    def _receive(self, message: dict, buffers: list) -> None:
        """Start, stop, or store a block of samples; the page asks for a picture as often as it gets one."""
        step = message.get("step")
        try:
            if step == "start":
                self._session, self.moment = message["session"], None
                self._listener = Listener(self.predictor, int(message["rate"]), seconds=SECONDS, step=STEP)
                self.microphone.send({"step": "started", "session": self._session})  # others release theirs
            elif step == "stop":
                if message.get("session") == self._session:  # another view may have begun one since
                    self._listener = None
            elif step == "block" and self._listener is not None and message["session"] == self._session:
                self._listener.push(np.frombuffer(buffers[0], np.float32))
                self._number, self.skipped = message["number"], message.get("skipped", 0)
                if message.get("latency") is not None:
                    self.latencies.append(float(message["latency"]))
                if message.get("answer"):
                    self._answer()
        except SercoreError as error:
            self._fail(error)

    def _answer(self) -> None:
        """Send the picture of the last seconds, and the prediction if one is due."""
        answer = {"step": "view", "session": self._session, "number": self._number}
        moment = self._listener.poll()
        if moment is not None:
            self.moment, prediction = moment, moment.prediction
            proba = None
            if prediction.label:
                proba = [prediction.proba[name] for name in self.predictor.classes]
            steps = advice(self.predictor, prediction.rejected)
            text = f"{prediction}. {' '.join(steps)}" if steps else str(prediction)
            answer["prediction"] = {"proba": proba, "text": text}
        self.microphone.send(answer, buffers=[self._shades().tobytes()])

    def _shades(self) -> np.ndarray:
        """Indices of colours [shape=(n_mels, n_frames), dtype=uint8]; the newest frame is the last."""
        import soxr

        wave, low = self._listener.buffer.last(), LEVELS[0]
        if self._listener.sr != SAMPLE_RATE:
            wave = soxr.resample(wave, self._listener.sr, SAMPLE_RATE, quality="LQ")
        level = np.full((self._recipe.n_mels, self._n_frames), low, np.float32)
        if len(wave) >= self._recipe.n_fft:
            found = Spectrum(wave, self._recipe).log_mel.T[:, -self._n_frames :]
            level[:, -found.shape[1] :] = found
        shades = (level - low) / (LEVELS[1] - low) * (N_SHADES - 1)
        return np.clip(np.rint(shades), 0, N_SHADES - 1).astype(np.uint8)

    def _fail(self, error: SercoreError) -> None:
        self._listener = None
        self.microphone.send({"step": "view", "session": self._session, "error": str(error)})

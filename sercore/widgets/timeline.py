"""The emotion timeline: predictions of a model over a long recording, in sliding windows.

Without the widget, use :meth:`sercore.bundle.Recording.predict` and :func:`sercore.plots.recording`.
"""

from __future__ import annotations

import os

import ipywidgets
import numpy as np

from .. import plots
from ..bundle import Predictor, Recording, Windows, get_predictor, model_note, over_time, speech_predictor
from ..errors import SercoreError
from ..pictures.html import probability_bars
from ..pictures.picture import from_axes
from ..pictures.views import timeline_axes
from .debounce import Debounced
from .notice import NOTICE, notice_html
from .page_style import apply_style, control_layout, font_px
from .player import Player
from .upload import SoundInput


class Timeline(ipywidgets.VBox):
    """Player of a recording with stacked probabilities over time, and sliders for the windows.

    Parameters
    ----------
    recording : Recording or path, optional
        By default a sequence of synthetic sentences, shown with their true emotions.
    bundle : Predictor or path, optional
        Model; by default :func:`sercore.bundle.get_predictor` for the synthetic voice and
        :func:`sercore.bundle.speech_predictor` for recordings and uploads.
    seconds, step : float
        Initial windows; see :class:`sercore.bundle.Windows`.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    rows : list of dict
        One per window, as from :func:`sercore.bundle.predict_windows`.

    Raises
    ------
    AudioError, BundleError
        The recording or the model cannot be used. Errors of uploads are shown in the widget.

    See Also
    --------
    sercore.plots.recording : The figure without a widget.

    Examples
    --------
    >>> Timeline("interview.wav")  # doctest: +SKIP
    """

    def __init__(
        self,
        recording: Recording | str | os.PathLike | None = None,
        *,
        bundle: Predictor | str | os.PathLike | None = None,
        seconds: float = 1.5,
        step: float = 0.5,
        text: str = "normal",
    ):
        self._font_size, self._bundle = font_px(text), bundle
        self.predictor = (get_predictor if recording is None else speech_predictor)(bundle)
        self.about = ipywidgets.HTML()
        self.rows: list[dict] = []
        self.player = Player(name="timeline")
        self.window = _slider(seconds, 0.5, 10.0, 0.25, "Window (s)", "length of the windows", text)
        self.step = _slider(step, 0.25, 5.0, 0.25, "Step (s)", "time between the starts of two windows", text)
        self.progress = ipywidgets.FloatProgress(
            max=1.0, description="Predicting", **control_layout(200, 70, text)
        )
        self.own = SoundInput(self._upload, microphone=False)
        self.bars = ipywidgets.HTML(layout={"width": "480px"})
        self.later = Debounced(self.refresh)
        row = {"flex_flow": "row wrap", "align_items": "center"}
        super().__init__(
            [
                self.about,
                ipywidgets.HBox([self.window, self.step, self.own, self.progress], layout=row),
                self.player,
                self.bars,
            ]
        )
        apply_style(self, text)
        self.show(_open(recording))
        self.window.observe(self.later, "value")
        self.step.observe(self.later, "value")
        self.player.observe(self._moved, "position")

    def show(self, recording: Recording) -> None:
        """Change the recording."""
        self.recording, self._axes = recording, None
        self.about.value = notice_html(model_note(self.predictor), lines=NOTICE[:1])
        self.player.description = f"recording {recording.name}"
        self.player.hear(recording.wave, recording.sr)
        self.refresh()

    def refresh(self) -> None:
        """Predict the windows that the sliders determine, and draw."""
        self.progress.layout.visibility = "visible"
        try:
            windows = Windows(self.window.value, self.step.value)
            self.rows = self.recording.predict(
                self.predictor, windows, progress=lambda done: setattr(self.progress, "value", done)
            )
        except SercoreError as error:
            self.own.message.warn(str(error))
            return
        finally:
            self.progress.layout.visibility = "hidden"
        classes = self.predictor.classes
        if self._axes is None:
            options = {"font_size": self._font_size}
            self._axes = timeline_axes(self.recording, self.rows, classes, **options)
        else:
            plots.timeline(self.rows, classes, ax=self._axes[1])
        self.player.show(from_axes(self._axes[1]))
        self._moved()

    def heard_at(self, seconds: float) -> dict[str, float]:
        """Probabilities at a time; empty if there is no prediction, as in silence."""
        edges, proba = over_time(self.rows, self.predictor.classes)
        k = int(np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, len(proba) - 1))
        return {} if np.isnan(proba[k]).any() else self.predictor.as_dict(proba[k])

    def reason_at(self, seconds: float) -> str:
        """Why there is no prediction at a time, such as "not speech"; empty if there is one."""
        if self.heard_at(seconds):
            return ""
        reasons = [
            row.get("rejected") or row.get("error")
            for row in self.rows
            if row["start"] <= seconds <= row["end"]
        ]
        reason = next(filter(None, reasons), "")
        return f"no prediction: {reason}" if reason else "no prediction"

    def _moved(self, change=None) -> None:
        seconds = self.player.position
        proba = self.heard_at(seconds)
        note = f"at {seconds:.1f} s"
        self.bars.value = (
            probability_bars(proba, note=note) if proba else f"{note}: {self.reason_at(seconds)}"
        )

    def _upload(self, wave: np.ndarray, name: str) -> None:
        """Show an uploaded recording, with the model for recordings of people."""
        try:
            recording = Recording.from_wave(wave, name)
            self.predictor = speech_predictor(self._bundle)
            self.show(recording)
        except SercoreError as error:
            self.own.message.warn(str(error))


def _open(recording) -> Recording:
    if recording is None:
        return Recording.synthetic()
    return recording if isinstance(recording, Recording) else Recording.from_file(recording)


def _slider(value: float, low: float, high: float, step: float, name: str, tooltip: str, text: str):
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=name, tooltip=tooltip,
        **control_layout(330, 95, text),
    )  # fmt: skip

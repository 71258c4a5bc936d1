"""The emotion timeline: a long recording in sliding windows, and what a model hears in each.

>>> from sercore.widgets import Timeline
>>> Timeline("interview.wav")

Without the widget: :meth:`sercore.bundle.recordings.Recording.score` scores, :func:`sercore.plots.recording`
draws.

Notebook: demo.ipynb
"""

from __future__ import annotations

import os

import ipywidgets
import numpy as np

from .. import plots
from ..bundle import Predictor, Windows
from ..bundle.default_model import get_predictor
from ..bundle.recordings import Recording
from ..errors import SercoreError
from ..pictures.html import probability_bars
from ..pictures.picture import from_axes
from .debounce import Debounced
from .page_style import apply_style, control_layout, font_px
from .player import Player
from .upload import SoundInput

SIZE_INCHES, DPI = (12.0, 3.4), 100
"""Of the picture with font_px of 15 pixels; larger ones make it higher."""

WORDS = "How it sounds to a model that learned from acted or synthetic emotion, not what anybody feels."


def timeline_axes(recording: Recording, rows: list[dict], classes, *, font_size: int = 15):
    """:func:`sercore.plots.recording` on a figure of its own, with font_px of ``font_size`` pixels.

    Returns
    -------
    two Axes
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    size, (width, height) = 72 * font_size / DPI, SIZE_INCHES
    height *= (1 + font_size / 15) / 2
    with mpl.rc_context({"font.size": size, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        axes = figure.subplots(2, 1, sharex=True, height_ratios=(2, 5))
        options = {"truth": recording.truth, "axes": axes}
        return plots.recording(recording.wave, recording.sr, rows, classes, **options)


class Timeline(ipywidgets.VBox):
    """A recording with a player, stacked probabilities over time, and sliders for the windows.

    Parameters
    ----------
    recording : Recording or path, optional
        By default one that is made up of synthetic sentences, with what was meant below.
    bundle : Predictor or path, optional
        The model; see :func:`~sercore.bundle.default_model.get_predictor`.
    seconds, step : float
        Of the windows at first; see :class:`sercore.bundle.Windows`.
    text : str
        Text size, from :data:`sercore.widgets.explorer.SIZES`.

    Attributes
    ----------
    rows : list of dict
        One per window, as from :func:`sercore.bundle.predict_windows`.

    Raises
    ------
    AudioError, BundleError
        The recording or the model asked for cannot be used. A bad upload raises nothing: the page says
        what is wrong with it.
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
        self.predictor, self._font_size = get_predictor(bundle), font_px(text)
        self.rows: list[dict] = []
        self.player = Player(name="timeline")
        self.window = _slider(seconds, 0.5, 10.0, 0.25, "Window (s)", "what the model hears at a time", text)
        self.step = _slider(step, 0.25, 5.0, 0.25, "Step (s)", "from one window to the next", text)
        self.progress = ipywidgets.FloatProgress(
            max=1.0, description="Scoring", **control_layout(200, 70, text)
        )
        self.own = SoundInput(self._take, microphone=False)
        self.bars = ipywidgets.HTML(layout={"width": "480px"})
        self.later = Debounced(self.refresh)
        row = {"flex_flow": "row wrap", "align_items": "center"}
        super().__init__(
            [
                ipywidgets.HTML(f"<b>{WORDS}</b>"),
                ipywidgets.HBox([self.window, self.step, self.own, self.progress], layout=row),
                self.player,
                self.bars,
            ]
        )
        apply_style(self, text)
        self.show(_opened(recording))
        self.window.observe(self.later, "value")
        self.step.observe(self.later, "value")
        self.player.observe(self._moved, "position")

    def show(self, recording: Recording) -> None:
        """Change the recording."""
        self.recording, self._axes = recording, None
        self.player.description = f"recording {recording.name}"
        self.player.hear(recording.wave, recording.sr)
        self.refresh()

    def refresh(self) -> None:
        """Score the recording in windows as the sliders stand, and draw."""
        self.progress.layout.visibility = "visible"
        try:
            windows = Windows(self.window.value, self.step.value)
            self.rows = self.recording.score(
                self.predictor, windows, progress=lambda share: setattr(self.progress, "value", share)
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
        """Probabilities at a moment; empty where nothing was heard."""
        edges, proba = plots.over_time(self.rows, self.predictor.classes)
        piece = int(np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, len(proba) - 1))
        return {} if np.isnan(proba[piece]).any() else self.predictor.as_dict(proba[piece])

    def _moved(self, change=None) -> None:
        seconds = self.player.position
        proba = self.heard_at(seconds)
        self.bars.value = (
            probability_bars(proba, note=f"at {seconds:.1f} s") if proba else "nothing heard here"
        )

    def _take(self, wave: np.ndarray, name: str) -> None:
        """A file was uploaded."""
        try:
            self.show(Recording.from_wave(wave, name))
        except SercoreError as error:
            self.own.message.warn(str(error))


def _opened(recording) -> Recording:
    if recording is None:
        return Recording.made_up()
    return recording if isinstance(recording, Recording) else Recording.from_file(recording)


def _slider(value: float, low: float, high: float, step: float, name: str, tells: str, text: str):
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=name, tooltip=tells,
        **control_layout(330, 95, text),
    )  # fmt: skip

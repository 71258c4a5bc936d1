"""The level of a clip: make it louder or softer, and see whether the prediction changes.

Without the widget, use :func:`change_level` and :meth:`sercore.bundle.Predictor.predict`.
"""

from __future__ import annotations

import html
import os
from collections.abc import Callable

import ipywidgets
import numpy as np

from ..audio import SAMPLE_RATE
from ..bundle import Predictor, get_predictor, model_note, predict_or_reject, speech_predictor
from ..pictures.html import probability_bars
from .debounce import Debounced
from .notice import notice_html


def change_level(wave: np.ndarray, decibels: float) -> np.ndarray:
    """The waveform louder or softer by a number of decibels; samples beyond full scale are clipped.

    Examples
    --------
    >>> change_level(np.array([0.1, -0.5], np.float32), 20.0).tolist()
    [1.0, -1.0]

    Notebook: 10_your_own_voice.ipynb
    """
    return np.clip(wave * np.float32(10 ** (decibels / 20)), -1.0, 1.0).astype(np.float32)


class LevelProbe(ipywidgets.VBox):
    """Slider of the level of a clip, with the probabilities before and after the change.

    The emotion of a clip does not depend on the gain of the microphone, but the prediction of a model whose
    features contain absolute levels does.

    Parameters
    ----------
    synthetic : bool
        Whether the clips are of the synthetic voice, which determines the default model.
    heard : callable
        Called with the waveform after each change of the level.
    bundle : Predictor or path, optional
        Model, instead of the default.

    Attributes
    ----------
    proba, original : dict of str to float
        Probabilities at the level of the slider, and of the unchanged clip; empty if it is rejected.

    Raises
    ------
    BundleError
        The model cannot be used.

    Notebook: 10_your_own_voice.ipynb
    """

    def __init__(
        self,
        *,
        synthetic: bool = False,
        heard: Callable[[np.ndarray], object] = lambda wave: None,
        bundle: Predictor | str | os.PathLike | None = None,
    ):
        self.synthetic, self._heard, self._wave = synthetic, heard, None
        self.predictor = get_predictor(bundle) if synthetic else speech_predictor(bundle)
        self.proba: dict[str, float] = {}
        self.original: dict[str, float] = {}
        self.level = ipywidgets.FloatSlider(
            value=0.0, min=-30.0, max=30.0, step=1.0, description="Level (dB)", readout_format="+.0f",
            tooltip="change of the level in decibels", layout={"width": "420px"},
        )  # fmt: skip
        self.bars = ipywidgets.HTML(layout={"width": "560px"})
        self.later = Debounced(self.refresh)
        self.level.observe(self.later, "value")
        about = ipywidgets.HTML(notice_html(model_note(self.predictor), lines=()), layout={"width": "420px"})
        left = ipywidgets.VBox([self.level, about])
        super().__init__([ipywidgets.HBox([left, self.bars], layout={"flex_flow": "row wrap"})])

    def hear(self, wave: np.ndarray) -> None:
        """Predict another clip [shape=(n_samples,)] at 16 kHz, at its own level."""
        self._wave = wave
        found = predict_or_reject(self.predictor, wave, sr=SAMPLE_RATE)
        self.original = found.proba if found.label else {}
        if self.level.value:
            self.level.value = 0.0  # draws
        else:
            self.refresh()

    def refresh(self) -> None:
        """Predict the clip at the level of the slider."""
        if self._wave is None:
            return
        louder = change_level(self._wave, self.level.value)
        prediction = predict_or_reject(self.predictor, louder, sr=SAMPLE_RATE)
        self.proba = prediction.proba if prediction.label else {}
        note = f"{self.level.value:+.0f} dB: {prediction}".replace("-", "−")
        if self.proba:
            self.bars.value = probability_bars(self.proba, before=self.original or None, note=note)
        else:
            self.bars.value = html.escape(note)
        self._heard(louder)

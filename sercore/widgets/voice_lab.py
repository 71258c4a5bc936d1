"""The voice lab: change the parameters of a synthetic voice, and see and hear the effect on a model.

Without the widget, use :class:`sercore.synth.knobs.Voice`, :func:`sercore.pictures.voice_picture` and
:func:`sercore.interpret.flips`.
"""

from __future__ import annotations

import os
from dataclasses import replace

import ipywidgets
import pandas as pd

from ..bundle import Predictor, get_predictor
from ..errors import SercoreError
from ..interpret.counterfactual import flips
from ..pictures.html import flips_html, probability_bars
from ..pictures.views import voice_picture
from ..synth import EMOTION_PROSODY, SENTENCES
from ..synth.knobs import BODIES, KNOBS, Voice
from .debounce import Debounced
from .page_style import apply_style, control_layout, font_px
from .player import Player
from .upload import Message

QUESTION = "Which single knob changes the prediction?"
WORDS = "A synthetic voice and a model trained on synthetic voices: the results do not apply to people."


class VoiceLab(ipywidgets.VBox):
    """Sliders, sound, spectrogram and predicted probabilities of a synthetic voice.

    Parameters
    ----------
    bundle : Predictor or path, optional
        Model; see :func:`sercore.bundle.get_predictor`. If it cannot be used, the widget
        shows the reason and works without probabilities.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    voice : Voice
        The current voice.
    proba : dict of str to float
        Predicted probabilities; empty without a model.

    See Also
    --------
    sercore.interpret.flips : Smallest changes that change the prediction.

    Examples
    --------
    >>> VoiceLab()  # doctest: +SKIP

    Notebook: 00_start_here.ipynb
    """

    def __init__(self, bundle: Predictor | str | os.PathLike | None = None, *, text: str = "normal"):
        self.voice, self.proba, self._asked, self._updating = Voice(), {}, None, False
        self._font_size, self._played = font_px(text), None
        self.message, self.player = Message(), Player(description="the synthetic voice", name="voice")
        self.bars, self.table = ipywidgets.HTML(), ipywidgets.HTML(layout={"max_width": "400px"})
        self._make_controls(text)
        super().__init__(self._rows())
        apply_style(self, text)
        try:
            self.predictor = get_predictor(bundle)
            seeds = (self.predictor.manifest.evaluation or {}).get("seeds")
            self.about = f"Model: {self.predictor.about()}{f' Seeds: {seeds}.' if seeds else ''}"
        except SercoreError as error:
            self.predictor, self.about = None, ""
            self.message.warn(f"No model: {error}")
        self.refresh()

    def _make_controls(self, text: str) -> None:
        slider = control_layout(400, 165, text)
        self.knobs = {
            name: ipywidgets.FloatSlider(
                value=self.voice[name], min=knob.low, max=knob.high, step=knob.step, tooltip=knob.tells,
                description=f"{knob.label} ({knob.unit})", readout_format="+.1f",
                **slider,
            )
            for name, knob in KNOBS.items()
        }  # fmt: skip
        self.preset = ipywidgets.ToggleButtons(
            options=list(EMOTION_PROSODY),
            value="neutral",
            description="Preset",
            **control_layout(790, 60, text),
        )
        self.preset.style.button_width = control_layout(84, 0, text)["layout"]["width"]
        self.body = ipywidgets.Dropdown(
            options=list(BODIES), description="Speaker", **control_layout(200, 60, text)
        )
        sentences = [(f"{k + 1}: {text}", k) for k, text in enumerate(SENTENCES)]
        self.sentence = ipywidgets.Dropdown(
            options=sentences, description="Sentence", **control_layout(310, 70, text)
        )
        self.ask = ipywidgets.Button(description=QUESTION, button_style="primary", layout=slider["layout"])
        self.reset = ipywidgets.Button(description="Reset", tooltip="Set all knobs to the neutral voice")
        self.later = Debounced(self.refresh)
        for slider in self.knobs.values():
            slider.observe(self._turned, "value")
        self.preset.observe(self._chosen, "value")
        self.body.observe(self._chosen, "value")
        self.sentence.observe(self._chosen, "value")
        self.player.observe(self.later, "width")
        self.reset.on_click(lambda _: self.stand(Voice(), preset="neutral"))
        self.ask.on_click(lambda _: self.find_flips())

    def _rows(self) -> list:
        about = ipywidgets.HTML(f"<b>{WORDS}</b>")
        choices = ipywidgets.HBox([self.body, self.sentence, self.reset])
        left = ipywidgets.VBox([*self.knobs.values(), self.ask, self.table], layout={"flex": "0 0 auto"})
        right = ipywidgets.VBox([self.player, self.bars], layout={"flex": "1 1 400px", "max_width": "800px"})
        return [about, self.preset, choices, ipywidgets.HBox([left, right]), self.message]

    def _turned(self, change) -> None:
        """Change the voice after a slider was moved by hand; no preset is selected then."""
        name = next(name for name, slider in self.knobs.items() if slider is change.owner)
        rounding = abs(change.new - self.voice[name]) < KNOBS[name].step / 2  # by the browser
        if not self._updating and not rounding:
            self.stand(self.voice.turn(**{name: change.new}))

    def _chosen(self, change) -> None:
        """Change the voice after a preset, speaker or sentence was chosen."""
        if self._updating:
            return
        if change.owner is self.preset:
            self.stand(self.voice.preset(change.new), preset=change.new)
        elif change.owner is self.body:
            self.stand(self.voice.body(change.new), preset=self.preset.value)
        else:
            self.stand(replace(self.voice, sentence=change.new), preset=self.preset.value)

    def stand(self, voice: Voice, *, preset: str | None = None) -> None:
        """Set all controls to a voice, then synthesise, draw and predict once."""
        self.voice, self._updating = voice, True
        try:
            self.preset.value, self.sentence.value = preset, voice.sentence
            bodies = [name for name, (f0, _) in BODIES.items() if f0 == voice.f0]
            self.body.value = bodies[0] if bodies else None
            for name, slider in self.knobs.items():
                slider.value = voice[name]
        finally:
            self._updating = False
        self.later()

    def refresh(self) -> None:
        """Synthesise, draw and predict the current voice."""
        try:
            wave, sr = self.voice.speak()
            if self._played != self.voice:
                self.player.hear(wave, sr)
                self._played = self.voice
            size = max(300, self.player.width or 650), 240
            self.player.show(voice_picture(wave, sr, size=size, font_size=self._font_size))
            if self.predictor is not None:
                self.proba = self.predictor.predict(wave, sr=sr)
                self.bars.value = probability_bars(self.proba, note=self.about)
        except SercoreError as error:
            self.message.warn(str(error))
        if self._asked != self.voice:
            self.table.value = ""

    def find_flips(self) -> pd.DataFrame | None:
        """Show and return the table of :func:`flips` for the current voice; None without a model."""
        if self.predictor is None:
            return None
        self.ask.disabled = True
        try:
            table = flips(
                self.voice, lambda wave, sr: self.predictor.predict(wave, sr=sr),
                progress=lambda knob: setattr(self.ask, "description", f"testing {KNOBS[knob].label} …"),
            )  # fmt: skip
            self._asked, self.table.value = self.voice, flips_html(table)
            return table
        except SercoreError as error:
            self.message.warn(str(error))
        finally:
            self.ask.disabled, self.ask.description = False, QUESTION

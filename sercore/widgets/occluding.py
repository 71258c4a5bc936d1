"""Occlusion by hand: cover a part of a clip and watch the probabilities move.

>>> from sercore.widgets import Occluding
>>> Occluding()

Without the widget: :class:`~sercore.interpret.occlusion_mask.OcclusionBox`, ``predict_masked`` and
``cover_picture``; of a network, :func:`sercore.interpret.attribution.occlusion` does it for every box of a clip.

Notebook: 07_interpretability.ipynb
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import ipywidgets
import numpy as np

from .. import features
from ..bundle import Predictor
from ..bundle.default_model import get_predictor
from ..errors import SercoreError
from ..features import Recipe, Spectrum, get_recipe
from ..features.spectrum import mel_centres
from ..interpret.occlusion_mask import Answer, OcclusionBox, predict_masked
from ..interpret.sonification import mask_sound
from ..pictures.html import probability_bars
from ..pictures.views import cover_picture
from ..synth.knobs import Voice
from .debounce import Debounced
from .page_style import apply_style, control_layout, font_px
from .player import Player
from .upload import Message

MODES = {"cover the box": False, "keep only the box": True}


class Occluding(ipywidgets.VBox):
    """Two range sliders that cover a box of time and frequency; what is left can be heard.

    A clip with a hole is a strange clip: nothing like it was in training. A probability that falls may
    tell of the strangeness, not of the part that is gone.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)], optional
        Mono waveform at the recipe's sample rate; by default a synthetic sentence said in anger.
    answer : callable, optional
        From what is covered, bool [shape=(n_frames, n_mels)], to probabilities [shape=(n_classes,)]. By
        default what a bundle says of the sound that is left. The frames are those of
        ``features.prepare(wave, recipe)``.
    classes : sequence of str
        What the probabilities of ``answer`` stand for.
    recipe : str or Recipe
        Frames and mel bands of the picture and of what is covered.
    bundle : Predictor or path, optional
        The model where no ``answer`` is given; see :func:`~sercore.bundle.default_model.get_predictor`.
    title : str
        What is heard, such as the clip's name and its emotion.
    text : str
        Text size, from :data:`sercore.widgets.explorer.SIZES`.

    Attributes
    ----------
    cover : OcclusionBox
        How the sliders stand.
    proba : dict of str to float
        What the model says of what is left.
    """

    def __init__(
        self,
        wave: np.ndarray | None = None,
        answer: Answer | None = None,
        *,
        classes: Sequence[str] = (),
        recipe: str | Recipe = "log_mel",
        bundle: Predictor | str | os.PathLike | None = None,
        title: str = "",
        text: str = "normal",
    ):
        self.recipe = get_recipe(recipe)
        if wave is None:
            wave, title = Voice().preset("angry").speak()[0], title or "a synthetic voice, meant: angry"
        self.wave, self.title = features.prepare(wave, self.recipe), title
        if answer is None:
            predictor = get_predictor(bundle)
            answer, classes = predict_masked(predictor, self.wave, self.recipe), predictor.classes
        self._answer, self.classes, self._font_size = answer, tuple(classes), font_px(text)
        self.spectrum = Spectrum(self.wave, self.recipe)
        self.whole = self._says(np.zeros((self.spectrum.n_frames, self.recipe.n_mels), bool))
        self.player = Player(description=f"what is left of {title or 'the clip'}", name="occlusion")
        self.bars, self.message = ipywidgets.HTML(layout={"width": "560px"}), Message()
        self._heard = None
        self._make_controls(text)
        sliders = ipywidgets.HBox(
            [self.time, self.bands, self.mode], layout={"flex_flow": "row wrap", "grid_gap": "0 16px"}
        )
        super().__init__([sliders, self.player, self.bars, self.message])
        apply_style(self, text)
        self.refresh()

    def _make_controls(self, text: str) -> None:
        seconds = round(len(self.wave) / self.recipe.sr, 2)
        slider = control_layout(460, 90, text)
        self.time = ipywidgets.FloatRangeSlider(
            value=(0.0, round(seconds / 3, 2)), min=0.0, max=seconds, step=0.02, description="Time (s)",
            tooltip="the box, from … to", **slider,
        )  # fmt: skip
        bands = [(f"{hertz:.0f} Hz", k) for k, hertz in enumerate(mel_centres(self.recipe))]
        self.bands = ipywidgets.SelectionRangeSlider(
            options=bands, index=(0, len(bands) - 1), description="Frequency",
            tooltip="the box, from the lowest to the highest mel band", **slider,
        )  # fmt: skip
        self.mode = ipywidgets.ToggleButtons(
            options=MODES, description="Do", tooltip="what happens to the box",
            **control_layout(380, 40, text),
        )  # fmt: skip
        self.mode.style.button_width = control_layout(155, 0, text)["layout"]["width"]
        self.later = Debounced(self.refresh)
        self.player.observe(self.later, "width")
        for control in (self.time, self.bands, self.mode):
            control.observe(self.later, "value")

    @property
    def cover(self) -> OcclusionBox:
        """How the sliders stand."""
        return OcclusionBox(*self.time.value, *self.bands.value, keep=self.mode.value)

    def refresh(self) -> None:
        """OcclusionBox, draw, and ask."""
        cover = self.cover
        mask = cover.mask(self.spectrum.n_frames, self.recipe)
        try:
            look = {"size": (max(300, self.player.width or 900), 260), "font_size": self._font_size}
            self.player.show(cover_picture(self.spectrum, cover, title=self.title, **look))
            if self._heard != cover:
                self.player.hear(mask_sound(self.wave, ~mask, recipe=self.recipe), self.recipe.sr)
                self._heard = cover
            self.proba = self._says(mask)
        except SercoreError as error:
            self.bars.value = ""
            self.message.warn(str(error))
            return
        hidden = 100 * mask.mean()
        note = f"{hidden:.0f} % of the clip covered; the stroke is where the whole clip was"
        self.bars.value = probability_bars(self.proba, before=self.whole, note=note)
        self.message.say("A clip with a hole is strange to a model: the fall may be due to the hole.")

    def _says(self, mask: np.ndarray) -> dict[str, float]:
        return dict(zip(self.classes, map(float, self._answer(mask)), strict=True))

"""Occlusion with sliders: remove a part of a clip and see how the probabilities change.

Without the widget, use :class:`sercore.interpret.sonification.OcclusionBox`,
:func:`sercore.interpret.sonification.predict_masked` and :func:`sercore.pictures.cover_picture`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from itertools import pairwise

import ipywidgets
import numpy as np

from .. import features
from ..audio import convert
from ..bundle import Predictor, get_predictor, model_note, speech_predictor
from ..errors import SercoreError
from ..features import Recipe, Spectrum, get_recipe
from ..features.spectrum import mel_centres
from ..interpret.sonification import Answer, OcclusionBox, mask_sound, predict_masked
from ..pictures.html import probability_bars
from ..pictures.views import cover_picture
from ..synth.knobs import Voice
from .debounce import Debounced
from .notice import notice_html
from .page_style import apply_style, control_layout, font_px
from .player import Player
from .upload import Message

MODES = {"occlude the box": False, "keep only the box": True}


class Occluding(ipywidgets.VBox):
    """Range sliders that occlude a box of time and frequency, with the remaining sound and probabilities.

    At first, the box covers the third of the clip without which the predicted class loses most.

    An occluded clip is unlike the clips of the training set, so a lower probability may be an effect of the
    occlusion itself and not of the missing part.

    Parameters
    ----------
    wave : np.ndarray [shape=(n_samples,)], optional
        Mono waveform at the sample rate of the recipe; by default a synthetic surprised
        sentence, whose pitch rises at the end.
    answer : callable, optional
        Maps a mask, bool [shape=(n_frames, n_mels)], True where occluded, to probabilities
        [shape=(n_classes,)]. The frames are those of ``features.prepare(wave, recipe)``. By default the
        prediction of a bundle for the remaining sound.
    classes : sequence of str
        Names of the classes of ``answer``.
    recipe : str or Recipe
        Determines frames and mel bands of the picture and of the mask.
    bundle : Predictor or path, optional
        Model if ``answer`` is not given; by default that of :func:`sercore.bundle.speech_predictor`, or of
        :func:`sercore.bundle.get_predictor` for the synthetic sentence.
    title : str
        Title of the picture, such as the name of the clip and its emotion.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    cover : OcclusionBox
        The current box.
    proba : dict of str to float
        Probabilities of the occluded clip.

    See Also
    --------
    sercore.interpret.attribution.occlusion : Attribution by occlusion of every box of a clip.

    Examples
    --------
    >>> Occluding()  # doctest: +SKIP

    Notebook: 07_interpretability.ipynb
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
        choose_model, note = speech_predictor, ""
        if wave is None:
            wave, sr = Voice().preset("surprised").speak()
            wave = wave if sr == self.recipe.sr else convert(wave, sr, sr=self.recipe.sr)
            title = title or "synthetic voice, surprised"
            choose_model = get_predictor
        self.wave, self.title = features.prepare(wave, self.recipe), title
        if answer is None:
            predictor = choose_model(bundle)
            note = notice_html(model_note(predictor), lines=())
            answer, classes = predict_masked(predictor, self.wave, self.recipe), predictor.classes
        self._answer, self.classes, self._font_size = answer, tuple(classes), font_px(text)
        self.spectrum = Spectrum(self.wave, self.recipe)
        self.whole = self._predict(np.zeros((self.spectrum.n_frames, self.recipe.n_mels), bool))
        self.player = Player(description=f"{title or 'the clip'}, occluded", name="occlusion")
        self.bars, self.message = ipywidgets.HTML(layout={"width": "560px"}), Message()
        self._played = None
        self._make_controls(text, self._decisive_third())
        sliders = ipywidgets.HBox(
            [self.time, self.bands, self.mode], layout={"flex_flow": "row wrap", "grid_gap": "0 16px"}
        )
        self.about = ipywidgets.HTML(note, layout={"flex": "1 1 260px"})
        below = ipywidgets.HBox(
            [self.bars, self.about], layout={"flex_flow": "row wrap", "grid_gap": "0 16px"}
        )
        super().__init__([sliders, self.player, below, self.message])
        apply_style(self, text)
        self.refresh()

    @property
    def _seconds(self) -> float:
        return round(len(self.wave) / self.recipe.sr, 2)

    def _decisive_third(self) -> tuple[float, float]:
        """Start and end in seconds of the third without which the predicted class loses most."""
        predicted = max(self.whole, key=self.whole.get)
        limits = [round(self._seconds * k / 3, 2) for k in range(4)]
        remaining = {}
        for third in pairwise(limits):
            box = OcclusionBox(*third, 0, self.recipe.n_mels - 1)
            with contextlib.suppress(SercoreError):  # what remains is silent
                remaining[third] = self._predict(box.mask(self.spectrum.n_frames, self.recipe))[predicted]
        return min(remaining, key=remaining.get, default=(limits[0], limits[1]))

    def _make_controls(self, text: str, time: tuple[float, float]) -> None:
        slider = control_layout(460, 90, text)
        self.time = ipywidgets.FloatRangeSlider(
            value=time, min=0.0, max=self._seconds, step=0.01, description="Time (s)",
            tooltip="start and end of the box", **slider,
        )  # fmt: skip
        bands = [(f"{hertz:.0f} Hz", k) for k, hertz in enumerate(mel_centres(self.recipe))]
        self.bands = ipywidgets.SelectionRangeSlider(
            options=bands, index=(0, len(bands) - 1), description="Frequency",
            tooltip="lowest and highest mel band of the box", **slider,
        )  # fmt: skip
        self.mode = ipywidgets.ToggleButtons(
            options=MODES, description="Mode", tooltip="whether to occlude or keep the box",
            **control_layout(400, 60, text),
        )  # fmt: skip
        self.mode.style.button_width = control_layout(155, 0, text)["layout"]["width"]
        self.later = Debounced(self.refresh)
        self.player.observe(self.later, "width")
        for control in (self.time, self.bands, self.mode):
            control.observe(self.later, "value")

    @property
    def cover(self) -> OcclusionBox:
        """The current box."""
        return OcclusionBox(*self.time.value, *self.bands.value, keep=self.mode.value)

    def refresh(self) -> None:
        """Draw the picture, filter the sound and predict."""
        cover = self.cover
        mask = cover.mask(self.spectrum.n_frames, self.recipe)
        try:
            options = {"size": (max(300, self.player.width or 900), 260), "font_size": self._font_size}
            self.player.show(cover_picture(self.spectrum, cover, title=self.title, **options))
            if self._played != cover:
                self.player.hear(mask_sound(self.wave, ~mask, recipe=self.recipe), self.recipe.sr)
                self._played = cover
            self.proba = self._predict(mask)
        except SercoreError as error:
            self.bars.value = ""
            self.message.warn(str(error))
            return
        note = f"{100 * mask.mean():.0f} % of the clip occluded; marks: probabilities of the whole clip"
        self.bars.value = probability_bars(self.proba, before=self.whole, note=note)
        self.message.say("Occlusion itself may change the prediction: training clips are not occluded.")

    def _predict(self, mask: np.ndarray) -> dict[str, float]:
        return dict(zip(self.classes, map(float, self._answer(mask)), strict=True))

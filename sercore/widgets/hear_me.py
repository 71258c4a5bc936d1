"""Hear me: record or upload a voice, and see the prediction, its evidence, and the effect of adaptation.

Without the widget, use :func:`sercore.bundle.predict_or_reject`,
:meth:`sercore.bundle.Predictor.for_speaker` and :func:`sercore.interpret.sound_occlusion`.
"""

from __future__ import annotations

import html
import os

import ipywidgets
import numpy as np

from .. import features
from ..audio import SAMPLE_RATE, convert
from ..bundle import Prediction, Predictor, Windows, model_note, predict_or_reject, speech_predictor
from ..bundle.advice import advice
from ..errors import AudioError, SercoreError
from ..features import Spectrum, get_recipe
from ..interpret.removal import sound_occlusion
from ..interpret.sonification import predict_masked
from ..pictures.analysis import Clip, Settings
from ..pictures.html import probability_bars
from ..pictures.picture import from_axes
from ..pictures.views import evidence_axes, pictures
from .debounce import Debounced
from .notice import notice_html
from .page_style import apply_style, font_px
from .player import Player
from .upload import Message, SoundInput

MAX_SECONDS = 10.0
"""Only the first seconds of a recording are predicted: models are trained on sentences."""

NEUTRAL_SECONDS, _SHORTEST_SECONDS = 10.0, 3.0
"""Length of neutral speech that is asked for, and its minimum."""

NOT_NORMALISED = "This model does not normalise by speaker, so it cannot adapt to your neutral speech."

HEIGHT = 210
"""Height of the picture in pixels."""


class HearMe(ipywidgets.VBox):
    """Predictions for a voice, before and after adaptation to the speaker, and for a second voice.

    Parameters
    ----------
    bundle : Predictor or path, optional
        Model; see :func:`sercore.bundle.speech_predictor`.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    voices : tuple of Voice
        Voices A and B; B is hidden until the box "compare two voices" is checked.

    Raises
    ------
    BundleError
        The model cannot be used.

    See Also
    --------
    Live : Predictions that follow the microphone.

    Examples
    --------
    >>> HearMe()  # doctest: +SKIP

    Notebook: 10_your_own_voice.ipynb
    """

    def __init__(self, bundle: Predictor | str | os.PathLike | None = None, *, text: str = "normal"):
        self.predictor = speech_predictor(bundle)
        self.voices = tuple(VoicePanel(self.predictor, letter, font_size=font_px(text)) for letter in "AB")
        self.compare = ipywidgets.Checkbox(
            description="compare two voices", indent=False, layout={"width": "auto"}
        )
        self.compare.observe(lambda change: self._show_second(change["new"]), "value")
        self._row = ipywidgets.HBox(layout={"grid_gap": "0 16px"})
        super().__init__([ipywidgets.HTML(notice_html(model_note(self.predictor))), self.compare, self._row])
        apply_style(self, text)
        self._show_second(False)

    def _show_second(self, visible: bool) -> None:
        """A voice that is hidden is removed from the page, so that it neither records nor plays."""
        self.voices[1].player.playing = False
        self._row.children = self.voices[: 1 + visible]


class VoicePanel(ipywidgets.VBox):
    """One voice: a recording, its prediction and evidence, and neutral speech of the speaker.

    Parameters
    ----------
    predictor : Predictor
    letter : str
        Name of the voice.
    font_size : int
        Font size of the picture in pixels.

    Attributes
    ----------
    before, after : Prediction or None
        Without and with adaptation; None if there is no recording, or no neutral speech.

    Notes
    -----
    Neutral speech is only asked for if the model normalises features by speaker.
    """

    def __init__(self, predictor: Predictor, letter: str, *, font_size: int = 15):
        self.predictor, self.letter, self._font_size = predictor, letter, font_size
        self.wave, self._evidence, self._adapted = None, None, None
        self.before: Prediction | None = None
        self.after: Prediction | None = None
        self.own = SoundInput(
            self.hear, failed=self.clear, notice=False, description=f"Voice {letter}: upload"
        )
        words = f"{NEUTRAL_SECONDS:.0f} s neutral: upload"
        self.neutral = SoundInput(self.hear_neutral, notice=False, description=words)
        self.forget = ipywidgets.Button(description="New speaker", tooltip="Forget the neutral speech")
        self.evidence = ipywidgets.Button(
            description="Show evidence", tooltip="Remove parts of the sound and predict the rest"
        )
        self.player = Player(description=f"voice {letter}", name=f"voice-{letter}")
        self.answers = ipywidgets.HTML(layout={"width": "100%"})
        self.message, self.later = Message(), Debounced(self._draw)
        self.evidence.disabled = self.forget.disabled = True
        self.evidence.on_click(lambda _: self.show_evidence())
        self.forget.on_click(lambda _: self.forget_speaker())
        self.player.observe(self.later, "width")
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        if predictor.speaker_norm:
            parts = [self.neutral, self.evidence, self.forget]
        else:
            parts = [self.evidence, ipywidgets.HTML(f"<i>{NOT_NORMALISED}</i>")]
        below = ipywidgets.HBox(parts, layout=wrap)
        super().__init__(
            [self.own, self.player, self.answers, below, self.message],
            layout={"flex": "1 1 0", "min_width": "0"},
        )

    def clear(self) -> None:
        """Forget the recording and its answer, which the next one must not seem to have."""
        self.wave = self.before = self.after = self._evidence = None
        self.answers.value = ""
        self.evidence.disabled = True
        self.message.clear()
        self.player.clear()

    def hear(self, wave: np.ndarray, name: str) -> None:
        """Predict a recording [shape=(n_samples,)] at 16 kHz."""
        self.answers.value = "<div role='status'>predicting …</div>"
        n = round(MAX_SECONDS * SAMPLE_RATE)
        self.wave, self.name, self._evidence = features.prepare(wave[:n], get_recipe("log_mel")), name, None
        self.player.hear(self.wave, SAMPLE_RATE)
        self._predict(f"only the first {MAX_SECONDS:.0f} s are used" if len(wave) > n else "")

    def hear_neutral(self, wave: np.ndarray, name: str) -> None:
        """Adapt the model to the speaker of neutral speech [shape=(n_samples,)] at 16 kHz."""
        try:
            self._adapted = adapt(self.predictor, wave)
        except SercoreError as error:
            self.message.warn(str(error))
            return
        self.forget.disabled = False
        self._predict(f"adapted to {len(wave) / SAMPLE_RATE:.0f} s of neutral speech")

    def forget_speaker(self) -> None:
        """Predict without adaptation again."""
        self._adapted, self.forget.disabled = None, True
        self._predict()

    def show_evidence(self) -> None:
        """Compute the evidence for the predicted emotion and draw it over the spectrogram."""
        shown = self.after or self.before
        if shown is None or shown.label is None or self._evidence is not None:
            return  # not `disabled`, which would take the focus away; later clicks wait until it is there
        recipe, model = get_recipe("log_mel"), self._adapted or self.predictor
        answer = predict_masked(model, self.wave, recipe)
        target = self.predictor.classes.index(shown.label)
        n_frames = Spectrum(self.wave, recipe).n_frames
        try:
            evidence = sound_occlusion(answer, n_frames, recipe.n_mels, target, progress=self._say_progress)
            self._evidence = shown.label, evidence
            self.message.clear()
        except SercoreError as error:
            self.message.warn(str(error))
        self._draw()

    def _say_progress(self, done: float) -> None:
        """Every tenth: a screen reader may read each change aloud."""
        text = f"evidence: {int(10 * done) * 10} %"
        if text not in self.message.value:
            self.message.say(text)

    def _predict(self, said: str = "") -> None:
        """Predict the recording, and say this and what can be done if it is rejected."""
        if self.wave is None:
            return self.message.say(said)
        try:
            self.before = predict_or_reject(self.predictor, self.wave, sr=SAMPLE_RATE)
            self.after = self._adapted and predict_or_reject(self._adapted, self.wave, sr=SAMPLE_RATE)
        except SercoreError as error:
            self.clear()
            self.message.warn(str(error))
            return
        self._evidence = None
        last = self.after or self.before
        self.evidence.disabled = last.label is None
        self.answers.value = answers_html(self.before, self.after)
        self.message.say(" ".join([*filter(None, [said]), *advice(self.predictor, last.rejected)]))
        self._draw()

    def _draw(self) -> None:
        """Spectrogram, or evidence over it."""
        if self.wave is None:
            return
        width = max(300, self.player.width or 1200)
        if self._evidence is None:
            settings = Settings(font_size=self._font_size)
            clip = Clip(self.wave, f"{self.letter}: {self.name}")
            (picture,) = pictures([clip], settings, size=(width, HEIGHT))
        else:
            emotion, evidence = self._evidence
            title = f"evidence for {emotion} (orange) and against it (purple)"
            axes = evidence_axes(
                self.wave, evidence, title=title, size=(width, HEIGHT), font_size=self._font_size
            )
            picture = from_axes(axes)
        self.player.show(picture)


def adapt(predictor: Predictor, neutral: np.ndarray) -> Predictor:
    """A predictor for the speaker of neutral speech [shape=(n_samples,)] at 16 kHz.

    Raises
    ------
    AudioError
        The speech is too short, or a model that normalises by speaker finds no speech in it.
    """
    seconds = len(neutral) / SAMPLE_RATE
    if seconds < _SHORTEST_SECONDS:
        raise AudioError(
            f"{seconds:.1f} s of neutral speech; at least {_SHORTEST_SECONDS:.0f} s are needed",
            reason="too-short",
        )
    wave, sr = convert(neutral, SAMPLE_RATE, sr=predictor.sr), predictor.sr
    spans = Windows(3.0, 3.0).spans(seconds)
    adapted = predictor.for_speaker([wave[round(start * sr) : round(end * sr)] for start, end in spans])
    if predictor.speaker_norm and not adapted.voice.n_clips:
        raise AudioError(
            "no speech was found in it; read a text aloud for 10 s, close to the microphone",
            reason="not-speech",
        )
    return adapted


def answers_html(before: Prediction, after: Prediction | None = None) -> str:
    """Predictions as HTML, side by side if there are two.

    Examples
    --------
    >>> "no prediction: silent" in answers_html(Prediction(rejected="silent"))
    True
    """
    if after is None:
        return f"<div style='padding-right:8px'>{_answer_html('', before)}</div>"
    sides = _answer_html("before: ", before), _answer_html("after adaptation: ", after)
    columns = "".join(f"<div style='flex:1;min-width:0'>{side}</div>" for side in sides)
    return f"<div style='display:flex;gap:16px;padding-right:8px'>{columns}</div>"


def _answer_html(heading: str, prediction: Prediction) -> str:
    title = f"<div role='status' style='line-height:1.3'><b>{html.escape(f'{heading}{prediction}')}</b></div>"
    return title + (probability_bars(prediction.proba) if prediction.label else "")

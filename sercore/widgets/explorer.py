"""The spectrogram explorer: choose, upload or record a clip, and change the settings of its analysis.

The controls determine a :class:`sercore.pictures.Settings`, which :func:`sercore.pictures.pictures` draws.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import ipywidgets
import numpy as np
import pandas as pd

from .. import audio, corpora
from ..audio import SAMPLE_RATE
from ..errors import SercoreError
from ..labels import sort_emotions
from ..pictures.analysis import OVERLAYS, VIEWS, Clip, Settings, empty_bands
from ..pictures.views import pictures
from .debounce import Debounced
from .level import LevelProbe
from .page_style import SIZES, apply_style, font_px
from .player import Player
from .upload import Message, SoundInput

MAX_SECONDS = 30.0
"""Longer clips are truncated; use :class:`Timeline` for long recordings."""


class ClipChooser(ipywidgets.VBox):
    """Lists of corpora, speakers, emotions and clips, with an upload button and a microphone.

    Parameters
    ----------
    chosen : callable
        Called with each :class:`sercore.pictures.Clip`.
    corpus : str
        Initial corpus.
    letter : str
        Letter that distinguishes two choosers, such as "A".

    Raises
    ------
    CorpusError
        The corpus does not exist.
    """

    def __init__(self, chosen: Callable[[Clip], object], *, corpus: str = "demo", letter: str = "A"):
        corpora.get_corpus(corpus)
        self._chosen, self._letter, self._updating = chosen, letter, False
        self.is_synthetic = False
        self.own = SoundInput(self._choose)
        self.corpus = _list("corpus", f"Corpus {letter}")
        self.speaker = _list("speaker", "Speaker")
        self.emotion = _list("emotion", "Emotion")
        self.clip = _list("clip", "Clip")
        self.corpus.options = _available_corpora(corpus)
        self.corpus.value = corpus
        lists = [self.corpus, self.speaker, self.emotion, self.clip]
        for each in lists:
            each.observe(self._changed, "value")
        super().__init__([ipywidgets.HBox(lists, layout={"flex_flow": "row wrap"}), self.own])
        self._changed({"owner": self.corpus})

    def _changed(self, change) -> None:
        """Update the lists that depend on the changed one, then load the clip."""
        if self._updating:
            return
        self._updating = True
        try:
            index = _load_index(self.corpus.value)
            _refill(self.speaker, sorted(set(index["speaker"])))
            index = index[index["speaker"] == self.speaker.value]
            _refill(self.emotion, sort_emotions(index["emotion"]))
            index = index[index["emotion"] == self.emotion.value]
            _refill(self.clip, [(clip_id.split("/", 1)[1], clip_id) for clip_id in index["clip_id"]])
            row = index[index["clip_id"] == self.clip.value].iloc[0]
            wave = audio.load(row["path"])
        except SercoreError as error:
            self.own.message.warn(str(error))
        else:
            self.own.message.clear()
            self._choose(
                wave, f"{row['emotion']}, {row['clip_id'].split('/', 1)[1]}", corpus=self.corpus.value
            )
        finally:
            self._updating = False

    def _choose(self, wave: np.ndarray, name: str, *, corpus: str = "") -> None:
        self.is_synthetic = corpus == "demo"
        n = round(MAX_SECONDS * SAMPLE_RATE)
        if len(wave) > n:
            self.own.message.say(f"{name}: only the first {MAX_SECONDS:.0f} s are shown")
        self._chosen(Clip(wave[:n], f"{self._letter}: {name}"))


def _load_index(corpus: str) -> pd.DataFrame:
    """Index of a corpus; that of one's own recordings, which come and go, is read again every time."""
    return corpora.load_index(corpus) if corpus == "folder" else _load_fixed(corpus)


@lru_cache(maxsize=8)
def _load_fixed(corpus: str) -> pd.DataFrame:
    return corpora.load_index(corpus)


def _available_corpora(corpus: str) -> list[str]:
    """Names of the corpora on this machine, of the demo corpus, and of the given one."""
    table = corpora.list_corpora()
    return [name for name in table.index if table.loc[name, "found"] or name in ("demo", corpus)]


def _list(name: str, description: str) -> ipywidgets.Dropdown:
    dropdown = ipywidgets.Dropdown(description=description, layout={"width": "auto", "max_width": "330px"})
    dropdown.add_class(f"sercore-{name}")
    return dropdown


def _refill(dropdown: ipywidgets.Dropdown, options: list) -> None:
    """Change the options; the value does not change if it is still valid."""
    values = [option[1] if isinstance(option, tuple) else option for option in options]
    value = dropdown.value if dropdown.value in values else values[0]
    if tuple(options) != tuple(dropdown.options):
        dropdown.options = options
    dropdown.value = value


WIDTHS, HEIGHTS = (1200, 620), (300, 270)
"""Size in pixels of a single picture and of each of two, until the browser reports its width."""

_MIN_RANGE = 500  # Hz


class Explorer(ipywidgets.VBox):
    """Spectrogram of a clip, or of two clips on the same axes, with sliders for the analysis.

    Parameters
    ----------
    corpus : str
        Initial corpus.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Raises
    ------
    CorpusError
        The corpus does not exist.
    SercoreError
        The text size does not exist.

    Attributes
    ----------
    settings : Settings
        Current settings.
    players : tuple of Player
        Pictures and sounds of the clips A and B.
    later : Debounced
        Draws the pictures; ``later.waiting`` is true while a change has not been drawn.

    See Also
    --------
    sercore.pictures.pictures : The pictures without a widget.

    Examples
    --------
    >>> Explorer("demo")  # doctest: +SKIP
    """

    def __init__(self, corpus: str = "demo", *, text: str = "normal"):
        font_px(text)  # checks the text size
        self._clips: dict[str, Clip] = {}
        self._corpus = corpus
        self.sliders = _sliders()
        self.view = ipywidgets.ToggleButtons(
            options=VIEWS, value="mel", description="View", style={"button_width": "auto"}
        )
        self.view.layout.width = "max-content"
        self.overlays = {
            name: ipywidgets.Checkbox(description=name, indent=False, layout={"width": "auto"})
            for name in OVERLAYS
        }
        self.compare = ipywidgets.Checkbox(
            description="compare two clips", indent=False, layout={"width": "auto"}
        )
        self.predict = ipywidgets.Checkbox(
            description="predict clip A", indent=False, layout={"width": "auto"}
        )
        self.probe, self._probes = None, {}
        self.text = ipywidgets.Dropdown(options=list(SIZES), value=text, description="Text size")
        self.text.layout.width = "auto"
        self.text.add_class("sercore-own-size")
        self.players = (Player(name="clip-A"), Player(name="clip-B"))
        self.players[1].layout.display = "none"
        self.note = Message()
        self.later = Debounced(self._draw)
        self.choosers = [ClipChooser(lambda clip: self.show(clip), corpus=corpus)]
        row = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 12px"}
        self._choosing = ipywidgets.VBox(self.choosers)
        options = [self.view, *self.overlays.values(), self.compare, self.predict, self.text]
        self._below = ipywidgets.VBox()
        super().__init__(
            [
                self._choosing,
                ipywidgets.HBox(list(self.sliders.values()), layout=row),
                ipywidgets.HBox(options, layout=row),
                ipywidgets.HBox(self.players),
                self._below,
                self.note,
            ]
        )
        apply_style(self, text)
        self._draw()
        for control in [*self.sliders.values(), self.view, *self.overlays.values()]:
            control.observe(self.later, "value")
        self.compare.observe(self._show_second, "value")
        self.predict.observe(self._show_probe, "value")
        self.text.observe(self.later, "value")
        for player in self.players:
            player.observe(self.later, "width")

    @property
    def settings(self) -> Settings:
        """Current settings."""
        values = {name: slider.value for name, slider in self.sliders.items()}
        low, high = values.pop("frequency")
        low = min(low, SAMPLE_RATE // 2 - _MIN_RANGE)
        return Settings(
            view=self.view.value,
            overlays=tuple(name for name, box in self.overlays.items() if box.value),
            fmin=low,
            fmax=max(high, low + _MIN_RANGE),
            font_size=SIZES[self.text.value],
            **values,
        )

    def show(self, clip: Clip, letter: str = "A") -> None:
        """Show and load a clip as A or B."""
        self._clips[letter] = clip
        player = self.players["AB".index(letter)]
        player.hear(clip.wave, SAMPLE_RATE)
        player.description = f"clip {clip.title}"
        if letter == "A" and self.predict.value:
            self._probe_clip()
        self.later()

    def _show_second(self, change) -> None:
        """Show or hide the second clip."""
        if change["new"] and len(self.choosers) == 1:
            self.choosers.append(
                ClipChooser(lambda clip: self.show(clip, "B"), corpus=self._corpus, letter="B")
            )
        self._choosing.children = self.choosers[: 1 + change["new"]]
        self.players[1].layout.display = None if change["new"] else "none"
        if not change["new"]:
            self.players[1].playing = False
        self.later()

    def _show_probe(self, change) -> None:
        """Show or hide the prediction for clip A and the slider of its level."""
        self._below.children = ()
        if change["new"]:
            self._probe_clip()
        elif self.probe is not None:
            self.probe.level.value = 0.0

    def _probe_clip(self) -> None:
        """Predict clip A, with the model for its kind of voice."""
        if "A" not in self._clips:
            return
        synthetic = self.choosers[0].is_synthetic
        try:
            if synthetic not in self._probes:
                self._probes[synthetic] = LevelProbe(synthetic=synthetic, heard=self._heard_louder)
            self.probe = self._probes[synthetic]
        except SercoreError as error:
            self.note.warn(str(error))
            return
        self.probe.hear(self._clips["A"].wave)
        self._below.children = (self.probe,)

    def _heard_louder(self, wave: np.ndarray) -> None:
        """Play and draw clip A at the level of the slider."""
        self._clips["A"] = Clip(wave, self._clips["A"].title)
        self.players[0].hear(wave, SAMPLE_RATE)
        self.later()

    def _draw(self) -> None:
        """Draw the pictures with the current settings."""
        settings = self.settings
        for size in SIZES:
            (self.add_class if size == self.text.value else self.remove_class)(f"sercore-{size}")
        shown = [letter for letter in ("AB" if self.compare.value else "A") if letter in self._clips]
        if not shown:
            return
        clips, two = [self._clips[letter] for letter in shown], len(shown) > 1
        width = max(300, self.players[0].width or WIDTHS[two])
        try:
            drawn = pictures(clips, settings, size=(width, HEIGHTS[two]))
        except SercoreError as error:
            self.note.warn(str(error))
            return
        for letter, picture in zip(shown, drawn, strict=True):
            self.players["AB".index(letter)].show(picture)
        self.note.say(_note(settings))


def _sliders() -> dict[str, ipywidgets.Widget]:
    """One slider for each number of :class:`Settings`, and one for both limits of the frequency range."""
    kinds = {
        "window_ms": (ipywidgets.IntSlider, 25, 5, 100, 1, "window (ms)"),
        "step_ms": (ipywidgets.IntSlider, 10, 2, 20, 1, "step (ms)"),
        "n_mels": (ipywidgets.IntSlider, 64, 20, 128, 1, "mel bands"),
        "frequency": (ipywidgets.IntRangeSlider, (0, 8000), 0, 8000, 100, "range (Hz)"),
        "range_db": (ipywidgets.IntSlider, 70, 20, 80, 1, "range (dB)"),
        "pre_emphasis": (ipywidgets.FloatSlider, 0.0, 0.0, 0.97, 0.01, "pre-emphasis"),
    }
    return {
        name: kind(value=value, min=low, max=high, step=step, description=label, layout={"width": "31%"})
        for name, (kind, value, low, high, step, label) in kinds.items()
    }


def _note(settings: Settings) -> str:
    """A hint about the settings, or an empty text."""
    if settings.view in ("mel", "MFCC") and (n := empty_bands(settings)):
        return f"{n} of {settings.n_mels} mel bands contain no frequency bin: reduce the number of bands."
    if settings.overlays and settings.view not in ("spectrogram", "mel"):
        return "F0 and formants are only drawn in the views spectrogram and mel."
    return ""

"""Choosing one clip: corpus, speaker, emotion, clip, or a sound of one's own.

Notebook: demo.ipynb
"""
# MERGED DOC: The spectrogram explorer: choose or record a clip, move sliders, see and hear.
#
#   >>> from sercore.widgets import Explorer
#   >>> Explorer("demo")
#
#   Every control only changes a :class:`~sercore.pictures.analysis.Settings`; the picture of given settings
#   comes from :func:`sercore.pictures.views.pictures`, with or without this widget.

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import ipywidgets
import pandas as pd

from .. import audio, corpora
from ..audio import SAMPLE_RATE
from ..errors import SercoreError
from ..labels import sort_emotions
from ..pictures.analysis import OVERLAYS, VIEWS, Clip, Settings, empty_bands
from ..pictures.views import pictures
from .debounce import Debounced
from .player import Player
from .upload import Message, SoundInput

MAX_SECONDS = 30.0
"""What is longer is cut for this widget; the timeline is for long recordings."""


class ClipChooser(ipywidgets.VBox):
    """Four lists, an upload button and a microphone; whatever is chosen becomes a :class:`Clip`.

    Parameters
    ----------
    chosen : callable
        Called with each clip.
    corpus : str
        The corpus to begin with.
    letter : str
        Name of the place the clip goes to, such as "A".

    Raises
    ------
    CorpusError
        There is no corpus of this name.
    """

    def __init__(
        self, chosen: Callable[[Clip], object], *, corpus: str = "demo", letter: str = "A", own=True
    ):
        corpora.get_corpus(corpus)
        self._chosen, self._letter, self._filling = chosen, letter, False
        self.own = SoundInput(self._take)
        self.corpus = _list("corpus", f"Corpus {letter}")
        self.speaker = _list("speaker", "Speaker")
        self.emotion = _list("emotion", "Emotion")
        self.clip = _list("clip", "Clip")
        self.corpus.options = _found(corpus)
        self.corpus.value = corpus
        lists = [self.corpus, self.speaker, self.emotion, self.clip]
        for place in lists:
            place.observe(self._changed, "value")
        super().__init__([ipywidgets.HBox(lists, layout={"flex_flow": "row wrap"}), self.own])
        self._changed({"owner": self.corpus})

    def _changed(self, change) -> None:
        """Fill the lists that depend on the changed one, then load the clip."""
        if self._filling:
            return
        self._filling = True
        try:
            index = _index(self.corpus.value)
            if change["owner"] is self.corpus:
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
            self._take(wave, f"{row['emotion']}, {row['clip_id'].split('/', 1)[1]}")
        finally:
            self._filling = False

    def _take(self, wave, name: str) -> None:
        n = round(MAX_SECONDS * audio.SAMPLE_RATE)
        if len(wave) > n:
            self.own.message.say(f"{name}: the first {MAX_SECONDS:.0f} s are shown")
        self._chosen(Clip(wave[:n], f"{self._letter}: {name}"))


@lru_cache(maxsize=8)
def _index(corpus: str) -> pd.DataFrame:
    return corpora.load_index(corpus)


def _found(corpus: str) -> list[str]:
    """Corpora on this machine, the demo, which can always be made, and the one asked for."""
    table = corpora.list_corpora()
    return [name for name in table.index if table.loc[name, "found"] or name in ("demo", corpus)]


def _list(name: str, description: str) -> ipywidgets.Dropdown:
    made = ipywidgets.Dropdown(description=description, layout={"width": "auto", "max_width": "330px"})
    made.add_class(f"sercore-{name}")
    return made


def _refill(place: ipywidgets.Dropdown, options: list) -> None:
    """New options; the value stays where it still exists."""
    values = [option[1] if isinstance(option, tuple) else option for option in options]
    kept = place.value if place.value in values else values[0]
    if tuple(options) != tuple(place.options):
        place.options = options
    place.value = kept


SIZES = {"normal": 15, "large": 18, "projector": 23}
"""Text size: height of the font_px in pictures, in pixels; font_px of controls grow with it."""

WIDTHS, HEIGHTS = (1200, 620), (300, 270)
"""Pixels of the only picture, and of each of two; the width is the browser's as soon as it is known."""

_NARROWEST = 500  # Hz


class Explorer(ipywidgets.VBox):
    """Sliders around the picture of one clip, or of two side by side on the same axes.

    Parameters
    ----------
    corpus : str
        The corpus to begin with.
    text : str
        One of :data:`SIZES`.

    Raises
    ------
    CorpusError
        There is no corpus of this name.
    SercoreError
        There is no such text size.

    Attributes
    ----------
    settings : Settings
        What the controls say now.
    players : tuple of Player
        The picture and sound of clip A and of clip B.
    later : Debounced
        Draws; ``later.waiting`` says whether a change is not drawn yet.
    """

    def __init__(self, corpus: str = "demo", *, text: str = "normal"):
        if text not in SIZES:
            raise SercoreError(f"text={text!r}: sizes are {', '.join(SIZES)}")
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
        self.compare = ipywidgets.Checkbox(description="compare two", indent=False, layout={"width": "auto"})
        self.text = ipywidgets.Dropdown(options=list(SIZES), value=text, description="Text size")
        self.text.layout.width = "auto"
        self.players = (Player(name="clip-A"), Player(name="clip-B"))
        self.players[1].layout.display = "none"
        self.note = Message()
        self.later = Debounced(self._draw)
        self.choosers = [ClipChooser(lambda clip: self.show(clip), corpus=corpus)]
        row = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 12px"}
        self._choosing = ipywidgets.VBox(self.choosers)
        looks = [self.view, *self.overlays.values(), self.compare, self.text]
        super().__init__(
            [
                self._choosing,
                ipywidgets.HBox(list(self.sliders.values()), layout=row),
                ipywidgets.HBox(looks, layout=row),
                ipywidgets.HBox(self.players),
                self.note,
            ]
        )
        self.add_class("sercore-app")
        self._draw()
        for control in [*self.sliders.values(), self.view, *self.overlays.values()]:
            control.observe(self.later, "value")
        self.compare.observe(self._show_second, "value")
        self.text.observe(self.later, "value")
        for player in self.players:
            player.observe(self.later, "width")

    @property
    def settings(self) -> Settings:
        """What the controls say now."""
        values = {name: slider.value for name, slider in self.sliders.items()}
        low, high = values.pop("frequency")
        low = min(low, SAMPLE_RATE // 2 - _NARROWEST)
        return Settings(
            view=self.view.value,
            overlays=tuple(name for name, box in self.overlays.items() if box.value),
            fmin=low,
            fmax=max(high, low + _NARROWEST),
            font_size=SIZES[self.text.value],
            **values,
        )

    def show(self, clip: Clip, letter: str = "A") -> None:
        """See and hear a clip, in place A or B."""
        self._clips[letter] = clip
        player = self.players["AB".index(letter)]
        player.hear(clip.wave, SAMPLE_RATE)
        player.description = f"clip {clip.title}"
        self.later()

    def _show_second(self, change) -> None:
        """Show or hide the second clip."""
        if change["new"] and len(self.choosers) == 1:
            self.choosers.append(
                ClipChooser(lambda clip: self.show(clip, "B"), corpus=self._corpus, letter="B")
            )
        self._choosing.children = self.choosers[: 1 + change["new"]]
        self.players[1].layout.display = None if change["new"] else "none"
        self.later()

    def _draw(self) -> None:
        """Bring pictures up to date with the controls."""
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
    """One slider for each number of :class:`Settings`; a range for both ends of the frequency axis."""
    kinds = {
        "window_ms": (ipywidgets.IntSlider, 25, 5, 100, 1, "window (ms)"),
        "step_ms": (ipywidgets.IntSlider, 10, 2, 20, 1, "step (ms)"),
        "n_mels": (ipywidgets.IntSlider, 64, 20, 128, 1, "mel bands"),
        "frequency": (ipywidgets.IntRangeSlider, (0, 8000), 0, 8000, 100, "range (Hz)"),
        "range_db": (ipywidgets.IntSlider, 70, 20, 80, 1, "range (dB)"),
        "pre_emphasis": (ipywidgets.FloatSlider, 0.0, 0.0, 0.97, 0.01, "pre-emphasis"),
    }
    return {
        name: kind(value=value, min=low, max=high, step=step, description=words, layout={"width": "31%"})
        for name, (kind, value, low, high, step, words) in kinds.items()
    }


def _note(settings: Settings) -> str:
    """What to know about these settings."""
    if settings.view in ("mel", "MFCC") and (n := empty_bands(settings)):
        return f"{n} of {settings.n_mels} bands hold no frequency of the Fourier transform: take fewer bands."
    if settings.overlays and settings.view not in ("spectrogram", "mel"):
        return "F0 and formants are drawn where the vertical axis is frequency: spectrogram and mel."
    return ""

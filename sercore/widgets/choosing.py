"""Choosing one clip: corpus, speaker, emotion, clip, or a sound of one's own.

Notebook: demo.ipynb
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import ipywidgets
import pandas as pd

from .. import audio, corpora
from ..errors import SercoreError
from ..plots.style import in_order
from .analyses import Clip
from .upload import OwnSound

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
        self.own = OwnSound(self._take)
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
            _refill(self.emotion, in_order(index["emotion"]))
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

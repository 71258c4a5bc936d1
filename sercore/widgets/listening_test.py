"""The listening test: people name the emotion of clips, beside a model on the same clips.

Without the widget, use :mod:`sercore.evaluation.human`.
"""

from __future__ import annotations

import base64
import html
import os
import time
from collections.abc import Callable
from pathlib import Path

import ipywidgets
import pandas as pd
from matplotlib.figure import Figure

from .. import audio, plots
from ..audio.encoding import wav_bytes
from ..corpora import load_index
from ..errors import AudioError, EvaluationError, SercoreError
from ..evaluation import human
from ..files import write_atomic
from ..labels import sort_emotions
from ..paths import data_dir
from ..pictures.picture import from_axes
from ..plots.style import color_of
from .notice import VOTING, notice_html
from .page_style import apply_style, control_layout, font_px, make_button
from .shortcuts import DOUBLE_CLICK_SECONDS, SILENCE, Shortcuts
from .upload import Message

RESULTS, CLIPS = "Show results", "Back to the clips"


class ListeningTest(ipywidgets.VBox):
    """Clips in random order, a button for each emotion, and the recall of people beside that of a model.

    A listener votes with a name; each has another order of the clips. With *Count hands*, a class votes
    together: every click adds a vote, and *Next clip* goes on. Every vote is stored in ``votes.csv`` at once,
    so a test continues after a crash: enter the same name.

    Parameters
    ----------
    index : pd.DataFrame, optional
        From :func:`sercore.corpora.load_index`; by default the demo corpus, a synthetic voice.
    n_clips : int
        Number of clips, balanced over emotions (:func:`sercore.evaluation.human.choose_clips`).
    folder : path, optional
        Folder of the votes; by default ``listening`` in the data folder.
    predict : callable or Predictor, optional
        Model (:func:`sercore.evaluation.human.predict_clips`). Its score is only fair if it was not
        trained on these speakers.
    seed : int
        Determines clips and order.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    votes : pd.DataFrame
        All votes for these clips.
    table : pd.DataFrame or None
        The results shown last.

    Raises
    ------
    EvaluationError
        There are fewer than two emotions, or the folder contains another ``votes.csv``.

    See Also
    --------
    sercore.evaluation.human_recall : The results without a widget.
    sercore.plots.listening_test : The figure.

    Examples
    --------
    >>> ListeningTest(load_index("ravdess"), n_clips=24, predict=predictor)  # doctest: +SKIP

    Notebook: 10_your_own_voice.ipynb
    """

    def __init__(
        self,
        index: pd.DataFrame | None = None,
        *,
        n_clips: int = 16,
        folder: str | os.PathLike | None = None,
        predict: Callable | object | None = None,
        seed: int = 0,
        text: str = "large",
    ):
        font_px(text)
        index = load_index("demo") if index is None else index
        self.emotions = sort_emotions(index["emotion"])
        if len(self.emotions) < 2:
            raise EvaluationError(f"the clips have {len(self.emotions)} emotion(s); a test needs two or more")
        self._choices = " ".join(self.emotions)
        self.clips = human.choose_clips(index, n_clips, seed=seed).set_index("clip_id", drop=False)
        self.path = (data_dir() / "listening" if folder is None else Path(folder).expanduser()) / "votes.csv"
        self._predict, self._seed, self._predicted = predict, seed, {}
        self._voted = -DOUBLE_CLICK_SECONDS  # time of the last click on an emotion
        self._unreadable: set[str] = set()
        self.table: pd.DataFrame | None = None
        self._load(human.read_votes(self.path))
        self._build(text)
        super().__init__(self._rows())
        self.add_class("sercore-booth")
        apply_style(self, text)
        self._playing = ""
        self.refresh()

    def _load(self, votes: pd.DataFrame) -> None:
        """Keep the votes for these clips among these emotions; other tests may share the file."""
        known = votes["vote"].isin(self.emotions) & (votes["choices"] == "")  # stored by an earlier version
        same = known | (votes["choices"] == self._choices)
        self.votes = votes[votes["clip_id"].isin(self.clips["clip_id"]) & same]

    def _build(self, text: str) -> None:
        self.name = ipywidgets.Text(
            description="Name or pseudonym", continuous_update=False, **control_layout(430, 160, text)
        )
        self.hands = ipywidgets.Checkbox(
            description="Count hands of a class", indent=False, layout={"width": "auto"}
        )
        self.question = ipywidgets.HTML()
        self.audio = ipywidgets.Audio(value=SILENCE, format="wav", autoplay=True, loop=False)
        self.buttons = {emotion: self._vote_button(emotion, k) for k, emotion in enumerate(self.emotions, 1)}
        self.next_button = make_button("Next clip (N)", "go on; hands can still be counted later", self.next)
        self.next_button.add_class("sercore-next")
        self.back_button = make_button("Undo last vote", "vote again for the previous clip", self.undo)
        self.result_button = make_button(RESULTS, "recall per emotion; shows the true emotions", self.toggle)
        self.export_button = make_button("Export CSV", "write the results beside the votes", self.export)
        self.link, self.progress = ipywidgets.HTML(), ipywidgets.HTML(layout={"flex": "1 1 auto"})
        self.picture = ipywidgets.HTML()
        self.summary, self.message = ipywidgets.HTML(), Message()
        keys = {str(k): f".sercore-vote-{k}" for k in range(1, min(9, len(self.emotions)) + 1)}
        self.shortcuts = Shortcuts(keys | {"n": ".sercore-next"})
        self.name.observe(lambda _: self.refresh(), "value")
        self.hands.observe(lambda _: self.refresh(), "value")

    def _vote_button(self, emotion: str, number: int) -> ipywidgets.Button:
        button = make_button(
            f"{number} {emotion}", f"the speaker acts: {emotion}", lambda: self._click(emotion)
        )
        button.add_class(f"sercore-vote-{number}")
        button.style.button_color, button.style.text_color = "#f2f2f2", "#111111"  # also in a dark theme
        button.layout.border_bottom = f"8px solid {color_of(emotion)}"
        return button

    def _rows(self) -> list:
        row = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "4px 12px"}
        choices = ipywidgets.HBox(list(self.buttons.values()), layout=row)
        choices.add_class("sercore-votes")
        self.stage = ipywidgets.VBox(
            [
                self.question,
                ipywidgets.HBox([self.audio, self.next_button, self.back_button], layout=row),
                choices,
            ]
        )
        return [
            ipywidgets.HTML(notice_html(lines=(VOTING,))),
            ipywidgets.HBox([self.name, self.hands], layout=row),
            self.stage,
            self.message,
            ipywidgets.HBox([self.progress, self.result_button, self.export_button, self.link], layout=row),
            self.picture,
            self.summary,
            self.shortcuts,
        ]

    @property
    def listener(self) -> str:
        """Name in the table of votes; empty if there is none."""
        if self.hands.value:
            return human.HANDS
        typed = " ".join(self.name.value.split())
        known = (name for name in self.votes["listener"].unique() if name.casefold() == typed.casefold())
        return typed if typed == human.HANDS else next(known, typed)

    @property
    def is_open(self) -> bool:
        """Whether there is a listener; the name of votes by hands is reserved."""
        return bool(self.listener) and (self.hands.value or self.listener != human.HANDS)

    @property
    def order(self) -> list[str]:
        """Clip ids in the order of this listener."""
        order = human.shuffle_clips(self.clips["clip_id"], self.listener, seed=self._seed)
        return [clip_id for clip_id in order if clip_id not in self._unreadable]

    @property
    def clip_id(self) -> str | None:
        """The clip to vote for; None at the end or without a listener."""
        if not self.is_open:
            return None
        own = self.votes[self.votes["listener"] == self.listener]
        voted = set(own["clip_id"])
        if self.hands.value and self._playing in voted:  # hands are added until the next clip
            return self._playing
        return next((clip_id for clip_id in self.order if clip_id not in voted), None)

    def refresh(self) -> None:
        """Show the next clip of this listener, without results, which would reveal emotions."""
        self.picture.value = self.summary.value = ""
        self.result_button.description = RESULTS
        self.message.clear()
        self.name.disabled = self.hands.value
        if not self.is_open:
            taken = " Choose another name." if self.listener else ""
            self.message.say(f"Enter a name or pseudonym, or tick “Count hands”.{taken}")
        self.stage.layout.display = None if self.is_open else "none"
        self.next_button.layout.display = None if self.hands.value else "none"
        if self.clip_id != self._playing:
            self._try(lambda: self._play(self.clip_id))
        clip_id = self.clip_id
        own = self.votes[self.votes["listener"] == self.listener]
        n_done = own["clip_id"].nunique() - (self.hands.value and clip_id in set(own["clip_id"]))
        self.question.value = _question(n_done, len(self.clips), clip_id is None)
        self.back_button.disabled = own.empty
        self._show_counts(clip_id, own)
        n_votes, n_listeners = int(self.votes["count"].sum()), self.votes["listener"].nunique()
        self.progress.value = (
            f"{n_votes} vote{'s' * (n_votes != 1)} of {n_listeners} listener{'s' * (n_listeners != 1)} "
            f"in {html.escape(str(self.path))}"
        )
        self.result_button.disabled = self.export_button.disabled = n_votes == 0

    def _show_counts(self, clip_id: str | None, own: pd.DataFrame) -> None:
        counts = own[own["clip_id"] == clip_id].set_index("vote")["count"]
        for number, (emotion, button) in enumerate(self.buttons.items(), 1):
            button.disabled = clip_id is None
            hands = f": {counts.get(emotion, 0)}" if self.hands.value else ""
            button.description = f"{number} {emotion}{hands}"

    def _play(self, clip_id: str | None) -> None:
        self._playing, faults = "", []
        self.audio.value = SILENCE
        while clip_id is not None and not self._playing:
            try:
                wave = audio.load(self.clips["path"][clip_id])
            except AudioError as error:  # nobody can vote for it
                self._unreadable.add(clip_id)
                faults.append(f"{error}. The clip is left out.")
                clip_id = self.clip_id
            else:
                self._playing = clip_id
                self.audio.value = wav_bytes(wave, audio.SAMPLE_RATE)  # no name of a file inside
        if faults:
            self.message.warn("\n".join(faults[:3] + [f"… and {len(faults) - 3} more"] * (len(faults) > 3)))

    def _click(self, emotion: str) -> None:
        """A double click is one vote: the next clip, which it would be for, was not heard yet."""
        now = time.monotonic()
        if self.hands.value or now - self._voted > DOUBLE_CLICK_SECONDS:
            try:
                self.vote(emotion)
            finally:  # a slow folder does not make the second click a late one
                self._voted = time.monotonic()

    def vote(self, emotion: str) -> None:
        """Store a vote for the clip that plays; with hands, one more of this emotion."""
        if (clip_id := self.clip_id) is None:
            return
        vote = {"listener": self.listener, "clip_id": clip_id, "emotion": self.clips["emotion"][clip_id]}
        new = pd.DataFrame([vote | {"vote": emotion, "choices": self._choices, "count": 1}])
        self._store(new, add=self.hands.value)

    def next(self) -> None:
        """Go on to the next clip of a class."""
        self._playing = ""
        self.refresh()

    def undo(self) -> None:
        """Delete the votes of this listener for the last clip."""
        own = self.votes[self.votes["listener"] == self.listener]
        if not own.empty:
            last = own.iloc[-1:]
            self._playing = ""
            self._store(last.assign(count=0))

    def _store(self, votes: pd.DataFrame, *, add: bool = False) -> None:
        def store():
            self._load(human.write_votes(self.path, votes, add=add))
            self.refresh()

        self._try(store)

    def toggle(self) -> None:
        """Show the results, or the clips again."""
        (self.refresh if self.picture.value else self.show)()

    def show(self) -> None:
        """Compute and draw the results."""
        self._try(self._show)

    def _show(self) -> None:
        self.message.clear()
        self._load(human.read_votes(self.path))  # also those of other widgets
        if self._predict is not None:
            self._predict_voted()
        self.people = human.human_recall(self.votes)
        table = self.people
        if self._predicted:
            table = human.compare_with_model(self.votes, self._predicted)
        self.table = table
        height = 1.3 + 0.36 * (len(table) + len(human.PUBLISHED))
        ax = Figure(figsize=(11, height), layout="constrained").subplots()
        plots.listening_test(table, n_choices=len(self.emotions), published=human.PUBLISHED, ax=ax)
        data = base64.b64encode(from_axes(ax).png).decode()
        alt = "Recall of every emotion in percent; the text below has the main numbers"
        self.picture.value = (
            f"<img alt='{alt}' style='max-width:900px;width:100%' src='data:image/png;base64,{data}'>"
        )
        self.stage.layout.display = "none"  # room for the figure on a projector
        self.result_button.description = CLIPS
        self.summary.value = self._text(table)

    def _predict_voted(self) -> None:
        """Predict the clips that people voted for; one that cannot be read is not compared."""
        self.message.say("The model predicts the clips …")
        faults = []
        for clip_id in sorted(set(self.votes["clip_id"]) - set(self._predicted)):
            path = {clip_id: self.clips["path"][clip_id]}
            try:
                self._predicted |= human.predict_clips(self._predict, path, self.emotions)
            except AudioError as error:
                faults.append(f"{error}. The model does not predict it.")
        self.message.clear()
        if faults:
            self.message.warn("\n".join(faults[:3]))

    def _text(self, table: pd.DataFrame) -> str:
        """The results in words, with the sources."""
        best = self.people.loc["UA"]
        lines = [
            f"People: UA {_percent(best['recall'], best['low'], best['high'])}, {best['n_votes']} votes for "
            f"{best['n_clips']} clips; 95 % interval over {best['over']}."
        ]
        if "model" in table:
            row = table.loc["UA"]
            lines[0] += (
                f" Over clips: people {_percent(row['people'], row['people_low'], row['people_high'])}, "
                f"model {_percent(row['model'], row['model_low'], row['model_high'])}; model minus people "
                f"{_points(row['difference'], row['low'], row['high'])}."
            )
        lines += [
            f"{one.corpus}, {one.clips}: {100 * one.recall:.1f} % ({one.source}; {one.checked})."
            for one in human.PUBLISHED
        ]
        return f"<div class='sercore-message'>{'<br>'.join(map(html.escape, lines))}</div>"

    def export(self) -> None:
        """Write ``results.csv`` beside the votes, and offer it as a download."""
        self._try(self._export)

    def _export(self) -> None:
        self._show()
        path = self.path.with_name("results.csv")
        content = self.table.rename_axis("emotion").to_csv(lineterminator="\n").encode()
        try:
            write_atomic(path, content)
        except OSError as error:
            raise EvaluationError(f"{path} cannot be written ({error.strerror or error})") from error
        data = base64.b64encode(content).decode()
        self.link.value = f"<a download='results.csv' href='data:text/csv;base64,{data}'>results.csv</a>"
        self.message.say(f"Written: {path}; every vote is in {self.path.name}.")

    def _try(self, action) -> None:
        """Do something, and show why it failed."""
        try:
            action()
        except SercoreError as error:
            self.message.warn(str(error))


def _question(n_done: int, n_clips: int, is_over: bool) -> str:
    text = "Thank you. That was the last clip." if is_over else "Which emotion does the speaker act?"
    count = f"{n_done} of {n_clips} clips" if is_over else f"clip {n_done + 1} of {n_clips}"
    return (
        f"<div class='sercore-prompt'><div class='sercore-count'>{count}</div>"
        f"<div class='sercore-emotion-name'>{text}</div></div>"
    )


def _percent(value: float, low: float, high: float) -> str:
    interval = f" [{100 * low:.0f}, {100 * high:.0f}]" if low == low else ""
    return f"{100 * value:.0f} %{interval}"


def _points(value: float, low: float, high: float) -> str:
    interval = f" [{100 * low:+.0f}, {100 * high:+.0f}]" if low == low else ""
    return f"{100 * value:+.0f}{interval} points"

"""The booth: people record sentences with emotions, and the recordings become a corpus.

Without the widget, use :class:`sercore.corpora.Takes`.
"""

from __future__ import annotations

import html
import io
import os
import time
from collections.abc import Sequence

import ipywidgets
import numpy as np

from ..audio.encoding import load_bytes
from ..corpora.takes import Takes, find_faults, make_prompts, shuffle_prompts
from ..errors import AudioError, SercoreError
from ..labels import EMOTIONS
from ..plots.style import color_of
from .notice import notice_html
from .page_style import apply_style, control_layout, font_px, make_button, show
from .shortcuts import DOUBLE_CLICK_SECONDS, SILENCE, Shortcuts
from .upload import MUTED, Message, Recorder

SENTENCES = ("The door is open.", "It is seven o'clock.")
"""Default sentences, of which every emotion is plausible."""
FOUR = ("neutral", "happy", "sad", "angry")
"""Default emotions."""

PRIVATE = "No recording leaves this folder."
CONSENT = "I agree that my voice is recorded and stored in this folder. I can have it deleted at any time."


class Booth(ipywidgets.VBox):
    """Prompts, a microphone and a folder: each take that is kept becomes a WAV file and a row of a table.

    The microphone appears after a name (or pseudonym) and consent. Every speaker has the prompts in another
    order. Keys: R to start and stop the recording, K to keep it. *Fast* keeps takes without faults at once
    and starts the next recording. The state is the folder: after a crash, enter the same name to continue.

    Parameters
    ----------
    folder : path, optional
        See :class:`sercore.corpora.Takes`. Several booths may use one folder.
    sentences, emotions : sequence of str
        Prompts are all pairs; both can be edited in the widget.
    repetitions : int
        Takes of each pair.
    language : str
        Language of the sentences, such as ``"en"``.
    seed : int
        Determines the order of prompts together with the name.
    limit : float
        Maximum length of a take in seconds.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    takes : Takes
    prompt : Prompt or None
        What to say next.

    Raises
    ------
    CorpusError
        There are no prompts, or the folder contains another table.

    See Also
    --------
    ListeningTest : How well people recognise the recordings.

    Examples
    --------
    >>> Booth("class", sentences=["Es ist sieben Uhr."], language="de")  # doctest: +SKIP

    Notebook: 10_your_own_voice.ipynb
    """

    def __init__(
        self,
        folder: str | os.PathLike | None = None,
        *,
        sentences: Sequence[str] = SENTENCES,
        emotions: Sequence[str] = FOUR,
        repetitions: int = 1,
        language: str = "",
        seed: int = 0,
        limit: float = 10.0,
        text: str = "large",
    ):
        font_px(text)
        self.takes, self._seed = Takes(folder), seed
        self._options = {"repetitions": repetitions, "language": language}
        self._prompts = make_prompts(sentences, emotions, **self._options)
        self.takes.rows()  # an error if the folder contains another table
        self._skipped: list[str] = []
        self._take: tuple[np.ndarray, int] | None = None
        self._undone = -DOUBLE_CLICK_SECONDS  # time of the last click on undo
        self._build(sentences, limit, text)
        super().__init__(self._rows())
        self.add_class("sercore-booth")
        apply_style(self, text)
        self._observe()
        self.refresh()

    def _build(self, sentences: Sequence[str], limit: float, text: str) -> None:
        self.name = ipywidgets.Text(
            description="Name or pseudonym", continuous_update=False, **control_layout(430, 160, text)
        )
        self.consent = ipywidgets.Checkbox(description=CONSENT, indent=False, layout={"width": "auto"})
        self.show_prompt, self.progress = ipywidgets.HTML(), ipywidgets.HTML(layout={"flex": "1 1 auto"})
        self.recorder = Recorder(limit=limit)
        self.fast = ipywidgets.Checkbox(
            description="Fast: keep good takes, start the next", indent=False, layout={"width": "auto"}
        )
        self.audio = ipywidgets.Audio(value=SILENCE, format="wav", autoplay=False, loop=False)
        self.keep_button = make_button("✓ Keep (K)", "store this take", self.keep, "success")
        self.keep_button.add_class("sercore-keep")
        self.skip_button = make_button("Skip", "say this sentence later", self.skip)
        self.undo_button = make_button(
            "Undo last take", "delete the last take of this person", self._click_undo
        )
        self.delete_button = make_button(
            "Delete my takes …", "delete all takes of this person", self.ask_delete
        )
        self.confirm_button = make_button("Delete", "delete the files now", self.delete, "danger")
        self.cancel_button = make_button("Cancel", "keep the files", self.refresh)
        self.question, self.message = ipywidgets.HTML(), Message()
        self.shortcuts = Shortcuts({"r": ".sercore-record", "k": ".sercore-keep"})
        self.sentences = ipywidgets.Textarea(
            value="\n".join(sentences), description="Sentences", continuous_update=False, rows=5,
            **control_layout(520, 92, text),
        )  # fmt: skip
        self.emotions = ipywidgets.SelectMultiple(
            options=EMOTIONS, value=[e for e in EMOTIONS if e in {p.emotion for p in self._prompts}],
            description="Emotions", rows=5, **control_layout(280, 92, text),
        )  # fmt: skip
        self.folder = ipywidgets.Text(
            value=str(self.takes.folder), description="Folder", continuous_update=False,
            **control_layout(520, 92, text),
        )  # fmt: skip

    def _rows(self) -> list:
        row = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "4px 12px"}
        self.decide = ipywidgets.HBox([self.audio, self.keep_button], layout=row)
        self.stage = ipywidgets.VBox(
            [
                self.show_prompt,
                ipywidgets.HBox([self.recorder, self.skip_button, self.fast], layout=row),
                self.decide,
            ]
        )
        self.confirm = ipywidgets.HBox(
            [self.question, self.confirm_button, self.cancel_button], layout=dict(row)
        )
        self.settings = ipywidgets.Accordion(
            [
                ipywidgets.HBox(
                    [ipywidgets.VBox([self.sentences, self.folder]), self.emotions],
                    layout={"flex_flow": "wrap"},
                )
            ],
            titles=("Sentences (one per line), emotions and folder",),
            selected_index=None,
        )
        return [
            ipywidgets.HTML(notice_html(PRIVATE)),
            ipywidgets.HBox([self.name, self.consent], layout=row),
            self.stage,
            self.message,
            ipywidgets.HBox([self.progress, self.undo_button, self.delete_button], layout=row),
            self.confirm,
            self.settings,
            self.shortcuts,
        ]

    def _observe(self) -> None:
        self.name.observe(lambda _: self._enter(), "value")
        self.consent.observe(lambda _: self.refresh(), "value")
        self.shortcuts.observe(lambda change: self._start(change.new), "busy")
        self.recorder.observe(lambda change: self._record(change.new), "recording")
        for control in (self.sentences, self.emotions):
            control.observe(lambda _: self._try(self._edit), "value")
        self.folder.observe(lambda _: self._try(self._move), "value")

    @property
    def speaker(self) -> str:
        """Name of the speaker as spelt in the folder; empty if there is none."""
        return self.takes.spelling(self.name.value) if self.name.value.strip() else ""

    @property
    def is_open(self) -> bool:
        """Whether there is a speaker who consented."""
        return bool(self.consent.value and self.name.value.strip())

    def refresh(self) -> None:
        """Show the next prompt and the progress of the folder."""
        self.message.clear()
        self._try(self._refresh)

    def _refresh(self) -> None:
        show(self.stage, False)  # also if the name cannot be used
        speaker, counts = self.speaker, self.takes.speakers()
        order = shuffle_prompts(self._prompts, speaker, seed=self._seed)
        left = self.takes.remaining(order, speaker)
        left.sort(
            key=lambda prompt: self._skipped.index(prompt.key) + 1 if prompt.key in self._skipped else 0
        )
        self.prompt = left[0] if left else None
        self.recorder.about = str(self.prompt.key) if self.prompt else ""
        self.show_prompt.value = _prompt_html(self.prompt, len(order) - len(left), len(order), speaker)
        show(self.stage, self.is_open)
        show(self.recorder, self.is_open and self.prompt is not None)
        show(self.decide, self._take is not None)
        show(self.confirm, False)
        self._n_left, n_all = len(left), sum(counts.values())
        self._refresh_buttons()
        n_own = len(order) - len(left)  # takes of other sentences are not among them
        who = f"<b>{html.escape(speaker)}: {n_own} of {len(order)}</b> · " if speaker else ""
        self.progress.value = (
            f"{who}{len(counts)} speaker{'s' * (len(counts) != 1)}, {n_all} take{'s' * (n_all != 1)} in "
            f"{html.escape(str(self.takes.folder))}"
        )
        if not self.is_open:
            self.message.say(
                "Enter a name or pseudonym and tick the consent line: then the microphone appears."
            )

    def _refresh_buttons(self) -> None:
        n_own = self.takes.speakers().get(self.speaker, 0)
        self.undo_button.disabled = self.delete_button.disabled = n_own == 0
        self.skip_button.disabled = self._n_left < 2

    def _enter(self) -> None:
        """Another person: consent is asked for again."""
        self._drop()
        self._skipped.clear()
        self.consent.value = False
        self.refresh()
        self._try(self._greet)

    def _greet(self) -> None:
        n_takes = self.takes.speakers().get(self.speaker, 0)
        if n_takes:
            self.message.say(
                f"{self.speaker} has {n_takes} take(s) here and continues. If that is not you, choose "
                "another name."
            )

    def _start(self, busy: bool) -> None:
        """A recording starts or ends: until it ends, nothing may change what is being said."""
        if busy:
            self._drop()
            show(self.confirm, False)  # deleting would hide the button that stops
        controls = (
            self.name, self.consent, self.fast, self.skip_button, self.undo_button, self.delete_button,
            self.sentences, self.emotions, self.folder,
        )  # fmt: skip
        for control in controls:
            control.disabled = busy
        if not busy:
            self._try(self._refresh_buttons)

    def _record(self, content: bytes) -> None:
        """A recording arrived: check it, and keep it in fast mode."""
        if not content:
            return
        if not self.is_open or self.prompt is None:
            return self._drop()
        if self.recorder.recorded_about not in ("", self.recorder.about):  # the kernel was slow
            self._drop()
            return self.message.warn("The sentence changed while you were speaking. Please record this one.")
        self.message.clear()
        self._try(lambda: self._check(content))

    def _check(self, content: bytes) -> None:
        import soundfile

        self._drop()
        try:
            load_bytes(content, "the recording")  # an error if this is not a usable recording
        except AudioError as error:
            if error.reason != "silent":
                raise
            return self.message.warn(MUTED)
        samples, sr = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
        wave = load_bytes(content, "the recording", sr=sr)
        faults = find_faults(samples[:, 0], sr)
        self._take, self.audio.value = (wave, sr), content
        show(self.decide, True)
        if faults:
            self.message.warn(f"{'; '.join(faults)}. Press Record to repeat.")
        elif self.fast.value:
            self.keep()
            if self._take is None and self.prompt is not None:  # it is stored
                self.shortcuts.click(".sercore-record[aria-label^=Record]")  # never Stop
        else:
            self.message.say("Listen, then keep the take, or press Record to repeat it.")

    def keep(self) -> None:
        """Store the take and show the next prompt."""
        if self._take is not None and self.prompt is not None:
            self._try(self._keep)

    def _keep(self) -> None:
        wave, sr = self._take
        self.takes.keep(self.speaker, self.prompt, wave, sr, consent=self.consent.value)
        self._drop()
        self.refresh()

    def skip(self) -> None:
        """Move the prompt to the end."""
        self._drop()
        if self.prompt.key in self._skipped:
            self._skipped.remove(self.prompt.key)
        self._skipped.append(self.prompt.key)
        self.refresh()

    def _click_undo(self) -> None:
        """A double click deletes one take."""
        now = time.monotonic()
        if now - self._undone > DOUBLE_CLICK_SECONDS:
            try:
                self.undo()
            finally:  # a slow folder does not make the second click a late one
                self._undone = time.monotonic()

    def undo(self) -> None:
        """Delete the speaker's last take."""
        self._drop()

        def undo():
            self.takes.undo(self.speaker)
            self.refresh()

        self._try(undo)

    def ask_delete(self) -> None:
        """Ask whether all takes of the speaker should be deleted."""

        def ask():
            who, n_takes = html.escape(self.speaker), self.takes.speakers().get(self.speaker, 0)
            self.question.value = f"<b>Delete all {n_takes} take(s) of {who} for ever?</b>"
            show(self.confirm, True)

        self._try(ask)

    def delete(self) -> None:
        """Delete all takes of the speaker; no recording of the person stays in the widget."""
        self._drop()

        def delete():
            speaker, self.consent.value = self.speaker, False
            n_deleted = self.takes.delete(speaker)
            self.refresh()
            self.message.say(
                f"{n_deleted} file(s) of {speaker} were deleted, with the cached features of own recordings. "
                "Exported copies, other caches and models that were trained are not found from here."
            )

        self._try(delete)

    def _drop(self) -> None:
        """Forget the take that was not kept."""
        self._take, self.audio.value, self.recorder.recording = None, SILENCE, b""
        show(self.decide, False)

    def _edit(self) -> None:
        prompts = make_prompts(self.sentences.value.split("\n"), self.emotions.value, **self._options)
        self._drop()
        self._prompts = prompts
        self.refresh()

    def _move(self) -> None:
        takes = Takes(self.folder.value.strip() or None)
        takes.rows()
        self._drop()
        self.takes, self.consent.value = takes, False
        self.refresh()

    def _try(self, action) -> None:
        """Do something, and show why it failed."""
        try:
            action()
        except SercoreError as error:
            self.message.warn(str(error))


def _prompt_html(prompt, n_done: int, n_all: int, speaker: str) -> str:
    if prompt is None:
        text = f"Thank you, {html.escape(speaker)}: all {n_all} takes are stored."
        return f"<div class='sercore-prompt'><div class='sercore-sentence'>{text}</div></div>"
    return (
        f"<div class='sercore-prompt' style='--emotion:{color_of(prompt.emotion)}'>"
        f"<div class='sercore-count'>take {n_done + 1} of {n_all}: R to record and stop, K to keep</div>"
        f"<div class='sercore-emotion-name'>{prompt.emotion}</div>"
        f"<div class='sercore-sentence'>“{html.escape(prompt.sentence)}”</div></div>"
    )

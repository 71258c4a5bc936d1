"""The booth without a browser: consent, takes, fast mode, faults, undo, deletion, crash, settings."""

import json
import time

import numpy as np
import pytest
import soundfile
from toys.controls import controls

from sercore.audio.encoding import wav_bytes
from sercore.corpora import load_index
from sercore.errors import CorpusError, SercoreError
from sercore.widgets import Booth
from sercore.widgets.booth import CONSENT, PRIVATE
from sercore.widgets.notice import NOTICE
from sercore.widgets.shortcuts import SILENCE

SR = 16_000
TONE = np.sin(0.2 * np.arange(3 * SR)).astype(np.float32)


@pytest.fixture
def booth(tmp_path):
    return Booth(tmp_path / "class", sentences=["A b.", "C d."], emotions=["sad", "angry"], language="en")


def enter(booth, name="anna"):
    booth.name.value = name
    booth.consent.value = True


def say(booth, level=0.3):
    """A recording arrives as from the browser."""
    booth.shortcuts.busy = True
    booth.shortcuts.busy = False
    booth.recorder.set_state({"recording": memoryview(wav_bytes(level * TONE, 48_000))})


def is_shown(widget):
    return widget.layout.display != "none"


def test_microphone_appears_after_name_and_consent(booth):
    assert not is_shown(booth.stage)
    booth.consent.value = True
    assert not is_shown(booth.stage)
    booth.name.value = "anna"
    assert booth.consent.value is False  # consent is given by a person with a name
    assert not is_shown(booth.stage)
    booth.consent.value = True
    assert is_shown(booth.stage)
    booth.consent.value = False
    assert not is_shown(booth.stage)
    say(booth)
    booth.keep()
    assert not booth.takes.folder.exists()


def test_notice_is_beside_the_microphone(booth):
    text = booth.children[0].value
    assert all(line in text for line in (*NOTICE, PRIVATE))
    for word in ("agree", "minors", "AI Act", "work", "education", "does not read minds"):
        assert word in text
    assert "deleted at any time" in CONSENT


def test_clipping_is_found_if_the_microphone_has_an_offset(booth):
    enter(booth)
    recorded = np.clip(0.8 * TONE + 0.3, -1, 1)
    booth.recorder.set_state({"recording": memoryview(wav_bytes(recorded, SR))})
    assert "clipped" in booth.message.value
    booth.recorder.set_state({"recording": memoryview(wav_bytes(0.002 * TONE + 0.3, SR))})
    assert "too quiet" in booth.message.value


def test_takes_become_files_and_rows(booth):
    enter(booth)
    seen = []
    while booth.prompt is not None:
        seen.append(booth.prompt)
        assert booth.prompt.sentence in booth.show_prompt.value
        say(booth, 0.2 + 0.1 * len(seen))
        assert is_shown(booth.decide)
        assert booth.audio.value[:4] == b"RIFF"
        booth.keep()
    assert len(set(seen)) == 4
    assert "all 4 takes are stored" in booth.show_prompt.value
    assert not is_shown(booth.recorder)
    rows = booth.takes.rows()
    assert [(row["sentence"], row["emotion"]) for row in rows] == [(p.sentence, p.emotion) for p in seen]
    info = soundfile.info(booth.takes.folder / rows[0]["path"])
    assert (info.samplerate, info.subtype) == (48_000, "PCM_16")
    with pytest.warns(UserWarning, match="all clips are of one speaker"):
        assert len(load_index("folder", booth.takes.folder)) == 4


def test_take_is_repeated_until_it_is_kept(booth):
    enter(booth)
    prompt = booth.prompt
    say(booth, 0.2)
    say(booth, 0.4)
    booth.keep()
    booth.keep()  # a second click stores nothing
    (row,) = booth.takes.rows()
    assert (row["sentence"], row["emotion"]) == (prompt.sentence, prompt.emotion)
    assert np.abs(soundfile.read(booth.takes.folder / row["path"])[0]).max() == pytest.approx(0.4, abs=0.01)
    assert booth.prompt != prompt


@pytest.mark.parametrize(
    ("recording", "fault"),
    [
        (wav_bytes(0.002 * TONE, SR), "too quiet"),
        (wav_bytes(np.clip(3 * TONE, -1, 1), SR), "clipped"),
        (wav_bytes(0.3 * TONE[:4000], SR), "too short"),
        (wav_bytes(0 * TONE, SR), "muted"),
        (b"nothing", "the recording"),
    ],
)
def test_faults_are_shown_and_stop_fast_mode(booth, recording, fault):
    enter(booth)
    booth.fast.value = True
    booth.recorder.recording = recording
    assert 'role="alert"' in booth.message.value
    assert fault in booth.message.value
    assert booth.takes.rows() == []


def test_fast_mode_keeps_and_starts_the_next(booth):
    enter(booth)
    booth.fast.value = True
    clicked = []
    booth.shortcuts.click = clicked.append
    for level in (0.2, 0.3, 0.4, 0.5):
        say(booth, level)
    assert len(booth.takes.rows()) == 4
    assert clicked == [".sercore-record[aria-label^=Record]"] * 3  # not after the last


def test_recording_of_another_sentence_is_not_stored(booth):
    """The kernel was slow: it shows the next sentence, the person has spoken the last one again."""
    enter(booth)
    about, prompt = booth.recorder.about, booth.prompt
    assert str(prompt.key) == about
    for level in (0.2, 0.3):
        content = memoryview(wav_bytes(level * TONE, 48_000))
        booth.recorder.set_state({"recording": content, "recorded_about": about})
        booth.keep()
    (row,) = booth.takes.rows()
    assert (row["sentence"], row["emotion"]) == (prompt.sentence, prompt.emotion)
    assert "record this one" in booth.message.value
    content = memoryview(wav_bytes(0.4 * TONE, 48_000))
    booth.recorder.set_state({"recording": content, "recorded_about": booth.recorder.about})
    booth.keep()
    assert len(booth.takes.rows()) == 2


def test_nothing_changes_the_prompt_during_a_recording(booth):
    enter(booth)
    booth.shortcuts.busy = True
    locked = [booth.name, booth.consent, booth.skip_button, booth.undo_button, booth.sentences, booth.folder]
    assert all(control.disabled for control in locked)
    booth.shortcuts.busy = False
    assert [control.disabled for control in locked] == [False, False, False, True, False, False]


def test_skip_moves_the_prompt_to_the_end(booth):
    enter(booth)
    first = booth.prompt
    booth.skip()
    assert booth.prompt != first
    for level in (0.2, 0.3, 0.4):
        assert booth.prompt != first
        say(booth, level)
        booth.keep()
    assert booth.prompt == first
    assert booth.skip_button.disabled


def test_undo_and_continue_after_a_crash(booth, tmp_path):
    enter(booth)
    for level in (0.2, 0.3):
        say(booth, level)
        booth.keep()
    again = Booth(tmp_path / "class", sentences=["A b.", "C d."], emotions=["sad", "angry"])
    enter(again, "Anna")
    assert again.speaker == "anna"
    assert again.prompt.key == booth.prompt.key
    last = again.takes.rows()[-1]
    again.undo()
    assert len(again.takes.rows()) == 1
    assert again.prompt.sentence == last["sentence"]
    assert "2 of 4" not in again.progress.value
    assert "1 of 4" in again.progress.value


def test_delete_asks_and_leaves_nothing_of_the_person(booth):
    for name in ("anna", "ben"):
        enter(booth, name)
        say(booth, 0.2 if name == "anna" else 0.3)
        booth.keep()
    enter(booth, "anna")
    say(booth, 0.5)  # a take that was not kept
    booth.ask_delete()
    assert is_shown(booth.confirm)
    assert "1 take(s) of anna" in booth.question.value
    booth.refresh()  # cancel
    assert not is_shown(booth.confirm)
    assert booth.takes.speakers() == {"anna": 1, "ben": 1}
    booth.ask_delete()
    booth.delete()
    assert booth.takes.speakers() == {"ben": 1}
    assert sorted(path.name for path in booth.takes.folder.iterdir()) == [
        booth.takes.rows()[0]["path"], "index.csv",
    ]  # fmt: skip
    assert (booth.audio.value, booth.recorder.recording) == (SILENCE, b"")
    assert not booth.is_open
    assert "1 file(s) of anna were deleted" in booth.message.value


def test_sentences_and_emotions_are_editable(booth):
    enter(booth)
    say(booth)
    booth.sentences.value = "Das ist alles.\n\n Es ist spät. "
    assert not is_shown(booth.decide)  # the take belonged to another sentence
    booth.emotions.value = ("happy",)
    assert booth.prompt.sentence in ("Das ist alles.", "Es ist spät.")
    assert "take 1 of 2" in booth.show_prompt.value
    booth.sentences.value = ""
    assert "no prompts" in booth.message.value


def test_folder_is_editable_and_checked(booth, tmp_path):
    enter(booth)
    say(booth)
    booth.keep()
    booth.folder.value = str(tmp_path / "other")
    assert booth.takes.folder == tmp_path / "other"
    assert not booth.is_open
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "index.csv").write_text("a,b\n1,2\n")
    booth.folder.value = str(tmp_path / "foreign")
    assert "lacks the column" in booth.message.value
    assert booth.takes.folder == tmp_path / "other"
    with pytest.raises(SercoreError):
        Booth(tmp_path / "foreign")


def test_unusable_names_and_folders_show_errors(booth, tmp_path):
    booth.name.value = "!?"
    assert "is not a name" in booth.message.value
    (tmp_path / "file").write_text("")
    booth.folder.value = str(tmp_path / "file" / "class")
    enter(booth)
    say(booth)
    booth.keep()
    assert "cannot be written" in booth.message.value
    with pytest.raises(CorpusError, match="no prompts"):
        Booth(tmp_path, sentences=[])


def test_names_and_sentences_are_escaped(tmp_path):
    booth = Booth(tmp_path / "<b>", sentences=["<script>alert(1)</script>"], emotions=["sad", "angry"])
    enter(booth)
    assert "<script>" not in booth.show_prompt.value
    assert "<b></" not in booth.progress.value.replace("<b>anna", "")


def test_controls_are_labelled(booth):
    unlabelled = [type(c).__name__ for c in controls(booth) if not getattr(c, "description", "")]
    assert set(unlabelled) <= {"Recorder", "Audio", "Shortcuts", "Message"}
    assert {"sercore-app", "sercore-large", "sercore-booth"} <= set(booth._dom_classes)
    assert json.loads(json.dumps(booth.shortcuts.buttons)) == {"r": ".sercore-record", "k": ".sercore-keep"}


def test_fast_mode_waits_if_a_take_cannot_be_stored(booth, monkeypatch):
    def full(*_, **__):
        raise CorpusError("no space left")

    enter(booth)
    booth.fast.value = True
    clicks = []
    monkeypatch.setattr(booth.shortcuts, "click", clicks.append)
    monkeypatch.setattr(booth.takes, "keep", full)
    say(booth)
    assert "no space left" in booth.message.value
    assert not clicks
    monkeypatch.undo()
    booth.keep()
    assert booth.takes.speakers() == {"anna": 1}


def test_errors_of_undo_and_delete_are_shown(booth, monkeypatch):
    def damaged(*_):
        raise CorpusError("index.csv is damaged")

    enter(booth)
    for name, action in (("undo", booth.undo), ("speakers", booth.ask_delete), ("delete", booth.delete)):
        with monkeypatch.context() as patch:
            patch.setattr(booth.takes, name, damaged)
            action()
        assert "index.csv is damaged" in booth.message.value
        booth.message.clear()


def test_name_without_letters_shows_no_microphone_and_keeps_no_voice(booth):
    enter(booth)
    assert is_shown(booth.stage)
    booth.name.value = "!?"
    assert not is_shown(booth.stage)
    booth.recorder.recording = wav_bytes(0.3 * TONE, SR)
    assert booth.recorder.recording == b""
    assert booth.takes.rows() == []


def test_double_click_undoes_one_take_in_a_slow_folder(booth, monkeypatch):
    enter(booth)
    for _ in range(2):
        say(booth)
        booth.keep()
    now, undo = [100.0], booth.takes.undo

    def slow(speaker):
        now[0] += 0.5
        undo(speaker)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(booth.takes, "undo", slow)
    for _ in range(2):
        booth._click_undo()
    assert sum(booth.takes.speakers().values()) == 1


def test_question_whether_to_delete_ends_when_a_recording_starts(booth):
    """Its button would hide the one that stops the microphone."""
    enter(booth)
    say(booth)
    booth.keep()
    booth.ask_delete()
    assert is_shown(booth.confirm)
    booth.shortcuts.busy = True
    assert not is_shown(booth.confirm)


def test_progress_counts_takes_of_these_sentences(booth):
    enter(booth)
    say(booth)
    booth.keep()
    assert "anna: 1 of 4" in booth.progress.value
    booth.sentences.value = "New one."
    assert "anna: 0 of 2" in booth.progress.value


def test_double_click_undoes_one_take(booth):
    enter(booth)
    for _ in range(2):
        say(booth, 0.3)
        booth.keep()
    booth.undo_button.click()
    booth.undo_button.click()
    assert len(booth.takes.rows()) == 1

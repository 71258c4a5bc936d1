"""The listening test without a browser: order, votes, hands, undo, crash, results, export."""

import io
import time

import matplotlib
import numpy as np
import pandas as pd
import pytest
import soundfile
from toys.bundles import write_corpus

from sercore import audio
from sercore.errors import EvaluationError
from sercore.evaluation import human
from sercore.evaluation.human import HANDS, read_votes
from sercore.pictures.picture import from_axes
from sercore.widgets import ListeningTest
from sercore.widgets.shortcuts import SILENCE


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def test(index, tmp_path):
    return ListeningTest(index, n_clips=6, folder=tmp_path / "votes")


def listen(test, name, right=lambda k: True):
    """Vote for all clips with a name."""
    test.name.value = name
    order = []
    while (clip_id := test.clip_id) is not None:
        emotion = test.clips["emotion"][clip_id]
        other = next(e for e in test.emotions if e != emotion)
        test.vote(emotion if right(len(order)) else other)
        order.append(clip_id)
    return order


def test_every_listener_has_another_order_and_votes_are_stored_at_once(test):
    orders = [listen(test, name) for name in ("anna", "ben", "cem")]
    assert len({tuple(order) for order in orders}) == 3
    assert len({tuple(sorted(order)) for order in orders}) == 1
    votes = read_votes(test.path)
    assert len(votes) == 18
    assert (votes["vote"] == votes["emotion"]).all()
    assert "That was the last clip" in test.question.value


def test_clip_plays_without_its_name(test):
    test.name.value = "anna"
    heard, sr = soundfile.read(io.BytesIO(test.audio.value))
    source = audio.load(test.clips["path"][test.clip_id])
    assert sr == 16_000
    np.testing.assert_allclose(heard, source, atol=2 / 2**15)
    first = test.audio.value
    test.vote("sad")
    assert test.audio.value != first
    assert test.clip_id not in test.question.value
    assert test.audio.autoplay


def test_nothing_plays_without_a_name(test):
    assert test.stage.layout.display == "none"
    assert test.audio.value == SILENCE
    test.name.value = HANDS  # reserved for hands
    assert test.stage.layout.display == "none"
    assert "another name" in test.message.value
    test.vote("sad")
    assert not test.path.exists()


def test_test_continues_after_a_crash(test, index):
    test.name.value = "anna"
    for _ in range(2):
        test.vote("sad")
    again = ListeningTest(index, n_clips=6, folder=test.path.parent)
    again.name.value = "anna"
    assert again.clip_id == test.clip_id
    assert "clip 3 of 6" in again.question.value


def test_undo_deletes_the_last_vote(test):
    test.name.value = "anna"
    first = test.clip_id
    test.vote("sad")
    test.undo()
    assert test.clip_id == first
    assert read_votes(test.path).empty
    assert test.back_button.disabled


def test_class_counts_hands(test):
    test.hands.value = True
    clip_id = test.clip_id
    for emotion in ("sad", "sad", "angry"):
        test.vote(emotion)
        assert test.clip_id == clip_id
    assert test.buttons["sad"].description.endswith("sad: 2")
    votes = read_votes(test.path)
    assert dict(zip(votes["vote"], votes["count"], strict=True)) == {"sad": 2, "angry": 1}
    assert set(votes["listener"]) == {HANDS}
    test.next()
    assert test.clip_id != clip_id
    assert "clip 2 of 6" in test.question.value
    assert test.buttons["sad"].description.endswith("sad: 0")


def test_results_name_their_interval_and_sources(test):
    for name in ("anna", "ben", "cem", "dina"):
        listen(test, name, right=lambda k: k % 2 == 0)
    test.show()
    assert "src='data:image/png;base64,iVBORw0K" in test.picture.value
    assert test.table["recall"]["UA"] == pytest.approx(0.5, abs=0.2)
    assert test.stage.layout.display == "none"
    text = test.summary.value
    assert "24 votes for 6 clips; 95 % interval over listeners" in text
    assert "CREMA-D, all clips: 40.9 % (Cao et al., IEEE TAC 5, 377–390, 2014; abstract" in text
    assert "not checked against the article" in text


def test_model_is_beside_people_on_the_same_clips(index, tmp_path):
    calls = []

    def predict(path):
        calls.append(path)
        return {"sad": 0.5, "angry": 0.3, "neutral": 0.1, "boredom": 0.9}

    test = ListeningTest(index, n_clips=6, folder=tmp_path, predict=predict)
    assert calls == []  # only for the results
    listen(test, "anna")
    test.show()
    test.show()
    assert sorted(calls) == sorted(test.clips["path"])
    assert test.table["people"]["UA"] == 1.0
    assert test.table["model"]["UA"] == pytest.approx(1 / 3)
    assert "model minus people -67" in test.summary.value


def test_export_is_a_csv_file_and_a_download(test):
    listen(test, "anna")
    test.export()
    table = pd.read_csv(test.path.with_name("results.csv"))
    assert list(table["emotion"]) == [*test.emotions, "UA"]
    assert set(table["over"]) == {"clips"}
    assert "download='results.csv'" in test.link.value
    assert str(test.path.with_name("results.csv")) in test.message.value


def test_errors_are_shown_or_raised(test, index, tmp_path):
    test.show()
    assert "no votes yet" in test.message.value
    with pytest.raises(EvaluationError, match="two or more"):
        ListeningTest(index[index["emotion"] == "sad"], folder=tmp_path)
    (tmp_path / "votes.csv").write_text("a,b\n")
    with pytest.raises(EvaluationError, match="not a table of votes"):
        ListeningTest(index, folder=tmp_path)


def test_votes_of_another_widget_are_kept_and_shown(test, index):
    other = ListeningTest(index, n_clips=6, folder=test.path.parent)
    for widget in (test, other):
        widget.hands.value = True
        widget.vote("sad")
    assert read_votes(test.path)["count"].sum() == 2
    other.vote("sad")
    test.show()
    assert "3 votes" in test.summary.value


def test_a_clip_that_cannot_be_read_gets_no_vote(index, tmp_path):
    broken = index.assign(path=index["path"].mask(index["clip_id"] != index["clip_id"][0], "missing.wav"))
    test = ListeningTest(broken, n_clips=len(index), folder=tmp_path / "votes")
    test.name.value = "anna"
    assert test.clip_id == index["clip_id"][0]
    test.vote("sad")
    assert test.clip_id is None
    assert all(button.disabled for button in test.buttons.values())


def test_many_clips_that_cannot_be_read(index, tmp_path):
    many = pd.concat([index.assign(clip_id=index["clip_id"] + str(k)) for k in range(20)], ignore_index=True)
    test = ListeningTest(many.assign(path="missing.wav"), n_clips=len(many), folder=tmp_path)
    test.name.value = "anna"
    assert test.clip_id is None
    assert "… and 477 more" in test.message.value


def test_results_leave_a_clip_out_that_cannot_be_read(index, tmp_path):
    def predict(path):
        audio.load(path)
        return {"sad": 0.6, "angry": 0.4}

    broken = index.assign(path=index["path"].mask(index["clip_id"] == index["clip_id"][3], "missing.wav"))
    test = ListeningTest(broken, n_clips=len(index), folder=tmp_path, predict=predict)
    assert len(listen(test, "anna")) == len(index) - 1
    test.show()
    assert test.table["n_votes"]["UA"] == len(index) - 1
    assert "model" in test.table


def test_test_continues_after_the_results(test):
    test.name.value = "anna"
    test.vote("sad")
    test.result_button.click()
    assert test.stage.layout.display == "none"
    test.result_button.click()
    assert test.stage.layout.display is None
    assert test.picture.value == ""
    assert "clip 2 of 6" in test.question.value


def test_double_click_is_one_vote_in_a_slow_folder(test, monkeypatch):
    now, write = [100.0], human.write_votes

    def slow(*args, **options):
        now[0] += 0.5
        return write(*args, **options)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(human, "write_votes", slow)
    test.name.value = "anna"
    for _ in range(2):  # the kernel handles the second when the first is done
        test._click("sad")
    assert len(read_votes(test.path)) == 1


def test_votes_among_other_emotions_are_of_another_test(test, index):
    listen(test, "anna", right=lambda k: k % 2)
    some = index[index["emotion"].isin(test.emotions[:2])]
    other = ListeningTest(some, n_clips=6, folder=test.path.parent)
    other.name.value = "anna"
    assert other.clip_id is not None
    assert other.votes.empty
    listen(other, "anna")
    assert set(other.votes["vote"]) == set(other.emotions)
    again = ListeningTest(index, n_clips=6, folder=test.path.parent)
    assert len(again.votes) == 6
    assert len(read_votes(test.path)) == 12
    stored = pd.read_csv(test.path)
    stored[stored["choices"] == " ".join(test.emotions)].drop(columns="choices").to_csv(
        test.path, index=False
    )
    assert len(ListeningTest(index, n_clips=6, folder=test.path.parent).votes) == 6  # of an earlier version


def test_labels_of_the_result_are_inside_the_figure(test, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "sercore.widgets.listening_test.from_axes", lambda ax: drawn.append(ax) or from_axes(ax)
    )
    listen(test, "anna")
    with matplotlib.rc_context(matplotlib.rcParamsDefault):
        test.show()
    (ax,) = drawn
    assert all(label.get_window_extent().x0 >= 0 for label in ax.get_yticklabels())


def test_double_click_is_one_vote(test):
    test.name.value = "anna"
    first = test.clip_id
    test.buttons["sad"].click()
    test.buttons["sad"].click()
    assert list(test.votes["clip_id"]) == [first]
    test.hands.value = True  # many hands are counted quickly
    for _ in range(3):
        test.buttons["sad"].click()
    assert test.votes.loc[test.votes["listener"] == HANDS, "count"].tolist() == [3]


def test_letter_case_of_a_name_makes_no_other_listener(test, index):
    listen(test, "anna")
    again = ListeningTest(index, n_clips=6, folder=test.path.parent)
    again.name.value = " Anna"
    assert again.clip_id is None
    assert again.listener == "anna"


def test_votes_can_be_read_in_a_dark_theme(test):
    assert {button.style.text_color for button in test.buttons.values()} == {"#111111"}

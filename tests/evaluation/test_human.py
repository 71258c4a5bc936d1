"""Listening tests: choice of clips, votes on disk, recall with intervals, people beside a model."""

import numpy as np
import pandas as pd
import pytest

from sercore import plots
from sercore.errors import EvaluationError
from sercore.evaluation import compare_with_model, human_recall
from sercore.evaluation.human import (
    HANDS,
    PUBLISHED,
    choose_clips,
    predict_clips,
    read_votes,
    write_votes,
)
from sercore.interpret.error_analysis import LISTENERS

EMOTIONS = ["happy", "sad", "angry"]


def votes_of(n_listeners, right, n_clips=12, seed=0):
    """Votes that are right with a probability by emotion, otherwise for the next emotion."""
    rng, rows = np.random.default_rng(seed), []
    for listener in range(n_listeners):
        for clip in range(n_clips):
            emotion = EMOTIONS[clip % 3]
            vote = emotion if rng.random() < right[emotion] else EMOTIONS[(clip + 1) % 3]
            rows.append([f"L{listener}", f"c{clip:02d}", emotion, vote, 1])
    return pd.DataFrame(rows, columns=["listener", "clip_id", "emotion", "vote", "count"])


def index_of(n):
    table = pd.DataFrame({"clip_id": [f"c{k:02d}" for k in range(n)]})
    table["emotion"] = np.where(np.arange(n) < n // 2, "sad", "happy")
    return table.assign(speaker=[f"s{k % 4}" for k in range(n)])


def test_clips_are_balanced_over_emotions_and_speakers():
    index = index_of(40)
    chosen = choose_clips(index, 8, seed=1)
    assert chosen["emotion"].value_counts().to_dict() == {"sad": 4, "happy": 4}
    assert all(speakers == 4 for speakers in chosen.groupby("emotion")["speaker"].nunique())
    assert list(chosen["clip_id"]) == list(choose_clips(index, 8, seed=1)["clip_id"])
    assert list(chosen["clip_id"]) != list(choose_clips(index, 8, seed=2)["clip_id"])
    assert len(choose_clips(index, 100)) == 40
    assert list(choose_clips(index, 8)["emotion"]) != sorted(choose_clips(index, 8)["emotion"])


def test_votes_are_written_read_and_replaced(tmp_path):
    path, votes = tmp_path / "new" / "votes.csv", votes_of(2, dict.fromkeys(EMOTIONS, 1.0))
    assert read_votes(path).empty
    write_votes(path, votes)
    pd.testing.assert_frame_equal(read_votes(path).drop(columns="choices"), votes)
    changed = votes.iloc[:1].assign(vote="angry")
    every = write_votes(path, changed)
    assert len(every) == len(votes)
    assert list(every["vote"] != every["emotion"]).count(True) == 1
    path.write_text("a,b\n1,2\n")
    with pytest.raises(EvaluationError, match="not a table of votes"):
        read_votes(path)


def test_listener_named_na_is_a_listener(tmp_path):
    path = tmp_path / "votes.csv"
    write_votes(path, votes_of(1, dict.fromkeys(EMOTIONS, 1.0)).assign(listener="NA"))
    assert set(read_votes(path)["listener"]) == {"NA"}


def test_recall_by_hand():
    votes = votes_of(4, {"happy": 1.0, "sad": 0.0, "angry": 1.0})
    table = human_recall(votes)
    assert table["recall"].to_dict() == {"happy": 1.0, "sad": 0.0, "angry": 1.0, "UA": pytest.approx(2 / 3)}
    assert set(table["over"]) == {"listeners"}
    assert table["n_clips"].to_dict() == {"happy": 4, "sad": 4, "angry": 4, "UA": 12}
    assert table["n_votes"]["UA"] == 48


def test_units_and_intervals():
    votes = votes_of(20, {"happy": 0.9, "sad": 0.5, "angry": 0.3})
    table = human_recall(votes)
    assert (table["low"] < table["recall"]).all()
    assert (table["recall"] < table["high"]).all()
    # the mean of 20 independent listeners with 4 clips each: about ±2 standard errors
    assert table["high"]["sad"] - table["low"]["sad"] == pytest.approx(4 * np.sqrt(0.25 / 80), rel=0.4)
    assert set(human_recall(votes, over="clips")["over"]) == {"clips"}
    few = human_recall(votes[votes["listener"].isin(["L0", "L1"])])
    assert set(few["over"]) == {"clips"}
    assert human_recall(votes_of(2, dict.fromkeys(EMOTIONS, 0.5)), over="listeners")["low"].isna().all()


def test_an_emotion_that_three_listeners_judged_has_no_interval():
    votes = votes_of(8, dict.fromkeys(EMOTIONS, 0.5))
    table = human_recall(votes[(votes["emotion"] != "sad") | votes["listener"].isin(["L0", "L1", "L2"])])
    assert set(table["over"]) == {"listeners"}
    assert table.loc[["happy", "angry", "UA"], ["low", "high"]].notna().all(axis=None)
    assert table.loc["sad", ["low", "high"]].isna().all()


def test_hands_count_as_votes_and_give_intervals_over_clips():
    one_by_one = votes_of(10, {"happy": 0.8, "sad": 0.5, "angry": 0.2})
    counted = one_by_one.groupby(["clip_id", "emotion", "vote"], as_index=False)["count"].sum()
    counted = counted.assign(listener=HANDS)
    table, expected = human_recall(counted), human_recall(one_by_one, over="clips")
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    with pytest.raises(EvaluationError, match="over='clips'"):
        human_recall(counted, over="listeners")
    with pytest.raises(EvaluationError, match="no votes"):
        human_recall(counted.iloc[:0])
    with pytest.raises(EvaluationError, match="must be"):
        human_recall(counted, over="speakers")


def test_model_beside_people_on_the_same_clips():
    votes = votes_of(8, {"happy": 1.0, "sad": 0.0, "angry": 0.5})
    predicted = {f"c{k:02d}": EMOTIONS[k % 3] if k % 3 != 2 else "sad" for k in range(9)}
    table = compare_with_model(votes, predicted)
    assert table["n_clips"]["UA"] == 9  # clips without prediction are left out
    assert table["model"].to_dict() == {"happy": 1.0, "sad": 1.0, "angry": 0.0, "UA": pytest.approx(2 / 3)}
    assert table["difference"]["sad"] == 1.0
    np.testing.assert_allclose(table["difference"], table["model"] - table["people"])
    assert table["low"]["UA"] <= table["difference"]["UA"] <= table["high"]["UA"]
    with pytest.raises(EvaluationError, match="no clip"):
        compare_with_model(votes, {"other": "sad"})


def test_model_chooses_among_the_same_emotions():
    class Model:
        def predict(self, path):
            return {"boredom": 0.6, "sad": 0.3, "happy": 0.1}

    assert predict_clips(Model(), {"a": "a.wav"}, EMOTIONS) == {"a": "sad"}
    assert predict_clips(lambda path: path[0], {"a": "x.wav"}, EMOTIONS) == {"a": "x"}
    with pytest.raises(EvaluationError, match="none of calm"):
        predict_clips(Model(), {"a": "a.wav"}, ["calm"])


def test_published_scores_have_a_source():
    assert {one.corpus for one in PUBLISHED} == {"RAVDESS", "CREMA-D"}
    assert all(one.source and one.checked and 1 / one.n_choices < one.recall < 1 for one in PUBLISHED)
    ravdess = {one.clips.split(", ")[1]: one.recall for one in PUBLISHED if one.corpus == "RAVDESS"}
    assert ravdess.items() <= LISTENERS["ravdess"].items()


def test_figure_shows_people_model_published_and_chance():
    votes = votes_of(8, {"happy": 1.0, "sad": 0.0, "angry": 0.5})
    table = compare_with_model(votes, {f"c{k:02d}": "sad" for k in range(12)})
    ax = plots.listening_test(table, n_choices=3, published=PUBLISHED)
    assert [label.get_text() for label in ax.get_yticklabels()][:4] == ["happy", "sad", "angry", "UA"]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["people", "model, same clips", "people, published (other clips)", "chance (3 choices)"]
    people, model = ax.lines[0], ax.lines[1]
    np.testing.assert_allclose(people.get_xdata(), 100 * table["people"])
    np.testing.assert_allclose(model.get_xdata(), 100 * table["model"])


def test_hands_of_two_rooms_are_added(tmp_path):
    path = tmp_path / "votes.csv"
    hand = {"listener": HANDS, "clip_id": "c1", "emotion": "sad", "count": 1}
    for vote in ("sad", "happy", "sad"):
        every = write_votes(path, pd.DataFrame([hand | {"vote": vote}]), add=True)
    assert dict(zip(every["vote"], every["count"], strict=True)) == {"sad": 2, "happy": 1}
    pd.testing.assert_frame_equal(read_votes(path), every, check_dtype=False)

"""Confused pairs, worst clips, comparison with listeners."""

import pandas as pd
import pytest

from sercore.errors import CorpusError
from sercore.interpret import error_analysis


@pytest.fixture
def oof():
    """Six speakers; half of the sad clips of each are predicted as calm, everything else correctly."""
    rows = []
    for who in range(1, 7):
        for code, label in (("02", "calm"), ("04", "sad"), ("03", "happy")):
            for strong in (1, 2):
                heard = "calm" if label == "sad" and strong == 1 else label
                proba = {f"p_{name}": 0.6 if name == heard else 0.2 for name in ("calm", "happy", "sad")}
                clip = f"ravdess/03-01-{code}-0{strong}-01-01-{who:02d}"
                rows.append({"clip_id": clip, "speaker": f"ravdess-{who:02d}", "label": label} | proba)
    return pd.DataFrame(rows).assign(model="m", split="loso", fold="1", seed=0)


def test_confused_pairs_and_worst_clips(oof):
    pairs = error_analysis.confused_pairs(oof)
    assert pairs[["label", "heard", "rate", "n_speakers"]].to_numpy().tolist() == [["sad", "calm", 0.5, 6]]
    worst = error_analysis.worst_clips(oof, n=6)
    assert worst["clip_id"].str.contains("-04-01-").all()
    assert (worst["heard"] == "calm").all()
    assert (worst["wrong"] == 1.0).all()
    assert len(error_analysis.worst_clips(oof, n=None)) == 36


def test_clips_of_unknown_speakers_are_kept(oof):
    unknown = oof.assign(speaker=oof["speaker"].where(oof["speaker"] != "ravdess-03"))
    assert len(error_analysis.worst_clips(unknown, n=None)) == 36
    assert error_analysis.confused_pairs(unknown)["n_speakers"].tolist() == [5]


def test_intervals_of_confused_pairs_are_over_speakers(oof):
    """Every speaker has the same rate, so that other speakers are expected to have it as well."""
    pairs = error_analysis.confused_pairs(oof)
    assert pairs[["rate", "low", "high"]].to_numpy().tolist() == [[0.5, 0.5, 0.5]]


def test_compare_with_listeners(oof):
    table = error_analysis.compare_with_listeners(oof, "ravdess")
    assert table["model"].to_dict() == pytest.approx(
        {"normal intensity": 2 / 3, "strong intensity": 1.0, "happy": 1.0}
    )
    assert error_analysis.compare_with_listeners(oof.iloc[:0], "crema_d")["model"].isna().all()
    with pytest.raises(CorpusError, match="no listeners' scores for 'tess'"):
        error_analysis.compare_with_listeners(oof, "tess")

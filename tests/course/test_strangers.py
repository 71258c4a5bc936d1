"""Published predictions for strangers in other places, and the rule for the models of the package."""

import numpy as np
import pandas as pd
import pytest

from sercore import evaluation
from sercore.bundle.shipping import MODELS, TRAINING
from sercore.bundle.speakers import Voice
from sercore.cli import main
from sercore.course import strangers


@pytest.fixture(scope="module")
def table():
    return strangers.table(n_boot=20)


def test_every_model_is_asked_about_the_same_clips():
    oof = strangers.load()
    everyday = [f"{c.family}, {c.name}" for c in evaluation.CONDITIONS if c.everyday]
    assert oof["condition"].unique().tolist() == [strangers.CLEAN, *everyday]
    asked = oof.groupby(["train", "test", "features", "augmented", "adaptation", "condition"])["clip_id"]
    assert set(asked.nunique()) == {strangers.N_CLIPS} == set(asked.size())
    assert asked.ngroups == 2 * 2 * 2 * 2 * (1 + len(everyday))
    labels = oof.drop_duplicates(["test", "clip_id"]).groupby("test")["label"].value_counts()
    assert set(labels) == {strangers.N_CLIPS // 4}
    assert not (oof["train"] == oof["test"]).any()


@pytest.mark.slow
def test_scores_are_those_of_a_direct_count(table):
    oof = strangers.load().query("features == 'level_free' and adaptation == 'speaker' and augmented == ''")
    proba = [name for name in oof if name.startswith("p_")]
    hit = oof[proba].to_numpy().argmax(axis=1) == [proba.index(f"p_{label}") for label in oof["label"]]
    recall = pd.Series(hit).groupby([oof[name].to_numpy() for name in ("test", "condition", "label")]).mean()
    ua = recall.groupby(level=[0, 1]).mean().groupby(level=1).mean()
    rows = table.query("features == 'level_free' and adaptation == 'speaker'").set_index("condition")
    for condition in (strangers.CLEAN, "telephone, 300–3400 Hz"):
        assert rows.loc[condition, "before"] == pytest.approx(
            ua[condition], abs=0.005
        )  # ties of three decimals
    everyday = rows.drop(index=[strangers.CLEAN, strangers.EVERYDAY, strangers.BOTH])
    assert rows.loc[strangers.EVERYDAY, "after"] == pytest.approx(everyday["after"].mean())
    conditions = [*everyday["after"], rows.loc[strangers.CLEAN, "after"]]
    assert rows.loc[strangers.BOTH, "after"] == pytest.approx(np.mean(conditions))
    both = table.query("features == 'level_free' and condition == @strangers.BOTH")
    assert strangers.mean_ua().loc["level_free", "before"] == pytest.approx(both["before"].mean())


def test_models_of_the_package_follow_the_rule():
    means = strangers.mean_ua()
    recipes = {member.partition("@")[2] for members in MODELS.values() for member in members}
    assert set(means.index) == recipes
    wanted = {"places" if row.after > row.before else None for row in means.itertuples()}
    assert wanted == {TRAINING["augment"]}


def test_rows_are_normalised_by_those_of_the_same_speaker(rng):
    rows, speakers = rng.normal(size=(6, 3)), np.array(list("aaabbb"))
    training = np.zeros(3), np.ones(3)
    voice = Voice({"": training})
    for row in rows[:3]:
        voice.add({"": row})
    found = strangers._normalised(rows, speakers, training, "speaker")
    np.testing.assert_allclose(found[0], voice.normalise("", rows[0]), rtol=1e-5)
    np.testing.assert_allclose(strangers._normalised(rows, speakers, training, "none"), rows, rtol=1e-5)
    others = np.concatenate([rows[:3], 9 + rows[3:]])
    np.testing.assert_array_equal(strangers._normalised(others, speakers, training, "speaker")[:3], found[:3])


@pytest.mark.slow
def test_page_and_command_have_every_condition(capsys, table, monkeypatch):
    monkeypatch.setattr(strangers, "table", lambda **_: table)
    lines = strangers.markdown().splitlines()
    assert len(lines) == 2 + table["condition"].nunique()
    assert all(line.count("→") == 4 for line in lines[2:])
    assert main(["results", *strangers.FILES]) == 0
    assert capsys.readouterr().out.count("telephone, 300–3400 Hz") == 5  # four models, and what is refused
    refused = strangers.rejected()
    assert len(strangers.rejected_markdown().splitlines()) == 2 + len(refused)
    assert refused["condition"].tolist() == strangers.load()["condition"].unique().tolist()
    assert (refused["rejected"] <= refused["alone"]).all()

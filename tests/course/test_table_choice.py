"""The choice of the table's descriptors, and its published scores."""

import numpy as np
import pandas as pd
import pytest
from toys.tables import make_features, make_index

from sercore import features
from sercore.course import clone, table_choice, table_comparison
from sercore.course.table_choice import CANDIDATES, QUALIFIED, TASKS
from sercore.splits import Fold
from sercore.training.nested import C_GRID


def test_robust_is_a_recipe_with_the_columns_of_its_candidate():
    candidate = CANDIDATES[table_comparison.ROBUST]
    kept = [name for name in features.column_names(candidate.superset) if candidate.keeps(name)]
    assert features.column_names("robust") == kept
    rows = [
        features.table_row(0.1 * np.random.default_rng(0).standard_normal(16_000), recipe)
        for recipe in ("robust", candidate.superset)
    ]
    np.testing.assert_array_equal(
        rows[0], rows[1][[candidate.keeps(name) for name in features.column_names(candidate.superset)]]
    )


def test_candidates_lack_the_columns_they_are_named_after():
    for name, candidate in CANDIDATES.items():
        columns = [c for c in features.column_names(candidate.superset) if candidate.keeps(c)]
        assert any(c.startswith("log_mel") for c in columns) == ("log_mel" not in name)
        assert any(".slope." in c for c in columns) == ("slopes" not in name)
        last_band = any(c.startswith("contrast[6]") for c in columns)
        assert last_band == ("band" not in name and "contrast" not in name)
    assert len(QUALIFIED) == 4


def test_every_candidate_has_every_score():
    table = table_choice.scores()
    cells = table.drop_duplicates(["candidate", "train", "test", "adaptation"]).query("candidate != 'nested'")
    assert cells.groupby("candidate").size().to_dict() == dict.fromkeys(CANDIDATES, 3 + 2 * 6)
    assert set(table["c"]) <= set(C_GRID)
    assert table["ua"].between(0.15, 0.95).all()
    assert set(zip(cells["train"], cells["test"], strict=True)) == {(a, b) for a in TASKS for b in TASKS}


@pytest.mark.parametrize("corpus", TASKS)
def test_choice_for_a_corpus_does_not_depend_on_its_clips(corpus, monkeypatch):
    before = table_choice.choose_abroad(corpus)
    changed = table_choice.scores()
    changed.loc[(changed["train"] == corpus) | (changed["test"] == corpus), "ua"] = 0.5
    monkeypatch.setattr(table_choice, "scores", lambda: changed)
    pd.testing.assert_series_equal(table_choice.choose_abroad(corpus), before)
    changed.loc[changed["candidate"] == "band", "ua"] = 0.99
    assert table_choice.choose_abroad(corpus).index[0] == "band"


def test_choice_inside_uses_inner_losses_only(monkeypatch):
    changed = table_choice.scores()
    fold = changed.query("train == 'ravdess' and test == 'ravdess'")["fold"].iloc[0]
    changed.loc[(changed["fold"] == fold) & (changed["candidate"] == "band"), "inner_loss"] = 0.0
    changed["ua"] = 0.5
    before = table_choice.choose_inside()
    monkeypatch.setattr(table_choice, "scores", lambda: changed)
    after = table_choice.choose_inside()
    assert after[fold] == "band"
    assert after.drop(fold).equals(before.drop(fold))


def test_robust_is_what_the_rule_chooses():
    chosen = [table_choice.choose_abroad(corpus, among=QUALIFIED).index[0] for corpus in TASKS]
    assert pd.Series(chosen).mode()[0] == table_comparison.ROBUST


@pytest.mark.parametrize("exact", [False, True])
def test_test_rows_do_not_change_strength_and_loss(exact, rng):
    index = make_index()
    X = make_features(index, rng)
    speakers = index["speaker"].to_numpy()
    fold = Fold("one", np.flatnonzero(speakers != speakers[0]), np.flatnonzero(speakers == speakers[0]))
    rows = table_choice.fit(index, X, fold, "speaker", exact=exact)
    X[fold.test] *= -3
    again = table_choice.fit(index, X, fold, "speaker", exact=exact)
    assert rows["inner_loss"].equals(again["inner_loss"])
    assert rows["c"].equals(again["c"])
    proba = [part.filter(regex="^p_").to_numpy() for part in (rows, again)]
    assert np.abs(proba[0] - proba[1]).max() > 0.1


def test_published_systems_predict_the_same_clips_of_the_same_folds():
    oof = table_comparison.load()
    for (_, test, _), part in oof.groupby(["train", "test", "adaptation"]):
        clips = [
            sorted(zip(each["clip_id"], each["fold"], strict=True)) for _, each in part.groupby("system")
        ]
        assert all(other == clips[0] for other in clips)
        assert (part.groupby("speaker")["fold"].nunique() == 1).all()
        assert set(part["system"]) >= {"default", "robust"}
        assert part["clip_id"].str.startswith(f"{test}/").all()


def test_scores_of_the_comparison_are_close_to_those_of_the_choice():
    """The solver stops later in the choice, which matters on TESS."""
    cells = table_choice.scores().drop_duplicates(["candidate", "train", "test", "adaptation"])
    keyed = cells.set_index(["candidate", "train", "test", "adaptation"])["ua"]
    compared = 0
    for row in table_comparison.compare(n_boot=10).itertuples():
        for system, name in {"default": "default", "robust": table_comparison.ROBUST}.items():
            key = (name, row.train, row.test, row.adaptation)
            if key in keyed.index and (row.train, row.test) != ("tess", "tess"):
                assert getattr(row, system) == pytest.approx(keyed[key], abs=0.02)
                compared += 1
    assert compared == 2 * 14


def test_fast_fit_is_the_same_regression(rng):
    index = make_index()
    X = make_features(index, rng)
    first = (index["speaker"] == index["speaker"][0]).to_numpy()
    fold = Fold("one", np.flatnonzero(~first), np.flatnonzero(first))
    made = [table_choice.fit(index, X, fold, "speaker", exact=exact) for exact in (False, True)]
    proba = [part.filter(regex="^p_").to_numpy() for part in made]
    np.testing.assert_allclose(proba[0], proba[1], atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("marker", ["choice", "comparison"])
def test_page_shows_what_the_predictions_give(marker):
    text = (clone.repository() / "data" / "RESULTS.md").read_text(encoding="utf-8")
    assert getattr(table_comparison, f"{marker}_markdown")() in text, "run: sercore results --readme"

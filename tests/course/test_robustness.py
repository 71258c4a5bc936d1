"""Published robustness and fairness: complete, and the source of a page and a figure."""

import numpy as np
import pytest

from sercore import evaluation
from sercore.cli import main
from sercore.course import published, reliability_tables, robustness


def test_every_model_has_every_condition():
    table = robustness.table()
    models = table[robustness._KEY].drop_duplicates()
    assert list(models.itertuples(index=False, name=None)) == list(robustness.MODELS)
    assert (table["n_clips"] == robustness.N_CLIPS).all()
    assert (table["n_speakers"] == 23).all()
    known = {(condition.family, condition.name) for condition in evaluation.CONDITIONS}
    for (_, features, _), part in table.groupby(robustness._KEY):
        measured = set(map(tuple, part[["family", "condition"]].to_numpy()))
        assert measured < known if features.startswith("whisper") else measured == known
        assert part["ua_clean"].nunique() == 1
    np.testing.assert_allclose(table["lost"], table["ua_clean"] - table["ua"], atol=2e-4)
    assert (table["passed"] == (table["lost"] <= table["max_lost"] + 1e-4)).all()


def test_cached_rows_of_another_recipe_are_not_used(monkeypatch):
    names = {each: robustness._cache_file(*each) for each in robustness.MODELS}
    assert len(set(names.values())) == len(names)
    with monkeypatch.context() as patch:
        patch.setattr("sercore.audio.augment.VERSION", 99)
        changed = {each for each, name in names.items() if robustness._cache_file(*each) != name}
    assert changed == {("logistic", "level_free", "voices"), ("logistic", "level_free", "places")}
    monkeypatch.setattr("sercore.features.recipe.VERSION", 99)
    monkeypatch.setattr("sercore.encoders.recipe.VERSION", 99)
    assert all(robustness._cache_file(*each) != name for each, name in names.items())


def test_features_of_one_level_ignore_level():
    table = robustness.table()
    level = table[(table["features"] == "level_free") & (table["family"] == "level")]
    assert (level["changed"] <= 0.05).all()


def test_groups_are_those_of_the_published_predictions():
    """Odd actors of RAVDESS are men."""
    oof = published.load("ravdess-emobox").query("model == 'logistic'")
    table = robustness.fairness().query(
        "campaign == 'ravdess-emobox' and model == 'logistic' and by == 'sex'"
    )
    men = oof["speaker"].str[-2:].astype(int) % 2 == 1
    for name, part in (("male", oof[men]), ("female", oof[~men])):
        y, proba, classes, _ = evaluation.unpack(part)
        row = table.set_index("group").loc[name]
        assert row["n_clips"] == len(part)
        assert row["ua"] == pytest.approx(
            evaluation.uar(y, np.array(classes)[proba.argmax(axis=1)]), abs=1e-4
        )


def test_pages_have_a_row_for_every_family_and_group():
    rows = reliability_tables.robustness_markdown().splitlines()[3:]
    assert len(rows) == len({condition.family for condition in evaluation.CONDITIONS})
    text = reliability_tables.fairness_markdown()
    assert all(name in text for name in robustness.GROUPED)
    assert "female" in text


def test_command_prints_both(capsys):
    assert main(["results", *robustness.FILES]) == 0
    printed = capsys.readouterr().out
    assert "telephone" in printed
    assert "ravdess-emobox-encoder" in printed


def test_figure_is_written(tmp_path):
    path = robustness.draw_figure(tmp_path / "robustness.png")
    assert path.read_bytes()[:4] == b"\x89PNG"

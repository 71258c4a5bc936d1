"""Published predictions: complete, clean, and exactly what the README says."""

import numpy as np
import pytest

from sercore.course import clone, published, readme
from sercore.errors import SercoreError


@pytest.mark.parametrize("name", published.CAMPAIGNS)
def test_predictions_are_complete_and_speaker_disjoint(name):
    campaign, oof = published.CAMPAIGNS[name], published.load(name)
    assert set(oof["model"]) == set(campaign.models)
    for model, seeds in oof.groupby("model")["seed"].unique().items():
        assert sorted(seeds) == list(campaign.seeds if model in campaign.repeated else campaign.seeds[:1])
    assert oof["clip_id"].str.startswith(f"{campaign.corpus}/").all()
    probabilities = oof[[column for column in oof.columns if column.startswith("p_")]].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    for _, run in oof.groupby(["model", "seed"]):
        if campaign.split == "random":
            assert run.groupby("fold")["clip_id"].nunique().nunique() == 1
        else:
            assert not run["clip_id"].duplicated().any()
            assert (run.groupby("speaker")["fold"].nunique() == 1).all(), "a speaker is tested in two folds"
            assert run["clip_id"].nunique() == oof["clip_id"].nunique()


def test_the_readme_shows_what_the_predictions_give():
    text = (clone.repository() / "README.md").read_text(encoding="utf-8")
    assert readme.results_markdown() in text, "run: sercore results --readme"
    assert readme.networks_markdown() in text, "run: sercore results --readme"


def test_a_dummy_scores_chance_and_every_model_more():
    for name in published.CAMPAIGNS:
        table = published.table(name, n_boot=50).set_index("model")
        n_classes = readme._n_classes(name)
        if "dummy" in table.index:
            assert table.loc["dummy", "ua"] == pytest.approx(1 / n_classes, abs=1e-9)
        assert (table["ua"].drop("dummy", errors="ignore") > 1.2 / n_classes).all()


def test_another_precision_ends_with_its_campaign():
    import keras

    before = keras.config.dtype_policy().name
    with published._computing_in("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == before


def test_an_unknown_campaign_names_the_known():
    with pytest.raises(SercoreError, match=r"no campaign named 'x'.*ravdess-emobox"):
        published.table("x")


def test_replacing_between_markers_leaves_the_rest(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("a\n<!-- bench: by command -->\nold\n<!-- /bench -->\nz\n")
    readme.replace("bench", r"new \1", path)
    assert path.read_text() == "a\n<!-- bench: by command -->\nnew \\1\n<!-- /bench -->\nz\n"

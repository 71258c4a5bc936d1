"""Published predictions: complete, clean, and the source of the tables in ``data/``."""

import re

import numpy as np
import pandas as pd
import pytest

from sercore import splits
from sercore.course import (
    campaigns,
    clone,
    confidence,
    cross_corpus,
    encoder_tables,
    fine_tuned,
    fusion,
    pages,
    probes,
    published,
    readme,
    robustness,
    strangers,
    table_comparison,
)
from sercore.errors import SercoreError


@pytest.mark.parametrize("name", published.CAMPAIGNS)
def test_predictions_are_complete_and_speaker_disjoint(name):
    campaign, oof = published.CAMPAIGNS[name], published.load(name)
    assert oof["model"].unique().tolist() == list(campaign.systems)
    for name, seeds in oof.groupby("model")["seed"].unique().items():
        model, _ = campaign.systems[name]
        assert sorted(seeds) == list(campaign.seeds if model in campaign.repeated else campaign.seeds[:1])
    assert oof["clip_id"].str.startswith(f"{campaign.corpus}/").all()
    proba = oof[[column for column in oof.columns if column.startswith("p_")]].to_numpy()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=2e-5)  # stored with 15 bits
    for _, run in oof.groupby(["model", "seed"]):
        if campaign.split == "random":
            assert run.groupby("fold")["clip_id"].nunique().nunique() == 1
        else:
            assert not run["clip_id"].duplicated().any()
            assert (run.groupby("speaker")["fold"].nunique() == 1).all(), "a speaker is tested in two folds"
            assert run["clip_id"].nunique() == oof["clip_id"].nunique()


def test_published_folds_are_those_of_the_split():
    oof = published.load("ravdess-emobox")
    actors = oof["speaker"].str[-2:].astype(int).groupby(oof["fold"]).unique()
    assert [tuple(sorted(actors[f"fold-{k}"])) for k in range(1, 7)] == list(splits.EMOBOX_RAVDESS)


def test_every_file_of_predictions_belongs_to_a_campaign():
    files = {cross_corpus.CURVE, probes.PROBES, fine_tuned.FINE_TUNED}
    files |= {*confidence.FILES, *robustness.FILES, *strangers.FILES, *table_comparison.FILES}
    campaigns = {*published.CAMPAIGNS, *cross_corpus.CAMPAIGNS, *files}
    assert {path.stem for path in published.oof_folder().iterdir()} == campaigns


def test_fit_params_are_arguments_of_fit():
    from inspect import signature

    from sercore.training import fit

    known = {"early_stopping", *signature(fit).parameters}
    params = [campaign.fit_params or {} for campaign in published.CAMPAIGNS.values()]
    for options in (campaigns.TRAINING, *params):
        assert set(options) <= known


@pytest.mark.slow
def test_pages_show_what_the_predictions_give():
    text = (clone.repository() / "data" / "RESULTS.md").read_text(encoding="utf-8")
    assert {*pages.TABLES, "bench"} == set(readme.PAGES)
    stale = [marker for marker, table in pages.TABLES.items() if table() not in text]
    assert stale == [], "run: sercore results --readme"


def test_findings_type_no_scores():
    """Scores stand in the tables, which are computed; a sentence about them must not become wrong."""
    text = (clone.repository() / "data" / "RESULTS.md").read_text(encoding="utf-8")
    prose = re.sub(r"<!-- ([\w-]+): written.*?<!-- /\1 -->", "", text, flags=re.S)
    findings = re.findall(r"^\* .*?(?=\n\n|\n\* |\Z)", prose, flags=re.M | re.S)
    assert len(findings) > 30
    assert [finding for finding in findings if re.search(r"\d\.\d|\d %|\d points", finding)] == []


def test_probes_cover_every_input_and_target():
    table = probes.table()
    names = [(name, target) for name in probes.INPUTS for target in probes.TARGETS]
    assert list(zip(table["input"], table["target"], strict=True)) == names
    assert (table["n_clips"] == 1440).all()
    assert table["ua"].between(table["ua_low"], table["ua_high"]).all()


def test_fine_tuned_systems_predict_the_test_speakers_of_one_published_fold():
    oof, frozen = fine_tuned.load(), published.load("ravdess-emobox-encoder")
    clips = set(frozen.loc[frozen["fold"] == fine_tuned.FOLD, "clip_id"])
    for _, part in oof.groupby("model"):
        assert set(part["clip_id"]) == clips
        assert len(part) == len(clips)
    assert set(oof["model"]) == set(fine_tuned.SYSTEMS) == set(encoder_tables.SYSTEMS)


def test_encoder_meets_its_bars():
    bars = {"ravdess-emobox-encoder": 0.76, "emo_db-loso-encoder": 0.89, "tess-loso-encoder": 0.70}
    for name, bar in bars.items():
        assert published.table(name, n_boot=10)["ua"].item() >= bar


@pytest.mark.parametrize("speaker_norm", [False, True])
def test_members_of_the_fusion_predict_the_same_clips_of_the_same_folds(speaker_norm):
    oof = fusion.predictions(speaker_norm=speaker_norm)
    assert oof["model"].unique().tolist() == list(fusion.MEMBERS)
    rows = [sorted(zip(part["clip_id"], part["fold"], strict=True)) for _, part in oof.groupby("model")]
    assert len(rows[0]) == 1440
    assert all(other == rows[0] for other in rows)


@pytest.mark.parametrize("name", published.CAMPAIGNS)
def test_dummy_scores_chance_and_every_model_more(name):
    table = published.table(name, n_boot=10).set_index("model")
    n_classes = readme._n_classes(name)
    if "dummy" in table.index:
        assert table.loc["dummy", "ua"] == pytest.approx(1 / n_classes, abs=1e-9)
    assert (table["ua"].drop("dummy", errors="ignore") > 1.2 / n_classes).all()


@pytest.mark.slow
def test_dtype_policy_is_restored():
    import keras

    before = keras.config.dtype_policy().name
    with published.dtype_policy("mixed_bfloat16"):
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == before


def test_unknown_campaign():
    with pytest.raises(SercoreError, match=r"no campaign named 'x'; available: .*ravdess-emobox"):
        published.table("x")


def test_replace_changes_only_the_text_between_markers(tmp_path):
    path = tmp_path / "SPEED.md"
    path.write_text("a\n<!-- bench: by command -->\nold\n<!-- /bench -->\nz\n")
    readme.replace("bench", r"new \1", path)
    assert path.read_text() == "a\n<!-- bench: by command -->\nnew \\1\n<!-- /bench -->\nz\n"
    with pytest.raises(SercoreError, match=r"SPEED\.md: the markers <!-- results -->"):
        readme.replace("results", "new", path)


@pytest.mark.parametrize(("marker", "page"), readme.PAGES.items())
def test_pages_have_their_markers(marker, page):
    text = (clone.repository() / "data" / page).read_text(encoding="utf-8")
    assert f"<!-- {marker}" in text
    assert f"<!-- /{marker} -->" in text


@pytest.mark.slow
def test_speed_page_has_the_published_comparison():
    from sercore.course.benchmarks import voicevibes

    text = (clone.repository() / "data" / "SPEED.md").read_text(encoding="utf-8")
    rows = pd.DataFrame(voicevibes.compare_with_voicevibes(), columns=["what", "value", "unit"])
    assert len(rows) == 5
    assert readme.bench_markdown(rows).split("\n", 2)[2] in text

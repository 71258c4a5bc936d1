"""Published cross-corpus predictions: complete, and never tested on a training corpus."""

import numpy as np
import pytest

from sercore import evaluation
from sercore.course import clone, cross_corpus, cross_corpus_tables, what_helps
from sercore.errors import SercoreError


@pytest.fixture(params=cross_corpus.CAMPAIGNS)
def name(request):
    return request.param


def test_predictions_are_complete(name):
    campaign, oof = cross_corpus.CAMPAIGNS[name], cross_corpus.load(name)
    assert (evaluation.test_corpora(oof) == oof["test"]).all()
    assert oof["speaker"].str.startswith(tuple(f"{corpus}-" for corpus in cross_corpus.CORPORA)).all()
    crossed = oof[(oof["train"] != oof["test"]) & ~oof["balanced"]]
    parts = zip(crossed["train"], crossed["test"], strict=True)
    assert not any(test in train.split("+") for train, test in parts)
    assert set(crossed["adaptation"]) == set(campaign.adaptations)
    sizes = oof.groupby(["test", "train", "adaptation", "balanced"])["clip_id"].agg(["size", "nunique"])
    assert (sizes["size"] == sizes["nunique"]).all()
    assert (sizes["size"].groupby("test").nunique() == 1).all()
    for adaptation in campaign.adaptations:
        pairs = crossed.loc[crossed["adaptation"] == adaptation, ["train", "test"]].drop_duplicates()
        assert len(pairs) == (6 if campaign.pairs_only else 9)
    if campaign.pairs_only:
        assert len(crossed) == len(oof)
        return
    own = oof[oof["train"] == oof["test"]].groupby(["adaptation", "speaker"])["fold"].nunique()
    assert (own == 1).all()
    assert set(own.reset_index()["adaptation"]) == {"plain", "speaker"}


def test_probabilities_sum_to_1(name):
    proba = cross_corpus.load(name).filter(regex="^p_").to_numpy()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert (proba >= 0).all()


def test_every_score_has_a_reference(name):
    table = cross_corpus.table(name, n_boot=10)
    assert table["reference"].notna().all() or cross_corpus.CAMPAIGNS[name].pairs_only
    assert (table["interval"] == np.where(table["test"] == "tess", "clips", "speakers")).all()


def test_rounding_keeps_the_sum_and_the_prediction(rng):
    proba = rng.dirichlet(np.full(4, 0.3), 500)
    rounded = cross_corpus.thousandths(proba)
    np.testing.assert_allclose(rounded.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(rounded, proba, atol=2e-3)
    clear = np.ptp(np.sort(proba)[:, -2:], axis=1) > 2e-3
    assert (rounded.argmax(axis=1) == proba.argmax(axis=1))[clear].all()


def test_unknown_campaign():
    with pytest.raises(SercoreError, match=r"no cross-corpus campaign named 'x'; available: cross-corpus-"):
        cross_corpus.table("x")


def test_every_campaign_is_in_a_step():
    changes = {name for name, *_ in what_helps._CHANGES}
    six = {name for name, campaign in cross_corpus.CAMPAIGNS.items() if campaign.scheme == "six"}
    named = {what_helps.ENCODER, what_helps.TABLE, what_helps.NETWORK, what_helps.LEVEL_FREE}
    assert named | changes | six == set(cross_corpus.CAMPAIGNS)


def test_every_campaign_has_a_printed_name():
    used = {campaign.features for campaign in cross_corpus.CAMPAIGNS.values()}
    assert used <= set(cross_corpus_tables.FEATURES)


def test_log_loss_is_not_that_of_rounded_zeros():
    """With zeros where probabilities were rounded, the largest would be 12."""
    assert cross_corpus.table("cross-corpus-encoder-six", n_boot=10)["log_loss"].max() < 5


@pytest.mark.slow
def test_every_step_starts_from_a_published_mean_and_is_on_the_page():
    gains = what_helps.steps(n_boot=10)
    for name in (what_helps.ENCODER, what_helps.TABLE):
        campaign, scores = cross_corpus.CAMPAIGNS[name], cross_corpus.table(name, n_boot=10)
        part = gains[(gains["features"] == campaign.features) & (gains["scheme"] == "four")]
        means = {
            way: evaluation.mean_over_pairs(scores[scores["adaptation"] == way])
            for way in campaign.adaptations
        }
        first, speaker, _, coral = part.head(4).itertuples()
        assert (first.before, first.after) == pytest.approx((means["plain"], means["corpus"]))
        assert speaker.after == pytest.approx(means["speaker"])
        assert (coral.step, coral.after) == ("CORAL", pytest.approx(means["coral"]))
    np.testing.assert_allclose(gains["gain"], gains["after"] - gains["before"])
    assert (gains["low"] < gains["high"]).all()
    text = (clone.repository() / "data" / "RESULTS.md").read_text(encoding="utf-8")
    rows = what_helps.steps_markdown(gains).splitlines()[2:]
    assert all(row.split(" [")[0] in text for row in rows), "run: sercore results --readme"


def test_curve_has_every_count_for_every_test_corpus():
    curve = cross_corpus.curve()
    counts = curve.groupby(["fold", "only"])["clips"].agg(["size", "nunique"])
    assert (counts["size"] == counts["nunique"] + 1).all()  # all clips are NaN
    assert set(curve["only"]) == {"", "neutral"}
    assert (curve["n_used"] <= curve["clips"].fillna(np.inf)).all()


@pytest.mark.slow
def test_average_of_sources_beats_the_best_single_one_with_the_encoder():
    table = cross_corpus.leave_one_out("cross-corpus-encoder-four", n_boot=10).set_index("test")
    assert table["uniform_prior"].all()
    assert (table["ua"] > table[["best_single", "best_single_same"]].max(axis=1)).all()
    np.testing.assert_allclose(table["minus_best"], table["ua"] - table["best_single_same"], atol=1e-9)
    oof = cross_corpus.load("cross-corpus-encoder-four")
    rows = oof.query("test == 'tess' and adaptation == 'speaker' and not balanced")
    published = rows.groupby("train").apply(evaluation.uar_of, include_groups=False)
    assert table.loc["tess", "best_single"] == pytest.approx(published[["emo_db", "ravdess"]].max())
    assert table.loc["tess", "pooled"] == pytest.approx(published["emo_db+ravdess"])

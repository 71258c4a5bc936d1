"""Averages of single-source models, uniform class priors, and their choice on the other corpora."""

import numpy as np
import pandas as pd
import pytest

from sercore import training
from sercore.errors import EvaluationError
from sercore.training import average_sources, balance_predictions, leave_one_corpus_out, uniform_prior

CLASSES = ("sad", "angry")
CORPORA = ("a", "b", "c")


def make_pairs(rng, *, preference=0.0, adaptations=("corpus", "speaker"), corpora=CORPORA):
    """Predictions for every pair of corpora; ``preference`` for the second class, least if ``speaker``."""
    tables = []
    for test in corpora:
        y = np.repeat([0, 1], 40)
        for train in corpora:
            for adaptation in adaptations:
                logit = (2 * y - 1) + rng.normal(size=80)
                logit += preference if adaptation == "speaker" else 6 * preference
                p = 1 / (1 + np.exp(-logit))
                tables.append(
                    pd.DataFrame(
                        {
                            "clip_id": [f"{test}/{k}" for k in range(80)], "speaker": f"{test}-1",
                            "label": np.array(CLASSES)[y], "model": "lda", "split": "corpus",
                            "fold": f"{train}-to-{test}", "seed": 0, "p_sad": 1 - p, "p_angry": p,
                            "train": train, "test": test, "adaptation": adaptation, "balanced": False,
                        }
                    )
                )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def ua(oof):
    right = np.where(oof["p_sad"] > oof["p_angry"], "sad", "angry") == oof["label"]
    return right.groupby(oof["label"]).mean().mean()


def test_prior_is_uniform_and_keeps_the_order(rng):
    proba = rng.dirichlet([6.0, 1.0, 0.5], 300)
    balanced = uniform_prior(proba)
    np.testing.assert_allclose(balanced.mean(axis=0), 1 / 3, atol=1e-5)
    np.testing.assert_allclose(balanced.sum(axis=1), 1)
    odds, before = (np.log(p[:, 0] / np.maximum(p[:, 1], 1e-4)) for p in (balanced, np.maximum(proba, 1e-4)))
    np.testing.assert_allclose(odds - before, (odds - before)[0], atol=1e-6)


def test_prior_of_too_few_clips_is_refused():
    """One clip would get equal probabilities, and the first class as its answer."""
    with pytest.raises(EvaluationError, match="1 clips of 3 classes: it needs about as many clips of every"):
        uniform_prior(np.array([[0.9, 0.05, 0.05]]))


def test_adaptation_without_inner_scores_is_not_chosen(rng):
    """Its mean over no pairs is NaN, which is neither higher nor lower than any other."""
    rows = make_pairs(rng, corpora=("c", "a", "b"))
    rows = rows[(rows["adaptation"] == "speaker") | (rows["test"] == "c")]  # "corpus" comes first
    chosen = leave_one_corpus_out(rows)
    assert np.isfinite(chosen["inner_ua"]).all()
    assert "corpus" not in set(chosen["adaptation"])


def test_rows_of_tables_that_were_concatenated_stay_in_order(rng):
    """Such a table has every index twice."""
    rows = make_pairs(rng)
    twice = pd.concat([rows, rows.assign(adaptation="other")])
    balanced = balance_predictions(twice)
    pd.testing.assert_frame_equal(balanced[["clip_id", "adaptation"]], twice[["clip_id", "adaptation"]])
    once = balance_predictions(rows)
    pd.testing.assert_frame_equal(balanced.iloc[: len(rows)], once)


def test_certain_predictions_stay():
    np.testing.assert_allclose(uniform_prior(np.eye(3)), np.eye(3), atol=1e-3)
    assert np.isfinite(uniform_prior(np.array([[1.0, 0.0]] * 4))).all()


def test_balancing_helps_a_model_that_prefers_a_class(rng):
    oof = make_pairs(rng, preference=1.5, adaptations=("speaker",)).query("train != test")
    balanced = balance_predictions(oof.sample(frac=1, random_state=0))
    assert ua(balanced) > ua(oof) + 0.05
    means = balanced.groupby(["train", "test"])[["p_sad", "p_angry"]].mean()
    np.testing.assert_allclose(means, 0.5, atol=1e-4)


def test_average_has_one_row_per_clip_and_adaptation(rng):
    oof = make_pairs(rng)
    averaged = average_sources(oof)
    assert len(averaged) == 2 * 3 * 80
    assert set(averaged["train"] + "-to-" + averaged["test"]) == {"b+c-to-a", "a+c-to-b", "a+b-to-c"}
    rows = oof[(oof["clip_id"] == "a/7") & (oof["train"] != "a") & (oof["adaptation"] == "speaker")]
    one = averaged[(averaged["clip_id"] == "a/7") & (averaged["adaptation"] == "speaker")]
    assert one["p_sad"].item() == pytest.approx(rows["p_sad"].mean())
    assert list(averaged.columns) == list(oof.columns)


def test_balanced_training_sets_are_left_out(rng):
    oof = make_pairs(rng)
    balanced = oof.assign(balanced=True, p_sad=1.0, p_angry=0.0)
    both = pd.concat([oof, balanced], ignore_index=True)
    pd.testing.assert_frame_equal(average_sources(both), average_sources(oof))


def test_choice_does_not_read_labels_of_the_test_corpus(rng):
    oof = make_pairs(rng, preference=1.0)
    chosen = leave_one_corpus_out(oof)
    swapped = oof["label"].map(dict(zip(CLASSES, CLASSES[::-1], strict=True)))
    changed = leave_one_corpus_out(oof.assign(label=oof["label"].where(oof["test"] != "c", swapped)))
    columns = ["clip_id", "p_sad", "p_angry", "adaptation", "uniform_prior", "inner_ua"]
    pd.testing.assert_frame_equal(
        chosen.loc[chosen["test"] == "c", columns], changed.loc[changed["test"] == "c", columns]
    )


def test_chosen_procedure_is_the_better_one(rng):
    chosen = leave_one_corpus_out(make_pairs(rng, preference=1.5))
    assert chosen.groupby("test").size().to_dict() == dict.fromkeys(CORPORA, 80)
    assert chosen["uniform_prior"].all()  # every model prefers a class
    assert ua(chosen) > 0.8


def test_what_is_needed(rng):
    oof = make_pairs(rng, corpora=("a", "b"))
    with pytest.raises(EvaluationError, match="at least three corpora"):
        leave_one_corpus_out(oof)
    with pytest.raises(EvaluationError, match="no predictions of another corpus"):
        average_sources(oof[oof["train"] == oof["test"]])
    with pytest.raises(EvaluationError, match="no column train"):
        average_sources(oof.drop(columns="train"))
    assert training.average_sources is average_sources

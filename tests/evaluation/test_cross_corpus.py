"""Scores of different test corpora are never pooled."""

import numpy as np
import pandas as pd
import pytest
from toys.several import several_corpora
from toys.tables import CLASSES

from sercore import evaluation, splits, training
from sercore.errors import EvaluationError
from sercore.evaluation import cross_corpus


@pytest.fixture
def oof(rng):
    index, X = several_corpora(rng)
    folds = [*splits.corpus_pairs(index), *splits.corpus_folds(index)]
    return pd.concat(
        [
            training.cross_corpus(index, X, CLASSES, folds=folds, model="lda"),
            training.in_corpus(index, X, CLASSES, model="lda"),
        ],
        ignore_index=True,
    )


def test_evaluate_oof_refuses_several_test_corpora(rng):
    index, X = several_corpora(rng)
    oof = training.out_of_fold(index, X, CLASSES, model="lda", split="corpus", progress=False)
    with pytest.raises(EvaluationError, match=r"several test corpora \(a, b, c\), which are not pooled"):
        evaluation.evaluate_oof(oof)
    with pytest.raises(EvaluationError, match="several test corpora"):
        evaluation.compare_oof(oof, oof)
    table = training.summarise([oof], corpus="a+b+c", scheme="four")
    assert table["corpus"].tolist() == ["a", "b", "c"]
    for corpus, part in oof.groupby(evaluation.test_corpora(oof)):
        row = table[table["corpus"] == corpus].iloc[0]
        assert row["ua"] == evaluation.evaluate_oof(part)["ua"]
        assert row["n_clips"] == (index["corpus"] == corpus).sum()


def test_labels_speakers_and_seeds_of_compared_tables_are_checked(oof):
    one = oof[(oof["train"] == "a") & (oof["test"] != "a")]
    swapped = one.assign(label=one["label"].map(dict(zip(CLASSES, np.roll(CLASSES, 1), strict=True))))
    others = one.assign(speaker=one["speaker"].to_numpy()[::-1])
    for table, message in ((swapped, "the same labels"), (others, "different speakers")):
        with pytest.raises(EvaluationError, match=message):
            cross_corpus.compare_corpora(one, table, n_boot=10)
    with pytest.raises(EvaluationError, match="several seeds"):
        cross_corpus.compare_corpora(one, pd.concat([one, one.assign(seed=1)]), n_boot=10)
    first = oof[oof["train"] == "a+b"]
    unknown = pd.concat([first, first.assign(seed=np.nan)])
    with pytest.raises(EvaluationError, match="rows of the table have no seed"):
        evaluation.evaluate_oof(unknown)


def test_one_row_for_each_training_set_and_test_corpus(oof):
    table = evaluation.evaluate_corpora(oof, n_boot=50)
    assert len(table) == 12
    row = table[(table["train"] == "a+b") & (table["test"] == "c")].iloc[0]
    part = oof[(oof["train"] == "a+b") & (oof["test"] == "c")]
    y_true, proba, classes, _ = evaluation.unpack(part)
    assert row["ua"] == pytest.approx(evaluation.scalar_metrics(y_true, proba, classes)["ua"])
    assert row["ua_low"] <= row["ua"] <= row["ua_high"]
    assert (row["n_clips"], row["n_speakers"], row["interval"]) == (48, 4, "speakers")
    own = table[(table["train"] == "c") & (table["test"] == "c")].iloc[0]
    assert row["reference"] == own["ua"]


def test_reference_is_of_the_same_model_and_normalisation(oof):
    table = evaluation.evaluate_corpora(oof.assign(adaptation="speaker"), n_boot=10)
    assert table["reference"].notna().all()
    mixed = oof.assign(adaptation=np.where(oof["train"] == oof["test"], "plain", "speaker"))
    crossed = evaluation.evaluate_corpora(mixed, n_boot=10).query("train != test")
    assert crossed["reference"].isna().all()
    mixed = oof.assign(adaptation=np.where(oof["train"] == oof["test"], "plain", "coral"))
    assert evaluation.evaluate_corpora(mixed, n_boot=10)["reference"].notna().all()


def test_few_speakers_give_an_interval_over_clips(oof):
    two = oof[(oof["train"] == "a") & oof["speaker"].isin(["c-0", "c-1"])]
    assert evaluation.evaluate_corpora(two, n_boot=10)["interval"].tolist() == ["clips"]


def test_matrix(oof):
    table = evaluation.evaluate_corpora(oof, n_boot=10)
    matrix = evaluation.corpus_matrix(table)
    assert matrix.index.tolist() == ["a", "b", "c", "all others"]
    assert matrix.columns.tolist() == ["a", "b", "c"]
    assert matrix.notna().all(axis=None)
    pairs = table[table["train"].isin(["a", "b", "c"]) & (table["train"] != table["test"])]
    assert evaluation.mean_over_pairs(table) == pytest.approx(pairs["ua"].mean())
    with pytest.raises(EvaluationError, match="several rows for one training set"):
        evaluation.corpus_matrix(pd.concat([table, table]))


def test_text(oof):
    text = evaluation.cross_corpus_text(evaluation.evaluate_corpora(oof, n_boot=10))
    assert "all others" in text
    assert "mean over pairs: " in text
    assert len(text.splitlines()) == 10 + 2 + 5 + 2


def test_other_tables_are_refused(oof):
    with pytest.raises(EvaluationError, match="not a cross-corpus table: no column test, train"):
        evaluation.evaluate_corpora(oof.drop(columns=["train", "test"]))


def test_pairs_are_compared_with_pooled_training_by_test_corpus(oof):
    single = oof[~oof["train"].str.contains("+", regex=False) & (oof["train"] != oof["test"])]
    pooled = oof[oof["train"].str.contains("+", regex=False)]
    found = evaluation.compare_corpora(pooled, single, n_boot=200)
    scores = evaluation.evaluate_corpora(oof, n_boot=10)
    many = scores["train"].str.contains("+", regex=False)
    assert found["ua_a"] == pytest.approx(scores.loc[many, "ua"].mean())
    assert found["ua_b"] == pytest.approx(evaluation.mean_over_pairs(scores))
    assert found["difference"] == pytest.approx(found["ua_a"] - found["ua_b"])
    assert found["low"] < found["difference"] < found["high"]
    assert (found["n_tests"], found["n_clips"], found["n_speakers"]) == (3, 156, 13)
    shuffled = evaluation.compare_corpora(pooled.sample(frac=1, random_state=0), single, n_boot=200)
    assert shuffled == pytest.approx(found)


def test_interval_of_a_comparison_is_that_of_its_smallest_corpus(oof, monkeypatch):
    asked, bounds = [], cross_corpus.bounds
    monkeypatch.setattr(cross_corpus, "bounds", lambda values, n: asked.append(n) or bounds(values, n))
    single = oof[(oof["train"] == "b") & (oof["test"] != "b")]
    evaluation.compare_corpora(single, single, n_boot=10)
    assert single.groupby("test")["speaker"].nunique().to_dict() == {"a": 5, "c": 4}
    assert asked == [4]


def test_speakers_of_several_corpora_are_drawn_independently(oof):
    """The interval of the mean of four corpora with the same scores is half as wide as that of one."""
    one, other = (oof[(oof["train"] == name) & (oof["test"] == "c")] for name in ("a", "b"))

    def width(n):
        tables = [pd.concat([part.assign(test=f"c{k}") for k in range(n)]) for part in (one, other)]
        found = evaluation.compare_corpora(*tables)
        return found["high"] - found["low"]

    assert width(4) < 0.7 * width(1)


def test_a_table_compared_with_itself_has_no_difference(oof):
    single = oof[(oof["train"] == "a") & (oof["test"] != "a")]
    same = evaluation.compare_corpora(single, single, n_boot=50)
    assert (same["difference"], same["low"], same["high"]) == (0, 0, 0)


def test_tables_of_other_corpora_or_clips_are_not_compared(oof):
    single = oof[(oof["train"] == "a") & (oof["test"] != "a")]
    with pytest.raises(EvaluationError, match=r"different test corpora: \['b', 'c'\] and \['b'\]"):
        evaluation.compare_corpora(single, single[single["test"] == "b"])
    with pytest.raises(EvaluationError, match="the same clips with the same labels"):
        evaluation.compare_corpora(single, single.iloc[1:])

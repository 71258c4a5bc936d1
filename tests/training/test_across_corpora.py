"""Training on some corpora and testing on others, and adaptation with unlabelled clips."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toys.several import several_corpora
from toys.tables import CLASSES

from sercore import evaluation, splits, training
from sercore.errors import CorpusError, SercoreError, SplitError
from sercore.training import jobs as jobs_module
from sercore.training import networks
from sercore.training.adaptation import adapt, coral
from sercore.training.folds import run_folds


@pytest.fixture
def data(rng):
    return several_corpora(rng)


# ---------------------------------------------------------------------------------- adaptation


def test_coral_gives_the_mean_and_covariances_of_the_target(rng):
    source = rng.normal(size=(400, 5)) @ rng.normal(size=(5, 5)) + 3
    target = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)) - 2
    aligned = coral(source, target, ridge=1e-9)
    np.testing.assert_allclose(aligned.mean(axis=0), target.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(np.cov(aligned.T), np.cov(target.T), atol=1e-3)


def test_coral_equals_the_formula_of_the_paper_with_more_columns_than_clips(rng):
    source, target = rng.normal(size=(9, 20)), rng.normal(size=(7, 20))

    def power(rows, exponent):
        values, vectors = np.linalg.eigh(np.cov(rows.T) + np.eye(20))
        return (vectors * values**exponent) @ vectors.T

    expected = (source - source.mean(axis=0)) @ power(source, -0.5) @ power(target, 0.5) + target.mean(axis=0)
    np.testing.assert_allclose(coral(source, target), expected, atol=1e-5)


@pytest.mark.parametrize("adaptation", training.ADAPTATIONS)
def test_labels_are_not_used(data, adaptation):
    index, X = data
    fold = splits.corpus_folds(index, ["a", "b"], ["c"])[0]
    blind = index.drop(columns=["label", "emotion"])
    np.testing.assert_array_equal(adapt(blind, X, fold, adaptation), adapt(index, X, fold, adaptation))


@pytest.mark.parametrize(("adaptation", "column"), [("corpus", "corpus"), ("speaker", "speaker")])
def test_normalised_groups_have_mean_0_and_standard_deviation_1(data, adaptation, column):
    index, X = data
    fold = splits.corpus_folds(index, ["a"], ["c"])[0]
    adapted = pd.DataFrame(adapt(index, X, fold, adaptation)).groupby(index[column].to_numpy())
    np.testing.assert_allclose(adapted.mean(), 0, atol=1e-5)
    np.testing.assert_allclose(adapted.std(ddof=0), 1, atol=1e-5)


def test_coral_changes_training_clips_only(data):
    index, X = data
    fold = splits.corpus_folds(index, ["a", "b"], ["c"])[0]
    by_corpus, aligned = (adapt(index, X, fold, name) for name in ("corpus", "coral"))
    np.testing.assert_array_equal(aligned[fold.test], by_corpus[fold.test])
    assert not np.allclose(aligned[fold.train], by_corpus[fold.train])


def test_coral_aligns_each_training_corpus_to_the_test_clips(data):
    index, X = data
    fold = splits.corpus_folds(index, ["a", "b"], ["c"])[0]
    by_corpus, aligned = (adapt(index, X, fold, name) for name in ("corpus", "coral"))
    for corpus in "ab":
        rows = (index["corpus"] == corpus).to_numpy()
        np.testing.assert_array_equal(aligned[rows], coral(by_corpus[rows], by_corpus[fold.test]))


def test_unknown_adaptation_and_frames_for_coral(data):
    index, X = data
    fold = splits.corpus_folds(index, ["a"], ["c"])[0]
    with pytest.raises(SercoreError, match=r"no adaptation named 'x'; there are: plain, corpus"):
        adapt(index, X, fold, "x")
    with pytest.raises(SercoreError, match="no adaptation named 'speker'"):
        training.in_corpus(index, X, CLASSES, model="lda", adaptation="speker")
    with pytest.raises(SercoreError, match="CORAL aligns the rows of a table"):
        adapt(index, [row[:, None] for row in X], fold, "coral")


# --------------------------------------------------------------------------------- experiments


def test_speaker_normalisation_helps_across_corpora(data):
    index, X = data
    pairs = splits.corpus_pairs(index)
    plain, normalised = (
        evaluation.evaluate_corpora(
            training.cross_corpus(index, X, CLASSES, folds=pairs, model="lda", adaptation=name), n_boot=10
        )
        for name in ("plain", "speaker")
    )
    assert evaluation.mean_over_pairs(normalised) > evaluation.mean_over_pairs(plain) + 0.1
    assert set(zip(plain["train"], plain["test"], strict=True)) == {
        (one, other) for one in "abc" for other in "abc" if one != other
    }


def test_predictions_do_not_depend_on_test_labels(data):
    index, X = data
    folds = splits.corpus_folds(index, test=["c"])
    oof = training.cross_corpus(index, X, CLASSES, folds=folds)
    rolled = index.assign(label=index["label"].where(index["corpus"] != "c", np.roll(index["label"], 5)))
    again = training.cross_corpus(rolled, X, CLASSES, folds=folds)
    np.testing.assert_array_equal(oof.filter(regex="^p_"), again.filter(regex="^p_"))
    assert oof["train"].unique().tolist() == ["a+b"]
    assert oof["model"].unique().tolist() == ["logistic_nested"]


def test_strength_is_chosen_across_training_corpora(data, monkeypatch):
    index, X = data
    chosen = []
    original = training.across_corpora.choose_c
    monkeypatch.setattr(
        "sercore.training.across_corpora.choose_c",
        lambda *args, **options: chosen.append(options["by"]) or original(*args, **options),
    )
    training.cross_corpus(index, X, CLASSES, folds=splits.corpus_folds(index, test=["c"]))
    assert chosen == ["corpus"]


def test_strength_is_chosen_on_adapted_rows_and_used(data, monkeypatch):
    index, X = data
    folds, asked = splits.corpus_folds(index, test=["c"]), []
    monkeypatch.setattr(
        "sercore.training.across_corpora.choose_c", lambda index, X, *_, **__: asked.append(X) or 0.07
    )
    nested, fixed = (
        training.cross_corpus(index, X, CLASSES, folds=folds, adaptation="speaker", **model)
        for model in ({}, {"model": "logistic", "model_params": {"C": 0.07}})
    )
    assert len(asked) == 1
    np.testing.assert_array_equal(asked[0], adapt(index, X, folds[0], "speaker"))
    np.testing.assert_array_equal(nested.filter(regex="^p_"), fixed.filter(regex="^p_"))


def test_strength_has_the_lowest_mean_loss_over_left_out_corpora(rng):
    index, X = several_corpora(rng, sizes=(("a", 8), ("b", 2)))
    is_a, y = (index["corpus"] == "a").to_numpy(), index["label"].to_numpy()
    losses = []
    for c in training.nested.C_GRID:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=c))
        tests = (is_a, ~is_a)
        losses.append(sum(log_loss(y[on], model.fit(X[~on], y[~on]).predict_proba(X[on])) for on in tests))
    rises = np.flatnonzero(np.diff(losses) > 0)
    expected = training.nested.C_GRID[rises[0] if len(rises) else -1]
    assert training.choose_c(index, X, np.arange(len(index)), by="corpus") == expected


def test_balanced_training_changes_predictions(rng):
    index, X = several_corpora(rng, sizes=(("a", 8), ("b", 2), ("c", 4)))
    folds = splits.corpus_folds(index, test=["c"])
    plain, balanced = (
        training.cross_corpus(index, X, CLASSES, folds=folds, model="logistic", balanced=each)
        for each in (False, True)
    )
    assert balanced["balanced"].all()
    assert not np.allclose(plain.filter(regex="^p_"), balanced.filter(regex="^p_"))


def test_balanced_training_reaches_models_with_inner_folds(rng, monkeypatch):
    index, X = several_corpora(rng, sizes=(("a", 8), ("b", 2), ("c", 4)))
    folds = splits.corpus_folds(index, test=["c"])
    options = {"folds": folds, "model": "linear_svc"}
    plain, balanced = (
        training.cross_corpus(index, X, CLASSES, balanced=each, **options) for each in (False, True)
    )
    assert not np.allclose(plain.filter(regex="^p_"), balanced.filter(regex="^p_"))
    seen = []
    monkeypatch.setattr(networks, "fit", lambda network, X, y, **_: seen.append(len(y)))
    train = folds[0].train
    for rows in (train, np.repeat(train, 3)):
        training.fit_network(index, X, rows, CLASSES, model="mlp")
    assert seen[1] == 3 * seen[0]


def test_a_corpus_on_both_sides_is_refused(data):
    index, X = data
    fold = splits.make_folds(index, "speaker", n_folds=3)[0]
    with pytest.raises(SplitError, match="corpora in training and in test: "):
        training.cross_corpus(index, X, CLASSES, folds=[fold], model="lda")


def test_in_corpus_reference_is_speaker_disjoint(data):
    index, X = data
    oof = training.in_corpus(index, X, CLASSES, model="lda")
    assert (oof["train"] == oof["test"]).all()
    assert sorted(oof["clip_id"]) == sorted(index["clip_id"])
    assert (oof.groupby("speaker")["fold"].nunique() == 1).all()
    assert (oof.groupby("fold")["speaker"].nunique() == 1).all()
    assert (
        training.in_corpus(index, X, CLASSES, model="lda", adaptation="coral")["adaptation"].eq("plain").all()
    )


@pytest.mark.parametrize("adaptation", ["plain", "speaker"])
def test_in_corpus_reference_uses_the_versions_of_its_clips(data, rng, adaptation):
    """They are adapted like the clips, but by themselves."""
    index, X = data
    louder = 2 * X + rng.normal(size=X.shape).astype(np.float32) + 5
    options = {"model": "lda", "adaptation": adaptation}
    oof = training.in_corpus(index, X, CLASSES, augmented=[louder], **options)
    versions = [training.speaker_normalise(part, index["speaker"]) for part in (X, louder)]
    clips, other = versions if adaptation == "speaker" else (X, louder)
    for corpus in "abc":
        rows = np.flatnonzero(index["corpus"] == corpus)
        part = index.iloc[rows].reset_index(drop=True)
        alone = training.out_of_fold(
            part, clips[rows], CLASSES, model="lda", split="loso", augmented=[other[rows]], progress=False
        )
        found = oof[oof["test"] == corpus].filter(regex="^p_")
        np.testing.assert_allclose(found, alone.filter(regex="^p_"), atol=1e-6)


def test_fold_cache_is_used(data, tmp_path):
    index, X = data
    folds = splits.corpus_folds(index, ["a"], ["b"])
    first, again = (
        training.cross_corpus(index, X, CLASSES, folds=folds, model="lda", folder=tmp_path) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, again)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("adaptation", "times"), [("plain", 3), ("speaker", 3), ("coral", 6)])
def test_folds_with_the_same_training_part_share_one_fit(data, monkeypatch, adaptation, times):
    """And the rows are those of separate fits."""
    index, X = data
    fitted, fit = [], jobs_module.fit_classical
    monkeypatch.setattr(
        jobs_module, "fit_classical", lambda *args, **options: fitted.append(1) or fit(*args, **options)
    )
    pairs = splits.corpus_pairs(index)
    options = {"model": "lda", "adaptation": adaptation}
    oof = training.cross_corpus(index, X, CLASSES, folds=pairs, **options)
    assert len(fitted) == times
    alone = pd.concat(
        [training.cross_corpus(index, X, CLASSES, folds=[fold], **options) for fold in pairs],
        ignore_index=True,
    )
    costs = ["train_seconds", "ms_per_clip"]
    pd.testing.assert_frame_equal(oof.drop(columns=costs), alone.drop(columns=costs))
    assert oof["fold"].unique().tolist() == [fold.name for fold in pairs]


# ------------------------------------------------------------------------------- common classes


def test_classes_that_a_corpus_lacks_are_left_out_with_a_message():
    index = pd.DataFrame({"corpus": ["a"] * 5 + ["b"] * 3})
    index["emotion"] = ["neutral", "calm", "sad", "angry", "happy", "boredom", "sad", "angry"]
    labelled, classes, left_out = training.common_classes(index, "six")
    assert classes == ("sad", "angry")
    assert labelled["label"].tolist() == ["sad", "angry", "sad", "angry"]
    assert labelled.index.tolist() == [0, 1, 2, 3]
    assert left_out == (
        "a: 3 of 5 clips left out, not in the common classes of 'six': 1 neutral, 1 calm, 1 happy",
        "b: 1 of 3 clips left out, not in the common classes of 'six': 1 boredom",
    )
    with pytest.raises(CorpusError, match=r"1 class\(es\) of the scheme 'four' in common"):
        training.common_classes(index[index["emotion"] != "sad"], "four")


def test_pooled_corpora_keep_rows_and_features_together(data, monkeypatch):
    index, X = data
    parts = {
        name: (index[index["corpus"] == name].reset_index(drop=True), X[index["corpus"] == name])
        for name in "ab"
    }

    class Extracted:
        def __init__(self, index, X):
            self.index, self.X = index, X

    monkeypatch.setattr("sercore.corpora.load_index", lambda name: parts[name])
    monkeypatch.setattr("sercore.features.extract_table", lambda part, recipe, **_: Extracted(*part))
    pooled = training.pool_corpora(["b", "a", "b"], scheme="four")
    assert pooled.index["corpus"].unique().tolist() == ["b", "a"]
    assert pooled.classes == ("neutral", "sad", "angry")
    order = [index.index[index["clip_id"] == clip][0] for clip in pooled.index["clip_id"]]
    np.testing.assert_array_equal(pooled.X, X[order])


def test_pooled_frames_are_those_of_their_clips(data, monkeypatch):
    index, X = data

    def load(name):
        return index[index["corpus"] == name].reset_index(drop=True)

    def extract(part, recipe, **_):
        rows = index.index[index["clip_id"].isin(part["clip_id"])]
        return SimpleNamespace(index=part, X=[np.tile(X[row][:, None], 1 + row % 3) for row in rows])

    monkeypatch.setattr("sercore.corpora.load_index", load)
    monkeypatch.setattr("sercore.features.extract_frames", extract)
    pooled = training.pool_corpora(["b", "a"], scheme="four", frames=True)
    order = [index.index[index["clip_id"] == clip][0] for clip in pooled.index["clip_id"]]
    assert [clip.shape[1] for clip in pooled.X] == [1 + row % 3 for row in order]
    np.testing.assert_array_equal([clip[:, 0] for clip in pooled.X], X[order])


def test_test_versions_are_averaged(data, rng):
    """A model that is the same for a clip and its version predicts the mean for both."""
    index, X = data
    folds = splits.corpus_pairs(index)
    noisy = X + 0.3 * rng.normal(size=X.shape).astype(np.float32)
    options = {"folds": folds, "model": "lda", "augmented": [noisy]}
    one, averaged = (
        training.cross_corpus(index, X, CLASSES, test_versions=n, **options).filter(regex="^p_")
        for n in (0, 1)
    )
    swapped = training.cross_corpus(index, noisy, CLASSES, **options | {"augmented": [X]})
    np.testing.assert_allclose(averaged, (one + swapped.filter(regex="^p_")) / 2, atol=1e-5)


def test_what_other_processes_compute_comes_last(data, monkeypatch):
    """Several processes share the training sets instead of waiting for each other at each of them."""
    index, X = data
    options = {"folds": splits.corpus_pairs(index), "model": "lda"}
    expected, order = training.cross_corpus(index, X, CLASSES, **options), []

    def shared(job, tasks, *, wait):
        ((_, fold),) = tasks
        if fold.name.startswith("a-to") and not wait:
            return iter(())
        order.append(fold.name[0])
        return run_folds(job, tasks, wait=wait)

    monkeypatch.setattr("sercore.training.across_corpora.run_folds", shared)
    found = training.cross_corpus(index, X, CLASSES, **options)
    assert order == ["b", "c", "a"]
    pd.testing.assert_frame_equal(
        found.drop(columns=["train_seconds", "ms_per_clip"]),
        expected.drop(columns=["train_seconds", "ms_per_clip"]),
    )


def test_augmented_versions_are_fitted_on_and_not_tested(data, rng):
    index, X = data
    folds = splits.corpus_folds(index, ["a"], ["b"])
    noisy = X + rng.normal(size=X.shape).astype(np.float32)
    plain, more = (
        training.cross_corpus(index, X, CLASSES, folds=folds, model="lda", augmented=versions)
        for versions in ((), (noisy,))
    )
    assert plain["clip_id"].tolist() == more["clip_id"].tolist()
    assert not np.allclose(plain.filter(regex="^p_"), more.filter(regex="^p_"))
    noisy[folds[0].test] = X[folds[0].test]  # versions of test clips are not used
    again = training.cross_corpus(index, X, CLASSES, folds=folds, model="lda", augmented=(noisy,))
    np.testing.assert_array_equal(again.filter(regex="^p_"), more.filter(regex="^p_"))


@pytest.mark.parametrize(("adaptation", "times"), [("speaker", 3), ("coral", 6)])
def test_strength_is_chosen_once_for_equal_training_rows(data, monkeypatch, adaptation, times):
    index, X = data
    calls = []
    monkeypatch.setattr(
        "sercore.training.across_corpora.choose_c", lambda *args, **options: calls.append(1) or 0.01
    )
    training.cross_corpus(index, X, CLASSES, folds=splits.corpus_pairs(index), adaptation=adaptation)
    assert len(calls) == times

"""One-vs-rest experts as ensemble members."""

import numpy as np
import pandas as pd
import pytest
from toys.predictions import metrics, wide

from sercore import ensemble, training
from sercore.errors import EvaluationError, SplitError


@pytest.fixture(scope="module")
def corpus():
    """Twelve speakers, three classes; speakers differ by an offset."""
    rng = np.random.default_rng(0)
    who, code = np.divmod(np.arange(12 * 15), 15)
    code = code % 3
    X = rng.normal(size=(180, 6)) + rng.normal(size=(12, 6))[who]
    X[np.arange(180), code] += 1.5
    labels = np.array(["angry", "happy", "sad"])[code]
    index = pd.DataFrame({"clip_id": [f"c{k:03}" for k in range(180)], "corpus": "toy"})
    return index.assign(speaker=[f"toy-s{w:02}" for w in who], label=labels), X, ("angry", "happy", "sad")


@pytest.fixture(scope="module")
def expert_table(corpus):
    return ensemble.train_experts(*corpus, ensemble.classical_expert(C=1.0), progress=False)


def test_experts_become_members(corpus, expert_table):
    members = ensemble.align(expert_table)
    assert members.names == ("expert angry", "expert happy", "expert sad")
    assert members.costs is not None
    p_happy = wide(expert_table, "expert happy")
    np.testing.assert_allclose(p_happy["p_angry"], p_happy["p_sad"])
    np.testing.assert_allclose(p_happy.sum(axis=1), 1)
    own = np.column_stack([wide(expert_table, f"expert {name}")[f"p_{name}"] for name in corpus[2]])
    mean = wide(ensemble.soft_vote(expert_table), "soft_vote")
    np.testing.assert_array_equal(mean.to_numpy().argmax(axis=1), own.argmax(axis=1))
    balanced = own.mean(axis=0)  # unweighted it would be one third
    assert ((balanced > 0.35) & (balanced < 0.6)).all()


def test_experts_are_trained_and_applied_out_of_fold(corpus):
    index, X, classes = corpus
    calls = []

    def fit(clips, X_train, own, seed):
        assert len(clips) == len(X_train) == len(own)
        assert own.mean() == pytest.approx(1 / 3)
        training = {row.tobytes() for row in X_train}

        def predict(X_test):
            assert not training & {row.tobytes() for row in X_test}
            calls.append((len(X_train), len(X_test), seed))
            return np.full(len(X_test), 0.25)

        return predict

    table = ensemble.train_experts(index, X, classes, fit, n_folds=4, seeds=(3,), progress=False)
    assert len(calls) == 3 * 4
    assert all(trained + tested == 180 and seed == 3 for trained, tested, seed in calls)
    assert table.groupby("model")["clip_id"].nunique().tolist() == [180, 180, 180]
    assert not table.duplicated(["model", "clip_id"]).any()
    np.testing.assert_allclose(wide(table, "expert sad"), np.full((180, 3), [0.375, 0.375, 0.25]))


@pytest.mark.parametrize(
    "system", ["equal", "stack_logistic", pytest.param("stack_mlp", marks=pytest.mark.slow)]
)
def test_ensembles_of_experts(system, expert_table):
    found = ensemble.evaluate_nested(expert_table, systems=[system], progress=False)
    assert metrics(found.oof)["ua"] > 0.6


def test_in_sample_predictions_of_experts_raise(corpus, expert_table):
    index, X, classes = corpus
    in_sample = []
    for own in classes:
        p_own = ensemble.classical_expert(C=1.0)(index, X, (index["label"] == own).to_numpy(), 0)(X)
        rest = (1 - p_own) / 2
        columns = {f"p_{name}": p_own if name == own else rest for name in classes}
        part = expert_table[expert_table["model"] == f"expert {own}"].set_index("clip_id")
        every_clip = index.set_index("clip_id").assign(
            split="speaker", seed=0, model=f"expert {own}", **columns
        )
        in_sample += [every_clip.assign(fold=fold).reset_index() for fold in sorted(set(part["fold"]))]
    with pytest.raises(SplitError, match="'expert angry': 180 clips are predicted in more than one fold"):
        ensemble.fit_stack(pd.concat(in_sample, ignore_index=True), meta="mlp")


def test_finished_experts_are_cached(corpus, tmp_path):
    index, X, classes = corpus
    calls = []

    def fit(clips, X_train, own, seed):
        calls.append(seed)
        return lambda X_test: np.linspace(0, 1, len(X_test))

    options = {"n_folds": 3, "folder": tmp_path, "progress": False}
    first = ensemble.train_experts(index, X, classes, fit, **options)
    assert len(calls) == len(list(tmp_path.glob("expert-*.parquet"))) == 9
    next(tmp_path.glob("expert-sad-*.parquet")).unlink()
    again = ensemble.train_experts(index, X, classes, fit, **options)
    assert len(calls) == 10
    pd.testing.assert_frame_equal(
        again.drop(columns=list(training.COSTS)), first.drop(columns=list(training.COSTS))
    )
    ensemble.train_experts(index, 2 * X, classes, fit, **options)  # other features, other files
    ensemble.train_experts(index, X, classes, fit, name="other", **options)
    assert len(calls) == 28
    inner = index.assign(sex=np.where(np.arange(len(index)) % 2, "female", "male"))  # other inner folds
    ensemble.train_experts(inner, X, classes, fit, name="other", **options)
    assert len(calls) == 37


def test_list_of_frames(corpus):
    index, X, classes = corpus
    clips = [np.tile(row, (1 + k % 3, 1)) for k, row in enumerate(X)]

    def fit(_, frames, own, seed):
        inner = ensemble.classical_expert(C=1.0)(_, np.stack([f.mean(axis=0) for f in frames]), own, seed)
        return lambda X_test: inner(np.stack([f.mean(axis=0) for f in X_test]))

    table = ensemble.train_experts(index, clips, classes, fit, progress=False)
    expected = ensemble.train_experts(index, X, classes, ensemble.classical_expert(C=1.0), progress=False)
    np.testing.assert_allclose(table.filter(regex="^p_"), expected.filter(regex="^p_"), atol=1e-6)


@pytest.mark.parametrize("proba", [np.full((60, 2), 0.5), np.full(60, 1.5), np.full(60, np.nan)])
def test_invalid_probabilities_raise(corpus, proba):
    with pytest.raises(EvaluationError, match=r"expert for 'angry' returned .* expected one probability"):
        ensemble.train_experts(
            *corpus, lambda *_: lambda X_test: proba[: len(X_test)], n_folds=3, progress=False
        )


@pytest.mark.slow
def test_network_experts(rng):
    classes = ("angry", "happy", "sad")
    speaker, code = np.divmod(np.arange(6 * 12), 12)
    code = code % 3
    X = [rng.normal(size=(8, 20 + 4 * (k % 3))).astype(np.float32) for k in range(len(code))]
    for clip, band in zip(X, code, strict=True):
        clip[2 * band : 2 * band + 2] += 2  # each class has its own band
    index = pd.DataFrame({"clip_id": [f"c{k:02}" for k in range(len(code))], "corpus": "toy"})
    index = index.assign(speaker=[f"toy-s{s}" for s in speaker], label=np.array(classes)[code])
    small = {"filters": (4,), "units": 8, "pool": 1, "dropout": 0.0}
    fit = ensemble.network_expert(
        "cnn2d_lstm", model_params=small, epochs=12, learning_rate=0.02, batch_size=8
    )
    table = ensemble.train_experts(index, X, classes, fit, n_folds=2, progress=False)
    members = ensemble.align(table)
    assert members.names == ("expert angry", "expert happy", "expert sad")
    own = np.stack([members.proba[k, :, list(members.classes).index(name)] for k, name in enumerate(classes)])
    most_confident = np.array(classes)[own.argmax(axis=0)]
    assert (most_confident == members.rows["label"]).mean() > 0.6
    balanced = own.mean()  # unweighted it would be one third
    assert 0.3 < balanced < 0.65
    stacked = ensemble.evaluate_nested(table, systems=("stack_mlp",), progress=False).oof
    assert sorted(stacked["clip_id"]) == sorted(index["clip_id"])

"""Hyperparameter search."""

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from toys.tables import CLASSES, make_features, make_index

from sercore import training
from sercore.errors import SercoreError, StoreError, TrainingError
from sercore.training import hyperparameters

SPACE = {"n_neighbors": IntDistribution(1, 15)}


@pytest.fixture
def index():
    return make_index()


@pytest.fixture
def X(index, rng):
    return make_features(index, rng)


@pytest.fixture
def train(index):
    return np.flatnonzero(~index["speaker"].isin(["demo-0", "demo-1"]))


def search(index, X, train, **options):
    defaults = {"model": "knn", "space": SPACE, "n_trials": 4, "progress": False}
    return training.search(index, X, train, CLASSES, **(defaults | options))


def test_defaults_of_a_search_are_those_of_the_function_that_gets_them():
    assert training.search_defaults("mlp", {"weight_decay": None}) == {"weight_decay": 0.0}
    assert training.split_params("mlp", {"weight_decay": 0.0}) == ({}, {"weight_decay": 0.0})
    assert training.search_defaults("sklearn_mlp", {"batch_size": None}) == {"batch_size": "auto"}


def test_first_trial_uses_defaults(index, X, train):
    first = search(index, X, train).trials[0]
    assert first.params == {"n_neighbors": 9}
    assert first.user_attrs == {"defaults": True}
    space = {"units": IntDistribution(8, 64), "layers": IntDistribution(1, 3)}
    assert training.search_defaults("bilstm", space) == {"units": 64, "layers": 1}


def test_parameters_of_xgboost():
    assert training.split_params("xgboost", {"max_depth": 4}) == ({"max_depth": 4}, {})
    assert training.search_defaults("xgboost", {"max_depth": None}) == {"max_depth": 3}


def test_trials_that_diverge_are_pruned_but_for_the_defaults(index, X, train, monkeypatch, tmp_path):
    original, asked = hyperparameters.run_folds, []

    def run(job, tasks, **options):
        asked.append(job)
        if len(asked) == fails:
            raise TrainingError("training diverged")
        return original(job, tasks, **options)

    monkeypatch.setattr(hyperparameters, "run_folds", run)
    fails = 2
    study = search(index, X, train)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "COMPLETE", "COMPLETE"]
    for _ in range(2):  # also when it is resumed
        fails = len(asked) + 1
        with pytest.raises(TrainingError):
            search(index, X, train, storage=tmp_path / "study.db")


def test_best_trial_is_not_worse_than_defaults(index, X, train):
    study = search(index, X, train, n_trials=8)
    assert study.best_value >= study.trials[0].value > 1 / 3
    assert len({trial.params["n_neighbors"] for trial in study.trials}) > 2


def test_search_does_not_depend_on_n_jobs(index, X, train):
    one, two = search(index, X, train), search(index, X, train, n_jobs=2)
    assert [trial.value for trial in one.trials] == [trial.value for trial in two.trials]
    assert all(len(trial.intermediate_values) == 3 for trial in two.trials)


def test_search_reads_training_part_only(index, X, train):
    before = search(index, X, train)
    changed, labels = X.copy(), index["label"].to_numpy().copy()
    outside = np.setdiff1d(np.arange(len(index)), train)
    changed[outside], labels[outside] = 1e6, "sad"
    after = search(index.assign(label=labels), changed, train)
    assert [trial.value for trial in before.trials] == [trial.value for trial in after.trials]


def test_trials_keep_speakers_apart(index, X, train, monkeypatch):
    from sercore.training import jobs

    seen, fit = [], jobs.fit_classical

    def recording(index, X, rows, **options):
        seen.append(set(index["speaker"].to_numpy()[rows]))
        return fit(index, X, rows, **options)

    monkeypatch.setattr(jobs, "fit_classical", recording)
    search(index, X, train, n_trials=1, n_folds=4)
    assert len(seen) == 4
    assert all(len(speakers) == 3 for speakers in seen)


def test_search_resumes_from_storage(index, X, train, tmp_path, monkeypatch):
    storage = tmp_path / "new" / "study.db"
    first = search(index, X, train, n_trials=3, storage=storage).trials
    again = search(index, X, train, n_trials=5, storage=storage)
    assert [t.params for t in again.trials[:3]] == [t.params for t in first]
    assert len(again.trials) == 5
    monkeypatch.setattr(training.jobs.Job, "fit", None)  # no trial is left to run
    assert len(search(index, X, train, n_trials=5, storage=storage).trials) == 5
    with pytest.raises(TypeError):
        search(index, X + 1, train, n_trials=1, storage=storage)  # other features make another study


def test_continued_search_draws_new_parameters(index, X, train, tmp_path):
    space = {"leaf_size": IntDistribution(1, 10**6)}
    for n_trials in (3, 6):
        study = search(index, X, train, n_trials=n_trials, space=space, storage=tmp_path / "study.db")
    assert len({trial.params["leaf_size"] for trial in study.trials}) == 6


@pytest.mark.slow
def test_other_space_is_other_study(index, X, train, tmp_path):
    search(index, X, train, storage=tmp_path / "study.db")
    study = search(index, X, train, space={"p": IntDistribution(1, 2)}, storage=tmp_path / "study.db")
    assert [set(trial.params) for trial in study.trials] == [{"p"}] * 4
    assert study.trials[0].user_attrs == {"defaults": True}


def test_interrupted_first_trial_is_repeated(index, X, train, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.jobs.Job, "fit", stop)
        with pytest.raises(KeyboardInterrupt):
            search(index, X, train, storage=tmp_path / "study.db")
    study = search(index, X, train, storage=tmp_path / "study.db")
    done = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    assert len(done) == 4
    assert done[0].user_attrs == {"defaults": True}


def test_invalid_storage_raises(index, X, train, tmp_path):
    (tmp_path / "study.db").write_bytes(b"Dear reader, " * 500)
    (tmp_path / "file").touch()
    for storage in (tmp_path / "study.db", tmp_path / "file" / "study.db"):
        with pytest.raises(StoreError, match="trials cannot be stored there"):
            search(index, X, train, storage=storage)


@pytest.mark.slow
def test_poor_trials_are_pruned(index, X, train):
    space = {"learning_rate_init": FloatDistribution(1e-5, 1e-1, log=True)}
    study = search(
        index,
        X,
        train,
        model="sklearn_mlp",
        space=space,
        n_trials=14,
        model_params={"max_iter": 30},
        n_folds=4,
    )
    states = [trial.state for trial in study.trials]
    assert optuna.trial.TrialState.PRUNED in states
    pruned = next(trial for trial in study.trials if trial.state == optuna.trial.TrialState.PRUNED)
    assert 1 <= len(pruned.intermediate_values) < 4


def test_split_params():
    params = {"units": 32, "layers": 2, "dropout": 0.5, "learning_rate": 1e-3}
    assert training.split_params("bilstm", params) == (
        {"units": (32, 32), "dropout": 0.5},
        {"learning_rate": 1e-3},
    )
    assert training.split_params("bilstm", {"units": 32})[0] == {"units": (32,)}
    assert training.split_params("cnn1d_lstm", {"units": 32})[0] == {"units": 32}
    with pytest.raises(
        SercoreError, match=r"'bilstm' has no parameter 'neighbours'; available are: .*dropout"
    ):
        training.split_params("bilstm", {"neighbours": 3})


@pytest.mark.parametrize("model", ["mlp", "lstm", "bilstm_attention", "cnn2d_lstm", "transformer"])
def test_defaults_are_in_default_space(model):
    space = training.default_space(model)
    assert {"learning_rate", "dropout"} <= set(space)
    defaults = training.search_defaults(model, space)
    assert set(defaults) == set(space)
    for name, value in defaults.items():
        assert space[name]._contains(value), name


def test_no_default_space_for_classical_models():
    with pytest.raises(SercoreError, match="no default space for 'lda'"):
        training.default_space("lda")


def test_plot_of_search(index, X, train):
    import matplotlib.pyplot as plt

    from sercore import plots

    study = search(index, X, train, n_trials=8, space={**SPACE, "p": IntDistribution(1, 2)})
    axes = plots.search(study)
    labels = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert {"defaults", "best so far"} <= set(labels)
    best = pd.Series([t.value for t in study.trials if t.state.name == "COMPLETE"]).cummax()
    line = next(line for line in axes[0].get_lines() if line.get_label() == "best so far")
    np.testing.assert_allclose(line.get_ydata(), 100 * best)
    assert {text.get_text() for text in axes[1].get_yticklabels()} == {"n_neighbors", "p"}
    plt.close("all")

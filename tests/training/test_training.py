"""Cross-validation, fold cache, training of single models, speaker normalisation."""

import dataclasses
import functools
import os
import subprocess
import sys
import warnings
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toys.tables import CLASSES, make_features, make_index

from sercore import training
from sercore.errors import SercoreError, SplitError
from sercore.evaluation import scalar_metrics, unpack
from sercore.models import classical
from sercore.splits import Fold, make_folds
from sercore.training import clips as clips_module
from sercore.training import folds as training_folds
from sercore.training import jobs as jobs_module
from sercore.training import networks

QUICK = {  # parameters with which slow models are quick
    "random_forest": {"n_estimators": 10},
    "extra_trees": {"n_estimators": 10},
    "gradient_boosting": {"max_iter": 5, "max_features": 1.0},
    "sklearn_mlp": {"max_iter": 20},
}
needs_xgboost = pytest.mark.skipif(find_spec("xgboost") is None, reason="the extra xgboost is not installed")
MODELS = [
    *(name for name in classical.available() if name != "xgboost"),
    pytest.param("xgboost", marks=needs_xgboost),
]
SLOW_MLP = pytest.param("mlp", marks=pytest.mark.slow)


@pytest.fixture
def index():
    return make_index()


@pytest.fixture
def X(index, rng):
    return make_features(index, rng)


@pytest.fixture
def quick_network(request, monkeypatch):
    """Six epochs with a large learning rate, not compiled, if the model of the test is a network."""
    if request.getfixturevalue("model") != "mlp":
        yield
        return
    import tensorflow as tf

    monkeypatch.setattr(networks, "fit", functools.partial(training.fit, epochs=6, learning_rate=0.02))
    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Even though the")
        yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def one_fold(index, monkeypatch):
    """Run only the first of three folds."""
    fold = make_folds(index, "speaker", n_folds=3)[0]
    monkeypatch.setattr(training_folds, "make_folds", lambda *args, **options: [fold])
    return fold


def predict(index, X, model="lda", **options):
    return training.out_of_fold(index, X, CLASSES, model=model, progress=False, **options)


def proba_of(oof):
    return unpack(oof.sort_values("clip_id"))[1]


# every model


@pytest.mark.parametrize("model", [*MODELS, SLOW_MLP])
def test_model_predicts_every_clip_above_chance(model, index, X, quick_network):
    oof = predict(index, X, model, model_params=QUICK.get(model), n_folds=2)
    assert sorted(oof["clip_id"]) == sorted(index["clip_id"])
    proba = proba_of(oof)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert (proba >= 0).all()
    assert oof["model"].str.startswith(model).all()
    ua = scalar_metrics(*unpack(oof)[:3])["ua"]
    assert ua == pytest.approx(1 / 3) if model == "dummy" else ua > 0.5
    assert (oof[["train_seconds", "ms_per_clip"]] >= 0).all(axis=None)
    assert oof["parameters"].notna().all() == (model == "mlp")


@pytest.mark.parametrize("model", ["random_forest", "sklearn_mlp", SLOW_MLP])
def test_predictions_depend_on_seed(model, index, X, one_fold, quick_network):
    options = {"model": model, "model_params": QUICK.get(model)}
    once, again = predict(index, X, **options), predict(index, X, **options)
    np.testing.assert_array_equal(proba_of(once), proba_of(again))
    other = predict(index, X, **options, seeds=[1])
    assert np.abs(proba_of(once) - proba_of(other)).max() > 1e-3


def test_predictions_do_not_depend_on_n_jobs(index, X):
    np.testing.assert_allclose(
        proba_of(predict(index, X, n_jobs=2)), proba_of(predict(index, X)), rtol=1e-6, atol=1e-9
    )


def test_n_jobs_is_limited_by_memory(index, X, monkeypatch):
    import psutil

    free = psutil.virtual_memory()._replace(available=training_folds._PROCESS_BYTES + 3 * X.nbytes)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    with pytest.warns(UserWarning, match=r"1 instead of 2 processes: 0\.7 GiB of memory are free"):
        oof = predict(index, X, n_jobs=2)
    np.testing.assert_array_equal(proba_of(oof), proba_of(predict(index, X)))


def test_scale(index, X):
    scales = X * (10.0 ** np.arange(X.shape[1]))
    scaled, plain = (predict(index, scales, "knn", scale=scale) for scale in (True, False))
    np.testing.assert_allclose(proba_of(scaled), proba_of(predict(index, X, "knn")), atol=1e-3)
    assert np.abs(proba_of(plain) - proba_of(scaled)).max() > 0.1


# leaks


@pytest.mark.parametrize("model", ["linear_svc", SLOW_MLP])
def test_scaler_reads_training_rows_only(model, index, X, monkeypatch, one_fold, quick_network):
    from sklearn.preprocessing import StandardScaler

    seen, fit = [], StandardScaler.fit

    def recording(self, X, *args, **options):
        seen.append({row.tobytes() for row in np.asarray(X)})
        return fit(self, X, *args, **options)

    monkeypatch.setattr(StandardScaler, "fit", recording)
    predict(index, X, model)
    allowed = {row.tobytes() for row in X[one_fold.train]}
    assert seen
    assert all(rows <= allowed for rows in seen)


@pytest.mark.parametrize("model", ["lda", "rbf_svc", SLOW_MLP])
def test_predictions_do_not_depend_on_test_part(model, index, X, rng, one_fold, quick_network):
    """Labels and features of test clips may change; predictions for other test clips stay the same."""
    before = predict(index, X, model)
    labels, shifted = index["label"].to_numpy().copy(), X.copy()
    labels[one_fold.test] = rng.permutation(labels[one_fold.test])
    shifted[one_fold.test[:6]] = 1e3
    after = predict(index.assign(label=labels), shifted, model)
    columns = [f"p_{name}" for name in CLASSES]
    np.testing.assert_allclose(before[columns][6:], after[columns][6:], atol=1e-6)
    assert not np.allclose(before[columns][:6], after[columns][:6], atol=1e-3)


def test_svc_calibration_keeps_speakers_apart(index, X):
    train = np.flatnonzero(index["speaker"] != "demo-0")
    fitted = training.fit_classical(index, X, train, model="rbf_svc")
    people = index["speaker"].to_numpy()[train]
    assert len(fitted.cv) == 3
    for inner_train, inner_test in fitted.cv:
        assert not set(people[inner_train]) & set(people[inner_test])
    assert sorted(np.concatenate([test for _, test in fitted.cv])) == list(range(len(train)))


def test_random_split_rewards_recognising_speakers(index, rng):
    X = make_features(index, rng, voice=4.0)
    leaky, honest = (
        scalar_metrics(*unpack(predict(index, X, "knn", model_params={"n_neighbors": 2}, split=split))[:3])[
            "ua"
        ]
        for split in ("random", "speaker")
    )
    assert leaky > honest + 0.1


# fold cache


def count_fits(monkeypatch):
    calls, fit = [], jobs_module.fit_classical

    def counting(*args, **options):
        calls.append(options["model"])
        return fit(*args, **options)

    monkeypatch.setattr(jobs_module, "fit_classical", counting)
    return calls


def test_fold_cache_is_used(index, X, tmp_path, monkeypatch):
    calls = count_fits(monkeypatch)
    first = predict(index, X, folder=tmp_path, seeds=[0, 1], n_folds=3)
    assert len(calls) == 6
    files = sorted(path.name for path in tmp_path.iterdir())
    assert len(files) == 6
    assert all(f"seed{seed}-fold-{k}" in "".join(files) for seed in (0, 1) for k in (1, 2, 3))
    second = predict(index, X, folder=tmp_path, seeds=[0, 1], n_folds=3)
    assert len(calls) == 6
    pd.testing.assert_frame_equal(first, second)


def test_missing_fold_is_run_again(index, X, tmp_path, monkeypatch):
    whole = predict(index, X, folder=tmp_path, n_folds=3)
    next(iter(sorted(tmp_path.iterdir()))).unlink()
    calls = count_fits(monkeypatch)
    resumed = predict(index, X, folder=tmp_path, n_folds=3)
    assert len(calls) == 1
    np.testing.assert_array_equal(proba_of(resumed), proba_of(whole))


CHANGES = {
    "features": lambda index, X: (index, X + 1, {}),
    "label": lambda index, X: (index.assign(label=index["label"].to_numpy()[::-1]), X, {}),
    "scaling": lambda index, X: (index, X, {"scale": False}),
    "setting": lambda index, X: (index, X, {"model_params": {"n_neighbors": 3}}),
    "folds": lambda index, X: (index, X, {"n_folds": 3}),
    "split": lambda index, X: (index, X, {"split": "loso"}),
    "seed": lambda index, X: (index, X, {"seeds": [5]}),
    "model": lambda index, X: (index, X, {"model": "lda"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_fold_cache_depends_on_arguments(change, index, X, tmp_path, monkeypatch):
    usual = {"model": "knn", "n_folds": 2, "folder": tmp_path}
    predict(index, X, **usual)
    calls = count_fits(monkeypatch)
    index, X, options = CHANGES[change](index, X)
    oof = predict(index, X, **(usual | options))
    assert len(calls) == oof["fold"].nunique() > 1


def test_digest_depends_on_speakers_clip_lengths_and_version(index, monkeypatch):
    """Speakers determine the inner split; the same frames may be divided into other clips."""
    frames = [np.full((2, 10 + k % 3), k, np.float32) for k in range(len(index))]
    job = jobs_module.Job(index, frames, CLASSES, "lstm")
    digests = [job.digest()]
    others = index.assign(speaker=index["speaker"].to_numpy()[::-1])
    digests += [dataclasses.replace(job, index=others).digest()]
    values, ends = clips_module.pack(frames)
    ends[len(ends) // 2] += 1
    digests += [dataclasses.replace(job, X=clips_module.unpack((values, ends))).digest()]
    monkeypatch.setattr(jobs_module, "VERSION", jobs_module.VERSION + 1)
    digests += [job.digest()]
    assert len(set(digests)) == 4


def test_digest_depends_on_what_divides_the_training_part(index, X):
    """Sex and copies of recordings decide which speakers are together in an inner fold."""
    others = [index.assign(sex="female"), index.assign(duplicate_of="")]
    for model, changes in {"logistic_nested": True, "rbf_svc": True, "lda": False}.items():
        job = jobs_module.Job(index, X, CLASSES, model)
        digests = {dataclasses.replace(job, index=other).digest() for other in (index, *others)}
        assert len(digests) == (3 if changes else 1)


def test_fold_file_depends_on_versions_their_number_and_training_clips(index, X, rng, tmp_path):
    job = jobs_module.Job(index, X, CLASSES, "lda", folder=tmp_path)
    other = make_features(index, rng)
    changes = [
        {}, {"augmented": [X]}, {"augmented": [other]}, {"augmented": [X, other]},
        {"augmented": [X, other], "test_versions": 1}, {"augmented": [X, other], "test_versions": 2},
    ]  # fmt: skip
    tasks = [(0, Fold("fold-1", np.arange(start, 60), np.arange(60, 72))) for start in (0, 12)]
    jobs = [dataclasses.replace(job, **changed) for changed in changes]
    files = {file for each in jobs for file in training_folds._files(each, tasks)}
    assert len(files) == 6 * 2


@pytest.mark.slow
def test_processes_of_their_own_use_the_dtype_policy_of_the_caller(index, X):
    import keras

    job = jobs_module.Job(index, X, CLASSES, "mlp", fit_params={"epochs": 1, "early_stopping": False})
    fold, before = make_folds(index, "speaker", n_folds=2)[0], keras.config.dtype_policy()
    packed = [clips_module.pack(X)]
    rows = []
    try:
        for policy in ("float32", "mixed_bfloat16"):
            keras.config.set_dtype_policy("float32")  # as in a new process
            rows.append(training_folds._run(job, packed, None, None, 0, fold, None, policy))
    finally:
        keras.config.set_dtype_policy(before)
    full, mixed = map(proba_of, rows)
    assert 1e-4 < np.abs(full - mixed).max() < 0.1
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(("n_threads", "chosen"), [(1, None), (1, "true"), (None, None)])
def test_several_processes_share_a_gpu(n_threads, chosen, index, X, monkeypatch):
    """By default, JAX takes three quarters of its memory; a process alone may."""
    name, fold = "XLA_PYTHON_CLIENT_PREALLOCATE", make_folds(index, "speaker", n_folds=2)[0]
    for variable in (name, "TF_NUM_INTRAOP_THREADS"):
        monkeypatch.setenv(variable, "")  # so that it is restored
        monkeypatch.delenv(variable)
    if chosen:
        monkeypatch.setenv(name, chosen)
    monkeypatch.setattr(training_folds.quiet, "end_with_parent", lambda: None)
    monkeypatch.setattr(training_folds, "_compute", lambda *args: (os.environ.get(name), None))
    job = jobs_module.Job(index, X, CLASSES, "mlp")
    seen = training_folds._run(job, [], None, None, 0, fold, n_threads, None)
    assert seen == (chosen or ("false" if n_threads else None))


def test_fold_cache_depends_on_defaults(index, X, tmp_path, monkeypatch):
    predict(index, X, "knn", folder=tmp_path)
    make = classical.CLASSICAL["knn"]
    monkeypatch.setitem(classical.CLASSICAL, "knn", lambda seed: [make(seed)[0].set_params(n_neighbors=2)])
    calls = count_fits(monkeypatch)
    predict(index, X, "knn", folder=tmp_path)
    assert calls


def test_interrupted_write_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr("os.replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        training.write_parquet(pd.DataFrame({"a": [1]}), tmp_path / "new" / "x.parquet")
    assert not list(tmp_path.rglob("x.parquet"))


def test_parameters_of_xgboost_are_added_to_its_defaults():
    model = classical.build_classical("xgboost", seed=7, model_params={"max_depth": 4})[-1]
    assert model.options == classical.build_classical("xgboost", seed=7)[-1].options | {"max_depth": 4}
    assert model.options["random_state"] == 7


# comparison


def test_test_versions_are_averaged(index, X, rng):
    other = X + rng.normal(0, 0.3 * X.std(axis=0), X.shape).astype(np.float32)
    one = proba_of(predict(index, X, augmented=[other], scale=False))
    two = proba_of(predict(index, other, augmented=[X], scale=False))  # the same training rows
    average = proba_of(predict(index, X, augmented=[other], test_versions=1, scale=False))
    assert np.abs(one - two).max() > 0.01
    np.testing.assert_allclose(average, (one + two) / 2, atol=1e-5)


def test_folds_with_test_versions_serve_the_clips_alone(index, X, rng, tmp_path, monkeypatch):
    other = X + rng.normal(0, 0.3 * X.std(axis=0), X.shape).astype(np.float32)
    usual = {"augmented": [other], "n_folds": 2}
    fresh = predict(index, X, **usual)
    average = predict(index, X, **usual, test_versions=1, folder=tmp_path)
    calls = count_fits(monkeypatch)
    alone = predict(index, X, **usual, folder=tmp_path)
    assert not calls
    assert alone["model"].unique().tolist() == fresh["model"].unique().tolist() != list(set(average["model"]))
    np.testing.assert_array_equal(proba_of(alone), proba_of(fresh))
    assert np.abs(proba_of(average) - proba_of(alone)).max() > 0.001


def test_too_many_test_versions_raise(index, X):
    with pytest.raises(SercoreError, match="between 0 and the number of augmented versions, 1"):
        predict(index, X, augmented=[X], test_versions=2)


def test_compare(index, X):
    table, oofs = training.compare(
        index, X, CLASSES, models=["dummy", "lda"], scheme="four", n_folds=3, progress=False
    )
    assert list(table["model"]) == list(oofs) == ["dummy", "lda"]
    assert set(table["corpus"]) == {"demo"}
    assert set(table["scheme"]) == {"four"}
    assert not table["speaker_norm"].any()
    assert table["ua"].iloc[1] == scalar_metrics(*unpack(oofs["lda"])[:3])["ua"]
    assert table["ua_low"].notna().all()
    assert set(table["interval"]) == {"speakers"}
    pd.testing.assert_series_equal(oofs["dummy"]["fold"], oofs["lda"]["fold"])


def test_compare_with_speaker_norm(index, rng):
    X = make_features(index, rng, voice=6.0)
    plain, normalised = (
        training.compare(index, X, CLASSES, models=["lda"], scheme="four", speaker_norm=norm, progress=False)[
            0
        ]
        for norm in (False, True)
    )
    assert normalised["speaker_norm"].all()
    assert normalised["ua"].item() > plain["ua"].item() + 0.1


def test_compare_without_scaling(index, X):
    options = {"n_folds": 3, "scale": False}
    _, oofs = training.compare(index, X, CLASSES, models=["knn"], scheme="four", progress=False, **options)
    np.testing.assert_array_equal(proba_of(oofs["knn"]), proba_of(predict(index, X, "knn", **options)))


def test_compare_default_models(index, X, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "sercore.training.cross_validation.run_folds", lambda job, tasks, **o: asked.append(job.model) or []
    )
    with pytest.raises(ValueError, match="No objects to concatenate"):
        training.compare(index, X, CLASSES, scheme="four", progress=False)
    monkeypatch.setattr(classical, "available", lambda: [])
    with pytest.raises(ValueError, match="No objects to concatenate"):
        training.compare(index, X, CLASSES, scheme="four", progress=False)
    assert asked == ["dummy", "mlp"]


def test_compare_two_speakers(rng):
    index = make_index(n_speakers=2, n_repetitions=8, corpus="tess")
    X = make_features(index, rng)
    table, oofs = training.compare(
        index, X, CLASSES, models=["lda", "linear_svc"], scheme="four", progress=False
    )
    assert set(table["interval"]) == {"clips"}
    assert table["note"].str.contains("does not apply to other speakers").all()
    assert oofs["lda"]["fold"].nunique() == 2


def test_train_seconds_are_summed_over_folds(index, X):
    oof = predict(index, X, seeds=[0, 1], n_folds=3).assign(train_seconds=2.0)
    assert training.summarise([oof], corpus="demo", scheme="four")["train_seconds"].item() == 6.0


# one model


def test_class_absent_from_training_has_probability_zero(index, X):
    train = np.flatnonzero(index["label"] != "sad")
    fitted = training.fit_classical(index, X, train, model="lda")
    proba = training.predict_proba(fitted, X, CLASSES)
    assert (proba[:, 1] == 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    known = proba.argmax(axis=1)[train] == pd.Categorical(index["label"], categories=CLASSES).codes[train]
    assert known.mean() > 0.8


def test_model_params(index, X):
    oof = predict(index, X, "knn", model_params={"n_neighbors": 1})
    assert set(oof["model"]) == {"knn n_neighbors=1"}
    assert set(np.unique(proba_of(oof))) == {0.0, 1.0}


def test_network_reads_versions_standardised_like_the_clips_and_the_seed_divides_speakers(
    index, X, monkeypatch
):
    seen = []
    monkeypatch.setattr(networks, "fit", lambda network, X, y, **options: seen.append((X, options)))
    for seed in (0, 1):
        training.fit_network(index, X, np.arange(len(X)), CLASSES, model="mlp", augmented=[X], seed=seed)
    for clips, options in seen:
        np.testing.assert_array_equal(options["augmented"][0], clips)
        np.testing.assert_allclose(np.mean(clips, axis=0), 0, atol=1e-4)
    one, other = (np.stack(options["validation"][0]) for _, options in seen)
    assert not np.array_equal(one, other)


@pytest.mark.slow
def test_early_stopping_restores_best_weights(index, X):
    from sercore.models.mlp import build_mlp

    y = pd.Categorical(index["label"], categories=CLASSES).codes
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    network = build_mlp(Z.shape[1], 3)
    wrong = np.roll(y, 1)  # so that training increases the validation loss
    history = training.fit(
        network, Z[24:], y[24:], validation=(Z[:24], wrong[:24]), epochs=30, patience=3, learning_rate=0.02
    )
    assert sorted(history) == ["accuracy", "loss", "seconds", "val_accuracy", "val_loss"]
    assert np.argmin(history["val_loss"]) == len(history) - 1 - 3 < 26
    loss = network.evaluate(Z[:24], np.eye(3)[wrong[:24]], verbose=0)[0]
    assert loss == pytest.approx(history["val_loss"].min(), abs=1e-4)


@pytest.mark.slow
def test_lr_schedule_spec_augment_and_checkpoint(tmp_path, monkeypatch, rng):
    import keras

    from sercore import models
    from sercore.models.layers import SpecAugment

    hidden, call = [], SpecAugment.call

    def watched(self, x, training=None):
        hidden.append((training, self.frames, self.n_masks))
        return call(self, x, training=training)

    monkeypatch.setattr(SpecAugment, "call", watched)
    rates, compile_with = [], keras.Model.compile

    def compiled(self, optimizer, *args, **options):
        steps = int(optimizer._learning_rate.decay_steps + optimizer._learning_rate.warmup_steps)
        rates.extend(float(optimizer._learning_rate(step)) for step in range(steps + 1))
        return compile_with(self, optimizer, *args, **options)

    monkeypatch.setattr(keras.Model, "compile", compiled)
    clips, y = [rng.normal(size=(4, 20)).astype(np.float32) for _ in range(12)], np.arange(12) % 3
    network = models.build("lstm", 4, 3, units=(4,), pool=4)
    training.fit(
        network, clips, y, epochs=4, batch_size=6, learning_rate=0.01, lr_schedule="cosine",
        spec_augment={"frames": 5, "n_masks": 1}, checkpoint=tmp_path / "best.keras",
    )  # fmt: skip
    assert (True, 5, 1) in hidden
    assert rates[0] < max(rates) == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.0001)
    assert np.argmax(rates) == 4, "two epochs of two batches"
    saved = keras.models.load_model(tmp_path / "best.keras")
    for a, b in zip(saved.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("options", [{"weight_decay": 0.5}, {"global_clipnorm": 1e-9}])
def test_optimizer_options_limit_weights_and_steps(options, rng):
    from sercore import models

    X, y = rng.normal(size=(16, 4)).astype(np.float32), np.arange(16) % 2
    norms, steps = [], []
    for chosen in ({}, options):
        network = models.build("mlp", 4, 2, hidden=(8,), seed=0)
        before = np.concatenate([np.ravel(weight) for weight in network.get_weights()])
        training.fit(network, X, y, epochs=3, learning_rate=0.1, **chosen)
        after = np.concatenate([np.ravel(weight) for weight in network.get_weights()])
        norms.append(np.linalg.norm(after))
        steps.append(np.linalg.norm(after - before))
    without, limited = norms if "weight_decay" in options else steps
    assert limited < 0.9 * without


def test_fit_does_not_change_global_random_state(index, X):
    import random

    from sercore.models.mlp import build_mlp

    random.seed(3)
    training.fit(build_mlp(X.shape[1], 3), X, np.arange(len(X)) % 3, epochs=1)
    assert random.random() == random.Random(3).random()


def test_predict_proba_of_network(rng):
    from sercore.models.mlp import build_mlp

    network, X = build_mlp(5, 3), rng.normal(size=(1500, 5)).astype(np.float32)
    proba = training.predict_proba(network, X, CLASSES)
    np.testing.assert_allclose(proba, network.predict(X, verbose=0), atol=1e-6)
    np.testing.assert_array_equal(proba, training.predict_proba(network, X, CLASSES))
    network.set_weights([2 * weight for weight in network.get_weights()])
    assert np.abs(training.predict_proba(network, X, CLASSES) - proba).max() > 1e-3, (
        "predictions used old weights"
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.floats(0.1, 1e4), st.floats(-1e4, 1e4))
def test_speaker_normalise(seed, n_speakers, factor, shift):
    rng = np.random.default_rng(seed)
    speakers = np.array([f"x-{k % n_speakers}" for k in range(12 * n_speakers)])
    X = rng.normal(size=(len(speakers), 3)).astype(np.float32)
    X[:, 2] = 7.0
    normalised = training.speaker_normalise(X, speakers)
    for speaker in np.unique(speakers):
        own = normalised[speakers == speaker]
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(own.std(axis=0), [1, 1, 0], atol=1e-4)
    louder = X.copy()
    louder[speakers == "x-0"] = factor * louder[speakers == "x-0"] + shift
    if abs(shift) < 100 * factor:  # otherwise float32 has too few digits
        np.testing.assert_allclose(training.speaker_normalise(louder, speakers), normalised, atol=5e-3)
    assert X[0, 2] == 7.0  # the input is not changed


@pytest.mark.parametrize("unknown", ["", None, np.nan, pd.NA])
def test_speaker_normalise_unknown_speaker_raises(unknown):
    with pytest.raises(SercoreError, match="1 clips have no speaker"):
        training.speaker_normalise(np.zeros((2, 3)), ["a-1", unknown])


# errors


def test_length_mismatch_raises(index, X):
    with pytest.raises(SercoreError, match="72 rows in the index but 71 in X"):
        predict(index, X[1:])


@pytest.mark.parametrize("model", ["lda", "mlp"])
def test_unknown_label_raises(model, index, X):
    renamed = index.assign(label=index["label"].replace("sad", "sadness"))
    with pytest.raises(SercoreError, match=r"labels \['sadness'\] are not among the classes .*apply_scheme"):
        predict(renamed, X, model)
    missing = renamed.assign(label=renamed["label"].where(renamed["label"] != "angry"))
    with pytest.raises(SercoreError, match=r"labels \['nan', 'sadness'\]"):
        jobs_module.Job(missing, X, CLASSES, model).check()


def test_unknown_model_or_parameter_raises(index, X):
    with pytest.raises(SercoreError, match=r"no classical model named 'svm'.*rbf_svc"):
        predict(index, X, "svm")
    with pytest.raises(SercoreError, match=r"model 'knn': Invalid parameter 'neighbours'.*n_neighbors"):
        predict(index, X, "knn", model_params={"neighbours": 3})


def test_comparison_checks_the_last_model_before_the_first_is_trained(index, X, monkeypatch):
    monkeypatch.setattr(training_folds, "_compute", lambda *_: pytest.fail("trained"))
    for models, message in (
        (["dummy", "logistc"], "no classical model"),
        (["dummy", "lstm"], "reads frames"),
    ):
        with pytest.raises(SercoreError, match=message):
            training.compare(index, X, CLASSES, scheme="four", models=models, progress=False)
    numbered = index.assign(label=pd.Categorical(index["label"]).codes)
    with pytest.raises(SercoreError, match=r"classes must be names, not \[0, 1, 2\]"):
        training.out_of_fold(numbered, X, [0, 1, 2], model="dummy", progress=False)


def test_parameters_out_of_range_and_too_many_neighbours_raise(index, X):
    with pytest.raises(SercoreError, match="model 'logistic': The 'C' parameter"):
        predict(index, X, "logistic", model_params={"C": -1.0})
    with pytest.raises(SplitError, match=r"knn compares 999 neighbours, but there are \d+ clips"):
        predict(index, X, "knn", model_params={"n_neighbors": 999})


def test_data_frames_are_not_tables(index, X):
    frame = pd.DataFrame(X, columns=[f"c{k}" for k in range(X.shape[1])])
    with pytest.raises(SercoreError, match="'lda' reads a table"):
        predict(index, frame, "lda")


@pytest.mark.parametrize("model", ["dummy", "logistic", "gradient_boosting", "mlp"])
def test_features_that_are_not_finite_raise(index, X, model):
    spoiled = X.copy()
    spoiled[3, 2] = np.nan
    for part, versions in ((spoiled, ()), (X, [spoiled])):
        with pytest.raises(SercoreError, match=f"features of 1 clips .* {index['clip_id'][3]!r}"):
            training.out_of_fold(index, part, CLASSES, model=model, augmented=versions, progress=False)


def test_class_absent_from_training_raises(index, X):
    rare = index.assign(label=np.where(index["speaker"] == "demo-0", "sad", "angry"))
    with pytest.raises(SplitError, match="would test sad"):
        predict(rare, X, split="loso")


def test_importing_loads_no_keras_and_no_librosa():
    code = (
        "import sys, sercore.training, sercore.interpret, sercore.plots\n"
        "print([m for m in ('tensorflow', 'keras', 'librosa', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_too_few_clips_for_a_model_raise(index, X):
    few = np.array([int(np.flatnonzero(index["label"] == name)[0]) for name in index["label"].unique()])
    message = rf"lda cannot be fitted to {len(few)} clips of {len(few)} classes .*; record more clips"
    with pytest.raises(SplitError, match=message):
        training.fit_classical(index, X, few, model="lda")


# augmented versions


@pytest.mark.parametrize("order", ["reversed", "shuffled", "by label"])
def test_augmented_versions_in_another_order_are_refused(order, index, X, rng):
    rows = {
        "reversed": np.arange(len(X))[::-1],
        "shuffled": rng.permutation(len(X)),
        "by label": np.argsort(index["label"].to_numpy(), kind="stable"),
    }[order]
    wide = np.hstack([X, rng.normal(size=(len(X), 20))])
    with pytest.raises(SercoreError, match="augmented version 1: its rows do not resemble"):
        predict(index, wide, augmented=[1.1 * wide + 0.2, wide[rows]], n_folds=2)


def test_augmented_frames_in_another_order_are_refused(rng):
    clips = [np.cumsum(rng.normal(size=(8, n)), axis=1).astype(np.float32) for n in range(30, 60)]
    faster = [0.9 * clip[:, ::2] + 20 for clip in clips]  # also louder by more than clips differ
    assert clips_module.same_order(clips, faster)
    assert not clips_module.same_order(clips, faster[::-1])
    assert not clips_module.same_order(clips, [clip[:4] for clip in faster])
    one_frame = [clip[:, :1] for clip in clips]
    assert clips_module.same_order(one_frame, one_frame)


def test_rows_state_what_computed_them(index, X, tmp_path, monkeypatch):
    import sklearn

    first = predict(index, X, n_folds=2, folder=tmp_path)
    assert set(first["folds_version"]) == {str(jobs_module.VERSION)}
    assert set(first["packages"]) == {f"scikit-learn {sklearn.__version__}, numpy {np.__version__}"}
    monkeypatch.setattr(jobs_module, "VERSION", jobs_module.VERSION + 1)
    cached = predict(index, X, n_folds=2, folder=tmp_path)  # a cached fold keeps its own version
    assert set(cached["folds_version"]) == set(first["folds_version"])
    assert set(predict(index, X, n_folds=2)["folds_version"]) == {str(jobs_module.VERSION)}

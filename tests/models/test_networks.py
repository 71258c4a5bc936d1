"""One contract for every network in sercore.models.NETWORKS, and tests of the layers they share."""

import os
import random
import subprocess
import sys
from functools import lru_cache

import numpy as np
import pytest

from sercore import models
from sercore.errors import SercoreError

N_FEATURES, N_CLASSES, N_FRAMES = 16, 3, 24
TINY = {
    "mlp": {"hidden": (8,), "dropout": 0.0, "input_dropout": 0.0},
    "lstm": {"units": (6, 6), "pool": 3},
    "bilstm": {"units": (6,), "pool": 3},
    "bilstm_attention": {"units": (6,), "attention_units": 4, "pool": 3},
    "bilstm_multihead": {"units": (4,), "heads": 2, "pool": 3},
    "cnn1d_lstm": {"filters": (6,), "units": 6},
    "cnn2d_lstm": {"filters": (3, 4), "units": 6},
    "cnn_fused": {"filters_1d": (6,), "filters_2d": (3,), "units": 4},
    "lstm_cnn1d": {"filters": (6,), "units": 6, "pool": 3},
    "lstm_cnn2d": {"filters": (6,), "units": 6, "pool": 3},
    "transformer": {"width": 8, "blocks": 1, "heads": 2, "pool": 1},
    "cnn2d_transformer": {"filters": (3,), "width": 8, "blocks": 1, "heads": 2},
    "res_lstm": {"filters": (4,), "units": 4, "attention_units": 4},
    "tdnn": {
        "filters": (6, 6),
        "kernel_sizes": (5, 3),
        "units": 6,
        "attention_units": 4,
        "conv_dropout": 0.0,
    },
    "encoder_attention": {"n_blocks": 2, "units": 6, "attention_units": 4},
}
"""Settings that make each network small."""
NAMES = (*models.NETWORKS, *models.ENCODER_HEADS)
FRAME_NETWORKS = [name for name in NAMES if name not in models.TABLE_NETWORKS]
every_network = pytest.mark.parametrize("name", NAMES)
every_frame_network = pytest.mark.parametrize("name", FRAME_NETWORKS)


@lru_cache
def tiny(name):
    """A small network in which every weight has an influence: biases and moving averages are not 0."""
    model = build(name)
    rng = np.random.default_rng(3)
    for weight in model.weights:
        if weight.dtype == "float32":
            weight.assign(weight.numpy() + rng.uniform(0.05, 0.2, weight.shape))
    return model


def build(name, *, seed=0, **model_params):
    return models.build(name, N_FEATURES, N_CLASSES, seed=seed, **TINY[name] | model_params)


def some_clips(n=4):
    """Clips [shape=(n_features, n_frames)] of different lengths that are not multiples of any stride."""
    rng = np.random.default_rng(5)
    return [rng.normal(size=(N_FEATURES, N_FRAMES - 5 * (k % 4))).astype("float32") for k in range(n)]


def some_input(name, n=4):
    clips = some_clips(n)
    return np.stack([c[:, 0] for c in clips]) if name in models.TABLE_NETWORKS else models.pad_clips(clips)


def predict(model, X):
    import keras

    return keras.ops.convert_to_numpy(model(X, training=False))


def test_every_network_is_tested():
    assert set(TINY) == set(NAMES)


def test_import_loads_no_keras():
    code = "import sys, sercore.models; sys.exit(any(m in sys.modules for m in ('keras', 'tensorflow')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_name_raises():
    with pytest.raises(SercoreError, match=r"no network named 'lsmt'; there are: mlp, lstm"):
        models.build("lsmt", 4, 2)


@every_network
@pytest.mark.parametrize("sizes", [(0, 3), (4, 1)])
def test_invalid_sizes_raise(name, sizes):
    with pytest.raises(SercoreError, match="at least 1 feature and 2 classes"):
        models.build(name, *sizes)


@every_network
def test_probabilities_sum_to_one(name):
    proba = predict(tiny(name), some_input(name))
    assert proba.shape == (4, N_CLASSES)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert (proba >= 0).all()
    assert proba.std(axis=0).min() > 1e-4, "the same prediction for every clip"


@every_frame_network
@pytest.mark.parametrize("n_frames", [N_FRAMES + 1, N_FRAMES + 14])
def test_padding_does_not_change_prediction(name, n_frames):
    clips = some_clips()
    alone = np.concatenate([predict(tiny(name), models.pad_clips([clip])) for clip in clips])
    padded = predict(tiny(name), models.pad_clips(clips, n_frames=n_frames))
    np.testing.assert_allclose(padded, alone, atol=1e-5)


AS_TDNN = {"deltas": True, "statistics": True}
WITH_OPTIONS = [name for name in FRAME_NETWORKS if name in models.NETWORKS and name != "tdnn"]


@pytest.mark.parametrize("name", WITH_OPTIONS)
def test_deltas_and_statistics_keep_the_contract(name, tmp_path):
    import keras

    model = build(name, **AS_TDNN)
    assert model.count_params() > tiny(name).count_params()
    assert len([layer for layer in model.layers if type(layer).__name__ == "Deltas"]) == 1
    n_branches = 2 if name == "cnn_fused" else 1
    assert len([x for x in model.layers if type(x).__name__ == "AttentionStatistics"]) == n_branches
    assert not any(type(x).__name__ in ("GlobalAveragePooling1D", "AttentionPool") for x in model.layers)
    clips = some_clips()
    alone = np.concatenate([predict(model, models.pad_clips([clip])) for clip in clips])
    padded = predict(model, models.pad_clips(clips, n_frames=N_FRAMES + 14))
    np.testing.assert_allclose(padded, alone, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(
        predict(keras.saving.load_model(tmp_path / "model.keras"), models.pad_clips(clips)), alone, atol=1e-5
    )


@pytest.mark.parametrize("name", WITH_OPTIONS)
@pytest.mark.parametrize("option", AS_TDNN)
def test_deltas_and_statistics_are_independent(name, option):
    model = build(name, **{option: True})
    names = {type(layer).__name__ for layer in model.layers}
    assert ("Deltas" in names, "AttentionStatistics" in names) == (option == "deltas", option == "statistics")


def test_deltas_are_channels_of_an_image():
    from sercore.models.assembly import as_image

    x = np.arange(2 * 3 * 12, dtype=np.float32).reshape(
        2, 3, 12
    )  # 4 bands, their slopes, and slopes of these
    image = np.asarray(as_image(x, deltas=True))
    assert image.shape == (2, 3, 4, 3)
    for k in range(3):
        np.testing.assert_array_equal(image[..., k], x[..., 4 * k : 4 * k + 4])


FAST = ("cnn1d_lstm", "encoder_attention")  # the other networks take two to four seconds each
ONE_STEP = [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in FRAME_NETWORKS]


@pytest.mark.parametrize("name", ONE_STEP)
def test_padding_does_not_change_training_step(name):
    import keras

    results = []
    for n_frames in (N_FRAMES, N_FRAMES + 20):
        model = build(name, dropout=0.0)
        model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy", run_eagerly=True)
        X = models.pad_clips(some_clips(), n_frames=n_frames)
        loss = model.train_on_batch(X, np.eye(N_CLASSES)[[0, 1, 2, 0]])
        results.append([np.array(loss), *model.get_weights()])
    start = build(name, dropout=0.0).get_weights()
    assert max(np.abs(a - b).max() for a, b in zip(start, results[0][1:], strict=True)) > 0.01
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.slow
@every_network
def test_eight_clips_can_be_overfitted(name):
    import keras

    model, X = build(name, dropout=0.0), some_input(name, 8)
    y = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", jit_compile=False)
    for _ in range(120):
        model.train_on_batch(X, y)
    assert predict(model, X).argmax(axis=1).tolist() == y.tolist()


@pytest.mark.parametrize("name", [name for name in FRAME_NETWORKS if name in models.NETWORKS])
def test_order_of_frames_changes_prediction(name):
    clip = some_clips(1)[0]
    shuffled = clip[:, np.random.default_rng(0).permutation(clip.shape[1])]
    one, other = predict(tiny(name), models.pad_clips([clip, shuffled]))
    assert np.abs(one - other).max() > 1e-4


@every_network
def test_saved_network_predicts_the_same(name, tmp_path):
    import keras

    tiny(name).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")  # in safe mode, without stored code
    np.testing.assert_allclose(
        predict(loaded, some_input(name)), predict(tiny(name), some_input(name)), atol=1e-6
    )


@pytest.mark.slow
@every_network
def test_onnx_export_predicts_the_same(name, tmp_path):
    import onnxruntime

    model, path = tiny(name), str(tmp_path / "model.onnx")
    predict(model, some_input(name))  # Keras exports only models that were called
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path)
    clips = some_clips(7)  # other numbers of clips and frames than in the call above
    frames = models.pad_clips(clips, n_frames=N_FRAMES + 7)
    X = np.stack([c[:, 0] for c in clips]) if name in models.TABLE_NETWORKS else frames
    proba = session.run(None, {session.get_inputs()[0].name: X})[0]
    np.testing.assert_allclose(proba, predict(model, X), atol=1e-5)


ON_JAX = """
import sys
import keras, numpy as np
import sercore.models.encoder_heads, sercore.models.layers
assert keras.backend.backend() == "jax"
folder = sys.argv[1]
for name in sys.argv[2:]:
    X = np.load(f"{folder}/{name}.npy")
    model = keras.saving.load_model(f"{folder}/{name}.keras")
    proba = model.predict_on_batch(X)
    before = [np.array(weight) for weight in model.trainable_variables]
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    loss = model.train_on_batch(X, np.arange(len(X)) % proba.shape[1])
    after = [np.array(weight) for weight in model.trainable_variables]
    changed = [np.isfinite(b).all() and (a != b).any() for a, b in zip(before, after)]
    np.savez(f"{folder}/{name}.npz", proba=proba, loss=loss, changed=changed)
"""
FIT_ON_JAX = """
from sercore import models, training
rng = np.random.default_rng(0)
y = np.arange(24) % 3
clips = [rng.normal(0.1, 0.1, size=(4, 20 + k)).astype("float32") + y[k] for k in range(24)]
network = models.build("cnn1d_lstm", 4, 3, filters=(8,), units=8, dropout=0.0)
history = training.fit(network, clips, y, augmented=[clips], epochs=20, batch_size=8, learning_rate=0.01,
                       lr_schedule="cosine", class_weight="balanced", label_smoothing=0.05, mixup=0.1,
                       spec_augment={"frames": 3, "bands": 1},
                       auxiliary={"first": np.eye(2)[(y == 0) * 1] * (np.arange(24) < 18)[:, None]},
                       validation=(clips, y), patience=20)
predicted = training.predict_proba(network, clips, range(3)).argmax(axis=1)
np.savez(f"{folder}/fit.npz", loss=history["loss"], auxiliary=history["first_loss"],
         right=(predicted == y).mean())
"""


@pytest.fixture(scope="module")
def on_jax(tmp_path_factory):
    """Predictions and training of each network in a process with the JAX backend."""
    folder = tmp_path_factory.mktemp("jax")
    for name in NAMES:
        tiny(name).save(folder / f"{name}.keras")
        np.save(folder / f"{name}.npy", some_input(name))
    quick = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    subprocess.run(
        [sys.executable, "-c", ON_JAX + FIT_ON_JAX, folder, *NAMES],
        check=True,
        env=os.environ | quick,
    )
    return {name: dict(np.load(folder / f"{name}.npz")) for name in (*NAMES, "fit")}


@pytest.mark.slow
@every_network
def test_jax_predicts_the_same_and_trains(name, on_jax):
    np.testing.assert_allclose(on_jax[name]["proba"], predict(tiny(name), some_input(name)), atol=1e-4)
    assert np.isfinite(on_jax[name]["loss"])
    assert on_jax[name]["changed"].mean() > 0.8  # a bias before normalisation has no influence


@pytest.mark.slow
def test_jax_fits_with_all_training_options(on_jax):
    assert on_jax["fit"]["loss"][-1] < 0.7 * on_jax["fit"]["loss"][0]
    assert on_jax["fit"]["right"] > 0.9
    assert on_jax["fit"]["auxiliary"][-1] < 0.9 * on_jax["fit"]["auxiliary"][0]


@every_network
def test_config_round_trip(name):
    model = tiny(name)
    again = type(model).from_config(model.get_config())
    assert again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(predict(again, some_input(name)), predict(model, some_input(name)), atol=1e-6)


@every_network
def test_seed_determines_initial_weights(name):
    random.seed(1)
    first = build(name, seed=4).get_weights()
    drawn = random.random()
    random.seed(2)
    second, other = build(name, seed=4).get_weights(), build(name, seed=5).get_weights()
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert not all((a == b).all() for a, b in zip(first, other, strict=True))
    random.seed(1)
    assert drawn == random.random(), "building changed the global random state"


@every_network
def test_default_number_of_weights(name):
    n_weights = models.build(name, 64, 8).count_params()
    assert 1_000 < n_weights < {"res_lstm": 60_000, "tdnn": 1_200_000}.get(name, 500_000)


@pytest.mark.parametrize("name", [name for name in FRAME_NETWORKS if name in models.NETWORKS])
def test_fewer_features_than_pooling_steps(name):
    proba = predict(models.build(name, 3, 2), np.zeros((1, 9, 3), np.float32))
    np.testing.assert_allclose(proba.sum(), 1, atol=1e-6)


def test_positions_in_16_bits():
    from sercore.models.layers import Position

    X = np.zeros((1, 400, 64), np.float32)
    exact, short = (np.asarray(Position(dtype=d)(X), np.float32) for d in ("float32", "mixed_bfloat16"))
    np.testing.assert_allclose(short, exact, atol=0.01)


def test_attention_weights_sum_to_one():
    import keras

    model = tiny("bilstm_attention")
    weights = predict(
        keras.Model(model.input, model.get_layer("attention").output[1]), models.pad_clips(some_clips())
    )
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    for row, clip in zip(weights, some_clips(), strict=True):
        n_steps = -(-clip.shape[1] // TINY["bilstm_attention"]["pool"])
        assert (row[:n_steps] > 0).all()
        assert (row[n_steps:] == 0).all()


def test_masked_pool_equals_numpy(rng):
    from sercore.models.layers import MaskedPool

    n_valid, x = 8, rng.normal(size=(1, 13, 4)).astype("float32") - 5.0  # far from the zeros of the padding
    mask = np.arange(13)[None] < n_valid
    pooled, inside = MaskedPool(3)(x, mask=mask)
    assert np.asarray(inside).tolist() == [[True, True, True, False, False]]
    expected = [x[:, start : min(start + 3, n_valid)].mean(axis=1) for start in (0, 3, 6)]
    np.testing.assert_allclose(np.asarray(pooled)[:, :3], np.stack(expected, axis=1), rtol=1e-5)


def test_masked_max_pool_equals_numpy(rng):
    from sercore.models.layers import MaskedPool

    n_valid, x = 8, rng.normal(size=(1, 13, 4)).astype("float32") - 5.0
    pooled, inside = MaskedPool(3, "max")(x, mask=np.arange(13)[None] < n_valid)
    assert np.asarray(inside).tolist() == [[True, True, True, False, False]]
    expected = [x[:, start : min(start + 3, n_valid)].max(axis=1) for start in (0, 3, 6)]
    np.testing.assert_allclose(np.asarray(pooled)[:, :3], np.stack(expected, axis=1), rtol=1e-6)
    assert (np.asarray(pooled)[:, 3:] == 0).all()


def test_deltas_equal_librosa_inside_the_clip(rng):
    import librosa

    from sercore.models.layers import Deltas

    x = rng.normal(size=(1, 30, 5)).astype("float32")
    out = np.asarray(Deltas()(x, mask=np.arange(30)[None] < 25))
    slope = librosa.feature.delta(x[0, :25].T)
    norm = np.sqrt(1 + 1e-3)  # batch normalisation before training
    np.testing.assert_array_equal(out[..., :5], x)
    np.testing.assert_allclose(out[0, 4:21, 5:10].T, slope[:, 4:21] / norm, atol=1e-6)
    np.testing.assert_allclose(out[0, 8:17, 10:].T, librosa.feature.delta(slope)[:, 8:17] / norm, atol=1e-6)
    first = sum(step * (x[0, step] - x[0, 0]) for step in range(1, 5)) / 60
    np.testing.assert_allclose(out[0, 0, 5:10], first / norm, atol=1e-6)
    assert (out[0, 25:, 5:] == 0).all()


def test_tdnn_computes_slopes_in_float32_with_mixed_precision(rng):
    """Slopes are small differences: rounded to bfloat16, their errors would be larger than they are."""
    import keras

    from sercore.models.tdnn import build_tdnn

    x = rng.normal(size=(1, 40, 5)).astype("float32")
    slopes, before = [], keras.config.dtype_policy()
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        try:
            network = build_tdnn(5, 3, filters=(4, 4), kernel_sizes=(3, 3))
        finally:
            keras.config.set_dtype_policy(before)
        slopes.append(keras.Model(network.inputs, network.get_layer("deltas").output).predict(x, verbose=0))
    np.testing.assert_allclose(*slopes, rtol=5e-3, atol=1e-4)  # the result is rounded, the slopes are not


def test_attention_statistics_of_uniform_attention_are_mean_and_std(rng):
    from sercore.models.layers import AttentionStatistics

    x = rng.normal(size=(2, 12, 3)).astype("float32")
    mask = np.arange(12)[None] < np.array([[12], [7]])
    layer = AttentionStatistics(4)
    layer(x, mask=mask)
    layer.score.set_weights([np.zeros((4, 1))])
    out, weights = map(np.asarray, layer(x, mask=mask))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    for row, clip, n_frames in zip(out, x, (12, 7), strict=True):
        expected = [*clip[:n_frames].mean(axis=0), *clip[:n_frames].std(axis=0)]
        np.testing.assert_allclose(row, expected, atol=1e-4)


@pytest.mark.parametrize("kernel_size", [3, (3, 3)])
def test_masked_conv_normalises_over_valid_frames(kernel_size, rng):
    from sercore.models.layers import MaskedConv

    shape = (5, 20, 6, 2) if isinstance(kernel_size, tuple) else (5, 20, 6)
    mask = np.arange(20)[None] < np.array([20, 3, 11, 7, 1])[:, None]
    layer = MaskedConv(4, kernel_size, activation=None)
    out, left = layer(rng.normal(size=shape).astype("float32"), mask=mask, training=True)
    values = np.asarray(out)[mask].reshape(-1, 4)
    np.testing.assert_array_equal(np.asarray(left), mask)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-2)


def masked(x, *, seed=1, training=True, **options):
    """Output of SpecAugment."""
    from sercore.models.layers import SpecAugment

    return np.asarray(SpecAugment(seed=seed, **options)(x, training=training))


ONES = np.ones((400, 30, 16), np.float32)
"""Clips without zeros: every zero in the output is masked."""


def test_spec_augment_is_for_training_only():
    np.testing.assert_array_equal(masked(ONES, training=False), ONES)
    assert (masked(ONES) == 0).any()


def test_widths_and_positions_of_masks():
    hidden = masked(ONES, bands=4, frames=7, n_masks=1) == 0
    assert set(np.unique(masked(ONES))) == {0.0, 1.0}
    for axis, widest in ((2, 7), (1, 4)):
        covered = hidden.all(axis=axis)  # (clips, frames) or (clips, bands)
        widths = covered.sum(axis=1)
        assert set(widths) == set(range(widest + 1))
        assert (np.diff(covered, axis=1, prepend=False, append=False).sum(axis=1) <= 2).all(), (
            "a mask has gaps"
        )
        assert covered.any(axis=0).all(), "some position is never masked"
    inside = hidden & ~hidden.all(axis=2, keepdims=True) & ~hidden.all(axis=1, keepdims=True)
    assert not inside.any(), "cells outside of whole frames and bands are masked"


def test_mask_wider_than_clip():
    hidden = masked(ONES[:, :3], bands=0, frames=24, n_masks=1) == 0
    assert {0, 3} <= set(hidden.all(axis=2).sum(axis=1))


def test_two_masks():
    covered = (masked(ONES, bands=0, frames=7, n_masks=2) == 0).all(axis=2)
    assert 7 < covered.sum(axis=1).max() <= 14


def test_masks_differ_by_clip_and_call_and_repeat_with_seed():
    from sercore.models.layers import SpecAugment

    first = masked(ONES)
    assert len({clip.tobytes() for clip in first}) > 350
    np.testing.assert_array_equal(masked(ONES), first)
    assert (masked(ONES, seed=2) != first).any()
    layer = SpecAugment(seed=1)
    assert (np.asarray(layer(ONES, training=True)) == first).all()
    assert (np.asarray(layer(ONES, training=True)) != first).any()


def test_masks_do_not_change_padding():
    X = models.pad_clips(some_clips(40))
    changed = masked(X, bands=8, frames=12)
    np.testing.assert_array_equal(np.isnan(changed), np.isnan(X))
    values = changed[~np.isnan(X)]
    assert ((values == 0) | (values == X[~np.isnan(X)])).all()
    assert (values == 0).any()


def test_saved_spec_augment(tmp_path):
    import keras

    from sercore.models.layers import SpecAugment

    inputs = keras.Input((None, N_FEATURES))
    given = {"bands": 3, "frames": 5, "n_masks": 1, "seed": 9}
    keras.Model(inputs, SpecAugment(**given, name="masks")(inputs)).save(tmp_path / "model.keras")
    layer = keras.saving.load_model(tmp_path / "model.keras").get_layer("masks")
    assert {name: getattr(layer, name) for name in given} == given
    np.testing.assert_array_equal(np.asarray(layer(ONES, training=True)), masked(ONES, **given))


def test_position_encoding():
    from sercore.models.layers import Position

    code = np.asarray(Position()(np.zeros((1, 300, 64), np.float32)))[0]
    apart = np.linalg.norm(code[:, None] - code[None], axis=-1) + 9 * np.eye(300)
    assert apart.min() > 0.5
    angle = 7 / 10000 ** (2 * 3 / 64)
    np.testing.assert_allclose([code[7, 3], code[7, 32 + 3]], [np.sin(angle), np.cos(angle)], atol=1e-5)


def test_even_kernel_raises():
    from sercore.models.layers import MaskedConv

    with pytest.raises(SercoreError, match="kernel_size must be odd, not 4"):
        MaskedConv(8, 4)


def test_pad_clips():
    clips = some_clips()
    X = models.pad_clips(clips)
    assert X.shape == (4, N_FRAMES, N_FEATURES)
    for row, clip in zip(X, clips, strict=True):
        np.testing.assert_array_equal(row[: clip.shape[1]], clip.T)
        assert np.isnan(row[clip.shape[1] :]).all()
    np.testing.assert_array_equal(models.pad_clips(clips, n_frames=7), X[:, :7])


def test_pad_clips_invalid_input():
    with pytest.raises(SercoreError, match=r"clips have \[3, 4\] features"):
        models.pad_clips([np.zeros((3, 5)), np.zeros((4, 5))])
    with pytest.raises(SercoreError, match=r"clips \[1\] contain NaN or infinity"):
        models.pad_clips([np.zeros((3, 5)), np.full((3, 5), np.nan)])
    with pytest.raises(SercoreError, match="shape"):
        models.pad_clips([])
    with pytest.raises(SercoreError, match="shape"):
        models.pad_clips([np.zeros((3, 0))])

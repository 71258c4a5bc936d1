"""Attribution maps of models whose evidence is known, completeness, and padding."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from sercore import interpret
from sercore.errors import SercoreError
from sercore.interpret import layer_relevance, synthetic_benchmark
from sercore.models import build, legacy
from sercore.models.assembly import as_image, frame_inputs
from sercore.models.layers import AttentionPool, MaskedConv, SplitPadding

N_FRAMES, N_BANDS = 12, 6
SPOT = np.zeros((N_FRAMES, N_BANDS), bool)
SPOT[4:6, 2:4] = True
TARGETS = np.array([1, 1, 0])


@pytest.fixture
def clips(rng):
    """Three clips of twelve, twelve and eight frames."""
    X = rng.normal(1.0, 0.3, size=(3, N_FRAMES, N_BANDS)).astype(np.float32)
    X[2, 8:] = np.nan
    return X


@pytest.fixture(scope="module")
def linear():
    """Softmax of a weighted sum of the four cells of SPOT: evidence for class 1, against class 0."""
    inputs = keras.Input((N_FRAMES, N_BANDS))
    x, _ = SplitPadding()(inputs)
    outputs = layers.Dense(2, activation="softmax")(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    kernel = np.where(SPOT.reshape(-1, 1), [[-0.5, 0.5]], 0.0)
    model.set_weights([kernel, np.zeros(2)])
    return model


@pytest.fixture(scope="module")
def network():
    return synthetic_benchmark.small_network(12, n_classes=3, seed=1)


def test_score_of_linear_model_is_linear(linear, clips):
    expected = np.where(TARGETS == 1, 0.5, -0.5) * np.nansum(np.where(SPOT, clips, 0.0), axis=(1, 2))
    np.testing.assert_allclose(interpret.class_scores(linear, clips, TARGETS), expected, rtol=1e-4)


@pytest.mark.parametrize("method", ["gradient_input", "integrated_gradients", "occlusion"])
def test_signed_methods_on_linear_model(method, linear, clips):
    options = {"box": (1, 1)} if method == "occlusion" else {}
    maps = interpret.attribute(linear, clips, method=method, targets=TARGETS, **options)
    sign = np.where(TARGETS == 1, 0.5, -0.5)[:, None, None]
    np.testing.assert_allclose(maps, np.where(SPOT, sign * np.nan_to_num(clips), 0.0), atol=1e-4)


def test_occlusion_of_larger_boxes(linear, clips):
    maps = interpret.occlusion(linear, clips, TARGETS, box=(2, 2))
    np.testing.assert_allclose(maps[0][SPOT].sum(), 0.5 * clips[0][SPOT].sum(), rtol=1e-4)
    assert maps[0][~SPOT] == pytest.approx(0.0, abs=1e-5)


def test_default_target_is_predicted_class(linear, clips):
    maps = interpret.attribute(linear, clips, method="gradient_input")
    np.testing.assert_allclose(maps[0][SPOT], 0.5 * clips[0][SPOT], rtol=1e-4)  # class 1 is predicted


def test_grad_cam_of_a_known_region():
    inputs, x, mask = frame_inputs(N_BANDS)
    x, mask = MaskedConv(1, (1, 1), activation=None, name="map")(as_image(x), mask=mask)
    outputs = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, outputs)
    conv, scale, shift, mean, var = model.get_layer("map").get_weights()
    model.get_layer("map").set_weights([np.ones_like(conv), scale, shift, mean, var])
    model.layers[-1].set_weights([np.array([[-1.0, 1.0]]), np.zeros(2)])
    bump = np.where(SPOT, 1.0, 0.0)[None].astype(np.float32)
    assert interpret.last_map_layer(model).name == "map"
    cam = interpret.grad_cam(model, bump, np.array([1]))[0]
    assert (cam[SPOT] > 0).all()
    assert cam[~SPOT] == pytest.approx(0.0, abs=1e-9)
    assert interpret.grad_cam(model, bump, np.array([0])).sum() == 0.0  # no evidence for the other class


def test_attention_of_known_frames():
    inputs, x, mask = frame_inputs(N_BANDS)
    x, _ = AttentionPool(1, name="attention")(x, mask=mask)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    hidden = np.zeros((N_BANDS, 1))
    hidden[2] = 1.0  # scores depend on band 2 alone
    model.get_layer("attention").set_weights([hidden, np.zeros(1), np.array([[8.0]])])
    X = np.where(SPOT, 2.0, -2.0)[None].astype(np.float32)
    weights = interpret.attention_rollout(model, X)[0].sum(axis=1)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[4:6].sum() > 0.99


def test_both_branches_are_part_of_the_attention_map(rng):
    model = build("cnn_fused", N_BANDS, 2, statistics=True, seed=0)
    X = rng.normal(size=(2, 48, N_BANDS)).astype(np.float32)
    pools = layer_relevance.attention_layers(model)
    before = interpret.attention_rollout(model, X)
    for pool in pools:
        weights = pool.get_weights()
        pool.set_weights([9 * one for one in weights])
        assert np.abs(interpret.attention_rollout(model, X) - before).max() > 1e-4, pool.name
        pool.set_weights(weights)
    np.testing.assert_allclose(before.sum(axis=(1, 2)), 1.0, rtol=1e-5)
    assert len(pools) == 2


def test_slopes_are_not_learned():
    """Grad-CAM keeps the bands of a network that reads slopes, and does not show its input."""
    image = interpret.last_map_layer(build("cnn2d_lstm", 16, 3, deltas=True))
    assert len((image.output[0] if isinstance(image.output, list | tuple) else image.output).shape) == 4
    assert interpret.last_map_layer(build("lstm", 16, 3, deltas=True)) is None


@pytest.mark.parametrize("name", ["bilstm_multihead", "transformer"])
def test_rollout_sums_to_one_and_ignores_padding(name, rng):
    model = build(name, N_BANDS, 2, seed=0)
    X = rng.normal(size=(2, 40, N_BANDS)).astype(np.float32)
    X[1, 24:] = np.nan
    maps = interpret.attention_rollout(model, X)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), 1.0, rtol=1e-5)
    assert (maps[1, 24:] == 0).all()
    assert maps[1, :24].min() > 0


def test_integrated_gradients_are_complete(network, rng):
    X = rng.normal(size=(3, 40, 12)).astype(np.float32)
    X[2, 30:] = np.nan
    maps = interpret.attribute(network, X, method="integrated_gradients", targets=TARGETS, n_steps=64)
    gap = np.abs(interpret.completeness_gap(network, X, TARGETS, maps))
    size = np.abs(interpret.class_scores(network, X, TARGETS)).max()
    assert gap.max() < 0.02 * size
    rough = interpret.attribute(network, X, method="gradient_input", targets=TARGETS)
    assert np.abs(interpret.completeness_gap(network, X, TARGETS, rough)).max() > gap.max()


@pytest.mark.parametrize("method", interpret.METHODS)
def test_padding_has_no_evidence_and_no_influence(method, network, rng):
    X = rng.normal(size=(2, 32, 12)).astype(np.float32)
    X[1, 22:] = np.nan
    longer = np.concatenate([X, np.full((2, 300, 12), np.nan, np.float32)], axis=1)
    options = {"box": (4, 2)} if method == "occlusion" else {}
    maps = interpret.attribute(network, X, method=method, targets=np.array([0, 1]), **options)
    assert maps.shape == X.shape
    assert np.isfinite(maps).all()
    assert (maps[1, 22:] == 0).all()
    assert np.abs(maps[1]).max() > 0
    again = interpret.attribute(network, longer, method=method, targets=np.array([0, 1]), **options)
    for clip, other in zip(maps, again[:, :32], strict=True):
        np.testing.assert_allclose(other, clip, atol=1e-4 * np.abs(clip).max())


def test_last_map_layer():
    ranks = {}
    for name in ("cnn2d_lstm", "lstm_cnn2d", "bilstm_attention"):  # LSTM units are not bands
        output = interpret.last_map_layer(build(name, 16, 2)).output
        ranks[name] = len((output[0] if isinstance(output, list | tuple) else output).shape)
    assert ranks == {"cnn2d_lstm": 4, "lstm_cnn2d": 3, "bilstm_attention": 3}


@pytest.mark.parametrize("name", ["s0_cnn2d_lstm", "s0_cnn2d_transformer", "s4_mobilenet"])
def test_maps_of_networks_that_cut_clips_to_one_length_are_not_offered(name):
    """Their steps are not those of the clip, so that evidence would be drawn at the wrong time."""
    model = legacy.build(name, 96 if name == "s4_mobilenet" else 64, 4, n_frames=96)
    assert not {"grad_cam", "attention"} & set(interpret.applicable_methods(model))
    with pytest.raises(SercoreError, match="no layer whose time axis is that of the clip"):
        interpret.attribute(model, np.zeros((1, 120, model.input_shape[-1]), np.float32), method="grad_cam")


def test_inapplicable_methods():
    model = build("cnn1d_lstm", N_BANDS, 2)
    assert "attention" not in interpret.applicable_methods(model)
    assert interpret.applicable_methods(build("mlp", 5, 2)) == ["gradient_input", "integrated_gradients"]
    X = np.zeros((1, 20, N_BANDS), np.float32)
    with pytest.raises(SercoreError, match="no attention layer"):
        interpret.attribute(model, X, method="attention")
    with pytest.raises(SercoreError, match=r"no method named 'lime'.*occlusion"):
        interpret.attribute(model, X, method="lime")
    with pytest.raises(SercoreError, match="targets go from 7 to 7, but classes are numbered from 0 to 1"):
        interpret.class_scores(model, X, np.array([7]))


@pytest.mark.slow
def test_gradients_on_jax():
    code = (
        "import numpy as np, keras\n"
        "from keras import layers\n"
        "from sercore import interpret\n"
        "i = keras.Input((3,)); m = keras.Model(i, layers.Dense(2, activation='softmax')(i))\n"
        "m.set_weights([np.array([[0., 2.], [0., -4.], [0., 0.]]), np.zeros(2)])\n"
        "X = np.ones((2, 3), 'float32')\n"
        "found = interpret.score_gradients(m, [X], np.array([1, 0]))\n"
        "print(keras.backend.backend(), found.round(4).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_BACKEND": "jax"},
    )
    assert done.stdout.strip() == "jax [[1.0, -2.0, 0.0], [-1.0, 2.0, 0.0]]", done.stderr[-2000:]

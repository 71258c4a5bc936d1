"""Networks of earlier projects: their sizes, and the design error of each."""

from functools import lru_cache

import numpy as np
import pytest

from sercore import models
from sercore.errors import SercoreError
from sercore.models import legacy

N_BANDS, N_FRAMES, N_AVERAGES, N_CLASSES = 32, 36, 6, 3
SLOW = ("s0_cnn1d_lstm", "s0_fused", "s4_mobilenet")
"""Networks with an LSTM of hundreds of steps, or with many layers."""


def parametrize(names):
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in names]
    )


every_network = parametrize(legacy.LEGACY)
frame_networks = parametrize([name for name, preset in legacy.LEGACY.items() if len(preset.shapes[-1]) == 2])


@lru_cache
def network(name):
    if len(legacy.LEGACY[name].shapes[-1]) == 1:
        return legacy.build(name, N_AVERAGES, N_CLASSES)
    settings = {
        "s0_fused": {"n_averages": N_AVERAGES},
        "s4_picture_cnn": {"size": 20},
        "s4_mobilenet": {"size": 32},
    }
    return legacy.build(name, N_BANDS, N_CLASSES, n_frames=N_FRAMES, **settings.get(name, {}))


def clips(name, *, n=3, n_frames=N_FRAMES):
    """One array for each input of the network."""
    rng = np.random.default_rng(2)
    frames = rng.normal(size=(n, n_frames, N_BANDS)).astype("float32")
    return [frames if len(shape) == 2 else frames[:, 0, :N_AVERAGES] for shape in legacy.LEGACY[name].shapes]


def predict(model, X):
    import keras

    return keras.ops.convert_to_numpy(model(X if len(X) > 1 else X[0], training=False))


def inner(name, layer):
    """Output of one layer for the test clips."""
    import keras

    model = network(name)
    return predict(keras.Model(model.inputs, model.get_layer(layer).output), clips(name))


@every_network
def test_number_of_weights(name):
    preset = legacy.LEGACY[name]
    model = preset.build(preset.shapes[-1][-1], preset.n_classes)
    assert model.count_params() == preset.n_weights


def test_number_of_weights_of_an_expert():
    expert = legacy.build("s0_cnn2d_lstm", 128, 2, filters=(128, 128, 256))
    second_class = 48 + 1  # a softmax of two classes instead of their sigmoid
    assert expert.count_params() - second_class == 2_620_273


@every_network
def test_probabilities_and_saving(name, tmp_path):
    import keras

    proba = predict(network(name), clips(name))
    assert proba.shape == (3, N_CLASSES)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    spread = proba.std(axis=0).min()
    if name == "s4_mobilenet":  # untrained batch normalisation makes its output nearly zero
        flat = inner(name, "flat")
        spread = (flat / flat.max()).std(axis=0).max()
    assert spread > 1e-5, "the same output for every clip"
    network(name).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(predict(loaded, clips(name)), proba, atol=1e-6)


@frame_networks
def test_clips_are_cut_or_zero_padded(name):
    *rows, frames = clips(name, n_frames=N_FRAMES + 5)
    cut = predict(network(name), [*rows, frames[:, :N_FRAMES]])
    np.testing.assert_allclose(predict(network(name), [*rows, frames]), cut, atol=1e-6)
    short, filled, padded = frames[:, :20], frames[:, :N_FRAMES].copy(), frames[:, :N_FRAMES].copy()
    filled[:, 20:], padded[:, 20:] = 0, np.nan
    expected = predict(network(name), [*rows, filled])
    np.testing.assert_allclose(predict(network(name), [*rows, short]), expected, atol=1e-6)
    np.testing.assert_allclose(predict(network(name), [*rows, padded]), expected, atol=1e-6)


def test_invalid_arguments_raise():
    with pytest.raises(SercoreError, match="no legacy network named 's9'; there are: s0_cnn2d_lstm"):
        legacy.build("s9", 128, 7)
    with pytest.raises(SercoreError, match="pools 4 frames or features into one, but only 3 are left"):
        legacy.build("s0_cnn2d_lstm", 128, 7, n_frames=31)


def test_lstm_over_one_step_is_a_gated_dense_layer():
    model = network("s0_cnn2d_lstm")
    step, state = inner("s0_cnn2d_lstm", "one_step"), inner("s0_cnn2d_lstm", "lstm")
    assert step.shape == (3, 1, (N_FRAMES // 32) * (N_BANDS // 32) * 256)
    kernel, recurrent, bias = model.get_layer("lstm").get_weights()
    let_in, _forget, new, let_out = np.split(step[:, 0] @ kernel + bias, 4, axis=1)
    np.testing.assert_allclose(
        state, sigmoid(let_out) * np.tanh(sigmoid(let_in) * np.tanh(new)), rtol=1e-3, atol=1e-5
    )
    before = predict(model, clips("s0_cnn2d_lstm"))
    model.get_layer("lstm").set_weights([kernel, recurrent + 7, bias])
    np.testing.assert_array_equal(predict(model, clips("s0_cnn2d_lstm")), before)


def test_lstm_reads_single_channels():
    input_shape = network("s0_cnn1d_lstm").get_layer("lstm_1d").input.shape
    assert input_shape == (None, N_AVERAGES * 128, 1)


@pytest.mark.slow
def test_attention_over_one_step_has_weight_one():
    model = network("s0_fused")
    attention, step = model.get_layer("attention"), inner("s0_fused", "both")
    for x in (step, -9 * step):
        assert (scores(attention, x) == 1).all()
    two_steps = 9 * np.random.default_rng(1).normal(size=(3, 2, 96)).astype("float32")
    assert np.ptp(scores(attention, two_steps)) > 0.01
    before = predict(model, clips("s0_fused"))
    queries_and_keys, rest = attention.get_weights()[:4], attention.get_weights()[4:]
    attention.set_weights([w + 7 for w in queries_and_keys] + rest)
    np.testing.assert_array_equal(predict(model, clips("s0_fused")), before)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_s3_lstm_reads_one_number_per_coefficient(k):
    lstm = network(f"s3_lstm{k}").get_layer("lstm")
    convolved = k in (2, 4)
    assert lstm.input.shape[1:] == ((N_AVERAGES // 2, 64) if convolved else (N_AVERAGES, 1))


def test_s2_attention_over_one_chunk_has_no_influence():
    """With the first second only there is one chunk; with more frames the attention layer matters."""
    assert inner("s2_cnn_bilstm", "weights").shape == (3, 1, 1)
    X = clips("s2_cnn_bilstm", n_frames=200)
    for n_frames, same in ((87, True), (192, False)):
        model = legacy.build("s2_cnn_bilstm", N_BANDS, N_CLASSES, n_frames=n_frames)
        before = predict(model, X)
        model.get_layer("attention").set_weights([9 * w for w in model.get_layer("attention").get_weights()])
        assert (predict(model, X) == before).all() == same


def test_s4_flattens_the_picture():
    """The dense layer after the picture holds nearly all weights, and shifting the clip changes its input."""
    model = legacy.build("s4_picture_cnn", 128, 6, size=40)
    dense = next(layer for layer in model.layers if layer.name.startswith("dense"))
    assert model.get_layer("flat").output.shape == (None, 19 * 19 * 64)
    assert dense.count_params() / model.count_params() > 0.98


@pytest.fixture
def toy():
    """A network with a frozen layer, and clips that it can learn."""
    import keras

    keras.utils.set_random_seed(0)
    base = keras.layers.Dense(8, activation="relu", name="base", trainable=False)
    X = np.random.default_rng(0).normal(size=(96, 4)).astype("float32")
    return keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(3, activation="softmax")]), X


def fit(model, X, **settings):
    return model.fit(X, X[:, :3].argmax(axis=1), batch_size=32, verbose=0, **settings).history


def test_unfrozen_layer_is_not_trained_without_a_fresh_compile(toy):
    """What S4 did: train, set ``trainable``, train on."""
    model, X = toy
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    fit(model, X)
    base = model.get_layer("base")
    before, base.trainable = base.get_weights()[0], True
    head = model.layers[-1].get_weights()[0]
    fit(model, X)
    np.testing.assert_array_equal(base.get_weights()[0], before)
    assert (model.layers[-1].get_weights()[0] != head).any(), "nothing at all was trained"
    with pytest.raises(ValueError, match="Unknown variable"):  # traced again for another batch size
        model.train_on_batch(X[:20], X[:20, :3].argmax(axis=1))
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    fit(model, X)
    assert (base.get_weights()[0] != before).any()


def test_minimum_of_accuracy_restores_the_worst_epoch(toy, tmp_path):
    """What S3 did: early stopping with ``mode="min"``, and a file saved before ``fit``."""
    import keras

    model, X = toy
    model.get_layer("base").trainable = True
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"],
                  jit_compile=False)  # fmt: skip
    model.save(tmp_path / "saved_before.keras")
    untrained = predict(model, [X])
    stopping = keras.callbacks.EarlyStopping("accuracy", mode="min", patience=20, restore_best_weights=True)
    accuracy = fit(model, X, epochs=15, callbacks=[stopping])["accuracy"]
    kept = (predict(model, [X]).argmax(axis=1) == X[:, :3].argmax(axis=1)).mean()
    assert np.argmin(accuracy) == 0
    assert kept < accuracy[1] + 0.05 < max(accuracy) - 0.1, "the first epoch is restored, not the best"
    saved = keras.saving.load_model(tmp_path / "saved_before.keras")
    np.testing.assert_array_equal(predict(saved, [X]), untrained)
    assert np.abs(predict(model, [X]) - untrained).max() > 0.05


def test_lstm_reads_coefficients():
    row = clips("s0_lstm_cnn1d")[0]
    before, after = states("s0_lstm_cnn1d", row), states("s0_lstm_cnn1d", changed(row, np.s_[:, -1]))
    np.testing.assert_array_equal(before[:, :-1], after[:, :-1])
    assert (before[:, -1] != after[:, -1]).any()


def test_lstm_reads_mel_bands():
    # the first state depends on the last frame, only the last state on the highest band
    frames = clips("s0_lstm_cnn2d")[0]
    before = states("s0_lstm_cnn2d", frames)
    later, higher = (changed(frames, where) for where in (np.s_[:, -1, :], np.s_[:, :, -1]))
    assert (states("s0_lstm_cnn2d", later)[:, 0] != before[:, 0]).any(axis=1).all()
    np.testing.assert_array_equal(states("s0_lstm_cnn2d", higher)[:, :-1], before[:, :-1])
    assert network("s0_lstm_cnn2d").get_layer("lstm").get_weights()[0].shape[0] == N_FRAMES


def test_transformer_has_no_positions():
    import keras

    model = network("s0_cnn2d_transformer")
    rest = keras.Model(model.get_layer("places").output, model.output)
    n_places = (N_FRAMES // 16) * (N_BANDS // 16)
    places = np.random.default_rng(1).normal(size=(2, n_places, 256)).astype("float32")
    shuffled = places[:, [2, 0, 3, 1]]
    np.testing.assert_allclose(predict(rest, [shuffled]), predict(rest, [places]), atol=1e-6)
    assert np.abs(predict(rest, [places[::-1]]) - predict(rest, [places])).max() > 1e-3


def states(name, X):
    """States of the LSTM after each step [shape=(n_clips, n_steps, units)]."""
    import keras

    model = network(name)
    return predict(keras.Model(model.input, model.get_layer("lstm").output), [X])


def scores(attention, x):
    import keras

    return keras.ops.convert_to_numpy(attention(x, x, return_attention_scores=True)[1])


def changed(X, where):
    X = X.copy()
    X[where] += 1
    return X


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_legacy_baseline_is_built_by_name():
    assert models.reads_frames("s0_cnn2d_lstm")
    assert not models.reads_frames("s3_lstm1")
    assert set(models.LEGACY_NETWORKS) < set(legacy.LEGACY)
    network = models.build("s0_cnn2d_lstm", 64, 8)
    assert network.count_params() == legacy.build("s0_cnn2d_lstm", 64, 8).count_params()

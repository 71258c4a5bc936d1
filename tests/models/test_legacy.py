"""The networks of an earlier project: their sizes are theirs, and each shows the mistake it is kept for."""

from functools import lru_cache

import numpy as np
import pytest

from sercore import models
from sercore.errors import SercoreError
from sercore.models import legacy

N_BANDS, N_FRAMES, N_AVERAGES, N_CLASSES = 32, 36, 6, 3
every_network = pytest.mark.parametrize("name", legacy.LEGACY)
reads_frames = pytest.mark.parametrize(
    "name", [name for name, preset in legacy.LEGACY.items() if len(preset.shapes[-1]) == 2]
)


@lru_cache
def network(name):
    if len(legacy.LEGACY[name].shapes[-1]) == 1:
        return legacy.build(name, N_AVERAGES, N_CLASSES)
    averages = {"n_averages": N_AVERAGES} if name == "s0_fused" else {}
    return legacy.build(name, N_BANDS, N_CLASSES, n_frames=N_FRAMES, **averages)


def clips(name, *, n=3, n_frames=N_FRAMES):
    """One array for each input of the network."""
    rng = np.random.default_rng(2)
    frames = rng.normal(size=(n, n_frames, N_BANDS)).astype("float32")
    return [frames if len(shape) == 2 else frames[:, 0, :N_AVERAGES] for shape in legacy.LEGACY[name].shapes]


def predict(model, X):
    import keras

    return keras.ops.convert_to_numpy(model(X if len(X) > 1 else X[0], training=False))


def inner(name, layer):
    """What one of its layers gives for the test clips."""
    import keras

    model = network(name)
    return predict(keras.Model(model.inputs, model.get_layer(layer).output), clips(name))


@every_network
def test_weights_of_the_original_at_its_own_input(name):
    preset = legacy.LEGACY[name]
    model = preset.build(preset.shapes[-1][-1], 7)
    assert model.count_params() == preset.n_weights


def test_weights_of_an_expert_are_those_that_voicevibes_prints():
    expert = legacy.build("s0_cnn2d_lstm", 128, 2, filters=(128, 128, 256))
    second_class = 48 + 1  # a softmax of two classes instead of their sigmoid
    assert expert.count_params() - second_class == 2_620_273


@every_network
def test_probabilities_sum_to_one_and_survive_saving(name, tmp_path):
    import keras

    proba = predict(network(name), clips(name))
    assert proba.shape == (3, N_CLASSES)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert proba.std(axis=0).min() > 1e-5, "the same answer to every clip"
    network(name).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(predict(loaded, clips(name)), proba, atol=1e-6)


@reads_frames
def test_clips_are_cut_or_filled_with_zeros(name):
    *rows, frames = clips(name, n_frames=N_FRAMES + 5)
    cut = predict(network(name), [*rows, frames[:, :N_FRAMES]])
    np.testing.assert_allclose(predict(network(name), [*rows, frames]), cut, atol=1e-6)
    short, filled, padded = frames[:, :20], frames[:, :N_FRAMES].copy(), frames[:, :N_FRAMES].copy()
    filled[:, 20:], padded[:, 20:] = 0, np.nan
    expected = predict(network(name), [*rows, filled])
    np.testing.assert_allclose(predict(network(name), [*rows, short]), expected, atol=1e-6)
    np.testing.assert_allclose(predict(network(name), [*rows, padded]), expected, atol=1e-6)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(SercoreError, match="no earlier network named 's9'; there are: s0_cnn2d_lstm"):
        legacy.build("s9", 128, 7)
    with pytest.raises(SercoreError, match="pools 4 frames or features to one where only 3 are left"):
        legacy.build("s0_cnn2d_lstm", 128, 7, n_frames=31)


def test_lstm_over_one_step_is_a_dense_layer_with_gates():
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


def test_lstm_walks_over_single_channels():
    one_number_each = network("s0_cnn1d_lstm").get_layer("lstm_1d").input.shape
    assert one_number_each == (None, N_AVERAGES * 128, 1)


def test_attention_over_one_step_has_weight_one():
    model = network("s0_fused")
    attention, step = model.get_layer("attention"), inner("s0_fused", "both")
    for x in (step, -9 * step):
        assert (scores(attention, x) == 1).all()
    two_steps = 9 * np.random.default_rng(1).normal(size=(3, 2, 96)).astype("float32")
    assert np.ptp(scores(attention, two_steps)) > 0.01, "where there is a choice, the weights choose"
    before = predict(model, clips("s0_fused"))
    queries_and_keys, rest = attention.get_weights()[:4], attention.get_weights()[4:]
    attention.set_weights([w + 7 for w in queries_and_keys] + rest)
    np.testing.assert_array_equal(predict(model, clips("s0_fused")), before)


def test_lstm_walks_over_coefficients():
    row = clips("s0_lstm_cnn1d")[0]
    before, after = states("s0_lstm_cnn1d", row), states("s0_lstm_cnn1d", changed(row, np.s_[:, -1]))
    np.testing.assert_array_equal(before[:, :-1], after[:, :-1])
    assert (before[:, -1] != after[:, -1]).any()


def test_lstm_walks_over_mel_bands():
    """It knows the end of the clip from its first step on, and the highest band only at its last."""
    frames = clips("s0_lstm_cnn2d")[0]
    before = states("s0_lstm_cnn2d", frames)
    later, higher = (changed(frames, where) for where in (np.s_[:, -1, :], np.s_[:, :, -1]))
    assert (states("s0_lstm_cnn2d", later)[:, 0] != before[:, 0]).any(axis=1).all()
    np.testing.assert_array_equal(states("s0_lstm_cnn2d", higher)[:, :-1], before[:, :-1])
    assert network("s0_lstm_cnn2d").get_layer("lstm").get_weights()[0].shape[0] == N_FRAMES


def test_transformer_is_not_told_where_places_stand():
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


def test_a_yardstick_is_found_by_name_among_networks_on_frames():
    assert models.reads_frames("s0_cnn2d_lstm")
    network = models.build("s0_cnn2d_lstm", 64, 8)
    assert network.count_params() == legacy.build("s0_cnn2d_lstm", 64, 8).count_params()

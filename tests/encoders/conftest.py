"""A small Whisper encoder, its weights as a CTranslate2 file, and clips."""

import hashlib

import numpy as np
import pytest
from toys.encoders import packed

from sercore.encoders import WHISPER_TINY_EN, is_installed


@pytest.fixture(scope="session")
def tensors():
    """Weights of an encoder of width 8 with 2 blocks and 2 heads, drawn at random."""
    rng, width = np.random.default_rng(11), 8

    def draw(*shape):
        return rng.normal(scale=0.3, size=shape).astype(np.float32)

    made = {
        "encoder/position_encodings/encodings": draw(100, width), "encoder/num_heads": np.int16(2),
        "encoder/conv1/weight": draw(width, 80, 3), "encoder/conv1/bias": draw(width),
        "encoder/conv2/weight": draw(width, width, 3), "encoder/conv2/bias": draw(width),
        "encoder/layer_norm/gamma": 1 + draw(width), "encoder/layer_norm/beta": draw(width),
    }  # fmt: skip
    for number in range(2):
        for part, inner, outer in (("self_attention", 3, 1), ("ffn", 4, 4)):
            prefix = f"encoder/layer_{number}/{part}"
            made |= {
                f"{prefix}/layer_norm/gamma": 1 + draw(width), f"{prefix}/layer_norm/beta": draw(width),
                f"{prefix}/linear_0/weight": draw(inner * width, width),
                f"{prefix}/linear_0/bias": draw(inner * width),
                f"{prefix}/linear_1/weight": draw(width, outer * width),
                f"{prefix}/linear_1/bias": draw(width),
            }  # fmt: skip
    return made


@pytest.fixture
def model_bin(tensors, tmp_path):
    """Path and hash of these weights as a file."""
    content = packed(tensors, aliases=[("decoder/second", "encoder/layer_norm/beta")])
    (tmp_path / "model.bin").write_bytes(content)
    return tmp_path / "model.bin", hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="session")
def pretrained():
    """Skip the test if the pretrained weights are not installed."""
    if not is_installed(WHISPER_TINY_EN):
        pytest.skip("the extra 'pretrained' is not installed")


@pytest.fixture(scope="session")
def exporter():
    """Skip the test if Keras cannot export to ONNX."""
    import keras

    pytest.importorskip("tf2onnx")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("ONNX export needs Keras on TensorFlow")


@pytest.fixture
def wave(rng):
    """One second of a voice-like wave."""
    time = np.arange(16_000) / 16_000
    tone = np.sin(2 * np.pi * 150 * time) * np.sin(2 * np.pi * 3 * time)
    return (0.3 * tone + 0.01 * rng.standard_normal(16_000)).astype(np.float32)

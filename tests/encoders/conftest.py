"""A small Whisper encoder, its weights as a CTranslate2 file, and clips."""

import hashlib

import numpy as np
import pytest
from toys.encoders import packed, toy_tensors


@pytest.fixture(scope="session")
def tensors():
    """Weights of a small encoder."""
    return toy_tensors()


@pytest.fixture
def model_bin(tensors, tmp_path):
    """Path and hash of these weights as a file."""
    content = packed(tensors, aliases=[("decoder/second", "encoder/layer_norm/beta")])
    (tmp_path / "model.bin").write_bytes(content)
    return tmp_path / "model.bin", hashlib.sha256(content).hexdigest()


@pytest.fixture
def wave(rng):
    """One second of a voice-like wave."""
    time = np.arange(16_000) / 16_000
    tone = np.sin(2 * np.pi * 150 * time) * np.sin(2 * np.pi * 3 * time)
    return (0.3 * tone + 0.01 * rng.standard_normal(16_000)).astype(np.float32)

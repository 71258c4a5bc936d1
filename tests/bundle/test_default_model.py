"""The default model of the widgets, trained on the demo corpus."""

import pandas as pd
import pytest
import soundfile
from toys.voices import CLASSES, small_predictor

from sercore.bundle import default_model
from sercore.corpora import demo
from sercore.errors import BundleError
from sercore.synth.knobs import Voice


@pytest.fixture
def little_demo(tmp_path, monkeypatch):
    """A demo corpus of 24 clips, and an empty data folder."""
    rows = []
    for name in ("F1", "F2", "F3", "M1", "M2", "M3"):
        for emotion in CLASSES:
            stem = f"demo_{name}_{emotion}_1_1"
            soundfile.write(tmp_path / f"{stem}.wav", *demo.render_clip(stem))
            rows.append({"path": str(tmp_path / f"{stem}.wav"), "clip_id": f"demo/{stem}", "corpus": "demo"})
            rows[-1] |= {"speaker": f"demo-{name}", "emotion": emotion, "sentence": "1"}
    monkeypatch.setattr("sercore.corpora.load_index", lambda corpus: pd.DataFrame(rows))
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    default_model._of_demo.cache_clear()
    yield
    default_model._of_demo.cache_clear()


@pytest.mark.slow
def test_default_model_is_cached_and_retrained_if_damaged(little_demo, monkeypatch):
    first = default_model.get_predictor()
    assert set(first.classes) == set(CLASSES)
    assert "synthetic voice" in first.about()
    assert "on 24 clips held out by split speaker" in first.about()
    default_model._of_demo.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(default_model, "_train", lambda path: pytest.fail("not cached"))
        assert default_model.get_predictor().digest == first.digest
    next(default_model.demo_bundle().glob("*/model.skops")).write_bytes(b"damaged")
    default_model._of_demo.cache_clear()
    again = default_model.get_predictor()
    wave, sr = Voice().speak()
    assert again.predict(wave, sr=sr) == pytest.approx(first.predict(wave, sr=sr), abs=1e-6)


def test_get_predictor_from_predictor_or_path(tmp_path):
    predictor = small_predictor()
    assert default_model.get_predictor(predictor) is predictor
    with pytest.raises(BundleError, match="no such folder"):
        default_model.get_predictor(tmp_path / "none")

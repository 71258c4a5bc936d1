"""The default model of the widgets, trained on the demo corpus."""

import pandas as pd
import pytest
import soundfile
from toys.voices import CLASSES, small_predictor

from sercore.bundle import defaults
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
    defaults._of_demo.cache_clear()
    yield
    defaults._of_demo.cache_clear()


@pytest.mark.slow
def test_default_model_is_cached_and_retrained_if_damaged(little_demo, monkeypatch):
    first = defaults.get_predictor()
    assert set(first.classes) == set(CLASSES)
    assert "synthetic voice" in first.about()
    assert "on 24 clips held out by split speaker" in first.about()
    defaults._of_demo.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(defaults, "_train", lambda path: pytest.fail("not cached"))
        assert defaults.get_predictor().digest == first.digest
    next(defaults.demo_bundle().glob("*/model.skops")).write_bytes(b"damaged")
    defaults._of_demo.cache_clear()
    again = defaults.get_predictor()
    wave, sr = Voice().speak()
    assert again.predict(wave, sr=sr) == pytest.approx(first.predict(wave, sr=sr), abs=1e-6)


def test_get_predictor_from_predictor_or_path(tmp_path):
    predictor = small_predictor()
    assert defaults.get_predictor(predictor) is predictor
    with pytest.raises(BundleError, match="no such folder"):
        defaults.get_predictor(tmp_path / "none")

"""The corpus of planted flaws: each is there, can be found, and ends nothing."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sercore import audio, corpora, features, splits
from sercore.corpora import flawed
from sercore.errors import AudioError
from sercore.labels import apply_scheme


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return flawed.build(tmp_path_factory.mktemp("flawed"))


@pytest.fixture
def index(folder):
    return corpora.check(folder, **flawed.PATTERNS).index


def wave(folder, stem):
    return soundfile.read(folder / f"{stem}.wav", dtype="float32")[0]


def test_classes_are_unequal_and_intensities_differ_between_them(index):
    counts = index["emotion"].value_counts()
    assert counts.to_dict() == {"sad": 40, "angry": 40, "neutral": 20, "happy": 10}
    assert index.groupby("emotion")["speaker"].nunique().eq(10).all()
    strong = index["path"].str.contains("-strong_")
    assert set(index["emotion"][strong]) == {"sad", "angry"}


def test_one_pair_has_the_same_bytes_and_stays_on_one_side(index):
    copy, original = (f"folder/{stem}" for stem in flawed.DUPLICATE)
    assert index.set_index("clip_id")["duplicate_of"].loc[lambda s: s != ""].to_dict() == {copy: original}
    labelled, _ = apply_scheme(index, "four")
    rows = np.flatnonzero(labelled["clip_id"].isin([copy, original]))
    for fold in splits.make_folds(labelled, "speaker"):
        assert np.isin(rows, fold.test).sum() in (0, 2)
        _, inner = splits.inner_split(labelled, fold.train)
        assert np.isin(rows, inner).sum() in (0, 2)


def test_check_reports_the_pair(folder):
    assert "same bytes as another" in "".join(corpora.check(folder, **flawed.PATTERNS).remarks)


def test_one_clip_is_silent_and_one_clipped(folder):
    peaks = {stem: np.abs(wave(folder, stem)).max() for stem in flawed.stems()}
    assert [stem for stem, peak in peaks.items() if peak == 0] == [flawed.SILENT]
    full = [stem for stem in flawed.stems() if np.mean(np.abs(wave(folder, stem)) > 0.999) > 0.01]
    assert full == [flawed.CLIPPED]
    with pytest.raises(AudioError, match="silent"):
        audio.load(folder / f"{flawed.SILENT}.wav")


def test_features_list_the_silent_clip_and_show_the_outlier(index, monkeypatch, tmp_path):
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path))
    some = index[index["emotion"].isin(["neutral", "angry"]) & index["path"].str.contains("-normal_")]
    recipe = features.Recipe(descriptors=("f0",), statistics=("p50",), slope_statistics=(), parts=())
    with pytest.warns(UserWarning, match="unusable"):
        made = features.extract_table(some, recipe, n_jobs=1, progress=False, max_bad=0.05)
    assert made.bad["clip_id"].tolist() == [f"folder/{flawed.SILENT}"]
    pitch = made.index.assign(pitch=made.X[:, made.columns.index("f0.p50")])
    pitch = pitch.groupby("speaker")["pitch"].median().sort_values()
    assert pitch.index[-1] == f"folder-{flawed.FAR}"
    assert pitch.iloc[-1] - pitch.iloc[-2] > 6  # semitones; the others are less than that apart
    assert np.diff(pitch[:-1]).max() < 6


def test_a_silent_clip_of_the_whole_corpus_is_below_the_limit_that_ends_a_run():
    assert 1 / len(flawed.stems()) < 0.01


def test_missing_clips_are_rendered_again_with_the_same_bytes(folder):
    path = folder / "F1_happy-normal_1.wav"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()
    assert flawed.build(folder) == folder
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == before

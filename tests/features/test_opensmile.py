"""openSMILE as a recipe: settings, the cached store, errors; with a stand-in for the package, and with it."""

import importlib.util
import sys
import types

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import features
from sercore.errors import AudioError, RecipeError
from sercore.features import OpenSmileRecipe, opensmile


class Smile:
    """Stand-in for ``opensmile.Smile`` with the same calls: functionals are moments of the samples."""

    n_calls = 0

    def __init__(self, feature_set, feature_level):
        assert feature_level == "functionals"
        self.feature_names = [f"{feature_set}_{k}" for k in range(opensmile.FEATURE_SETS[feature_set])]

    def __call__(self, signal, sampling_rate):
        assert sampling_rate == 16_000
        Smile.n_calls += 1
        powers = np.arange(1, len(self.feature_names) + 1) / 100
        row = np.abs(signal).mean() ** powers if len(signal) >= 400 else np.full(len(powers), np.nan)
        return row[None, :, None]


@pytest.fixture
def stand_in(monkeypatch):
    sets = types.SimpleNamespace(**{name: name for name in opensmile.FEATURE_SETS})
    module = types.SimpleNamespace(
        Smile=Smile, FeatureSet=sets, FeatureLevel=types.SimpleNamespace(Functionals="functionals")
    )
    monkeypatch.setitem(sys.modules, "opensmile", module)
    opensmile._smile.cache_clear()
    yield module
    opensmile._smile.cache_clear()


@pytest.fixture
def index(tmp_path, rng):
    rows = []
    for k in range(4):
        path = tmp_path / f"{k}.wav"
        soundfile.write(path, 0.1 * (k + 1) * rng.uniform(-1, 1, 8000), 16_000)
        rows.append({"clip_id": f"toy/{k}", "corpus": "toy", "path": str(path)})
    return pd.DataFrame(rows)


def test_recipe_round_trip_and_keys():
    recipes = [OpenSmileRecipe(name) for name in opensmile.FEATURE_SETS]
    assert [OpenSmileRecipe.from_json(recipe.to_json()) for recipe in recipes] == recipes
    assert len({recipe.key for recipe in recipes} | {features.get_recipe("default").key}) == len(recipes) + 1
    assert features.get_recipe(recipes[1]) is recipes[1]
    with pytest.raises(RecipeError, match=r"no feature set 'eGeMAPS' of openSMILE; there are .*eGeMAPSv02"):
        OpenSmileRecipe("eGeMAPS")
    for text in ("{}", "[1]", "x", '{"feature_set": "eGeMAPSv02", "other": 1}'):
        with pytest.raises(RecipeError, match="not an openSMILE recipe of this version"):
            OpenSmileRecipe.from_json(text)


def test_missing_package_names_the_extra_and_the_licence(monkeypatch, index, tmp_path):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    opensmile._smile.cache_clear()
    with pytest.raises(RecipeError, match=r'pip install "sercore\[opensmile\]".*non-commercial'):
        features.extract_table(index, OpenSmileRecipe(), cache=tmp_path / "c", n_jobs=1, progress=False)


def test_rows_are_cached_like_those_of_every_recipe(stand_in, index, tmp_path):
    options = {"cache": tmp_path / "cache", "n_jobs": 1, "progress": False}
    made = features.extract_table(index, OpenSmileRecipe("eGeMAPSv02"), **options)
    assert made.X.shape == (4, 88)
    assert made.X.dtype == np.float32
    assert made.columns[:2] == ["eGeMAPSv02_0", "eGeMAPSv02_1"]
    assert (np.diff(made.X[:, 50]) > 0).all(), "louder clips"
    n_calls = Smile.n_calls
    again = features.extract_table(index.iloc[::-1], OpenSmileRecipe("eGeMAPSv02"), **options)
    np.testing.assert_array_equal(again.X, made.X[::-1])
    assert Smile.n_calls == n_calls


def test_clips_that_are_too_short_are_listed(stand_in, index, tmp_path):
    short = index["path"][0]
    soundfile.write(short, 0.1 * np.ones(200), 16_000)
    with pytest.raises(AudioError) as caught:
        opensmile._row(np.full(200, 0.1, np.float32), OpenSmileRecipe())
    assert caught.value.reason == "too-short"
    with pytest.warns(UserWarning, match="1 of 4 clips are unusable"):
        made = features.extract_table(
            index, OpenSmileRecipe(), cache=tmp_path / "c", n_jobs=1, progress=False, max_bad=0.5
        )
    assert made.bad["clip_id"].tolist() == ["toy/0"]
    assert len(made.X) == 3


def test_no_frames_and_no_other_number_of_functionals(stand_in, index, tmp_path, monkeypatch):
    with pytest.raises(RecipeError, match="make tables, not frames"):
        features.extract_frames(index, OpenSmileRecipe(), cache=tmp_path, n_jobs=1, progress=False)
    monkeypatch.setitem(opensmile.FEATURE_SETS, "eGeMAPSv02", 90)
    smile = opensmile._smile("eGeMAPSv02")
    monkeypatch.setitem(opensmile.FEATURE_SETS, "eGeMAPSv02", 88)
    assert len(smile.feature_names) == 90
    with pytest.raises(RecipeError, match="eGeMAPSv02 of the installed opensmile has 90 functionals, not 88"):
        opensmile._row(np.full(800, 0.1, np.float32), OpenSmileRecipe())


def test_package_after_tensorflow_is_refused(monkeypatch):
    """Its first call ends the process then: "malloc(): invalid size", or a segmentation fault."""
    monkeypatch.setitem(sys.modules, "tensorflow", object())
    monkeypatch.delitem(sys.modules, "opensmile", raising=False)
    opensmile._smile.cache_clear()
    with pytest.raises(RecipeError, match="TensorFlow was loaded before it; restart Python"):
        OpenSmileRecipe().column_names()


@pytest.mark.skipif(
    importlib.util.find_spec("opensmile") is None, reason="needs the extra opensmile (non-commercial licence)"
)
def test_real_package(index, tmp_path):
    if "tensorflow" in sys.modules and "opensmile" not in sys.modules:
        pytest.skip("TensorFlow was loaded before openSMILE: run this file alone")
    wave, _ = soundfile.read(index["path"][3], dtype="float32")
    for name, n_columns in opensmile.FEATURE_SETS.items():
        recipe = OpenSmileRecipe(name)
        row = opensmile._row(wave, recipe)
        assert row.shape == (n_columns,)
        np.testing.assert_array_equal(row, opensmile._row(wave, recipe))
        assert len(set(recipe.column_names())) == n_columns
    loudness = OpenSmileRecipe("eGeMAPSv02").column_names().index("loudness_sma3_amean")
    rows = features.extract_table(index, OpenSmileRecipe(), cache=tmp_path, n_jobs=1, progress=False).X
    assert (np.diff(rows[:, loudness]) > 0).all()


def test_bundles_refuse_features_that_they_cannot_compute(tmp_path):
    from sercore import bundle
    from sercore.errors import BundleError

    member = bundle.FittedModel(object(), OpenSmileRecipe())
    with pytest.raises(BundleError, match="features of OpenSmileRecipe cannot be part of a bundle"):
        bundle.save(tmp_path / "b", {"m": member}, ["sad", "angry"])

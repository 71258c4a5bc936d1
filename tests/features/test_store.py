"""The feature store: parallel, cached, resumable, and honest about bad clips."""

import json
import os

import numpy as np
import pandas as pd
import pytest
import soundfile

from sercore import audio, features
from sercore.errors import StoreError
from sercore.features import store

SMALL = features.Recipe(descriptors=("log_mel", "rms_db"), n_mels=12, n_mfcc=12, parts=(), timing=False)


@pytest.fixture
def index(tmp_path, rng):
    """150 short clips: three shards."""
    folder = tmp_path / "clips"
    folder.mkdir()
    rows = []
    for n in range(150):
        path = folder / f"clip{n:03d}.wav"
        soundfile.write(path, 0.1 * rng.standard_normal(3200 + 40 * n), 16000)
        rows.append({"clip_id": f"toy/clip{n:03d}", "path": str(path), "corpus": "toy"})
    return pd.DataFrame(rows)


def shard_names(cache):
    return sorted(path.name for path in cache.rglob("*.npz"))


def test_rows_belong_to_their_clips(index, tmp_path):
    made = store.extract_table(index, SMALL, cache=tmp_path / "cache", progress=False)
    assert made.X.shape == (150, len(made.columns))
    for n in (0, 77, 149):
        wave = audio.load(index["path"][n], sr=SMALL.sr)
        np.testing.assert_array_equal(made.X[n], features.table_row(wave, SMALL))


def test_one_and_two_workers_write_the_same_files(index, tmp_path):
    one = store.extract_frames(index, SMALL, cache=tmp_path / "one", n_jobs=1, progress=False)
    two = store.extract_frames(index, SMALL, cache=tmp_path / "two", n_jobs=2, progress=False)
    assert shard_names(tmp_path / "one") == shard_names(tmp_path / "two")
    assert len(shard_names(tmp_path / "one")) == 3
    for a, b in zip(one.X, two.X, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_second_run_and_a_subset_read_only_the_cache(index, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)

    def never(*_):
        raise AssertionError("a cached clip was computed again")

    monkeypatch.setattr(store, "table_row", never)
    again = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)
    np.testing.assert_array_equal(first.X, again.X)
    part = store.extract_table(index.iloc[40:60], SMALL, cache=cache, n_jobs=1, progress=False)
    np.testing.assert_array_equal(first.X[40:60], part.X)


def test_a_replaced_recording_is_read_again(index, tmp_path, rng):
    cache = tmp_path / "cache"
    first = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)
    soundfile.write(index["path"][3], 0.5 * rng.standard_normal(8000), 16000)
    second = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)
    assert not np.array_equal(first.X[3], second.X[3])
    np.testing.assert_array_equal(np.delete(first.X, 3, 0), np.delete(second.X, 3, 0))


def test_recipes_do_not_share_a_cache(index, tmp_path):
    cache = tmp_path / "cache"
    store.extract_table(index[:5], SMALL, cache=cache, n_jobs=1, progress=False)
    other = features.Recipe(descriptors=("rms_db",), parts=(), timing=False)
    made = store.extract_table(index[:5], other, cache=cache, n_jobs=1, progress=False)
    assert made.X.shape[1] == len(features.column_names(other))


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_an_altered_shard_is_found_and_made_again(index, tmp_path, damage):
    cache = tmp_path / "cache"
    first = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)
    victim = next(cache.rglob("*.npz"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes({"flip": data, "cut": data[:-7], "empty": b""}[damage])
    before = shard_names(cache)
    second = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)
    np.testing.assert_array_equal(first.X, second.X)
    assert shard_names(cache) == before


def test_bad_clips_are_listed_with_reasons(index, tmp_path):
    soundfile.write(index["path"][10], np.zeros(16000), 16000)
    open(index["path"][20], "wb").close()
    os.remove(index["path"][30])
    made = store.extract_table(index, SMALL, cache=tmp_path / "cache", max_bad=0.05, progress=False)
    assert dict(zip(made.bad["clip_id"], made.bad["reason"], strict=True)) == {
        "toy/clip010": "silent",
        "toy/clip020": "empty",
        "toy/clip030": "missing",
    }
    assert len(made.X) == len(made.index) == 147
    listed = pd.read_csv(next((tmp_path / "cache").rglob("bad_clips.csv")))
    assert list(listed["clip_id"]) == list(made.bad["clip_id"])


def test_too_many_bad_clips_stop_the_run(index, tmp_path):
    for n in range(5):
        open(index["path"][n], "wb").close()
    with pytest.raises(StoreError, match=r"5 of 150 clips are unusable.*\n.*clip000\.wav: the file is empty"):
        store.extract_table(index, SMALL, cache=tmp_path / "cache", progress=False)


def test_an_unwritable_cache_says_where_and_what_to_do(index, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"feature cache cannot be written.*SERCORE_DATA"):
        store.extract_table(index[:3], SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)


def test_the_cache_may_be_any_fsspec_url(index):
    first = store.extract_table(index[:9], SMALL, cache="memory://features", n_jobs=1, progress=False)
    again = store.extract_table(index[:9], SMALL, cache="memory://features", n_jobs=1, progress=False)
    np.testing.assert_array_equal(first.X, again.X)


def test_shards_hold_no_pickles(index, tmp_path):
    store.extract_table(index[:3], SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    with np.load(next((tmp_path / "cache").rglob("*.npz")), allow_pickle=False) as shard:
        assert json.loads(str(shard["content"]))["keys"][0].startswith("toy/clip000|")

"""Extraction of a corpus: parallel, cached, resumable, with a list of unusable clips."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from toys import bundles

from sercore import audio, features
from sercore.errors import StoreError
from sercore.features import store, tasks

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


def test_rows_match_clips(index, tmp_path):
    extracted = store.extract_table(index, SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    assert extracted.X.shape == (150, len(extracted.columns))
    for n in (0, 77, 149):
        wave = audio.load(index["path"][n], sr=SMALL.sr)
        np.testing.assert_array_equal(extracted.X[n], features.table_row(wave, SMALL))


def test_result_does_not_depend_on_n_jobs(index, tmp_path):
    one = store.extract_frames(index, SMALL, cache=tmp_path / "one", n_jobs=1, progress=False)
    two = store.extract_frames(index, SMALL, cache=tmp_path / "two", n_jobs=2, progress=False)
    assert shard_names(tmp_path / "one") == shard_names(tmp_path / "two")
    assert len(shard_names(tmp_path / "one")) == 3
    for a, b in zip(one.X, two.X, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_table_does_not_depend_on_threads(tmp_path):
    """Without OMP_NUM_THREADS, a process of its own uses several threads and worker processes one."""
    index = bundles.write_corpus(tmp_path / "clips", n_clips=70)
    index.to_csv(tmp_path / "index.csv", index=False)
    code = """
import sys, numpy as np, pandas as pd
from sercore.features.store import extract_table
for n_jobs in (1, 2):
    cache = f"{sys.argv[1]}/{n_jobs}"
    X = extract_table(pd.read_csv(f"{sys.argv[1]}/index.csv"), cache=cache, n_jobs=n_jobs, progress=False).X
    np.save(f"{cache}.npy", X)
"""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, env=environment)
    assert (tmp_path / "1.npy").read_bytes() == (tmp_path / "2.npy").read_bytes()


def test_second_run_and_subset_use_cache(index, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)

    def never(*_):
        raise AssertionError("a cached clip was computed again")

    monkeypatch.setattr(tasks, "table_row", never)
    again = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)
    np.testing.assert_array_equal(first.X, again.X)
    part = store.extract_table(index.iloc[40:60], SMALL, cache=cache, n_jobs=1, progress=False)
    np.testing.assert_array_equal(first.X[40:60], part.X)


def test_replaced_recording_is_extracted_again(index, tmp_path, rng):
    cache = tmp_path / "cache"
    first = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)
    soundfile.write(index["path"][3], 0.5 * rng.standard_normal(8000), 16000)
    second = store.extract_table(index, SMALL, cache=cache, n_jobs=1, progress=False)
    assert not np.array_equal(first.X[3], second.X[3])
    np.testing.assert_array_equal(np.delete(first.X, 3, 0), np.delete(second.X, 3, 0))


def test_other_recordings_of_the_same_name_length_and_time_are_extracted(tmp_path, rng):
    """Two folders of own recordings, as unpacked from archives without times."""
    rows = []
    for folder in "ab":
        path = tmp_path / folder / "happy_1.wav"
        path.parent.mkdir()
        soundfile.write(path, 0.1 * rng.standard_normal(8000), 16000)
        os.utime(path, (315532800, 315532800))
        index = pd.DataFrame([{"clip_id": "folder/happy_1", "path": str(path), "corpus": "folder"}])
        rows.append(store.extract_table(index, SMALL, cache=tmp_path / "c", n_jobs=1, progress=False).X[0])
    assert not np.array_equal(*rows)


def test_recipes_have_separate_caches(index, tmp_path):
    cache = tmp_path / "cache"
    store.extract_table(index[:5], SMALL, cache=cache, n_jobs=1, progress=False)
    other = features.Recipe(descriptors=("rms_db",), parts=(), timing=False)
    extracted = store.extract_table(index[:5], other, cache=cache, n_jobs=1, progress=False)
    assert extracted.X.shape[1] == len(features.column_names(other))


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damaged_shard_is_extracted_again(index, tmp_path, damage):
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
    extracted = store.extract_table(index, SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    assert dict(zip(extracted.bad["clip_id"], extracted.bad["reason"], strict=True)) == {
        "toy/clip010": "silent",
        "toy/clip020": "empty",
        "toy/clip030": "missing",
    }
    assert len(extracted.X) == len(extracted.index) == 147
    listed = pd.read_csv(next((tmp_path / "cache").rglob("bad_clips.csv")))
    assert list(listed["clip_id"]) == list(extracted.bad["clip_id"])
    rest = extracted.index
    assert store.extract_table(rest, SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False).bad.empty
    assert pd.read_csv(next((tmp_path / "cache").rglob("bad_clips.csv"))).empty, "of the last extraction"


def test_clip_is_tried_again_once_there_is_a_decoder(index, tmp_path, monkeypatch):
    path = tmp_path / "memo.wav"
    path.write_bytes(b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom" + bytes(200))
    few = index[:6].assign(path=[*index["path"][:5], str(path)])
    options = {"cache": tmp_path / "cache", "n_jobs": 1, "progress": False}
    monkeypatch.setattr("sercore.audio.reading._ffmpeg", lambda: None)
    with pytest.warns(UserWarning, match="pip install imageio-ffmpeg"):
        assert len(store.extract_table(few, SMALL, **options).X) == 5
    decoded = (tmp_path / "clips" / "clip009.wav").read_bytes()
    monkeypatch.setattr("sercore.audio.reading._ffmpeg", lambda: "ffmpeg")
    monkeypatch.setattr("sercore.audio.reading._run_ffmpeg", lambda *_: (decoded, ""))
    assert len(store.extract_table(few, SMALL, **options).X) == 6


def test_bad_clips_of_a_small_corpus_are_left_out_with_a_warning(index, tmp_path):
    (tmp_path / "six.wav").write_bytes(b"no audio")
    few = index[:6].assign(path=[*index["path"][:5], str(tmp_path / "six.wav")])
    message = r"1 of 6 clips are unusable and left out:\n  .*six\.wav: not readable as audio"
    with pytest.warns(UserWarning, match=message):
        extracted = store.extract_table(few, SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    assert len(extracted.X) == 5


def test_too_many_bad_clips_raise(index, tmp_path):
    for n in range(5):
        open(index["path"][n], "wb").close()
    message = r"5 of 12 clips are unusable, more than the 3 allowed:\n.*clip000\.wav: the file is empty"
    with pytest.raises(StoreError, match=message):
        store.extract_table(index[:12], SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)


def test_few_bad_clips_of_many_are_left_out_and_more_than_one_percent_raise(index, tmp_path):
    options = {"cache": tmp_path / "cache", "n_jobs": 1, "progress": False}
    for n in range(4):
        open(index["path"][n], "wb").close()
    with pytest.warns(UserWarning, match="4 of 150 clips"):
        store.extract_table(index, SMALL, **options)
    open(index["path"][4], "wb").close()
    with pytest.raises(StoreError, match="5 of 150 clips are unusable, more than the 4 allowed"):
        store.extract_table(index, SMALL, **options)


def test_unwritable_cache_raises(index, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"feature cache cannot be written.*SERCORE_DATA"):
        store.extract_table(index[:3], SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)


def test_cache_in_fsspec_url(index):
    first = store.extract_table(index[:9], SMALL, cache="memory://features", n_jobs=1, progress=False)
    again = store.extract_table(index[:9], SMALL, cache="memory://features", n_jobs=1, progress=False)
    np.testing.assert_array_equal(first.X, again.X)


def test_cache_of_an_unknown_or_missing_file_system(index, monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)  # as if it were not installed
    for url, message in (("nope://x", "Protocol not known: nope"), ("gs://bucket/x", "gcsfs")):
        with pytest.raises(StoreError, match=f"{url}: this cache cannot be used.*{message}"):
            store.extract_table(index, SMALL, cache=url)


def test_shards_contain_no_pickles(index, tmp_path):
    store.extract_table(index[:3], SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    with np.load(next((tmp_path / "cache").rglob("*.npz")), allow_pickle=False) as shard:
        assert json.loads(str(shard["content"]))["keys"][0].startswith("toy/clip000|")

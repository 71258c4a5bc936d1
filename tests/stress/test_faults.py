"""Kills, full disks, two processes at once and damaged files: nothing lost, nothing doubled, nothing wrong.

``python tests/stress/faults.py --kills 500`` is the long form of the first test.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toys import bundles as small
from toys.corpora import serve

from sercore import training
from sercore.corpora import download
from sercore.errors import BundleError, CorpusError, StoreError
from sercore.features import store

resource = pytest.importorskip("resource", reason="SIGKILL, fork and limits are POSIX")


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["extract", "out-of-fold", "download", "train"])
def test_killed_twenty_times_the_rerun_gives_what_an_undisturbed_run_gives(operation):
    script = Path(__file__).with_name("faults.py")
    done = subprocess.run(
        [sys.executable, script, operation], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=900, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    made = json.loads(done.stdout)
    assert made["killed"] == 20
    assert made["began"] >= 5, "hardly a kill came after the first file: the test shows little"
    assert made["files"] >= 3
    assert made["different"] == 0


# full and read-only disks


@pytest.fixture
def little_space():
    """Calling it limits every file to some bytes, as a disk does that runs full; undone at the end."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda n_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def index(tmp_path):
    return small.write_corpus(tmp_path / "clips", n_clips=24)


def left(folder):
    """Files of all kinds below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_extraction_on_a_full_disk(index, tmp_path, little_space):
    def extract():
        return store.extract_table(index, small.SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False).X

    little_space(500)
    with pytest.raises(StoreError, match=r"cannot be written .* free space"):
        extract()
    little_space(10**9)
    assert left(tmp_path / "cache") == []
    assert extract().shape[0] == 24


def test_finished_folds_survive_a_full_disk(index, tmp_path, little_space, rng):
    X = rng.standard_normal((24, 5))

    def run(**options):
        return training.out_of_fold(
            index, X, small.CLASSES, model="lda", split="loso", folder=tmp_path / "oof", progress=False,
            **options,
        )  # fmt: skip

    run(seeds=(0,))
    before = {path: path.read_bytes() for path in left(tmp_path / "oof")}
    little_space(500)
    with pytest.raises(StoreError, match=r"cannot be written .* What was finished before is kept"):
        run(seeds=(0, 1))
    little_space(10**9)
    assert {path: path.read_bytes() for path in left(tmp_path / "oof")} == before
    assert len(run(seeds=(0, 1))) == 48


def test_a_download_on_a_full_disk_keeps_what_arrived(tmp_path, little_space):
    with serve({"/a.zip": bytes(50_000)}) as (url, _):
        little_space(20_000)
        with pytest.raises(CorpusError, match=r"cannot be written .* what arrived is kept"):
            download("ravdess", tmp_path / "ravdess", url=f"{url}/a.zip", progress=False)
    assert not (tmp_path / "ravdess").exists()
    assert (tmp_path / ".ravdess.download/archive.part").stat().st_size == 20_000


def test_a_bundle_on_a_full_disk_is_not_there_or_the_old_one(index, tmp_path, little_space):
    X = small.features(index, tmp_path)
    bundle = small.save_small(tmp_path / "b", index, X)
    before = {path.name: path.read_bytes() for path in left(bundle)}
    little_space(500)
    for path, options in ((bundle, {"overwrite": True}), (tmp_path / "new", {})):
        with pytest.raises(BundleError, match="cannot be written"):
            small.save_small(path, index, X, **options)
    little_space(10**9)
    assert {path.name: path.read_bytes() for path in left(bundle)} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "cache", "clips"]


def test_a_cache_that_is_a_file_says_where_and_what_to_do(index, tmp_path):
    """Root may write anywhere, so a file stands in the way of the cache instead of a permission."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(StoreError, match="choose another folder"):
        store.extract_table(index, small.SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    with pytest.raises(StoreError, match="choose another folder"):
        training.write_parquet(index, tmp_path / "cache" / "a.parquet")
    with pytest.raises(CorpusError, match="name another folder"):
        download("ravdess", tmp_path / "cache" / "ravdess", url="http://127.0.0.1:9/a.zip", progress=False)


# two processes at once


def extract_into(index, cache, gate):
    gate.wait()
    store.extract_table(index, small.SMALL, cache=cache, n_jobs=1, progress=False)


def test_two_processes_on_one_cache(tmp_path):
    index = small.write_corpus(tmp_path / "clips", n_clips=150)
    started = multiprocessing.get_context("spawn")
    gate = started.Barrier(2)
    both = [started.Process(target=extract_into, args=(index, tmp_path / "cache", gate)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(timeout=400)
    assert [process.exitcode for process in both] == [0, 0]
    alone = store.extract_table(index, small.SMALL, cache=tmp_path / "alone", n_jobs=1, progress=False)
    names = [sorted(path.name for path in left(tmp_path / folder)) for folder in ("cache", "alone")]
    assert names[0] == names[1]
    assert len(names[0]) == 3
    again = store.extract_table(index, small.SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    np.testing.assert_array_equal(again.X, alone.X)


# damaged files


DAMAGES = {
    "cut": lambda data, other: data[:-9],
    "emptied": lambda data, other: b"",
    "another fold": lambda data, other: other,
} | {f"one bit at {k / 20:.0%}": lambda data, other, k=k: one_bit(data, k / 20) for k in range(20)}


def one_bit(data, where):
    data = bytearray(data)
    data[int(where * len(data))] ^= 1
    return bytes(data)


def test_a_damaged_fold_is_found_and_made_again(index, tmp_path, rng):
    X = rng.standard_normal((24, 5))

    def run():
        oof = training.out_of_fold(
            index, X, small.CLASSES, model="lda", split="loso", folder=tmp_path, progress=False
        )  # fmt: skip
        return oof.drop(columns=list(training.COSTS))

    whole = run()
    _, other = sorted(tmp_path.glob("lda-*.parquet"))[:2]
    for name, damage in DAMAGES.items():
        path = min(tmp_path.glob("lda-*.parquet"))
        path.write_bytes(damage(path.read_bytes(), other.read_bytes()))
        assert run().equals(whole), name

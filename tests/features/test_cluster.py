"""Extraction on a Dask cluster of separate processes, with the cache in a folder or on an S3 server."""

import contextlib
import hashlib
import os
import pickle
import socket
import sys
import threading
import time
from types import SimpleNamespace

import fsspec
import numpy as np
import pandas as pd
import psutil
import pytest
from ports import free_port
from toys import bundles
from toys.encoders import wave_graph

from sercore.cli import main
from sercore.encoders import EncoderRecipe
from sercore.errors import AudioError, ClusterError, StoreError
from sercore.features import cluster, store, tasks
from sercore.features.shards import Shards

OPTIONS = {"n_jobs": 1, "progress": False}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return bundles.write_corpus(tmp_path_factory.mktemp("corpus") / "clips", n_clips=60)


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(tasks, "SHARD_CLIPS", 4)


def shard_names(cache):
    return sorted(path.name for path in cache.rglob("*.npz"))


def refuse(*_, **__):
    raise AssertionError("must not be called")


def test_filling_reads_nothing_and_leaves_nothing_to_compute(index, tmp_path, small_shards, monkeypatch):
    cache = tmp_path / "cache"
    direct = store.extract_table(index, bundles.SMALL, cache=tmp_path / "direct", **OPTIONS)
    with monkeypatch.context() as patch:
        patch.setattr(Shards, "read", refuse)
        assert store.fill_cache(index, bundles.SMALL, cache=cache, **OPTIONS).empty
        assert len(shard_names(cache)) == 15
        assert store.fill_cache(index, bundles.SMALL, cache=cache, **OPTIONS).empty
    monkeypatch.setattr(tasks, "_compute_shard", refuse)
    read = store.extract_table(index, bundles.SMALL, cache=cache, **OPTIONS)
    np.testing.assert_array_equal(read.X, direct.X)
    assert shard_names(cache) == shard_names(tmp_path / "direct")


def test_filling_uses_clips_cached_in_other_tasks(index, tmp_path, small_shards):
    cache = tmp_path / "cache"
    store.fill_cache(index[2:13], bundles.SMALL, cache=cache, **OPTIONS)
    before = shard_names(cache)
    store.fill_cache(index[:20], bundles.SMALL, cache=cache, **OPTIONS)
    new = [name for name in shard_names(cache) if name not in before]
    cached = [key for name in new for key in shards_of(cache).read(name)]
    assert sorted(key.split("|")[0] for key in cached) == [f"demo/{n:02d}" for n in (0, 1, *range(13, 20))]


def shards_of(cache):
    return Shards(cache, f"table-{bundles.SMALL.key}")


def test_filling_stops_when_too_many_clips_are_unusable(index, tmp_path, small_shards):
    nowhere = index.assign(path=[path + ".moved" for path in index["path"]])
    message = r"8 of 60 clips are unusable, more than the 4 allowed:\n.*no such file"
    with pytest.raises(StoreError, match=message):
        store.fill_cache(nowhere, bundles.SMALL, cache=tmp_path / "cache", **OPTIONS)
    assert len(shard_names(tmp_path / "cache")) == 2


def test_clip_that_a_worker_did_not_find_is_tried_again(index, tmp_path, small_shards, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(tasks.audio, "load", not_found(index["path"][:4].tolist()))
        with pytest.warns(UserWarning, match="4 of 60 clips are unusable"):
            bad = store.fill_cache(index, bundles.SMALL, cache=tmp_path, **OPTIONS)
    assert bad["clip_id"].tolist() == index["clip_id"][:4].tolist()
    assert bad["reason"].unique().tolist() == ["missing"]
    assert store.fill_cache(index, bundles.SMALL, cache=tmp_path, **OPTIONS).empty
    assert len(store.extract_table(index, bundles.SMALL, cache=tmp_path, **OPTIONS).X) == 60


def not_found(paths):
    load = tasks.audio.load

    def load_if_there(path, **options):
        if path in paths:
            raise AudioError(f"{path}: there is no such file", reason="missing")
        return load(path, **options)

    return load_if_there


def test_a_task_returns_a_name_and_no_features(index, tmp_path):
    result = tasks._compute_shard(
        shards_of(tmp_path), "demo", ["demo/00|1|2"], index["path"][:1].tolist(), bundles.SMALL, "table", None
    )
    assert shard_names(tmp_path) == [result[0]]
    assert len(pickle.dumps(result)) < 150


def test_a_worker_with_another_version_is_refused(index, tmp_path):
    with pytest.raises(ClusterError, match="install the same version on all machines"):
        tasks._compute_shard(shards_of(tmp_path), "demo", [], [], bundles.FRAMES, "frames", None)


def test_cache_in_memory_is_filled_by_one_process(index):
    table = store.extract_table(index, bundles.SMALL, cache="memory://one", n_jobs=2, progress=False)
    assert len(table.X) == 60


def test_shards_that_this_process_does_not_see(tmp_path):
    name = shards_of(tmp_path).write("demo", [], [], {})
    shards_of(tmp_path).check_seen([name])
    with pytest.raises(
        StoreError, match=r"1 of 2 shards of the workers are not there, such as demo-1-2\.npz"
    ):
        shards_of(tmp_path).check_seen([name, "demo-1-2.npz"])


def test_few_tasks_are_ahead_and_results_are_in_order(monkeypatch):
    monkeypatch.setattr(cluster, "AHEAD", 3)
    waiting, most = set(), []

    def submit(function, number, *, pure):
        waiting.add(number)
        most.append(len(waiting))
        return SimpleNamespace(result=lambda: waiting.remove(number) or function(number))

    jobs = ((str, (number,), {}) for number in range(10))
    results = cluster._submit(SimpleNamespace(submit=submit), jobs)
    assert list(results) == [str(number) for number in range(10)]
    assert max(most) == 3


def test_without_a_scheduler_or_dask_there_is_one_message(index, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "SECONDS", 0.3)
    for address in (f"tcp://127.0.0.1:{free_port()}", "no address"):
        with pytest.raises(ClusterError, match=f"{address}: no Dask scheduler answers .*'dask scheduler'"):
            store.fill_cache(index, cache=tmp_path, scheduler=address, progress=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install \"sercore\[dask\]\""):
        store.extract_table(index, cache=tmp_path, scheduler="tcp://127.0.0.1:9", progress=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """An S3 server, a scheduler and two workers, all processes of their own; address and the workers."""
    folder, port, s3 = tmp_path_factory.mktemp("cluster"), free_port(), free_port()
    address = f"tcp://127.0.0.1:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3}")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        worker = ["-m", "dask", "worker", address, "--nthreads", "1", "--no-dashboard"]
        commands = [
            ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(s3)],
            ["-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
            worker,
            worker,
        ]
        processes = []
        for number, command in enumerate(commands):
            with open(folder / f"{number}.log", "w") as log:
                processes.append(psutil.Popen([sys.executable, *command], stdout=log, stderr=log, cwd=folder))
        try:
            wait_for_workers(address, 2)
            wait_for_port(s3, processes[0], folder / "0.log")
            # fsspec keeps file systems, with the address of their server: that of an earlier setup of this
            # fixture, if other tests ran in this process in between
            fsspec.get_filesystem_class("s3").clear_instance_cache()
            fsspec.filesystem("s3").mkdir("features")
            yield address, processes[2:]
        finally:
            for process in processes:
                kill(process)


def wait_for_workers(address, n_workers):
    from distributed import Client

    with Client(address, timeout=120) as client:
        client.wait_for_workers(n_workers, timeout=120)


def wait_for_port(port, server, log, seconds=120):
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port)).close()
        time.sleep(0.1)
    pytest.fail(
        f"no answer at port {port} within {seconds} s; output of the server:\n{log.read_text()[-3000:]}"
    )


def kill(process):
    """Kill a process and its children at once, as if the machine had lost its power."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=10)


@pytest.mark.slow
def test_command_fills_a_cache_on_s3_from_workers(running, index, tmp_path, monkeypatch, capsys):
    address, _ = running
    corpus = bundles.write_folder_corpus(tmp_path / "corpus")
    monkeypatch.setenv("SERCORE_DATA", str(tmp_path / "data"))
    command = ["extract", "--corpus", "folder", "--root", str(corpus)]
    with monkeypatch.context() as patch:
        patch.setattr(Shards, "read", refuse)
        options = ["--scheduler", address, "--cache", "s3://features/cache", "--cache-only", "table"]
        assert main([*command, *options]) == 0
    assert "24 of 24 clips are in the cache (table)" in capsys.readouterr().out
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "_compute_shard", refuse)
        read = [*command, "--cache", "s3://features/cache", "--out", str(tmp_path / "s3.parquet")]
        assert main(read) == 0
    assert main([*command, "--jobs", "1", "--out", str(tmp_path / "local.parquet")]) == 0
    assert (tmp_path / "s3.parquet").read_bytes() == (tmp_path / "local.parquet").read_bytes()


@pytest.mark.slow
def test_embeddings_from_workers(running, index, tmp_path):
    address, _ = running
    path = tmp_path / "encoder.onnx"
    wave_graph(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    recipe = EncoderRecipe("onnx", sha256=digest, path=str(path), seconds=2.0)
    for extract in (store.extract_table, store.extract_frames):
        far = extract(index[:9], recipe, cache="s3://features/encoder", scheduler=address, progress=False)
        near = extract(index[:9], recipe, cache=tmp_path / "cache", **OPTIONS)
        assert len(far.X) == 9
        for a, b in zip(far.X, near.X, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(running, index, tmp_path, monkeypatch):
    address, (victim, _) = running
    monkeypatch.setattr(tasks, "SHARD_CLIPS", 2)
    copies = [index.assign(clip_id=index["clip_id"] + f"-{number}") for number in range(5)]
    index = pd.concat(copies, ignore_index=True)  # long enough to be interrupted on a busy machine, too
    far = []
    extraction = threading.Thread(
        target=lambda: far.append(
            store.extract_table(index, cache=tmp_path / "far", scheduler=address, progress=False)
        )
    )
    extraction.start()
    deadline = time.monotonic() + 60
    while not shard_names(tmp_path / "far"):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    for process in (victim, *victim.children(recursive=True)):
        process.suspend()  # with a task in its hands, while the killing takes its time
    assert len(shard_names(tmp_path / "far")) < 150, "the worker was stopped too late"
    kill(victim)
    extraction.join(120)
    near = store.extract_table(index, cache=tmp_path / "near", **OPTIONS)
    assert shard_names(tmp_path / "far") == shard_names(tmp_path / "near")
    assert far[0].X.tobytes() == near.X.tobytes()

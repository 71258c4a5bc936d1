"""Kills, full disks, concurrent processes and damaged files do not change results.

``python tests/stress/faults.py --kills 500`` is the long form of the first test.
"""

import contextlib
import io
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from toys import bundles as small
from toys.corpora import serve

from sercore import models, quiet, training
from sercore.audio.encoding import wav_bytes
from sercore.bundle import Predictor, files, networks
from sercore.bundle.files import standard_input
from sercore.corpora import demo, download, fetch, identity, scanning, transfer, verification
from sercore.course import notebooks
from sercore.errors import AudioError, BundleError, CorpusError, StoreError
from sercore.features import store, tasks
from sercore.files import owner_tag
from sercore.interpret import importance
from sercore.training import folds
from sercore.widgets.upload import SoundInput

REPOSITORY = Path(__file__).parents[2]

resource = pytest.importorskip("resource", reason="SIGKILL, fork and limits are POSIX")


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["extract", "out-of-fold", "download", "train"])
def test_killed_operations_can_be_repeated(operation):
    script = Path(__file__).with_name("faults.py")
    done = subprocess.run(
        [sys.executable, script, operation], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=900, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    made = json.loads(done.stdout)
    assert made["killed"] == 20
    assert made["began"] >= 5, "hardly any kill came after the first file"
    assert made["files"] >= 3
    assert made["different"] == 0


DIE_AT = """
import os, signal, sys
from toys import bundles as small
left = int(sys.argv[1])

def watch(event, arguments):
    global left
    left -= event == "os.rename"
    if left == 0:
        left = -1  # the kill is an event itself
        os.kill(os.getpid(), signal.SIGKILL)

import pathlib, pandas as pd
folder = pathlib.Path(sys.argv[2])
index = pd.read_pickle(folder / "index")
X = small.features(index, folder)
sys.addaudithook(watch)
small.save_small(folder / "b", index, X, overwrite=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("rename", [1, 2])
@pytest.mark.parametrize("then", ["load", "write"])
def test_bundle_is_there_after_a_kill_between_two_renames(rename, then, index, tmp_path):
    X = small.features(index, tmp_path)
    index.to_pickle(tmp_path / "index")
    bundle = small.save_small(tmp_path / "b", index, X)
    before = Predictor.load(bundle).digest
    done = subprocess.run(
        [sys.executable, "-c", DIE_AT, str(rename), tmp_path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parents[1], REPOSITORY)))},
    )  # fmt: skip
    assert done.returncode < 0
    if then == "write":
        small.save_small(bundle, index, X, overwrite=True)
    assert Predictor.load(bundle).digest == before
    if then == "write" or rename == 2:
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".b.")] == []


def test_demo_corpus_removes_leftovers_of_killed_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "_is_current", lambda folder: True)
    ended = subprocess.run(
        [sys.executable, "-c", "from sercore.files import owner_tag; print(owner_tag())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    for tag in (ended, owner_tag()):
        (tmp_path / f".part-{tag}").mkdir()
        (tmp_path / f".part-{tag}" / "demo_F1_angry_1_1.wav").touch()
    demo.build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f".part-{tag}"]


# full and read-only disks


@pytest.fixture
def disk_limit():
    """A function that limits the size of files, to simulate a full disk; undone at the end."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda n_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def index(tmp_path):
    return small.write_corpus(tmp_path / "clips", n_clips=24)


def files_below(folder):
    """All files below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_extraction_on_a_full_disk(index, tmp_path, disk_limit):
    def extract():
        return store.extract_table(index, small.SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False).X

    disk_limit(500)
    with pytest.raises(StoreError, match=r"cannot be written .* free space"):
        extract()
    disk_limit(10**9)
    assert files_below(tmp_path / "cache") == []
    assert extract().shape[0] == 24


def test_finished_folds_remain_on_a_full_disk(index, tmp_path, disk_limit, rng):
    X = rng.standard_normal((24, 5))

    def run(**options):
        return training.out_of_fold(
            index, X, small.CLASSES, model="lda", split="loso", folder=tmp_path / "oof", progress=False,
            **options,
        )  # fmt: skip

    run(seeds=(0,))
    before = {path: path.read_bytes() for path in (tmp_path / "oof").glob("*.parquet")}
    assert len(before) > 1
    disk_limit(500)
    with pytest.raises(StoreError, match=r"cannot be written .* Folds that were finished before remain"):
        run(seeds=(0, 1))
    disk_limit(10**9)
    assert {path: path.read_bytes() for path in (tmp_path / "oof").glob("*.parquet")} == before
    assert len(run(seeds=(0, 1))) == 48


def test_download_on_a_full_disk_leaves_no_files(tmp_path, disk_limit):
    with serve({"/a.zip": bytes(50_000)}) as (url, _):
        disk_limit(20_000)
        with pytest.raises(CorpusError, match=r"cannot be written .* run the same command again"):
            download("ravdess", tmp_path / "ravdess", url=f"{url}/a.zip", progress=False)
    assert not (tmp_path / "ravdess").exists()
    assert files_below(tmp_path) == []


def test_download_of_too_many_bytes_stops(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "archive_limit", lambda size: 30_000)
    with (
        serve({"/a.zip": bytes(50_000)}) as (url, _),
        pytest.raises(CorpusError, match="sends more than 30000 bytes"),
    ):
        download("ravdess", tmp_path / "ravdess", url=f"{url}/a.zip", progress=False)
    assert files_below(tmp_path) == []


@contextlib.contextmanager
def trickling(part):
    """Address of a server that sends a byte every tenth of a second, of the header or of the content."""
    opened = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def send():
        connection = opened.accept()[0]
        if part == "content":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n")
        with contextlib.suppress(OSError):
            while not ended.wait(0.1):
                connection.sendall(b"x")
        connection.close()

    thread = threading.Thread(target=send)
    thread.start()
    yield f"http://127.0.0.1:{opened.getsockname()[1]}"
    ended.set()
    thread.join()
    opened.close()


@pytest.mark.parametrize("part", ["header", "content"])
def test_download_that_trickles_stops(part, tmp_path, monkeypatch):
    """A byte is received in time, so that no time-out of the connection ends it."""
    monkeypatch.setattr(transfer, "PATIENCE", 0.4)
    with trickling(part) as url, pytest.raises(CorpusError, match="less than 1000 bytes per second"):
        download("ravdess", tmp_path / "ravdess", url=f"{url}/a.zip", progress=False)
    assert files_below(tmp_path) == []
    with trickling(part) as url, pytest.raises(CorpusError, match="less than 1000 bytes per second"):
        fetch.dataverse_urls(f"{url}/api/x")


def test_description_of_a_data_set_has_a_limit(monkeypatch):
    monkeypatch.setattr(fetch, "MAX_LIST_BYTES", 30_000)
    with (
        serve({"/api/x": b"[" + bytes(50_000)}) as (url, _),
        pytest.raises(CorpusError, match="sends more than 30000 bytes"),
    ):
        fetch.dataverse_urls(f"{url}/api/x")


def test_bundle_on_a_full_disk_keeps_the_old_one(index, tmp_path, disk_limit):
    X = small.features(index, tmp_path)
    bundle = small.save_small(tmp_path / "b", index, X)
    before = {path.name: path.read_bytes() for path in files_below(bundle)}
    disk_limit(500)
    for path, options in ((bundle, {"overwrite": True}), (tmp_path / "new", {})):
        with pytest.raises(BundleError, match="cannot be written"):
            small.save_small(path, index, X, **options)
    disk_limit(10**9)
    assert {path.name: path.read_bytes() for path in files_below(bundle)} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "cache", "clips"]


def test_unwritable_cache_raises(index, tmp_path):
    """The cache is a file, because root can write to read-only folders."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(StoreError, match="choose another folder"):
        store.extract_table(index, small.SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    with pytest.raises(StoreError, match="choose another folder"):
        training.write_parquet(index, tmp_path / "cache" / "a.parquet")
    with pytest.raises(CorpusError, match="pass another folder"):
        download("ravdess", tmp_path / "cache" / "ravdess", url="http://127.0.0.1:9/a.zip", progress=False)


def test_shard_and_cache_folder_that_cannot_be_read(index, tmp_path, monkeypatch):
    """A folder takes the place of the file, because root can read every file."""
    options = {"cache": tmp_path / "cache", "n_jobs": 1, "progress": False}
    store.extract_table(index, small.SMALL, **options)
    (shard,) = (tmp_path / "cache").rglob("*.npz")
    shard.unlink()
    shard.mkdir()
    with pytest.raises(StoreError, match=r"\.npz: the feature cache cannot be read .*check its permissions"):
        store.extract_table(index, small.SMALL, **options)
    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.ls", refuse)
    with pytest.raises(StoreError, match=r"cache cannot be read \(.*Permission denied"):
        store.extract_table(index, small.SMALL, **options)


def refuse(*arguments, **options):
    raise PermissionError(13, "Permission denied")


def test_recording_that_cannot_be_read_is_listed_and_tried_again(index, tmp_path, monkeypatch):
    options = {"cache": tmp_path / "cache", "n_jobs": 1, "progress": False, "max_bad": 0.1}
    load = store.audio.load

    def refuse_one(path, **options):
        if path == index["path"][3]:
            raise AudioError(f"{path}: cannot be opened (Permission denied)", reason="unreadable")
        return load(path, **options)

    monkeypatch.setattr(store.audio, "load", refuse_one)
    first = store.extract_table(index, small.SMALL, **options)
    assert first.bad[["clip_id", "reason"]].to_numpy().tolist() == [["demo/03", "unreadable"]]
    monkeypatch.undo()
    again = store.extract_table(index, small.SMALL, **options)
    assert len(again.X) == 24
    assert again.bad.empty


def test_folds_that_cannot_be_read(index, tmp_path, rng, monkeypatch):
    X = rng.standard_normal((24, 5))

    def run():
        return training.out_of_fold(
            index, X, small.CLASSES, model="lda", split="loso", folder=tmp_path / "oof", progress=False
        )

    run()
    fold = min((tmp_path / "oof").glob("*.parquet"))
    fold.unlink()
    fold.mkdir()
    with pytest.raises(StoreError, match=r"\.parquet: finished folds cannot be read"):
        run()
    fold.rmdir()
    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(StoreError, match=r"oof: finished folds cannot be read \(.*Permission denied"):
        run()


def test_corpus_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(CorpusError, match="cannot be read"):
        identity.sha256(tmp_path)
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(CorpusError, match=r"cannot be read \(Permission denied\)"):
        scanning.audio_files(tmp_path)


def test_verify_reports_files_that_cannot_be_read(tmp_path, monkeypatch):
    small.write_corpus(tmp_path / "happy", n_clips=2)
    monkeypatch.setattr(verification, "open", refuse, raising=False)
    found = verification.verify("folder", tmp_path, speaker=r"/(.).\.wav", progress=False)
    assert found.counts == {"damaged": 2}
    assert "Permission denied" in str(found)


def test_demo_corpus_on_a_full_disk(tmp_path, disk_limit):
    disk_limit(10_000)
    with pytest.raises(CorpusError, match="set SERCORE_DATA to a writable folder with enough space"):
        demo.build(tmp_path / "demo", n_jobs=1, progress=False)
    assert files_below(tmp_path) == []


def test_standard_input_on_a_full_disk(tmp_path, disk_limit, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bytes(50_000))))
    disk_limit(10_000)
    with pytest.raises(AudioError, match="set TMPDIR to another folder"):
        standard_input()
    assert files_below(tmp_path) == []


def test_upload_on_a_full_disk(tmp_path, disk_limit, monkeypatch):
    """The widget shows the reason."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    shown = SoundInput(lambda *_: None, microphone=False)
    disk_limit(10_000)
    shown.take("a.wav", wav_bytes(np.zeros(16_000), 16_000))
    assert "a.wav: the temporary folder cannot be written" in shown.message.value
    assert files_below(tmp_path) == []


def test_network_on_a_full_disk(disk_limit):
    network = models.build("mlp", 4, 3, seed=0)
    content = networks.dump(network, onnx=False)["network.keras"]
    disk_limit(1_000)
    for use in (lambda: networks.load_keras(content, where="x"), lambda: networks.dump(network, onnx=False)):
        with pytest.raises(BundleError, match="temporary folder cannot be written"):
            use()


def test_run_folder_on_a_full_disk(tmp_path, disk_limit, monkeypatch):
    monkeypatch.setattr("sercore.corpora.load_index", lambda *_: [])
    monkeypatch.setattr(
        notebooks, "execute_all", lambda paths, done, **_: done(paths[0], nbformat.read(paths[0], 4), "")
    )
    disk_limit(500)
    with pytest.raises(notebooks.NotebookError, match=r"results cannot be written there .*--out"):
        notebooks.run("folder", only=["0"], out=tmp_path / "run", progress=False)


def test_runs_of_the_same_second_have_different_folders(tmp_path, monkeypatch):
    monkeypatch.setattr("sercore.corpora.load_index", lambda *_: [])
    monkeypatch.setattr(notebooks, "find", lambda only: [])
    monkeypatch.chdir(tmp_path)
    assert notebooks.run("folder") != notebooks.run("folder")


# workers of a killed process


SLEEP = """
import os, sys, time, joblib
from sercore import quiet

def sleep(folder):
    quiet.end_with_parent()
    os.close(os.open(f"{folder}/{os.getpid()}", os.O_CREAT))
    time.sleep(600)

joblib.Parallel(2)(joblib.delayed(sleep)(sys.argv[1]) for _ in range(2))
"""


@pytest.mark.slow
def test_workers_end_with_a_killed_process(tmp_path):
    """They would otherwise finish their tasks, and then wait for others for minutes."""
    with subprocess.Popen([sys.executable, "-c", SLEEP, str(tmp_path)]) as process:
        while process.poll() is None and len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.05)
        workers = [psutil.Process(int(path.name)) for path in tmp_path.iterdir()]
        process.kill()
    assert len(workers) == 2
    _, alive = psutil.wait_procs(workers, timeout=60)
    for worker in alive:
        worker.kill()
    assert not alive


@pytest.mark.parametrize(
    ("task", "n_arguments"),
    [
        (tasks._compute_shard, 7),
        (folds._run, 8),
        (files._predict_list, 7),
        (demo._write, 2),
        (importance._predict_permuted, 8),
    ],
    ids=["extract", "train", "predict", "demo", "importance"],
)
def test_every_task_of_workers_watches_the_parent(task, n_arguments, monkeypatch):
    class Called(Exception):
        pass

    def called():
        raise Called

    monkeypatch.setattr(quiet, "end_with_parent", called)
    with pytest.raises(Called):
        task(*[None] * n_arguments)


# concurrent processes


def extract_into(index, cache, gate):
    gate.wait()
    store.extract_table(index, small.SMALL, cache=cache, n_jobs=1, progress=False)


@pytest.mark.slow
def test_two_processes_share_one_cache(tmp_path):
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
    names = [sorted(path.name for path in files_below(tmp_path / folder)) for folder in ("cache", "alone")]
    assert names[0] == names[1]
    assert len(names[0]) == 3
    again = store.extract_table(index, small.SMALL, cache=tmp_path / "cache", n_jobs=1, progress=False)
    np.testing.assert_array_equal(again.X, alone.X)


# damaged files


DAMAGES = {
    "truncated": lambda data, other: data[:-9],
    "empty": lambda data, other: b"",
    "another fold": lambda data, other: other,
} | {f"one bit at {k / 20:.0%}": lambda data, other, k=k: one_bit(data, k / 20) for k in range(20)}


def one_bit(data, where):
    data = bytearray(data)
    data[int(where * len(data))] ^= 1
    return bytes(data)


def test_damaged_fold_is_computed_again(index, tmp_path, rng):
    X = rng.standard_normal((24, 5))

    def run():
        oof = training.out_of_fold(
            index, X, small.CLASSES, model="lda", split="loso", folder=tmp_path, progress=False
        )  # fmt: skip
        return oof.drop(columns=list(training.COSTS))

    expected = run()
    _, other = sorted(tmp_path.glob("lda-*.parquet"))[:2]
    for name, damage in DAMAGES.items():
        path = min(tmp_path.glob("lda-*.parquet"))
        path.write_bytes(damage(path.read_bytes(), other.read_bytes()))
        assert run().equals(expected), name

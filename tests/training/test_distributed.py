"""Streamed batches, and training by two processes."""

import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile
from ports import free_port
from toys import bundles as small

from sercore import corpora, features
from sercore.errors import SercoreError, StoreError
from sercore.features import tasks
from sercore.training import distributed
from sercore.training import streamed as streamed_module
from sercore.training.streamed import ROUND, FeatureStream, StreamedBatches, fit_streamed, usable


@pytest.fixture(scope="module")
def streamed(tmp_path_factory):
    """Index and cache of 24 clips in six shards, as rows and as frames."""
    folder = tmp_path_factory.mktemp("streamed")
    index = small.write_corpus(folder / "wav")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "SHARD_CLIPS", 4)
        tables = small.features(index, folder), small.features(index, folder, small.FRAMES, "frames")
    return index, folder / "cache", tables


def labels_of(index):
    return pd.Categorical(index["label"], categories=list(small.CLASSES)).codes.astype(int)


def batches_of(streamed, rows, *, kind="table", recipe=small.SMALL, **options):
    index, cache, _ = streamed
    stream = FeatureStream(index, recipe, kind=kind, cache=cache)
    mean, std = stream.mean_and_std(rows)
    return StreamedBatches(stream, rows, labels_of(index), 3, mean=mean, std=std, **options)


def test_class_weights_are_those_of_the_rows(streamed):
    """Classes alternate: the rows have 8 clips of the first class and 2 of each other one."""
    rows = np.concatenate([np.arange(6), np.arange(6, 24, 3)])
    batches = batches_of(streamed, rows, batch_size=4, n_streams=1)
    np.testing.assert_allclose(batches.class_weights, [12 / 24, 12 / 6, 12 / 6])


def test_each_epoch_has_every_clip_once_in_another_order(streamed):
    rows = np.arange(2, 22)
    batches = batches_of(streamed, rows, batch_size=6, n_streams=2, buffer=2, class_weight=None)
    X = streamed[2][0]
    expected = (X[rows] - X[rows].mean(axis=0)) / X[rows].std(axis=0)
    epochs = []
    for _ in range(2):
        parts = [batches[k] for k in range(len(batches))]
        assert {len(part[0]) for part in parts} == {6}
        clips, labels, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
        clips, labels = clips[weights > 0], labels[weights > 0]
        distance = np.abs(clips[:, None] - expected[None]).max(axis=2)
        found = distance.argmin(axis=1)
        assert distance.min(axis=1).max() < 1e-4
        assert sorted(found) == list(range(len(rows)))
        np.testing.assert_array_equal(labels.argmax(axis=1), labels_of(streamed[0])[rows][found])
        epochs.append(found.tolist())
        batches.on_epoch_end()
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize("kind", ["table", "frames"])
def test_batches_of_several_processes_are_those_of_one(streamed, kind):
    recipe = small.FRAMES if kind == "frames" else small.SMALL
    options = {"kind": kind, "recipe": recipe, "batch_size": 8, "n_streams": 4, "seed": 3}
    rows = np.arange(24)
    one = batches_of(streamed, rows, **options)
    two = [batches_of(streamed, rows, rank=rank, n_processes=2, **options) for rank in (0, 1)]
    assert not set(two[0]._last_batch) & set(two[1]._last_batch), "each shard is read by one process"
    for _ in range(2):
        for number in range(len(one)):
            for whole, *parts in zip(one[number], two[0][number], two[1][number], strict=True):
                np.testing.assert_array_equal(whole, np.concatenate(parts))
        for batches in (one, *two):
            batches.on_epoch_end()
    if kind == "frames":
        assert one[0][0].shape[1] % ROUND == 0


def test_all_processes_pad_to_the_same_length(streamed, monkeypatch):
    """Also when the streams of one process have ended, and its batch consists of fillers."""
    monkeypatch.setattr(streamed_module, "ROUND", 1)
    options = {"kind": "frames", "recipe": small.FRAMES, "batch_size": 4, "n_streams": 2}
    two = [batches_of(streamed, np.arange(20), rank=rank, n_processes=2, **options) for rank in (0, 1)]
    for _ in range(3):
        shapes = [[one[number][0].shape for number in range(len(one))] for one in two]
        assert shapes[0] == shapes[1]
        for batches in two:
            batches.on_epoch_end()


def test_few_shards_are_in_memory(streamed):
    batches = batches_of(streamed, np.arange(24), batch_size=2, n_streams=2, buffer=1)
    reads, read = [], batches.features.read
    batches.features.read = lambda shard: reads.append(shard) or read(shard)
    most = 0
    for number in range(len(batches)):
        batches[number]
        most = max(most, len(batches._memory))
    assert most == 2  # one of each stream
    assert sorted(reads) == list(range(6)), "each shard is read once in an epoch"


def test_fillers_of_the_last_batch_do_not_count(streamed):
    """With one stream of five clips and batches of four, the last batch has one clip."""
    batches = batches_of(streamed, np.arange(5), batch_size=4, n_streams=1)
    weights = [batches[number][2] for number in range(len(batches))]
    assert [np.count_nonzero(part) for part in weights] == [4, 1]


def test_mean_and_std_are_those_of_the_training_clips(streamed):
    index, cache, (X, clips) = streamed
    rows = np.array([1, 2, 9, 20])
    for kind, recipe, expected in (
        ("table", small.SMALL, X[rows]),
        ("frames", small.FRAMES, np.concatenate([clips[row] for row in rows], axis=1).T),
    ):
        mean, std = FeatureStream(index, recipe, kind=kind, cache=cache).mean_and_std(rows)
        np.testing.assert_allclose(mean, expected.mean(axis=0), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(std, expected.std(axis=0), rtol=1e-3, atol=1e-5)


def test_a_clip_of_two_shards_counts_once(streamed, tmp_path):
    """Two extractions at the same time can write a clip twice."""
    index, cache, (X, _) = streamed
    shutil.copytree(cache, tmp_path / "cache")
    stream = FeatureStream(index, small.SMALL, cache=tmp_path / "cache")
    stream._shards.write("demo", [next(iter(stream._numbers))], [X[0]], {})
    twice, rows = FeatureStream(index, small.SMALL, cache=tmp_path / "cache"), np.arange(24)
    assert sorted(number for shard in range(7) for number in twice.read(shard)) == rows.tolist()
    np.testing.assert_allclose(twice.mean_and_std(rows), stream.mean_and_std(rows), rtol=1e-6)


def test_unusable_clips_are_left_out(tmp_path):
    """As of CREMA-D, which has a silent clip."""
    index = small.write_corpus(tmp_path / "wav")
    soundfile.write(index["path"][3], np.zeros(small.SR), small.SR)
    with pytest.warns(UserWarning, match="1 of 24 clips are unusable"):
        small.features(index, tmp_path)
    left = usable(index, small.SMALL, cache=tmp_path / "cache")
    assert left["clip_id"].tolist() == index["clip_id"].drop(3).tolist()
    assert len(FeatureStream(left, small.SMALL, cache=tmp_path / "cache")) == 23


def test_clips_without_a_decoder_are_left_out(tmp_path, monkeypatch):
    """The extraction would try them again, but training uses what there is."""
    index = small.write_corpus(tmp_path / "wav")
    with open(index["path"][3], "wb") as stream:
        stream.write(b"#!AMR\n" + bytes(500))
    monkeypatch.setattr("sercore.audio.reading._ffmpeg", lambda: None)
    with pytest.warns(UserWarning, match="1 of 24 clips are unusable"):
        features.fill_cache(
            index, small.SMALL, cache=tmp_path / "cache", max_bad=0.5, n_jobs=1, progress=False
        )
    left = usable(index, small.SMALL, cache=tmp_path / "cache")
    assert len(left) == len(index) - 1
    assert index["clip_id"][3] not in set(left["clip_id"])
    FeatureStream(left, small.SMALL, cache=tmp_path / "cache")


def test_missing_features_and_impossible_divisions_are_named(streamed, tmp_path):
    index, cache, _ = streamed
    with pytest.raises(StoreError, match=r"no features of 24 of 24 clips.*extract_table"):
        FeatureStream(index, small.SMALL, cache=tmp_path)
    with pytest.raises(SercoreError, match="must be 'table' or 'frames'"):
        FeatureStream(index, small.SMALL, kind="rows", cache=cache)
    for options in ({"batch_size": 5, "n_streams": 2}, {"n_streams": 2, "n_processes": 4}):
        with pytest.raises(SercoreError, match="multiple of the streams"):
            batches_of(streamed, np.arange(24), **options)
    with pytest.raises(SercoreError, match="6 shards are fewer than the 8 streams"):
        batches_of(streamed, np.arange(24), n_streams=8)


def test_streamed_training_learns(streamed):
    keras.utils.set_random_seed(0)
    batches = batches_of(streamed, np.arange(24), batch_size=8, n_streams=2)
    width = next(iter(batches.features.read(0).values())).size
    network = keras.Sequential([keras.Input((width,)), keras.layers.Dense(3, activation="softmax")])
    history = fit_streamed(network, batches, epochs=8, learning_rate=0.05)
    assert list(history) == ["accuracy", "loss", "seconds"]
    assert history["loss"].iloc[-1] < 0.5 * history["loss"].iloc[0]


@pytest.mark.parametrize(
    ("coordinator", "n_processes", "rank"), [("h:1", 2, 2), ("h:1", 1, 0), (None, 2, 0), ("h:1", 2, -1)]
)
def test_numbers_of_processes_are_checked(coordinator, n_processes, rank):
    with pytest.raises(SercoreError, match="numbered from 0"):
        distributed.join(coordinator, n_processes, rank)


@pytest.mark.parametrize(
    ("own", "coordinator", "refused"),
    [
        ("127.0.1.1", "10.0.0.1:1", True), (None, "10.0.0.1:1", True), ("10.0.0.2", "10.0.0.1:1", False),
        ("127.0.1.1", "127.0.0.1:1", False), ("127.0.1.1", "[::1]:1", False), ("127.0.1.1", "here:1", False),
    ],
)  # fmt: skip
def test_a_computer_whose_name_leads_to_itself_is_refused(monkeypatch, own, coordinator, refused):
    """As on Debian and Ubuntu. Others would wait for minutes, and fail without naming the reason."""
    addresses = {"here": own, "127.0.0.1": "127.0.0.1", "::1": "::1", "10.0.0.1": "10.0.0.1"}

    def look_up(name, *_, **__):
        if addresses[name] is None:
            raise OSError("unknown")
        return [(0, 0, 0, "", (addresses[name], 0))]

    monkeypatch.setattr("socket.gethostname", lambda: "here")
    monkeypatch.setattr("socket.getaddrinfo", look_up)
    if refused:
        with pytest.raises(SercoreError, match="the name of this computer, 'here', leads to an address that"):
            distributed._check_own_address(coordinator)
    else:
        distributed._check_own_address(coordinator)


@pytest.mark.slow
def test_two_processes_train_the_network_of_one(tmp_path):
    """The documented command. Weights after two epochs differ by the order of sums in float32 only."""
    root = small.write_folder_corpus(tmp_path / "own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "SHARD_CLIPS", 4)
        features.extract_table(corpora.load_index("folder", root), cache=tmp_path / "cache", n_jobs=1)
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "sercore.training.distributed", "--corpus", "folder", "--root", root]
    command += ["--cache", tmp_path / "cache", "--epochs", "2", "--batch-size", "8", "--streams", "2"]
    several = ["--out", tmp_path / "two", "--coordinator", address, "--processes", "2", "--rank"]
    ways = ["--out", tmp_path / "one"], [*several, "0"], [*several, "1"]
    outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    runs = [subprocess.Popen([*command, *way], env=environment, **outputs) for way in ways]
    try:
        for run in runs:
            output, _ = run.communicate(timeout=600)
            assert run.returncode == 0, output[-3000:]
    finally:
        for run in runs:
            run.kill()
    one, two = tmp_path / "one", tmp_path / "two"
    assert json.loads((two / "training.json").read_text())["processes"] == 2
    history = [pd.read_csv(path / "history.csv").drop(columns="seconds") for path in (one, two)]
    assert history[0]["loss"].nunique() == 2
    np.testing.assert_allclose(history[1], history[0], rtol=1e-4)
    weights = [keras.saving.load_model(path / "network.keras").get_weights() for path in (one, two)]
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-4)

"""Kill long operations at random moments, repeat them, and compare with an undisturbed run.

``python tests/stress/faults.py`` kills each operation 20 times and prints one line for each; ``--kills
500`` is the long form. Half of the kills happen at a random moment, half immediately before a random file
operation, where an incomplete file would be left. Each trial starts in a new folder and is followed by a
complete run, whose results must be identical byte for byte except for measured times.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of toys, if this file is run as a script

from toys import bundles as small
from toys.corpora import ravdess_names, serve, wav_bytes, zip_bytes

from sercore import training
from sercore.bundle import training as bundle_training
from sercore.corpora import download, fetch, verification
from sercore.corpora.registry import CORPORA
from sercore.features import store

FILE_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")
COSTS = {*training.COSTS, "import_seconds"}


@contextlib.contextmanager
def extraction(home):
    """Features of 150 clips, in three shards."""
    index = small.write_corpus(home / "clips", n_clips=150)

    def run(folder):
        store.extract_table(index, small.SMALL, cache=folder / "cache", n_jobs=1, progress=False)

    yield run


@contextlib.contextmanager
def out_of_fold(home):
    """Two seeds of four folds, one file each."""
    index = small.write_corpus(home / "clips", n_clips=24)
    X = np.random.default_rng(0).standard_normal((24, 5))

    def run(folder):
        training.out_of_fold(
            index, X, small.CLASSES, model="lda", split="loso", seeds=(0, 1), folder=folder / "oof",
            progress=False,
        )  # fmt: skip

    yield run


@contextlib.contextmanager
def downloading(home):
    """An archive of 120 recordings from a local server."""
    files = {name: wav_bytes(name, sr=48000, n=800) for name in ravdess_names()}
    digests = {os.path.basename(name): hashlib.sha256(data).hexdigest() for name, data in files.items()}
    archive = zip_bytes(files)
    for module in (fetch, verification):
        module.read_digests = lambda name: digests
    source = ("", "md5:" + hashlib.md5(archive).hexdigest())
    CORPORA["ravdess"] = dataclasses.replace(CORPORA["ravdess"], n_clips=len(files), archives=(source,))
    with serve({"/a.zip": archive}) as (url, _):
        yield lambda folder: download("ravdess", folder / "ravdess", url=f"{url}/a.zip", progress=False)


@contextlib.contextmanager
def train(home):
    """A bundle of two models: features, folds, files. Models with OpenMP would hang after a fork."""
    corpus = small.write_folder_corpus(home / "corpus")
    bundle_training.RECIPES = {"table": small.SMALL, "frames": small.FRAMES}

    def run(folder):
        os.environ["SERCORE_DATA"] = str(folder / "data")
        bundle_training.train(
            "folder", ["lda", "logistic"], folder / "my.bundle", root=corpus, n_folds=2,
            overwrite=True, progress=False, n_jobs=1,
        )  # fmt: skip

    yield run


OPERATIONS = {"extract": extraction, "out-of-fold": out_of_fold, "download": downloading, "train": train}


def results(folder: Path) -> dict[str, str]:
    """Digest of every result file, without measured times; hidden files are not results."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.suffix == ".parquet":
            name = name.rsplit("-", 1)[0]  # the rest is a digest that includes measured times
            table = pd.read_parquet(path)
            data = table.drop(columns=[*COSTS & set(table)]).to_csv().encode()
        elif path.name == "bundle.json":
            content = json.loads(path.read_text())
            del content["sha256"]  # includes measured times
            content["evaluation"] = {k: v for k, v in content["evaluation"].items() if k not in COSTS}
            data = json.dumps(content).encode()
        else:
            data = path.read_bytes()
        assert name not in found, f"two files for {name}"
        found[name] = hashlib.sha256(data).hexdigest()
    return found


def in_child(run, folder: Path, *, die_at: int | None = None) -> tuple[int, int]:
    """Process id of a child process, and a pipe that receives the number of its file operations."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    count = 0

    def watch(event, arguments):
        nonlocal count
        if event in FILE_EVENTS and str(folder) in str(arguments[0]):
            count += 1
            if count == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    status = 1
    try:
        sys.addaudithook(watch)
        run(folder)
        status = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os.write(writer, str(count).encode())
    os._exit(status)


def finish(child: int, reader: int) -> tuple[bool, int]:
    """Whether a child was killed, and the number of its file operations; raises if it failed."""
    _, status = os.waitpid(child, 0)
    sent = os.read(reader, 20)
    os.close(reader)
    killed = os.WIFSIGNALED(status)
    if not killed and os.WEXITSTATUS(status):
        raise RuntimeError("the run failed; its error is printed above")
    return killed, int(sent or 0)


def trial(name: str, *, kills: int, seed: int = 0) -> dict:
    """Kill one operation repeatedly; counts kills, and repeated runs with different results."""
    rng = np.random.default_rng(seed)
    with (
        tempfile.TemporaryDirectory() as home,
        OPERATIONS[name](Path(home)) as run,
        joblib.parallel_config(backend="sequential"),  # a forked child has no worker processes
    ):
        for folder in (warm := Path(home) / "warm", whole := Path(home) / "whole"):
            folder.mkdir()
        run(warm)  # imports modules, so that kills happen during the work
        begin = time.perf_counter()
        _, n_operations = finish(*in_child(run, whole))
        seconds, expected = time.perf_counter() - begin, results(whole)
        counts = {"operation": name, "files": len(expected), "n_operations": n_operations}
        counts |= {"runs": 0, "killed": 0, "began": 0, "different": 0}
        while counts["killed"] < kills:
            (folder := Path(home) / f"run{counts['runs']}").mkdir()
            counts["runs"] += 1
            if counts["runs"] % 2:
                child = in_child(run, folder, die_at=int(rng.integers(1, n_operations + 1)))
            else:
                child = in_child(run, folder)
                time.sleep(rng.uniform(0, seconds))
                os.kill(child[0], signal.SIGKILL)
            counts["killed"] += finish(*child)[0]
            counts["began"] += any(folder.rglob("*"))
            finish(*in_child(run, folder))
            counts["different"] += results(folder) != {
                key.replace("whole", folder.name): value for key, value in expected.items()
            }
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operations", nargs="*", default=list(OPERATIONS), help=", ".join(OPERATIONS))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    for operation in chosen.operations:
        print(json.dumps(trial(operation, kills=chosen.kills, seed=chosen.seed)), flush=True)

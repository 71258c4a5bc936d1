"""Kill what takes long at random moments, run it again, and compare with a run that nobody disturbed.

``python tests/stress/faults.py`` kills each operation 20 times, one line each; ``--kills 500`` is the
long form. Half of the kills fall at a random moment, half right before a random access to the disk, where
a half-written file would be left. Every kill begins in a new folder and is followed by one full run, whose
results must be the same byte for byte; only the seconds that were measured may differ.
"""

import argparse
import contextlib
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
from toys import bundles as small
from toys.corpora import ravdess_names, serve, wav_bytes, zip_bytes

from sercore import training
from sercore.bundle import training as bundle_training
from sercore.corpora import download, fetch, get_corpus, verification
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
    """An archive of 120 recordings from a server on this machine."""
    files = {name: wav_bytes(name, sr=48000, n=800) for name in ravdess_names()}
    digests = {os.path.basename(name): hashlib.sha256(data).hexdigest() for name, data in files.items()}
    archive, corpus = zip_bytes(files), get_corpus("ravdess")
    for module in (fetch, verification):
        module.read_digests = lambda name: digests
    corpus.N_CLIPS, corpus.ARCHIVE_HASH = len(files), "md5:" + hashlib.md5(archive).hexdigest()
    with serve({"/a.zip": archive}) as (url, _):
        yield lambda folder: download("ravdess", folder / "ravdess", url=f"{url}/a.zip", progress=False)


@contextlib.contextmanager
def train(home):
    """A bundle of two models, such as need no OpenMP, which hangs after a fork: features, folds, files."""
    index = small.write_corpus(home / "corpus/clips")
    table = index[["emotion", "speaker"]].assign(path=[f"clips/{n:02d}.wav" for n in range(len(index))])
    table.to_csv(home / "corpus/index.csv", index=False)
    bundle_training.RECIPES = {"table": small.SMALL, "frames": small.FRAMES}

    def run(folder):
        os.environ["SERCORE_DATA"] = str(folder / "data")
        bundle_training.train(
            "folder", ["lda", "logistic"], folder / "my.bundle", root=home / "corpus", n_folds=2,
            overwrite=True, progress=False, n_jobs=1,
        )  # fmt: skip

    yield run


OPERATIONS = {"extract": extraction, "out-of-fold": out_of_fold, "download": downloading, "train": train}


def results(folder: Path) -> dict[str, str]:
    """Digest of every file a user may read, seconds left out; hidden files are nobody's result."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.suffix == ".parquet":
            name = name.rsplit("-", 1)[0]  # the rest is the digest of all, seconds included
            table = pd.read_parquet(path)
            data = table.drop(columns=[*COSTS & set(table)]).to_csv().encode()
        elif path.name == "bundle.json":
            content = json.loads(path.read_text())
            content["evaluation"] = {k: v for k, v in content["evaluation"].items() if k not in COSTS}
            data = json.dumps(content).encode()
        else:
            data = path.read_bytes()
        assert name not in found, f"{name} is there twice"
        found[name] = hashlib.sha256(data).hexdigest()
    return found


def in_child(run, folder: Path, *, die_at: int | None = None) -> tuple[int, int]:
    """Process id of a child that runs, and the end of a pipe that tells its accesses to the disk."""
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
    """Whether a child was killed, and its accesses to the disk; raise where it failed."""
    _, status = os.waitpid(child, 0)
    told = os.read(reader, 20)
    os.close(reader)
    killed = os.WIFSIGNALED(status)
    if not killed and os.WEXITSTATUS(status):
        raise RuntimeError("the run failed instead of finishing; its message is above")
    return killed, int(told or 0)


def trial(name: str, *, kills: int, seed: int = 0) -> dict:
    """Kill one operation again and again; how many kills hit, and how many reruns came out otherwise."""
    rng = np.random.default_rng(seed)
    with (
        tempfile.TemporaryDirectory() as home,
        OPERATIONS[name](Path(home)) as run,
        joblib.parallel_config(backend="sequential"),  # a child that was forked has no worker processes
    ):
        for folder in (warm := Path(home) / "warm", whole := Path(home) / "whole"):
            folder.mkdir()
        run(warm)  # modules are loaded here, so that kills hit the work and not the imports
        begin = time.perf_counter()
        _, accesses = finish(*in_child(run, whole))
        seconds, expected = time.perf_counter() - begin, results(whole)
        made = {"operation": name, "files": len(expected), "accesses": accesses, "runs": 0, "killed": 0}
        made |= {"began": 0, "different": 0}
        while made["killed"] < kills:
            (folder := Path(home) / f"run{made['runs']}").mkdir()
            made["runs"] += 1
            if made["runs"] % 2:
                child = in_child(run, folder, die_at=int(rng.integers(1, accesses + 1)))
            else:
                child = in_child(run, folder)
                time.sleep(rng.uniform(0, seconds))
                os.kill(child[0], signal.SIGKILL)
            made["killed"] += finish(*child)[0]
            made["began"] += any(folder.rglob("*"))
            finish(*in_child(run, folder))
            made["different"] += results(folder) != {
                key.replace("whole", folder.name): value for key, value in expected.items()
            }
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operations", nargs="*", default=list(OPERATIONS), help=", ".join(OPERATIONS))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    for operation in chosen.operations:
        print(json.dumps(trial(operation, kills=chosen.kills, seed=chosen.seed)), flush=True)

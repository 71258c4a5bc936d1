"""Claims of folds by processes that share a folder."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from toys.tables import CLASSES, make_features, make_index

from sercore import files, training
from sercore.errors import StoreError
from sercore.files import owner_tag
from sercore.training import claims, folds

ELSEWHERE = "00000000-7-1a2b3c4d"
"""Owner tag of a process on another machine."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lda-loso-seed0-fold1-1f0c"


def leave(path, owner, *, age=0.0, number=0):
    """A claim that nobody renews."""
    file = path.with_name(f".{path.name}.claim-{number}")
    file.write_text(owner)
    os.utime(file, (time.time() - age,) * 2)
    return file


def dead_process():
    """Owner tag of a process of this machine that has ended."""
    machine, _, random = owner_tag().split("-")
    return f"{machine}-{2**22 + 1}-{random}"  # Linux has no larger process ids


def obtains(path):
    with claims.claim(path) as mine:
        return mine


def test_a_fold_belongs_to_one_process_until_it_is_finished(path):
    with claims.claim(path) as mine:
        assert mine
        assert claims.is_claimed(path)
        assert not obtains(path)
    assert not claims.is_claimed(path)
    assert os.listdir(path.parent) == []


def test_after_an_error_others_may_claim_at_once(path):
    with pytest.raises(KeyboardInterrupt), claims.claim(path):
        raise KeyboardInterrupt
    assert not claims.is_claimed(path)
    assert obtains(path)
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize(
    ("owner", "age", "alive"),
    [
        (ELSEWHERE, claims.EXPIRY_SECONDS / 2, True),
        (ELSEWHERE, claims.EXPIRY_SECONDS + 5, False),
        (dead_process(), 0, False),
        (owner_tag(), 0, True),
        ("", 0, True),  # its process has created the file and not yet written to it
    ],
    ids=["renewed elsewhere", "silent elsewhere", "dead here", "running here", "new"],
)
def test_a_claim_ends_with_its_process(path, owner, age, alive):
    leave(path, owner, age=age)
    assert claims.is_claimed(path) == alive
    assert obtains(path) == (not alive)


def test_a_claim_is_renewed(path, monkeypatch):
    monkeypatch.setattr(claims, "HEARTBEAT_SECONDS", 0.02)
    with claims.claim(path):
        (file,) = path.parent.iterdir()
        os.utime(file, (0, 0))
        deadline = time.monotonic() + 10
        while not claims.is_claimed(path):
            assert time.monotonic() < deadline, "the claim was not renewed"
            time.sleep(0.01)


def test_one_of_many_takes_over(path):
    leave(path, ELSEWHERE, age=1e6)
    start, end, won = threading.Barrier(8), threading.Barrier(8), []

    def contend():
        start.wait()
        with claims.claim(path) as mine:
            won.append(mine)
            end.wait()  # nobody leaves before all have tried

    threads = [threading.Thread(target=contend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_a_process_that_slept_after_its_look_takes_nothing(path, monkeypatch):
    """It saw an expired claim; before it acts, a second takes over and fails, then a third takes over."""
    leave(path, ELSEWHERE, age=1e6)
    create, third = claims._create, claims.claim(path)

    def sleep_first(file):
        monkeypatch.setattr(claims, "_create", create)
        with pytest.raises(KeyboardInterrupt), claims.claim(path):
            raise KeyboardInterrupt
        assert third.__enter__()
        return create(file)

    monkeypatch.setattr(claims, "_create", sleep_first)
    assert not obtains(path)
    assert claims.is_claimed(path)
    third.__exit__(None, None, None)
    assert os.listdir(path.parent) == []


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"folds cannot be claimed .* choose another"):
        obtains(tmp_path / "file" / "fold")


@pytest.fixture
def task(rng, tmp_path, monkeypatch):
    """A cross-validation of which the second of four folds is claimed by another machine; its claim."""
    monkeypatch.setattr(folds, "_POLL_SECONDS", 0.05)
    index = make_index(n_speakers=4)
    X = make_features(index, rng)

    def run(**options):
        return training.out_of_fold(
            index, X, CLASSES, model="lda", split="loso", folder=tmp_path / "oof", progress=False, **options
        )

    monkeypatch.setattr(folds, "claim", lambda file: names.append(file) or claims.claim(file))
    names = []
    run()
    (second,) = [name for name in names if "demo-1" in name.name]
    for file in second.parent.glob(f"{second.name}*"):
        file.unlink()
    leave(second, ELSEWHERE)
    return run, second


def test_a_fold_of_another_machine_is_left_out_or_waited_for(task, monkeypatch):
    run, second = task
    assert run(wait=False)["speaker"].unique().tolist() == ["demo-0", "demo-2", "demo-3"]
    monkeypatch.setattr(folds, "is_claimed", lambda path: waiting.set() or claims.is_claimed(path))
    waiting, finished = threading.Event(), []
    thread = threading.Thread(target=lambda: finished.append(run()))
    thread.start()
    assert waiting.wait(20)
    assert not finished
    leave(second, ELSEWHERE, age=1e6)
    thread.join(20)
    assert finished[0]["speaker"].unique().tolist() == ["demo-0", "demo-1", "demo-2", "demo-3"]
    assert not claims.is_claimed(second)


def test_a_fold_finished_by_another_machine_is_read(task, monkeypatch):
    run, second = task
    rows = run(wait=False)
    theirs = rows[rows["speaker"] == "demo-0"].assign(speaker="demo-1", train_seconds=1e3)
    polls = []

    def finish(path):
        if not polls:
            polls.append(path)
            return True
        folds.write_fold(theirs, second)
        leave(second, ELSEWHERE).unlink()
        return claims.is_claimed(path)

    monkeypatch.setattr(folds, "is_claimed", finish)
    assert 1e3 in run()["train_seconds"].to_numpy()


def test_without_finished_folds_the_table_is_empty(task):
    run, second = task
    for file in second.parent.glob("*.parquet"):
        claimed = file.with_name(file.stem.rpartition("-")[0])
        file.unlink()
        leave(claimed, ELSEWHERE)
    assert len(run(wait=False)) == 0
    assert np.all([name.startswith(".") for name in os.listdir(second.parent)])


@pytest.mark.skipif(not os.path.exists("/proc/self/ns/pid"), reason="only Linux has namespaces of processes")
def test_a_process_in_a_container_of_the_same_name_is_not_taken_for_dead(monkeypatch):
    """Its number means nothing here."""
    readlink = os.readlink

    def elsewhere(path, **options):
        return "pid:[1]" if str(path) == "/proc/self/ns/pid" else readlink(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "readlink", elsewhere)
        patch.setattr(os, "getpid", lambda: 2**22 + 7)  # more than there can be
        there = files.owner_tag()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 2**22 + 7)
        here = files.owner_tag()
    assert files.has_ended(Path(here))
    assert not files.has_ended(Path(there))


@pytest.mark.parametrize("clock", ["ahead", "right"])
def test_a_lock_that_is_renewed_is_kept_for_days(tmp_path, monkeypatch, clock):
    monkeypatch.setattr("psutil.boot_time", lambda: 0.0)
    with files.held(tmp_path / "lock"):
        (owner,) = (tmp_path / "lock").iterdir()
        if clock == "right":
            os.utime(owner, (time.time() - 2e5, time.time() - 2e5))
        else:
            now = time.time
            monkeypatch.setattr(files.time, "time", lambda: now() + 2e5)
        with pytest.raises(FileExistsError), files.held(tmp_path / "lock", wait=0.3):
            pass


def test_leftovers_from_before_a_restart_are_abandoned(tmp_path, monkeypatch):
    """Another process may have the number now."""
    path = tmp_path / f"a.{files.owner_tag()}.tmp"
    path.touch()
    assert not files.is_abandoned(path)
    monkeypatch.setattr("psutil.boot_time", lambda: time.time() + 5)
    assert files.is_abandoned(path)

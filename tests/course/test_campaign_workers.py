"""Several processes, as on several machines, share a campaign; some of them are killed."""

import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
from toys import campaign_worker

from sercore.cli import main
from sercore.course import published
from sercore.errors import SercoreError

TESTS = Path(__file__).parents[1]


def start(folder, number, log, seconds=0.4):
    """A worker of the campaign, whose predictions are its own and whose data folder is that of all."""
    environment = os.environ | {"SERCORE_DATA": str(folder / "data"), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, campaign_worker.__file__, folder / f"out{number}", log, str(seconds)]
    return subprocess.Popen(command, env=environment, cwd=TESTS)


def begun(log):
    """(process id, fold) of every fold that was begun, in order."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(int(line.split()[0]), line.split(maxsplit=1)[1]) for line in lines]


def kill_during_a_fold(process, log):
    """Kill a process as soon as it begins another fold."""
    before, deadline = len(begun(log)), time.monotonic() + 60
    while process.pid not in {pid for pid, _ in begun(log)[before:]}:
        assert process.poll() is None, "the worker ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()


def predictions(folder, number):
    return pd.read_parquet(folder / f"out{number}" / "toy.parquet")


def test_command_passes_the_number_of_processes(monkeypatch, capsys):
    def run_campaign(name, *, n_jobs):
        raise SercoreError(f"{name} with {n_jobs} processes")

    monkeypatch.setattr(published, "run_campaign", run_campaign)
    assert main(["results", "--measure", "--jobs", "3", "tess-loso"]) == 1
    assert "tess-loso with 3 processes" in capsys.readouterr().err


@pytest.mark.slow
def test_four_processes_of_which_two_are_killed(tmp_path):
    log, alone = tmp_path / "log", tmp_path / "alone"
    alone.mkdir()
    single = start(alone, 0, alone / "log", seconds=0)
    processes = [start(tmp_path, number, log) for number in range(4)]
    for process in processes[:2]:
        kill_during_a_fold(process, log)
    assert [process.wait(timeout=120) for process in (*processes, single)][2:] == [0, 0, 0]

    killed = {process.pid for process in processes[:2]}
    pids_of = defaultdict(list)
    for pid, fold in begun(log):
        pids_of[fold].append(pid)
    assert set(pids_of) == {fold for _, fold in begun(alone / "log")}
    assert len(pids_of) == 20, "four models on four speakers, one of them with two seeds"
    again = [pids[:-1] for pids in pids_of.values() if len(pids) > 1]
    assert {pid for pids in again for pid in pids} == killed, "only their folds are repeated"
    assert all(pids[-1] not in killed for pids in pids_of.values() if len(pids) > 1)
    assert {pids[-1] for pids in pids_of.values()} >= {process.pid for process in processes[2:]}

    pd.testing.assert_frame_equal(predictions(tmp_path, 2), predictions(tmp_path, 3))
    costs = ["train_seconds", "ms_per_clip"]
    pd.testing.assert_frame_equal(
        predictions(tmp_path, 2).drop(columns=costs), predictions(alone, 0).drop(columns=costs)
    )
    assert [path.name for path in (tmp_path / "data").rglob("*claim*")] == []

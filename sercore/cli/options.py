"""Options that several commands share."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path


def n_processes(text: str) -> int:
    """A number of processes: positive, or -1 for one per core."""
    if int(text) < -1 or int(text) == 0 or int(text) > 1024:
        raise ValueError
    return int(text)


def random_seed(text: str) -> int:
    """A random seed that every library accepts."""
    if not 0 <= int(text) < 2**32:
        raise ValueError
    return int(text)


n_processes.__name__, random_seed.__name__ = "number of processes", "seed"  # in messages of argparse


def add_corpus_options(command: argparse.ArgumentParser) -> None:
    """``--corpus`` and ``--root``, and how own recordings are read."""
    command.add_argument("--corpus", default="demo", help="corpus name (default: %(default)s, synthetic)")
    command.add_argument("--root", type=Path, help="folder of the corpus")
    add_own_options(command)


def add_own_options(command: argparse.ArgumentParser) -> None:
    """How own recordings are read."""
    own = command.add_argument_group("your own recordings (--corpus folder)")
    own.add_argument("--speaker", metavar="REGEX", help="finds the speaker in the path, as its first group")
    own.add_argument("--emotion", metavar="REGEX", help="finds the emotion in the path, as its first group")
    own.add_argument("--labels", type=Path, metavar="CSV", help="table with columns name and emotion")
    own.add_argument("--drop", nargs="+", default=[], metavar="NAME", help="emotions to leave out")
    own.add_argument(
        "--on-conflict", choices=("raise", "majority"), help="rows that contradict each other about one clip"
    )
    own.add_argument("--skip-unknown", action="store_true", help="leave out files that are not understood")


def corpus_options(options) -> contextlib.AbstractContextManager:
    """Pass the options on to every ``load_index`` of the command, also in notebooks."""
    names = ("speaker", "emotion", "labels", "drop", "on_conflict", "skip_unknown")
    given = {name: value for name in names if (value := getattr(options, name, None))}
    if not given:
        return contextlib.nullcontext()
    from ..corpora.registry import options_in_environment

    return options_in_environment(options.corpus, **given)

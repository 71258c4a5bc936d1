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


def channel_number(text: str) -> int:
    """A channel, counted from 0."""
    if int(text) < 0:
        raise ValueError
    return int(text)


n_processes.__name__, random_seed.__name__ = "number of processes", "seed"  # in messages of argparse
channel_number.__name__ = "channel"


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
    add_channel(own)
    own.add_argument("--skip-unknown", action="store_true", help="leave out files that are not understood")


def add_channel(command) -> None:
    """``--channel``."""
    command.add_argument(
        "--channel", type=channel_number, metavar="N",
        help="channel to use of recordings with several, from 0, instead of their mean",
    )  # fmt: skip


def corpus_options(options) -> contextlib.AbstractContextManager:
    """Pass the options on to every ``load_index`` of the command, also in notebooks."""
    names = ("speaker", "emotion", "labels", "drop", "on_conflict", "channel", "skip_unknown")
    if not hasattr(options, "speaker"):  # a command without own recordings
        return contextlib.nullcontext()
    given = {name: getattr(options, name, None) for name in names}
    given = {name: value for name, value in given.items() if value or (value == 0 and value is not False)}
    if not given:
        return contextlib.nullcontext()
    from ..corpora.registry import options_in_environment

    return options_in_environment(options.corpus, root=getattr(options, "root", None), **given)

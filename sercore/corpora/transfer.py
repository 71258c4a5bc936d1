"""Transfers by pooch that give up on too many bytes and on a server that is too slow."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import CorpusError

MIN_SPEED, PATIENCE = 1_000, 60.0
"""Least bytes per second of a download, after this many seconds; also the longest pause in seconds."""
CHUNK = 4096
"""Bytes that are counted at a time; a download at the least speed receives more within the patience."""


def make_pooch(folder: Path, urls: dict[str, str], hashes: dict[str, str | None]):
    """A pooch that fetches these files into a folder, with four attempts for each."""
    import pooch

    return pooch.create(path=folder, base_url="", registry=hashes, urls=urls, retry_if_failed=3)


def limited_downloader(max_bytes: int, **options):
    """A downloader of pooch that gives up on too many bytes, and on a server that is too slow.

    The transfer runs in a thread, because requests returns only full blocks: from a server that sends single
    bytes, it would return the first block after hours.
    """
    import pooch

    class Limited(pooch.HTTPDownloader):
        def __call__(self, url, output_file, pooch, check_only=False):
            if check_only:
                return super().__call__(url, output_file, pooch, check_only)
            if isinstance(output_file, (str, os.PathLike)):
                with open(output_file, "w+b") as handle:
                    return self(url, handle, pooch)
            counted = _Counted(output_file, url, max_bytes)
            transfer = super().__call__
            _watch(lambda: transfer(url, counted, pooch), counted)

    return Limited(timeout=PATIENCE, chunk_size=CHUNK, **options)


def _watch(transfer: Callable[[], object], counted: _Counted) -> None:
    """Run a transfer in a thread until it ends or is too slow."""
    failed = []

    def run():
        try:
            transfer()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)  # one that is given up does not delay the exit
    thread.start()
    try:
        while thread.is_alive():
            thread.join(min(1.0, PATIENCE))
            counted.check_speed()
    except BaseException:
        counted.stopped = True
        raise
    if failed:
        raise failed[0]


class _Counted:
    """A file that raises CorpusError if it receives too many bytes or too few per second."""

    def __init__(self, handle, url: str, max_bytes: int):
        self.handle, self.url, self.max_bytes = handle, url, max_bytes
        self.n_bytes, self.start, self.stopped = 0, time.monotonic(), False

    def write(self, data: bytes) -> int:
        self.n_bytes += len(data)
        if self.n_bytes > self.max_bytes:
            raise CorpusError(
                f"{self.url} sends more than {self.max_bytes} bytes; is it the official address? "
                "Nothing was kept."
            )
        self.check_speed()
        return self.handle.write(data)

    def check_speed(self) -> None:
        seconds = time.monotonic() - self.start
        if self.stopped or (seconds > PATIENCE and self.n_bytes < MIN_SPEED * seconds):
            raise CorpusError(
                f"{self.url} sends less than {MIN_SPEED} bytes per second. Run the same command again later."
            )

    def flush(self) -> None:
        self.handle.flush()


@contextlib.contextmanager
def explain_transfer_errors(source: str) -> Iterator[None]:
    """Turn failed connections and wrong hashes into a CorpusError."""
    import requests

    try:
        yield
    except (ValueError, requests.RequestException) as error:  # pooch raises ValueError for a wrong hash
        raise CorpusError(
            f"{source}: {error} Run the same command again; if the error persists, the address may have "
            "moved or its file is not the official one."
        ) from error


@contextlib.contextmanager
def quiet_pooch() -> Iterator[None]:
    """Keep pooch from logging a line for each of thousands of files."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)

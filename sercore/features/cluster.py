"""Extraction on the machines of a Dask cluster.

Start a scheduler on one machine, and workers, one process for each core, on any number of machines that have
the same version of sercore (``pip install "sercore[dask]"``)::

    dask scheduler                                          # prints its address, tcp://HOST:8786
    dask worker tcp://HOST:8786 --nworkers -1 --nthreads 1

Then pass the address as ``scheduler``::

    features.extract_table(index, cache="s3://bucket/features", scheduler="tcp://HOST:8786")

All machines must see the recordings under the same paths, and the cache under the same URL. Workers may join
and leave at any time: Dask computes the task of a worker that was lost on another one.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from functools import partial

from ..errors import ClusterError
from ..files import worker_folder

SECONDS = 30.0
"""How long to wait for the scheduler, and for a first worker."""

AHEAD = 1000
"""Number of tasks that the scheduler holds at most, so that its memory does not grow with the corpus."""


@contextlib.contextmanager
def parallel(scheduler=None, *, n_jobs: int = -1) -> Iterator[Callable[[Iterable], Iterator]]:
    """A function that runs tasks of ``joblib.delayed`` in parallel and returns their results in order.

    Parameters
    ----------
    scheduler : str or distributed.Client, optional
        Address of a Dask scheduler, or a client of one. Otherwise tasks run in processes of this machine, or
        as ``joblib.parallel_config`` states.
    n_jobs : int
        Number of processes without a scheduler.

    Raises
    ------
    ClusterError
        Dask is not installed, the scheduler or its workers cannot be reached, or they end.

    Notes
    -----
    Joblib's own backend for Dask computes in the calling process if the cluster has one core when it starts.

    Examples
    --------
    >>> import joblib
    >>> with parallel(n_jobs=1) as run:
    ...     list(run(joblib.delayed(abs)(n) for n in (-1, 2)))
    [1, 2]
    """
    import joblib

    if scheduler is None:
        yield joblib.Parallel(n_jobs=n_jobs, return_as="generator", temp_folder=worker_folder())
        return
    with _client(scheduler) as client:
        from distributed import KilledWorker

        try:
            yield partial(_submit, client)
        except KilledWorker as error:
            raise ClusterError(
                f"{_address(client)}: several workers ended while they computed the same clips ({error}); "
                "see their logs, and give each more memory"
            ) from error
        except CancelledError as error:
            raise ClusterError(
                f"{_address(client)}: the scheduler ended; start it again and repeat the call, which "
                "continues from the finished shards"
            ) from error


def _submit(client, jobs: Iterable) -> Iterator:
    """Results of the tasks in their order, each as soon as it and those before are finished."""
    waiting = deque()
    for function, arguments, options in jobs:
        if len(waiting) == AHEAD:
            yield waiting.popleft().result()
        waiting.append(client.submit(function, *arguments, **options, pure=False))
    while waiting:
        yield waiting.popleft().result()


@contextlib.contextmanager
def _client(scheduler) -> Iterator:
    """A client with at least one worker; closed in the end if it was opened here."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            f'Dask, which scheduler={scheduler!r} needs, is not installed: pip install "sercore[dask]"'
        ) from error
    with contextlib.ExitStack() as opened:
        client = scheduler
        if isinstance(scheduler, str):
            _wait_for(scheduler)
            client = opened.enter_context(Client(scheduler, timeout=SECONDS, set_as_default=False))
        try:
            client.wait_for_workers(1, timeout=SECONDS)
        except TimeoutError as error:
            raise ClusterError(
                f"{_address(client)}: the scheduler has no workers; start some with "
                f"'dask worker {_address(client)} --nworkers -1 --nthreads 1'"
            ) from error
        yield client


def _wait_for(address: str) -> None:
    """Return when something listens at an address; a Client that cannot connect leaves threads behind."""
    from distributed.comm import get_address_host_port

    end = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(get_address_host_port(address), timeout=SECONDS).close()
            return
        except (OSError, ValueError) as error:
            if isinstance(error, ValueError) or time.monotonic() > end:
                raise ClusterError(
                    f"{address}: no Dask scheduler answers ({error}); start one with 'dask scheduler', which "
                    "prints its address"
                ) from error
            time.sleep(0.2)


def _address(client) -> str:
    return client.scheduler.address if client.scheduler else "the cluster"

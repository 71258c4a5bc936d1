"""Settings of the process: a quiet terminal, no telemetry, one thread, an end with the parent.

TensorFlow, absl, CUDA and oneDNN write to file descriptor 2 from C++, in part before they read any log
level, and worker processes and notebook kernels inherit the descriptor. Other libraries of C write to file
descriptor 1, in the middle of JSON. :func:`terminal` therefore connects both descriptors to a log file, while
``sys.stderr`` and ``sys.stdout``, which sercore uses, stay connected to the terminal.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threadpoolctl

TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1"}
"""Keeps ONNX Runtime from writing a device id to the user's cache folder and sending events."""

ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "ERROR", "GLOG_minloglevel": "3"} | TELEMETRY
"""Log levels of TensorFlow and its C++ libraries; values that a user has set take precedence."""

MAX_LOG_BYTES = 1_000_000


def disable_telemetry() -> None:
    """Turn off the telemetry of ONNX Runtime in this process and the processes it starts.

    Must be called before ONNX Runtime is imported; :mod:`sercore.bundle` does so. A value that a user has
    set takes precedence.
    """
    for name, value in TELEMETRY.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def terminal(log: str | os.PathLike) -> Iterator[None]:
    """Send everything but sercore's own output to a log file.

    Redirected are file descriptors 1 and 2 of this process and of the processes it starts, log records of
    Python libraries, and their warnings. Warnings of sercore are printed as one message each.

    Parameters
    ----------
    log : path
        Text is appended; above 1 MB the file is started anew. ``/dev/stderr`` shows everything. If the
        file cannot be written, the text is discarded.

    Examples
    --------
    >>> import os, tempfile, warnings
    >>> log = os.path.join(tempfile.mkdtemp(), "sercore.log")
    >>> with terminal(log):
    ...     _ = os.write(2, b"a line written by a C++ library")
    >>> open(log).read()
    'a line written by a C++ library'
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    before, show = sys.stderr, warnings.showwarning
    before.flush()
    kept = open(os.dup(2), "w", 1, before.encoding, "backslashreplace")  # noqa: SIM115 - the terminal
    target = _open(Path(log))
    os.dup2(target, 2)
    os.close(target)
    if _descriptor(before) == 2:
        sys.stderr = kept
    to_log = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
    handler = logging.StreamHandler(to_log)
    logging.getLogger().addHandler(handler)
    warnings.showwarning = _show_warning
    try:
        with _own_output():
            yield
    finally:
        warnings.showwarning = show
        logging.getLogger().removeHandler(handler)
        to_log.close()
        os.dup2(kept.fileno(), 2)
        sys.stderr = before
        kept.close()


@contextlib.contextmanager
def native_errors(log: str | os.PathLike) -> Iterator[None]:
    """Send what is written to file descriptor 2, such as the log of a library of C++, to a file.

    Unlike :func:`terminal`, this leaves Python's warnings and log records alone.

    Parameters
    ----------
    log : path
        As for :func:`terminal`.
    """
    try:
        kept = os.dup(2)
    except OSError:  # a process without a terminal, such as a service
        yield
        return
    target = _open(Path(log))
    os.dup2(target, 2)
    os.close(target)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _own_output() -> Iterator[None]:
    """Connect file descriptor 1 to where descriptor 2 leads, and ``sys.stdout`` to what 1 was."""
    before = sys.stdout
    if _descriptor(before) != 1:
        yield
        return
    before.flush()
    kept = open(  # noqa: SIM115
        os.dup(1), "w", 1 if before.line_buffering else -1, before.encoding, "backslashreplace"
    )
    os.dup2(2, 1)
    sys.stdout = kept
    try:
        yield
    finally:
        with contextlib.suppress(OSError, AttributeError, TypeError):  # what C libraries have buffered
            ctypes.CDLL(None).fflush(None)
        sys.stdout = before
        os.dup2(kept.fileno(), 1)
        with contextlib.suppress(OSError):  # a full disk, which sercore.cli has reported
            kept.close()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS and OpenMP to one thread.

    Sums are rounded differently with another number of threads. Parallel work in sercore is over clips, in
    processes or in threads of the caller, so one thread per clip gives the same bytes for any number of
    processes, threads and cores.

    The number of threads of BLAS belongs to the whole process. Threads of Python that are inside at the same
    time share one limit, which ends with the last of them.

    Examples
    --------
    >>> import threadpoolctl
    >>> with one_thread():
    ...     print({library["num_threads"] for library in threadpoolctl.threadpool_info()})
    {1}
    """
    import scipy.linalg  # noqa: F401 - it has its own BLAS, which can be limited only after it is loaded

    with _one_blas_thread, _limited(_libraries("openmp")):  # OpenMP counts for each thread of Python
        yield


class _SharedLimit:
    """One thread for BLAS, from the first thread of Python that enters to the last that leaves."""

    def __init__(self):
        self._lock, self._limits = threading.Lock(), contextlib.ExitStack()
        self._n_inside, self._libraries = 0, None

    def __enter__(self) -> None:
        with self._lock:
            libraries = _libraries("blas")
            if libraries is not self._libraries:  # the first, or an import has loaded another library since
                self._limits.enter_context(_limited(libraries))
                self._libraries = libraries
            self._n_inside += 1

    def __exit__(self, *_) -> None:
        with self._lock:
            self._n_inside -= 1
            if not self._n_inside:
                self._libraries = None
                self._limits.close()


_one_blas_thread = _SharedLimit()


@contextlib.contextmanager
def _limited(libraries: list[threadpoolctl.LibController]) -> Iterator[None]:
    """One thread for each library, then as many as before."""
    before = [(library, library.num_threads) for library in libraries]
    try:
        for library in libraries:
            _set_n_threads(library, 1)
        yield
    finally:
        for library, n_threads in before:
            _set_n_threads(library, n_threads)


def _set_n_threads(library: threadpoolctl.LibController, n_threads: int) -> None:
    """Set the number of threads, whichever thread of Python has set it before."""
    # since 3.8, set_num_threads does nothing if another thread of Python has a limit, which may end earlier
    getattr(library, "_real_set_num_threads", library.set_num_threads)(n_threads)


def _libraries(user_api: str) -> list[threadpoolctl.LibController]:
    """The loaded libraries of ``blas`` or ``openmp``."""
    return _search(len(sys.modules))[user_api]


@functools.lru_cache(maxsize=1)
def _search(_n_modules: int) -> dict[str, list[threadpoolctl.LibController]]:
    """All loaded libraries; searched again, which takes milliseconds, only after an import."""
    from threadpoolctl import ThreadpoolController

    found = ThreadpoolController()
    return {user_api: found.select(user_api=user_api).lib_controllers for user_api in ("blas", "openmp")}


_SECONDS = 1.0
"""How often a worker process looks whether its parent is alive."""


@functools.cache
def end_with_parent() -> None:
    """Let a worker process end within seconds after its parent, which can be killed without a farewell.

    Called at the beginning of every task; it does nothing in the main process, or from the second call on.
    """
    import multiprocessing

    process = multiprocessing.current_process()
    if process.name == "MainProcess":
        return
    import psutil

    try:
        parent = psutil.Process(getattr(process, "_parent_pid", None) or os.getppid())
    except psutil.NoSuchProcess:
        os._exit(1)

    def watch() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
                time.sleep(_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end_with_parent", daemon=True).start()


def _open(log: Path) -> int:
    """Descriptor of the log file, or of the null device if it cannot be written."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.is_file() and log.stat().st_size > MAX_LOG_BYTES:
            flags |= os.O_TRUNC
        return os.open(log, flags, 0o644)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def _descriptor(stream) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):  # a stream in memory, as in tests and notebooks
        return None


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """Print a warning of sercore; log one of another library."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__") == warnings.__name__:
        frame = frame.f_back
    if category is UserWarning and str(frame.f_globals.get("__name__")).startswith("sercore."):
        print(f"sercore: {message}", file=sys.stderr)
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        logging.getLogger("py.warnings").warning("%s", text)

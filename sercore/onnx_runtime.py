"""Sessions of ONNX Runtime with bounded threads, memory and time, for encoders and bundles.

A file of a few hundred bytes can describe a tensor of any size, or a loop without an end.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

MAX_BYTES = 2**32
"""Most memory of all networks of a process together: weights, and what they compute for one clip."""

MAX_SECONDS = 600.0
"""Longest time for one clip."""


def session_options(*, n_threads: int = 1) -> onnxruntime.SessionOptions:
    """Options of a session that takes its memory from at most :data:`MAX_BYTES`.

    Parameters
    ----------
    n_threads : int
        One by default, so that results do not depend on the number of cores.

    See Also
    --------
    needs_more_memory : recognises the error of a network that does not fit.
    """
    import onnxruntime

    _bound_memory()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.use_env_allocators", "1")
    return options


@contextlib.contextmanager
def run_options(seconds: float = MAX_SECONDS) -> Iterator[onnxruntime.RunOptions]:
    """Options of a call of ``session.run`` that ends with an error when the time is over."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    deadline = threading.Timer(seconds, setattr, (options, "terminate", True))
    deadline.daemon = True
    deadline.start()
    try:
        yield options
    finally:
        deadline.cancel()


def needs_more_memory(error: Exception) -> bool:
    """Whether an error of ONNX Runtime is about memory beyond :data:`MAX_BYTES`.

    Examples
    --------
    >>> needs_more_memory(RuntimeError("Failed to allocate memory for requested buffer of size 6442450944"))
    True
    """
    return "vailable memory" in str(error) or "Failed to allocate memory" in str(error)


@functools.cache
def _bound_memory() -> None:
    """Register the memory that the sessions of this process share."""
    import onnxruntime

    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    # 1: grow by what is requested, not by doubling; -1: the default
    sizes = {"arena_extend_strategy": 1, "initial_chunk_size_bytes": -1, "max_dead_bytes_per_chunk": -1}
    arena = onnxruntime.OrtArenaCfg({"max_mem": MAX_BYTES, **sizes})
    onnxruntime.create_and_register_allocator(place, arena)

"""What ``import sercore`` does for later imports: TensorFlow starts without its log.

While it is imported, TensorFlow writes lines about oneDNN and CUDA to file descriptor 2 before it reads any
log level. A notebook shows them in red, as if something had failed. They go to ``sercore.log`` in the cache
folder instead (:mod:`sercore.quiet`); exceptions are raised as always.
"""

from __future__ import annotations

import os
import sys


def hush_tensorflow() -> None:
    """Keep the log of TensorFlow's start out of the terminal, if TensorFlow is imported after this call."""
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Hush) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Hush())


class _Hush:
    """Find ``tensorflow`` as Python does, and redirect file descriptor 2 while it is executed."""

    def find_spec(self, name, path, target=None):
        if name != "tensorflow":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _redirected(spec.loader.exec_module)
        return spec


def _redirected(execute):
    """The same function, with file descriptor 2 connected to the log."""

    def run(module):
        from . import paths, quiet

        for name, value in quiet.ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        with quiet.native_errors(paths.cache_dir() / "sercore.log"):
            execute(module)

    return run

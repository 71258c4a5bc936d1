"""What ``import sercore`` does for later imports: TensorFlow starts without its log.

While it is imported, TensorFlow writes lines about oneDNN and CUDA to file descriptor 2 before it reads any
log level. A notebook shows them in red, as if something had failed. They go to ``sercore.log`` in the cache
folder instead (:mod:`sercore.quiet`); exceptions are raised as always.
"""

from __future__ import annotations

import contextlib
import os
import sys


def hush_tensorflow() -> None:
    """Keep the log of TensorFlow's start out of the terminal, if TensorFlow is imported after this call."""
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Hush) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Hush())


class _Hush:
    """Find ``tensorflow`` as the other finders do, and redirect file descriptor 2 while it is executed.

    Libraries also look for TensorFlow without importing it, so the finder stays until it is imported.
    """

    def find_spec(self, name, path=None, target=None):
        if name != "tensorflow":
            return None
        for finder in sys.meta_path:
            find = None if isinstance(finder, _Hush) else getattr(finder, "find_spec", None)
            spec = find and find(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader.exec_module = self._redirected(spec.loader.exec_module)
                return spec
        return None

    def _redirected(self, execute):
        """The same function, with file descriptor 2 connected to the log."""

        def run(module):
            from . import paths, quiet

            for name, value in quiet.ENVIRONMENT.items():
                os.environ.setdefault(name, value)
            with quiet.native_errors(paths.cache_dir() / "sercore.log"):
                execute(module)
            with contextlib.suppress(ValueError):
                sys.meta_path.remove(self)

        return run

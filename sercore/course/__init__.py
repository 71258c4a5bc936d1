"""The course: everything that needs a clone of the repository, its notebooks or its published results.

:mod:`.notebooks` runs the numbered notebooks, :mod:`.cleaning` prepares them for a commit,
:mod:`.summary` writes the summary page of a run,
:mod:`.campaigns` defines what was measured, :mod:`.published` reads the out-of-fold predictions,
:mod:`.pages` writes tables and figures of README and ``data/`` from them, and :mod:`.benchmarks` measures
speed.
Library and views never import this package.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["benchmarks", "campaigns", "cleaning", "clone", "notebooks", "published", "readme"],
    submod_attrs={"summary": ["publish", "write_summary"]},
)

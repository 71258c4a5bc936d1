"""The course: everything that needs a clone of the repository, its notebooks or its published results.

:mod:`.notebooks` runs the numbered notebooks, :mod:`.summary` makes the page of a run, :mod:`.published`
holds the measured campaigns and their out-of-fold predictions, :mod:`.readme` writes tables and figures of
the README from them, and :mod:`.benchmarks` measures speed. The library and the views never import this.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["benchmarks", "notebooks", "published", "readme"],
    submod_attrs={"summary": ["publish", "write_summary"]},
)

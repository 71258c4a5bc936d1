"""The course as a static site: notebooks with their outputs, pages, and the reference from the docstrings.

:func:`build_book` copies the pages of the clone into a temporary folder, adds a page per package with its
public functions and classes, and lets Sphinx build the site with the settings in ``.book/conf.py``. Notebooks
are not executed, and the site loads nothing from the network.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import SercoreError
from . import clone

__all__ = ["PACKAGES", "build_book", "dead_links", "reference_page"]

PACKAGES = (
    "labels", "paths", "errors", "audio", "synth", "corpora", "features", "encoders", "splits", "evaluation",
    "models", "training", "ensemble", "interpret", "bundle", "plots", "pictures", "widgets", "report",
    "exercises", "course",
)  # fmt: skip
"""Packages of the reference, in the order in which they build on each other."""

_COPIED = (
    "*.md", "LICENSE", "CITATION.cff", "images/*", "data/*.md", ".github/*.md", "notebooks/*.md",
    "notebooks/*.ipynb", "notebooks/solutions/*.ipynb", "sercore/bundle/shipped/*.md",
)  # fmt: skip
_CONTENTS = (
    ("Course", ("notebooks/*.md", "notebooks/*.ipynb")),
    ("Solutions", ("notebooks/solutions/*.ipynb",)),
    ("Pages", ("data/*.md", "sercore/bundle/shipped/*.md", ".github/*.md", "CHANGELOG.md")),
    ("Reference", [f"reference/{name}.rst" for name in PACKAGES]),
)
"""Captions of the table of contents, and their files; the first page is the README."""


def build_book(out: Path) -> Path:
    """Build the site and return its first page.

    Parameters
    ----------
    out : Path
        Folder for the site; files of an earlier site in it are replaced.

    Returns
    -------
    Path

    Raises
    ------
    SercoreError
        Sphinx is not installed, there is no clone, or the site has warnings or dead links.
    """
    if importlib.util.find_spec("sphinx") is None or importlib.util.find_spec("myst_nb") is None:
        raise SercoreError('the site is built with Sphinx: pip install -e ".[book]"')
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        write_sources(source)
        options = ["--conf-dir", str(clone.repository() / ".book"), "--jobs", "auto", "--fail-on-warning"]
        command = [sys.executable, "-m", "sphinx", "--quiet", "--keep-going", *options, "-b", "html"]
        done = subprocess.run(
            [*command, "-d", str(Path(folder) / "doctrees"), str(source), str(out)],
            capture_output=True, text=True, errors="replace",
        )  # fmt: skip
    if done.returncode:
        raise SercoreError(f"{out}: the site was not built without warnings:\n{done.stderr[-4000:]}")
    if dead := dead_links(Path(out)):
        raise SercoreError(f"{out}: {len(dead)} dead links:\n" + "\n".join(dead[:40]))
    return Path(out) / "index.html"


def write_sources(source: Path) -> None:
    """Copy the pages and notebooks of the clone, and write the reference and the table of contents."""
    root = clone.repository()
    for pattern in _COPIED:
        for path in sorted(root.glob(pattern)):
            copy = source / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    (source / "reference").mkdir()
    for name in PACKAGES:
        (source / "reference" / f"{name}.rst").write_text(reference_page(f"sercore.{name}"))
    page = (source / "README.md").read_text(encoding="utf-8") + "".join(_contents(source))
    (source / "index.md").write_text(page, encoding="utf-8")
    (source / "README.md").unlink()


def _contents(source: Path) -> Iterator[str]:
    for caption, patterns in _CONTENTS:
        files = [path for pattern in patterns for path in sorted(source.glob(pattern))]
        names = "\n".join(path.relative_to(source).as_posix() for path in files)
        yield f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n:maxdepth: 1\n\n{names}\n```\n"


def reference_page(name: str) -> str:
    """Page of a package in reStructuredText: its public names, then those of its modules.

    Parameters
    ----------
    name : str
        Such as ``"sercore.splits"``.

    Examples
    --------
    >>> print(reference_page("sercore.synth")[:16])
    sercore.synth
    ==
    """
    package = importlib.import_module(name)
    names = getattr(package, "__all__", ())
    shown = {name for name in names if not name.isupper()}  # Sphinx finds constants in their modules only
    lines = [name, "=" * len(name), "", *_directive(name, "imported-members")]
    for module in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{name}."):
        last = module.name.rpartition(".")[2]
        if not last.startswith("_"):
            source = Path(module.module_finder.path, f"{last}.py")
            option = "no-index" if source.is_file() and _defines(source, last) else ""
            lines += [module.name, "-" * len(module.name), "", *_directive(module.name, option, shown)]
    return "\n".join(lines) + "\n"


def _defines(source: Path, name: str) -> bool:
    """Whether a module has a function or class of its own name, which hides it in the package."""
    return bool(re.search(rf"^(def|class) {name}\b", source.read_text(encoding="utf-8"), re.M))


def _directive(name: str, option: str = "", shown: set[str] = frozenset()) -> list[str]:
    """Lines of an ``automodule``, without names that are shown already."""
    lines = [f".. automodule:: {name}", "   :members:"]
    lines += [f"   :{option}:"] * bool(option)
    lines += [f"   :exclude-members: {', '.join(sorted(shown))}"] * bool(shown)
    return [*lines, ""]


def dead_links(folder: Path) -> list[str]:
    """Links of a built site to pages, files or headings that do not exist, as ``page: link``.

    Parameters
    ----------
    folder : Path
        The site; links to other hosts are not followed.
    """
    paths = [path for path in sorted(Path(folder).rglob("*.html")) if "_static" not in path.parts]
    pages = {path: _read(path) for path in paths}
    dead = []
    for path, (links, _) in pages.items():
        for link in links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in pages and anchor not in pages[target][1]):
                dead.append(f"{path.relative_to(folder)}: {link}")
    return dead


class _Links(HTMLParser):
    """Collects the links and the anchors of a page."""

    def __init__(self):
        super().__init__()
        self.links, self.anchors = [], {"", "top"}

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        self.links += [found[key] for key in ("href", "src") if found.get(key)]


def _read(path: Path) -> tuple[list[str], set[str]]:
    parser = _Links()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.links, parser.anchors

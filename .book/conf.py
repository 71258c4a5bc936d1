"""Sphinx settings of the site that ``sercore book`` builds; notebooks are shown with their stored outputs."""

import importlib
import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util.nodes import make_refnode

project, author = "sercore", "the authors of sercore"
copyright = author
extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["data/oof"]
root_doc = "index"

html_theme = "sphinx_book_theme"
html_title = "Speech emotion recognition"
html_theme_options = {"show_navbar_depth": 1, "show_toc_level": 2, "use_download_button": False}
html_math_renderer = "mathml"  # browsers draw it without a script
html_copy_source = False

nb_execution_mode = "off"
nb_number_source_lines = False
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # those of Keras are Markdown
autodoc_typehints = "none"  # numpydoc docstrings have types in words
numpydoc_show_class_members = False
nitpicky = True
# names of other packages, short names, and names without a docstring
nitpick_ignore_regex = [("py:.*", r"(?!sercore\.).*"), ("py:(data|attr)", ".*")]
suppress_warnings = ["myst.header", "misc.highlighting_failure"]  # the latter: "!git" in the first cells

_notebooks = {}


def _take_notebook(app, what, name, obj, options, lines):
    """Take the line that names a notebook out of a docstring; numpydoc would put it into the last section."""
    found = [line for line in lines if line.strip().startswith("Notebook:")]
    _notebooks[name] = re.findall(r"(\w+)\.ipynb", " ".join(found))
    lines[:] = [line for line in lines if line not in found]


def _link_notebook(app, what, name, obj, options, lines):
    """Link the notebooks that use a function."""
    links = ", ".join(f":doc:`/notebooks/{notebook}`" for notebook in _notebooks.pop(name, []))
    if links:
        lines += ["", f"Used in {links}.", ""]


def _skip(app, what, name, obj, skip, options):
    """Leave out methods that scikit-learn generates."""
    return True if re.fullmatch("set_[a-z_]+_request", name) else None


def _find_alias(app, env, node, content):
    """Link a name by which a function can be imported, though it is documented under another one."""
    target, names = node.get("reftarget", ""), env.get_domain("py").objects
    for name in (target, f"{node.get('py:module')}.{target}"):
        module, _, last = name.rpartition(".")
        below = [known for known in names if known.startswith(module) and known.endswith(f".{last}")]
        for known in [*_other_names(name), *below]:
            if known in names:
                entry = names[known]
                return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content)
    return None


def _other_names(name):
    """Names of the same object in its module and in the packages above it."""
    module, _, last = name.rpartition(".")
    try:
        parts = getattr(importlib.import_module(module), last).__module__.split(".")
    except (ImportError, AttributeError, ValueError):
        parts = module.split(".")
    return [".".join([*parts[:k], last]) for k in range(len(parts), 0, -1)]


def _visit_math(display):
    def visit(translator, node):
        translator.body.append(convert(node.astext(), display=display))
        raise nodes.SkipNode

    return visit, None


def setup(app):
    app.connect("autodoc-process-docstring", _take_notebook, priority=100)
    app.connect("autodoc-process-docstring", _link_notebook, priority=900)
    app.connect("autodoc-skip-member", _skip)
    app.connect("missing-reference", _find_alias)
    app.add_html_math_renderer("mathml", _visit_math("inline"), _visit_math("block"))

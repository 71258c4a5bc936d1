"""The repository: style, import contract, public names, dependencies, documentation."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib

import nbformat
import pytest
from importlinter.cli import lint_imports

import sercore
from sercore.course import clone

ROOT = clone.repository()
NUMBERED = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
NOTEBOOKS = {path.name: nbformat.read(path, 4) for path in [*NUMBERED, ROOT / "notebooks" / "demo.ipynb"]}
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / ".github" / "CONTRIBUTING.md",
    *(ROOT / "data").glob("*.md"),
    *(ROOT / "notebooks").glob("*.md"),
]
MODULES = ["sercore", *(module.name for module in pkgutil.walk_packages(sercore.__path__, "sercore."))]


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: no list of tracked files")
    return listed.stdout.splitlines()


def markdown(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_import_contract():
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0, "run: lint-imports"


def test_sub_packages_are_imported_lazily():
    code = (
        "import sys, sercore\n"
        "print([name for name in ('numpy', 'pandas', 'sercore.features') if name in sys.modules])\n"
        "print(sercore.features.extract_table.__module__)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines() == ["[]", "sercore.features.store"]


@pytest.mark.parametrize("name", MODULES)
def test_public_names_exist(name):
    module = importlib.import_module(name)
    assert module.__doc__
    if hasattr(module, "__path__"):
        assert module.__all__
    assert [x for x in getattr(module, "__all__", []) if not hasattr(module, x)] == []


def test_no_recordings_are_tracked():
    names = tracked()
    assert len(names) > 30
    assert [n for n in names if re.search(r"\.(wav|flac|mp3|ogg|opus|m4a|aiff?)$", n, re.I)] == []


def test_tracked_files_are_small():
    sizes = {name: (ROOT / name).stat().st_size for name in tracked() if (ROOT / name).is_file()}
    assert {name: size for name, size in sizes.items() if size > 1_000_000} == {}


def test_dependencies_are_listed_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "dependencies" in project["dynamic"]
    lines = [x for x in (ROOT / "requirements.txt").read_text().splitlines() if x and x[0] != "#"]
    assert len(lines) > 20
    for line in lines:
        assert re.match(r"[a-z0-9-]+>=[\d.]+(,<[\d.]+)?(; [^#]+)? +# \S", line), line
    assert "-e ." in (ROOT / "environment.yml").read_text()


def test_version_is_the_same_everywhere():
    assert f"\nversion: {sercore.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {sercore.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_readme_is_short_and_has_the_test_command_of_ci():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) < 900
    command = "python -m pytest -n 2"
    assert f"bin/{command}\n" in text
    assert command.removeprefix("python") in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_of_pages_exist(path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


GLOSSARY = ROOT / "notebooks" / "glossary.md"
TERMS = re.findall(
    r"^### (.+)\n\n((?:.+\n?)+?)(?=\n### |\Z)", GLOSSARY.read_text(encoding="utf-8"), re.M
)  # (term, definition)


def anchor(term):
    return term.lower().replace(" ", "-").replace("'", "")


def test_glossary_is_sorted_and_has_the_words_of_the_course():
    terms = [term for term, _ in TERMS]
    assert terms == sorted(terms, key=str.lower)
    assert {"Recall", "UA", "Dropout", "Batch normalisation", "Nats", "Logits", "Functionals"} <= set(terms)


@pytest.mark.parametrize(("term", "text"), TERMS, ids=[anchor(term) for term, _ in TERMS])
def test_terms_of_the_glossary_occur_in_their_notebook(term, text):
    number, name = re.search(r"→\s+\[(\d\d)\]\((\S+)\)\s*$", text).groups()
    assert name.startswith(number)
    words = "\n".join(cell.source for cell in NOTEBOOKS[name].cells)
    assert re.search(rf"\b{re.escape(term)}", words, re.I)


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.name)
def test_links_to_the_glossary_reach_a_term(path):
    links = re.findall(r"\]\(glossary\.md(?:#([^)]+))?\)", markdown(NOTEBOOKS[path.name]))
    assert links or path.name[:2] in ("08", "10"), "no link to the glossary"
    assert set(links) - {""} <= {anchor(term) for term, _ in TERMS}


def tags():
    """(function or class, notebook) for each line ``Notebook: …`` in a docstring of the package."""
    found = []
    for path in sorted((ROOT / "sercore").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
                for line in re.findall(r"^ *Notebook: (.*)", ast.get_docstring(node) or "", re.M):
                    names = re.findall(r"[\w.]+\.ipynb", line)
                    assert names, f"{path}: no notebook in 'Notebook: {line}'"
                    found += [(getattr(node, "name", f"module {path.name}"), name) for name in names]
    return found


def test_functions_are_used_in_the_notebook_of_their_docstring():
    found = tags()
    assert found, "no docstring names a notebook"
    for function, name in found:
        assert name in NOTEBOOKS, f"{function}: there is no notebook {name}"
        code = "\n".join(cell.source for cell in NOTEBOOKS[name].cells if cell.cell_type == "code")
        assert re.search(rf"\b{function}\b", code), f"{name} does not use {function}"


def title(name):
    return NOTEBOOKS[name].cells[0].source.splitlines()[0].removeprefix("# ")


def test_titles_agree_between_readme_and_notebooks():
    table = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d) \| \[(.+?)\]\(notebooks/(\S+?)\)", table, re.M)
    assert [row[2] for row in rows] == [path.name for path in NUMBERED]
    assert [f"{number} · {text}" for number, text, _ in rows] == [title(path.name) for path in NUMBERED]


@pytest.mark.parametrize(
    "path", [*NUMBERED, *(ROOT / "notebooks" / "solutions").glob("*.ipynb")], ids=lambda p: p.stem
)
def test_titles_agree_in_links_between_notebooks(path):
    links = re.findall(
        r"\[(\d\d)(?: ·|,|:)? ([^\]]+)\]\((?:\.\./)?(\d\d_\w+\.ipynb)\)", markdown(nbformat.read(path, 4))
    )
    assert [f"{number} · {text}" for number, text, _ in links] == [title(name) for _, _, name in links]


@pytest.mark.parametrize("number", range(len(NUMBERED)))
def test_notebooks_link_their_neighbours(number):
    text = markdown(NOTEBOOKS[NUMBERED[number].name])
    for neighbour in NUMBERED[max(number - 1, 0) : number + 2]:
        assert neighbour == NUMBERED[number] or f"]({neighbour.name})" in text, f"no link to {neighbour.name}"

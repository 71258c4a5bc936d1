"""Slides and handout from the notebooks, and the pages of the site."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from sercore.course import book, clone, handout, notebooks, slides

PNG = {"image/png": "iVBORw0KGgo="}
TABLE = {"text/html": "<table></table>", "text/plain": "x"}


def shown(cells):
    """Text and kind of the slides that are made of some cells."""
    return [
        (cell.source or "output", cell.metadata["slideshow"]["slide_type"])
        for cell in slides.choose_slides(cells)
    ]


def output(data):
    return new_output("display_data", data=data)


def test_slides_are_headings_figures_and_boxes():
    cells = [
        new_markdown_cell("# 01 · Title\n\nGoals."),
        new_code_cell("import os"),
        new_markdown_cell("Not shown: it follows no figure."),
        new_markdown_cell("> **Beware** of boxes.\n\n## 1 · Section\n\nWhy? See [02](02_next.ipynb)."),
        new_code_cell("draw()", outputs=[output(PNG)]),
        new_markdown_cell("What to see."),
        new_code_cell("table", outputs=[output(TABLE)]),
        new_code_cell("table", outputs=[output(TABLE)], metadata={"tags": ["summary"]}),
        new_markdown_cell("## Recap\n\nYou saw.\n\n## Exercises\n\n1. Do it."),
        new_markdown_cell("## Further reading"),
    ]
    assert shown(cells) == [
        ("# 01 · Title\n\nGoals.", "slide"),
        ("> **Beware** of boxes.", "subslide"),
        ("## 1 · Section\n\nWhy? See [02](02_next.slides.html).", "slide"),
        ("#### 1 · Section", "subslide"),
        ("output", "-"),
        ("What to see.", "-"),
        ("#### 1 · Section", "subslide"),
        ("output", "-"),
        ("## Recap\n\nYou saw.", "slide"),
    ]
    assert all(not cell.source for cell in slides.choose_slides(cells) if cell.cell_type == "code")


@pytest.mark.parametrize("path", notebooks.find(), ids=lambda path: path.stem)
def test_every_notebook_gives_slides_and_a_part_of_the_handout(path):
    cells = nbformat.read(path, 4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    without_formulas = [cell for cell in cells if "$" not in cell.source]
    chosen = slides.choose_slides(without_formulas)
    assert 8 <= sum(cell.metadata["slideshow"]["slide_type"] != "-" for cell in chosen) <= 60
    assert "Exercises" not in " ".join(cell.source for cell in chosen)
    assert 20 <= len(handout.recap(text).split()) <= 120


def test_handout_has_all_warnings(tmp_path):
    page = handout.write_handout(tmp_path / "handout.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 2
    assert "The random split." in page
    for path in notebooks.find():
        boxes = re.findall(r"^ +\"> \*\*Beware", path.read_text(encoding="utf-8"), re.M)
        text = "\n\n".join(
            cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown"
        )
        assert len(handout.warnings(text)) == len(boxes)
    assert not re.search(r"\*\*|\]\(|`", page.partition("<script>")[0])


def test_site_has_all_pages(tmp_path):
    """Without Sphinx: the sources, a contents entry for each, and a reference of public names."""
    book.write_sources(tmp_path / "source")
    index = (tmp_path / "source" / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^[\w./+-]+\.(?:md|ipynb|rst)$", index, re.M))
    written = [path.relative_to(tmp_path / "source").as_posix() for path in tmp_path.rglob("*.*")]
    pages = {name for name in written if name.endswith((".md", ".ipynb", ".rst"))}
    assert listed == pages - {"index.md"}
    assert {f"notebooks/{path.name}" for path in clone.notebooks_dir().glob("*.ipynb")} <= listed
    packages = {path.parent.name for path in (clone.repository() / "sercore").glob("*/__init__.py")}
    assert packages - set(book.PACKAGES) == {"cli"}
    page = book.reference_page("sercore.splits")
    assert ".. automodule:: sercore.splits\n   :members:\n   :imported-members:" in page
    assert re.search(r"automodule:: sercore\.splits\.folds\n   :members:\n   .*make_folds", page)
    page = book.reference_page("sercore.evaluation")
    assert "sercore.evaluation.fairness\n   :members:\n   :no-index:" in page


def test_dead_links_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">1</a><a href="b.html#gone">2</a><img src="no.png"><a href="https://x.org/y">3</a>'
    )
    (tmp_path / "b.html").write_text('<p id="here"><a href="#">up</a><a href="a%2Ehtml">a</a></p>')
    assert book.dead_links(tmp_path) == ["a.html: b.html#gone", "a.html: no.png"]


def test_teaching_plan_names_sections_and_widgets_that_exist():
    page = (clone.notebooks_dir() / "teaching.md").read_text(encoding="utf-8")
    parts = re.split(r"^### ", page.partition("## People in the room")[0], flags=re.M)[1:]
    numbered = notebooks.find()
    assert len(parts) == len(numbered)
    for part, path in zip(parts, numbered, strict=True):
        cells = nbformat.read(path, 4).cells
        text = "\n".join(cell.source for cell in cells)
        assert part.startswith(cells[0].source.splitlines()[0].removeprefix("# ")), path.stem
        sections = {name.strip() for name in re.findall(r"^## (?:\d+ · )?(.+)$", text, re.M)}
        live = re.search(r"\*\*Live\.\*\* Section \"(.+?)\"", " ".join(part.split()))
        skipped = re.findall(r"\"([A-Z].+?)\"", part.partition("**Skip.**")[2].replace("\n", " "))
        assert {live[1], *skipped} <= sections, {live[1], *skipped} - sections
        code = re.findall(r"`(widgets\.\w+|compare|play|window_ms)", part)
        assert [name for name in code if name not in text] == []

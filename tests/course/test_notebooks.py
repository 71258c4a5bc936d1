"""The notebooks: form, cleanliness, and that they run from top to bottom on the demo corpus."""

import ast
import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sercore import paths
from sercore.course import clone, notebooks

NUMBERED = sorted(clone.notebooks_dir().glob("[0-9][0-9]_*.ipynb"))
SOLUTIONS = sorted((clone.notebooks_dir() / "solutions").glob("*.ipynb"))
PAGE = clone.notebooks_dir() / "demo.ipynb"  # not a lesson: widgets only, tested in tests/browser
ALL = [*NUMBERED, *SOLUTIONS, PAGE]


def ids(path):
    return f"{path.parent.name}-{path.stem}"


def test_there_are_notebooks_and_each_but_the_first_has_solutions():
    assert [path.name[:2] for path in NUMBERED] == [f"{n:02d}" for n in range(len(NUMBERED))]
    assert len(NUMBERED) >= 4
    assert {path.name for path in SOLUTIONS} == {path.name for path in NUMBERED[1:]}


@pytest.mark.parametrize("path", ALL, ids=ids)
def test_light_clean_and_executed(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) <= 150_000, "over 150 KB: fewer or smaller figures"
    for found in (
        "<audio",
        "data:audio",
        "widget-view+json",
        "widget-state",
        "/home/",
        "/root/",
        "/Users/",
        "/tmp/",
    ):
        assert found not in text, f"holds {found}"
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in code]
    assert counts == list(range(1, len(code) + 1)), "not executed once from top to bottom"
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}


@pytest.mark.parametrize("path", NUMBERED, ids=ids)
def test_the_form_every_notebook_follows(path):
    notebook = nbformat.read(path, as_version=4)
    title = notebook.cells[0].source
    assert title.startswith(f"# {path.name[:2]} · ")
    for part in ("You will learn", "Time", "Needs"):
        assert f"**{part}" in title
    sources = [cell.source for cell in notebook.cells]
    markdown = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert any('CORPUS = os.environ.get("SERCORE_CORPUS", "demo")' in source for source in sources)
    assert "## Recap" in markdown
    assert "urther reading" in markdown
    assert any("summary" in cell.metadata.get("tags", []) for cell in notebook.cells)
    for link in re.findall(r"\]\(([^)#:]+\.ipynb)\)", markdown):
        assert (path.parent / link).is_file(), f"dead link {link}"


@pytest.mark.parametrize("path", NUMBERED, ids=ids)
def test_no_score_is_typed_into_prose(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\b\d\d(\.\d)? ?%|\b0\.\d\d+\b", cell.source), cell.source


def test_every_notebook_that_a_docstring_names_exists():
    names = set()
    for path in (clone.repository() / "sercore").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
                names |= set(re.findall(r"Notebook: (\S+\.ipynb)", ast.get_docstring(node) or ""))
    assert names
    assert names <= {path.name for path in [*NUMBERED, PAGE]}


@pytest.mark.slow
def test_the_main_job_runs_on_the_demo_corpus(tmp_path):
    """`python -m sercore run`, as the README says it: every notebook, the page, the table last."""
    command = [sys.executable, "-m", "sercore", "run", "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    for path in NUMBERED:
        assert (tmp_path / "run" / path.name).is_file()
    page = (tmp_path / "run" / "summary.html").read_text(encoding="utf-8")
    assert page.count("<img") >= 4
    assert "synthetic voice" in page
    assert all(path.stem in page for path in NUMBERED)
    results = pd.read_csv(tmp_path / "run" / "tables" / "results.csv")
    assert results["ua"].between(0, 1).all()
    last = done.stdout.strip().splitlines()
    assert "UA % [95 %]" in last[-len(results) - 1]
    assert str(results["model"].iloc[-1]) in last[-1]


@pytest.mark.slow
@pytest.mark.parametrize("path", SOLUTIONS, ids=ids)
def test_solutions_run(path, tmp_path):
    notebooks._execute(nbformat.read(path, as_version=4), path, progress=False)


def make_notebook(folder: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = folder / "01_broken.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_failing_notebook_is_named_with_its_cell_and_kept(tmp_path, monkeypatch):
    make_notebook(tmp_path, "x = 1", "print('so far')", "1 / 0")
    monkeypatch.setattr(paths, "notebooks_dir", lambda: tmp_path)
    with pytest.raises(notebooks.NotebookError, match=r"01_broken\.ipynb, cell 3 .*ZeroDivisionError"):
        notebooks.run(out=tmp_path / "run", progress=False)
    kept = json.loads((tmp_path / "run" / "01_broken.ipynb").read_text())
    assert "so far" in json.dumps(kept["cells"][1]["outputs"])


def test_asking_for_a_notebook_that_is_not_there():
    with pytest.raises(notebooks.NotebookError, match=r"no notebook starts with '77'.*01_eda"):
        notebooks.find(["77"])


def test_clean_removes_sound_widgets_chatter_and_folders():
    cell = nbformat.v4.new_code_cell("x")
    home = str(Path.home())
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="100%"),
        nbformat.v4.new_output("stream", name="stdout", text=f"in {home}/x <object at 0x7f>"),
        nbformat.v4.new_output("display_data", data={"text/html": "<audio src='data:audio/wav;…'>"}),
        nbformat.v4.new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}}),
        nbformat.v4.new_output("display_data", data={"text/html": "<b>kept</b>"}),
    ]
    cell.metadata = {"execution": {"iopub": "2026"}, "tags": ["summary"]}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": 1}})
    cleaned = notebooks.clean(notebook)
    assert [output.output_type for output in cell.outputs] == ["stream", "display_data"]
    assert cell.outputs[0].text == "in ~/x <object>"
    assert dict(cell.metadata) == {"tags": ["summary"]}
    assert "widgets" not in cleaned.metadata


def test_pictures_of_a_heavy_notebook_get_fewer_colours(rng):
    buffer = io.BytesIO()
    smooth = np.linspace(0, 255, 300 * 300).reshape(300, 300) + rng.normal(0, 3, (300, 300))
    pixels = np.stack([smooth, smooth[::-1], smooth.T], axis=-1).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, "png")
    cell = nbformat.v4.new_code_cell("x")
    picture = base64.b64encode(buffer.getvalue()).decode()
    cell.outputs = [nbformat.v4.new_output("display_data", data={"image/png": picture})]
    notebooks.clean(nbformat.v4.new_notebook(cells=[cell]))
    lighter = cell.outputs[0].data["image/png"]
    image = Image.open(io.BytesIO(base64.b64decode(lighter)))
    assert len(picture) > 150_000 > len(lighter)
    assert image.size == (300, 300)
    error = np.abs(np.asarray(image.convert("RGB"), float) - pixels).mean()
    assert error < 16


def test_clean_leaves_nothing_of_a_cell_with_sliders_and_keeps_progress_bars_apart():
    view = {"application/vnd.jupyter.widget-view+json": {}}
    picture = nbformat.v4.new_output("display_data", data={"text/html": "<b>drawn</b>"})
    slider = nbformat.v4.new_output("display_data", data=view | {"text/plain": "interactive(children=(…"})
    bar = nbformat.v4.new_output("display_data", data=view | {"text/plain": "clips:   0%"})
    cells = [nbformat.v4.new_code_cell("x", outputs=[picture, other]) for other in (slider, bar)]
    cleaned = notebooks.clean(nbformat.v4.new_notebook(cells=cells))
    assert [len(cell.outputs) for cell in cleaned.cells] == [0, 1]


def test_a_run_does_not_wait_for_output_widgets(tmp_path):
    """nbclient's own mirror of them can lose a reply and stand still for ever."""
    path = make_notebook(
        tmp_path, "from ipywidgets import interact", "interact(lambda a: print('drawn', a), a=(1, 3));"
    )
    notebook = notebooks._execute(nbformat.read(path, as_version=4), path, progress=False)
    assert any("drawn" in output.get("text", "") for output in notebook.cells[1].outputs)

"""Notebooks: form, cleaning, and execution on the demo corpus."""

import ast
import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import psutil
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from PIL import Image

from sercore.course import cleaning, clone, execution, notebooks
from sercore.plots import EMOTION_COLORS

NUMBERED = sorted(clone.notebooks_dir().glob("[0-9][0-9]_*.ipynb"))
SOLUTIONS = sorted((clone.notebooks_dir() / "solutions").glob("*.ipynb"))
DEMO = clone.notebooks_dir() / "demo.ipynb"  # widgets only; tested in tests/browser
ALL = [*NUMBERED, *SOLUTIONS, DEMO]
COLORS = set(EMOTION_COLORS.values())


def ids(path):
    return f"{path.parent.name}-{path.stem}"


def new_notebook(folder, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = folder / "01_toy.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def new_output(**data):
    return nbformat.v4.new_output("display_data", data=data)


def test_notebooks_are_numbered_and_have_solutions():
    assert [path.name[:2] for path in NUMBERED] == [f"{n:02d}" for n in range(len(NUMBERED))]
    assert len(NUMBERED) >= 8
    assert {path.name for path in SOLUTIONS} == {path.name for path in NUMBERED[1:]}


@pytest.mark.parametrize("path", ALL, ids=ids)
def test_committed_notebooks_are_executed_clean_and_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) <= cleaning.MAX_BYTES, "fewer or smaller figures"
    for forbidden in (
        "<audio", "data:audio", "widget-view+json", "widget-state", "/home/", "/root/", "/Users/", "/tmp/",
    ):  # fmt: skip
        assert forbidden not in text
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in code]
    assert counts == list(range(1, len(code) + 1)), "not executed once from top to bottom"
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}


@pytest.mark.parametrize("path", NUMBERED, ids=ids)
def test_numbered_notebooks_have_the_same_form(path):
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
def test_figures_have_the_course_style_and_no_text_below(path):
    """Series have the colours of the course, and the last line of a cell does not show an Axes."""
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert any("plots.use_course_style()" in cell.source for cell in code)
    for cell in code:
        assert not re.search(r"rcParams|figure\.dpi", cell.source), cell.source
        assert not re.search(r"lambda[^\n]*: plots\.", cell.source), "interact shows the Axes that it returns"
        for color in re.findall(r"#[0-9a-f]{6}\b", cell.source):
            assert color in COLORS, f"{color} is not a colour of the course"
        last = ast.parse(TransformerManager().transform_cell(cell.source)).body[-1:]  # without magics
        drawing = (
            last and isinstance(last[0], ast.Expr) and re.match(r"(plots|axe?s?)\b", ast.unparse(last[0]))
        )
        if drawing and "use_course_style" not in cell.source:
            line = cell.source.splitlines()[last[0].end_lineno - 1].encode()
            ends = line[last[0].end_col_offset :]
            assert ends.startswith(b";"), f"end with a semicolon: {line.decode()}"
        for output in cell.outputs:
            assert not output.get("data", {}).get("text/plain", "").startswith(("<Axes", "[<", "(<Axes"))


@pytest.mark.parametrize("path", NUMBERED, ids=ids)
def test_no_scores_in_prose(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\b\d\d(\.\d)? ?%|\b0\.\d\d+\b", cell.source), cell.source


@pytest.mark.slow
def test_run_on_the_demo_corpus(tmp_path):
    """`python -m sercore run --all`: every notebook, the page, the table, and a quiet terminal."""
    command = [sys.executable, "-m", "sercore", "run", "--all", "--jobs", "2", "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path)
    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 0, stderr[-3000:]
    for path in NUMBERED:
        assert (tmp_path / "run" / path.name).is_file()
        assert path.stem in stdout
    page = (tmp_path / "run" / "summary.html").read_text(encoding="utf-8")
    assert page.count("<img") >= 4
    assert "synthetic voice" in page
    assert all(path.stem in page for path in NUMBERED)
    assert "Tested on speakers it was not trained on, a logistic regression" in page
    assert not re.search(r">\s*NaN|\bnan\b|%\||it/s\]|&lt;Axes", re.sub(r"base64,[^\"]*", "", page))
    results = pd.read_csv(tmp_path / "run" / "tables" / "results.csv")
    assert results["ua"].between(0, 1).all()
    table = stdout.partition("summary.html\n")[2]
    assert "UA % [95 %]" in table
    assert all(model in table for model in results["model"])
    n_lines = stdout.count("\n") + stderr.count("\n")  # a bar redraws its line after a carriage return
    assert n_lines < 40, stdout + stderr
    assert max(map(len, table.splitlines())) <= 100
    assert (tmp_path / "run" / "run.log").stat().st_size > 0


@pytest.mark.slow
def test_tour_leaves_out_what_follows_its_end(tmp_path, monkeypatch, capsys):
    for number in ("03", "02", "00", "01"):  # each is written as 01_toy first
        path = new_notebook(tmp_path, "print('first')", "print('last')", "print('left out')")
        path = path.rename(tmp_path / f"{number}_toy.ipynb")
        if number == "03":
            notebook = nbformat.read(path, as_version=4)
            notebook.cells[1].metadata["tags"] = ["summary", "tour-end"]
            nbformat.write(notebook, path)
    monkeypatch.setattr(clone, "notebooks_dir", lambda: tmp_path)
    folder = notebooks.run(out=tmp_path / "run", tour=True, n_jobs=2)
    assert sorted(path.name[:2] for path in folder.glob("*.ipynb")) == ["00", "01", "03"]
    assert len(nbformat.read(folder / "03_toy.ipynb", as_version=4).cells) == 2
    assert len(nbformat.read(folder / "01_toy.ipynb", as_version=4).cells) == 3
    page = (folder / "summary.html").read_text(encoding="utf-8")
    assert "The short tour" in page
    assert ">last<" in page
    with pytest.raises(notebooks.NotebookError, match="pass --all or --only with --in-place"):
        notebooks.run(tour=True, in_place=True)


@pytest.mark.parametrize(("own", "expected"), [(None, "1"), ("3", "3")])
def test_kernels_use_one_thread_unless_the_user_sets_another_number(tmp_path, monkeypatch, own, expected):
    new_notebook(tmp_path, "")
    monkeypatch.setattr(clone, "notebooks_dir", lambda: tmp_path)
    found = []
    monkeypatch.setattr(
        notebooks, "execute_all", lambda *_, **__: found.append(os.environ["OMP_NUM_THREADS"])
    )
    monkeypatch.setattr("sercore.corpora.load_index", lambda *_: [])
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if own:
        monkeypatch.setenv("OMP_NUM_THREADS", own)
    notebooks.run(out=tmp_path / "run")
    assert found == [expected]
    assert os.environ.get("OMP_NUM_THREADS") == own


def test_tour_ends_in_notebook_03_after_its_result():
    assert [path.name[:2] for path in notebooks.find(notebooks.TOUR)] == ["00", "01", "03"]
    cells = nbformat.read(NUMBERED[3], as_version=4).cells
    tour = execution.until_tour_end(cells)
    assert 0 < len(tour) < len(cells)
    assert any('publish("results"' in cell.source for cell in tour)


@pytest.mark.parametrize(("n_cores", "free", "jobs"), [(2, 9, 2), (1, 9, 1), (2, 7, 1)])
def test_two_notebooks_at_a_time_need_cores_and_memory(monkeypatch, n_cores, free, jobs):
    memory = psutil.virtual_memory()._replace(available=free * 2**30)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    monkeypatch.setattr("joblib.cpu_count", lambda: n_cores)
    assert notebooks._default_jobs() == jobs


LONG = ("04", "05", "08")  # solutions that take minutes: they train networks, or run the encoder
MARKED = [
    pytest.param(path, marks=pytest.mark.long if path.stem[:2] in LONG else pytest.mark.slow)
    for path in SOLUTIONS
]


@pytest.mark.parametrize("path", MARKED, ids=ids)
def test_solutions_run(path):
    execution.execute(nbformat.read(path, as_version=4), path)


@pytest.mark.slow
def test_failing_notebook_is_reported_with_its_cell(tmp_path, monkeypatch):
    new_notebook(tmp_path, "x = 1", "print('before')", "1 / 0")
    monkeypatch.setattr(clone, "notebooks_dir", lambda: tmp_path)
    with pytest.raises(notebooks.NotebookError, match=r"01_toy\.ipynb, cell 3 .*ZeroDivisionError"):
        notebooks.run(out=tmp_path / "run", progress=False)
    executed = json.loads((tmp_path / "run" / "01_toy.ipynb").read_text())
    assert "before" in json.dumps(executed["cells"][1]["outputs"])
    page = (tmp_path / "run" / "summary.html").read_text(encoding="utf-8")
    assert page.index("Notebook 01_toy failed") < page.index("ZeroDivisionError") < page.index("<h1>")


@pytest.mark.slow
def test_tables_of_an_earlier_run_are_not_shown(tmp_path, monkeypatch):
    new_notebook(tmp_path, "x = 1")
    monkeypatch.setattr(clone, "notebooks_dir", lambda: tmp_path)
    tables = tmp_path / "run" / "tables"
    tables.mkdir(parents=True)
    (tables / "results.csv").write_text("corpus,model\nravdess,lda\n")
    notebooks.run(out=tmp_path / "run", progress=False)
    assert not list(tables.iterdir())


@pytest.mark.slow
def test_cell_that_takes_too_long_is_not_called_a_dead_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "MAX_SECONDS", 2)
    path = new_notebook(tmp_path, "import time\ntime.sleep(60)")
    with pytest.raises(
        notebooks.NotebookError, match="cell 1: stopped after 2 s; run the notebook by itself"
    ):
        execution.execute(nbformat.read(path, as_version=4), path)


@pytest.mark.slow
def test_messages_of_libraries_go_to_the_log(tmp_path, monkeypatch, capfd):
    new_notebook(
        tmp_path,
        "import os, sys, warnings\nwarnings.warn('from a cell')\nprint('printed')",
        "import subprocess\n"
        "subprocess.run([sys.executable, '-c', 'import os; os.write(2, b\"from a worker\")'])",
        "_ = os.write(2, b'from a library')",
    )
    monkeypatch.setattr(clone, "notebooks_dir", lambda: tmp_path)
    folder = notebooks.run(out=tmp_path / "run")
    log = (folder / "run.log").read_text()
    for message in ("from a cell", "from a worker", "from a library"):
        assert message in log
    out, err = capfd.readouterr()
    assert "from a" not in out + err
    assert err.count("\n") == 1, "one line per notebook"
    assert "3/3 cells" in err
    assert "from a cell" not in (folder / "01_toy.ipynb").read_text().replace("warn('from a cell')", "")


def interrupted(folder, jobs, wait_for):
    """Exit status and lines of `sercore run` on the notebooks of a folder, after Ctrl-C."""
    code = (
        "import pathlib, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in jobs in the background
        "from sercore import cli, corpora\n"
        "from sercore.course import clone\n"
        f"clone.notebooks_dir = lambda: pathlib.Path({str(folder)!r})\n"
        "corpora.load_index = lambda name: []\n"
        "from nbclient import NotebookClient\n"
        "start_kernel = NotebookClient.async_start_new_kernel\n"
        "async def start(client, **options):\n"
        f"    pathlib.Path({str(folder)!r}, 'starting').touch()\n"
        "    await start_kernel(client, **options)\n"
        "NotebookClient.async_start_new_kernel = start\n"
        "sys.exit(cli.main(['run', '--all', '--out', *sys.argv[1:]]))"
    )
    command = [sys.executable, "-c", code, str(folder / "run"), "--jobs", str(jobs)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        while process.poll() is None and not all((folder / name).exists() for name in wait_for):
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        try:
            error = process.communicate(timeout=120)[1]
        finally:
            process.kill()
    lines = [line for line in error.replace("\r", "\n").splitlines() if line.strip() and "cells," not in line]
    return process.returncode, lines


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals differ on Windows")
@pytest.mark.parametrize(("jobs", "wait_for"), [(2, ["1", "2"]), (1, ["starting"])])
def test_interrupt_is_one_line(tmp_path, jobs, wait_for):
    """While cells of two kernels run, and while a kernel starts."""
    for number in ("2", "1"):  # each is written as 01_toy first
        cell = (
            "import os, time\n"
            f"with open('{number}.part', 'w') as f: print(os.getpid(), file=f)\n"
            f"os.rename('{number}.part', {number!r})\n"  # the file is complete once it exists
            "time.sleep(600)"
        )
        new_notebook(tmp_path, cell).rename(tmp_path / f"0{number}_toy.ipynb")
    status, lines = interrupted(tmp_path, jobs, wait_for)
    assert status == 130
    assert lines == ["sercore: interrupted; repeat the command to continue from finished work"]
    kernels = [int((tmp_path / number).read_text()) for number in wait_for if number in "12"]
    until = time.monotonic() + 10  # the system may need a moment after the parent has ended
    while any(map(psutil.pid_exists, kernels)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, kernels))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals differ on Windows")
def test_interrupt_of_verify_is_one_line(tmp_path):
    """While a file is read, which takes longer than the test."""
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "a.wav").write_bytes(b"RIFF")
    code = (
        "import signal, sys, time\nfrom sercore import cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from sercore.corpora import verification\n"
        "def wait(*_):\n    print('reads', flush=True)\n    time.sleep(60)\n"
        "verification._status = wait\n"
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "corpora", "verify", "folder", "--root", str(tmp_path)]
    command += ["--speaker", r"/(.)\.wav"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "reads\n", process.stderr.read()
        os.kill(process.pid, signal.SIGINT)
        error = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    lines = [line for line in error.replace("\r", "\n").splitlines() if line and "%|" not in line]
    assert lines == ["sercore: interrupted; repeat the command to continue from finished work"]


@pytest.mark.slow
@pytest.mark.parametrize("signal_name", ["SIGKILL", "SIGTERM"])
def test_kernel_that_is_ended_from_outside_is_reported_with_its_cell(tmp_path, signal_name):
    path = new_notebook(
        tmp_path,
        "x = 1",
        f"import os, signal, time\nos.kill(os.getpid(), signal.{signal_name})\ntime.sleep(9)",
    )
    with pytest.raises(notebooks.NotebookError, match=r"01_toy\.ipynb, cell 2: the kernel died"):
        execution.execute(nbformat.read(path, as_version=4), path)


@pytest.mark.slow
def test_notebooks_run_at_the_same_time(tmp_path, monkeypatch, capsys):
    """Each waits for a file of the other; the page shows them in their order."""
    for mine, other in ("21", "12"):  # each is written as 01_toy first
        wait = f"import os, time\nopen({mine!r}, 'w').close()\n"
        wait += f"while not os.path.exists({other!r}): time.sleep(0.01)"
        wait += f"\ntime.sleep({1 if mine == '1' else 0})\nprint('result of', {mine!r})"
        path = new_notebook(tmp_path, wait).rename(tmp_path / f"0{mine}_toy.ipynb")
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[0].metadata["tags"] = ["summary"]
        nbformat.write(notebook, path)
    monkeypatch.setattr(clone, "notebooks_dir", lambda: tmp_path)
    folder = notebooks.run(out=tmp_path / "run", n_jobs=2)
    page = (folder / "summary.html").read_text()
    assert 0 < page.index("result of 1") < page.index("result of 2")
    assert [line[:6] for line in capsys.readouterr().out.splitlines()[1:]] == ["02_toy", "01_toy"]


@pytest.mark.slow
def test_output_widgets_do_not_block_a_run(tmp_path):
    """nbclient's own mirror of Output widgets can lose a reply and hang."""
    path = new_notebook(
        tmp_path, "from ipywidgets import interact", "interact(lambda a: print('drawn', a), a=(1, 3));"
    )
    notebook = execution.execute(nbformat.read(path, as_version=4), path)
    assert any("drawn" in output.get("text", "") for output in notebook.cells[1].outputs)


def test_find():
    assert notebooks.find() == NUMBERED
    assert notebooks.find(["1", "03_mlp"]) == [NUMBERED[1], NUMBERED[3]]
    with pytest.raises(notebooks.NotebookError, match=r"no notebook starts with '77'; available: .*01_eda"):
        notebooks.find(["77"])


def test_clean_removes_sound_widgets_stderr_and_folders():
    cell = nbformat.v4.new_code_cell("x")
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="100%"),
        nbformat.v4.new_output("stream", name="stdout", text=f"in {Path.home()}/x <object at 0x7f>"),
        new_output(**{"text/html": "<audio src='data:audio/wav;…'>"}),
        new_output(**{"application/vnd.jupyter.widget-view+json": {}}),
        new_output(**{"text/html": "<b>table</b>"}),
    ]
    cell.metadata = {"execution": {"iopub": "2026"}, "tags": ["summary"]}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": 1}})
    cleaned = cleaning.clean(notebook)
    assert [output.output_type for output in cell.outputs] == ["stream", "display_data"]
    assert cell.outputs[0].text == "in ~/x <object>"
    assert dict(cell.metadata) == {"tags": ["summary"]}
    assert "widgets" not in cleaned.metadata


def test_clean_removes_all_outputs_of_cells_with_sliders():
    view = {"application/vnd.jupyter.widget-view+json": {}}
    figure = new_output(**{"text/html": "<b>drawn</b>"})
    sliders = new_output(**view, **{"text/plain": "interactive(children=(…"})
    progress = new_output(**view, **{"text/plain": "clips:   0%"})
    cells = [nbformat.v4.new_code_cell("x", outputs=[figure, other]) for other in (sliders, progress)]
    cleaned = cleaning.clean(nbformat.v4.new_notebook(cells=cells))
    assert [len(cell.outputs) for cell in cleaned.cells] == [0, 1]


@pytest.fixture
def pixels(rng):
    """A smooth colour image with noise [shape=(300, 300, 3)]."""
    smooth = np.linspace(0, 255, 300 * 300).reshape(300, 300) + rng.normal(0, 3, (300, 300))
    return np.stack([smooth, smooth[::-1], smooth.T], axis=-1).clip(0, 255).astype(np.uint8)


def with_figure(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    png = base64.b64encode(buffer.getvalue()).decode()
    cell = nbformat.v4.new_code_cell("x", outputs=[new_output(**{"image/png": png})])
    return nbformat.v4.new_notebook(cells=[cell]), png


def decoded(notebook):
    return Image.open(io.BytesIO(base64.b64decode(notebook.cells[0].outputs[0].data["image/png"])))


def test_clean_stores_figures_with_256_colours(pixels):
    notebook, _ = with_figure(pixels)
    cleaning.clean(notebook)
    image = decoded(notebook)
    assert 128 < len(image.getcolors()) <= 256
    assert image.size == (300, 300)
    assert np.abs(np.asarray(image.convert("RGB"), float) - pixels).mean() < 16


def test_clean_reduces_the_largest_figure_to_the_size_limit(pixels, monkeypatch):
    monkeypatch.setattr(cleaning, "MAX_BYTES", 30_000)
    notebook, _ = with_figure(pixels)
    small, png = with_figure(np.where(pixels[:100, :100] > 128, 255, 0).astype(np.uint8))
    notebook.cells += small.cells
    assert len(png) < 10_000
    cleaning.clean(notebook)
    assert len(nbformat.writes(notebook)) <= 30_000
    assert 120 <= decoded(notebook).width < 300
    assert decoded(small).size == (100, 100)


def test_clean_preserves_the_displayed_size_of_figures(pixels):
    notebook, _ = with_figure(pixels)
    output = notebook.cells[0].outputs[0]
    output.data["text/plain"] = "<Figure size 150x150 with 1 Axes>"
    output.metadata = {"image/png": {"width": 150, "height": 150}, "needs_background": "light"}
    cleaning.clean(notebook)
    assert output.metadata == {"image/png": {"width": 150, "height": 150}}
    assert list(output.data) == ["image/png"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<Axes: xlabel='time (s)'>", False),
        ("[<matplotlib.lines.Line2D at 0x7f>]", False),
        ("(<Axes: title='a'>, <Axes: >)", False),
        ("array([<Axes: >, <Axes: >], dtype=object)", False),
        ("array([1.0])", True),
        ("'<Axes'", True),
    ],
)
def test_clean_removes_the_text_of_figures(text, kept):
    output = nbformat.v4.new_output("execute_result", data={"text/plain": text})
    cells = [nbformat.v4.new_code_cell("x", outputs=[output])]
    assert len(cleaning.clean(nbformat.v4.new_notebook(cells=cells)).cells[0].outputs) == kept


def test_clean_twice_changes_nothing(pixels):
    notebook, _ = with_figure(pixels)
    once = nbformat.writes(cleaning.clean(notebook))
    assert nbformat.writes(cleaning.clean(nbformat.reads(once, as_version=4))) == once


def test_pre_commit_hook_cleans_in_place(pixels, tmp_path, capsys):
    path = tmp_path / "notebook.ipynb"
    nbformat.write(with_figure(pixels)[0], path)
    assert cleaning._main([str(path)]) == 1
    assert "cleaned" in capsys.readouterr().out
    assert cleaning._main([str(path)]) == 0

"""The first code cell of the notebooks, which installs the course on Colab and Kaggle."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from sercore.course import clone

ROOT = clone.repository()
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ADDRESS = "ADDRESS-OF-THIS-REPOSITORY"


def install_cell(path):
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert cells[0].metadata.get("tags") == ["install"]
    return cells[0].source


def test_notebooks_begin_with_the_same_cell():
    assert len(NOTEBOOKS) >= 12
    (source,) = {install_cell(path) for path in NOTEBOOKS}
    assert len(source.splitlines()) == 5
    addresses = set(re.findall(r"git clone -q (\S+)", source))
    assert addresses == set(re.findall(r"git clone (\S+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert (ROOT / re.search(r"%run course/(\S+)", source)[1]).is_file()


def test_cell_does_nothing_if_the_package_is_installed(capfd):
    def fail(*command):
        raise AssertionError(f"must not be called: {command}")

    code = TransformerManager().transform_cell(install_cell(NOTEBOOKS[0]))
    exec(code, {"get_ipython": fail})
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def bare_python(tmp_path):
    """Python of a new environment with the dependencies, without the package and the notebook front ends."""
    env = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", env], check=True)
    bundled = [*env.rglob("site-packages/setuptools*"), *env.rglob("site-packages/pkg_resources")]
    for path in bundled:
        shutil.rmtree(path)
    python = env / "bin" / "python"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    for found in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(found).iterdir():
            ours = re.match(r"(__editable__.*)?_*sercore|(jupyterlab|pip)(-|$)", path.name)
            if not ours and path.suffix != ".pth" and not (site / path.name).exists():
                (site / path.name).symlink_to(path)
    return python


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="neither Colab nor Kaggle runs on Windows")
def test_cell_installs_the_course(tmp_path, bare_python):
    """From a clone of this repository, in an environment without the package."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing to clone")
    cells = [cell.source for cell in nbformat.read(NOTEBOOKS[0], 4).cells if cell.cell_type == "code"]
    found = "import os, sercore\nprint(sercore.__file__, os.getcwd())"
    sources = [cells[0].replace(ADDRESS, ROOT.as_uri()), found]
    code = (
        "import json, sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        f"for source in json.loads({json.dumps(json.dumps(sources))}):\n"
        "    shell.run_cell(source).raise_error()\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"IPYTHONDIR": str(tmp_path)}
    if version("setuptools").split(".") >= ["78"]:  # else it is fetched to build the package
        environment |= {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    command, colab = [bare_python, "-c", code], tmp_path / "content"
    colab.mkdir()
    done = subprocess.run(command, cwd=colab, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (
        done.stdout.splitlines()[-1] == f"{colab / 'course/sercore/__init__.py'} {colab / 'course/notebooks'}"
    )
    again = subprocess.run([bare_python, "-c", "import sercore"], cwd=tmp_path, env=environment)
    assert again.returncode == 0, "not installed for the next Python"

"""The repository itself: style, dependencies said once, no recordings, no folders of one machine."""

import re
import subprocess
import sys
import tomllib

import pytest

from sercore.course import clone

ROOT = clone.repository()


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: no list of tracked files")
    return listed.stdout.splitlines()


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_finds_nothing_in_package_tests_and_notebooks(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_no_recording_is_tracked():
    names = tracked()
    assert len(names) > 30
    assert [n for n in names if re.search(r"\.(wav|flac|mp3|ogg|opus|m4a|aiff?)$", n, re.I)] == []


def test_tracked_files_are_small():
    sizes = {name: (ROOT / name).stat().st_size for name in tracked() if (ROOT / name).is_file()}
    assert {name: size for name, size in sizes.items() if size > 1_000_000} == {}


def test_dependencies_are_listed_once_and_say_who_needs_them():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "dependencies" in project["dynamic"]
    lines = [x for x in (ROOT / "requirements.txt").read_text().splitlines() if x and x[0] != "#"]
    for line in lines:
        assert re.match(r"[a-z0-9-]+>=[\d.]+(,<[\d.]+)? +# \S", line), line
    assert "-e ." in (ROOT / "environment.yml").read_text()


def test_every_module_says_what_it_is_for():
    import ast

    modules = sorted((ROOT / "sercore").rglob("*.py"))
    assert len(modules) > 20
    for path in modules:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path

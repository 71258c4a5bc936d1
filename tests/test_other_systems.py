"""Windows and macOS, as far as their behaviour can be imitated on this computer."""

import errno
import os
import pathlib
import re
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import soundfile
from packaging.requirements import Requirement

from sercore import cli, files
from sercore.audio import reading
from sercore.bundle import folder as bundle_folder
from sercore.corpora import places
from sercore.course import clone, execution
from sercore.errors import StoreError
from sercore.features import Recipe, shards, store

ROOT = clone.repository()


@pytest.mark.parametrize(
    ("sys_platform", "platform_machine", "installed"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("darwin", "arm64", True),
        ("win32", "AMD64", True),
        ("darwin", "x86_64", False),  # no wheels of current versions
        ("win32", "ARM64", False),
    ],
)
def test_tensorflow_is_installed_where_it_exists(sys_platform, platform_machine, installed):
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    found = [line.partition("  #")[0] for line in lines if line.startswith("tensorflow")]
    environment = {"sys_platform": sys_platform, "platform_machine": platform_machine}
    assert Requirement(found[0]).marker.evaluate(environment) == installed


def test_notebooks_start_workers_in_any_account():
    """The workers of joblib need a temporary folder of ASCII letters; a user name may have others."""
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        for call in re.findall(r"Parallel\([^)]*", path.read_text(encoding="utf-8")):
            assert "temp_folder=worker_folder(" in call, path.name


def test_commands_for_powershell():
    text = (ROOT / "data" / "COMMANDS.md").read_text(encoding="utf-8")
    commands = "\n".join(re.findall(r"```powershell\n(.*?)```", text, flags=re.S))
    assert "-m sercore run" in commands
    assert "-m pytest" in commands
    assert "&&" not in commands  # PowerShell 5.1 does not know it
    assert not re.search(r"\bpy -m", commands)  # takes the newest Python, which may be too new
    assert "Set-ExecutionPolicy" in text


def test_path_of_the_clone_may_be_as_long_as_stated():
    text = (ROOT / "data" / "COMMANDS.md").read_text(encoding="utf-8")
    clone_path, in_wheel, most = map(
        int, re.search(r"may have (\d+) .*?names of (\d+)\s.*?allows (\d+)", text, re.S).groups()
    )
    assert clone_path + len(r"\.venv\Lib\site-packages\\") + in_wheel < most


def test_line_ends_of_shipped_models_are_kept():
    command = ["git", "check-attr", "eol", "text", "--", "sercore/bundle/shipped/table/bundle.json"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        pytest.skip("not a git checkout")
    assert "eol: lf" in found.stdout


def test_advice_is_quoted_for_every_shell():
    """cmd.exe knows double quotes only."""
    pages = [ROOT / "README.md", *(ROOT / "data").glob("*.md"), *(ROOT / "sercore").rglob("*.py")]
    for path in pages:
        assert not re.search(r"pip install (-e )?'", path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize(("system", "quoted"), [("linux", "'my voice.m4a'"), ("win32", '"my voice.m4a"')])
def test_file_names_in_commands(system, quoted, monkeypatch):
    monkeypatch.setattr(sys, "platform", system)
    assert reading.for_shell("my voice.m4a") == quoted


class Busy:
    """A function of the file system that is refused twice, as if another program had the file open."""

    def __init__(self, function):
        self.function, self.left = function, 2

    def __call__(self, *paths):
        if self.left:
            self.left -= 1
            raise PermissionError(errno.EACCES, "Access is denied")
        return self.function(*paths)


def test_a_file_that_is_open_is_replaced_a_little_later(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", Busy(os.replace))
    files.write_atomic(tmp_path / "votes.csv", b"new")
    assert (tmp_path / "votes.csv").read_bytes() == b"new"


def test_a_file_that_stays_open_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda *paths: Busy(None)(*paths))
    with pytest.raises(PermissionError):
        files.write_atomic(tmp_path / "votes.csv", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_replaces_one_that_is_looked_at(tmp_path, monkeypatch):
    (tmp_path / "a.bundle").mkdir()
    (tmp_path / "a.bundle" / "bundle.json").write_text("{}")
    monkeypatch.setattr(bundle_folder, "check_target", lambda folder, overwrite: None)
    for name in ("replace", "rename"):
        monkeypatch.setattr(os, name, Busy(getattr(os, name)))
    bundle_folder.write_folder(tmp_path / "a.bundle", {"bundle.json": b"new"}, overwrite=True)
    assert (tmp_path / "a.bundle" / "bundle.json").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bundle"]


def test_a_lock_that_is_looked_at_is_waited_for(tmp_path, monkeypatch):
    rename = Busy(pathlib.Path.rename)
    monkeypatch.setattr(pathlib.Path, "rename", lambda *paths: rename(*paths))
    monkeypatch.setattr(files, "os", types.SimpleNamespace(**vars(os) | {"name": "nt"}))
    with files.held(tmp_path / ".lock", wait=5):
        assert rename.left == 0


def test_a_shard_is_never_copied_over_another(tmp_path, monkeypatch):
    def rename(source, target):
        if os.path.exists(target):
            raise FileExistsError(errno.EEXIST, "exists", target)
        os.replace(source, target)

    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr("shutil.copyfile", lambda *paths, **options: pytest.fail("a reader sees half of it"))
    cache = shards.Shards(str(tmp_path), "table")
    for text in ("one", "two"):
        cache.write_text("list.csv", text)
    assert next(tmp_path.rglob("list.csv")).read_text() == "two"


def test_extraction_goes_on_if_a_spreadsheet_has_the_list_open(tmp_path, monkeypatch, rng):
    paths = [str(tmp_path / f"{k}.wav") for k in range(5)]
    for path in paths[1:]:
        soundfile.write(path, 0.1 * rng.standard_normal(8000), 16_000)
    (tmp_path / "0.wav").write_bytes(b"no audio")
    index = pd.DataFrame({"clip_id": [f"toy/{k}" for k in range(5)], "path": paths, "corpus": "toy"})
    recipe = Recipe(descriptors=("rms_db",), parts=(), timing=False)

    def write_text(self, name, text):
        raise StoreError(f"{name}: open in another program")

    monkeypatch.setattr(shards.Shards, "write_text", write_text)
    with pytest.warns(UserWarning, match="1 of 5 clips are unusable"):
        made = store.extract_table(index, recipe, cache=tmp_path / "cache", n_jobs=1, progress=False)
    assert len(made.X) == 4


def test_a_letter_case_in_a_table_does_not_make_another_clip(tmp_path, monkeypatch):
    (tmp_path / "Anna_1.wav").touch()
    listed = pathlib.Path.is_file
    lower = {path.name.lower() for path in tmp_path.iterdir()}
    monkeypatch.setattr(pathlib.Path, "is_file", lambda self: listed(self) or self.name.lower() in lower)
    find = places.Files(tmp_path)
    assert {find(name) for name in ("Anna_1.wav", "anna_1.wav", "ANNA_1.WAV")} == {
        str(tmp_path / "Anna_1.wav")
    }


def test_a_pager_that_is_left_is_no_error(monkeypatch, capsys):
    def command(options):
        raise OSError(errno.EINVAL, "Invalid argument")

    parser = types.SimpleNamespace(parse_args=lambda arguments: types.SimpleNamespace(command=command))
    monkeypatch.setattr(cli, "_parser", lambda: parser)
    monkeypatch.setattr(cli, "_discard_output", lambda: None)
    monkeypatch.setattr(sys, "platform", "win32")
    assert cli.main([]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "platform", "linux")
    assert cli.main([]) == 1


class Impatient(ThreadPoolExecutor):
    """Its results cannot be waited for without a limit, which Ctrl-C does not interrupt on Windows."""

    def submit(self, *args, **options):
        future = super().submit(*args, **options)
        result = future.result
        future.result = lambda timeout=None: result(timeout if future.done() else pytest.fail("no limit"))
        return future


def test_notebooks_can_be_interrupted(monkeypatch):
    import asyncio

    monkeypatch.setattr(execution, "ThreadPoolExecutor", Impatient)
    ended = []

    async def notebooks():
        await asyncio.sleep(0.3)
        ended.append(True)

    execution._run(notebooks())
    assert ended == [True]

"""File patterns that the shell has not expanded, and folders whose names are not ASCII."""

import os
import subprocess
import sys
import tempfile

import pytest
from toys.corpora import wav_bytes

from sercore.errors import AudioError, SercoreError
from sercore.files import expand_patterns, worker_folder


def test_expand_patterns(tmp_path):
    for name in ("b.wav", "a.wav", "c.flac", "in/d.wav", "[x].wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    base = str(tmp_path)
    assert expand_patterns([f"{base}/[ab].wav"]) == [f"{base}/a.wav", f"{base}/b.wav"]
    assert expand_patterns([f"{base}/?.flac", "-", tmp_path]) == [f"{base}/c.flac", "-", base]
    assert f"{base}/in/d.wav" in expand_patterns([f"{base}/**/*.wav"])
    assert expand_patterns([f"{base}/[x].wav"]) == [f"{base}/[x].wav"], "the name of a file is not a pattern"
    with pytest.raises(AudioError, match=r"\*\.mp3: no file matches this pattern"):
        expand_patterns([f"{base}/*.mp3"])


def test_worker_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("JOBLIB_TEMP_FOLDER", raising=False)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/tmp/plain")
    assert worker_folder() is None
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/home/Zoë/tmp")
    assert worker_folder().isascii()
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", "/tmp/plain")
    assert worker_folder() is None
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path / "größe_音"))
    assert os.access(worker_folder(), os.W_OK)
    monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.raises(SercoreError, match="set JOBLIB_TEMP_FOLDER to another folder"):
        worker_folder()


@pytest.mark.slow
def test_account_and_folders_that_are_not_ascii(tmp_path):
    """Features are extracted by two processes, in folders such as /home/Zoë ü 数据."""
    home = tmp_path / "Zoë ü 数据"
    for who in "abcd":
        for emotion in ("happy", "sad"):
            path = home / "own" / emotion / f"{who}_1.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wav_bytes((who, emotion), n=16000))
    (home / "tmp").mkdir()
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "JOBLIB_TEMP_FOLDER"), str(home / "tmp"))
    folders |= {"HOME": str(home), "USERPROFILE": str(home), "SERCORE_DATA": str(home / "data")}
    command = [sys.executable, "-m", "sercore", "extract", "--corpus", "folder", "--root", str(home / "own")]
    command += ["--speaker", r"(\w)_\d", "--jobs", "2", "--out", str(home / "features.parquet")]
    done = subprocess.run(command, env=os.environ | folders, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "8 clips" in done.stdout
    assert (home / "features.parquet").is_file()
    assert list((home / "data").rglob("*.npz"))

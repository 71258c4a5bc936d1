"""What ``import sercore`` does for later imports."""

import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_tensorflow_starts_without_lines_in_red(tmp_path):
    """Its log, written by libraries of C++ before they read a log level, is in a file of the cache folder."""
    code = (
        "import sercore, keras, sys\n"
        "print('here', file=sys.stderr)\n"
        "assert keras.backend.backend() != 'tensorflow' or 'tensorflow' in sys.modules\n"
        "keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])(keras.ops.zeros((1, 2)))\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"SERCORE_DATA": str(tmp_path), "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "here\n"
    assert "oneDNN" in (tmp_path / "cache" / "sercore.log").read_text()


def test_tensorflow_is_quiet_after_a_library_has_looked_for_it(tmp_path):
    """Many do so without importing it; a module of the same name stands in for it."""
    (tmp_path / "tensorflow.py").write_text("import os\nos.write(2, b'a line in red')\n")
    code = (
        "import importlib.util, sys, sercore\n"
        "finders = len(sys.meta_path)\n"
        "assert importlib.util.find_spec('tensorflow').origin.endswith('tensorflow.py')\n"
        "assert importlib.util.find_spec('tensorflow') is not None\n"
        "assert len(sys.meta_path) == finders\n"
        "import tensorflow\n"
        "assert len(sys.meta_path) == finders - 1\n"
    )
    before = os.environ.get("PYTHONPATH", "")
    environment = os.environ | {
        "SERCORE_DATA": str(tmp_path), "PYTHONPATH": f"{tmp_path}{os.pathsep}{before}",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "cache" / "sercore.log").read_text() == "a line in red"


def test_finder_of_tensorflow_only_finds_tensorflow():
    code = (
        "import sys, sercore\n"
        "first = sys.meta_path[0]\n"
        "assert first.find_spec('numpy', None) is None\n"
        "spec = first.find_spec('tensorflow', None)\n"
        "assert spec.name == 'tensorflow' and 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

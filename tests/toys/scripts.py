"""Scripts of the package in Node.js."""

import shutil
import subprocess

import pytest


def node(code: str) -> bytes:
    """Output of a script in Node.js."""
    if not shutil.which("node"):
        pytest.skip("Node.js is not installed")
    done = subprocess.run(["node", "--input-type=module", "-"], input=code.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout

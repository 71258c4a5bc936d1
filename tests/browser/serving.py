"""JupyterLab, Notebook 7 and Voilà on a free port of this machine, for the browser tests."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from ports import free_port

JUPYTER = ("--no-browser", "--allow-root", "--IdentityProvider.token={token}", "--ServerApp.root_dir={pages}")
VOILA = ("--no-browser", "--show_tracebacks=True", "--token={token}", "{pages}")
FRONT_ENDS = {
    "lab": (("jupyterlab", *JUPYTER), "lab/workspaces/{stem}/tree/{name}"),
    "notebook": (("notebook", *JUPYTER), "notebooks/{name}"),
    "voila": (("voila", *VOILA), "voila/render/{name}"),
}
"""Front end: its module with options, and the path of a notebook."""


@contextmanager
def serve(front_end: str):
    """Start a server and yield a function from a notebook to the address of its copy; stop it at the end.

    Jupyter's settings and files are in a temporary folder, so that tests do not depend on the settings of
    the user and leave no files.
    """
    options, path = FRONT_ENDS[front_end]
    token, port = secrets.token_hex(16), free_port()
    with tempfile.TemporaryDirectory(prefix=f"sercore-{front_end}-", ignore_cleanup_errors=True) as folder:
        home, pages, log = Path(folder), Path(folder, "pages"), Path(folder, "log.txt")
        pages.mkdir()

        def address(notebook: Path) -> str:
            shutil.copy(notebook, pages)
            return (
                f"http://127.0.0.1:{port}/{path.format(name=notebook.name, stem=notebook.stem)}?token={token}"
            )

        _disable_news(home)
        command = [sys.executable, "-m", *(option.format(token=token, pages=pages) for option in options)]
        command.append(f"--port={port}")
        with log.open("w") as output:
            server = subprocess.Popen(
                command, env=_environment(home), stdout=output, stderr=subprocess.STDOUT, cwd=home
            )
        try:
            _wait_for(f"http://127.0.0.1:{port}/", server, log)
            yield address
        finally:
            _stop(server)


def _environment(home: Path) -> dict[str, str]:
    """The environment of the tests, with Jupyter's own folders in ``home``."""
    names = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"]
    names += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]
    return os.environ | {name: str(home / name) for name in names}


def _disable_news(home: Path) -> None:
    """Answer JupyterLab's question whether it may fetch news."""
    folder = home / "JUPYTERLAB_SETTINGS_DIR" / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True)
    answer = {"fetchNews": "false", "checkForUpdates": False}
    (folder / "notification.jupyterlab-settings").write_text(json.dumps(answer))


def _wait_for(url: str, server: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    """Wait until the server responds at ``url``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urlopen(url, timeout=5).close()
            return
        except HTTPError:  # no token, but the server responds
            return
        except OSError:
            time.sleep(0.2)
    output = log.read_text()[-3000:]
    raise RuntimeError(f"no response at {url} within {seconds:.0f} s; output of the server:\n{output}")


def _stop(server: subprocess.Popen) -> None:
    """Stop a server and its kernels."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()

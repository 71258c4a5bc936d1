"""Install the course in the running notebook of Colab or Kaggle; their first cell runs this file.

What opens and runs notebooks there is left as it is, because the host depends on its versions. Binder needs
no step: the package is in the environment that it builds. Not tried on Colab and Kaggle yet, but in an empty
environment.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
HOST_HAS = ("jupyterlab", "ipykernel")


def install() -> None:
    """Install what the host lacks, and make the clone importable without a restart."""
    lines = (CLONE / "requirements.txt").read_text().splitlines()
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    with tempfile.TemporaryDirectory() as folder:
        needed = Path(folder, "requirements.txt")
        needed.write_text("\n".join(line for line in lines if not line.startswith(HOST_HAS)))
        subprocess.run([*pip, "-r", str(needed)], check=True)
    subprocess.run([*pip, "--no-deps", "-e", str(CLONE)], check=True)
    sys.path.insert(0, str(CLONE))  # an editable installation is seen by the next Python only
    os.chdir(CLONE / "notebooks")


def allow_widgets() -> None:
    """Let Colab show the player and the recorder, which are not among its own widgets."""
    if "google.colab" in sys.modules:
        from google.colab import output

        output.enable_custom_widget_manager()


if __name__ == "__main__":
    install()
    allow_widgets()

"""The clone of the repository that the course needs: its notebooks, published results and README."""

from __future__ import annotations

from pathlib import Path

from ..errors import SercoreError

_ROOT = Path(__file__).resolve().parent.parent.parent


def repository() -> Path:
    """Root folder of the clone.

    Raises
    ------
    SercoreError
        The package was installed without one.
    """
    if not (_ROOT / "notebooks").is_dir():
        raise SercoreError(
            f"{_ROOT}: no notebooks/ here; the course needs a clone of the repository. Clone it and run "
            "'pip install -e .' in its folder (see the README)."
        )
    return _ROOT


def notebooks_dir() -> Path:
    """Folder of the numbered notebooks."""
    return repository() / "notebooks"

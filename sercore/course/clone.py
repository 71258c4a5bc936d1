"""Folders of the clone of the repository: its notebooks, published results and pages."""

from __future__ import annotations

from pathlib import Path

from ..errors import SercoreError

__all__ = ["notebooks_dir", "repository"]

_ROOT = Path(__file__).resolve().parent.parent.parent


def repository() -> Path:
    """Root folder of the clone.

    Raises
    ------
    SercoreError
        The package is installed without a clone.
    """
    if not (_ROOT / "notebooks").is_dir():
        raise SercoreError(
            f"{_ROOT}: no notebooks/ found; the course needs a clone of the repository. Clone it and run "
            "'pip install -e .' in its folder (see the README)."
        )
    return _ROOT


def notebooks_dir() -> Path:
    """Folder of the numbered notebooks."""
    return repository() / "notebooks"

"""All exercises by id."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ..errors import ExerciseError
from .answers import Exercise

NOTEBOOKS = tuple(f"{number:02d}" for number in range(1, 11))
"""Notebooks with exercises."""


@cache
def _of(notebook: str) -> dict[str, Exercise]:
    return import_module(f"{__package__}.notebook_{notebook}").EXERCISES


def exercise_ids(notebook: str = "") -> list[str]:
    """Ids of the exercises of a notebook, or of all.

    Parameters
    ----------
    notebook : str
        Its two digits; by default all notebooks.

    Returns
    -------
    list of str

    See Also
    --------
    check

    Examples
    --------
    >>> exercise_ids("03")
    ['03.1', '03.2', '03.3']
    """
    return [name for number in NOTEBOOKS if number.startswith(notebook) for name in _of(number)]


def find(exercise: str) -> Exercise:
    """An exercise.

    Raises
    ------
    ExerciseError
        There is no such exercise.
    """
    notebook = str(exercise).partition(".")[0]
    known = _of(notebook) if notebook in NOTEBOOKS else {}
    if exercise not in known:
        names = ", ".join(known) or f"{exercise_ids()[0]} to {exercise_ids()[-1]}"
        raise ExerciseError(f"there is no exercise {exercise!r}; available: {names}")
    return known[exercise]
